// Finds the jobs of a pipeline that deploy, and those that cannot have the hooks.
import { isComplete } from "./check.js";
import { isHash } from "./document.js";
import { effective, fromDefault, GLOBAL, includes, lines, SCRIPTS } from "./read.js";

/** Actions of an environment that deploy nothing (https://docs.gitlab.com/ci/yaml/#environmentaction). */
const NO_DEPLOYMENT = ["stop", "verify", "prepare", "access"];
const DEPLOYS = /deploy|배포|rollout|roll-out|helm.?(upgrade|install)|(terraform|tofu).?apply/iu;
const WORDS = word("ship|release|promote|publish|prod|production|staging|upload|rollback|apply|릴리스");
const STAGE = word("deploy(s|ment|ments)?|ship|rollout|release|publish|prod|production|staging|canary|apply|배포");
/** Names of work before, after or instead of a deployment. */
const DOES_NOT = word("stop|undeploy|un-deploy|destroy|teardown|tear-down|cleanup|clean-up|delete|remove|notes");
const BEFORE = /^(test|lint|check|build|plan|diff|dry.?run|validate|verify|wait|approve|notify|smoke|e2e|review.?code|code)(?![\p{L}])/iu;
const AFTER = /[^\p{L}](tests?|check|plan|lint|verify|smoke|e2e|dry.?run)$/iu;

/** The deploy jobs of GitLab's own templates (Auto-DevOps, Jobs/Deploy). Only a full configuration shows them. */
const OF_TEMPLATES = ["review", "staging", "canary", "production", "production_manual", "rollout 10%", "rollout 25%", "rollout 50%", "rollout 100%"];
const AUTO_DEVOPS = /^(Auto-DevOps|Jobs\/Deploy)(\.latest)?\.gitlab-ci\.yml$/u;

