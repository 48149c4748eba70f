// Pipelines that an earlier assistant got wrong, several of each kind. It changes a script, a value or a time limit in none of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AFTER, BEFORE, opened, proposedIn } from "./pipeline.proposals.mjs";

const shared = opened();

function proposed(pipeline, more) {
  return proposedIn(shared.page, pipeline, more);
}

/** Compares each proposal with the expected end of the file. `deploy` is hooked in all of them. */
async function hookedAs(cases) {
  for (const [pipeline, expected, more] of cases) {
    const { text, hooked } = await proposed(pipeline, more);
    assert.ok(hooked.includes("deploy"), `${pipeline} is left as it is`);
    assert.ok(text.endsWith(`\n${expected}`), text);
  }
}

/** Checks that the text of a pipeline stays as it is, and compares the codes of the warnings about each job. */
async function leftAsIs(cases) {
  for (const [pipeline, expected, more] of cases) {
    const { text, hooked, warnings } = await proposed(pipeline, more);
    assert.deepEqual(hooked, [], text);
    assert.ok(text.endsWith(pipeline.replace(/^include:.*\n/u, "")), text);
    const codes = Object.fromEntries(warnings.filter(({ job }) => job).map(({ job, code }) => [job, code]));
    assert.deepEqual(codes, expected, pipeline);
  }
}

const HOOKED = `deploy:\n  extends: .notify\n  script: [${BEFORE}, make]\n  after_script:\n    - ${AFTER}\n`;
const DEPLOY = "deploy:\n  script: [make]\n";

test("top-level values that are no hash are no jobs, in the text and in the full configuration", async () => {
  await hookedAs([
    [`.login: &login [log in]\n${DEPLOY}  before_script: *login\n`, `${HOOKED}  before_script: *login\n`, { full: `.login: [log in]\n${DEPLOY}  before_script: [log in]\n` }],
    [`.a: text\n.b: 3\n.c:\n.d: true\n.e: [x]\n${DEPLOY}`, HOOKED, { full: `.a: text\n.b: 3\n.c:\n.d: true\n.e: [x]\n.f: [y]\n.g: 1\n.h:\n.i: text\n${DEPLOY}` }],
    [`.a: text\n.b: {script: [x]}\n${DEPLOY}`, HOOKED, { full: `.a: {script: [x]}\n.b: [text]\nother: text\n${DEPLOY}` }],
    [`.e: [x]\ndeploy:\n  script: [!reference [.e], make]\n`, HOOKED.replace("make", "!reference [.e], make"), { full: ".e: [x]\ndeploy:\n  script: [[x], make]\n" }],
  ]);
});

test("a job that is left as it is has no hook from a job that is hooked", async () => {
  const parent = "deploy-staging:\n  script: [make]\n";
  const both = { "deploy-prod": "unknown-parent", "deploy-staging": "shared-text" };
  await leftAsIs([
    [`${parent}deploy-prod:\n  extends: [deploy-staging, .unseen]\n`, both],
    [`deploy-prod:\n  extends: [deploy-staging, .unseen]\n  script: [make prod]\n${parent}`, both],
    [`${parent}deploy-eu:\n  extends: deploy-staging\ndeploy-prod:\n  extends: [deploy-eu, .unseen]\n`, { ...both, "deploy-eu": "shared-text" }],
    [`${parent}deploy-prod:\n  extends: deploy-staging\n  variables: !reference [.unseen, variables]\n`, { "deploy-prod": "variables-reference", "deploy-staging": "shared-text" }],
    // A full configuration shows a job of another file with its inherited script.
    ["deploy:\n  environment: x\n  script: [make]\n", { deploy: "shared-text" }, { full: `${DEPLOY}  environment: x\nstop:\n  extends: deploy\n  script: [make]\n  environment: {name: x, action: stop}\n` }],
    ["deploy:\n  environment: x\n  script: [make]\n", { deploy: "shared-text", "deploy-eu": "included-scripts" }, { full: `${DEPLOY}  environment: x\ndeploy-eu:\n  extends: deploy\n  script: [make]\n  after_script: [tidy]\n` }],
  ]);
  const { text, hooked } = await proposed(`${parent}deploy-prod:\n  extends: [deploy-staging, .unseen]\n${DEPLOY}`);
  assert.deepEqual(hooked, ["deploy"]);
  assert.ok(text.includes(parent), text);
});

