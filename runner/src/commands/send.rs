//! `send`: render and deliver, and never be the reason that a job fails.

mod delivery;
mod outputs;
mod watchdog;

use std::panic;
use std::path::Path;
use std::process;
use std::sync::Arc;

use super::call::Call;
use crate::cli::{Job, Told};
use crate::job::context::now;
use crate::job::event::Event;
use crate::job::{history, kept};
use crate::module::message::Message;
use crate::report::{Outcome, Report, Sink};
use crate::slack::undelivered::Delivered;
use crate::variables::Variables;
use delivery::{Untold, tell_operators};

/// Runs `send` and returns the exit status.
pub(super) fn run(told: Told, strict: bool, annotations: Option<&Path>, job: Job, variables: Variables) -> u8 {
    // Before anything else can go wrong; the settings of a call that does not begin are not known.
    end_on_panic(Arc::new(Report::default()), strict);
    let mut call = Call::begin_watched(job, variables, |deadline, report| {
        end_on_panic(Arc::clone(report), strict);
        watchdog::watch(deadline, report, strict);
    });
    // Without anywhere to send to, nothing is asked of the network either: neither GitLab nor for a module.
    if !call.to.is_somewhere() {
        call.pin = None;
    }
    let outcome = send(&call, told, annotations);
    if told.event != Event::DeployStarted {
        // The last call of its job.
        kept::forget(&call.variables);
    }
    call.report.end(&outcome, strict)
}

/// Makes a panic, in whatever thread, a warning of one line, the last line and the end of the process.
fn end_on_panic(report: Arc<Report>, strict: bool) {
    panic::set_hook(Box::new(move |_| {
        report.warning(
            "an error inside pipeline-notifier; please report it with the output of `pipeline-notifier doctor`",
        );
        process::exit(report.end(&Outcome::failed("internal"), strict).into());
    }));
}

fn send(call: &Call, told: Told, annotations: Option<&Path>) -> Outcome {
    if told.event == Event::DeployStarted {
        history::keep_deploy_start(&call.variables, now());
    }
    for warning in &call.to.warnings {
        call.report.warning(warning);
    }
    let is_somewhere = call.to.is_somewhere();
    let context = call.context(told, is_somewhere);
    let message = match call.message(&context) {
        Ok(message) => message,
        Err(error) => {
            call.report.warning(&format!("rendering the message: {error}; a line of plain text is sent instead"));
            Message::of_line(&plain_line(&call.variables, told.event))
        }
    };
    if is_somewhere {
        for oddity in call.client.oddities() {
            call.report.warning(&oddity);
        }
    }
    let (outcome, first) = match message.skip.as_deref() {
        Some(reason) => (Outcome::skipped(&as_word(reason)), None),
        None => tell(call, told.event, &message, annotations.is_some()),
    };
    if let Some(path) = annotations
        && let Err(cause) = outputs::write(path, &message.annotations(first.as_deref()))
    {
        call.report.warning(&format!("writing --annotations: {cause}; the job's page gets no links"));
    }
    if let Some(operators) = call.to.operators_for(message.environment()).filter(|_| message.failure) {
        tell_operators(call, &operators, context, first.as_deref());
    }
    outcome
}

/// Tells this message. Returns how that ended, and the message's address where it has one and `is_wanted`.
fn tell(call: &Call, event: Event, message: &Message, is_wanted: bool) -> (Outcome, Option<String>) {
    match delivery::tell(call, event, message, is_wanted) {
        Ok((delivered, permalink)) => {
            if let Delivered::TextOnly { refused } = delivered {
                call.report
                    .warning(&format!("Slack refused the message's blocks ({refused}); its text alone was sent"));
            }
            call.report.message(&message.summary);
            (Outcome::Sent, permalink)
        }
        Err(Untold::Undelivered(undelivered)) => {
            call.report.warning(&undelivered.to_string());
            (Outcome::Failed { reason: undelivered.reason() }, None)
        }
        Err(Untold::Nowhere(unusable)) => {
            call.report.warning(&unusable.to_string());
            let word = unusable.word();
            (if unusable.is_unset() { Outcome::skipped(word) } else { Outcome::failed(word) }, None)
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
