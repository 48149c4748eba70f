// The assistant hooks every shape of a job and changes nothing else in the file. Every warning has a case. A job that is unsafe to
// hook stays unchanged. tests/consumers.rs runs the proposed pipelines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, text } from "./page.mjs";
import { AFTER, BEFORE, opened, proposedIn } from "./pipeline.proposals.mjs";

const shared = opened();

function proposed(pipeline, more) {
  return proposedIn(shared.page, pipeline, more);
}

const INCLUDE = "include:\n  - component: HOST/x/y/notify@1.0.0\n    inputs:\n      deploy_jobs: deploy\n\n";

// The given file, and the expected one.
const SHAPES = {
  "a list": [
    "deploy:\n  script:\n    - make # why\n",
    `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - make # why\n  after_script:\n    - ${AFTER}\n`,
  ],
  "a list that is not indented": [
    "deploy:\n  script:\n  - make\n  after_script:\n  - tidy\n",
    `deploy:\n  extends: .notify\n  script:\n  - ${BEFORE}\n  - make\n  after_script:\n  - ${AFTER}\n  - tidy\n`,
  ],
  "a list in brackets": ["deploy:\n  script: [make]\n", `deploy:\n  extends: .notify\n  script: [${BEFORE}, make]\n  after_script:\n    - ${AFTER}\n`],
  "a job in braces": ["deploy: {script: make}\n", `deploy: {extends: .notify, after_script: [${AFTER}], script: [${BEFORE}, make]}\n`],
  "one line": ['deploy:\n  script: "make: it"\n', `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - "make: it"\n  after_script:\n    - ${AFTER}\n`],
  "a block": [
    "deploy:\n  script: |\n    if x; then\n      make\n\n    fi\n  tags: [a]\ndefault: {tags: [b]}\n",
    `deploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - |\n      if x; then\n        make\n\n      fi\n  after_script:\n    - ${AFTER}\n  tags: [a]\ndefault: {tags: [b]}\n`,
  ],
  "an alias": [
    ".x:\n  script: &make\n    - make\ndeploy:\n  script: *make\n",
    `.x:\n  script: &make\n    - make\ndeploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - *make\n  after_script:\n    - ${AFTER}\n`,
  ],
  "a reference": [
    ".x:\n  script: make\ndeploy:\n  script: !reference [.x, script]\n",
    `.x:\n  script: make\ndeploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - !reference [.x, script]\n  after_script:\n    - ${AFTER}\n`,
  ],
  "scripts of a hidden job": [
    ".x:\n  script: make\n  before_script: [log in]\n  after_script: [log out]\ndeploy:\n  extends: .x\n",
    `.x:\n  script: make\n  before_script: [log in]\n  after_script: [log out]\ndeploy:\n  script:\n    - ${BEFORE}\n    - !reference [.x, script]\n  after_script:\n    - ${AFTER}\n    - !reference [.x, after_script]\n  extends: [.notify, .x]\n`,
  ],
  "a merge key": [
    ".x: &x\n  after_script: [log out]\ndeploy:\n  <<: *x\n  script: make\n",
    `.x: &x\n  after_script: [log out]\ndeploy:\n  <<: *x\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - make\n  after_script:\n    - ${AFTER}\n    - !reference [.x, after_script]\n`,
  ],
  // A merge key overwrites everything above it, additions included.
  "a merge key below all else": [
    ".x: &x\n  extends: .y\n  script: [make]\n.y:\n  after_script: [log out]\ndeploy:\n  environment: prod\n  <<: *x\n",
    `.x: &x\n  extends: .y\n  script: [make]\n.y:\n  after_script: [log out]\ndeploy:\n  environment: prod\n  <<: *x\n  extends: [.notify, .y]\n  script:\n    - ${BEFORE}\n    - !reference [.x, script]\n  after_script:\n    - ${AFTER}\n    - !reference [.y, after_script]\n`,
  ],
  "merge keys in a list, in braces": [
    ".a: &a {script: [make]}\n.b: &b {script: [other], tags: [b]}\ndeploy: {<<: [*a, *b]}\ndefault: {tags: [c]}\n",
    `.a: &a {script: [make]}\n.b: &b {script: [other], tags: [b]}\ndeploy: {<<: [*a, *b], extends: .notify, script: [${BEFORE}, !reference [.a, script]], after_script: [${AFTER}]}\ndefault: {tags: [c]}\n`,
  ],
  "a job that is an alias": [
    ".x: &x\n  script: [make]\ndeploy: *x\n",
    `.x: &x\n  script: [make]\ndeploy: \n  <<: *x\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - !reference [.x, script]\n  after_script:\n    - ${AFTER}\n`,
  ],
  "nothing behind the colon": ["deploy:\n  extends:\n  variables:\n  script: [make]\n", `deploy:\n  extends: .notify\n  variables: {}\n  script: [${BEFORE}, make]\n  after_script:\n    - ${AFTER}\n`],
  "an after_script that is nothing": [
    "default:\n  after_script: [tidy]\ndeploy:\n  script: [make]\n  after_script: ~\n",
    `default:\n  after_script: [tidy]\ndeploy:\n  extends: .notify\n  script: [${BEFORE}, make]\n  after_script: [${AFTER}, !reference [default, after_script]]\n`,
  ],
  "a name with an anchor": [
    ".a: {tags: [a]}\ndeploy:\n  extends: &l .a\n  script: [make]\n.b:\n  extends: *l\ndefault: {tags: [b]}\n",
    `.a: {tags: [a]}\ndeploy:\n  extends: [.notify, &l .a]\n  script: [${BEFORE}, make]\n  after_script:\n    - ${AFTER}\n.b:\n  extends: *l\ndefault: {tags: [b]}\n`,
  ],
  "an after_script of default": [
    "default:\n  after_script: [tidy]\ndeploy:\n  script: make\n",
    `default:\n  after_script: [tidy]\ndeploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - make\n  after_script:\n    - ${AFTER}\n    - !reference [default, after_script]\n`,
  ],
  "an after_script of default that the job does not take": [
    "default:\n  after_script: [tidy]\ndeploy:\n  inherit: {default: [before_script]}\n  script: make\n",
    `default:\n  after_script: [tidy]\ndeploy:\n  extends: .notify\n  inherit: {default: [before_script]}\n  script:\n    - ${BEFORE}\n    - make\n  after_script:\n    - ${AFTER}\n`,
  ],
  "an after_script of the top level": [
    "after_script: [tidy]\ndeploy:\n  script: make\n",
    `after_script: [tidy]\ndeploy:\n  extends: .notify\n  script:\n    - ${BEFORE}\n    - make\n  after_script:\n    - ${AFTER}\n    - !reference [after_script]\n`,
  ],
  "a job that stops what it deploys, and extends it": [
    "deploy:\n  environment: prod\n  script: make\nstop:\n  extends: deploy\n  environment: {name: prod, action: stop}\n  script: make stop\n",
    `deploy:\n  extends: .notify\n  environment: prod\n  script:\n    - ${BEFORE}\n    - make\n  after_script:\n    - ${AFTER}\nstop:\n  extends: deploy\n  environment: {name: prod, action: stop}\n  script: make stop\n  after_script: []\n`,
  ],
  "variables by reference": [
    ".x:\n  variables: {A: b c}\ndeploy:\n  variables: !reference [.x, variables]\n  script: [make]\n",
    `.x:\n  variables: {A: b c}\ndeploy:\n  extends: .notify\n  variables: {A: "b c"}\n  script: [${BEFORE}, make]\n  after_script:\n    - ${AFTER}\n`,
  ],
  "the short way, and nothing beside it": ["deploy:\n  extends: .notify-deploy\n  script: [make]\n", "deploy:\n  extends: .notify-deploy\n  script: [make]\n"],
  "the short way beside a before_script": [
    "deploy:\n  extends: .notify-deploy\n  before_script: [log in]\n  script: [make]\n",
    `deploy:\n  extends: .notify\n  before_script: [log in]\n  script: [${BEFORE}, make]\n  after_script:\n    - ${AFTER}\n`,
  ],
};

