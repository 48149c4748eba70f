// The assistant: every shape of a job is hooked and nothing else of the file changes, every warning has its case, and what cannot
// be hooked without a doubt is left alone. That what it proposes runs is the zoo's: tests/consumers.rs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, serve, text } from "./page.mjs";

let server;
let browser;
let page;

before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
  ({ page } = await open(browser, server.url));
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** What the assistant makes of a pipeline: the text, the names of the jobs that it hooked, the warnings. */
function proposed(pipeline, more = {}) {
  return page.evaluate(async (given) => {
    const { propose } = await import("./pipeline/propose.js");
    const component = (inputs) => {
      const given = Object.entries(inputs).map(([name, value]) => `    ${name}: ${value}`);
      return ["- component: HOST/notify@1.0.0", ...(given.length > 0 ? ["  inputs:", ...given] : [])];
    };
    const { text, jobs, warnings } = propose({ component, ...given });
    return { text, hooked: jobs.filter((job) => job.hooked).map((job) => job.name), warnings };
  }, { text: pipeline, ...more });
}

const BEFORE = "!reference [.notify-deploy, before_script]";
const AFTER = "!reference [.notify-deploy, after_script]";
const INCLUDE = "include:\n  - component: HOST/notify@1.0.0\n    inputs:\n      deploy_jobs: deploy\n\n";

// What stands in the file, and what the job shall be.
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
    `.x: &x\n  after_script: [log out]\ndeploy:\n  extends: .notify\n  <<: *x\n  script:\n    - ${BEFORE}\n    - make\n  after_script:\n    - ${AFTER}\n    - !reference [.x, after_script]\n`,
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
    // What is hooked stays as it is.
    const once = await proposed(pipeline);
    assert.equal((await proposed(once.text)).text, once.text, shape);
  }
});

const INCLUDES = {
  "include: a.yml\n": "include:\n  - a.yml\n",
  "include: 'https://host/a.yml' # why\n": "include:\n  - 'https://host/a.yml'\n",
  "include:\n  template: A.yml\n": "include:\n  - template: A.yml\n",
  "include:\n  project: a/b\n  file:\n    - /c.yml\n": "include:\n  - project: a/b\n    file:\n      - /c.yml\n",
  "include: {template: A.yml}\n": "include:\n  - {template: A.yml}\n",
  "include: [a.yml, {template: A.yml}]\n": "include:\n  - a.yml\n  - {template: A.yml}\n",
  "include:\n- a.yml\n# behind\n": "include:\n- a.yml\n",
  "include:\n    - local: a.yml\n      rules: [{if: $A}]\n": "include:\n    - local: a.yml\n      rules: [{if: $A}]\n",
  "# a licence\n\n# the stages\nstages: [deploy]\n": "# a licence\n\ninclude:\n",
};

test("the component joins whatever is included", async () => {
  for (const [given, expected] of Object.entries(INCLUDES)) {
    const { text: changed } = await proposed(`${given}deploy:\n  script: make\n`);
    const deep = /^( *)- /mu.exec(expected.slice(8))?.[1] ?? "  ";
    assert.equal(changed.slice(0, expected.length), expected);
    assert.ok(changed.slice(expected.length).startsWith(`${deep}- component: HOST/notify@1.0.0`), changed);
  }
  const { text: json } = await proposed('{"deploy": {"script": ["make"]}, "include": ["a.yml"]}');
  assert.match(json, /"include": \["a\.yml", \{"component":"HOST\/notify@1\.0\.0","inputs":\{"deploy_jobs":"deploy"\}\}\]\}$/u);
  const { text: header } = await proposed("spec:\n  inputs:\n    env:\n---\ndeploy:\n  script: make\n");
  assert.match(header, /^spec:\n {2}inputs:\n {4}env:\n---\ninclude:\n/u);
});

