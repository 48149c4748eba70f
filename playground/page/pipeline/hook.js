// Puts the hooks into a job's text. It keeps all scripts and changes no other byte.
import { isAlias, isMap, isScalar, isSeq } from "../yaml/index.js";
import { effective, isHash, isReference, lastMerge, lines, mergedFrom, own, parents, read, SCRIPTS } from "./read.js";
import { applied, colon, indent, isFlow, lineEnd, lineStart, name, newline, reference } from "./text.js";

const HOOK = { script: [".notify-deploy", "before_script"], after_script: [".notify-deploy", "after_script"] };

/** The reason why a job was left unchanged: the code of a text, and the values to fill in. */
class Left extends Error {
  constructor(code, named = {}) {
    super(code);
    Object.assign(this, { code, named });
  }
}

/**
 * Returns the text with a job hooked. Throws `{code, named}` if this is not safe: every job is compared with its earlier form.
 * Only the hooks may be new, only in the `chosen` jobs, each once, with its settings.
 */
export function hook(text, elsewhere, name, chosen) {
  let pipeline = read(text, elsewhere);
  const before = compared(pipeline, chosen);
  if (isAlias(pipeline.jobs.get(name).node)) pipeline = read(spelledOut(pipeline, pipeline.jobs.get(name)), elsewhere);
  const edits = editsFor(pipeline, name);
  if (edits.length === 0) return text;
  let now = read(applied(pipeline.text, edits), elsewhere);
  const found = harmed(before, now, chosen);
  // A job that extends this one, such as one that stops an environment, keeps its earlier after_script.
  for (const other of found) now = read(kept(pipeline, now, name, other), elsewhere);
  const still = found.length > 0 ? harmed(before, now, chosen) : found;
  const others = still.filter((other) => other !== name);
  if (others.length > 0) throw new Left("shared-text", { others: others.join(", ") });
  if (still.length > 0 || !isComplete(now, effective(now, name))) throw new Left("odd-shape", { keyword: "script" });
  const twice = chosen.find((it) => it !== name && isTwice(now, it));
  if (twice) throw new Left("shared-text", { others: twice, twice });
  return now.text;
}

/** Returns the text with several unrelated jobs hooked at once, and their names; `undefined` if the jobs are related. */
export function hookTogether(text, elsewhere, names, chosen) {
  const pipeline = read(text, elsewhere);
  const edits = [];
  const hooked = [];
  for (const name of names.filter((it) => isMap(pipeline.jobs.get(it).node))) {
    try {
      edits.push(...editsFor(pipeline, name));
      hooked.push(name);
    } catch (left) {
      if (!left.code) throw left;
    }
  }
  const now = read(applied(text, edits), elsewhere);
  const isWell = harmed(compared(pipeline, chosen), now, chosen).length === 0 && hooked.every((it) => isComplete(now, effective(now, it)) || isShort(effective(now, it)));
  return isWell && !chosen.some((it) => isTwice(now, it)) ? { text: now.text, hooked } : undefined;
}

/** Returns the edits for a job; none if it is hooked. */
function editsFor(pipeline, name) {
  const job = pipeline.jobs.get(name);
  const all = effective(pipeline, name);
  if (isShort(all)) return [];
  for (const script of ["script", "after_script"]) {
    if (all.from[script]?.unknown) throw new Left("unknown-parent", { parent: all.from[script].unknown });
    if (all.from[script]?.job === name && all.from[script].elsewhere) throw new Left("included-job");
  }
  if (!isMap(job.node)) throw new Left("odd-shape", { keyword: name });
  const hooked = hooks(pipeline, all);
  const edits = [];
  if (!all.ancestors.includes(".notify")) edits.push(...extend(pipeline, job, all));
  edits.push(...variables(pipeline, job));
  if (hooked.start === 0) edits.push(added(pipeline, job, all, "script"));
  if (hooked.end === 0) edits.push(added(pipeline, job, all, "after_script"));
  return edits;
}

/** Returns the jobs in which more than the hooks is new. */
function harmed(before, now, chosen) {
  const after = compared(now, chosen);
  return Object.keys(before).filter((other) => before[other] !== after[other]);
}

function isTwice(pipeline, name) {
  const all = effective(pipeline, name);
  return Boolean(all) && Object.values(hooks(pipeline, all)).some((times) => times > 1);
}

/** True for a job in the short way, without a before_script or after_script beside the hooks. */
function isShort({ ancestors, from }) {
  return ancestors.includes(".notify-deploy") && !from.before_script && !from.after_script;
}

/** Counts each hook in a job. */
function hooks(pipeline, { values }) {
  const times = (hook, ...scripts) => scripts.flatMap((it) => lines(pipeline, values[it])).filter((line) => line === `!reference ${hook.join(" ")}`).length;
  return { start: times(HOOK.script, "before_script", "script"), end: times(HOOK.after_script, "after_script") };
}

/** True if a job has both hooks and the settings for them. */
function isComplete(pipeline, all) {
  const { start, end } = hooks(pipeline, all);
  const parentsHaveVariables = all.ancestors.every((it) => {
    const variables = effective(pipeline, it)?.values.variables;
    return variables === undefined || isHash(variables);
  });
  const { variables } = all.values;
  return start === 1 && end === 1 && all.ancestors.includes(".notify") && parentsHaveVariables && (variables === undefined || isHash(variables));
}