test("every shape of a job is hooked, and nothing else changes", async () => {
  for (const [shape, [pipeline, expected]] of Object.entries(SHAPES)) {
    for (const end of ["\n", "\r\n"]) {
      const { text: changed, hooked } = await proposed(pipeline.replaceAll("\n", end));
      assert.deepEqual(hooked, ["deploy"], shape);
      assert.equal(changed, (INCLUDE + expected).replaceAll("\n", end), shape);
    }
    // A hooked job stays as it is.
    const once = await proposed(pipeline);
    assert.equal((await proposed(once.text)).text, once.text, shape);
  }
});

const INCLUDES = {
  "include: a.yml\n": "include:\n  - a.yml\n",
  "include: 'https://host/a.yml' # why\n": "include:\n  - 'https://host/a.yml' # why\n",
  "include:\n  template: A.yml\n": "include:\n  - template: A.yml\n",
  "include:\n  project: a/b\n  file:\n    - /c.yml\n": "include:\n  - project: a/b\n    file:\n      - /c.yml\n",
  "include: {template: A.yml}\n": "include:\n  - {template: A.yml}\n",
  "include: [a.yml, {template: A.yml}]\n": "include:\n  - a.yml\n  - {template: A.yml}\n",
  "include:\n- a.yml\n# behind\n": "include:\n- a.yml\n",
  "include:\n    - local: a.yml\n      rules: [{if: $A}]\n": "include:\n    - local: a.yml\n      rules: [{if: $A}]\n",
  "# a licence\n\n# the stages\nstages: [deploy]\n": "# a licence\n\ninclude:\n",
};

