// The assistant adds the notifier to a pipeline, and collects warnings about it. Nothing here touches the DOM.
import { hook, hookTogether } from "./hook.js";
import { included, renamed, tagged } from "./include.js";
import { candidates, ofTemplates, pattern } from "./jobs.js";
import { effective, GLOBAL, lines, others, parents, read } from "./read.js";
import { applied } from "./text.js";
import { ours, unseen, warnings } from "./warnings.js";

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
 * - `sure`: true if somebody knows that no unseen file has an after_script for them.
 */
export function propose({ text: pasted, full = "", project, inputs = {}, component, chosen, sure = false }) {
  // GitLab would read a byte order mark as a part of the first keyword.
  const written = pasted.replace(/^\uFEFF/u, "");
  const text = applied(written, renamed({ ...read(written), project }));
  const pipeline = read(text);
  let elsewhere;
  try {
    elsewhere = others(text, full);
  } catch (fault) {
    throw Object.assign(fault, { full: true });
  }
  Object.assign(pipeline, { elsewhere, project });
  const jobs = candidates(pipeline);
  for (const name of ofTemplates(pipeline)) {
    if (!jobs.some((job) => job.name === name)) jobs.push({ name, values: {}, from: {}, ancestors: [], isHere: false, reason: "template" });
  }
  // `review` is the job of Auto DevOps that a pipeline has without further settings.
  for (const job of jobs) job.picked = chosen ? chosen.includes(job.name) : job.reason === "template" ? job.name === "review" : Boolean(job.reason);

  const found = [];
  const [already] = ours(pipeline);
  const taken = already ? undefined : [".notify", ".notify-deploy"].find((it) => pipeline.jobs.has(it) || Object.hasOwn(elsewhere ?? {}, it));
  if (taken) found.push({ code: "hidden-taken", job: taken });
  const picked = taken ? [] : jobs.filter((job) => job.picked);
  // Scripts in unseen files, above all an after_script, would be lost.
  if (unseen(pipeline).length > 0 && !sure) for (const job of picked) job.mayLose = job.isHere && !job.from.after_script;
  let changed = inText(text, elsewhere, picked, found);
  const byName = picked.filter((job) => job.hooked === "name").map(({ name }) => name);

  const hooked = jobs.filter((job) => job.hooked);
  const given = { ...inputs, ...already?.inputs };
  Object.assign(given, names(pipeline, given, found, Boolean(already)));
  if (hooked.length > 0) given.deploy_jobs = hooked.map((job) => pattern(job.name)).join(",");
  found.unshift(...warnings(pipeline, jobs, given));
  if (!taken && !already) {
    // Each job that is hooked by name needs an include of its own, and the hooks in the text need another one.
    const each = byName.map((name) => component({ ...given, merge_into: name }));
    if (each.length === 0 || hooked.some((job) => job.hooked === "text")) each.push(component(given));
    changed = applied(changed, [included(read(changed, elsewhere), each)]);
    const tags = found.find(({ code }) => code === "tags");
    if (tags) changed = applied(changed, [tagged(read(changed, elsewhere), tags.jobs, tags.tags)]);
  }
  return { text: changed, jobs, warnings: found };
}

/** Returns the text with all jobs hooked that can be. The reasons for the others go to `found`. */
function inText(text, elsewhere, picked, found) {
  // A job comes before the jobs that extend it or refer to it.
  const order = picked.toSorted((a, b) => a.ancestors.length - b.ancestors.length);
  const carriers = order.filter(({ cannot }) => !cannot).map(({ name }) => name);
  const together = atOnce(text, elsewhere, order, carriers);
  for (let turn = 0; ; turn += 1) {
    const faults = [];
    let changed = together?.text ?? text;
    let earlier;
    for (const job of order) {
      job.hooked = together?.hooked.includes(job.name) ? "text" : undefined;
      if (job.hooked) continue;
      const left = job.cannot ? { code: job.cannot } : hookedIn(changed, elsewhere, job, carriers);
      if (typeof left === "string") {
        changed = left;
        job.hooked = "text";
      } else if (left.code === "by-name") {
        job.hooked = "name";
        faults.push({ code: "by-name", job: job.name });
      } else {
        const twice = order.findIndex((it) => it.name === left.named?.twice);
        if (twice >= 0 && twice < order.indexOf(job) && turn < order.length) earlier = [order.indexOf(job), twice];
        faults.push({ code: left.code, job: job.name, ...left.named });
      }
    }
    if (!earlier) {
      found.push(...faults);
      return changed;
    }
    order.splice(earlier[1], 0, ...order.splice(earlier[0], 1));
  }
}

/** Hooks the unrelated jobs at once. One by one would take long in a pipeline with many jobs. */
function atOnce(text, elsewhere, order, carriers) {
  const plain = order.filter((job) => job.isHere && job.from.script && !job.cannot && !job.isHooked && !job.mayLose && !job.ancestors.some((it) => carriers.includes(it)));
  try {
    return hookTogether(text, elsewhere, plain.map(({ name }) => name), carriers);
  } catch {
    // Hooking one by one finds the job with the odd shape.
    return undefined;
  }
}

/** Returns the text with a job hooked, or the reason `{code, named}` why not. `by-name` means that it can be hooked by its name. */
function hookedIn(text, elsewhere, job, carriers) {
  if (job.reason === "template") return { code: "by-name" };
  if (job.isHooked) return text;
  if (!job.isHere) return byName(text, elsewhere, job);
  try {
    if (!job.values.script && !job.from.script) return { code: "unseen-job" };
    if (job.mayLose && !job.cannot && !job.ancestors.includes(".notify-deploy")) return { code: "unseen-after" };
    return hook(text, elsewhere, job.name, carriers);
  } catch (left) {
    // An unexpected shape costs one job, not the whole proposal.
    if (!left.code) return { code: "odd-shape", named: { keyword: job.name } };
    return left.code === "included-job" ? byName(text, elsewhere, job) : left;
  }
}

/** Returns `by-name` for a job of another file without scripts that the hooks would replace, and without jobs that extend it. */
function byName(text, elsewhere, { name, from, values }) {
  const pipeline = read(text, elsewhere);
  const scripts = ["before_script", "after_script"].filter((script) => from[script]);
  const outside = scripts.filter((script) => from[script].keyword);
  if (scripts.length > outside.length) return { code: "included-scripts", named: { scripts: scripts.filter((it) => !outside.includes(it)).join(", ") } };
  if (outside.length > 0) return { code: "included-default", named: { scripts: outside.join(", ") } };
  if (/["'\\]/u.test(name)) return { code: "odd-name" };
  if (values.variables?.["!reference"]) return { code: "variables-reference" };
  const all = [...pipeline.jobs.keys(), ...Object.keys(elsewhere ?? {})].filter((it) => !GLOBAL.includes(it));
  const children = all.filter((it) => it !== name && [...parents(elsewhere?.[it]), ...(effective(pipeline, it)?.ancestors ?? [])].includes(name));
  return children.length > 0 ? { code: "shared-text", named: { others: children.join(", ") } } : { code: "by-name" };
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
