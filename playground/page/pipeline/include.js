// Adds the component to `include:`, after the existing items.
import { isMap, isScalar, isSeq, parse } from "../yaml/index.js";
import { lastBlock, own } from "./document.js";
import { ours } from "./warnings.js";
import { indent, isFlow, lineEnd, lineStart, name, newline } from "./text.js";

/** Returns the edits that rename an input of the component: `merge_into` was `deploy_job` in version 1. */
export function renamed({ top, document, project }) {
  const list = own(top, "include")?.value;
  return (isSeq(list) ? list.items : [list]).filter(isMap).flatMap((item) => {
    const inputs = own(item, "inputs")?.value;
    const pair = isMap(inputs) ? own(inputs, "deploy_job") : undefined;
    if (!pair) return [];
    const include = { ...item.toJS(document), inputs: { merge_into: "" } };
    return ours({ values: { include: [include] }, project }).map(() => ({ at: pair.key.range[0], end: pair.key.range[1], text: "merge_into" }));
  });
}

/** Returns the lines of another include like one that is there, with the inputs of these lines. */
export function again({ inputs: _, rules: __, ...source }, lines) {
  const [first, ...rest] = Object.entries(source).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return [`- ${first}`, ...rest.map((line) => `  ${line}`), ...lines.slice(1)];
}

/** Returns the edit that adds components to an include, each a list of lines that begins with `- `. */
export function included(pipeline, components) {
  const { text, top } = pipeline;
  const [nl, margin] = [newline(text), " ".repeat(indent(top))];
  const block = (deep) => components.flat().map((line) => `${deep}${line}${nl}`).join("");
  const pair = own(top, "include");
  if (isFlow(top)) return inFlow(text, top, pair, parse(components.flat().join("\n")));
  if (!pair) return { at: begin(text, top), text: `${margin}include:${nl}${block(`${margin}  `)}${nl}` };
  const { value } = pair;
  if (isSeq(value) && !isFlow(value)) {
    const deep = " ".repeat(value.srcToken.indent);
    return { at: lineEnd(text, value.range[1]), text: block(deep) };
  }
  const at = text.indexOf(":", pair.key.range[1]) + 1;
  if (isMap(value) && !isFlow(value)) {
    // Each line of the hash is indented by two more, after a dash.
    const lines = text.slice(lineStart(text, value.range[0]), value.range[1]);
    const [from, deep] = [lineStart(text, value.range[0]), " ".repeat(value.srcToken.indent)];
    const moved = lines.replaceAll(/^(?=[^\r\n])/gmu, "  ").replace(`${deep}  `, `${deep}- `);
    return { at: from, end: value.range[1], text: `${moved.endsWith("\n") ? moved : `${moved}${nl}`}${block(deep)}` };
  }
  const there = isFlow(value) && isSeq(value) ? value.items.map(({ range }) => text.slice(range[0], range[1])) : [text.slice(value.range[0], value.range[1])];
  if (isScalar(value) && !value.value) there.length = 0;
  const [comment] = /^[ \t]*#[^\r\n]*/u.exec(text.slice(value.range[1])) ?? [""];
  const items = there.map((it) => `${margin}  - ${it.trim()}`).join(nl) + comment;
  return { at, end: value.range[1] + comment.length, text: `${nl}${items}${items ? nl : ""}${block(`${margin}  `).trimEnd()}` };
}

/** Does the same for a pipeline that is JSON, or looks like it. */
function inFlow(text, top, pair, items) {
  const list = items.map((item) => JSON.stringify(item)).join(", ");
  if (!pair) return { at: top.range[0] + 1, text: `"include": [${list}]${top.items.length > 0 ? ", " : ""}` };
  const { value } = pair;
  const [at, end] = value.range;
  if (!isSeq(value)) return { at, end, text: `[${text.slice(at, end)}, ${list}]` };
  const last = value.items.at(-1);
  // A comment or a comma may come after the last item.
  return last ? { at: last.range[1], text: `, ${list}` } : { at: at + 1, text: list };
}

/** Returns the start of the first keyword's line, or of the comments directly above it. */
function begin(text, top) {
  if (!top?.items.length) return text.length;
  let at = lineStart(text, top.items[0].key.range[0]);
  while (at > 0) {
    const above = lineStart(text, at - 1);
    if (!text.slice(above, at).trimStart().startsWith("#")) break;
    at = above;
  }
  return at;
}

/** Returns the edit that gives tags to the notifier's own jobs, for a pipeline whose every job has some. */
export function tagged({ text, top, document }, jobs, tags) {
  const nl = newline(text);
  if (isFlow(top)) return { at: top.range[0] + 1, text: jobs.map((job) => `${JSON.stringify(job)}: ${JSON.stringify({ tags })}, `).join("") };
  const margin = " ".repeat(indent(top));
  const at = lineEnd(text, top.range[1]);
  const lines = jobs.map((job) => `${margin}${name(job)}:${nl}${margin}  tags: [${tags.map(name).join(", ")}]${nl}`).join(nl);
  // A block may keep an empty line as a part of its value.
  return { at, text: lastBlock(document, at)?.source.includes("+") ? lines : `${nl}${lines}` };
}