test("the component joins the other includes", async () => {
  for (const [given, expected] of Object.entries(INCLUDES)) {
    const { text: changed } = await proposed(`${given}deploy:\n  script: make\n`, { sure: true });
    const deep = /^( *)- /mu.exec(expected.slice(8))?.[1] ?? "  ";
    assert.equal(changed.slice(0, expected.length), expected);
    assert.ok(changed.slice(expected.length).startsWith(`${deep}- component: HOST/x/y/notify@1.0.0`), changed);
  }
  const { text: json } = await proposed('{"deploy": {"script": ["make"]}, "include": ["a.yml"]}', { sure: true });
  assert.match(json, /"include": \["a\.yml", \{"component":"HOST\/x\/y\/notify@1\.0\.0","inputs":\{"deploy_jobs":"deploy"\}\}\]\}$/u);
  const { text: header } = await proposed("spec:\n  inputs:\n    env:\n---\ndeploy:\n  script: make\n");
  assert.match(header, /^spec:\n {2}inputs:\n {4}env:\n---\ninclude:\n/u);
});

/** Returns hidden jobs with a script that has lists within each other, as many as there are levels. */
function nested(levels) {
  const level = (at) => `.level-${at}:\n  script: [${at > 1 ? `!reference [.level-${at - 1}, script]` : "make"}]\n`;
  return Array.from({ length: levels }, (_, at) => level(at + 1)).join("");
}

