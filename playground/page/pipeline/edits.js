// Makes the edits that put hooks into one job's text. They change no other byte.
import { isMap, isScalar, isSeq } from "../yaml/index.js";
import { isReference, lastMerge, mergedFrom, nameOf, own } from "./document.js";
import { effective, HOOK, includes, ownVariables } from "./read.js";
import { applied, colon, indent, isFlow, lineEnd, lineStart, name, newline, reference } from "./text.js";

/** Texts without quotes that GitLab's parser reads as a number or a symbol: `80,443` is 80443. */
const NO_TEXT = /^(:.|[-+]?\d\w*,[\w,.+-]*$)/u;

/** The reason why a job was left unchanged: the code of a text, and the values to fill in. */
export class Left extends Error {
  constructor(code, named = {}) {
    super(code);
    Object.assign(this, { code, named });
  }
}

/** Turns a job that is only an alias into a hash that merges it. */
export function spelledOut({ text }, { node }) {
  return applied(text, [{ at: node.range[0], end: node.range[1], text: `${newline(text)}  <<: ${text.slice(node.range[0], node.range[1])}` }]);
}

/** Puts the settings first in `extends`, so everything else that the job extends wins over them. */
export function extend({ text }, job, all) {
  const pair = own(job.node, "extends");
  const named = all.parents;
  const others = named.filter((it) => it !== ".notify-deploy");
  if (all.ancestors.includes(".notify-deploy") && named.length === others.length) {
    throw new Left("shared-text", { others: ".notify-deploy" });
  }
  const list = (names) => (names.length > 0 ? `[${[".notify", ...names].join(", ")}]` : ".notify");
  if (!pair) return [atTop(text, job, `extends: ${list(others.map(name))}`)];
  const { value } = pair;
  if (isSeq(value) && !isReference(value) && others.length === named.length) return [first(text, value, ".notify")];
  const [at, end] = whole(text, pair);
  if (isSeq(value) && !isFlow(value)) return [{ at, end: value.range[1], text: `${list(others.map(name))}${newline(text)}` }];
  // A name keeps its quotes and its anchor.
  const names = isScalar(value) && others.length === 1 ? [text.slice(at, end).trim()] : others.map(name);
  return [{ at, end, text: `${text[at - 1] === ":" ? " " : ""}${list(names)}` }];
}

/** Writes out variables that are a reference or empty: they would replace the settings instead of joining them. */
export function variables(pipeline, job, all) {
  const pair = own(job.node, "variables");
  const { text } = pipeline;
  const isEmpty = isScalar(pair?.value) && pair.value.value === null;
  if (!isEmpty && !isReference(pair?.value)) return [];
  // A hash would let the variables of parents and of the same job in other files return. A full configuration does not show the latter.
  if (all.unknown) throw new Left("unknown-parent", { parent: all.unknown });
  const others = all.parents.flatMap((it) => Object.keys(ownVariables(pipeline, effective(pipeline, it)?.values ?? {})));
  if (others.length > 0 || includes(pipeline.values).length > 0) throw new Left("odd-shape", { keyword: "variables" });
  if (isEmpty) return [filled(text, pair, "{}")];
  const values = ownVariables(pipeline, job.values);
  // The text may write a number in another way.
  if ("!reference" in values || Object.values(values).some((it) => typeof it !== "string" || NO_TEXT.test(it))) throw new Left("variables-reference");
  const [at, end] = whole(text, pair);
  return [{ at, end, text: `{${Object.entries(values).map(([key, value]) => `${name(key)}: ${JSON.stringify(value)}`).join(", ")}}` }];
}

/** Returns the edit that makes the hook the first line of a script, before the job's own or inherited lines. */
export function added(pipeline, job, all, script) {
  const { text } = pipeline;
  const hook = reference(HOOK[script]);
  const pair = own(job.node, script);
  if (pair && isSeq(pair.value) && !isReference(pair.value)) return first(text, pair.value, hook);
  if (pair && script !== "script" && job.values[script] === null) {
    const inherited = all.from[script]?.keyword;
    return filled(text, pair, `[${[hook, ...(inherited ? [reference(inherited)] : [])].join(", ")}]`);
  }
  if (pair) return isFlow(job.node) ? besideInFlow(text, pair, hook) : beside(text, job, pair, hook);
  const from = all.from[script];
  const inherited = from?.job === job.name ? mergedFrom(pipeline, job.node, script) : (from?.keyword ?? (from && [from.job, script]));
  if (!inherited && (from || script === "script")) throw new Left("odd-shape", { keyword: script });
  return listed(pipeline, job, script, [hook, ...(inherited ? [reference(inherited)] : [])]);
}

