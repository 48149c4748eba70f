// Gets proposals from the assistant, inside the playground.
import { after, before } from "node:test";
import { launch, open, serve } from "./page.mjs";

export const BEFORE = "!reference [.notify-deploy, before_script]";
export const AFTER = "!reference [.notify-deploy, after_script]";

/** Returns the assistant's proposal: the text, the names of the hooked jobs, the warnings, and the time that it took. */
export function proposedIn(page, pipeline, more = {}) {
  return page.evaluate(async (given) => {
    const { propose } = await import("./pipeline/propose.js");
    const component = (inputs) => {
      const given = Object.entries(inputs).map(([name, value]) => `    ${name}: ${value}`);
      return ["- component: HOST/x/y/notify@1.0.0", ...(given.length > 0 ? ["  inputs:", ...given] : [])];
    };
    const start = performance.now();
    const { text, jobs, warnings } = propose({ project: "x/y", component, ...given });
    return { text, hooked: jobs.filter((job) => job.hooked).map((job) => job.name), warnings, milliseconds: performance.now() - start };
  }, { text: pipeline, ...more });
}

/** Opens the playground before a file's tests, and closes it after them. Its `browser`, `server` and `page` are there in tests. */
export function opened() {
  const shared = {};
  before(async () => {
    [shared.server, shared.browser] = await Promise.all([serve(), launch()]);
    shared.page = (await open(shared.browser, shared.server.url)).page;
  });
  after(async () => {
    await shared.browser?.close();
    shared.server?.close();
  });
  return shared;
}
