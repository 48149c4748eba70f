// The language of the playground. English texts are in index.html, and those of the code in `words/en.js`. Every other language has both
// in one file.
import * as en from "./words/en.js";
import * as ko from "./words/ko.js";

const LANGUAGES = { en, ko };
let language = "en";

/** Returns the language of a newly opened playground. */
export function preferred() {
  return navigator.languages.find((it) => it.split("-")[0] in LANGUAGES)?.split("-")[0] ?? "en";
}

/** Shows the playground in a language. */
export function speak(wanted) {
  language = wanted in LANGUAGES ? wanted : "en";
  document.documentElement.lang = language;
  const { page } = LANGUAGES[language];
  for (const [attribute, spokenIn] of Object.entries(PLACES)) {
    for (const it of document.querySelectorAll(`[${attribute}]`)) {
      const key = it.getAttribute(attribute);
      ENGLISH[attribute + key] ??= spokenIn ? it.getAttribute(spokenIn) : it.textContent;
      const text = page?.[key] ?? ENGLISH[attribute + key];
      if (spokenIn) it.setAttribute(spokenIn, text);
      else it.textContent = text;
    }
  }
  document.title = document.querySelector("h1").textContent;
}

/** The attribute with the key of a text, and the attribute with the text; `undefined` for an element's own text. */
const PLACES = { "data-words": undefined, "data-words-label": "aria-label", "data-words-title": "title" };
const ENGLISH = {};

/** Returns a text of the playground's code, with the values filled in. */
export function said(code, named = {}) {
  const words = LANGUAGES[language].said[code];
  return typeof words === "function" ? words(named) : words;
}

/** Returns a choice of the playground, an event or a kind of pipeline, by its English name. */
export function choice(name) {
  return LANGUAGES[language].choices?.[name] ?? name;
}

/** Returns the text of a warning about a pipeline. */
export function warned({ code, ...named }) {
  return LANGUAGES[language].warnings[code](named);
}

/** Returns the description of an input in the language of the playground. */
export function described(input) {
  return (language !== "en" && input[`description_${language}`]) || input.description;
}

export function spoken() {
  return language;
}
