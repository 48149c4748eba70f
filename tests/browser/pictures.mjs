// Takes the pictures of the docs from the playground itself. `make pictures` writes them.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { drawn, launch, open, serve } from "./page.mjs";

export const COMMITTED = fileURLToPath(new URL("../../docs/images/", import.meta.url));

// The name of the picture, the event, and the kind of pipeline.
const MOMENTS = [
  ["pipeline-started", "pipeline started", "branch development"],
  ["pipeline-failed", "build failed", "branch development"],
  ["deploy-started", "deploy started", "branch main"],
  ["deploy-succeeded-feature", "deploy succeeded", "feature branch"],
  ["deploy-succeeded-development", "deploy succeeded", "branch development"],
  ["deploy-succeeded-main", "deploy succeeded", "branch main"],
  ["deploy-failed", "deploy failed", "branch main"],
];

/** Takes every picture, in each language, into a directory, and returns their names. */
export async function take(directory) {
  mkdirSync(directory, { recursive: true });
  const [server, browser] = await Promise.all([serve(), launch()]);
  // A mention, and a link to the runtime logs.
  const inputs = { deploy_jobs: "deploy", mention: "here", grafana_url: "https://grafana.example", loki_datasource: "loki-prod" };
  const state = Buffer.from(JSON.stringify({ inputs })).toString("base64url");
  const { page } = await open(browser, `${server.url}#${state}`, { viewport: { width: 1200, height: 1000 }, deviceScaleFactor: 2 });
  const taken = [];
  for (const [suffix, language] of [["", "en"], [".ko", "ko"]]) {
    await page.selectOption("#language", language);
    for (const [name, event, kind] of MOMENTS) {
      await page.selectOption("#event", event);
      await page.selectOption("#kind", kind);
      await drawn(page);
      const file = `${name}${suffix}.png`;
      await page.frameLocator("#picture").locator(".message").screenshot({ path: join(directory, file), animations: "disabled" });
      taken.push(file);
    }
  }
  await browser.close();
  server.close();
  return taken;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of await take(resolve(process.argv[2] ?? COMMITTED))) console.log(file);
}
