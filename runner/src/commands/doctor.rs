//! `doctor`: prints a checklist of set and missing settings, and the next step.

mod gitlab;
mod slack;

use std::cell::RefCell;

use crate::cli::{EventArgs, JobArgs};
use crate::explain::Explain;
use crate::job::context::Context;
use crate::job::event::{Event, Verdict};
use crate::job::key::Key;
use crate::job::unknown::unknown;
use crate::module::message::Message;
use crate::module::pin::BUILT_IN_MODULE;
use crate::module::skip::Skip;
use crate::report::{Code, Warning, one_line, print};
use crate::slack::webhook_url::{self, UnusableWebhook};
use crate::steps::findings::Findings;
use crate::steps::read_job::Call;
use crate::steps::render::quietly;
use crate::variables::Variables;

/// The result of a check.
#[derive(Clone, Copy)]
enum Mark<'a> {
    Ok,
    /// It works, and could do more.
    Note,
    /// Nothing is sent until this is fixed. Holds the next step.
    Wrong(&'a str),
}

/// Runs the checks. Returns whether everything works.
pub(super) fn run(send: bool, job: JobArgs, mut variables: Variables) -> bool {
    // A finished deployment's message has every part. Outside an after_script, no variable has the job's result.
    if variables.get("CI_JOB_STATUS").is_none() {
        variables.set("CI_JOB_STATUS", "success");
    }
    let call = Call::begin(job, variables);
    let print_line = |line: &str| print(&format!("{}\n", one_line(&call.redactor.redact(line))));
    let mut steps: Vec<String> = Vec::new();
    let mut add_line = |mark: Mark, what: &str, detail: &str| {
        let sign = match mark {
            Mark::Ok => "[ok]  ",
            Mark::Note => "[note]",
            Mark::Wrong(step) => {
                steps.push(format!("Next step: {step}"));
                "[!!]  "
            }
        };
        print_line(&format!("{sign} {what}: {detail}"));
    };

    job_facts(&call, &mut add_line);
    settings_facts(&call, &mut add_line);
    let message = module_facts(&call, &mut add_line);
    events(&call, &mut add_line);
    gitlab::facts(&call, &mut add_line);
    for oddity in call.client.oddities() {
        add_line(Mark::Note, "network", &oddity);
    }
    let operators = webhook_url::of_operators(&call.variables, &call.settings);
    // The operators' webhook has a line of its own below.
    for warning in call.to.warnings.iter().filter(|warning| warning.code != Code::OperatorsWebhook) {
        let step = step_of(warning);
        add_line(if call.to.is_somewhere() { Mark::Note } else { Mark::Wrong(&step) }, "Slack", &warning.text);
    }
    let environment = message.as_ref().and_then(Message::environment);
    let bot =
        call.to.bot_for(environment).filter(|(api, channel)| slack::bot_facts(&call, api, channel, &mut add_line));
    if let Some((api, _)) = bot
        && let Some(message) = &message
    {
        slack::blocks_facts(&call, api, &message.body(), &mut add_line);
    }
    let has_bot = bot.is_some();
    match &call.to.webhook {
        // With a bot, a webhook is optional.
        Err(unusable) if call.to.bot().is_some() && unusable.is_unset() => {}
        Err(unusable) => unusable_webhook("webhook", unusable, &mut add_line),
        Ok(_) if send && !has_bot => {}
        Ok(_) => {
            let detail = format!("{} is set and usable; nothing was sent", webhook_url::variable(&call.settings));
            add_line(Mark::Ok, "webhook", &detail);
        }
    }
    match operators {
        Some(Err(unusable)) => unusable_webhook("operators", &unusable, &mut add_line),
        Some(Ok(_)) => add_line(Mark::Ok, "operators", "SLACK_OPS_WEBHOOK_URL is set and usable"),
        None => {}
    }
    if send && let Some(message) = test_message(&call) {
        slack::deliver(&call, &message.body(), bot, &mut add_line);
    }

    print("\n");
    match steps.as_slice() {
        [] if send => print("Everything works.\n"),
        [] => print("Next step: `doctor --send` sends one test message.\n"),
        steps => steps.iter().for_each(|step| print_line(step)),
    }
    steps.is_empty()
}