// Each warning, and a pipeline that gets it.
const WARNED = {
  "no-jobs": ["stages: [a]\n"],
  "no-deploy-jobs": ["build:\n  script: make\n"],
  "included-already": ["include:\n  - component: $CI_SERVER_FQDN/x/y/notify@1\ndeploy:\n  script: make\n"],
  "included-twice": ["include:\n  - component: h/x/y/notify@1\n  - component: h/x/y/notify@2\ndeploy:\n  script: make\n"],
  twice: ["deploy:\n  script: one\ndeploy:\n  script: two\n"],
  "name-taken": ["deploy:\n  script: make\nnotify-start:\n  script: mail\n"],
  "name-taken-there": ["include:\n  - local: .gitlab/notify.yml\ndeploy:\n  script: make\nnotify-finish-success:\n  script: mail\n"],
  "hidden-taken": [".notify:\n  script: mail\ndeploy:\n  script: make\n"],
  "merges-into-ours": ["deploy:\n  script: make\nnotify-start:\n  tags: [a]\n"],
  "unknown-stage": ["stages: [ship]\ndeploy:\n  stage: ship\n  script: make\n", { inputs: { finish_stage: "test" } }],
  "includes-unseen": ["include: a.yml\ndeploy:\n  script: make\n"],
  "unknown-parent": ["include: a.yml\ndeploy:\n  extends: .elsewhere\n  script: make\n"],
  "unseen-after": ["include: a.yml\ndeploy:\n  script: make\n"],
  "unseen-job": ["include: a.yml\ndeploy:\n  environment: prod\n"],
  trigger: ["deploy:\n  trigger: a/b\n"],
  run: ["deploy:\n  run: [{name: a, script: make}]\n"],
  powershell: ["deploy:\n  tags: [windows-2022]\n  script: make\n"],
  macos: ["deploy:\n  tags: [saas-macos-medium-m1]\n  script: make\n"],
  ours: ["deploy:\n  script: make\nnotify-finish-success:\n  script: make\n", { chosen: ["notify-finish-success"] }],
  "no-downloader": ["deploy:\n  image: debian:bookworm-slim\n  script: make\n"],
  tags: ["deploy:\n  tags: [k8s]\n  script: make\n"],
  "auto-cancel": ["workflow:\n  auto_cancel:\n    on_job_failure: all\ndeploy:\n  script: make\n"],
  "blocking-manual": ["deploy:\n  rules:\n    - when: manual\n  script: make\n"],
  "may-fail": ["deploy:\n  allow_failure: true\n  script: make\n"],
  "finish-never": ["deploy:\n  script: make\n", { inputs: { finish: "never" } }],
  "child-pipeline": ["start:\n  trigger:\n    include: a.yml\n", { chosen: [] }],
  "needs-start": ["deploy:\n  needs: [{job: notify-start, optional: true}]\n  script: make\n"],
  "expiring-artifacts": ["build:\n  stage: build\n  script: make\n  artifacts: {paths: [a]}\ndeploy:\n  stage: deploy\n  script: make\n"],
  "merge-requests-only": ["deploy:\n  only: [merge_requests]\n  script: make\n", { inputs: { finish_stage: "test" } }],
  "deploy-jobs-long": [Array.from({ length: 300 }, (_, at) => `deploy-service-of-a-long-name-${at}:\n  script: make\n`).join("") + "include: {template: Code-Quality.gitlab-ci.yml}\n"],
  pattern: ["'deploy: a, b':\n  script: make\n"],
  "short-way": ["deploy:\n  extends: .notify-deploy\n  before_script: [a]\n  script: make\n"],
  "variables-reference": ["deploy:\n  variables: !reference [.elsewhere, variables]\n  script: make\n"],
  "odd-shape": ["deploy:\n  script: &why\n    make\n"],
  "shared-text": ["deploy: &deploy\n  script: [make]\ntest:\n  <<: *deploy\n  stage: test\n"],
  "referred-to": ["test:\n  script: [make, !reference [deploy, script]]\ndeploy:\n  script: [make]\n", { chosen: ["test", "deploy"] }],
  "hooks-misplaced": ["deploy:\n  script: [make, !reference [.notify-deploy, before_script]]\n"],
  "may-refer": ["include: a.yml\ndeploy:\n  script: [make]\n  after_script: [tidy]\n", { full: "other: {script: [[tidy], make]}\ndeploy: {script: [make], after_script: [tidy]}\n" }],
  "too-deep": [`${nested(10)}deploy:\n  script: !reference [.level-10, script]\n`],
  "by-name": ["include: {template: Auto-DevOps.gitlab-ci.yml}\n"],
  "included-scripts": ["include: a.yml\n", { full: "deploy:\n  script: [make]\n  after_script: [tidy]\n" }],
  "included-default": ["include: a.yml\n", { full: "default:\n  before_script: [log in]\ndeploy:\n  script: [make]\n" }],
  "odd-name": ["include: a.yml\n", { full: "deploy 'a':\n  script: [make]\n" }],
};

