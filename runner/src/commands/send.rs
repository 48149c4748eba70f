//! `send`: render and deliver, and never be the reason that a job fails.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic;
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::Arc;

use super::Call;
use crate::cli::{Event, Job};
use crate::message::Body;
use crate::report::{Outcome, Report};
use crate::slack::{self, Delivered};
use crate::variables::Variables;
use crate::{ci, history, watchdog, webhook};

pub(super) fn run(event: Event, strict: bool, dotenv: Option<&Path>, job: Job, variables: Variables) -> ExitCode {
    // Before anything else can go wrong; the settings of a call that does not begin are not known.
    end_on_panic(Arc::new(Report::default()), strict);
    let call = Call::begin(job, variables);
    end_on_panic(Arc::clone(&call.report), strict);
    watchdog::watch(call.deadline, Arc::clone(&call.report), i32::from(strict));
    let report = Arc::clone(&call.report);
    let outcome = send(call, event, dotenv);
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

fn send(mut call: Call, event: Event, dotenv: Option<&Path>) -> Outcome {
    if event == Event::DeployStarted {
        history::keep_deploy_start(&call.variables, ci::now());
    }
    let webhook = webhook::find(&call.variables, &call.settings);
    // Without anywhere to send to, nothing is asked of the network either: neither GitLab nor for a module.
    if webhook.is_err() {
        call.pin = None;
    }
    let context = call.context(event, webhook.is_ok());
    let (body, summary) = match call.message(&context) {
        Ok(message) => {
            if let Some(Err(cause)) = dotenv.map(|path| append(path, &message.dotenv())) {
                call.report.warning(&format!("writing --dotenv: {cause}; later jobs do not get these variables"));
            }
            if let Some(reason) = message.skip.as_deref() {
                return Outcome::skipped(&as_word(reason));
            }
            (message.body(), message.summary)
        }
        Err(error) => {
            call.report.warning(&format!("rendering the message: {error}; a line of plain text is sent instead"));
            let line = plain_line(&call.variables, event);
            (Body::of_line(&line), line)
        }
    };
    let webhook = match webhook {
        Ok(webhook) => webhook,
        Err(unusable) => {
            call.report.warning(&unusable.to_string());
            let word = unusable.word();
            return if unusable.is_unset() { Outcome::skipped(word) } else { Outcome::failed(word) };
        }
    };
    // A File-type variable's contents are not among the variables.
    call.report.redact(webhook.url().expose());
    for oddity in call.client.oddities() {
        call.report.warning(&oddity);
    }
    match slack::deliver(&call.client, &webhook, &body, call.deadline) {
        Ok(delivered) => {
            if let Delivered::TextOnly { refused } = delivered {
                call.report
                    .warning(&format!("Slack refused the message's blocks ({refused}); its text alone was sent"));
            }
            call.report.message(&summary);
            Outcome::Sent
        }
        Err(undelivered) => {
            call.report.warning(&undelivered.to_string());
            Outcome::Failed { reason: undelivered.reason() }
        }
    }
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
