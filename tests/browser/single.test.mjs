// The playground as one HTML file, opened from disk.
import { execFileSync } from "node:child_process";
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch, text } from "./page.mjs";

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test("the page works as one file from disk, and makes no request", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "playground-")), "playground.html");
  execFileSync("node", [root("playground/bundle.mjs"), root("target/playground"), file]);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const [requests, errors] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(pathToFileURL(file).href);
    await page.waitForFunction(() => document.getElementById("summary").textContent);
    assert.match(await text(page, "summary"), /^\[shop-api\] prod: deploy failed/);
    await page.selectOption("#language", "ko");
    await page.waitForFunction(() => document.getElementById("summary").textContent.includes("배포 실패"));
    assert.ok(await page.frameLocator("#picture").locator(".message").isVisible());
    await page.click("#tab-pipeline");
    await page.fill("#pipeline", "deploy:\n  script: [make deploy]\n");
    await page.waitForFunction(() => document.getElementById("proposed").textContent.includes("extends: .notify"));
    assert.deepEqual(errors, []);
    assert.deepEqual(requests.filter((url) => !url.startsWith("blob:") && url !== "about:srcdoc"), [pathToFileURL(file).href]);
  } finally {
    await browser.close();
  }
});
