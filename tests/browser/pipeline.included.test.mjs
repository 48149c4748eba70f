// Pipelines with the component or with other files in their includes, and pipelines at the limits of GitLab and of its parser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AFTER, BEFORE, opened, proposedIn } from "./pipeline.proposals.mjs";

const shared = opened();

/** Compares the end of each proposal, the hooked jobs, and the codes of the warnings about jobs. */
async function proposes(cases) {
  for (const [pipeline, expected, hooked, codes = {}, more = {}] of cases) {
    const found = await proposedIn(shared.page, pipeline, more);
    assert.ok(found.text.endsWith(expected), found.text);
    assert.deepEqual(found.hooked.toSorted(), hooked, found.text);
    assert.deepEqual(Object.fromEntries(found.warnings.filter(({ job }) => job).map(({ job, code }) => [job, code])), codes, pipeline);
  }
}

const END = `  after_script:\n    - ${AFTER}\n`;
const DEPLOY = "deploy:\n  script: [make]\n";
const HOOKED = `deploy:\n  extends: .notify\n  script: [${BEFORE}, make]\n${END}`;
const OURS = "  - component: h/x/y/notify@1\n";

/** Returns another include of the component, like the first one. */
function again(...inputs) {
  return `  - component: "h/x/y/notify@1"\n    inputs:\n${inputs.map((it) => `      ${it}\n`).join("")}`;
}

test("a job with hooks by an include is hooked, and hooks in the text get an include of their own", async () => {
  const review = "review: {script: [a], environment: r}\n";
  const byName = `include:\n${OURS}    inputs: {merge_into: review, timeout: 9}\n`;
  const plain = again("timeout: 9", "deploy_jobs: deploy,review");
  const own = `include:\n${OURS}    inputs: {merge_into: deploy}\n${DEPLOY}`;
  await proposes([
    [`${byName}  - local: a.yml\n${DEPLOY}`, `  - local: a.yml\n${plain}${HOOKED}`, ["deploy", "review"], {}, { full: `${review}${DEPLOY}` }],
    [`${byName}${DEPLOY}`, `${byName}${plain}${HOOKED}`, ["deploy", "review"]],
    [own, own, ["deploy"]],
    [own.replace("merge_into", "deploy_job"), own, ["deploy"]],
    [`${byName}${OURS}${review}${DEPLOY}`, `${byName}${OURS}${review}${HOOKED}`, ["deploy", "review"]],
    // The before_script in the text wins over the start hook of the include.
    [`${own}  before_script: [b]\n`, `deploy:\n  extends: .notify\n  script: [${BEFORE}, make]\n  before_script: [b]\n`, ["deploy"]],
  ]);
});

test("a job of another file gets an include of its own beside an include that is there", async () => {
  const full = `review: {script: [a]}\n${DEPLOY}`;
  const pipeline = `include:\n${OURS}    inputs: {deploy_jobs: deploy}\n  - local: a.yml\n${DEPLOY}`;
  const merged = pipeline.replace(DEPLOY, again("deploy_jobs: deploy,review", "merge_into: review") + HOOKED);
  await proposes([[pipeline, merged, ["deploy", "review"], { review: "by-name" }, { full, chosen: ["deploy", "review"] }]]);
  // The proposal stays as it is.
  await proposes([[merged, merged, ["deploy", "review"], {}, { full, chosen: ["deploy", "review"] }]]);
  const copy = "include:\n  - {project: x/y, ref: v1, file: /templates/notify.yml, inputs: {merge_into: review}}\n";
  await proposes([[`${copy}${DEPLOY}`, `${copy}  - project: "x/y"\n    ref: "v1"\n    file: "/templates/notify.yml"\n    inputs:\n      deploy_jobs: deploy,review\n${HOOKED}`, ["deploy", "review"]]]);
});

test("a job without the settings has no hooks", async () => {
  const pipeline = ".tags: {tags: [t], variables: }\ndeploy-a:\n  script: [a]\ndeploy-b:\n  extends: [deploy-a, .tags]\n";
  const left = { "deploy-a": "shared-text", "deploy-b": "odd-shape" };
  await proposes([
    [pipeline, pipeline, [], left],
    [`${pipeline}  variables: {B: y}\n`, `${pipeline}  variables: {B: y}\n`, [], left],
    [`${pipeline}  script: [b]\n`, "  extends: [deploy-a, .tags]\n  script: [b]\n  after_script: []\n", ["deploy-a"], { "deploy-b": "odd-shape" }],
  ]);
});

