// The playground: the entered state becomes a context, the module turns it into a message, and the playground shows it as Slack would.
import init, { body, faults as slackFaults, picture, render } from "./notifier.js";
import { initial, read, write } from "./address.js";
import * as app from "./app.js";
import { context, faults, snippet } from "./context.js";
import { byId, copies, element, list } from "./dom.js";
import { compile, run } from "./foreign.js";
import { choice, described, preferred, said, speak, spoken } from "./words.js";

/** The entry of `events` that excludes the start of a pipeline. */
const NO_START = "!pipeline-started";

const FIELDS = ["event", "kind", "audience", "theme", "width", "variables", "file", "people"];

let samples;
let state;
/** A team's own module instead of the built-in one, and the reason why one was refused. */
let foreign;
let refused;
let turn = 0;
/** The view of a pipeline. It loads with a YAML library when somebody opens it. */
let pipeline;

await start().catch((fault) => window.tellFailure(fault.part ?? String(fault.message ?? fault)));

async function start() {
  speak(preferred());
  const [, answer] = await Promise.all([
    init().catch((fault) => Promise.reject(Object.assign(fault, { part: "notifier_bg.wasm" }))),
    fetch("samples.json").then((it) => (it.ok ? it.json() : Promise.reject(Object.assign(new Error(it.statusText), { part: "samples.json" })))),
  ]);
  samples = answer;
  fill("event", samples.events);
  fill("kind", samples.kinds);
  const shown = samples.inputs.filter(({ name }) => name !== "language");
  byId("inputs").replaceChildren(...shown.filter((input) => input.for_module).map(field));
  byId("delivery").replaceChildren(...shown.filter((input) => !input.for_module).map(field));
  byId("quiet-start").addEventListener("input", () => {
    const others = entries(byId("input-events").value).filter((it) => it !== NO_START);
    byId("input-events").value = [...others, ...(byId("quiet-start").checked ? [NO_START] : [])].join(", ");
  });
  for (const area of ["form", "audience", "theme", "width"]) byId(area).addEventListener("input", entered);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("module").addEventListener("change", () => use(byId("module").files[0]));
  byId("forget").addEventListener("click", () => use());
  byId("reset").addEventListener("click", () => show({ ...initial(samples), ui: state.ui }));
  byId("ui").addEventListener("input", () => show({ ...state, ui: byId("ui").value }));
  app.start((chosen) => show({ ...state, app: chosen }));
  const tabs = [...byId("views").children];
  const open = (tab) => show({ ...state, view: tab.dataset.view }, true);
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const to = { ArrowRight: (at + 1) % tabs.length, ArrowLeft: at - 1, Home: 0, End: -1 }[key];
      if (to === undefined) return;
      tabs.at(to).focus();
      open(tabs.at(to));
    });
  }
  document.addEventListener("dragover", (event) => drag(event, true));
  document.addEventListener("dragleave", (event) => drag(event, false));
  document.addEventListener("drop", dropped);
  copies();
  byId("picture").addEventListener("load", fit);
  addEventListener("resize", fit);
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== write(state)) show(read(location.hash.slice(1), samples));
  });
  await show(read(location.hash.slice(1), samples));
  byId("loading").hidden = true;
}

/** Shows a state and its message. A new view adds a step to the browser's history. */
async function show(given, isStep = false) {
  if (isStep && given.view !== state.view) history.pushState(null, "", `#${write(given)}`);
  state = given;
  speak(state.ui);
  byId("ui").value = spoken();
  for (const tab of byId("views").children) {
    const isOpen = tab.dataset.view === state.view;
    tab.setAttribute("aria-selected", isOpen);
    tab.tabIndex = isOpen ? 0 : -1;
    byId(`view-${tab.dataset.view}`).hidden = !isOpen;
  }
  for (const name of FIELDS) byId(name).value = state[name];
  byId("language").value = state.inputs.language ?? "en";
  for (const input of samples.inputs.filter(({ name }) => name !== "language")) {
    const value = state.inputs[input.name] ?? input.default;
    if (input.type === "boolean") byId(`input-${input.name}`).checked = value === true;
    else byId(`input-${input.name}`).value = value;
    byId(`input-${input.name}-description`).textContent = described(input);
  }
  byId("quiet-start").checked = entries(byId("input-events").value).includes(NO_START);
  for (const option of document.querySelectorAll("#event option, #kind option")) option.textContent = choice(option.value);
  app.show(state.app);
  await draw();
}

/** Reads the form and shows its message. */
function entered() {
  for (const name of FIELDS) state[name] = byId(name).value;
  state.inputs = {};
  for (const input of samples.inputs) {
    const element = byId(input.name === "language" ? "language" : `input-${input.name}`);
    const value = entry(input, element);
    if (String(value) !== String(input.default)) state.inputs[input.name] = value;
  }
  byId("quiet-start").checked = entries(byId("input-events").value).includes(NO_START);
  draw();
}

function entries(list) {
  return list.split(/[,;\n]/u).map((it) => it.trim()).filter(Boolean);
}

