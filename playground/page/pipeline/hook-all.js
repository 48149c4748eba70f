// Hooks all jobs that somebody picked, in an order that works, and says why the others are left as they are.
import { hook, hookTogether } from "./hook.js";
import { effective, GLOBAL, here, parents, read } from "./read.js";

/**
 * Returns the text with all jobs hooked that can be, and the reasons for the others. Each job gets `hooked`: `text`, or `name` for a hook
 * by its name. `unsure` is true if an unseen file may have scripts for any job.
 */
export function hookAll(text, picked, given) {
  // A job comes before the jobs that extend it or refer to it.
  const order = picked.toSorted((a, b) => a.ancestors.length - b.ancestors.length);
  const left = new Map();
  for (;;) {
    const chosen = order.filter((job) => !job.cannot && !job.mayLose && !left.has(job.name)).map(({ name }) => name);
    const { text: changed, faults } = inOrder(text, order, left, { ...given, chosen });
    for (const fault of faults) left.set(fault.job, fault);
    // A job that is left as it is must inherit no hook, so the others are hooked once more without it.
    if (!faults.some(({ job }) => chosen.includes(job))) {
      const byName = order.filter((job) => job.hooked === "name").map(({ name }) => ({ code: "by-name", job: name }));
      return { text: changed, faults: [...left.values(), ...byName] };
    }
  }
}

/** Returns the text with the jobs hooked one after the other, and the reasons for those that cannot be. */
function inOrder(text, order, left, given) {
  const together = atOnce(text, order, given);
  for (let turn = 0; ; turn += 1) {
    const faults = [];
    let changed = together.text;
    let earlier;
    for (const job of order) {
      job.hooked = together.hooked.includes(job.name) ? "text" : undefined;
      if (job.hooked || left.has(job.name)) continue;
      const result = job.cannot ? { code: job.cannot } : hookedIn(changed, job, given);
      if (typeof result === "string") {
        changed = result;
        job.hooked = "text";
      } else if (result.code === "by-name") {
        job.hooked = "name";
      } else {
        const twice = order.findIndex((it) => it.name === result.named?.twice);
        if (twice >= 0 && twice < order.indexOf(job) && turn < order.length) earlier = [order.indexOf(job), twice];
        faults.push({ code: result.code, job: job.name, ...result.named });
      }
    }
    if (!earlier) return { text: changed, faults };
    order.splice(earlier[1], 0, ...order.splice(earlier[0], 1));
  }
}

/** Hooks the unrelated jobs at once. One by one would take long in a pipeline with many jobs. */
function atOnce(text, order, given) {
  const { chosen } = given;
  const isPlain = (job) => chosen.includes(job.name) && job.isHere && job.from.script && !job.isHooked && !job.ancestors.some((it) => chosen.includes(it));
  return inHalves(text, order.filter(isPlain).map(({ name }) => name), given);
}

/** Returns the text with as many of these jobs hooked as can be at once. Halves keep the others apart from a job that cannot. */
function inHalves(text, names, given) {
  const all = names.length > 0 ? tried(text, names, given) : { text, hooked: [], wrong: [] };
  if (all?.wrong.length === 0) return all;
  const apart = names.filter((it) => !all?.wrong.includes(it));
  if (apart.length < names.length) return inHalves(text, apart, given);
  if (names.length < 2) return { text, hooked: [] };
  const half = Math.ceil(names.length / 2);
  const first = inHalves(text, names.slice(0, half), given);
  const second = inHalves(first.text, names.slice(half), given);
  return { text: second.text, hooked: [...first.hooked, ...second.hooked] };
}

function tried(text, names, given) {
  try {
    return hookTogether(text, names, given);
  } catch {
    // Hooking one by one finds the job with the odd shape.
    return undefined;
  }
}

/** Returns the text with a job hooked, or the reason `{code, named}` why not. `by-name` means that it can be hooked by its name. */
function hookedIn(text, job, given) {
  if (job.reason === "template") return { code: "by-name" };
  if (job.isHooked) return text;
  if (!job.isHere) return byName(text, job, given);
  try {
    if (!job.values.script && !job.from.script) return { code: "unseen-job" };
    if (job.mayLose) return { code: "unseen-after" };
    return hook(text, job.name, given);
  } catch (left) {
    // An unexpected shape costs one job, not the whole proposal.
    if (!left.code) return { code: "odd-shape", named: { keyword: job.name } };
    return left.code === "included-job" ? byName(text, job, given) : left;
  }
}

/** Returns `by-name` for a job of another file without scripts that the hooks would replace, and without jobs that extend it. */
function byName(text, { name }, given) {
  const pipeline = read(text, given);
  const { from, values } = effective(pipeline, name);
  const scripts = ["before_script", "after_script"].filter((script) => from[script]);
  const outside = scripts.filter((script) => from[script].keyword);
  if (scripts.length > outside.length) return { code: "included-scripts", named: { scripts: scripts.filter((it) => !outside.includes(it)).join(", ") } };
  if (outside.length > 0) return { code: "included-default", named: { scripts: outside.join(", ") } };
  if (/["'\\]/u.test(name)) return { code: "odd-name" };
  if (values.variables?.["!reference"]) return { code: "variables-reference" };
  // An empty keyword in the text wins over the hooks. Empty variables of another file keep those of its parents away.
  const isEmpty = (it) => here(pipeline, name)[it] === null || (it === "variables" && pipeline.elsewhere?.[name]?.[it] === null);
  const empty = ["before_script", "after_script", "variables"].find(isEmpty);
  if (empty) return { code: "odd-shape", named: { keyword: empty } };
  const all = [...pipeline.jobs.keys(), ...Object.keys(pipeline.elsewhere ?? {})].filter((it) => !GLOBAL.includes(it));
  const children = all.filter((it) => it !== name && [...parents(pipeline.elsewhere?.[it]), ...(effective(pipeline, it)?.ancestors ?? [])].includes(name));
  return children.length > 0 ? { code: "shared-text", named: { others: children.join(", ") } } : { code: "by-name" };
}