test("a hook is in its own script only, and first", async () => {
  const left = async (pipeline, job) => {
    const { text, hooked, warnings } = await proposed(pipeline);
    const names = pipeline.match(/^\S+(?=:$)/gmu).filter((it) => it !== job);
    assert.deepEqual([hooked, warnings.map((it) => [it.code, it.job])], [names, [["referred-to", job]]], text);
    assert.deepEqual([BEFORE, AFTER].map((it) => text.split(it).length - 1), [names.length, names.length], text);
    assert.ok(text.includes(`  script: [${BEFORE}`) || text.includes(`  script:\n    - ${BEFORE}`), text);
  };
  const undo = "rollback:\n  script: [undo]\n  after_script: [tidy]\n";
  for (const refers of [
    "  script: [make]\n  after_script: [!reference [rollback, script]]\n",
    "  script: [make]\n  after_script:\n    - tidy\n    - !reference [rollback, script]\n",
    "  script: [make, !reference [rollback, after_script]]\n",
    "  script: [make]\n  before_script: [!reference [rollback, after_script]]\n",
    "  script: [make build, !reference [rollback, script]]\n",
    "  script:\n    - make build\n    - !reference [rollback, script]\n    - more\n",
    "  script: [make]\n  before_script: [log in, !reference [rollback, script]]\n",
    "  script: [!reference [rollback, script], !reference [rollback, script]]\n",
  ]) {
    await left(`deploy:\n${refers}${undo}`, "rollback");
    await left(`${undo}deploy:\n${refers}`, "rollback");
  }
  await leftAsIs([
    [`deploy:\n  script: [cd x, ${BEFORE}, make]\n`, { deploy: "hooks-misplaced" }],
    [`deploy:\n  script: [make]\n  after_script: [${BEFORE}]\n`, { deploy: "hooks-misplaced" }],
    [`deploy:\n  script: [${BEFORE}, make, ${BEFORE}]\n`, { deploy: "hooks-misplaced" }],
  ]);
});

test("a list of deploy jobs that is too long becomes globs", async () => {
  const names = (count, name) => Array.from({ length: count }, (_, at) => name(at));
  const jobs = (all) => all.map((it) => `${JSON.stringify(it)}:\n  script: [make]\n`).join("");
  const listed = async (pipeline, more) => {
    const { text, warnings } = await proposed(pipeline, more);
    return [/deploy_jobs: (.*)/u.exec(text)[1], ...new Set(warnings.map((it) => it.code))];
  };
  const few = names(40, (at) => `deploy-service-${at}-production`);
  assert.deepEqual(await listed(jobs(few)), [few.join(",")]);
  const many = names(300, (at) => `deploy-service-${at}-production`);
  assert.deepEqual(await listed(jobs(many)), ["deploy-service-*-production"]);
  assert.deepEqual(await listed(jobs([...many, ...names(300, (at) => `rollout ${at}: eu-west, customers`)])), ["deploy-service-*-production,rollout *customers", "pattern"]);
  assert.deepEqual(await listed(jobs([...many, ...names(300, (at) => `deploy-service-${at}-test`)]), { chosen: many }), ["deploy-service-*-production"]);
  // No glob may match a job without hooks, or an unknown one.
  assert.deepEqual(await listed(jobs([...many, "deploy-service-a-production"]), { chosen: many }), [many.join(","), "deploy-jobs-long"]);
  assert.deepEqual(await listed(`include: a.yml\n${jobs(many)}`, { sure: true }), [many.join(","), "includes-unseen", "deploy-jobs-long"]);
});

