//! `send`: render and deliver, and never be the reason that a job fails.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::Arc;

use super::Call;
use crate::ci::{self, Context};
use crate::cli::{Event, Job};
use crate::destination::Operators;
use crate::message::Message;
use crate::report::{Outcome, Report};
use crate::slack::bot::{Bot, Speaker, Thread};
use crate::slack::{self, Delivered, Undelivered};
use crate::variables::Variables;
use crate::{history, watchdog};

/// What a message leaves behind for others.
#[derive(Default)]
pub(super) struct Files {
    /// Variables for later jobs.
    pub(super) dotenv: Option<PathBuf>,
    /// Links for the job's page.
    pub(super) annotations: Option<PathBuf>,
}

pub(super) fn run(event: Event, strict: bool, files: &Files, job: Job, variables: Variables) -> ExitCode {
    // Before anything else can go wrong; the settings of a call that does not begin are not known.
    end_on_panic(Arc::new(Report::default()), strict);
    let call = Call::begin(job, variables);
    end_on_panic(Arc::clone(&call.report), strict);
    watchdog::watch(call.deadline, Arc::clone(&call.report), i32::from(strict));
    let report = Arc::clone(&call.report);
    let outcome = send(call, event, files);
    report.outcome(&outcome);
    if strict && !outcome.is_as_wanted() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Makes a panic, in whatever thread, a warning of one line, the last line and the end of the process.
fn end_on_panic(report: Arc<Report>, strict: bool) {
    panic::set_hook(Box::new(move |_| {
        report.warning(
            "an error inside pipeline-notifier; please report it with the output of `pipeline-notifier doctor`",
        );
        report.outcome(&Outcome::failed("internal"));
        process::exit(i32::from(strict));
    }));
}

fn send(mut call: Call, event: Event, files: &Files) -> Outcome {
    if event == Event::DeployStarted {
        history::keep_deploy_start(&call.variables, ci::now());
    }
    for warning in &call.to.warnings {
        call.report.warning(warning);
    }
    // Without anywhere to send to, nothing is asked of the network either: neither GitLab nor for a module.
    if !call.to.is_somewhere() {
        call.pin = None;
    }
    let context = call.context(event, call.to.is_somewhere());
    let message = match call.message(&context) {
        Ok(message) => message,
        Err(error) => {
            call.report.warning(&format!("rendering the message: {error}; a line of plain text is sent instead"));
            Message::of_line(&plain_line(&call.variables, event))
        }
    };
    append_variables(&call, files, &message.dotenv());
    // A File-type variable's contents are not among the variables.
    for webhook in call.to.webhook.iter().chain(&call.to.ops_webhook) {
        call.report.redact(webhook.url().expose());
    }
    if call.to.is_somewhere() {
        for oddity in call.client.oddities() {
            call.report.warning(&oddity);
        }
    }
    let (outcome, first) = match message.skip.as_deref() {
        Some(reason) => (Outcome::skipped(&as_word(reason)), None),
        None => deliver(&call, &message, files),
    };
    if let Some(operators) = call.to.operators_for(message.environment()) {
        tell_operators(&call, &operators, context, first.as_deref());
    }
    outcome
}

/// Delivers a message as the bot, else by the webhook. Returns how it ended, and the message's address where it has one
/// and somebody asks for it.
fn deliver(call: &Call, message: &Message, files: &Files) -> (Outcome, Option<String>) {
    let mut permalink = None;
    let mut result = None;
    if let Some((api, channel)) = call.to.bot_for(message.environment()) {
        let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
        match tell(call, &bot, message, files) {
            Ok((thread, delivered)) => {
                let is_asked_for = files.annotations.is_some()
                    || (message.failure && call.to.operators_for(message.environment()).is_some());
                permalink = is_asked_for.then(|| bot.permalink(&thread)).flatten();
                result = Some(Ok(delivered));
            }
            Err(refused) if refused.is_surely_not_delivered() && call.to.webhook.is_ok() => {
                call.report.warning(&format!("{refused}; the webhook is used instead"));
            }
            Err(undelivered) => result = Some(Err(undelivered)),
        }
    }
    let result = match (result, &call.to.webhook) {
        (Some(result), _) => result,
        (None, Ok(webhook)) => slack::deliver(&call.client, webhook, &message.body(), call.deadline),
        (None, Err(unusable)) => {
            call.report.warning(&unusable.to_string());
            let word = unusable.word();
            return (if unusable.is_unset() { Outcome::skipped(word) } else { Outcome::failed(word) }, None);
        }
    };
    if let Some(path) = &files.annotations
        && let Err(cause) = write(path, &message.annotations(permalink.as_deref()))
    {
        call.report.warning(&format!("writing --annotations: {cause}; the job's page gets no links"));
    }
    match result {
        Ok(delivered) => {
            if let Delivered::TextOnly { refused } = delivered {
                call.report
                    .warning(&format!("Slack refused the message's blocks ({refused}); its text alone was sent"));
            }
            call.report.message(&message.summary);
            (Outcome::Sent, permalink)
        }
        Err(undelivered) => {
            call.report.warning(&undelivered.to_string());
            (Outcome::Failed { reason: undelivered.reason() }, None)
        }
    }
}

/// Tells an event as the bot, and leaves to later jobs where the pipeline's message is.
fn tell(call: &Call, bot: &Bot, message: &Message, files: &Files) -> Result<(Thread, Delivered), Undelivered> {
    let speaker = Speaker::of(&call.variables);
    let known = speaker
        .as_ref()
        .and_then(|speaker| Thread::from_variable(call.variables.get("NOTIFIER_THREAD")?, speaker, bot.channel));
    let mut warnings = Vec::new();
    let told = bot.tell(speaker.as_ref(), known, &message.body(), message.failure, &mut warnings);
    for warning in warnings {
        call.report.warning(&warning);
    }
    let (thread, delivered) = told?;
    if let Some(speaker) = &speaker {
        append_variables(call, files, &format!("NOTIFIER_THREAD={}\n", thread.to_variable(speaker, bot.channel)));
    }
    Ok((thread, delivered))
}

/// The second message of a failure. The module says whether there is one; nothing that goes wrong with it changes how the
/// first one ended.
fn tell_operators(call: &Call, operators: &Operators, context: Context, first: Option<&str>) {
    let message = match call.render(&context.for_operators(first)).0 {
        Ok(message) if message.skip.is_some() => return,
        Ok(message) => message,
        Err(error) => return call.report.warning(&format!("rendering the operators' message: {error}")),
    };
    let told = match operators {
        Operators::Webhook(webhook) => slack::deliver(&call.client, webhook, &message.body(), call.deadline).map(drop),
        Operators::Channel(api, channel) => {
            let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
            bot.post(&message.body(), None).map(drop)
        }
    };
    match told {
        Ok(()) => call.report.line("operators: ", &message.summary),
        Err(undelivered) => call.report.warning(&format!("telling the operators: {undelivered}")),
    }
}

fn append_variables(call: &Call, files: &Files, lines: &str) {
    if let Some(Err(cause)) = files.dotenv.as_deref().map(|path| append(path, lines)) {
        call.report.warning(&format!("writing --dotenv: {cause}; later jobs do not get these variables"));
    }
}

fn write(path: &Path, contents: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, contents)
}

fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(lines.as_bytes())
}

/// What is said when no module can: the project, what happened, and where to look.
fn plain_line(variables: &Variables, event: Event) -> String {
    let project = variables.get("CI_PROJECT_NAME").map(|name| format!("[{name}] ")).unwrap_or_default();
    let status = variables.get("CI_JOB_STATUS").map(|status| format!(" ({status})")).unwrap_or_default();
    let link = variables.get("CI_JOB_URL").map(|url| format!(" {url}")).unwrap_or_default();
    format!("{project}{}{status}{link}", event.name())
}

/// A module's reason as the one word that the last line of the log has room for.
fn as_word(reason: &str) -> String {
    let word: String = reason.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
    if word.is_empty() { "module".to_owned() } else { word }
}