// A warning, and a pipeline that gets it.
const WARNED = {
  "no-jobs": ["stages: [a]\n"],
  "no-deploy-jobs": ["build:\n  script: make\n"],
  "included-already": ["include:\n  - component: $CI_SERVER_FQDN/a/notify@1\ndeploy:\n  script: make\n"],
  "included-twice": ["include:\n  - component: h/a/notify@1\n  - component: h/a/notify@2\ndeploy:\n  script: make\n"],
  twice: ["deploy:\n  script: one\ndeploy:\n  script: two\n"],
  "name-taken": ["deploy:\n  script: make\nnotify-start:\n  script: mail\n"],
  "merges-into-ours": ["deploy:\n  script: make\nnotify-start:\n  tags: [a]\n"],
  "unknown-stage": ["stages: [ship]\ndeploy:\n  stage: ship\n  script: make\n", { inputs: { finish_stage: "test" } }],
  "includes-unseen": ["include: a.yml\ndeploy:\n  script: make\n"],
  "unknown-parent": ["include: a.yml\ndeploy:\n  extends: .elsewhere\n  script: make\n"],
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
  pattern: ["'deploy: a, b':\n  script: make\n"],
  "short-way": ["deploy:\n  extends: .notify-deploy\n  before_script: [a]\n  script: make\n"],
  "variables-reference": ["deploy:\n  variables: !reference [.elsewhere, variables]\n  script: make\n"],
  "odd-shape": ["deploy:\n  script: # why\n    make\n"],
  "shared-text": ["deploy: &deploy\n  script: [make]\ntest:\n  <<: *deploy\n  stage: test\n"],
  "by-name": ["include: {template: Auto-DevOps.gitlab-ci.yml}\n"],
  "included-scripts": ["include: a.yml\n", { full: "deploy:\n  script: [make]\n  after_script: [tidy]\n" }],
  "included-default": ["include: a.yml\n", { full: "default:\n  before_script: [log in]\ndeploy:\n  script: [make]\n" }],
  "odd-name": ["include: a.yml\n", { full: "deploy 'a':\n  script: [make]\n" }],
};

test("every warning has a case, and its words in both languages", async () => {
  const words = await page.evaluate(async () => {
    const all = await Promise.all(["en", "ko"].map((language) => import(`./words/${language}.js`)));
    return all.map(({ said, warnings }) => [said, warnings].map((it) => Object.keys(it).toSorted()));
  });
  assert.deepEqual(words[0], words[1]);
  assert.deepEqual(words[0][1], Object.keys(WARNED).toSorted());
  for (const [code, [pipeline, more]] of Object.entries(WARNED)) {
    const { warnings } = await proposed(pipeline, more);
    const warning = warnings.find((it) => it.code === code);
    assert.ok(warning, `${code} is not among ${warnings.map((it) => it.code)}`);
    const sentences = await page.evaluate(async (given) => {
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

test("what cannot be hooked without a doubt is left as it is", async () => {
  for (const code of ["unknown-parent", "trigger", "run", "powershell", "macos", "variables-reference", "odd-shape", "shared-text", "included-scripts", "included-default", "odd-name"]) {
    const [pipeline, more] = WARNED[code];
    const { text: changed, hooked } = await proposed(pipeline, more);
    assert.deepEqual(hooked, [], code);
    assert.ok(changed.endsWith(pipeline.replace(/^include:.*\n/u, "")), `${code}: ${changed}`);
  }
});

test("jobs of other files are hooked by their names, each by an include of its own", async () => {
  const full = "review:\n  script: [make]\nstaging:\n  script: [make]\n  environment: staging\n";
  const { text: changed, hooked } = await proposed("include: a.yml\n", { full });
  assert.deepEqual(hooked, ["staging"]);
  const both = await proposed("include: a.yml\n", { full, chosen: ["review", "staging"] });
  assert.equal(both.text, "include:\n  - a.yml\n" + ["review", "staging"].map((job) => `  - component: HOST/notify@1.0.0\n    inputs:\n      deploy_jobs: review,staging\n      deploy_job: ${job}\n`).join(""));
  assert.ok(changed.includes("deploy_job: staging"));
});

test("pasting shows the changes, the warnings and the jobs to choose", async () => {
  const { page: mine, seen } = await open(browser, server.url);
  await mine.click("#tab-pipeline");
  await mine.fill("#pipeline", "deploy:\n  tags: [k8s]\n  script: make\nprovision:\n  tags: [k8s]\n  script: make\n");
  await mine.locator("#changes ins", { hasText: "extends: .notify" }).waitFor();
  await mine.locator("#changes h3", { hasText: "include, line 1" }).waitFor();
  await mine.locator("#pipeline-warnings li", { hasText: "notify-start, notify-finish get k8s" }).waitFor();
  // What the example of the messages has is no team's.
  assert.doesNotMatch(await text(mine, "proposed"), /grafana|mention/u);
  await mine.locator("#jobs label", { hasText: "provision" }).click();
  await mine.locator("#proposed", { hasText: 'deploy_jobs: "deploy,provision"' }).waitFor();
  await mine.selectOption("#ui", "ko");
  await mine.locator("#pipeline-warnings li", { hasText: "tags" }).waitFor();
  await mine.fill("#pipeline", "deploy:\n  script: [make\n");
  await mine.locator("#pipeline-warnings li", { hasText: "파이프라인이 아닙니다" }).waitFor();
  assert.equal(await text(mine, "proposed"), "");
  assert.doesNotMatch(Buffer.from(new URL(mine.url()).hash.slice(1), "base64url").toString(), /make|provision/u);
  assert.deepEqual(seen.errors, []);
});