type AddLine<'a> = &'a mut dyn FnMut(Mark, &str, &str);

fn unusable_webhook(what: &str, unusable: &UnusableWebhook, add_line: AddLine) {
    let step = format!("{}: {}", unusable.variable(), unusable.step());
    add_line(Mark::Wrong(&step), what, &unusable.to_string());
}

/// Names the settings that are ignored.
fn settings_facts(call: &Call, add_line: AddLine) {
    let ignored = call.settings.timeout().1.into_iter().chain(call.settings.refused());
    for text in ignored.chain(unknown(&call.variables)) {
        let name = text.split(' ').next().unwrap_or_default();
        add_line(Mark::Wrong(&format!("set {name} right, as its line says")), "settings", &text);
    }
}

fn job_facts(call: &Call, add_line: AddLine) {
    match (call.variables.get("CI_PROJECT_NAME"), call.variables.get("CI_COMMIT_REF_NAME")) {
        (Some(project), Some(git_ref)) => add_line(Mark::Ok, "job", &format!("project {project}, ref {git_ref}")),
        _ => add_line(Mark::Note, "job", "CI_PROJECT_NAME or CI_COMMIT_REF_NAME is not set: is this a GitLab job?"),
    }
    // As GitLab Runner reads it (gitlab-org/gitlab-runner, `spec/variables.go`).
    let is_on = |value| ["1", "t", "T", "true", "TRUE", "True"].contains(&value);
    if call.variables.get("CI_DEBUG_TRACE").is_some_and(is_on) {
        add_line(
            Mark::Note,
            "job",
            "CI_DEBUG_TRACE is on: GitLab prints every variable of this job to its log, secrets included",
        );
    }
}

/// Returns the next step for a warning, by the setting that it names.
fn step_of(warning: &Warning) -> String {
    warning
        .setting
        .as_ref()
        .map_or_else(|| "do as that line says".to_owned(), |setting| format!("set {setting} right, as its line says"))
}

/// Returns the context of a message with every part.
fn finished_deployment(call: &Call) -> Context {
    let findings = Findings { people: call.people(), ..Findings::of_job(&call.variables) };
    call.context(Event::DeployFinished.into(), &findings, &*call.report)
}

/// Renders the same message with a text that marks it as a test.
fn test_message(call: &Call) -> Option<Message> {
    let text = match call.settings.get(Key::LANGUAGE) {
        Some(language) if language.eq_ignore_ascii_case("ko") => "pipeline-notifier 시험 메시지, 배포된 것 없음",
        _ => "a test of pipeline-notifier, nothing was deployed",
    };
    quietly(call, &finished_deployment(call).saying(text)).0.ok()
}

/// Renders once. Returns the message if that worked.
fn module_facts(call: &Call, add_line: AddLine) -> Option<Message> {
    let rendered = match call.module.pin() {
        Some(pin) => format!("pinned {} from {}", &pin.sha256[..12], pin.source),
        None => format!("built-in {} ({})", env!("CARGO_PKG_VERSION"), &BUILT_IN_MODULE.0[..12]),
    };
    let (message, warning) = quietly(call, &finished_deployment(call));
    let is_replaced = warning.is_some();
    if let Some(warning) = warning {
        add_line(Mark::Wrong("fix the pinned module, as its line says"), "module", &warning);
    }
    match message {
        Err(error) => {
            let step = "try another runner or image, and report it with this output";
            add_line(Mark::Wrong(step), "module", &error.to_string());
            None
        }
        Ok(message) => {
            if !is_replaced {
                add_line(Mark::Ok, "module", &rendered);
            }
            add_line(Mark::Ok, "message", &message.summary);
            if !call.mentions_somebody() {
                add_line(
                    Mark::Note,
                    "settings",
                    "NOTIFIER_MENTION is not set: nobody is mentioned when something fails",
                );
            }
            if call.settings.get(Key::APP_URL).is_none() {
                let instead = "the site's link comes from the deploy job or its environment";
                add_line(Mark::Note, "settings", &format!("NOTIFIER_APP_URL is not set: {instead}"));
            }
            if call.settings.get(Key::GRAFANA_URL).or(call.settings.get(Key::LOGS_URL)).is_none() {
                add_line(
                    Mark::Note,
                    "settings",
                    "neither NOTIFIER_GRAFANA_URL nor NOTIFIER_LOGS_URL is set: messages have no link to runtime logs",
                );
            }
            Some(message)
        }
    }
}

