// The assistant: from a pipeline to the same pipeline with the notifier, and what to know about it. Nothing here touches the page.
import { hook, mentions } from "./hook.js";
import { included, tagged } from "./include.js";
import { candidates, ofTemplates, pattern } from "./jobs.js";
import { read } from "./read.js";
import { applied } from "./text.js";
import { warnings } from "./warnings.js";

/**
 * What to change in a pipeline. `text` is a `.gitlab-ci.yml`, `full` GitLab's full configuration of it or nothing, `inputs` the
 * component's inputs that differ from their defaults, `component(inputs)` the lines of an include with them, `chosen` the names of
 * the jobs to hook, where somebody chose. The answer has the changed `text`, the `jobs` with what became of each, and `warnings`,
 * each a code of the page's words with what it names. Throws an error that names the line where the text is no pipeline.
 */
export function propose({ text, full = "", inputs = {}, component, chosen }) {
  const pipeline = read(text, full);
  const jobs = candidates(pipeline);
  const templates = ofTemplates(pipeline);
  for (const name of templates) if (!jobs.some((job) => job.name === name)) jobs.push({ name, values: {}, from: {}, isHere: false, reason: "template" });
  // Of the jobs of Auto DevOps it is `review` that a pipeline has without further settings.
  const isChosen = ({ name, reason }) => (chosen ? chosen.includes(name) : reason === "template" ? name === "review" : Boolean(reason));

  const found = [];
  const byName = [];
  const picked = jobs.filter(isChosen);
  const carriers = picked.filter(({ cannot }) => !cannot).map(({ name }) => name);
  let changed = text;
  for (const job of jobs) job.picked = picked.includes(job);
  for (const job of picked) {
    if (job.cannot) {
      found.push({ code: job.cannot, job: job.name });
    } else if (job.isHere && (job.values.script || mentions(job.values, ".notify-deploy"))) {
      try {
        changed = hook(changed, full, job.name, carriers);
        job.hooked = "text";
      } catch (left) {
        if (!left.code) throw left;
        if (left.code === "included-job") named(job, byName, found);
        else found.push({ code: left.code, job: job.name, ...left.named });
      }
    } else {
      named(job, byName, found);
    }
  }

  const hooked = jobs.filter((job) => job.hooked);
  const own = names(pipeline, inputs, found);
  const given = { ...inputs, ...own };
  if (hooked.length > 0) given.deploy_jobs = hooked.map((job) => pattern(job.name)).join(",");
  found.unshift(...warnings(pipeline, jobs, given));
  if (!found.some(({ code }) => code === "included-already")) {
    const each = byName.length > 0 ? byName.map((name) => component({ ...given, deploy_job: name })) : [component(given)];
    changed = applied(changed, [included(read(changed, full), each)]);
    const tags = found.find(({ code }) => code === "tags");
    if (tags) changed = applied(changed, [tagged(read(changed, full), tags.jobs, tags.tags)]);
  }
  return { text: changed, jobs, warnings: found };
}

/** A job of another file carries the hooks by its name, where it has no scripts that they would replace. */
function named(job, byName, found) {
  const scripts = ["before_script", "after_script"].filter((script) => job.from[script] && !job.from[script].keyword);
  const outside = ["before_script", "after_script"].filter((script) => job.from[script]?.keyword);
  if (scripts.length > 0) {
    found.push({ code: "included-scripts", job: job.name, scripts: scripts.join(", ") });
  } else if (outside.length > 0) {
    found.push({ code: "included-default", job: job.name, scripts: outside.join(", ") });
  } else if (/["'\\]/u.test(job.name)) {
    found.push({ code: "odd-name", job: job.name });
  } else {
    job.hooked = "name";
    byName.push(job.name);
    found.push({ code: "by-name", job: job.name });
  }
}

/** Other names for the notifier's own jobs, where the pipeline has jobs of theirs. */
function names(pipeline, inputs, found) {
  const own = {};
  for (const [input, usual] of [["start_job", "notify-start"], ["finish_job", "notify-finish"]]) {
    const name = inputs[input] ?? usual;
    const job = pipeline.jobs.get(name)?.values ?? pipeline.full?.[name];
    if (!job) continue;
    if (!job.script && !job.extends) {
      found.push({ code: "merges-into-ours", job: name });
    } else if (!mentions(job.script, ".pipeline-notifier") && !/pipeline_notifier/u.test(JSON.stringify(job.script ?? ""))) {
      own[input] = `slack-${name}`;
      found.push({ code: "name-taken", job: name, input, instead: own[input] });
    }
  }
  return own;
}
