// The page: what is entered becomes a context, the module makes a message of it, and the page shows what Slack would.
import init, { body, faults as slackFaults, picture, render } from "./notifier.js";
import { initial, read, write } from "./address.js";
import { context, faults, snippet } from "./context.js";
import { compile, run } from "./foreign.js";

const byId = (id) => document.getElementById(id);
const FIELDS = ["event", "kind", "theme", "width", "variables", "file", "people"];

let samples;
let state;
/** A team's own module, in place of the built-in one. */
let foreign;
let turn = 0;

await start();

async function start() {
  const [answer] = await Promise.all([fetch("samples.json"), init()]);
  samples = await answer.json();
  fill("event", samples.events);
  fill("kind", samples.kinds);
  const shown = samples.inputs.filter(({ name }) => name !== "language");
  byId("inputs").replaceChildren(...shown.filter((input) => input.for_module).map(field));
  byId("delivery").replaceChildren(...shown.filter((input) => !input.for_module).map(field));
  for (const area of ["form", "theme", "width"]) byId(area).addEventListener("input", entered);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("module").addEventListener("change", () => use(byId("module").files[0]));
  byId("forget").addEventListener("click", () => use());
  byId("reset").addEventListener("click", () => show(initial(samples)));
  document.addEventListener("dragover", (event) => drag(event, true));
  document.addEventListener("dragleave", (event) => drag(event, false));
  document.addEventListener("drop", (event) => {
    drag(event, false);
    use(event.dataTransfer.files[0]);
  });
  for (const button of document.querySelectorAll("[data-copies]")) button.addEventListener("click", copy);
  byId("picture").addEventListener("load", fit);
  addEventListener("resize", fit);
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== write(state)) show(read(location.hash.slice(1), samples));
  });
  show(read(location.hash.slice(1), samples));
}

/** Puts a state into the form, and shows its message. */
function show(given) {
  state = given;
  for (const name of FIELDS) byId(name).value = state[name];
  byId("language").value = state.inputs.language ?? "en";
  for (const input of samples.inputs.filter(({ name }) => name !== "language")) {
    const value = state.inputs[input.name] ?? input.default;
    if (input.type === "boolean") byId(`input-${input.name}`).checked = value === true;
    else byId(`input-${input.name}`).value = value;
  }
  draw();
}

/** Takes what the form holds, and shows its message. */
function entered() {
  for (const name of FIELDS) state[name] = byId(name).value;
  state.inputs = {};
  for (const input of samples.inputs) {
    const element = byId(input.name === "language" ? "language" : `input-${input.name}`);
    const value = input.type === "boolean" ? element.checked : input.type === "number" ? Number(element.value) : element.value;
    if (String(value) !== String(input.default)) state.inputs[input.name] = value;
  }
  draw();
}

async function draw() {
  turn += 1;
  const mine = turn;
  history.replaceState(null, "", `#${write(state)}`);
  const json = JSON.stringify(context(samples, state));
  byId("context").textContent = json;
  byId("snippet").textContent = snippet(samples, state);
  const warnings = faults(samples, state);
  let message;
  try {
    message = foreign ? await run(foreign.module, json) : render(json);
  } catch (error) {
    warnings.push(foreign ? `the module ${foreign.name}: ${error.message ?? error}` : String(error));
  }
  if (mine !== turn) return;
  byId("which").textContent = foreign ? foreign.name : "built-in";
  tell(message, warnings);
}

/** Shows a module's answer. All of it is text to this page; the picture is drawn by the notifier's own renderer. */
function tell(message, warnings) {
  let [posted, summary, pictured, text] = ["", "", "", ""];
  try {
    if (message !== undefined) {
      posted = body(message);
      const answer = JSON.parse(message);
      summary = answer.skip ? `not sent: ${answer.skip}` : String(answer.summary ?? "");
      if (Array.isArray(answer.warnings)) warnings.push(...answer.warnings.map(String));
      warnings.push(...slackFaults(posted).map((fault) => `Slack: ${fault}`));
      const request = { version: 1, theme: state.theme, language: state.inputs.language ?? "en", messages: [{ message: answer.message }] };
      pictured = picture(JSON.stringify({ ...request, format: "html" }));
      text = picture(JSON.stringify({ ...request, format: "text" }));
    }
  } catch (fault) {
    warnings.push(String(fault));
  }
  byId("body").textContent = posted;
  byId("summary").textContent = summary;
  byId("text").textContent = text;
  byId("warnings").replaceChildren(...warnings.map((warning) => element("li", { textContent: warning })));
  byId("picture").className = state.width;
  byId("picture").srcdoc = pictured;
}

/** Makes the frame as high as its message. */
function fit() {
  const page = byId("picture").contentDocument?.documentElement;
  if (page) byId("picture").style.height = `${Math.max(page.querySelector("body").scrollHeight, 64) + 4}px`;
}

async function use(file) {
  foreign = undefined;
  const warnings = [];
  if (file) {
    try {
      foreign = { name: file.name, module: await compile(await file.arrayBuffer()) };
    } catch (error) {
      warnings.push(`the module ${file.name}: ${error.message}`);
    }
  } else {
    byId("module").value = "";
  }
  byId("forget").disabled = !foreign;
  await draw();
  byId("warnings").append(...warnings.map((warning) => element("li", { textContent: warning })));
}

function drag(event, over) {
  event.preventDefault();
  document.body.classList.toggle("dropping", over);
}

async function copy({ currentTarget: button }) {
  await navigator.clipboard.writeText(byId(button.dataset.copies).textContent);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function fill(id, list) {
  byId(id).replaceChildren(...list.map(({ name }) => element("option", { textContent: name, value: name })));
}

/** One input of the component: its name, its description, and what it takes. */
function field(input) {
  const id = `input-${input.name}`;
  const properties = { id, spellcheck: false };
  let control;
  if (input.options) {
    control = element("select", properties);
    control.append(...input.options.map((option) => element("option", { textContent: option, value: option })));
  } else {
    const kind = input.type === "boolean" ? "checkbox" : input.type === "number" ? "number" : "text";
    control = element("input", { ...properties, type: kind });
  }
  control.setAttribute("aria-describedby", `${id}-description`);
  const label = element("label", { textContent: input.name, htmlFor: id });
  const description = element("small", { id: `${id}-description`, textContent: input.description });
  const block = element("div", { className: "input" });
  block.append(label, control, description);
  return block;
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