test("an empty after_script of a parent is not another file's", async () => {
  const pipeline = "default: {after_script: [da]}\ndeploy:\n  script: [x]\n  after_script:\nstop:\n  extends: deploy\n  script: [y]\n";
  const full = "default: {after_script: [da]}\ndeploy: {script: [x], after_script: }\nstop: {extends: deploy, script: [y], after_script: }\n";
  const expected = "stop:\n  extends: deploy\n  script: [y]\n  after_script:\n    - !reference [default, after_script]\n";
  await proposes([[pipeline, expected, ["deploy"]], [pipeline, expected, ["deploy"], {}, { full }]]);
});

test("another file may repeat what a job inherits", async () => {
  const pipeline = "include: a.yml\ndeploy-a: {script: [a], after_script: [tidy]}\ndeploy-b:\n  extends: deploy-a\n";
  const full = "deploy-a: {script: [a], after_script: [tidy]}\ndeploy-b: {extends: deploy-a, script: [a], after_script: [tidy]}\n";
  const explicit = "deploy-b:\n  script:\n    - !reference [deploy-a, script]\n  after_script:\n    - !reference [deploy-a, after_script]\n  extends: deploy-a\n";
  const both = ["deploy-a", "deploy-b"];
  await proposes([
    [pipeline, explicit, both, {}, { full }],
    [pipeline.replace("include: a.yml\n", ""), "deploy-b:\n  extends: deploy-a\n", both, {}, { full }],
    [pipeline.replace(/deploy-b.*/su, ""), "deploy-a: {script: [a], after_script: [tidy]}\n", [], { "deploy-a": "shared-text", "deploy-b": "included-scripts" }, { full }],
  ]);
});

test("another file's job may refer to a job in the text", async () => {
  const inFirst = `deploy:\n  extends: .notify\n  before_script:\n    - ${BEFORE}\n  script: [make]\n${END}`;
  const files = (job, more) => ({ full: `${job}${DEPLOY}${more}` });
  await proposes([
    [`include: a.yml\n${DEPLOY}`, inFirst, ["deploy"], {}, files("other: {script: [[make], z]}\n", "")],
    [`include: a.yml\n${DEPLOY}`, inFirst, ["deploy"], {}, files("other: {after_script: [make]}\n", "")],
    [`include: a.yml\n${DEPLOY}`, inFirst.replace("  script", "    - !reference [default, before_script]\n  script"), ["deploy"], {}, files("default: {before_script: [[make]]}\n", "")],
    ["include: a.yml\ndeploy:\n  script: make\n", inFirst.replace("[make]", "make"), ["deploy"], {}, { full: "other: {script: [make, z]}\ndeploy: {script: make}\n" }],
    [`include: a.yml\n${DEPLOY}`, HOOKED, ["deploy"], {}, files("other: {script: [make, z]}\n", "")],
    ...[["before_script: [log in]", "other: {script: [[make], z]}\n"], ["after_script: [tidy]", "other: {script: [[tidy], z]}\n"]].map(([keyword, other]) => [
      `include: a.yml\n${DEPLOY}  ${keyword}\n`, `${DEPLOY}  ${keyword}\n`, [], { deploy: "may-refer" }, files(other, `  ${keyword}\n`),
    ]),
    // A parent may refer to its child.
    ["include: a.yml\ndeploy:\n  extends: .base\n  script: [make]\n", "deploy:\n  extends: .base\n  script: [make]\n", [], { deploy: "may-refer" }, { full: ".base: {script: [make], before_script: [b]}\ndeploy: {extends: .base, script: [make], before_script: [b]}\n" }],
  ]);
});

test("a pipeline in braces may have comments and commas anywhere", async () => {
  const ours = '{"component":"HOST/x/y/notify@1.0.0","inputs":{"deploy_jobs":"deploy"}}';
  const tags = '{"tags":["x"]}';
  for (const [given, expected] of [
    ["", `"include": [${ours}], `],
    ['"include": ["a.yml" # c\n ], ', `"include": ["a.yml", ${ours} # c\n ], `],
    ['"include": ["a.yml",], ', `"include": ["a.yml", ${ours},], `],
    ['"include": [], ', `"include": [${ours}], `],
    ['"include": "a.yml", ', `"include": ["a.yml", ${ours}], `],
  ]) {
    const job = `deploy: {extends: .notify, after_script: [${AFTER}], script: [${BEFORE}, "a"], "tags": ["x"]}`;
    const { text } = await proposedIn(shared.page, `{${given}deploy: {script: ["a"], "tags": ["x"]},}\n`, { sure: true });
    assert.equal(text, `{"notify-start": ${tags}, "notify-finish": ${tags}, ${expected}${job},}\n`);
  }
});

