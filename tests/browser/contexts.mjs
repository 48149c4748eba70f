// Prints the context and the request body of the playground for each event, kind of pipeline and language.
import { drawn, launch, open, serve, text } from "./page.mjs";

const server = await serve();
const browser = await launch();
const { page } = await open(browser, server.url);
const choices = async (id) => page.locator(`#${id} option`).evaluateAll((options) => options.map((it) => it.value));
const [events, kinds, languages] = await Promise.all(["event", "kind", "language"].map(choices));
const made = [];
for (const kind of kinds) {
  await page.selectOption("#kind", kind);
  for (const language of languages) {
    await page.selectOption("#language", language);
    for (const event of events) {
      await page.selectOption("#event", event);
      await drawn(page);
      made.push({ context: await text(page, "context"), body: await text(page, "body") });
    }
  }
}
process.stdout.write(JSON.stringify(made));
await browser.close();
server.close();