test("a block at the end of a file gains no newline", async () => {
  await hookedAs([
    ["deploy:\n  script: |\n    make", `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - |-\n      make\n  after_script:\n    - ${AFTER}\n`],
    ["deploy:\n  script:\n    - >+\n      make\n      it", `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - >-\n      make\n      it\n  after_script:\n    - ${AFTER}\n`],
    [`${DEPLOY}  tags: [a]\nbuild:\n  tags: [a]\n  script: |2\n      make`, "build:\n  tags: [a]\n  script: |2-\n      make\nnotify-start:\n  tags: [a]\n\nnotify-finish:\n  tags: [a]\n"],
  ]);
  // Nothing comes after this block, so it stays.
  const { text } = await proposed(`${DEPLOY}build:\n  script: |\n    make`);
  assert.ok(text.endsWith("build:\n  script: |\n    make"), text);
});

test("quotes and brackets may have lines with any indentation", async () => {
  await hookedAs([
    ["deploy:\n  script:\n    - 'make\nit'\n", `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - 'make\nit'\n  after_script:\n    - ${AFTER}\n`],
    ['deploy:\n  script: "make\n\n it"\n', `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - "make\n\n   it"\n  after_script:\n    - ${AFTER}\n`],
    [`deploy:\n  script: [\n'a\nb', make\n]\n`, `deploy:\n  extends: .notify\n  script: [${BEFORE}, \n'a\nb', make\n]\n  after_script:\n    - ${AFTER}\n`],
    [`deploy:\n  script: [make]\n  variables: {A: "x\ny"}\n`, `${HOOKED}  variables: {A: "x\ny"}\n`],
  ]);
  await assert.rejects(proposed("deploy:\n  script:\n    - 'make\n---\n'\n"), /Missing closing 'quote at line 3, column \d+/u);
});

test("an empty keyword is none", async () => {
  const end = `  after_script:\n    - ${AFTER}\n`;
  await hookedAs([
    [".base: &base {stage: deploy, after_script: }\ndeploy: {<<: *base, script: [make]}\n", `deploy: {<<: *base, extends: .notify, after_script: [${AFTER}], script: [${BEFORE}, make]}\n`],
    [".base: &base\n  after_script: ~\n.more: &more\n  <<: *base\ndeploy:\n  <<: *more\n  script: [make]\n", `deploy:\n  <<: *more\n  extends: .notify\n  script: [${BEFORE}, make]\n${end}`],
    [`default:\n  after_script:\n${DEPLOY}`, HOOKED],
    [".base: &base\n  after_script:\ndefault:\n  after_script: [tidy]\ndeploy:\n  <<: *base\n  script: [make]\n", `deploy:\n  <<: *base\n  extends: .notify\n  script: [${BEFORE}, make]\n${end}    - !reference [default, after_script]\n`],
    [`.none: &none\n${DEPLOY}  after_script: *none\n`, `deploy:\n  extends: .notify\n  script: [${BEFORE}, make]\n  after_script: [${AFTER}]\n`],
  ]);
});

test("parts of a job in another file are kept", async () => {
  const tidy = "default:\n  after_script: [tidy all]\n";
  const base = ".base:\n  script: [make]\n  after_script: [tidy]\n";
  const inherits = "deploy:\n  extends: .base\n";
  const included = { deploy: "included-scripts" };
  const unseen = { deploy: "unseen-after" };
  const chosen = { chosen: ["deploy"] };
  await leftAsIs([
    [`include: jobs.yml\n${tidy}${DEPLOY}`, included, { full: `${tidy}${DEPLOY}  after_script: [tidy deploy]\n` }],
    [`include: jobs.yml\nafter_script: [tidy all]\n${DEPLOY}`, included, { full: `after_script: [tidy all]\n${DEPLOY}  after_script: [tidy deploy]\n` }],
    [`include: jobs.yml\n${base}${inherits}`, included, { full: `${base}${inherits}  script: [make]\n  after_script: [tidy deploy]\n` }],
    [`include: jobs.yml\n${base}${inherits}`, included, { full: `${base}${inherits}  script: [make deploy]\n  after_script: [tidy]\n` }],
    [`include: jobs.yml\n${tidy}${DEPLOY}`, unseen],
    [`include: jobs.yml\nafter_script: [tidy all]\n${DEPLOY}`, unseen],
    [`include: jobs.yml\n${base}${inherits}`, unseen],
    [`include: jobs.yml\n${DEPLOY}  after_script: [tidy]\n`, unseen],
    // An empty keyword in the text would win over hooks by name.
    ["include: jobs.yml\ndeploy:\n  before_script:\n", { deploy: "odd-shape" }, { full: "deploy:\n  before_script:\n  script: [make]\n" }],
    ["include: jobs.yml\ndeploy:\n  variables: ~\n", { deploy: "odd-shape" }, { full: "deploy:\n  variables:\n  script: [make]\n" }],
    // Hooks by name would bring the variables of parents back.
    ["include: jobs.yml\n", { deploy: "odd-shape" }, { full: ".base: {variables: {A: b}}\ndeploy: {extends: .base, variables: , script: [make]}\n" }],
    // A job that only extends gets no explicit after_script: an unseen file may have one for it.
    [`include: jobs.yml\n.image: {image: i}\n${DEPLOY}  extends: .image\n  after_script: [tidy]\nstop:\n  extends: deploy\n  script: [stop]\n`, { deploy: "shared-text" }, chosen],
    ["include: {template: Auto-DevOps.gitlab-ci.yml}\nproduction:\n  script: [make]\n  after_script: [tidy]\n", { production: "unseen-after" }, { chosen: ["production"] }],
  ]);
  const end = `  after_script:\n    - ${AFTER}\n`;
  await hookedAs([
    [`include: jobs.yml\n${tidy}${DEPLOY}`, `${HOOKED}    - !reference [default, after_script]\n`, { full: `${tidy}${DEPLOY}` }],
    // The other file has the after_script of a parent that comes later in the text.
    [`include: jobs.yml\n${DEPLOY}  extends: .base\n.base: {image: i}\n`, `deploy:\n  script: [${BEFORE}, make]\n${end}    - !reference [.base, after_script]\n  extends: [.notify, .base]\n.base: {image: i}\n`, { full: `${DEPLOY}  extends: .base\n  image: i\n  after_script: [tidy]\n.base: {image: i, after_script: [tidy]}\n` }],
    // The other file has `extends` for the same job.
    [`include: jobs.yml\n${DEPLOY}`, HOOKED.replace(".notify\n", "[.notify, .tpl]\n"), { full: `.tpl: {before_script: [log in]}\n${DEPLOY}  extends: .tpl\n  before_script: [log in]\n` }],
    [`include: jobs.yml\n.a: {image: i}\n${DEPLOY}`, HOOKED.replace(".notify\n", "[.notify, .a, .b]\n"), { full: `.a: {image: i}\n.b: {retry: 1}\n${DEPLOY}  extends: [.a, .b]\n  image: i\n  retry: 1\n` }],
    [`include: jobs.yml\n${DEPLOY}`, `${HOOKED.replace(".notify\n", "[.notify, .tpl]\n")}    - !reference [.tpl, after_script]\n`, { full: `.tpl: {after_script: [tidy]}\n${DEPLOY}  extends: .tpl\n  after_script: [tidy]\n` }],
  ]);
});

test("empty variables of a job bring no variables of its parents back", async () => {
  const own = "  script: [make]\n  after_script: [tidy]\n";
  const unknown = { deploy: "unknown-parent" };
  await leftAsIs([
    [`deploy:\n  extends: .unseen\n  variables:\n${own}`, unknown],
    [`.known: {extends: .unseen}\ndeploy:\n  extends: .known\n  variables: ~\n${own}`, unknown],
    [`.known: {variables: {A: b}}\ndeploy:\n  extends: .unseen\n  variables: !reference [.known, variables]\n${own}`, unknown],
    [`include: a.yml\n.known: {retry: 1}\ndeploy:\n  extends: .known\n  variables:\n${own}`, { deploy: "unseen-after" }],
    // The full configuration hides variables in the other file.
    [`include: a.yml\ndeploy:\n  variables:\n${own}`, { deploy: "odd-shape" }, { full: `deploy:\n  variables:\n${own}` }],
  ]);
});

test("no script gets deeper than GitLab allows", async () => {
  const level = (at) => `.level-${at}:\n  script: [${at > 1 ? `!reference [.level-${at - 1}, script]` : "make"}]\n`;
  const levels = (count) => Array.from({ length: count }, (_, at) => level(at + 1)).join("");
  const deep = { deploy: "too-deep" };
  await leftAsIs([
    [`${levels(10)}deploy:\n  extends: .level-10\n`, deep],
    [`${levels(10)}deploy:\n  script: !reference [.level-10, script]\n`, deep],
    [`${levels(10)}${DEPLOY}  after_script: !reference [.level-10, script]\n`, deep],
  ]);
  await hookedAs([
    [`${levels(10)}deploy:\n  script:\n    - !reference [.level-9, script]\n`, `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - !reference [.level-9, script]\n  after_script:\n    - ${AFTER}\n`],
    [`${levels(9)}deploy:\n  script: !reference [.level-9, script]\n`, `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - !reference [.level-9, script]\n  after_script:\n    - ${AFTER}\n`],
  ]);
});

test("names of jobs are what is written", async () => {
  for (const name of [".e3", ".5e3", "1e3", "0x1f", "1_000", "2020-01-01", "1:30"]) {
    const written = /^\.e/u.test(name) ? name : JSON.stringify(name);
    const end = `  after_script:\n    - ${AFTER}\n`;
    await hookedAs([
      [`${name}: {script: [other]}\n${DEPLOY}  extends: ${name}\n`, `deploy:\n  script: [${BEFORE}, make]\n${end}  extends: [.notify, ${name}]\n`],
      [`${name}: {script: [make]}\ndeploy:\n  extends: [${name}]\n`, `deploy:\n  script:\n    - ${BEFORE}\n    - !reference [${written}, script]\n${end}  extends: [.notify, ${name}]\n`],
      [`${name}: {script: [make]}\ndeploy:\n  script: [!reference [${name}, script]]\n`, HOOKED.replace("make", `!reference [${name}, script]`)],
    ]);
  }
  const { warnings } = await proposed("deploy:\n  script: [make]\n  needs: [1e3]\n", { inputs: { start_job: "1e3" } });
  assert.deepEqual(warnings.map((it) => it.code), ["needs-start"]);
});

test("pipelines of the notifier's jobs only are warned of", async () => {
  const rule = '$CI_PIPELINE_SOURCE == "merge_request_event"';
  const job = (rules) => `build:\n  script: make\n  ${rules}\n`;
  const rules = (...all) => job(`rules: [${all.map((it) => (it.startsWith("!") ? it : `{${it}}`)).join(", ")}]`);
  const isWarned = async (pipeline, inputs = { finish_stage: "test" }, more = {}) => (await proposed(pipeline, { inputs, ...more })).warnings.some((it) => it.code === "merge-requests-only");
  const only = rules(`if: '${rule}'`);
  for (const pipeline of [
    only,
    job("only: [merge_requests]"),
    job("only: merge_requests"),
    job("only: {refs: [merge_requests], changes: [a]}"),
    rules(`if: '$CI_MERGE_REQUEST_IID && ($A == "b" || $B)'`),
    rules("if: $CI_MERGE_REQUEST_TARGET_BRANCH_NAME =~ /^(main|dev)$/"),
    rules(`if: '$CI_PIPELINE_SOURCE != "merge_request_event"', when: never`, "when: on_success"),
    rules("if: $CI_COMMIT_TAG, when: never", `if: "$CI_PIPELINE_SOURCE == 'merge_request_event'"`, "when: never"),
    `.mr: {rules: [{if: '${rule}'}]}\n${rules("!reference [.mr, rules]")}`,
    `.mr: {rules: [{if: '${rule}'}]}\nbuild: {extends: .mr, script: make}\n`,
    `workflow: {rules: [{when: always}]}\n${only}`,
  ]) assert.ok(await isWarned(pipeline), pipeline);
  assert.ok(await isWarned(only, { start_stage: "build" }));
  for (const [pipeline, inputs, more] of [
    [only, {}],
    [only, { finish_stage: ".pre" }],
    [only, { finish_stage: "test", finish: "never" }],
    [`${only}test: {script: make}\n`],
    [rules(`if: '${rule} || $CI_COMMIT_TAG'`)],
    [rules(`if: '${rule}'`, "if: $CI_COMMIT_BRANCH")],
    [rules(`if: '${rule}', when: never`, "when: on_success")],
    [rules("if: $CI_OPEN_MERGE_REQUESTS")],
    [job("only: [merge_requests, main]")],
    [`workflow: {rules: [{if: '${rule}'}]}\n${only}`],
    [`include: a.yml\n${only}`],
  ]) assert.ok(!(await isWarned(pipeline, inputs, more)), pipeline);
});

test("the time does not double with each level", async () => {
  const levels = (count, level) => Array.from({ length: count }, (_, at) => level(at + 1)).join("");
  const diamond = levels(40, (at) => [".a", ".b"].map((it) => `${it}${at}:\n  extends: [.a${at - 1}, .b${at - 1}]\n`).join(""));
  const within = time(await proposed(`.a0: {script: [make]}\n.b0: {tags: [a]}\n${diamond}deploy:\n  extends: .a40\n`), 10_000);
  assert.deepEqual(within.hooked, ["deploy"]);
  const twice = (count) => levels(count, (at) => `.a${at}:\n  script: [!reference [.a${at - 1}, script], !reference [.a${at - 1}, script]]\n`);
  time(await proposed(`.a0: {script: [make]}\n${twice(10)}deploy:\n  script: [!reference [.a10, script]]\n`), 10_000);
  await assert.rejects(proposed(`.a0: {script: [make]}\n${twice(60)}deploy:\n  script: [!reference [.a60, script]]\n`), /more lines than any script has/u);
  // A merge key costs little more than the lines that it stands for.
  const keys = "  image: alpine\n  tags: [a]\n  rules: [{if: $A}, {if: $B}]\n";
  const jobs = (merged) => levels(211, (at) => `deploy-${at}:\n${merged}  environment:\n    name: prod\n  script:\n    - one\n    - two\n    - three\n    - four\n  artifacts:\n    paths:\n      - a\n`);
  const merging = `.base: &base\n${keys}${jobs("  <<: *base\n")}`;
  await proposed(jobs(keys));
  const { milliseconds } = await proposed(jobs(keys));
  time(await proposed(merging), 3 * milliseconds);
  // One job that cannot have hooks costs little, too.
  const { hooked } = time(await proposed(`${merging}deploy-windows:\n  extends: deploy-1\n  tags: [windows]\n`), 30 * milliseconds);
  assert.equal(hooked.length, 210);
});

function time(proposal, most) {
  assert.ok(proposal.milliseconds < most, `${proposal.milliseconds} ms`);
  return proposal;
}