/** Lines of PowerShell: its cmdlets, variables and scripts at the start of a command. */
const POWERSHELL = /\$(env:|LASTEXITCODE|ErrorActionPreference|PSScriptRoot)|^\s*(\$\w+\s*=|&\s*["'$]|(\$\w+\s*=\s*|&\s*)?(Add|Clear|Compress|Copy|Expand|Get|Import|Install|Invoke|Move|New|Out|Remove|Restart|Select|Set|Start|Stop|Test|Write)-[A-Z]\w+|(&\s*)?\S+\.ps1(\s|$)|iisreset|powershell(\.exe)?\s|cmd(\.exe)?\s+\/c)/mu;
const WINDOWS = /windows|powershell|pwsh|servercore|nanoserver|(^|[\s_-])win(dows|\d+)?([\s_-]|$)/iu;
const MACOS = /mac-?os|macmini|macbook|xcode|darwin|(^|[\s_-])(osx|mac|ios)([\s_-]|$)/iu;

/** Returns a pattern that matches any of these words as a whole word. */
function word(words) {
  return new RegExp(`(^|[^\\p{L}])(${words})([^\\p{L}]|$)`, "iu");
}

/** Returns every visible job with its values, and the reason why it seems to deploy. */
export function candidates(pipeline) {
  const elsewhere = Object.keys(pipeline.elsewhere ?? {}).filter((name) => isJob(pipeline.elsewhere[name]) && !GLOBAL.includes(name));
  const names = [...new Set([...pipeline.jobs.keys(), ...elsewhere, ...pipeline.targets])].filter((name) => !name.startsWith("."));
  const all = names.map((name) => ({ name, ...effective(pipeline, name), isHere: pipeline.jobs.has(name) })).filter(({ values }) => values);
  return all.map((job) => ({ ...job, reason: reason(job), cannot: cannot(pipeline, job), isHooked: isHooked(pipeline, job) }));
}

function isJob(value) {
  return isHash(value) && ["script", "trigger", "run", "extends"].some((keyword) => keyword in value);
}

/** True if an include merges the hooks into a job, or a full configuration shows the hooks themselves in it. */
function isHooked(pipeline, { name, values }) {
  if (pipeline.targets.includes(name)) return isComplete(pipeline, name);
  return [["before_script", "script"], ["after_script"]].every((all) => all.some((it) => lines(pipeline, values[it]).some((line) => line.includes("pipeline_notifier send"))));
}

/** Returns the jobs of Auto DevOps to choose from, if the pipeline includes it and has no full configuration here. */
export function ofTemplates(pipeline) {
  const has = includes(pipeline.values).some(({ template }) => AUTO_DEVOPS.test(template ?? ""));
  return has && !pipeline.elsewhere ? OF_TEMPLATES : [];
}

/** Returns the sign that a job deploys: `environment`, its `name` or its `stage`; `undefined` without a sign. */
function reason({ name, values }) {
  const { environment } = values;
  if (environment) return NO_DEPLOYMENT.includes(environment.action) ? undefined : "environment";
  // deployProd becomes deploy-Prod.
  const spaced = name.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, "-");
  if (DOES_NOT.test(spaced)) return undefined;
  if (/deploy/iu.test(spaced) && !BEFORE.test(spaced.replace(/^build.(and|then).?/iu, ""))) return "name";
  if (BEFORE.test(spaced) || AFTER.test(spaced)) return undefined;
  if (DEPLOYS.test(spaced) || WORDS.test(spaced) || name === "pages" || values.pages) return "name";
  const stage = String(values.stage ?? "");
  return STAGE.test(stage) && !DOES_NOT.test(stage) && !AFTER.test(stage) ? "stage" : undefined;
}

/** Returns the reason why a job cannot have the hooks, as the code of a text. */
function cannot(pipeline, { name, values }) {
  if (values.trigger) return "trigger";
  if (values.run) return "run";
  const words = [values.tags ?? fromDefault(pipeline, values, "tags")[1] ?? [], imageOf(pipeline, values)].flat().join(" ");
  const script = SCRIPTS.flatMap((it) => lines(pipeline, values[it])).join("\n");
  if (WINDOWS.test(words) || POWERSHELL.test(script)) return "powershell";
  if (MACOS.test(words) || /^\s*xcodebuild\s/mu.test(script)) return "macos";
  return name.startsWith("notify-") ? "ours" : undefined;
}

/** Returns the image of a job as text. */
export function imageOf(pipeline, values) {
  const image = values.image ?? fromDefault(pipeline, values, "image")[1] ?? "";
  return String(image?.name ?? image);
}

/**
 * The limit of `deploy_jobs`. The notifier ignores a setting of more than 8,000 characters, and the setting holds `merge_into` as well,
 * of up to 255 characters.
 */
const LONGEST = 7_700;

/**
 * Returns the value of `deploy_jobs`. Globs shorten a list that is too long, if they match none of the `others`; without `others` some
 * jobs are unknown, and there are no globs.
 */
export function listOf(names, others) {
  const list = names.map(pattern).join(",");
  if (list.length <= LONGEST) return { list, isTooLong: false };
  const shorter = others ? globs(names, others).join(",") : list;
  return shorter.length <= LONGEST ? { list: shorter, isTooLong: false } : { list, isTooLong: true };
}

/** Returns few patterns that match all names and none of the others. */
function globs(names, others) {
  const found = new Map();
  for (const name of names) for (const glob of globsOf(name)) found.set(glob, [...(found.get(glob) ?? []), name]);
  // Of two that match the same names, the longer one matches fewer jobs of later days.
  const order = [...found].toSorted(([a, its], [b, more]) => more.length - its.length || b.length - a.length);
  const left = new Set(names);
  const chosen = [];
  for (const [glob, matched] of order) {
    const fresh = matched.filter((it) => left.has(it));
    if (fresh.length < 2 || others.some((it) => isMatch(glob, it))) continue;
    chosen.push(glob);
    for (const name of fresh) left.delete(name);
  }
  return [...chosen, ...[...left].map(pattern)];
}

/** Returns the globs of a name: a star stands for some of its words. */
function globsOf(name) {
  const cuts = [0, ...[...name.matchAll(/(?<=[\p{L}\p{N}])(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])(?=[\p{L}\p{N}])/gu)].map(({ index }) => index), name.length];
  const all = cuts.flatMap((from) => cuts.filter((to) => to >= from).map((to) => `${name.slice(0, from)}*${name.slice(to)}`));
  return [...new Set(all)].filter((glob) => glob !== "*" && glob.split("*").length === 2 && pattern(glob) === glob);
}

function isMatch(glob, name) {
  const [head, tail] = glob.split("*");
  return name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}

/** Returns a job's entry in `deploy_jobs`. Separators of entries become a star. */
export function pattern(name) {
  return name.replaceAll(/[,;\n"']+/gu, "*");
}
