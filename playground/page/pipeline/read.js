// Reads a `.gitlab-ci.yml` as GitLab does: the positions in the text, and the final values of each job.
import { isHash, nameOf, parsed } from "./document.js";

/** Keywords of the top level that are no jobs (https://docs.gitlab.com/ci/yaml/#global-keywords). */
export const GLOBAL = ["default", "include", "spec", "stages", "variables", "workflow", "image", "services", "before_script", "after_script", "cache", "types"];
export const SCRIPTS = ["before_script", "script", "after_script"];
/** Hidden jobs of the component, which no pipeline defines itself. Their settings are variables. */
export const OURS = [".notify", ".notify-deploy"];
/** The hook of each script, as the path of a reference. */
export const HOOK = Object.fromEntries(SCRIPTS.map((it) => [it, [".notify-deploy", it === "after_script" ? it : "before_script"]]));
const SETTING = "settings of the notifier";
/** The limit of lines in a script, references followed. */
const MOST_LINES = 20_000;

/**
 * Returns a pipeline: its text, its top level as values, and each job's node in the text and values, with merge keys filled in.
 * Throws an error that names the line if the text is no YAML or no pipeline.
 *
 * - `elsewhere`: the top-level keywords and jobs of other files by their names; `others` makes it.
 * - `targets`: the jobs into which the includes of the component merge the hooks.
 * - `mayRepeat`: true if a job of `elsewhere` may have a keyword that the text explains as well.
 */
export function read(text, { elsewhere, targets = [], mayRepeat = false } = {}) {
  const pipeline = { text, ...parsed(text), elsewhere, targets, mayRepeat, jobs: new Map(), twice: new Set(), known: new Map() };
  for (const pair of pipeline.top?.items ?? []) {
    const name = nameOf(pair.key);
    const values = pipeline.values[name];
    // A hidden list or text is for aliases and references.
    if (GLOBAL.includes(name) || !isHash(values)) continue;
    if (pipeline.jobs.has(name)) pipeline.twice.add(name);
    pipeline.jobs.set(name, { name, pair, node: pair.value, values });
  }
  return pipeline;
}

/** Returns a job's part of the text as values. */
export function here(pipeline, name) {
  return pipeline.jobs.get(name)?.values ?? {};
}

/** Makes a value once per reading: a job or a script may be needed from many places. A value that needs itself is `undefined`. */
function once(pipeline, key, make) {
  if (!pipeline.known.has(key)) {
    pipeline.known.set(key, undefined);
    pipeline.known.set(key, make());
  }
  return pipeline.known.get(key);
}

/**
 * Returns the parts of GitLab's full configuration that are not in the pipeline's own text. A job keeps only the keywords whose values
 * differ from those that the text explains, so the old configuration hides no change of the text.
 */
export function others(text, full, targets) {
  if (!full.trim()) return undefined;
  const { top, values } = parsed(full);
  if (!top) throw new Error("a full configuration has jobs by their names");
  const pipeline = read(text, { targets });
  // The component's own jobs are referred to, and compared by name.
  const ours = Object.hasOwn(values, ".pipeline-notifier") ? [".pipeline-notifier", ...OURS] : [];
  const elsewhere = Object.fromEntries(Object.entries(values).filter(([name]) => !pipeline.jobs.has(name) && !ours.includes(name)));
  const jobs = Object.keys(values).filter((name) => isHash(values[name]) && !GLOBAL.includes(name) && !ours.includes(name));
  for (const name of parentsFirst(jobs, (it) => ownParents(pipeline, values, it))) {
    elsewhere[name] = {};
    // GitLab's full configuration resolves `extends`, and keeps the keyword. It has nothing of `default` in the jobs.
    if ("extends" in values[name] && !("extends" in here(pipeline, name))) elsewhere[name].extends = values[name].extends;
    const soFar = { ...pipeline, elsewhere, known: new Map() };
    const explained = extended(soFar, name)?.values ?? {};
    const rest = Object.entries(values[name]).filter(([keyword, value]) => keyword !== "extends" && !isSame(soFar, keyword, value, explained[keyword]));
    Object.assign(elsewhere[name], Object.fromEntries(rest));
    if (pipeline.jobs.has(name) && Object.keys(elsewhere[name]).length === 0) delete elsewhere[name];
  }
  return elsewhere;
}

