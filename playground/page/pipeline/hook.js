// Puts the hooks into a job's text in the way that can lose nobody's script, and changes no other byte.
import { isAlias, isMap, isSeq } from "../yaml/index.js";
import { effective, isReference, lines, mergedFrom, own, parents, read } from "./read.js";
import { applied, colon, indent, isFlow, lineStart, name, newline, reference } from "./text.js";

const HOOK = { script: [".notify-deploy", "before_script"], after_script: [".notify-deploy", "after_script"] };

/** Why a job was left as it is: a code of the page's words, and what they name. */
class Left extends Error {
  constructor(code, named = {}) {
    super(code);
    Object.assign(this, { code, named });
  }
}

/**
 * The text with a job hooked. Throws `{code, named}` where that cannot be done without a doubt: every job is compared with what
 * it was before, and nothing may be new but the hooks in jobs that shall have them, `chosen`.
 */
export function hook(text, full, name, chosen) {
  let pipeline = read(text, full);
  const before = compared(pipeline, chosen);
  if (isAlias(pipeline.jobs.get(name).node)) {
    pipeline = read(spelledOut(pipeline, pipeline.jobs.get(name)), full);
  }
  const all = effective(pipeline, name);
  const job = pipeline.jobs.get(name);
  const hooked = (...scripts) => scripts.some((script) => mentions(all.values[script], HOOK.script[0]));
  for (const script of ["script", "after_script"]) {
    if (all.from[script]?.unknown) throw new Left("unknown-parent", { parent: all.from[script].unknown });
    if (all.from[script]?.included) throw new Left("included-job");
  }

  const edits = [];
  if (!all.ancestors.includes(".notify")) edits.push(...extend(pipeline, job, all));
  edits.push(...variables(pipeline, job));
  if (!hooked("before_script", "script")) edits.push(added(pipeline, job, all, "script"));
  if (!hooked("after_script")) edits.push(added(pipeline, job, all, "after_script"));
  let changed = applied(pipeline.text, edits);
  const harmed = () => {
    const after = compared(read(changed, full), chosen);
    return Object.keys(before).filter((other) => before[other] !== after[other]);
  };
  // A job that extends this one, as the one that stops an environment does, keeps the after_script that it had.
  for (const other of harmed()) changed = kept(pipeline, read(changed, full), name, other);
  const still = harmed();
  if (still.length > 0) throw new Left("shared-text", { others: still.join(", ") });
  return changed;
}

function kept(before, after, hooked, other) {
  const { from } = effective(before, other);
  const job = after.jobs.get(other);
  const provider = from.after_script;
  const had = provider && (provider.keyword ?? [provider.job, "after_script"]);
  const path = provider?.job === hooked ? mergedFrom(before, before.jobs.get(hooked).node, "after_script") : had;
  if (!job || !isMap(job.node) || own(job.node, "after_script") || (provider && !path)) return after.text;
  return applied(after.text, [listed(after, job, "after_script", path ? [reference(path)] : [])]);
}

/** Every job as one text, those that shall have hooks without them, so that two pipelines can be compared. */
function compared(pipeline, chosen) {
  const names = [...new Set([...pipeline.jobs.keys(), ...Object.keys(pipeline.full ?? {})])];
  const known = names.map((name) => [name, effective(pipeline, name)]).filter(([, job]) => job);
  return Object.fromEntries(known.map(([name, { values, ancestors }]) => {
    const scripts = ["before_script", "script", "after_script"].map((script) => [
      script,
      lines(pipeline, values[script]).filter((line) => !chosen.includes(name) || !line.startsWith(`!reference ${HOOK.script[0]} `)),
    ]);
    const job = { ...values, ...Object.fromEntries(scripts), ancestors: ancestors.filter((it) => !it.startsWith(".notify")) };
    if (job.variables?.["!reference"]) job.variables = found(pipeline, job.variables["!reference"]) ?? job.variables;
    return [name, JSON.stringify(sorted(job))];
  }));
}

function sorted(value) {
  if (Array.isArray(value) || !value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).toSorted().map((key) => [key, sorted(value[key])]));
}

export function mentions(script, name) {
  if (Array.isArray(script)) return script.some((it) => mentions(it, name));
  return script?.["!reference"]?.[0] === name;
}

/** A job whose value is an alias alone, as a hash that merges it. */
function spelledOut({ text }, { node }) {
  return applied(text, [{ at: node.range[0], end: node.range[1], text: `${newline(text)}  <<: ${text.slice(node.range[0], node.range[1])}` }]);
}

