//! `send`: render and deliver, and never be the reason that a job fails.

mod delivery;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::Arc;

use super::Call;
use crate::ci::{self, Context};
use crate::cli::{Event, Job};
use crate::message::Message;
use crate::report::{Outcome, Report};
use crate::slack::Delivered;
use crate::spool::{Addressee, Spool};
use crate::variables::Variables;
use crate::{history, watchdog};
use delivery::{Untold, deliver_late, keep, settle, tell_operators};

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
    let call = Call::begin_watched(job, variables, |deadline, report| {
        end_on_panic(Arc::clone(report), strict);
        watchdog::watch(deadline, report, i32::from(strict));
    });
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
    if call.to.is_somewhere() {
        for oddity in call.client.oddities() {
            call.report.warning(&oddity);
        }
    }
    let (outcome, first) = match message.skip.as_deref() {
        Some(reason) => {
            // What waits does not wait for a message that the settings choose.
            if call.to.is_somewhere() {
                deliver_late(&call, &Spool::of(&call.variables));
            }
            (Outcome::skipped(&as_word(reason)), None)
        }
        None => tell(&call, &context, &message, files),
    };
    if let Some(path) = &files.annotations
        && let Err(cause) = write(path, &message.annotations(first.as_deref()))
    {
        call.report.warning(&format!("writing --annotations: {cause}; the job's page gets no links"));
    }
    if let Some(operators) = call.to.operators_for(message.environment()).filter(|_| message.failure) {
        tell_operators(&call, &operators, context, first.as_deref());
    }
    outcome
}

/// Tells what waited, then this message, which is written down meanwhile. Returns how it ended, and the message's address.
fn tell(call: &Call, context: &Context, message: &Message, files: &Files) -> (Outcome, Option<String>) {
    let spool = Spool::of(&call.variables);
    let is_somewhere = call.to.is_somewhere();
    let claim = is_somewhere.then(|| spool.begin(Addressee::Channel, context)).flatten();
    let (stuck, thread) = if is_somewhere { deliver_late(call, &spool) } else { (None, None) };
    if let Some(undelivered) = stuck {
        // In order: what Slack does not take of an earlier message, it does not take of this one.
        call.report.warning("this message waits behind an earlier one; the next call of the job delivers both");
        if let Some(claim) = claim {
            keep(call, claim, false);
        }
        return (Outcome::Failed { reason: undelivered.reason() }, None);
    }
    let told = delivery::tell(call, message, thread.as_ref(), files);
    let ended = match &told {
        Ok((delivered, permalink)) => {
            if let Delivered::TextOnly { refused } = delivered {
                call.report
                    .warning(&format!("Slack refused the message's blocks ({refused}); its text alone was sent"));
            }
            call.report.message(&message.summary);
            (Outcome::Sent, permalink.clone())
        }
        Err(Untold::Undelivered(undelivered)) => {
            let is_kept = claim.is_some() && !undelivered.is_for_good();
            let next = if is_kept { "; the next call of the job delivers it" } else { "" };
            call.report.warning(&format!("{undelivered}{next}"));
            (Outcome::Failed { reason: undelivered.reason() }, None)
        }
        Err(Untold::Nowhere(unusable)) => {
            call.report.warning(&unusable.to_string());
            let word = unusable.word();
            (if unusable.is_unset() { Outcome::skipped(word) } else { Outcome::failed(word) }, None)
        }
    };
    if let Some(claim) = claim {
        let undelivered = match &told {
            Err(Untold::Undelivered(undelivered)) => Some(undelivered),
            _ => None,
        };
        settle(call, claim, undelivered);
    }
    ended
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
