// Helpers that the views share.
import { said } from "./words.js";

export const byId = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Shows warnings as a list of texts. */
export function list(id, warnings) {
  byId(id).replaceChildren(...warnings.map((textContent) => element("li", { textContent })));
}

/** Makes the buttons copy the text of another element. */
export function copies() {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", async () => {
      const source = byId(button.dataset.copies);
      // Pages over http may not copy. The selected text is one key away.
      const copied = navigator.clipboard?.writeText(source.textContent) ?? Promise.reject();
      const done = await copied.then(() => "copied", () => getSelection().selectAllChildren(source) ?? "selected");
      button.textContent = said(done);
      setTimeout(() => (button.textContent = said("copy")), 3000);
    });
  }
}
