// Takes the pictures of the docs from the playground itself. `make pictures` writes them.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { drawn, launch, open, serve, text } from "./page.mjs";

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
  ["new-and-old-failures", "new and old failures", "branch main"],
  ["tests-and-log", "failed tests and the log", "branch main"],
  ["digest", "the digest of a week", "branch main"],
];

/** The story of the living thread: each event in turn. */
const THREAD = ["pipeline started", "deploy started", "deploy succeeded"];
const CAPTIONS = { en: ["#deploys: one message that follows its pipeline", "its thread: 2 replies"], ko: ["#deploys: 파이프라인을 따라 바뀌는 메시지 하나", "스레드: 답글 2개"] };

/** Takes the picture of a bot's message in its last state, and of the replies in its thread. */
async function takeThread(page, language, directory, file) {
  await page.selectOption("#kind", "branch main");
  await page.selectOption("#audience", "bot");
  const posted = [];
  for (const event of THREAD) {
    await page.selectOption("#event", event);
    await drawn(page);
    posted.push(JSON.parse(await text(page, "body")));
  }
  const replies = posted.slice(1).map(({ attachments: _, ...message }) => message);
  const [first, below] = CAPTIONS[language];
  const messages = [
    { caption: first, message: posted.at(-1) },
    ...replies.map((message, number) => ({ caption: number === 0 ? below : "", message })),
  ];
  const html = await page.evaluate(async (request) => {
    const { default: load, picture } = await import("./notifier.js");
    await load();
    return picture(JSON.stringify(request));
  }, { version: 1, format: "html", theme: "light", language, messages });
  const shown = await page.context().newPage();
  await shown.goto(page.url().split("#")[0]);
  await shown.setViewportSize({ width: 640, height: 600 });
  await shown.setContent(withFonts(html), { waitUntil: "networkidle" });
  await shown.addStyleTag({ content: "main { padding: 16px } article ~ article { margin-left: 40px }" });
  await shown.evaluate(() => document.fonts.ready);
  await shown.locator("main").screenshot({ path: join(directory, file), animations: "disabled" });
  await shown.close();
  await page.selectOption("#audience", "webhook");
}

/** Gives a picture the playground's fonts, as the playground itself does. */
function withFonts(picture) {
  return picture
    .replace("style-src 'unsafe-inline'", "style-src 'unsafe-inline' 'self'; font-src 'self'")
    .replace("</style>", '</style>\n<link rel="stylesheet" href="fonts.css">');
}

/** Takes every picture, in each language, into a directory, and returns their names. */
export async function take(directory) {
  mkdirSync(directory, { recursive: true });
  const [server, browser] = await Promise.all([serve(), launch()]);
  // A mention, and links to the site and the runtime logs.
  const inputs = {
    deploy_jobs: "deploy", mention: "here", owners: "unit*=S0TESTS01", log_lines: 6, app_url: "https://%{environment}.shop.example",
    grafana_url: "https://grafana.example", loki_datasource: "loki-prod", loki_query: '{app="%{project}"}',
  };
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
    const file = `thread${suffix}.png`;
    await takeThread(page, language, directory, file);
    taken.push(file);
  }
  await browser.close();
  server.close();
  return taken;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of await take(resolve(process.argv[2] ?? COMMITTED))) console.log(file);
}
