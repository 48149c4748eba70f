// Checks what a change does to the jobs of a pipeline: where the hooks are, and whether anything else is new.
import { isHash } from "./document.js";
import { asText, depth, effective, hasSettings, HOOK, lines, ownVariables, referred, SCRIPTS, sorted } from "./read.js";

/** GitLab's limit of lists within each other in a script (https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags). */
const DEEPEST = 10;
/** The most jobs with `extends` in a chain of jobs that extend each other. GitLab's limit is 10 parents above the last one. */
const LONGEST = 11;

function isHook(line) {
  return Object.values(HOOK).some((path) => line === `!reference ${path.join(" ")}`);
}

/** True for a job in the short way, without a before_script or after_script beside the hooks. */
export function isShort({ ancestors, from }) {
  return ancestors.includes(".notify-deploy") && !from.before_script && !from.after_script;
}

/** Counts the hooks of a job: each one in its place, and those in a wrong place. A late hook comes after other lines. */
export function hooks(pipeline, all) {
  const [before, script, after] = SCRIPTS.map((it) => lines(pipeline, all.values[it]));
  const [isStart, isEnd] = [HOOK.script, HOOK.after_script].map((it) => (line) => line === `!reference ${it.join(" ")}`);
  const short = isShort(all) ? 1 : 0;
  const start = [...before, ...script].filter(isStart).length;
  const end = after.filter(isEnd).length;
  return {
    start: short + start,
    end: short + end,
    misplaced: after.filter(isStart).length + [...before, ...script].filter(isEnd).length,
    isLate: (start > 0 && ![before, script].some(([first]) => isStart(first))) || (end > 0 && !isEnd(after[0])),
  };
}

/** Returns the scripts with a hook that a job only inherits, if another file may give the job the same script without the hook. */
export function repeatable(pipeline, all, name) {
  const isRepeatable = (script) => all.from[script]?.job && all.from[script].job !== name && lines(pipeline, all.values[script]).some(isHook);
  return pipeline.mayRepeat ? SCRIPTS.filter(isRepeatable) : [];
}

/** True if a job of this name has a hook twice, or in a wrong place. */
export function isWrong(pipeline, name) {
  const all = effective(pipeline, name);
  if (!all) return false;
  const { start, end, misplaced, isLate } = hooks(pipeline, all);
  return start > 1 || end > 1 || misplaced > 0 || isLate;
}

/** True if a job has both hooks and the settings for them. */
export function isComplete(pipeline, name) {
  const all = effective(pipeline, name);
  const { start, end, misplaced } = hooks(pipeline, all);
  return start === 1 && end === 1 && misplaced === 0 && hasSettings(all);
}

/** Returns the jobs that GitLab would refuse, as the lists of a script or the levels of `extends` are too deep. */
export function tooDeep(pipeline) {
  return names(pipeline).filter((name) => {
    const all = effective(pipeline, name);
    return all?.level > LONGEST || (!name.startsWith(".") && SCRIPTS.some((script) => depth(pipeline, all?.values[script]) > DEEPEST));
  });
}

/**
 * Returns the other files' jobs with the lines of a job's script. They may refer to it: a full configuration shows the lines in place of a
 * reference.
 */
export function mayRefer(pipeline, name, { ancestors, from }, script) {
  const own = referred(pipeline, [name, script]);
  const [isList, text] = [Array.isArray(own), asText(lines(pipeline, own))];
  const isOwn = (value) => (Array.isArray(value) || !isList) && text === asText(lines(pipeline, value));
  const holds = (value) => isOwn(value) || (Array.isArray(value) && value.some(holds));
  // A job that inherits the script has it from an ancestor.
  const known = [name, ...(from[script]?.job === name ? [] : ancestors)];
  const others = Object.entries(pipeline.elsewhere ?? {}).filter(([other]) => text && !known.includes(other));
  return others.filter(([other, value]) => (isHash(value) ? SCRIPTS.some((it) => holds(value[it])) : SCRIPTS.includes(other) && holds(value))).map(([other]) => other);
}

/** Returns the jobs in which more than the hooks is new. */
export function harmed(before, now, chosen) {
  const after = compared(now, chosen);
  return Object.entries(compared(before, chosen)).filter(([name, job]) => after[name] !== job).map(([name]) => name);
}

/** Returns every job as one text, to compare two pipelines. The chosen jobs are without their hooks. */
function compared(pipeline, chosen) {
  const known = names(pipeline).map((name) => [name, effective(pipeline, name)]).filter(([, job]) => job);
  return Object.fromEntries(known.map(([name, { values, ancestors }]) => {
    const scripts = SCRIPTS.map((script) => [
      script,
      lines(pipeline, values[script]).filter((line) => !chosen.includes(name) || !isHook(line)),
    ]);
    const theirs = ancestors.filter((it) => ![".notify", ".notify-deploy"].includes(it));
    const job = { ...values, ...Object.fromEntries(scripts), variables: ownVariables(pipeline, values), ancestors: theirs };
    return [name, JSON.stringify(sorted(job))];
  }));
}

function names(pipeline) {
  return [...new Set([...pipeline.jobs.keys(), ...Object.keys(pipeline.elsewhere ?? {})])];
}
