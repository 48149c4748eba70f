// The assistant adds the notifier to a pipeline, and collects warnings about it. Nothing here touches the DOM.
import { isComplete } from "./check.js";
import { isHash, withoutNewline } from "./document.js";
import { hookAll } from "./hook-all.js";
import { again, included, renamed, tagged } from "./include.js";
import { candidates, listOf, ofTemplates } from "./jobs.js";
import { here, includes, lines, others, OURS, read } from "./read.js";
import { applied } from "./text.js";
import { isWhole, ours, unseen, warnings } from "./warnings.js";

/**
 * Returns the changed `text` of a pipeline, the `jobs` with the result of each, and the `warnings`. A warning is the code of a text, with
 * the values to fill in. Throws an error that names the line if the text is no pipeline. The error has `full` if the full configuration
 * is none.
 *
 * - `text`: a `.gitlab-ci.yml`.
 * - `full`: GitLab's full configuration of it, or nothing.
 * - `project`: the path of the component's project.
 * - `inputs`: the component's inputs that differ from their defaults.
 * - `component(inputs)`: returns the lines of an include with these inputs.
 * - `chosen`: the names of the jobs to hook, if somebody chose.
 * - `sure`: true if somebody knows that no unseen file has scripts for them.
 */
export function propose({ text: pasted, full = "", project, inputs = {}, component, chosen, sure = false }) {
  // GitLab would read a byte order mark as a part of the first keyword.
  const written = pasted.replace(/^\uFEFF/u, "");
  const end = withoutNewline(written);
  const ended = end ? applied(written, [end]) : written;
  const text = applied(ended, renamed({ ...read(ended), project }));
  const { values } = read(text);
  const already = ours({ values, project });
  const targets = already.map(target);
  let elsewhere;
  try {
    elsewhere = others(text, full, targets);
  } catch (fault) {
    throw Object.assign(fault, { full: true });
  }
  const around = { elsewhere, targets, mayRepeat: Boolean(elsewhere) && includes(values).length > already.length };
  const pipeline = { ...read(text, around), project };
  const jobs = candidates(pipeline);
  for (const name of ofTemplates(pipeline)) {
    if (!jobs.some((job) => job.name === name)) jobs.push({ name, values: {}, from: {}, ancestors: [], isHere: false, reason: "template" });
  }
  // `review` is the job of Auto DevOps that a pipeline has without further settings.
  for (const job of jobs) job.picked = chosen ? chosen.includes(job.name) : job.reason === "template" ? job.name === "review" : Boolean(job.reason);

  const found = [];
  const taken = already.length > 0 ? undefined : OURS.find((it) => Object.hasOwn(pipeline.values, it) || Object.hasOwn(elsewhere ?? {}, it));
  if (taken) found.push({ code: "hidden-taken", job: taken });
  const picked = taken ? [] : jobs.filter((job) => job.picked);
  const unsure = unseen(pipeline).length > 0 && !sure;
  for (const job of picked) job.mayLose = job.isHere && !sure && mayLose(pipeline, job);
  const { text: hookedText, faults } = hookAll(text, picked, { ...around, unsure });
  found.push(...faults);
  let changed = hookedText;
  for (const job of jobs) if (job.isHooked) job.hooked ??= "text";

  const hooked = jobs.filter((job) => job.hooked);
  const given = { ...inputs, ...already[0]?.inputs };
  delete given.merge_into;
  Object.assign(given, names(pipeline, given, found, already.length > 0));
  if (hooked.length > 0) {
    const others = jobs.filter((job) => !job.hooked).map(({ name }) => name);
    const { list, isTooLong } = listOf(hooked.map(({ name }) => name), isWhole(pipeline) ? others : undefined);
    given.deploy_jobs = list;
    if (isTooLong) found.push({ code: "deploy-jobs-long" });
  }
  found.unshift(...warnings(pipeline, jobs, given));
  if (!taken) {
    // Each job that is hooked by name needs an include of its own, and the hooks in the text need another one.
    const needed = hooked.filter((job) => job.hooked === "name").map((job) => ({ ...given, merge_into: job.name }));
    if (refersToOurs(read(changed)) || needed.length + already.length === 0) needed.push(given);
    const each = needed.filter((it) => !targets.includes(target({ inputs: it }))).map(component);
    if (each.length > 0) changed = applied(changed, [included(read(changed), already.length > 0 ? each.map((it) => again(already[0], it)) : each)]);
    const tags = found.find(({ code }) => code === "tags");
    if (tags) changed = applied(changed, [tagged(read(changed), tags.jobs, tags.tags)]);
  }
  return { text: end ? reopened(changed, { ended, written, end }) : changed, jobs, warnings: found };
}

/** Returns the job into which an include of the component merges the hooks. */
function target({ inputs }) {
  return String(inputs?.merge_into ?? ".notify-deploy");
}

/** True if a job extends the component's hidden jobs, or refers to them. */
function refersToOurs({ values }) {
  return OURS.some((name) => JSON.stringify(values).includes(JSON.stringify(name)));
}

/** Returns a changed text with its last block as it was, if nothing comes after that block. */
function reopened(changed, { ended, written, end }) {
  const tail = ended.slice(end.at);
  return changed.endsWith(tail) ? changed.slice(0, -tail.length) + written.slice(end.at) : changed;
}

/** True if an unseen file may have a part of this job that the hooks would replace. A full configuration shows all parts. */
function mayLose(pipeline, { name, from }) {
  if (isComplete(pipeline, name)) return false;
  if (unseen(pipeline).length === 0 && !ofTemplates(pipeline).includes(name)) return false;
  // An unseen parent is a reason of its own.
  if (from.script?.unknown || from.after_script?.unknown) return false;
  const own = here(pipeline, name);
  const isOwn = ["script", "after_script"].every((it) => from[it]?.job === name) && "extends" in own;
  return !isOwn || ("variables" in own && !isHash(own.variables));
}

/** Returns other names for the notifier's own jobs, if the pipeline has jobs with their names. */
function names(pipeline, inputs, found, isIncluded) {
  const own = {};
  const job = (name) => pipeline.jobs.get(name)?.values ?? pipeline.elsewhere?.[name];
  const isTaken = (name) => {
    const { script, extends: more, trigger } = job(name) ?? {};
    return Boolean(script ?? more ?? trigger) && !lines(pipeline, script).some((line) => line.includes("pipeline_notifier"));
  };
  for (const [input, usual] of [["start_job", "notify-start"], ["finish_job", "notify-finish"]]) {
    const name = inputs[input] ?? usual;
    const all = input === "finish_job" ? [name, `${name}-success`] : [name];
    for (const it of all.filter((it) => pipeline.jobs.has(it) && !isTaken(it))) found.push({ code: "merges-into-ours", job: it });
    const taken = all.find(isTaken);
    if (!taken) continue;
    if (isIncluded) {
      found.push({ code: "name-taken-there", job: taken, input });
      continue;
    }
    own[input] = ["slack", "slack-channel", "pipeline-notifier"].map((it) => `${it}-${name}`).find((it) => !job(it) && !job(`${it}-success`)) ?? `our-${name}`;
    found.push({ code: "name-taken", job: taken, input, instead: own[input] });
  }
  return own;
}
