// Warns about parts of a pipeline that matter for the notifier, by GitLab's own configuration code.
import { imageOf, pattern } from "./jobs.js";
import { ofMergeRequests } from "./merge-requests.js";
import { includes, parents, stages } from "./read.js";

/** Images without curl and wget: those of the distributions, and slim ones. */
const NO_DOWNLOADER = /(^|\/)((debian|ubuntu|fedora|eclipse-temurin|postgres|mysql)(:[^/]*)?|[^/]*-slim)$/iu;

/** Stages that every pipeline has, before and after its own. */
const EDGES = [".pre", ".post"];

/** Returns the includes that are the component already, or a copy of its file. */
export function ours({ values, project }) {
  const isOurs = ({ component = "", project: other, file, local, remote, inputs }) => {
    if (String(component).split("@")[0].endsWith(`/${project}/notify`)) return true;
    const isCopy = [file, local, remote].flat().some((it) => /(^|\/)notify\.yml$/u.test(String(it ?? "")));
    return isCopy && (other === project || local === ".gitlab/notify.yml" || ["deploy_jobs", "merge_into", "package_url"].some((it) => it in (inputs ?? {})));
  };
  return includes(values).filter(isOurs);
}

/** Returns the unseen included files. GitLab's templates and components are no team's files, and set no scripts for all jobs. */
export function unseen(pipeline) {
  if (pipeline.elsewhere) return [];
  const already = ours(pipeline);
  const files = includes(pipeline.values).filter((it) => !already.includes(it) && !it.template && !it.component);
  return files.map((it) => String([it.local ?? it.remote ?? it.file ?? it.artifact].flat()[0]));
}

/** True if all jobs of a pipeline are known. Templates and components bring jobs, too. */
export function isWhole(pipeline) {
  return Boolean(pipeline.elsewhere) || includes(pipeline.values).length === ours(pipeline).length;
}

/** Returns the warnings of a pipeline with these inputs, each `{code}` with the values for its text. */
export function warnings(pipeline, jobs, inputs) {
  const { values } = pipeline;
  const found = [];
  const add = (code, named = {}) => found.push({ code, ...named });

  const already = ours(pipeline);
  if (already.length > 0) add("included-already", { jobs: inputs.deploy_jobs ?? "" });
  if (new Set(already.map((it) => it.inputs?.merge_into ?? "")).size < already.length) add("included-twice");

  if (jobs.length === 0) add("no-jobs");
  else if (!jobs.some((job) => job.picked)) add("no-deploy-jobs");
  for (const name of pipeline.twice) add("twice", { job: name });

  const known = stages(pipeline);
  for (const input of ["start_stage", "finish_stage"]) {
    if (inputs[input] && !known.includes(inputs[input])) add("unknown-stage", { input, stage: inputs[input], stages: known.slice(1, -1).join(", ") });
  }
  // GitLab makes no pipeline of jobs in .pre and .post only.
  const early = ["start_stage", ...(inputs.finish === "never" ? [] : ["finish_stage"])].find((input) => known.includes(inputs[input]) && !EDGES.includes(inputs[input]));
  const theirs = jobs.filter(({ name, cannot }) => cannot !== "ours" && !ownJobs({ ...inputs, finish: "always" }).includes(name));
  if (early && isWhole(pipeline) && ofMergeRequests(pipeline, theirs)) add("merge-requests-only", { input: early, stage: inputs[early] });
  const files = unseen(pipeline);
  if (files.length > 0) add("includes-unseen", { files: files.join(", ") });

  for (const job of jobs) {
    const { name, values: its, hooked } = job;
    const needed = [its.needs ?? [], its.dependencies ?? []].flat(2).map((it) => it?.job ?? it);
    if (needed.includes(inputs.start_job ?? "notify-start")) add("needs-start", { job: name, start: inputs.start_job ?? "notify-start" });
    if (isBlocking(its)) add("blocking-manual", { job: name });
    if (its.trigger?.include || (its.trigger && !its.trigger.strategy)) add("child-pipeline", { job: name });
    if (!hooked) continue;
    if (its.allow_failure && its.when !== "manual") add("may-fail", { job: name });
    if (job.from.before_script && parents(pipeline.jobs.get(name)?.values).includes(".notify-deploy")) add("short-way", { job: name });
    const image = imageOf(pipeline, its);
    if (NO_DOWNLOADER.test(image) && !/alpine/u.test(image)) add("no-downloader", { job: name, image });
    const earlier = expiring(pipeline, jobs, job);
    if (earlier.length > 0) add("expiring-artifacts", { job: name, others: earlier.join(", ") });
    if (pattern(name) !== name) add("pattern", { job: name, pattern: pattern(name) });
  }
  if (values.workflow?.auto_cancel?.on_job_failure === "all") add("auto-cancel");
  if (inputs.finish === "never") add("finish-never");

  const tags = tagsOf(pipeline, jobs);
  // A second job of the same name would replace the first one.
  const untagged = ownJobs(inputs).filter((it) => !pipeline.jobs.has(it));
  if (tags && already.length === 0 && untagged.length > 0) add("tags", { tags, jobs: untagged });
  return found;
}

/** Returns the names of the notifier's own jobs with these inputs. */
function ownJobs(inputs) {
  const [start, finish] = [inputs.start_job ?? "notify-start", inputs.finish_job ?? "notify-finish"];
  const ends = { never: [], change: [finish, `${finish}-success`], always: [finish, `${finish}-success`] };
  return [start, ...(ends[inputs.finish] ?? [finish])];
}

/** Returns the tags that the notifier's own jobs need, if every job of the pipeline has its own tags and `default` has none. */
function tagsOf(pipeline, jobs) {
  const seen = jobs.filter(({ isHere, values }) => isHere && values.script);
  if (pipeline.values.default?.tags || pipeline.elsewhere?.default?.tags || seen.length === 0 || seen.some(({ values }) => !values.tags?.length)) return undefined;
  const able = seen.filter(({ cannot }) => cannot !== "powershell" && cannot !== "macos");
  const tags = (able.find(({ hooked }) => hooked) ?? able[0])?.values.tags;
  return tags && [tags].flat().map(String);
}

/** True for a manual job that blocks the pipeline. `when: manual` in `rules` may not fail unless it says so; outside of `rules` it may. */
function isBlocking({ when, allow_failure: mayFail, rules }) {
  if (Array.isArray(rules)) return rules.some((rule) => (rule?.when ?? when) === "manual" && (rule?.allow_failure ?? mayFail ?? false) === false);
  return when === "manual" && mayFail === false;
}

/** Returns the jobs of earlier stages whose expiring artifacts a deploy job takes without naming them. */
function expiring(pipeline, jobs, job) {
  if (job.values.dependencies || job.values.needs) return [];
  const order = stages(pipeline);
  const at = (it) => order.indexOf(String(it.values.stage ?? "test"));
  return jobs.filter((it) => it.values.artifacts?.paths && it.values.artifacts.expire_in !== "never" && at(it) < at(job)).map(({ name }) => name);
}