function kept(before, after, hooked, other) {
  const known = effective(before, other);
  const job = after.jobs.get(other);
  if (!known || !job || !isMap(job.node) || own(job.node, "after_script")) return after.text;
  const provider = known.from.after_script;
  const had = provider && (provider.keyword ?? [provider.job, "after_script"]);
  const path = provider?.job === hooked ? mergedFrom(before, before.jobs.get(hooked).node, "after_script") : had;
  if (provider && !path) return after.text;
  return applied(after.text, [listed(after, job, "after_script", path ? [reference(path)] : [])]);
}

/** Returns every job as one text, to compare two pipelines. The chosen jobs are without their hooks. */
function compared(pipeline, chosen) {
  const names = [...new Set([...pipeline.jobs.keys(), ...Object.keys(pipeline.elsewhere ?? {})])];
  const known = names.map((name) => [name, effective(pipeline, name)]).filter(([, job]) => job);
  return Object.fromEntries(known.map(([name, { values, ancestors }]) => {
    const scripts = SCRIPTS.map((script) => [
      script,
      lines(pipeline, values[script]).filter((line) => !chosen.includes(name) || !line.startsWith(`!reference ${HOOK.script[0]} `)),
    ]);
    const job = { ...values, ...Object.fromEntries(scripts), ancestors: ancestors.filter((it) => ![".notify", ".notify-deploy"].includes(it)) };
    if (job.variables?.["!reference"]) job.variables = found(pipeline, job.variables["!reference"]) ?? job.variables;
    if (!job.variables || Object.keys(job.variables).length === 0) delete job.variables;
    return [name, JSON.stringify(sorted(job))];
  }));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).toSorted().map((key) => [key, sorted(value[key])]));
}

/** Turns a job that is only an alias into a hash that merges it. */
function spelledOut({ text }, { node }) {
  return applied(text, [{ at: node.range[0], end: node.range[1], text: `${newline(text)}  <<: ${text.slice(node.range[0], node.range[1])}` }]);
}

/** Puts the settings first in `extends`, so everything else that the job extends wins over them. */
function extend({ text }, job, all) {
  const pair = own(job.node, "extends");
  const named = parents(job.values);
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
function variables(pipeline, { node }) {
  const pair = own(node, "variables");
  const { text } = pipeline;
  if (isScalar(pair?.value) && pair.value.value === null) return [{ at: colon(text, pair), text: " {}" }];
  if (!isReference(pair?.value)) return [];
  const values = found(pipeline, pair.value.items.map((it) => String(it.value)));
  // The text may write a number in another way.
  if (!isHash(values) || Object.values(values).some((it) => typeof it !== "string")) throw new Left("variables-reference");
  const [at, end] = whole(text, pair);
  return [{ at, end, text: `{${Object.entries(values).map(([key, value]) => `${name(key)}: ${JSON.stringify(value)}`).join(", ")}}` }];
}

function found(pipeline, [job, ...path]) {
  return path.reduce((at, key) => at?.[key], effective(pipeline, job, [""])?.values);
}

/** Returns the edit that makes the hook the first line of a script, before the job's own or inherited lines. */
function added(pipeline, job, all, script) {
  const { text } = pipeline;
  const hook = reference(HOOK[script]);
  const pair = own(job.node, script);
  if (pair && isSeq(pair.value) && !isReference(pair.value)) return first(text, pair.value, hook);
  if (pair) {
    const [at, end] = whole(text, pair);
    const value = text.slice(at, end);
    if (script === "after_script" && isScalar(pair.value) && pair.value.value === null) {
      const inherited = all.from.after_script?.keyword;
      return { at: colon(text, pair), end: Math.max(end, colon(text, pair)), text: ` [${[hook, ...(inherited ? [reference(inherited)] : [])].join(", ")}]` };
    }
    if (!value.trim() || (isFlow(job.node) && value.includes("\n"))) throw new Left("odd-shape", { keyword: script });
    if (isFlow(job.node)) return { at, end, text: `[${hook}, ${value}]` };
    const deeper = " ".repeat(indent(job.node) + 2);
    // A text of several lines is indented by two more as a list item.
    const [nl, item] = [newline(text), value.replaceAll(/\n(?=[^\r\n])/gu, "\n  ")];
    return { at: colon(text, pair), end, text: `${nl}${deeper}- ${hook}${nl}${deeper}- ${item}` };
  }
  const from = all.from[script];
  const inherited = mergedFrom(pipeline, job.node, script) ?? from?.keyword ?? (from && [from.job, script]);
  if (script === "script" && !inherited) throw new Left("odd-shape", { keyword: script });
  return listed(pipeline, job, script, [hook, ...(inherited ? [reference(inherited)] : [])]);
}

/** Returns the edit for a script that the job did not have itself. */
function listed({ text }, job, script, items) {
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
function whole(text, { key, value }) {
  const gap = text.slice(key.range[1], value.range[0]);
  const [before] = /^["']?\s*:[ \t]*/u.exec(gap) ?? [""];
  if (!before || /[#\n]/u.test(gap)) throw new Left("odd-shape", { keyword: String(key.source) });
  const end = value.range[0] + text.slice(value.range[0], value.range[1]).trimEnd().length;
  return [key.range[1] + before.length, end];
}
