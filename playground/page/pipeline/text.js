// Changes the text of a pipeline, and rewrites only what it must.
import { isMap } from "../yaml/index.js";

/** Returns the position after the colon of a keyword. */
export function colon(text, { key }) {
  return text.indexOf(":", key.range[1]) + 1;
}

export function reference(path) {
  return `!reference [${path.map(name).join(", ")}]`;
}

/** Returns a name for a list in brackets, in quotes if it needs them. */
export function name(text) {
  const plain = /^\.?[\p{L}_][\p{L}\p{N}_./-]*( [\p{L}\p{N}_./-]+)*$/u.test(text) && !/^(true|false|yes|no|on|off|null|y|n|\.inf|\.nan)$/iu.test(text);
  return plain ? text : JSON.stringify(text);
}

export function isFlow(node) {
  return node?.srcToken?.type === "flow-collection";
}

/** Returns the indentation of a hash's keywords. */
export function indent(node) {
  return isMap(node) && !isFlow(node) ? node.srcToken.indent : 0;
}

export function newline(text) {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

export function lineStart(text, at) {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Returns the start of the next line, or the position itself if a line begins there. */
export function lineEnd(text, at) {
  if (text[at - 1] === "\n") return at;
  const next = text.indexOf("\n", at);
  return next < 0 ? text.length : next + 1;
}

/** Returns the text with all edits, each `{at, end, text}`. Two edits at one position keep their order. */
export function applied(text, edits) {
  const last = edits.map((edit, order) => ({ order, end: edit.at, ...edit })).toSorted((a, b) => b.at - a.at || b.order - a.order);
  return last.reduce((all, edit) => {
    const before = all.slice(0, edit.at);
    const joined = edit.at === all.length && before && !before.endsWith("\n") && edit.text.endsWith("\n") && !/^\r?\n/u.test(edit.text);
    return `${before}${joined ? newline(text) : ""}${edit.text}${all.slice(edit.end)}`;
  }, text);
}
