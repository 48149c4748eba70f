// Keeps the entered state in the fragment of the address: a link shares it, and no server sees it.
import { preferred } from "./words.js";

/** Returns the state of a newly opened playground. */
export function initial(samples) {
  return {
    event: "deploy failed",
    kind: samples.kinds[0].name,
    ui: preferred(),
    view: "message",
    audience: "webhook",
    app: "bot,public,history,people",
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
    width: "desktop",
    inputs: { deploy_jobs: "deploy", ...(preferred() === "en" ? {} : { language: preferred() }) },
    variables: "",
    file: "",
    people: "",
  };
}

/** The inputs that decide which code runs, or where secrets go. No link presets them. */
const NOT_SHARED = ["image", "package_url", "module_url", "module_sha256", "webhook_variable", "allow_hosts", "slack_api_url"];

/** Returns the fragment of a state. */
export function write(state) {
  const inputs = Object.fromEntries(Object.entries(state.inputs).filter(([name]) => !NOT_SHARED.includes(name)));
  const bytes = new TextEncoder().encode(JSON.stringify({ ...state, inputs }));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** True for a value that an input takes. A link may hold anything. */
function isValue({ type, options, regex }, value) {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "number") return Number.isFinite(value);
  if (typeof value !== "string") return false;
  return options ? options.includes(value) : !regex || new RegExp(regex, "u").test(value);
}

/** Returns the state of a fragment. Invalid parts get the values of a newly opened playground. */
export function read(fragment, samples) {
  const choices = { ui: ["en", "ko"], view: ["message", "pipeline", "app"], audience: ["webhook", "bot", "operators"], theme: ["light", "dark"], width: ["desktop", "phone"], event: samples.events.map(({ name }) => name), kind: samples.kinds.map(({ name }) => name) };
  const state = initial(samples);
  let given;
  try {
    const bytes = Uint8Array.from(atob(fragment.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.codePointAt(0));
    given = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return state;
  }
  for (const [name, value] of Object.entries(state)) {
    const isOne = typeof value === "string" && typeof given?.[name] === "string";
    if (isOne && (choices[name]?.includes(given[name]) ?? true)) state[name] = given[name];
  }
  if (given?.inputs && typeof given.inputs === "object") {
    state.inputs = {};
    for (const input of samples.inputs.filter(({ name }) => !NOT_SHARED.includes(name))) {
      if (isValue(input, given.inputs[input.name])) state.inputs[input.name] = given.inputs[input.name];
    }
  }
  return state;
}
