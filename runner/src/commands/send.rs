//! `send`: render and deliver, and never be the reason that a job fails.

mod delivery;
mod outputs;
mod watchdog;

use std::panic;
use std::process;
use std::sync::Arc;

use super::ask::{self, Asked};
use super::call::Call;
use crate::cli::{Files, Job, Told};
use crate::job::context::{Context, now};
use crate::job::event::Event;
use crate::job::{history, kept};
use crate::module::message::Message;
use crate::module::render::Module;
use crate::report::{Outcome, Report, Sink};
use crate::slack::thread::Thread;
use crate::slack::undelivered::{Delivered, Fate};
use crate::variables::Variables;
use delivery::{Delivery, Untold};

/// Runs `send` and returns the exit status.
pub(super) fn run(told: Told, strict: bool, files: &Files, job: Job, variables: Variables) -> u8 {
    // Before anything else can go wrong; the settings of a call that does not begin are not known.
    end_on_panic(Arc::new(Report::default()), strict);
    let mut call = Call::begin_watched(job, variables, |deadline, report| {
        end_on_panic(Arc::clone(report), strict);
        watchdog::watch(deadline, report, strict);
    });
    // Without anywhere to send to, nothing is asked of the network either: neither GitLab nor for a module.
    if !call.to.is_somewhere() {
        call.module = Module::of(None);
    }
    let outcome = send(&call, told, files);
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

fn send(call: &Call, told: Told, files: &Files) -> Outcome {
    if told.event == Event::DeployStarted {
        history::keep_deploy_start(&call.variables, now());
    }
    for warning in &call.to.warnings {
        call.report.warning(warning);
    }
    let is_somewhere = call.to.is_somewhere();
    let none = Files::default();
    let mut outcomes = Vec::new();
    for (context, asked) in ask::learn(call, told, is_somewhere) {
        // The job's page has the links of one.
        let files = if outcomes.is_empty() { files } else { &none };
        outcomes.push(send_one(call, told.event, context, &asked, files));
    }
    if is_somewhere {
        for oddity in call.client.oddities() {
            call.report.warning(&oddity);
        }
    }
    outcomes.into_iter().max_by_key(Outcome::severity).unwrap_or(Outcome::Sent)
}

/// Renders one message and delivers it, to the operators too where they should hear of it.
fn send_one(call: &Call, event: Event, context: Context, asked: &Asked, files: &Files) -> Outcome {
    let message = match call.message(&context) {
        Ok(message) => message,
        Err(error) => {
            call.report.warning(&format!("rendering the message: {error}; a line of plain text is sent instead"));
            Message::of_line(&plain_line(&call.variables, event))
        }
    };
    let delivery = Delivery { call, event, message: &message, asked };
    let (outcome, thread) = match &message.skip {
        Some(skip) => {
            delivery.bring_up_to_date();
            (Outcome::Skipped(skip.clone()), None)
        }
        None => tell(&delivery),
    };
    let is_for_operators = message.failure || message.recovery;
    let operators = call.to.operators_for(message.environment()).filter(|_| is_for_operators);
    let is_wanted = files.annotations.is_some() || operators.is_some();
    let first = thread.as_ref().filter(|_| is_wanted).and_then(|thread| delivery.permalink(thread));
    let written = [
        (
            &files.annotations,
            "annotations",
            message.annotations(first.as_deref()).into_bytes(),
            "the job's page gets no links",
        ),
        (
            &files.message_file,
            "message-file",
            thread.and_then(|thread| delivery.kept(&thread)).unwrap_or_else(|| b"{}".to_vec()),
            "later jobs look for the message in the channel",
        ),
    ];
    for (path, flag, contents, consequence) in written {
        if let Some(path) = path
            && let Err(cause) = outputs::write(path, &contents)
        {
            call.report.warning(&format!("writing --{flag} {}: {cause}; {consequence}", path.display()));
        }
    }
    if let Some(operators) = operators {
        delivery::tell_operators(call, &operators, context, first.as_deref());
    }
    outcome
}

#[cfg(feature = "full")]
/// Delivers a message as `send` does, for a command that says by itself how that ended.
pub(super) fn deliver(call: &Call, event: Event, message: &Message, asked: &Asked) -> Result<(), Untold> {
    Delivery { call, event, message, asked }.tell().map(drop)
}

/// Tells this message. Returns how that ended, and where the pipeline's message is, where it is the bot's.
fn tell(delivery: &Delivery) -> (Outcome, Option<Thread>) {
    let report = &delivery.call.report;
    match delivery.tell() {
        Ok((delivered, thread)) => {
            if let Delivered::TextOnly { refused } = delivered {
                report.warning(&format!("Slack refused the message's blocks ({refused}); its text alone was sent"));
            }
            report.message(&delivery.message.summary);
            (Outcome::Sent, thread)
        }
        Err(Untold::Undelivered(undelivered)) => {
            let fate = match undelivered.fate() {
                Fate::NotDelivered => "was not",
                Fate::Unknown => "may not have been",
            };
            report.warning(&format!("the message {fate} delivered: {}", undelivered.told()));
            (Outcome::Failed { reason: undelivered.reason() }, None)
        }
        Err(Untold::Nowhere(unusable)) => {
            report.warning(&format!("{unusable}, so the job goes on without a notification: {}", unusable.step()));
            let word = unusable.word();
            (if unusable.is_unset() { Outcome::nowhere(word) } else { Outcome::failed(word) }, None)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::RUNS;

    /// How often the module was asked for a route and for a message. Nobody listens where it is sent to.
    fn asked(event: Event, more: &[(&str, &str)]) -> (usize, usize) {
        let job = [
            ("CI_PROJECT_NAME", "shop-api"),
            ("CI_PROJECT_ID", "1042"),
            ("CI_PIPELINE_ID", "90817"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_COMMIT_AUTHOR", "Kim Minsu <minsu.kim@corp.example>"),
            ("CI_JOB_STATUS", "failed"),
            ("SLACK_API_URL", "http://127.0.0.1:9/api"),
            ("NOTIFIER_CHANNEL", "C0DEPLOYS1"),
            ("NOTIFIER_MENTION", "author"),
            ("NOTIFIER_TIMEOUT", "0.5"),
        ];
        let call = Call::begin(Job::default(), job.iter().chain(more).copied().collect());
        RUNS.take();
        send(&call, event.into(), &Files::default());
        let runs = RUNS.take();
        let routes = runs.iter().filter(|context| context.contains(r#""request":"route""#)).count();
        (routes, runs.len() - routes)
    }

    #[test]
    fn each_message_is_rendered_once() {
        let webhook = [("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/B0/secret")];
        let bot = [("SLACK_BOT_TOKEN", "xoxb-1-2-not-a-real-token")];
        let skipped = [webhook[0], ("NOTIFIER_EVENTS", "deploy-succeeded")];
        assert_eq!(asked(Event::PipelineStarted, &bot), (0, 1));
        for event in [Event::DeployStarted, Event::DeployFinished, Event::PipelineFinished] {
            // By webhook nothing is asked that hangs on the environment.
            assert_eq!((asked(event, &webhook), asked(event, &bot)), ((0, 1), (1, 1)), "{event:?}");
        }
        assert_eq!(asked(Event::DeployFinished, &skipped), (1, 1));
    }
}
