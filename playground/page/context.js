// Turns the entered state into the module's context and into lines of `.gitlab-ci.yml`. Nothing here touches the DOM.

/** The name of the deploy job in the samples. */
const SAMPLE_JOB = "review";

/** The example address of the first message, for the operators. */
const FIRST_MESSAGE = "https://shop.slack.com/archives/C0DEPLOYS1/p1764547200000100";

/** Returns the context that the notifier would pass to the module: the example, with the entered values in place of its own. */
export function context(samples, state) {
  const event = named(samples.events, state.event);
  const kind = named(samples.kinds, state.kind);
  const settings = {};
  for (const input of samples.inputs) {
    const value = String(state.inputs[input.name] ?? input.default).trim();
    // A list with a default may be set to nothing.
    if (input.for_module && (value || (input.is_list && input.default))) settings[input.name] = value;
  }
  // The event is the example's. People and places are entered.
  const { name: _, ci: ofJob, ...happened } = withJob(event, settings.deploy_jobs);
  const ci = { ...kind.ci, ...ofJob, ...environment(kind.ci, event.ci), ...variables(state.variables).values };
  const audience = { bot: { updates: true }, operators: { operators: { first_message: FIRST_MESSAGE } } };
  return {
    version: 1,
    ...happened,
    ...audience[state.audience],
    ...(happened.why && { why: why(happened.why, state.inputs), shows_logs: state.audience === "webhook" }),
    ci,
    settings,
    settings_file: json(state.file).value,
    people: strings(json(state.people).value),
  };
}

/** Returns what a message says of tests and logs with these inputs. */
function why({ tests, logs, ...rest }, inputs) {
  const count = Number(inputs.log_lines ?? 0);
  return {
    ...rest,
    ...(String(inputs.tests ?? true) !== "false" && { tests }),
    logs: count > 0 ? logs.map((log) => ({ ...log, lines: log.lines.slice(-count) })) : [],
  };
}

/** Returns the faults of the entered state, each the code of a text with the values to fill in. */
export function faults(samples, state) {
  const found = [];
  for (const input of samples.inputs) {
    const value = String(state.inputs[input.name] ?? input.default);
    // RE2 checks inputs. Its syntax is a subset of this one.
    if (input.regex && !new RegExp(input.regex, "u").test(value)) found.push({ code: "odd-input", name: input.name, regex: input.regex });
  }
  found.push(...variables(state.variables).faults);
  for (const [code, text] of [["odd-file", state.file], ["odd-people", state.people]]) {
    const { fault } = json(text);
    if (fault !== undefined) found.push({ code, fault });
  }
  return found;
}

/** Returns the include with exactly these inputs. */
export function snippet(samples, inputs) {
  return `include:\n${component(samples, inputs).map((line) => `  ${line}\n`).join("")}`;
}

/** Returns the component as lines of an item of `include:`, with only the inputs that differ from their defaults. */
export function component(samples, inputs) {
  const { project, version } = samples.release;
  // GitLab before 18.1 refuses an empty value for an input whose default is "-".
  const isUsual = (value, usual) => value === String(usual) || (value.trim() === "" && usual === "-");
  const given = samples.inputs.filter(({ name, default: usual }) => !isUsual(String(inputs[name] ?? usual), usual));
  const lines = [`- component: $CI_SERVER_FQDN/${project}/notify@${version}`];
  if (given.length > 0) lines.push("  inputs:");
  // Strings in double quotes are the same in YAML as in JSON, but for line separators. Numbers and booleans are those of JSON.
  const written = (value) => JSON.stringify(value).replaceAll(/[\u2028\u2029\u0085]/gu, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
  for (const { name } of given) lines.push(`    ${name}: ${written(inputs[name])}`);
  return lines;
}

/** Returns an event with the deploy job named as in `deploy_jobs`, so that the message is about a job of the team. */
function withJob(event, names = "") {
  const name = names.split(/[,;\n]/u).map((it) => it.trim()).find((it) => it && !/[*?[]/u.test(it)) ?? "deploy";
  return JSON.parse(JSON.stringify(event), (key, value) => (["name", "CI_JOB_NAME"].includes(key) && value === SAMPLE_JOB ? name : value));
}

/** Returns the environment of a deploy job. Its name follows the branch, as in Auto DevOps. */
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
