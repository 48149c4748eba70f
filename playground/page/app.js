// The view of the Slack app: the chosen features become its manifest.
import { byId, element } from "./dom.js";
import { FEATURES, link, manifest } from "./manifest.js";
import { said } from "./words.js";

/** Calls `entered` after each choice, with the app as a text: `webhook` or `bot`, and its features. */
export function start(entered) {
  byId("app-form").addEventListener("input", () => {
    const kind = byId("app-form").elements.app.value;
    const checked = [...byId("features").querySelectorAll("input:checked")].map((it) => it.value);
    entered([kind, ...checked, ...(byId("gov").checked ? ["gov"] : [])].join(","));
  });
}

export function show(app) {
  const [kind, ...chosen] = app.split(",");
  byId("app-form").elements.app.value = kind === "webhook" ? "webhook" : "bot";
  for (const box of byId("features").querySelectorAll("input")) box.checked = chosen.includes(box.value);
  byId("features").disabled = kind === "webhook";
  byId("gov").checked = chosen.includes("gov");
  const made = manifest(kind, FEATURES.filter((it) => chosen.includes(it)));
  byId("manifest").textContent = `${JSON.stringify(made, null, 2)}\n`;
  byId("create").href = link(made, chosen.includes("gov"));
  byId("then").replaceChildren(...said(kind === "webhook" ? "then-webhook" : "then-bot").map((textContent) => element("li", { textContent })));
}
