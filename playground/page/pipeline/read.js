// Reads a `.gitlab-ci.yml` as GitLab does: the positions in the text, and the final values of each job.
import { isAlias, isMap, isPair, isSeq, parseAllDocuments, YAMLSeq } from "../yaml/index.js";

/** `!reference [job, keyword]` (https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags). */
class Reference extends YAMLSeq {}

// GitLab reads YAML 1.1. Its parser takes `y` and `n` as letters, and uses the later of two equal keys.
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
export const SCRIPTS = ["before_script", "script", "after_script"];
/** Hidden jobs of the component, which no pipeline defines itself. */
const OURS = [".notify", ".notify-deploy"];
/** The limit of values in a file, aliases followed. */
const MOST = 200_000;

/**
 * Returns a pipeline: its text, its top level as values, and each job's node in the text and values, with merge keys filled in.
 * `elsewhere` holds the top-level keywords and jobs of other files by their names; `others` makes it.
 * Throws an error that names the line if the text is no YAML or no pipeline.
 */
export function read(text, elsewhere) {
  const document = parsed(text);
  const top = document?.contents;
  if (top && !isMap(top)) throw new Error("this is a list or a text: a pipeline has jobs by their names");
  const values = top ? valueOf(top, document) : {};
  const pipeline = { text, document, top, values, elsewhere, jobs: new Map(), twice: new Set() };
  for (const pair of top?.items ?? []) {
    const name = nameOf(pair.key);
    if (GLOBAL.includes(name) || !values[name] || typeof values[name] !== "object") continue;
    if (pipeline.jobs.has(name)) pipeline.twice.add(name);
    pipeline.jobs.set(name, { name, pair, node: pair.value, values: values[name] });
  }
  return pipeline;
}

/**
 * Returns the parts of GitLab's full configuration that are not in the pipeline's own text. A job of the text keeps only the keywords
 * that do not come from it, so the old configuration hides no change of the text.
 */
export function others(text, full) {
  if (!full.trim()) return undefined;
  const document = parsed(full);
  const values = isMap(document?.contents) ? valueOf(document.contents, document) : undefined;
  if (!values) throw new Error("this is a list or a text: a full configuration has jobs by their names");
  const pipeline = read(text);
  // The component's own jobs are referred to, and compared by name.
  const ours = Object.hasOwn(values, ".pipeline-notifier") ? [".pipeline-notifier", ...OURS] : [];
  const elsewhere = Object.fromEntries(Object.entries(values).filter(([name]) => !pipeline.jobs.has(name) && !ours.includes(name)));
  const alone = { ...pipeline, elsewhere };
  for (const name of pipeline.jobs.keys()) {
    const { values: explained } = effective(alone, name);
    const rest = Object.entries(values[name] ?? {}).filter(([keyword]) => keyword !== "extends" && !(keyword in explained));
    if (rest.length > 0) elsewhere[name] = Object.fromEntries(rest);
  }
  return elsewhere;
}

/** Returns the document that is the pipeline. A header, `spec`, may come before it. */
function parsed(text) {
  const [first, second] = parseAllDocuments(text, OPTIONS);
  for (const { errors } of [first, second].filter(Boolean)) {
    if (errors.length > 0) throw new Error(errors[0].message.split("\n")[0].replace(/:$/u, ""));
  }
  return second && isMap(first?.contents) && first.contents.items.some(({ key }) => nameOf(key) === "spec") ? second : first;
}

/** Returns a node as GitLab's parser reads it. A merge key overwrites the keys above it, and the keys below overwrite it. */
function valueOf(node, document, left = { count: MOST }) {
  left.count -= 1;
  if (left.count < 0) throw new Error("its aliases come to more than any pipeline has");
  if (isAlias(node)) {
    const source = node.resolve(document);
    if (!source || left.above?.has(source)) throw new Error(`the alias *${node.source} stands for nothing`);
    return valueOf(source, document, left);
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => valueOf(isPair(item) ? item.value : item, document, left));
    return isReference(node) ? { "!reference": items.map(String) } : items;
  }
  if (!isMap(node)) return node?.toJS ? node.toJS(document) : (node?.value ?? null);
  const above = left.above;
  left.above = new Set([...(above ?? []), node]);
  let values = {};
  for (const { key, value } of node.items) {
    if (nameOf(key) === "<<") {
      const merged = [valueOf(value, document, left)].flat().toReversed();
      if (merged.some((it) => !isHash(it))) throw new Error("a merge key, <<, stands for something that is no hash");
      values = Object.assign(values, ...merged);
    } else {
      Object.defineProperty(values, nameOf(key), { value: valueOf(value, document, left), enumerable: true, configurable: true, writable: true });
    }
  }
  left.above = above;
  return values;
}

function nameOf(key) {
  return String(key?.source ?? key?.value ?? key);
}

