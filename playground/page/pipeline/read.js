// Reads a `.gitlab-ci.yml` as GitLab does: what stands where in the text, and what each job comes to.
import { isAlias, isMap, isSeq, parseAllDocuments, YAMLSeq } from "../yaml/index.js";

/** `!reference [job, keyword]` (https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags). */
class Reference extends YAMLSeq {
  toJSON(_, context) {
    return { "!reference": super.toJSON(_, context) };
  }
}

// GitLab reads YAML 1.1, in which `y` and `n` are letters to its parser, and of two equal keys the later one.
const OPTIONS = {
  version: "1.1",
  uniqueKeys: false,
  keepSourceTokens: true,
  customTags: (tags) => [
    ...tags.map((it) => (it.test?.test?.("y") || it.test?.test?.("n") ? { ...it, test: new RegExp(it.test.source.replace(/\b[YN]\|[yn]\|/u, ""), "u") } : it)),
    { tag: "!reference", collection: "seq", nodeClass: Reference },
  ],
};

/** Keywords of the top level that are no jobs (https://docs.gitlab.com/ci/yaml/#global-keywords). */
export const GLOBAL = ["default", "include", "spec", "stages", "variables", "workflow", "image", "services", "before_script", "after_script", "cache", "types"];
const SCRIPTS = ["before_script", "script", "after_script"];

/**
 * A pipeline: its text, its top level as values, and of each job the node in the text and its values, merge keys filled in.
 * `full` is GitLab's full configuration of it, as text, where somebody has it: what comes from includes is known by that alone.
 * Throws an error that names the line where the text is no YAML or no pipeline.
 */
export function read(text, full = "") {
  const document = last(text);
  const top = document.contents;
  if (top && !isMap(top)) throw new Error("this is a list or a text: a pipeline has jobs by their names");
  const values = top ? document.toJS() : {};
  const pipeline = { text, document, top, values, full: full.trim() ? last(full).toJS() : undefined, jobs: new Map(), twice: new Set() };
  for (const pair of top?.items ?? []) {
    const name = nameOf(pair.key);
    if (GLOBAL.includes(name) || !values[name] || typeof values[name] !== "object") continue;
    if (pipeline.jobs.has(name)) pipeline.twice.add(name);
    pipeline.jobs.set(name, { name, pair, node: pair.value, values: values[name] });
  }
  return pipeline;
}

/** The last document of a text: before it there may be a header, `spec`. */
function last(text) {
  const documents = parseAllDocuments(text, OPTIONS);
  const document = documents.at(-1) ?? { errors: [], contents: null };
  const [error] = documents.flatMap((it) => it.errors ?? []);
  if (error) throw new Error(error.message.split("\n")[0].replace(/:$/u, ""));
  return document;
}

export function nameOf(key) {
  return String(key?.source ?? key?.value ?? key);
}

/** A keyword of a node that stands there itself, and does not come by a merge key. */
export function own(node, keyword) {
  return isMap(node) ? node.items.findLast(({ key }) => nameOf(key) === keyword) : undefined;
}

export function isReference(node) {
  return node instanceof Reference;
}

/** What `extends` names, as a list. */
export function parents(values) {
  return [values?.extends ?? []].flat().map(String);
}

/** What a job has by its own text and by files that define a job of the same name; nothing where none does. */
function defined(pipeline, name) {
  const [here, elsewhere] = [pipeline.jobs.get(name)?.values, pipeline.full?.[name]];
  return here && elsewhere ? merged(elsewhere, here) : (here ?? elsewhere);
}

/** Hashes deep, all else replaced, as `extends` and `include` do it. */
function merged(below, above) {
  const both = { ...below };
  for (const [key, value] of Object.entries(above)) both[key] = isHash(both[key]) && isHash(value) ? merged(both[key], value) : value;
  return both;
}

function isHash(value) {
  return Boolean(value) && typeof value === "object" && !Array.isArray(value) && !("!reference" in value);
}

/**
 * What a job comes to: its values with all that it extends, and for each of its scripts where it is from: `{job}`, `{unknown}`
 * for something of another file, or `{keyword}` for `default` and the top level. Nothing where the job is not known.
 */
