// Which jobs of a pipeline deploy, and which of them cannot carry the hooks.
import { effective, GLOBAL, includes } from "./read.js";

/** Actions of an environment that deploy nothing (https://docs.gitlab.com/ci/yaml/#environmentaction). */
const NO_DEPLOYMENT = ["stop", "verify", "prepare", "access"];
const DEPLOYS = word("deploy(s|ment|ments|er)?|ship|rollout|roll-out|release|promote|publish|배포|릴리스");
const DOES_NOT = word("stop|undeploy|un-deploy|destroy|teardown|tear-down|cleanup|clean-up|delete|test|tests|lint|check|build|plan|diff|dry-run|validate|verify|notes");
const STAGE = word("deploy(s|ment|ments)?|ship|rollout|release|production|staging|review|canary|배포");

/** The deploy jobs of GitLab's own templates (Auto-DevOps, Jobs/Deploy), which no pipeline shows without its full configuration. */
const OF_TEMPLATES = ["review", "staging", "canary", "production", "production_manual", "rollout 10%", "rollout 25%", "rollout 50%", "rollout 100%"];
const AUTO_DEVOPS = /^(Auto-DevOps|Jobs\/Deploy)(\.latest)?\.gitlab-ci\.yml$/u;

/** Whether a text has one of these words, whatever stands around it. */
function word(words) {
  return new RegExp(`(^|[^\\p{L}])(${words})([^\\p{L}]|$)`, "iu");
}

/** Every job that people see: whether it deploys, by what, and what it comes to. */
export function candidates(pipeline) {
  const elsewhere = Object.keys(pipeline.full ?? {}).filter((name) => isJob(pipeline.full[name]) && !GLOBAL.includes(name));
  const names = [...new Set([...pipeline.jobs.keys(), ...elsewhere])].filter((name) => !name.startsWith("."));
  const all = names.map((name) => ({ name, ...effective(pipeline, name), isHere: pipeline.jobs.has(name) }));
  return all.map((job) => ({ ...job, reason: reason(job), cannot: cannot(pipeline, job) }));
}

function isJob(value) {
  return Boolean(value) && typeof value === "object" && ["script", "trigger", "run", "extends"].some((keyword) => keyword in value);
}

/** Jobs of Auto DevOps to choose from, where the pipeline includes it and its full configuration is not there. */
export function ofTemplates(pipeline) {
  const has = includes(pipeline.values).some(({ template }) => AUTO_DEVOPS.test(template ?? ""));
  return has && !pipeline.full ? OF_TEMPLATES : [];
}

/** By what a job deploys: `environment`, its `name` or its `stage`; nothing where it does not seem to. */
function reason({ name, values }) {
  const { environment } = values;
  if (environment) return NO_DEPLOYMENT.includes(environment.action) ? undefined : "environment";
  if (DOES_NOT.test(name)) return undefined;
  if (DEPLOYS.test(name) || name === "pages") return "name";
  return STAGE.test(String(values.stage ?? "")) ? "stage" : undefined;
}

/** Why a job cannot carry the hooks, as a code of the page's words. */
function cannot(pipeline, { name, values }) {
  if (values.trigger) return "trigger";
  if (values.run) return "run";
  const image = imageOf(pipeline, values);
  const words = [...[values.tags ?? pipeline.values.default?.tags ?? []].flat(), image].join(" ");
  const script = [values.before_script, values.script].flat(3).filter((line) => typeof line === "string").join("\n");
  if (/windows|powershell|pwsh|servercore|nanoserver/iu.test(words) || /\$env:|Write-(Host|Output)|Set-(Item|Location|ExecutionPolicy)|Invoke-|\.ps1\b|\$ErrorActionPreference/u.test(script)) return "powershell";
  if (/macos|(^|[\s_-])(osx|mac|xcode)([\s_-]|$)/iu.test(words)) return "macos";
  return name.startsWith("notify-") ? "ours" : undefined;
}

/** The image of a job, as text. */
export function imageOf(pipeline, values) {
  const image = values.image ?? pipeline.values.default?.image ?? pipeline.values.image ?? "";
  return String(image?.name ?? image);
}

/** A job as an entry of `deploy_jobs`; what separates entries becomes a star. */
export function pattern(name) {
  return name.replaceAll(/[,;\n"']+/gu, "*");
}
