// What the views of the page share.
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

/** Buttons that copy the text of another element. */
export function copies() {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(byId(button.dataset.copies).textContent);
      button.textContent = said("copied");
      setTimeout(() => (button.textContent = said("copy")), 1500);
    });
  }
}