test("every warning has a case, and a text in both languages", async () => {
  const words = await shared.page.evaluate(async () => {
    const all = await Promise.all(["en", "ko"].map((language) => import(`./words/${language}.js`)));
    return all.map(({ said, warnings }) => [said, warnings].map((it) => Object.keys(it).toSorted()));
  });
  assert.deepEqual(words[0], words[1]);
  assert.deepEqual(words[0][1], Object.keys(WARNED).toSorted());
  for (const [code, [pipeline, more]] of Object.entries(WARNED)) {
    const { warnings } = await proposed(pipeline, more);
    const warning = warnings.find((it) => it.code === code);
    assert.ok(warning, `${code} is not among ${warnings.map((it) => it.code)}`);
    const sentences = await shared.page.evaluate(async (given) => {
      const all = await Promise.all(["en", "ko"].map((language) => import(`./words/${language}.js`)));
      return all.map(({ warnings: of }) => of[given.code](given));
    }, warning);
    for (const sentence of sentences) assert.doesNotMatch(sentence, /undefined|\[object/u, code);
    if (warning.job) for (const sentence of sentences) assert.ok(sentence.includes(warning.job), sentence);
  }
});

test("a plain pipeline gets no warning", async () => {
  const { warnings, hooked } = await proposed("stages: [build, deploy]\nbuild:\n  stage: build\n  script: make\ndeploy:\n  stage: deploy\n  environment: prod\n  script: make\n");
  assert.deepEqual([warnings, hooked], [[], ["deploy"]]);
});

test("a job that is unsafe to hook stays as it is", async () => {
  for (const code of ["unknown-parent", "unseen-after", "unseen-job", "hidden-taken", "trigger", "run", "powershell", "macos", "variables-reference", "odd-shape", "shared-text", "hooks-misplaced", "too-deep", "may-refer", "included-scripts", "included-default", "odd-name"]) {
    const [pipeline, more] = WARNED[code];
    const { text: changed, hooked } = await proposed(pipeline, more);
    assert.deepEqual(hooked, [], code);
    assert.ok(changed.endsWith(pipeline.replace(/^include:.*\n/u, "")), `${code}: ${changed}`);
  }
});

test("jobs of other files are hooked by name, each with its own include", async () => {
  const full = "review:\n  script: [make]\nstaging:\n  script: [make]\n  environment: staging\n";
  const { text: changed, hooked } = await proposed("include: a.yml\n", { full });
  assert.deepEqual(hooked, ["staging"]);
  const both = await proposed("include: a.yml\n", { full, chosen: ["review", "staging"] });
  assert.equal(both.text, "include:\n  - a.yml\n" + ["review", "staging"].map((job) => `  - component: HOST/x/y/notify@1.0.0\n    inputs:\n      deploy_jobs: review,staging\n      merge_into: ${job}\n`).join(""));
  assert.ok(changed.includes("merge_into: staging"));
});

test("an input's old name becomes the new one, only in includes of the component", async () => {
  const others = "  - local: x.yml\n    inputs: {deploy_job: x}\n";
  const include = (name) => `include:\n${others}  - component: $CI_SERVER_FQDN/x/y/notify@1.0.0 # ours\n    inputs:\n      "${name}": review # by name\n`;
  const { text: changed } = await proposed(include("deploy_job"), { project: "x/y" });
  assert.equal(changed, include("merge_into").replace('"merge_into"', "merge_into"));
});

test("each hook is in a job once, despite extends and references", async () => {
  const count = (text, job, part) => text.split(`\n${job}:`)[1].split(/\n(?=\S)/u)[0].split(part).length - 1;
  // The extended job comes first, at any position.
  const child = await proposed("deploy-prod:\n  extends: deploy-staging\ndeploy-staging:\n  script: [make]\n");
  assert.deepEqual(child.hooked, ["deploy-prod", "deploy-staging"]);
  assert.equal(child.text.split(BEFORE).length - 1, 1);
  for (const order of [0, 1]) {
    const jobs = ["deploy-prod:\n  script:\n    - !reference [deploy-staging, script]\n    - more\n", "deploy-staging:\n  script: [make]\n"];
    const { text: changed, hooked } = await proposed(`stages: [deploy]\n${order ? jobs.toReversed().join("") : jobs.join("")}`);
    assert.deepEqual(hooked.toSorted(), ["deploy-prod", "deploy-staging"], changed);
    assert.deepEqual([count(changed, "deploy-prod", BEFORE), count(changed, "deploy-staging", BEFORE)], [0, 1], changed);
    assert.deepEqual([count(changed, "deploy-prod", AFTER), count(changed, "deploy-staging", AFTER)], [1, 1], changed);
  }
  // A full configuration shows the jobs before the change, and hides nothing of the change.
  const stop = "deploy:\n  environment: prod\n  script: [make]\nstop:\n  extends: deploy\n  environment: {name: prod, action: stop}\n";
  const full = "deploy:\n  environment: prod\n  script: [make]\nstop:\n  extends: deploy\n  script: [make]\n  environment: {name: prod, action: stop}\n";
  for (const given of ["", full]) {
    const { text: changed, warnings } = await proposed(stop, { full: given });
    assert.ok(changed.endsWith(stop), changed);
    assert.deepEqual(warnings.map((it) => it.code), ["shared-text"]);
  }
  const byName = await proposed("include: a.yml\n", { full: "deploy:\n  script: [make]\nstop:\n  extends: deploy\n  script: [stop]\n" });
  assert.deepEqual([byName.hooked, byName.warnings.map((it) => it.code)], [[], ["shared-text"]]);
});

test("each of many jobs is hooked like a single one", async () => {
  const job = (name, more = "") => `${name}:\n${more}  script:\n    - make\n`;
  const names = Array.from({ length: 40 }, (_, at) => `deploy-${at}`);
  const file = `stages: [deploy]\n${names.map((name) => job(name)).join("")}${job("deploy-last", "  extends: deploy-0\n")}${job("deploy-odd").replace("script:", "script: # why")}`;
  const { text: changed, hooked } = await proposed(file);
  assert.deepEqual(hooked, [...names, "deploy-last", "deploy-odd"]);
  assert.equal(changed.split(BEFORE).length - 1, 42);
  // The job that extends another gets the after_script hook from there.
  assert.equal(changed.split(AFTER).length - 1, 41);
});

test("hooks by name and hooks in the text combine", async () => {
  const { text: changed, hooked } = await proposed("include: a.yml\ndeploy-c:\n  script: [make]\n", { full: "deploy-a:\n  script: [make]\ndeploy-c:\n  script: [make]\n" });
  assert.deepEqual(hooked, ["deploy-c", "deploy-a"]);
  assert.equal(changed.split("component: ").length - 1, 2, changed);
  assert.equal(changed.split("merge_into: ").length - 1, 1, changed);
});

test("unusual file starts and ends work", async () => {
  const bom = await proposed("\uFEFFdeploy:\n  script: [make]\n");
  assert.ok(bom.text.startsWith("include:\n"), JSON.stringify(bom.text));
  const deep = await proposed("  deploy:\n    tags: [a]\n    script: [make]\n");
  assert.ok(deep.text.startsWith("  include:\n    - component"), deep.text);
  assert.ok(deep.text.endsWith("\n  notify-finish:\n    tags: [a]\n"), deep.text);
  const ended = await proposed("deploy:\n  tags: [a]\n  script: [make]\n...\n");
  assert.ok(ended.text.endsWith("  tags: [a]\n...\n"), ended.text);
  assert.deepEqual((await proposed("deploy:\n  script: [make]\n---\n")).hooked, ["deploy"]);
  // An unexpected shape costs one job, not the whole proposal.
  for (const odd of ["? deploy\n: script: [make]\n", "include:\n  -\ndeploy:\n  tags: k\n  script: [make]\n", "deploy:\n  script: [make]\nnothing:\n"]) await proposed(odd);
});

test("deploy jobs are found by their usual names", async () => {
  const picked = ["deploy", "deployProd", "운영배포", "build-and-deploy", "deploy_to_test", "deploy-check-service", "prod", "upload", "terraform-apply", "helm-upgrade", "rollback", "pages"];
  const left = ["build", "test-deploy", "undeploy", "stop-review", "staging-tests", "release-notes", "code-review", "lint"];
  const file = [...picked, ...left].map((name) => `${name}:\n  stage: work\n  script: [make]\n`).join("");
  assert.deepEqual((await proposed(`stages: [work]\n${file}`)).hooked, picked);
});

test("pasting shows the changes, the warnings and the jobs to choose", async () => {
  const { page: mine, seen } = await open(shared.browser, shared.server.url);
  await mine.click("#tab-pipeline");
  await mine.fill("#pipeline", "deploy:\n  tags: [k8s]\n  script: make\nprovision:\n  tags: [k8s]\n  script: make\n");
  await mine.locator("#changes ins", { hasText: "extends: .notify" }).waitFor();
  await mine.locator("#changes h3", { hasText: "include, line 1" }).waitFor();
  await mine.locator("#pipeline-warnings li", { hasText: "notify-start, notify-finish get k8s" }).waitFor();
  // Nothing stands above the changes but warnings, and the next steps below them.
  assert.equal(await mine.locator("#pipeline-warnings").evaluate((it) => getComputedStyle(it, "::before").content), "none");
  assert.deepEqual(await mine.locator("#pipeline-steps li").count(), 3);
  assert.match(await text(mine, "pipeline-steps"), /Untick Protect variable/u);
  await mine.locator("#jobs label", { hasText: "provision" }).click();
  await mine.locator("#proposed", { hasText: 'deploy_jobs: "deploy,provision"' }).waitFor();
  await mine.selectOption("#ui", "ko");
  await mine.locator("#pipeline-warnings li", { hasText: "tags" }).waitFor();
  await mine.fill("#pipeline", "deploy:\n  script: [make\n");
  await mine.locator("#pipeline-warnings li", { hasText: "파이프라인으로 읽을 수 없습니다" }).waitFor();
  assert.equal(await text(mine, "proposed"), "");
  assert.doesNotMatch(Buffer.from(new URL(mine.url()).hash.slice(1), "base64url").toString(), /make|provision/u);
  assert.deepEqual(seen.errors, []);
});