/** Returns the edit that turns a script in a flow job into a list with the hook. */
function besideInFlow(text, pair, hook) {
  const [at, end] = whole(text, pair);
  const value = text.slice(at, end);
  if (!value.trim() || value.includes("\n")) throw oddShape(pair);
  return { at, end, text: `[${hook}, ${value}]` };
}

/** Returns the edit that turns a script into a list with the hook. */
function beside(text, job, pair, hook) {
  const [nl, deeper] = [newline(text), " ".repeat(indent(job.node) + 2)];
  // A text of several lines is indented by two more as a list item.
  const items = (value) => `${deeper}- ${hook}${nl}${deeper}- ${value.replaceAll(/\n(?=[^\r\n])/gu, "\n  ")}`;
  const at = colon(text, pair);
  const { key, value } = pair;
  if (isReference(value) && !isFlow(value)) {
    const end = value.items.at(-1).range[1];
    if (text.slice(at, end).includes("#")) throw oddShape(pair);
    return { at, end, text: nl + items(reference(value.items.map(nameOf))) };
  }
  if (/^["']?\s*:([ \t]*(#[^\n]*)?\r?\n)+ *$/u.test(text.slice(key.range[1], value.range[0]))) {
    const own = text.slice(value.range[0], value.range[1]).trimEnd();
    return { at: lineStart(text, value.range[0]), end: value.range[0] + own.length, text: items(own) };
  }
  const [start, end] = whole(text, pair);
  if (start === end) throw oddShape(pair);
  return { at, end, text: nl + items(text.slice(start, end)) };
}

/** Returns the edit that gives a value to an empty keyword. */
function filled(text, pair, filling) {
  const { key, value } = pair;
  const [empty, head] = /^(["']?\s*:)(?: +(?=[,}]))?/u.exec(text.slice(key.range[1])) ?? [];
  if (!empty || value.anchor || value.tag) throw oddShape(pair);
  if (value.source) return { at: value.range[0], end: value.range[1], text: filling };
  return { at: key.range[1] + head.length, end: key.range[1] + empty.length, text: ` ${filling}` };
}

function oddShape({ key }) {
  return new Left("odd-shape", { keyword: nameOf(key) });
}

/** Returns the edit for a script that the job did not have itself. */
export function listed({ text }, job, script, items) {
  if (isFlow(job.node)) return atTop(text, job, `${script}: [${items.join(", ")}]`);
  const [nl, deep] = [newline(text), " ".repeat(indent(job.node))];
  const added = items.length > 0 ? [`${script}:`, ...items.map((item) => `  - ${item}`)] : [`${script}: []`];
  const lines = added.map((line) => `${deep}${line}${nl}`).join("");
  const above = script === "after_script" && own(job.node, "script");
  return above && above.key.range[0] > (lastMerge(job.node)?.key.range[0] ?? 0) ? behind(text, above, lines) : atTop(text, job, lines);
}

/** Adds a keyword, or whole lines, to the top of a job, but after its merge keys: they overwrite everything above them. */
function atTop(text, { node }, keyword) {
  const merge = lastMerge(node);
  if (isFlow(node)) {
    if (merge) return { at: merge.value.range[1], text: `, ${keyword}` };
    return { at: node.range[0] + 1, text: node.items.length > 0 ? `${keyword}, ` : keyword };
  }
  const lines = keyword.endsWith("\n") ? keyword : `${" ".repeat(indent(node))}${keyword}${newline(text)}`;
  return merge ? behind(text, merge, lines) : { at: lineStart(text, node.items[0].key.range[0]), text: lines };
}

/** Returns the edit that adds whole lines after a keyword. */
function behind(text, { value }, lines) {
  const at = lineEnd(text, value.range[1]);
  return { at, text: text[at - 1] === "\n" ? lines : `${newline(text)}${lines}` };
}

/** Returns the edit that adds the first item of a list. */
function first(text, list, item) {
  if (isFlow(list)) return { at: list.range[0] + 1, text: list.items.length > 0 ? `${item}, ` : item };
  const { offset, indent: deep } = list.srcToken;
  return { at: lineStart(text, offset), text: `${" ".repeat(deep)}- ${item}${newline(text)}` };
}

/** Returns the start and the end of a value, its tag and its anchor included. */
function whole(text, pair) {
  const { key, value } = pair;
  const gap = text.slice(key.range[1], value.range[0]);
  const [before] = /^["']?\s*:[ \t]*/u.exec(gap) ?? [""];
  if (!before || /[#\n]/u.test(gap)) throw oddShape(pair);
  const end = value.range[0] + text.slice(value.range[0], value.range[1]).trimEnd().length;
  return [key.range[1] + before.length, end];
}
