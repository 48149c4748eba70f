// What is entered, as the module gets it and as `.gitlab-ci.yml` says it. Nothing here touches the page.

/** Where a message that operators follow may stand. */
const FIRST_MESSAGE = "https://shop.slack.com/archives/C0DEPLOYS1/p1764547200000100";

/** What a call of the notifier would pass to the module: the example, with what was entered in place of its own. */
export function context(samples, state) {
  const event = named(samples.events, state.event);
  const kind = named(samples.kinds, state.kind);
  const ci = { ...kind.ci, ...event.ci, ...environment(kind.ci, event.ci), ...variables(state.variables).values };
  const settings = {};
  for (const input of samples.inputs) {
    const value = String(state.inputs[input.name] ?? input.default).trim();
    if (input.for_module && value) settings[input.name] = value;
  }
  // What happened is the example's; who and where is entered.
  const { name: _, ci: __, ...happened } = event;
  const audience = { bot: { updates: true }, operators: { operators: { first_message: FIRST_MESSAGE } } };
  return {
    version: 1,
    ...happened,
    ...audience[state.audience],
    ci,
    settings,
    settings_file: json(state.file).value,
    people: strings(json(state.people).value),
  };
}

/** What is wrong with what was entered, each a code of the page's words with what it names. */
export function faults(samples, state) {
  const found = [];
  for (const input of samples.inputs) {
    const value = String(state.inputs[input.name] ?? input.default);
    // Inputs are checked by RE2, whose syntax is a part of this one's.
    if (input.regex && !new RegExp(input.regex, "u").test(value)) found.push({ code: "odd-input", name: input.name, regex: input.regex });
  }
  found.push(...variables(state.variables).faults);
  for (const [code, text] of [["odd-file", state.file], ["odd-people", state.people]]) {
    const { fault } = json(text);
    if (fault !== undefined) found.push({ code, fault });
  }
  return found;
}

/** The include with exactly these inputs. */
export function snippet(samples, inputs) {
  return `include:\n${component(samples, inputs).map((line) => `  ${line}\n`).join("")}`;
}

/** The component as an item of `include:`, line by line, with those of the inputs that are not their defaults. */
export function component(samples, inputs) {
  const { project, version } = samples.release;
  // An input that says nothing by "-" is refused by GitLab before 18.1 where it is empty.
  const isUsual = (value, usual) => value === String(usual) || (value.trim() === "" && usual === "-");
  const given = samples.inputs.filter(({ name, default: usual }) => !isUsual(String(inputs[name] ?? usual), usual));
  const lines = [`- component: $CI_SERVER_FQDN/${project}/notify@${version}`];
  if (given.length > 0) lines.push("  inputs:");
  // Strings in double quotes are the same in YAML as in JSON.
  for (const { name, type } of given) lines.push(`    ${name}: ${["boolean", "number"].includes(type) ? inputs[name] : JSON.stringify(inputs[name])}`);
  return lines;
}

/** Jobs that deploy have an environment; its name follows the branch, as Auto DevOps has it. */
function environment(pipeline, job) {
  if (job.CI_JOB_STAGE !== "review") return {};
  const slug = pipeline.CI_COMMIT_REF_SLUG ?? "main";
  return {
    CI_ENVIRONMENT_NAME: `review/${pipeline.CI_COMMIT_REF_NAME}`,
    CI_ENVIRONMENT_SLUG: `review-${slug}`.slice(0, 24),
    CI_ENVIRONMENT_URL: `https://${slug}.shop.example`,
  };
}

function variables(text) {
  const values = {};
  const faults = [];
  for (const line of text.split("\n").filter((it) => it.trim())) {
    const [, name, value] = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/su.exec(line) ?? [];
    if (name) values[name] = value;
    else faults.push({ code: "odd-variable", line: line.trim().slice(0, 40) });
  }
  return { values, faults };
}

function json(text) {
  if (!text.trim()) return { value: {} };
  try {
    const value = JSON.parse(text);
    if (value && typeof value === "object" && !Array.isArray(value)) return { value };
    return { value: {}, fault: "" };
  } catch (error) {
    return { value: {}, fault: error.message };
  }
}

function strings(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value === "string"));
}

function named(list, name) {
  return list.find((it) => it.name === name) ?? list[0];
}
