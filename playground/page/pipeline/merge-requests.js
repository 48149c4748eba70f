// Finds out if a pipeline's jobs run only for merge requests. Each push, tag and schedule makes a pipeline of any other job.
import { referred } from "./read.js";

/** The values of a condition in a pipeline that is not of a merge request. */
const [NEVER, MAYBE, SURELY] = [0, 1, 2];

const TEXT = String.raw`"[^"]*"|'[^']*'|/(?:\\.|[^/\\])+/\w*|null|\$\w+`;
const COMPARISON = new RegExp(`(${TEXT})(?:\\s*(==|!=|=~|!~)\\s*(${TEXT}))?`, "gu");
/** Variables that only a merge request's pipeline has. CI_OPEN_MERGE_REQUESTS is in a branch's pipeline, too. */
const OF_MERGE_REQUEST = /^\$CI_MERGE_REQUEST_\w+$/u;

/** True if these jobs run only for merge requests, and the pipeline's `workflow` lets other pipelines begin. */
export function ofMergeRequests(pipeline, jobs) {
  const { rules } = pipeline.values.workflow ?? pipeline.elsewhere?.workflow ?? {};
  if (rules && isOnly(pipeline, { rules })) return false;
  return jobs.length > 0 && jobs.every(({ values }) => isOnly(pipeline, values));
}

function isOnly(pipeline, { rules, only }) {
  if (!rules) {
    const refs = [only?.refs ?? only ?? []].flat(9);
    return refs.length > 0 && refs.every((it) => /^merge_requests(@|$)/u.test(String(it)));
  }
  for (const rule of listed(pipeline, rules)) {
    const { if: condition, changes, exists, when } = rule ?? {};
    const matches = Math.min(condition === undefined ? SURELY : evaluated(String(condition)), changes || exists ? MAYBE : SURELY);
    if (matches === NEVER || (when === "never" && matches === MAYBE)) continue;
    return when === "never";
  }
  return true;
}

/** Returns rules in one list, with references followed. */
function listed(pipeline, rules) {
  const path = rules?.["!reference"];
  if (path) return listed(pipeline, referred(pipeline, path) ?? []);
  return Array.isArray(rules) ? rules.flatMap((it) => listed(pipeline, it)) : [rules];
}

/** Returns the value of an expression: each comparison becomes a digit, and then each operation with two of them. */
function evaluated(expression) {
  let rest = expression.replaceAll(COMPARISON, (_, left, operator, right) => compared(left, operator, right)).replaceAll(/\s/gu, "");
  for (let before; before !== rest; ) {
    before = rest;
    rest = rest.replaceAll(/\((\d)\)/gu, "$1");
    rest = rest.replaceAll(/(\d)&&(\d)/gu, (_, a, b) => Math.min(a, b));
    rest = rest.replaceAll(/(?<!&&)(\d)\|\|(\d)(?!&&)/gu, (_, a, b) => Math.max(a, b));
  }
  return /^\d$/u.test(rest) ? Number(rest) : MAYBE;
}

function compared(left, operator, right) {
  const [variable, other] = OF_MERGE_REQUEST.test(right) || right === "$CI_PIPELINE_SOURCE" ? [right, left] : [left, right];
  if (OF_MERGE_REQUEST.test(variable)) {
    // The variable is null.
    if (!operator || operator === "=~") return NEVER;
    if (operator === "!~") return SURELY;
    if (other?.startsWith("$")) return MAYBE;
    return (operator === "==") === (other === "null") ? SURELY : NEVER;
  }
  if (variable !== "$CI_PIPELINE_SOURCE" || !/merge_request_event/u.test(other)) return MAYBE;
  if (/[|]|external/u.test(other)) return MAYBE;
  return ["==", "=~"].includes(operator) ? NEVER : SURELY;
}