test("no chain of extends gets longer than GitLab allows", async () => {
  const chain = (count) => Array.from({ length: count }, (_, at) => `.job-${at}:\n  extends: ${at > 0 ? `.job-${at - 1}` : "deploy"}\n  script: [x]\n  after_script: [y]\n`).join("");
  await proposes([
    [`${chain(11)}${DEPLOY}`, DEPLOY, [], { deploy: "too-deep" }],
    [`${chain(10)}${DEPLOY}`, HOOKED, ["deploy"]],
  ]);
});

test("a late end hook is in a wrong place", async () => {
  const pipeline = "deploy-a:\n  script: [a]\n  after_script: [q]\ndeploy-b:\n  script: [b]\n  after_script: [own, !reference [deploy-a, after_script]]\n";
  await proposes([[pipeline, `after_script: [${AFTER}, own, !reference [deploy-a, after_script]]\n`, ["deploy-b"], { "deploy-a": "referred-to" }]]);
});

test("variables that GitLab reads as numbers or symbols are not written out", async () => {
  for (const value of ["80,443", "-1,000.5", "0x1,f", ":a"]) {
    const pipeline = `.v:\n  variables:\n    A: ${value}\ndeploy:\n  variables: !reference [.v, variables]\n  script: [make]\n`;
    await proposes([[pipeline, pipeline, [], { deploy: "variables-reference" }]]);
  }
});

test("a block at the end of a file keeps its lines", async () => {
  const job = (header) => `deploy:\n  tags: [t]\n  script: [make]\n  after_script:\n    - ${header}\n      tidy\n`;
  const tags = "notify-start:\n  tags: [t]\n\nnotify-finish:\n  tags: [t]\n";
  const { text: kept } = await proposedIn(shared.page, job("|+"));
  assert.ok(kept.endsWith(`    - |+\n      tidy\n${tags}`), kept);
  const { text: clipped } = await proposedIn(shared.page, job("|"));
  assert.ok(clipped.endsWith(`    - |\n      tidy\n\n${tags}`), clipped);
});

test("tags replace no job of the pipeline", async () => {
  const own = "notify-start:\n  tags: [z]\n  retry: 1\n";
  await proposes([[`deploy:\n  tags: [t]\n  script: [make]\n${own}`, `${own}\nnotify-finish:\n  tags: [t]\n`, ["deploy"], { "notify-start": "merges-into-ours" }]]);
});

test("lines end where GitLab's parser ends them", async () => {
  for (const end of ["\u2028", "\u2029", "\u0085"]) {
    const block = `deploy:\n  script: |\n    echo a${end}    echo b\n    c\n`;
    await proposes([[block, block, [], { deploy: "odd-shape" }]]);
    const list = `  script:\n    - |\n      a${end}      b\n    - "a${end}b" # a${end}    # b\n`;
    await proposes([[`deploy:\n${list}`, list.replace("    - |", `    - ${BEFORE}\n    - |`) + END, ["deploy"]]]);
    await assert.rejects(proposedIn(shared.page, `deploy:\n  script: [make] # a${end}  after_script: [tidy]\n`), /character inside line 2/u);
  }
});

test("empty keywords may have a comment, and a script may be on the next line", async () => {
  const cases = [
    ["  script: [make]\n  after_script: # none\n", `  script: [${BEFORE}, make]\n  after_script: [${AFTER}] # none\n`],
    ["  script: [make]\n  variables: # none\n  after_script: null # none\n", `  script: [${BEFORE}, make]\n  variables: {} # none\n  after_script: [${AFTER}] # none\n`],
    ["  script: # why\n    make\n      it\n", `  script: # why\n    - ${BEFORE}\n    - make\n        it\n${END}`],
    ["  script:\n      'make: it' # why\n", `  script:\n    - ${BEFORE}\n    - 'make: it' # why\n${END}`],
    ["  script: !reference\n    - .x\n    - script\n", `  script:\n    - ${BEFORE}\n    - !reference [.x, script]\n${END}`],
  ];
  await proposes(cases.map(([given, expected]) => [`.x: {script: [x]}\ndeploy:\n${given}`, `\ndeploy:\n  extends: .notify\n${expected}`, ["deploy"]]));
  const flow = (keywords) => `deploy: {${keywords}}\n`;
  await proposes([[flow("script: a, after_script: null, variables: ~"), flow(`extends: .notify, script: [${BEFORE}, a], after_script: [${AFTER}], variables: {}`), ["deploy"]]]);
});