/** Returns the parents that a job really has: `extends` in the text wins over that of another file. */
function ownParents(pipeline, values, name) {
  const own = here(pipeline, name);
  return parents("extends" in own ? own : values[name]);
}

/** Returns the names in an order in which each job comes after its parents. */
function parentsFirst(names, parentsOf) {
  const order = new Set();
  const above = new Set();
  const add = (name) => {
    if (above.has(name) || !names.includes(name)) return;
    above.add(name);
    for (const parent of parentsOf(name)) add(parent);
    order.add(name);
  };
  for (const name of names) add(name);
  return order;
}

/** True if a keyword has the same value in the full configuration and in the text. Our hooks may be newer than the configuration. */
function isSame(pipeline, keyword, full, text) {
  if (text === undefined) return false;
  if (!SCRIPTS.includes(keyword)) return JSON.stringify(sorted(full)) === JSON.stringify(sorted(text));
  const [before, now] = [full, text].map((it) => lines(pipeline, it).filter((line) => !/^!reference \.notify-deploy |pipeline_notifier/u.test(line)));
  return asText(before) === asText(now);
}

/** Returns the lines of a script as a text, to compare it with another form of the same script. */
export function asText(script) {
  return script.map((line) => line.trimEnd()).join("\n");
}

/** Returns a value with the keys of its hashes in alphabetical order. */
export function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).toSorted().map((key) => [key, sorted(value[key])]));
}

/** Returns the names in `extends` as a list. */
export function parents(values) {
  return [values?.extends ?? []].flat(9).map(String);
}

/** Returns a top-level value from the component, from other files and from the text; `undefined` without one. */
function defined(pipeline, name) {
  const parts = [pipeline.elsewhere ?? {}, pipeline.values].map((it) => (Object.hasOwn(it, name) ? it[name] : undefined));
  return parts.reduce((below, above) => (isHash(below) && isHash(above) ? merged(below, above) : (above ?? below)), ofComponent(pipeline, name));
}

/** Returns the part of a job that the component brings: the settings, and the hooks in a job with them merged in. */
function ofComponent({ targets }, name) {
  const settings = { variables: { [SETTING]: "" } };
  if (OURS.includes(name)) return settings;
  return targets.includes(name) ? { ...settings, before_script: [{ "!reference": HOOK.script }], after_script: [{ "!reference": HOOK.after_script }] } : undefined;
}

/** Merges hashes deeply and replaces everything else, as `extends` and `include` do. */
function merged(below, above) {
  const both = { ...below };
  for (const [key, value] of Object.entries(above)) both[key] = isHash(both[key]) && isHash(value) ? merged(both[key], value) : value;
  return both;
}

/**
 * Returns a job's final values with all that it extends, its parents and ancestors, the levels of its `extends`, and the origin of each
 * script; `undefined` for an unknown job. An origin is `{job}`, with `elsewhere` if another file has that part of it; `{unknown}` for a
 * job of an unseen file; or `{keyword}` for `default` and the top level.
 */
export function effective(pipeline, name) {
  return once(pipeline, `effective ${name}`, () => {
    const job = extended(pipeline, name);
    if (!job) return undefined;
    const [values, from] = [{ ...job.values }, { ...job.from }];
    for (const script of ["before_script", "after_script"]) {
      const [found, value] = from[script] ? [] : fromDefault(pipeline, values, script);
      if (found) [from[script], values[script]] = [found, value];
    }
    return { ...job, values, from };
  });
}

