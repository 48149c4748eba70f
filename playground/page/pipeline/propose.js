// The assistant: from a pipeline to the same pipeline with the notifier, and what to know about it. Nothing here touches the page.
import { hook, hookTogether } from "./hook.js";
import { included, renamed, tagged } from "./include.js";
import { candidates, ofTemplates, pattern } from "./jobs.js";
import { effective, GLOBAL, lines, others, parents, read } from "./read.js";
import { applied } from "./text.js";
import { ours, unseen, warnings } from "./warnings.js";

/**
 * What to change in a pipeline. `text` is a `.gitlab-ci.yml`, `full` GitLab's full configuration of it or nothing, `project` the path of
 * the component's project, `inputs` the component's inputs that differ from their defaults, `component(inputs)` the lines of an include
 * with them, `chosen` the names of the jobs to hook, where somebody chose, `sure` whether
 * somebody knows that no file which is not shown has an after_script for them. The answer has the changed `text`, the `jobs` with what
 * became of each, and `warnings`, each a code of the page's words with what it names. Throws an error that names the line where the
 * text is no pipeline; it has `full` where the full configuration is none.
 */
export function propose({ text: pasted, full = "", project, inputs = {}, component, chosen, sure = false }) {
  // To GitLab a byte order mark would be a part of the first keyword.
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
  // Of the jobs of Auto DevOps it is `review` that a pipeline has without further settings.
  for (const job of jobs) job.picked = chosen ? chosen.includes(job.name) : job.reason === "template" ? job.name === "review" : Boolean(job.reason);

  const found = [];
  const [already] = ours(pipeline);
  const taken = already ? undefined : [".notify", ".notify-deploy"].find((it) => pipeline.jobs.has(it) || Object.hasOwn(elsewhere ?? {}, it));
  if (taken) found.push({ code: "hidden-taken", job: taken });
  const picked = taken ? [] : jobs.filter((job) => job.picked);
  // What stands in files that nobody showed, an after_script above all, would be lost.
  if (unseen(pipeline).length > 0 && !sure) for (const job of picked) job.mayLose = job.isHere && !job.from.after_script;
  let changed = inText(text, elsewhere, picked, found);
  const byName = picked.filter((job) => job.hooked === "name").map(({ name }) => name);

  const hooked = jobs.filter((job) => job.hooked);
  const given = { ...inputs, ...already?.inputs };
  Object.assign(given, names(pipeline, given, found, Boolean(already)));
  if (hooked.length > 0) given.deploy_jobs = hooked.map((job) => pattern(job.name)).join(",");
  found.unshift(...warnings(pipeline, jobs, given));
  if (!taken && !already) {
    // Hooks by name are not those that jobs refer to: each needs an include of its own, and so do those in the text.
    const each = byName.map((name) => component({ ...given, merge_into: name }));
    if (each.length === 0 || hooked.some((job) => job.hooked === "text")) each.push(component(given));
    changed = applied(changed, [included(read(changed, elsewhere), each)]);
    const tags = found.find(({ code }) => code === "tags");
    if (tags) changed = applied(changed, [tagged(read(changed, elsewhere), tags.jobs, tags.tags)]);
  }
  return { text: changed, jobs, warnings: found };
}

/** The text with the jobs hooked that can be; the others are found wanting. */
function inText(text, elsewhere, picked, found) {
  // Jobs before those that extend them, and one that others refer to before these.
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

/** The jobs that have to do with no other, hooked at once: one by one they would take long in a pipeline of many. */
function atOnce(text, elsewhere, order, carriers) {
  const plain = order.filter((job) => job.isHere && job.from.script && !job.cannot && !job.isHooked && !job.mayLose && !job.ancestors.some((it) => carriers.includes(it)));
  try {
    return hookTogether(text, elsewhere, plain.map(({ name }) => name), carriers);
  } catch {
    // One by one, the job with the odd shape is found.
    return undefined;
  }
}

/** The text with a job hooked, or why it is not: `{code, named}`, of which `by-name` means that it can be by its name. */
function hookedIn(text, elsewhere, job, carriers) {
  if (job.reason === "template") return { code: "by-name" };
  if (job.isHooked) return text;
  if (!job.isHere) return byName(text, elsewhere, job);
  try {
    if (!job.values.script && !job.from.script) return { code: "unseen-job" };
    if (job.mayLose && !job.cannot && !job.ancestors.includes(".notify-deploy")) return { code: "unseen-after" };
    return hook(text, elsewhere, job.name, carriers);
  } catch (left) {
    // A shape that nobody thought of costs one job, not the page.
    if (!left.code) return { code: "odd-shape", named: { keyword: job.name } };
    return left.code === "included-job" ? byName(text, elsewhere, job) : left;
  }
}

/** Whether a job of another file can carry the hooks by its name: it has no scripts that they would replace, and no job extends it. */
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

/** Other names for the notifier's own jobs, where the pipeline has jobs of theirs. */
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
