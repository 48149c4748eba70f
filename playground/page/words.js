// The language of the page. English stands in the page itself, and what its code says in `words/en.js`; other languages have both in
// one file each.
import * as en from "./words/en.js";
import * as ko from "./words/ko.js";

const LANGUAGES = { en, ko };
let language = "en";

/** The language of a page that was just opened. */
export function preferred() {
  return navigator.languages.find((it) => it.split("-")[0] in LANGUAGES)?.split("-")[0] ?? "en";
}

/** Puts the page into a language. */
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

/** What holds the key of a text, and the attribute in which the text is; nothing for an element's own. */
const PLACES = { "data-words": undefined, "data-words-label": "aria-label", "data-words-title": "title" };
const ENGLISH = {};

/** What the code of the page says, with what it names filled in. */
export function said(code, named = {}) {
  const words = LANGUAGES[language].said[code];
  return typeof words === "function" ? words(named) : words;
}

/** One of the page's choices, an event or a kind of pipeline, by its name in English. */
export function choice(name) {
  return LANGUAGES[language].choices?.[name] ?? name;
}

/** A warning about a pipeline. */
export function warned({ code, ...named }) {
  return LANGUAGES[language].warnings[code](named);
}

/** The description of an input in the language of the page. */
export function described(input) {
  return (language !== "en" && input[`description_${language}`]) || input.description;
}

export function spoken() {
  return language;
}
