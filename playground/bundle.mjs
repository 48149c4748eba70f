// Writes the playground as one HTML file that works when it is opened from disk: node playground/bundle.mjs DIRECTORY FILE.
// DIRECTORY is what `cargo run --package playground` builds. The file has no fonts: it takes those of the machine. It makes no request.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [directory, out] = process.argv.slice(2);
const read = (name) => readFileSync(join(directory, name), "utf8");
// The fonts' style sheet of a picture, which only a server has.
const FONTS = '\\n<link rel="stylesheet" href="fonts.css">';

/** Returns a script and everything that it imports as one script. */
async function bundled(name) {
  const { outputFiles } = await build({
    entryPoints: [join(directory, name)],
    bundle: true,
    format: "esm",
    target: "es2022",
    minifyWhitespace: true,
    // The licences are at the end of the file.
    legalComments: "none",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** Returns text that may stand inside a script element. */
function inline(text) {
  return text.replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
}

// A release has the same bytes under any path, so the file names the path of the docs.
const samples = JSON.parse(read("samples.json"));
samples.release.project = "devops/pipeline-notifier";

const [page, worker] = await Promise.all(["page.js", "worker.js"].map(bundled));
if (!page.includes(FONTS)) throw new Error("page.js names the fonts of its pictures in another way");
const module = readFileSync(join(directory, "notifier_bg.wasm")).toString("base64");

// What the page fetches, and its worker, come from this file.
const files = `
const FILES = { "samples.json": ["application/json", ${JSON.stringify(Buffer.from(JSON.stringify(samples)).toString("base64"))}], "notifier_bg.wasm": ["application/wasm", "${module}"] };
const bytes = (text) => Uint8Array.from(atob(text), (it) => it.charCodeAt(0));
window.fetch = async (target) => {
  const [type, text] = FILES[String(target.url ?? target).split("/").pop()];
  return new Response(bytes(text), { headers: { "content-type": type } });
};
const WORKER = ${JSON.stringify(worker)};
window.Worker = class extends Worker {
  constructor() {
    super(URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })), { type: "module" });
  }
};
`;
const policy =
  "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
const licences = [
  ["@bjorn3/browser_wasi_shim", "browser_wasi_shim/LICENSE-MIT"],
  ["diff", "diff/LICENSE"],
  ["yaml", "yaml/LICENSE"],
].map(([name, file]) => `${name}:\n${read(file)}`);

/** Replaces a part of the page, which must be there once. */
function replaced(html, [part, by]) {
  if (html.split(part).length !== 2) throw new Error(`index.html does not have once: ${part}`);
  return html.replace(part, () => by);
}
const html = [
  [/content="(default-src [^"]*)"/.exec(read("index.html"))[1], policy],
  ['<link rel="stylesheet" href="page.css">', `<style>\n${read("page.css")}</style>`],
  ['<link rel="stylesheet" href="fonts.css">\n', ""],
  ['<script src="loading.js"></script>', `<script>\n${inline(read("loading.js"))}</script>`],
  ['<script type="module" src="page.js"></script>', `<script>${inline(files)}</script>\n<script type="module">\n${inline(page.replace(FONTS, ""))}</script>`],
  ["</html>", `</html>\n<!--\nThe licences of what this file contains:\n\n${licences.join("\n").replaceAll("--", "- -")}-->`],
].reduce(replaced, read("index.html"));
writeFileSync(out, html);