/** Returns the value of an input's control. A number that is cleared is the default. */
function entry({ type, default: usual }, { checked, value }) {
  if (type === "boolean") return checked;
  return type === "number" ? (value.trim() === "" ? usual : Number(value)) : value;
}

async function draw() {
  turn += 1;
  const mine = turn;
  history.replaceState(null, "", `#${write(state)}`);
  if (state.view === "pipeline") await drawPipeline();
  const json = JSON.stringify(context(samples, state));
  byId("context").textContent = json;
  byId("snippet").textContent = snippet(samples, state.inputs);
  const warnings = faults(samples, state).map(({ code, ...named }) => said(code, named));
  if (refused) warnings.push(said("no-module", refused));
  let message;
  try {
    message = foreign ? await run(foreign.module, json) : render(json);
  } catch (error) {
    warnings.push(foreign ? said("no-module", { name: foreign.name, why: error.message ?? error }) : String(error));
  }
  if (mine !== turn) return;
  byId("which").textContent = foreign ? foreign.name : said("built-in");
  showMessage(message, warnings);
}

async function drawPipeline() {
  pipeline ??= import("./pipeline.js").then((view) => {
    view.start(() => view.show(samples, state.inputs));
    byId("failed").hidden = true;
    return view;
  });
  const view = await pipeline.catch(() => window.tellFailure("pipeline.js"));
  if (view) view.show(samples, state.inputs);
  else pipeline = undefined;
}

/** Shows a module's answer, all of it as text. The notifier's own renderer draws the picture. */
function showMessage(message, warnings) {
  let [posted, summary, pictured, text] = ["", "", "", ""];
  try {
    if (message !== undefined) {
      posted = body(message);
      const answer = JSON.parse(message);
      summary = answer.skip ? said("not-sent", { why: answer.skip }) : String(answer.summary ?? "");
      byId("picture").classList.toggle("skipped", Boolean(answer.skip));
      if (Array.isArray(answer.warnings)) warnings.push(...answer.warnings.map(({ text }) => text));
      warnings.push(...slackFaults(posted).map((fault) => said("slack", { fault })));
      const request = { version: 1, theme: state.theme, language: state.inputs.language ?? "en", messages: pictures(answer) };
      pictured = picture(JSON.stringify({ ...request, format: "html" }));
      text = picture(JSON.stringify({ ...request, format: "text" }));
    }
  } catch (fault) {
    warnings.push(String(fault));
  }
  byId("body").textContent = posted;
  byId("summary").textContent = summary;
  byId("text").textContent = text;
  list("warnings", warnings);
  byId("picture").classList.toggle("phone", state.width === "phone");
  byId("picture").srcdoc = withFonts(pictured);
}

/** Returns the picture with the playground's fonts. The picture itself has none, and requests nothing. */
function withFonts(picture) {
  return picture
    .replace("style-src 'unsafe-inline'", "style-src 'unsafe-inline' 'self'; font-src 'self'")
    .replace("</style>", '</style>\n<link rel="stylesheet" href="fonts.css">');
}

/** Returns the messages that people see. A bot posts the pipeline's message, and in its thread a reply without the small print. */
function pictures({ message, failure, skip }) {
  if (skip) return [{ caption: said("not-sent", { why: skip }), message }];
  if (state.audience === "webhook") return [{ message }];
  if (state.audience === "operators") return [{ caption: said("to-operators"), message }];
  if (state.event === "pipeline started") return [{ caption: said("first-message"), message }];
  const { attachments: _, ...reply } = message;
  return [
    { caption: said("pipelines-message"), message },
    { caption: said(failure ? "reply-broadcast" : "reply"), message: reply },
  ];
}

/** Makes the frame as high as its message. */
async function fit() {
  const page = byId("picture").contentDocument?.documentElement;
  if (!page) return;
  await page.ownerDocument.fonts.ready;
  if (page.isConnected) byId("picture").style.height = `${Math.max(page.querySelector("body").scrollHeight, 64) + 4}px`;
}

async function use(file) {
  [foreign, refused] = [];
  if (file) {
    try {
      foreign = { name: file.name, module: await compile(await file.arrayBuffer()) };
    } catch (error) {
      refused = { name: file.name, why: error.message };
    }
  } else {
    byId("module").value = "";
  }
  byId("forget").disabled = !foreign;
  await draw();
}

/** Handles only files. Dragged text goes where it is dropped. */
function drag(event, over) {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.toggle("dropping", over);
}

/** Uses a dropped module in every view. In the view of pipelines, any other file is a pipeline. */
async function dropped(event) {
  drag(event, false);
  const [file] = event.dataTransfer.files;
  if (!file) return;
  if (state.view === "pipeline" && !file.name.endsWith(".wasm")) {
    byId("pipeline").value = await file.text();
    byId("pipeline").dispatchEvent(new Event("input"));
  } else {
    await use(file);
    await show({ ...state, view: "message" });
  }
}

function fill(id, list) {
  byId(id).replaceChildren(...list.map(({ name }) => element("option", { textContent: name, value: name })));
}

/** Returns the form field of an input: its name, its description and its control. */
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
  const description = element("small", { id: `${id}-description`, textContent: described(input) });
  const block = element("div", { className: "input" });
  block.append(label, control, description);
  return block;
}