/** `extends` with the settings first, so that whatever else the job extends wins over them. */
function extend({ text }, job, all) {
  const pair = own(job.node, "extends");
  const others = parents(job.values).filter((it) => it !== ".notify-deploy");
  if (all.ancestors.includes(".notify-deploy") && parents(job.values).length === others.length) {
    throw new Left("shared-text", { others: ".notify-deploy" });
  }
  const list = others.length > 0 ? `[${[".notify", ...others].map(name).join(", ")}]` : ".notify";
  if (!pair) return [atTop(text, job, `extends: ${list}`)];
  if (!isSeq(pair.value) || isReference(pair.value) || others.length < parents(job.values).length) {
    const [at, end] = whole(text, pair);
    if (!isSeq(pair.value) || isFlow(pair.value)) return [{ at, end, text: list }];
    return [{ at, end: pair.value.range[1], text: `${list}${newline(text)}` }];
  }
  return [first(text, pair.value, ".notify")];
}

/** Variables that are a reference would replace the settings instead of joining them: they are written out. */
function variables(pipeline, { node }) {
  const pair = own(node, "variables");
  if (!isReference(pair?.value)) return [];
  const values = found(pipeline, pair.value.toJSON()["!reference"] ?? pair.value.toJSON());
  // A number may have been written in another way.
  if (!values || Object.values(values).some((it) => typeof it !== "string")) throw new Left("variables-reference");
  const [at, end] = whole(pipeline.text, pair);
  return [{ at, end, text: `{${Object.entries(values).map(([key, value]) => `${name(key)}: ${JSON.stringify(value)}`).join(", ")}}` }];
}

function found(pipeline, [job, ...path]) {
  return path.reduce((at, key) => at?.[key], effective(pipeline, job, [""])?.values);
}

/** The hook as the first line of a script, before what the job has or would inherit. */
function added(pipeline, job, all, script) {
  const { text } = pipeline;
  const hook = reference(HOOK[script]);
  const pair = own(job.node, script);
  if (pair && isSeq(pair.value) && !isReference(pair.value)) return first(text, pair.value, hook);
  if (pair) {
    const [at, end] = whole(text, pair);
    const value = text.slice(at, end);
    if (!value.trim() || (isFlow(job.node) && value.includes("\n"))) throw new Left("odd-shape", { keyword: script });
    if (isFlow(job.node)) return { at, end, text: `[${hook}, ${value}]` };
    const deeper = " ".repeat(indent(job.node) + 2);
    // As an item of a list a text of several lines stands two deeper.
    const [nl, item] = [newline(text), value.replaceAll(/\n(?=[^\r\n])/gu, "\n  ")];
    return { at: colon(text, pair), end, text: `${nl}${deeper}- ${hook}${nl}${deeper}- ${item}` };
  }
  const merge = mergedFrom(pipeline, job.node, script);
  const from = all.from[script];
  const inherited = merge ?? from?.keyword ?? (from && [from.job, script]);
  if (script === "script" && !inherited) throw new Left("odd-shape", { keyword: script });
  return listed(pipeline, job, script, [hook, ...(inherited ? [reference(inherited)] : [])]);
}

/** A script that the job did not have itself. */
function listed({ text }, job, script, items) {
  if (isFlow(job.node)) return atTop(text, job, `${script}: [${items.join(", ")}]`);
  const [nl, deep] = [newline(text), " ".repeat(indent(job.node))];
  const lines = items.length > 0 ? [`${script}:`, ...items.map((item) => `  - ${item}`)] : [`${script}: []`];
  return below(text, job, script === "after_script", lines.map((line) => `${deep}${line}${nl}`).join(""));
}

/** A line of text as the first of a job's keywords. */
function atTop(text, { node }, line) {
  if (isFlow(node)) return { at: node.range[0] + 1, text: node.items.length > 0 ? `${line}, ` : line };
  return { at: lineStart(text, node.items[0].key.range[0]), text: `${" ".repeat(indent(node))}${line}${newline(text)}` };
}

/** Whole lines behind the job's script, else at its top. */
function below(text, { node }, isAfter, added) {
  const script = isAfter && own(node, "script");
  if (!script) return { at: lineStart(text, node.items[0].key.range[0]), text: added };
  const end = script.value.range[1];
  if (text[end - 1] === "\n") return { at: end, text: added };
  const next = text.indexOf("\n", end);
  return next < 0 ? { at: text.length, text: `${newline(text)}${added}` } : { at: next + 1, text: added };
}

/** An item before all others of a list. */
function first(text, list, item) {
  if (isFlow(list)) return { at: list.range[0] + 1, text: list.items.length > 0 ? `${item}, ` : item };
  const { offset, indent: deep } = list.srcToken;
  return { at: lineStart(text, offset), text: `${" ".repeat(deep)}- ${item}${newline(text)}` };
}

/** From where to where a value stands, its tag and its anchor with it. */
function whole(text, { key, value }) {
  const gap = text.slice(key.range[1], value.range[0]);
  const [before] = /^["']?\s*:[ \t]*/u.exec(gap) ?? [""];
  if (!before || /[#\n]/u.test(gap)) throw new Left("odd-shape", { keyword: String(key.source) });
  const end = value.range[0] + text.slice(value.range[0], value.range[1]).trimEnd().length;
  return [key.range[1] + before.length, end];
}
