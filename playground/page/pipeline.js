// The view of a pipeline. It adds the notifier to a pasted pipeline, and shows the changes and the warnings.
import { component } from "./context.js";
import { structuredPatch } from "./diff/index.js";
import { byId, element, list } from "./dom.js";
import { propose } from "./pipeline/propose.js";
import { said, warned } from "./words.js";

/** The jobs that somebody chose by hand; `undefined` if the playground chooses. */
let chosen;

export function start(entered) {
  for (const area of ["pipeline", "full"]) byId(area).addEventListener("input", entered);
  byId("sure").addEventListener("input", entered);
  byId("jobs").addEventListener("input", () => {
    chosen = [...byId("jobs").querySelectorAll("input:checked")].map((it) => it.value);
    entered();
  });
  byId("pipeline-form").addEventListener("submit", (event) => event.preventDefault());
}

/** Shows the pipeline with the inputs that somebody chose. This view itself finds the deploy jobs. */
export function show(samples, { merge_into: _, deploy_jobs: __, ...inputs }) {
  const [text, full] = [byId("pipeline").value, byId("full").value];
  byId("pipeline-then").hidden = !text.trim();
  byId("pipeline-steps").replaceChildren(...said("then-pipeline").map((textContent) => element("li", { textContent })));
  const clear = (warnings) => {
    byId("jobs-set").hidden = true;
    for (const id of ["changes", "proposed"]) byId(id).replaceChildren();
    list("pipeline-warnings", warnings);
  };
  byId("pipeline-warnings").hidden = !text.trim();
  if (!text.trim()) {
    clear([]);
    chosen = undefined;
    return byId("changes").replaceChildren(element("p", { className: "quiet", textContent: said("nothing-pasted") }));
  }
  let proposal;
  try {
    const { project } = samples.release;
    proposal = propose({ text, full, project, inputs, component: (given) => component(samples, given), chosen, sure: byId("sure").checked });
  } catch (fault) {
    return clear([said(fault.full ? "no-full" : "no-yaml", { fault: fault.message })]);
  }
  byId("jobs-set").hidden = proposal.jobs.length === 0;
  const at = byId("jobs").contains(document.activeElement) ? document.activeElement.value : undefined;
  byId("jobs").replaceChildren(...proposal.jobs.map(choice));
  if (at !== undefined) byId("jobs").querySelector(`[value=${JSON.stringify(at)}]`)?.focus();
  byId("proposed").textContent = proposal.text;
  const { hunks } = structuredPatch("", "", text, proposal.text, "", "", { context: 2 });
  byId("changes").replaceChildren(...(hunks.length > 0 ? hunks.map((hunk) => changed(hunk, proposal.text)) : [element("p", { textContent: said(proposal.jobs.some((it) => it.hooked) ? "no-change" : "nothing") })]));
  // Only the full configuration answers these.
  if (proposal.warnings.some(({ code }) => ["includes-unseen", "unknown-parent", "unseen-job", "unseen-after"].includes(code))) byId("full-part").open = true;
  return list("pipeline-warnings", proposal.warnings.map(warned));
}

/** Returns the checkbox of a job, with the reason why it seems to deploy. */
function choice({ name, reason, picked, values }) {
  const words = reason ? said(`by-${reason}`, { job: name, stage: values.stage }) : name;
  return element("label", { className: "choice" }, element("input", { type: "checkbox", value: name, checked: picked }), ` ${words}`);
}

/** Returns changed lines below the name of their job. */
function changed({ newStart, lines }, text) {
  const first = lines.findIndex((line) => line.startsWith("+"));
  const before = lines.slice(0, first).filter((line) => !line.startsWith("-")).length;
  const line = newStart + before;
  const above = text.split("\n").slice(0, line).toReversed();
  const key = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"'-].*?)\s*:(\s|$)/u;
  const [, job] = key.exec(above.find((it) => key.test(it)) ?? "") ?? [];
  const heading = said("changed", { job, line });
  const pre = element("pre", { tabIndex: 0, role: "region", ariaLabel: heading });
  for (const it of lines.filter((it) => !it.startsWith("\\"))) {
    pre.append(element(it.startsWith("+") ? "ins" : it.startsWith("-") ? "del" : "span", { textContent: it || " " }));
  }
  return element("section", {}, element("h3", { textContent: heading }), pre);
}