/** Returns a node's own keyword, the last of equal ones. A merge key below it may still bring another. */
export function own(node, keyword) {
  return isMap(node) ? node.items.findLast(({ key }) => nameOf(key) === keyword) : undefined;
}

export function lastMerge(node) {
  return own(node, "<<");
}

export function isReference(node) {
  return node instanceof Reference;
}

/** Returns the names in `extends` as a list. */
export function parents(values) {
  return [values?.extends ?? []].flat(9).map(String);
}

/** Returns a job's values from the text and from other files with a job of this name; `undefined` without one. */
function defined(pipeline, name) {
  const there = pipeline.elsewhere && Object.hasOwn(pipeline.elsewhere, name) ? pipeline.elsewhere[name] : undefined;
  const here = pipeline.jobs.get(name)?.values;
  return here && there ? merged(there, here) : (here ?? there);
}

/** Merges hashes deeply and replaces everything else, as `extends` and `include` do. */
function merged(below, above) {
  const both = { ...below };
  for (const [key, value] of Object.entries(above)) both[key] = isHash(both[key]) && isHash(value) ? merged(both[key], value) : value;
  return both;
}

export function isHash(value) {
  return Boolean(value) && typeof value === "object" && !Array.isArray(value) && !("!reference" in value);
}

/**
 * Returns a job's final values with all that it extends, its ancestors, and the origin of each script; `undefined` for an unknown job.
 * An origin is `{job}`, with `elsewhere` if another file has that part of it; `{unknown}` for a job of an unseen file; or `{keyword}` for
 * `default` and the top level.
 */
export function effective(pipeline, name, above = []) {
  const definition = defined(pipeline, name);
  if (!isHash(definition) || above.includes(name)) return undefined;
  let values = {};
  const from = {};
  const ancestors = [];
  for (const parent of parents(definition)) {
    const inherited = effective(pipeline, parent, [...above, name]);
    ancestors.push(parent, ...(inherited?.ancestors ?? []));
    if (inherited) {
      values = merged(values, inherited.values);
      Object.assign(from, inherited.from);
    } else if (!OURS.includes(parent)) {
      for (const script of SCRIPTS) from[script] = { unknown: parent };
    }
  }
  values = merged(values, definition);
  const here = pipeline.jobs.get(name)?.values ?? {};
  for (const script of SCRIPTS) {
    if (script in definition) from[script] = { job: name, elsewhere: !(script in here) };
    // A null script removes the parents' one, and `default` applies again.
    if (values[script] === null) delete from[script];
  }
  if (above.length === 0) {
    for (const script of ["before_script", "after_script"]) {
      const [found, value] = from[script] ? [] : fromDefault(pipeline, values, script);
      if (found) [from[script], values[script]] = [found, value];
    }
  }
  delete values.extends;
  return { values, from, ancestors };
}

/** Returns the origin and the value of a keyword of `default` or of the top level, if a job with these values takes it. */
export function fromDefault(pipeline, values, keyword) {
  const takes = values.inherit?.default ?? true;
  if (takes === false || (Array.isArray(takes) && !takes.includes(keyword))) return [];
  for (const top of [pipeline.values, pipeline.elsewhere ?? {}]) {
    if (isHash(top.default) && keyword in top.default) return [{ keyword: ["default", keyword] }, top.default[keyword]];
    if (keyword in top && keyword !== "tags") return [{ keyword: [keyword] }, top[keyword]];
  }
  return [];
}

/** Returns the lines of a script, with known references followed. An unknown reference becomes text. */
export function lines(pipeline, script, depth = 0) {
  if (Array.isArray(script)) return script.flatMap((line) => lines(pipeline, line, depth));
  const path = script?.["!reference"];
  if (!path) return script === null || script === undefined ? [] : [String(script)];
  const [name, ...rest] = path;
  const start = GLOBAL.includes(name) ? (pipeline.values[name] ?? pipeline.elsewhere?.[name]) : effective(pipeline, name, [""])?.values;
  const value = rest.reduce((at, key) => at?.[key], start);
  return value === undefined || depth > 10 ? [`!reference ${path.join(" ")}`] : lines(pipeline, value, depth + 1);
}

/** Returns the origin of a keyword that a node's merge key brings, as the path of a reference. */
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

/** Returns the stages in their order, or GitLab's own if the pipeline names none. */
export function stages(pipeline) {
  const named = pipeline.values.stages ?? pipeline.elsewhere?.stages;
  const between = Array.isArray(named) ? named.flat().map(String) : ["build", "test", "deploy"];
  return [".pre", ...between.filter((it) => it !== ".pre" && it !== ".post"), ".post"];
}

/** Returns the files that a pipeline includes, as a list of hashes. */
export function includes(values) {
  const all = [values.include ?? []].flat(9).map((it) => (typeof it === "string" ? { [/^https?:/u.test(it) ? "remote" : "local"]: it } : it));
  return all.filter(isHash);
}
