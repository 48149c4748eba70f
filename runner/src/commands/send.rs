//! `send`: render and deliver, and never be the reason that a job fails.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;

use super::Call;
use crate::cli::{Event, Job};
use crate::message::Body;
use crate::report::{Outcome, Report};
use crate::slack::{self, Delivered};
use crate::variables::Variables;
use crate::{watchdog, webhook};

pub(super) fn run(event: Event, strict: bool, job: Job, variables: Variables) -> ExitCode {
    // A panic is told as a warning below, in one line and without a backtrace.
    panic::set_hook(Box::new(|_| {}));
    let call = panic::catch_unwind(AssertUnwindSafe(|| Call::begin(job, variables)));
    let report = call.as_ref().map_or_else(|_| Arc::new(Report::default()), |call| Arc::clone(&call.report));
    let outcome = call.and_then(|call| {
        watchdog::watch(call.deadline, Arc::clone(&report), i32::from(strict));
        panic::catch_unwind(AssertUnwindSafe(|| send(&call, event)))
    });
    let outcome = outcome.unwrap_or_else(|_| {
        report.warning(
            "an error inside pipeline-notifier; please report it with the output of `pipeline-notifier doctor`",
        );
        Outcome::failed("internal")
    });
    report.outcome(&outcome);
    if strict && !outcome.is_as_wanted() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn send(call: &Call, event: Event) -> Outcome {
    let webhook = webhook::find(&call.variables, &call.settings);
    // Without anywhere to send to, nothing is asked of the network either.
    let context = call.context(event, webhook.is_ok());
    let (body, summary) = match call.message(&context) {
        Ok(message) => {
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
