// The pictures of the docs are those of the page as it is: the same ones, as large, and with something on them.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { COMMITTED, take } from "./pictures.mjs";

/** Width and height of a PNG (https://www.w3.org/TR/png/#11IHDR), and its size. */
function facts(path) {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString("latin1", 1, 4), "PNG", path);
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), size: bytes.length };
}

test("the pictures of the docs show the page as it is", async () => {
  const fresh = mkdtempSync(join(tmpdir(), "pictures-"));
  const taken = await take(fresh);
  assert.deepEqual(readdirSync(COMMITTED).filter((it) => it.endsWith(".png")), taken.toSorted(), "mend it with: make pictures");
  for (const file of taken) {
    const [here, there] = [facts(join(fresh, file)), facts(join(COMMITTED, file))];
    // A picture of one colour packs to next to nothing.
    assert.ok(there.size > 8000 && here.size > 8000, file);
    assert.ok(Math.abs(here.width - there.width) <= 4 && Math.abs(here.height - there.height) <= 8, `${file}: mend it with: make pictures`);
    assert.ok(Math.abs(here.size - there.size) < there.size / 4, `${file} shows something else: mend it with: make pictures`);
  }
});
