//! `send`: renders and delivers, and never fails a job by itself.

mod watchdog;

use std::panic;
use std::process;
use std::sync::Arc;

use crate::cli::{EventArgs, Files, JobArgs};
use crate::explain::Explain;
use crate::job::context::now;
use crate::job::event::Event;
use crate::job::{history, job_state};
use crate::module::message::Message;
use crate::module::render::Module;
use crate::report::{Outcome, Report, Sink};
use crate::steps;
use crate::steps::deliver::Delivery;
use crate::steps::deliver_direct::deliver_direct;
use crate::steps::deliver_logs::deliver_logs;
use crate::steps::deliver_operators::deliver_operators;
use crate::steps::findings::Findings;
use crate::steps::read_job::Call;
use crate::steps::record::record;
use crate::steps::render::render;
use crate::variables::Variables;

/// Runs `send` and returns the exit status.
pub(super) fn run(args: EventArgs, strict: bool, files: &Files, job: JobArgs, variables: Variables) -> u8 {
    // This comes before anything that can fail. The settings are unknown until the call begins.
    end_on_panic(Arc::new(Report::default()), strict);
    let mut call = Call::begin_watched(job, variables, |deadline, report| {
        end_on_panic(Arc::clone(report), strict);
        watchdog::watch(deadline, report, strict);
    });
    // Without a destination there are no requests at all: neither to GitLab nor for a module.
    if !call.to.is_somewhere() {
        call.module = Module::of(None);
    }
    let outcome = send(&call, args, files);
    let status = call.report.end(&outcome, strict);
    if args.event != Event::DeployStarted {
        // This is the last call of its job. Whoever filled the directory changes no outcome that is printed.
        job_state::clear(&call.variables);
    }
    status
}

/// Turns a panic in any thread into a one-line warning, the last line and the end of the process.
fn end_on_panic(report: Arc<Report>, strict: bool) {
    panic::set_hook(Box::new(move |_| {
        report.warning(
            "an error inside pipeline-notifier; please report it with the output of `pipeline-notifier doctor`",
        );
        process::exit(report.end(&Outcome::failed("internal"), strict).into());
    }));
}

fn send(call: &Call, args: EventArgs, files: &Files) -> Outcome {
    if args.event == Event::DeployStarted {
        history::save_deploy_start(&call.variables, now());
    }
    for warning in &call.to.warnings {
        call.report.warning(&warning.text);
    }
    let is_somewhere = call.to.is_somewhere();
    let mut outcomes = Vec::new();
    let mut send = |findings: &Findings, left| {
        // The job's page has the links of the first message.
        let files = if outcomes.is_empty() { files.clone() } else { Files::default() };
        outcomes.push(send_one(call, args, findings, &files, left));
    };
    if is_somewhere {
        steps::for_each(call, args, true, send);
    } else {
        send(&Findings::of_job(&call.variables), 1);
    }
    if is_somewhere {
        for oddity in call.client.oddities() {
            call.report.warning(&oddity);
        }
    }
    outcomes.into_iter().max_by_key(Outcome::severity).unwrap_or(Outcome::Sent)
}

/// Renders, delivers and records one message. Then delivers the operators' message if it is for them too.
fn send_one(call: &Call, args: EventArgs, findings: &Findings, files: &Files, left: u32) -> Outcome {
    let context = call.context(args, findings, &*call.report);
    let message = render(call, &context).unwrap_or_else(|error| {
        call.report
            .warning(&format!("rendering the message: {}; a line of plain text is sent instead", error.describe()));
        Message::of_line(&plain_line(&call.variables, args.event))
    });
    // A channel that does not answer leaves time for the others.
    let deadline = call.deadline.at_most(call.deadline.remaining() / left);
    let delivery = Delivery { call, event: args.event, message: &message, findings, deadline };
    let (outcome, thread) = delivery.deliver();
    let is_for_operators = message.failure || message.recovery;
    let operators = call.to.operators_for(message.environment()).filter(|_| is_for_operators);
    let is_wanted = files.annotations.is_some() || operators.is_some() || message.direct.is_some();
    let address = thread.as_ref().filter(|_| is_wanted).and_then(|thread| delivery.permalink(thread));
    let annotations = message.annotations(address.as_deref(), call.variables.get("CI_SERVER_URL").unwrap_or_default());
    record(call, files, annotations, thread.as_ref().and_then(|thread| delivery.record(thread)));
    if let Some(operators) = operators {
        deliver_operators(call, &operators, context.clone(), address.as_deref(), &message.warnings);
    }
    deliver_direct(&delivery, context.clone(), &outcome, thread.as_ref(), address.as_deref());
    deliver_logs(&delivery, context, &outcome, thread);
    outcome
}

/// Returns the text that replaces a message if no module can render it: the project, the event and a link.
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

    /// Counts the module's runs for a route and for a message. Nobody listens at the destination.
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
        let call = Call::begin(JobArgs::default(), job.iter().chain(more).copied().collect());
        RUNS.take();
        send(&call, event.into(), &Files::default());
        let runs = RUNS.take();
        let routes = runs.iter().filter(|context| context.contains(r#""request":"route""#)).count();
        (routes, runs.len() - routes)
    }

    #[test]
    fn each_message_is_routed_once_and_rendered_once() {
        let webhook = [("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/B0/secret")];
        let bot = [("SLACK_BOT_TOKEN", "xoxb-1-2-not-a-real-token")];
        let skipped = [webhook[0], ("NOTIFIER_EVENTS", "deploy-succeeded")];
        for event in [Event::PipelineStarted, Event::DeployStarted, Event::DeployFinished, Event::PipelineFinished] {
            assert_eq!((asked(event, &webhook), asked(event, &bot)), ((1, 1), (1, 1)), "{event:?}");
        }
        assert_eq!(asked(Event::DeployFinished, &skipped), (1, 1));
    }
}