/// Lists every event in success and failure: its summary or reason to skip, its destination, and its problems.
fn events(call: &Call, add_line: AddLine) {
    let mut known: Vec<Warning> = Vec::new();
    let mut leaves_out_branch = false;
    let people = call.people();
    for (event, status, result) in [
        (Event::PipelineStarted, "running", None),
        (Event::DeployStarted, "running", None),
        (Event::DeployFinished, "success", None),
        (Event::DeployFinished, "failed", None),
        (Event::DeployFinished, "canceled", None),
        (Event::PipelineFinished, "failed", Some(Verdict::Failed)),
        (Event::PipelineFinished, "success", Some(Verdict::Success)),
    ] {
        let mut variables = call.variables.clone();
        variables.set("CI_JOB_STATUS", status);
        let findings = Findings { people: people.clone(), ..Findings::of_job(&variables) };
        let context = call.context_of(EventArgs { event, result }, &variables, &findings, &RefCell::default());
        let (Ok(message), _) = quietly(call, &context) else { continue };
        let place = match call.to.bot_for(message.environment()) {
            Some((_, channel)) => format!(" -> {channel}"),
            None => String::new(),
        };
        let is_for_operators = message.failure && call.to.operators_for(message.environment()).is_some();
        let operators = is_for_operators.then(|| quietly(call, &context.for_operators(None)).0.ok()).flatten();
        let operators_warnings = operators.as_ref().map(|it| it.warnings.clone()).unwrap_or_default();
        let operators = operators.filter(|it| it.skip.is_none()).map_or("", |_| "; also to the operators");
        let mentions = Some(message.mentions.join(", ")).filter(|list| !list.is_empty());
        let mentions = mentions.map_or_else(String::new, |list| format!("; mentions {list}"));
        let summary = &message.summary;
        match &message.skip {
            Some(reason) => {
                add_line(Mark::Note, event.name(), &format!("{summary} is not sent ({reason})"));
                leaves_out_branch |= *reason == Skip::BranchNotSelected;
            }
            None => add_line(Mark::Ok, event.name(), &format!("{summary}{place}{mentions}{operators}")),
        }
        // A job without an environment has no hooks: it is the doctor's own.
        let has_hooks = call.variables.get("CI_ENVIRONMENT_NAME").is_some();
        let of_operators = operators_warnings.into_iter();
        let judged = message.warnings.into_iter().chain(of_operators).filter(|it| match it.code {
            Code::NoJobStatus => false,
            Code::HookNotNamed => has_hooks,
            _ => true,
        });
        for warning in judged {
            if !known.contains(&warning) {
                add_line(Mark::Wrong(&step_of(&warning)), "settings", &warning.text);
                known.push(warning);
            }
        }
    }
    if leaves_out_branch {
        let branches = call.settings.get(Key::BRANCHES).unwrap_or_default();
        let git_ref = call.variables.get("CI_COMMIT_REF_NAME").unwrap_or_default();
        let detail =
            format!("NOTIFIER_BRANCHES is `{branches}`, which excludes {git_ref}; nothing of {git_ref} is sent");
        add_line(Mark::Note, "settings", &detail);
    }
}
