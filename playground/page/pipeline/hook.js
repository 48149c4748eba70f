// Puts the hooks into jobs. It keeps all scripts: every job is compared with its earlier form.
import { isAlias, isMap } from "../yaml/index.js";
import { harmed, hooks, isComplete, isShort, isWrong, mayRefer, repeatable, tooDeep } from "./check.js";
import { mergedFrom, own } from "./document.js";
import { added, extend, Left, listed, spelledOut, variables } from "./edits.js";
import { effective, hasSettings, read } from "./read.js";
import { applied, reference } from "./text.js";

/**
 * Returns the text with a job hooked. Throws `{code, named}` if this is not safe. Only the hooks may be new, only in the `chosen` jobs,
 * each once, with its settings. `unsure` is true if an unseen file may have scripts for any job; the other values are those of `read`.
 */
export function hook(text, name, { chosen, unsure, ...around }) {
  const before = read(text, around);
  const job = before.jobs.get(name);
  const pipeline = isAlias(job.node) ? read(spelledOut(before, job), around) : before;
  const edits = editsFor(pipeline, name);
  if (edits.length === 0) return completed(before, name);
  let now = read(applied(pipeline.text, edits), around);
  const found = harmed(before, now, chosen);
  // A job that extends this one, such as one that stops an environment, keeps its earlier after_script.
  if (!unsure) for (const other of found) now = read(kept(pipeline, now, name, other), around);
  const still = found.length > 0 ? harmed(before, now, chosen) : found;
  const others = still.filter((other) => other !== name);
  if (others.length > 0) throw new Left("shared-text", { others: others.join(", ") });
  if (still.length > 0) throw new Left("odd-shape", { keyword: "script" });
  const wrong = newlyWrong(before, now, chosen);
  if (wrong.includes(name)) throw new Left("hooks-misplaced");
  // The other order of the two jobs may help against a hook that is there twice.
  if (wrong.length > 0) throw new Left("referred-to", { others: wrong.join(", "), twice: wrong.find((it) => isRepeated(now, it)) });
  const deep = newlyDeep(before, now);
  if (deep.length > 0) throw new Left("too-deep", { others: deep.join(", ") });
  return completed(now, name);
}

/** Returns the text of a pipeline with a job that has its hooks and the settings for them. */
function completed(pipeline, name) {
  if (!isComplete(pipeline, name)) throw new Left("odd-shape", { keyword: hasSettings(effective(pipeline, name)) ? "script" : "variables" });
  return pipeline.text;
}

/** Returns the chosen jobs in which a change puts a hook twice or in a wrong place. */
function newlyWrong(before, now, chosen) {
  return chosen.filter((it) => isWrong(now, it) && !isWrong(before, it));
}

/** Returns the jobs that a change puts beyond a limit of GitLab. */
function newlyDeep(before, now) {
  const already = tooDeep(before);
  return tooDeep(now).filter((it) => !already.includes(it));
}

function isRepeated(pipeline, name) {
  const { start, end, misplaced } = hooks(pipeline, effective(pipeline, name));
  return misplaced === 0 && (start > 1 || end > 1);
}

/**
 * Returns the text with several unrelated jobs hooked at once, and their names; `undefined` if a job is harmed. `wrong` has the jobs that
 * refer to a hooked one: they come after it.
 */
export function hookTogether(text, names, { chosen, ...around }) {
  const before = read(text, around);
  const edits = [];
  const hooked = [];
  for (const name of names.filter((it) => isMap(before.jobs.get(it).node))) {
    try {
      edits.push(...editsFor(before, name));
      hooked.push(name);
    } catch (left) {
      if (!left.code) throw left;
    }
  }
  const now = read(applied(text, edits), around);
  const wrong = newlyWrong(before, now, chosen);
  const isWell = harmed(before, now, chosen).length === 0 && newlyDeep(before, now).length === 0 && hooked.every((it) => isComplete(now, it) || wrong.includes(it));
  return isWell ? { text: now.text, hooked, wrong } : undefined;
}

/** Returns the edits for a job; none if it is hooked. */
function editsFor(pipeline, name) {
  const job = pipeline.jobs.get(name);
  const all = effective(pipeline, name);
  if (isShort(all)) return [];
  const { start, end } = hooks(pipeline, all);
  const missing = [...(start === 0 ? ["script"] : []), ...(end === 0 ? ["after_script"] : [])];
  for (const script of ["script", "after_script"]) {
    if (all.from[script]?.unknown) throw new Left("unknown-parent", { parent: all.from[script].unknown });
    if (all.from[script]?.job === name && all.from[script].elsewhere && missing.includes(script)) throw new Left("included-job");
  }
  if (!isMap(job.node)) throw new Left("odd-shape", { keyword: name });
  if (isWrong(pipeline, name) && !isComplete(pipeline, name)) throw new Left("hooks-misplaced");
  const edits = [];
  if (!all.ancestors.includes(".notify")) edits.push(...extend(pipeline, job, all));
  edits.push(...variables(pipeline, job, all));
  for (const script of missing) edits.push(added(pipeline, job, all, keywordFor(pipeline, job, all, script)));
  // The text wins over another file's job with the same value.
  for (const script of repeatable(pipeline, all, name)) edits.push(listed(pipeline, job, script, [reference([all.from[script].job, script])]));
  return edits;
}

/** Returns the keyword for a hook. A job that may be referred to gets a before_script, if it has none yet: nothing refers to that. */
function keywordFor(pipeline, { name }, all, script) {
  const others = mayRefer(pipeline, name, all, script);
  if (others.length === 0) return script;
  const { before_script: before } = all.from;
  if (script === "script" && (!before || before.keyword)) return "before_script";
  throw new Left("may-refer", { others: others.join(", ") });
}

/** Returns the text with the earlier after_script of a job that extends the hooked one. */
function kept(before, after, hooked, other) {
  const known = effective(before, other);
  const job = after.jobs.get(other);
  const provider = known?.from.after_script;
  if (!known || !job || !isMap(job.node) || own(job.node, "after_script") || provider?.unknown) return after.text;
  const had = provider && (provider.keyword ?? [provider.job, "after_script"]);
  const path = provider?.job === hooked ? mergedFrom(before, before.jobs.get(hooked).node, "after_script") : had;
  if (provider && !path) return after.text;
  return applied(after.text, [listed(after, job, "after_script", path ? [reference(path)] : [])]);
}
