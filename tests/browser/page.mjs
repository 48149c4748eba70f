// The playground in a real browser, from a web server of our own on loopback.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

// The fonts of the machine do not matter: the browser gets one fixed font, and the playground's own.
const FONTCONFIG_FILE = fileURLToPath(new URL("fonts.conf", import.meta.url));
const BUILT = fileURLToPath(new URL("../../target/playground/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".woff2": "font/woff2" };

/** Serves the output of `make playground`. */
export async function serve() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const file = join(BUILT, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    return createReadStream(file).pipe(response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    env: { ...process.env, FONTCONFIG_FILE },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** Opens the playground, and records its requests and errors. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, colorScheme: "light", ...options });
  context.setDefaultTimeout(8000);
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  context.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  await page.goto(url);
  await drawn(page);
  return { page, seen };
}

/** Waits for the picture of the current state, with its fonts. */
export async function drawn(page) {
  await page.waitForFunction(() => {
    const picture = document.getElementById("picture").contentDocument;
    const text = picture?.querySelector(".message")?.textContent ?? "";
    if (!document.getElementById("summary").textContent || text.length <= 10) return false;
    // A document requests its fonts only after a layout.
    return picture.readyState === "complete" && picture.body.offsetHeight >= 0 && picture.fonts.size > 0 && picture.fonts.status === "loaded";
  });
}

/** Returns the text of an element. */
export function text(page, id) {
  return page.locator(`#${id}`).textContent();
}