/** Returns a job like `effective`, but without `default` and the top level: references see it in this form. */
function extended(pipeline, name) {
  return once(pipeline, `extended ${name}`, () => {
    const definition = defined(pipeline, name);
    if (!isHash(definition)) return undefined;
    let values = {};
    const from = {};
    const ancestors = new Set();
    let level = "extends" in definition ? 1 : 0;
    let unknown;
    for (const parent of parents(definition)) {
      const inherited = extended(pipeline, parent);
      for (const it of [parent, ...(inherited?.ancestors ?? [])]) ancestors.add(it);
      level = Math.max(level, 1 + (inherited?.level ?? 0));
      unknown ??= inherited ? inherited.unknown : parent;
      if (inherited) {
        values = merged(values, inherited.values);
        Object.assign(from, inherited.from);
      } else {
        for (const script of SCRIPTS) from[script] = { unknown: parent };
      }
    }
    values = merged(values, definition);
    for (const script of SCRIPTS) {
      if (script in definition) from[script] = { job: name, elsewhere: !(script in here(pipeline, name)) };
      // A null script removes the parents' one, and `default` applies again.
      if (values[script] === null) delete from[script];
    }
    delete values.extends;
    return { values, from, parents: parents(definition), ancestors: [...ancestors], level, unknown };
  });
}

/** True if a job has the notifier's settings among its variables. */
export function hasSettings({ values }) {
  return isHash(values.variables) && SETTING in values.variables;
}

/** Returns a job's variables without the notifier's settings, and with a reference followed. */
export function ownVariables(pipeline, { variables }) {
  const found = variables?.["!reference"] ? (referred(pipeline, variables["!reference"]) ?? variables) : variables;
  return Object.fromEntries(Object.entries(found ?? {}).filter(([name]) => name !== SETTING));
}

/** Returns the origin and the value of a keyword of `default` or of the top level, if a job with these values takes it. */
export function fromDefault(pipeline, values, keyword) {
  const takes = values.inherit?.default ?? true;
  if (takes === false || (Array.isArray(takes) && !takes.includes(keyword))) return [];
  // An empty keyword counts as none.
  const [inDefault, atTop] = [defined(pipeline, "default")?.[keyword] ?? undefined, defined(pipeline, keyword) ?? undefined];
  if (inDefault !== undefined) return [{ keyword: ["default", keyword] }, inDefault];
  return atTop === undefined || keyword === "tags" ? [] : [{ keyword: [keyword] }, atTop];
}

/** Returns the value that a reference stands for; `undefined` if it is unknown. */
export function referred(pipeline, [name, ...path]) {
  const start = (GLOBAL.includes(name) ? undefined : extended(pipeline, name)?.values) ?? defined(pipeline, name);
  return path.reduce((at, key) => at?.[key], start);
}

/** Returns the lines of a script, with known references followed. An unknown reference becomes text. */
export function lines(pipeline, script) {
  return followed(pipeline, script).lines;
}

/** Returns the number of lists within each other in a script, with known references followed. */
export function depth(pipeline, script) {
  return followed(pipeline, script).depth;
}

function followed(pipeline, script) {
  if (Array.isArray(script)) {
    const items = script.map((item) => followed(pipeline, item));
    const all = items.flatMap((item) => item.lines);
    if (all.length > MOST_LINES) throw new Error("its references come to more lines than any script has");
    return { lines: all, depth: 1 + items.reduce((most, item) => Math.max(most, item.depth), 0) };
  }
  const path = script?.["!reference"];
  if (!path) return { lines: script === null || script === undefined ? [] : [String(script)], depth: 0 };
  const found = once(pipeline, `lines ${JSON.stringify(path)}`, () => {
    const value = referred(pipeline, path);
    return value === undefined ? undefined : followed(pipeline, value);
  });
  // The hooks are lists that refer to another list.
  return found ?? { lines: [`!reference ${path.join(" ")}`], depth: OURS.includes(path[0]) ? 2 : 1 };
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