export function effective(pipeline, name, above = []) {
  const definition = defined(pipeline, name);
  if (!definition || above.includes(name)) return undefined;
  const complete = pipeline.full?.[name] !== undefined;
  let values = {};
  const from = {};
  const ancestors = [];
  for (const parent of parents(definition)) {
    const inherited = effective(pipeline, parent, [...above, name]);
    ancestors.push(parent, ...(inherited?.ancestors ?? []));
    if (inherited) {
      values = merged(values, inherited.values);
      Object.assign(from, inherited.from);
    } else if (!parent.startsWith(".notify")) {
      for (const script of SCRIPTS) if (!complete) from[script] = { unknown: parent };
    }
  }
  values = merged(values, definition);
  const itself = pipeline.jobs.get(name)?.values ?? definition;
  for (const script of SCRIPTS) {
    if (script in itself) from[script] = { job: name };
    else if (!from[script] && script in definition) from[script] = provider(pipeline, itself, name, script);
  }
  if (above.length === 0) {
    for (const script of ["before_script", "after_script"]) {
      const [found, value] = from[script] ? [] : outside(pipeline, values, script);
      if (found) [from[script], values[script]] = [found, value];
    }
  }
  delete values.extends;
  return { values, from, ancestors };
}

/** Which parent a script is from that the full configuration alone shows. */
function provider(pipeline, values, name, script) {
  const all = parents(values).filter((parent) => !parent.startsWith(".notify"));
  const known = all.findLast((parent) => pipeline.full[parent] && script in pipeline.full[parent]);
  if (known ?? (all.length === 1 && all[0])) return { job: known ?? all[0] };
  return all.length === 0 ? { included: name } : { unknown: all.at(-1) };
}

/** A script of `default` or of the top level, where the job takes it. */
function outside(pipeline, values, script) {
  const takes = values.inherit?.default ?? true;
  if (takes === false || (Array.isArray(takes) && !takes.includes(script))) return [];
  for (const top of [pipeline.values, pipeline.full ?? {}]) {
    if (top.default && script in top.default) return [{ keyword: ["default", script] }, top.default[script]];
    if (script in top) return [{ keyword: [script] }, top[script]];
  }
  return [];
}

/** Lines of a script, references followed as far as this pipeline knows them. */
export function lines(pipeline, script, depth = 0) {
  const all = [];
  for (const line of Array.isArray(script) ? script : [script ?? []].flat()) {
    if (Array.isArray(line)) all.push(...lines(pipeline, line, depth));
    else if (line?.["!reference"]) all.push(...followed(pipeline, line["!reference"], depth));
    else all.push(String(line));
  }
  return all;
}

function followed(pipeline, path, depth) {
  const [name, ...rest] = path;
  const start = GLOBAL.includes(name) ? (pipeline.values[name] ?? pipeline.full?.[name]) : effective(pipeline, name, [""])?.values;
  const value = rest.reduce((at, key) => at?.[key], start);
  return value === undefined || depth > 10 ? [`!reference ${path.join(" ")}`] : lines(pipeline, value, depth + 1);
}

/** Where a merge key of a node brings a keyword from, as the path of a reference. */
export function mergedFrom(pipeline, node, keyword) {
  for (const { key, value } of isMap(node) ? node.items.toReversed() : []) {
    if (nameOf(key) !== "<<") continue;
    for (const alias of isSeq(value) ? value.items : [value]) {
      const source = isAlias(alias) ? alias.resolve(pipeline.document) : alias;
      const path = own(source, keyword) ? pathOf(pipeline.top, source) : undefined;
      const found = path ? [...path, keyword] : mergedFrom(pipeline, source, keyword);
      if (found) return found;
    }
  }
  return undefined;
}

function pathOf(within, node) {
  for (const { key, value } of within.items) {
    if (value === node) return [nameOf(key)];
    const path = isMap(value) ? pathOf(value, node) : undefined;
    if (path) return [nameOf(key), ...path];
  }
  return undefined;
}

/** The stages in their order, GitLab's own where the pipeline names none. */
export function stages(pipeline) {
  const named = pipeline.values.stages ?? pipeline.full?.stages;
  const between = Array.isArray(named) ? named.flat().map(String) : ["build", "test", "deploy"];
  return [".pre", ...between.filter((it) => it !== ".pre" && it !== ".post"), ".post"];
}

/** The files that a pipeline includes, as a list of hashes. */
export function includes(values) {
  return [values.include ?? []].flat().map((it) => (typeof it === "string" ? { [it.startsWith("http") ? "remote" : "local"]: it } : it));
}
