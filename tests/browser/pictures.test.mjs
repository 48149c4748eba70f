// The pictures of the docs match the current playground: the same ones, of the same size, and not empty.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { drawn, launch, open, serve } from "./page.mjs";
import { COMMITTED, take } from "./pictures.mjs";

/** Returns the width and height of a PNG (https://www.w3.org/TR/png/#11IHDR), and its size. */
function facts(path) {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString("latin1", 1, 4), "PNG", path);
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), size: bytes.length };
}

test("the docs' pictures show the current playground", async () => {
  const fresh = mkdtempSync(join(tmpdir(), "pictures-"));
  const taken = await take(fresh);
  assert.deepEqual(readdirSync(COMMITTED).filter((it) => it.endsWith(".png")), taken.toSorted(), "fix it with: make pictures");
  for (const file of taken) {
    const [here, there] = [facts(join(fresh, file)), facts(join(COMMITTED, file))];
    // A picture of one colour packs to almost nothing.
    assert.ok(there.size > 8000 && here.size > 8000, file);
    assert.ok(Math.abs(here.width - there.width) <= 4 && Math.abs(here.height - there.height) <= 8, `${file}: fix it with: make pictures`);
    assert.ok(Math.abs(here.size - there.size) < there.size / 4, `${file} shows something else: fix it with: make pictures`);
  }
});

test("pictures use only the playground fonts", async () => {
  const [server, browser] = await Promise.all([serve(), launch()]);
  after(() => Promise.all([server.close(), browser.close()]));
  const { page } = await open(browser, server.url);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("DOM.enable");
  await devtools.send("CSS.enable");
  const used = async (frame, selector) => {
    const { root } = await devtools.send("DOM.getDocument", { depth: -1, pierce: true });
    const within = frame ? find(root, ({ attributes }) => attributes?.includes("picture")).contentDocument : root;
    const { nodeIds } = await devtools.send("DOM.querySelectorAll", { nodeId: within.nodeId, selector });
    const fonts = await Promise.all(nodeIds.map((nodeId) => devtools.send("CSS.getPlatformFontsForNode", { nodeId })));
    return fonts.flatMap((it) => it.fonts);
  };
  const events = await page.locator("#event option").allTextContents();
  for (const language of ["en", "ko"]) {
    await page.selectOption("#language", language);
    await page.selectOption("#ui", language);
    for (const index of events.keys()) {
      await page.selectOption("#event", { index });
      await drawn(page);
      const fonts = [...(await used(true, "*")), ...(await used(false, "h1, label, p"))];
      assert.ok(fonts.length > 10, fonts.length);
      const foreign = fonts.filter(({ isCustomFont }) => !isCustomFont).map(({ familyName }) => familyName);
      assert.deepEqual(foreign, [], `${events[index]}, ${language}`);
    }
  }
});

/** Returns the first matching node of a document and of the documents in its frames. */
function find(node, isOne) {
  if (isOne(node)) return node;
  for (const child of node.children ?? []) {
    const found = find(child, isOne);
    if (found) return found;
  }
  return undefined;
}
