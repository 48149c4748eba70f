// Pastes pipelines into the playground and prints its proposals. stdin is a JSON list of `{text, full, inputs}`, stdout one of
// `{text, warnings}`.
import { text as all } from "node:stream/consumers";
import { launch, open, serve, text } from "./page.mjs";

const [server, browser] = [await serve(), await launch()];
const { page, seen } = await open(browser, server.url);
await page.click("#tab-pipeline");
await page.locator("#view-pipeline summary").click();
const proposals = [];
for (const { text: pipeline, full, inputs } of JSON.parse(await all(process.stdin))) {
  await page.fill("#pipeline", "");
  const state = Buffer.from(JSON.stringify({ view: "pipeline", inputs })).toString("base64url");
  await page.evaluate((hash) => (location.hash = hash), state);
  await page.fill("#full", full);
  await page.fill("#pipeline", pipeline);
  await page.locator("#proposed:not(:empty)").waitFor({ state: "attached" });
  proposals.push({ text: await text(page, "proposed"), warnings: await page.locator("#pipeline-warnings li").allTextContents() });
}
if (seen.errors.length > 0) throw new Error(seen.errors.join("\n"));
process.stdout.write(JSON.stringify(proposals));
await browser.close();
server.close();
