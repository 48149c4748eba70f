//! The steps of a message, one file each: read the job, ask GitLab, ask why, route, ask Slack, render, deliver, record.

pub(crate) mod ask_digest;
pub(crate) mod ask_gitlab;
pub(crate) mod ask_slack;
pub(crate) mod ask_why;
pub(crate) mod deliver;
pub(crate) mod deliver_direct;
pub(crate) mod deliver_logs;
pub(crate) mod deliver_operators;
pub(crate) mod findings;
pub(crate) mod read_job;
pub(crate) mod record;
pub(crate) mod render;
pub(crate) mod route;

use crate::cli::EventArgs;
use crate::job::event::Event;
use ask_why::LogsLeft;
use findings::Findings;
use read_job::Call;

/// The requests to GitLab that locate the pipeline's message: the list of attempts, and the start job's artifact.
const FOR_LOCATION: u8 = 2;

/// Takes the steps up to the findings of each message, and hands them to `each`, one message after the other: what one message posts, the
/// next one finds. A closing job sends one message for each environment in which jobs failed. The second value is the number of messages
/// that are left, this one included.
pub(crate) fn for_each(call: &Call, args: EventArgs, reads_logs: bool, mut each: impl FnMut(&Findings, u32)) {
    let gitlab = ask_gitlab::connect(call, args.event);
    let of_bot = gitlab
        .as_ref()
        .ok()
        .filter(|_| matches!(args.event, Event::PipelineWaiting | Event::PipelineFinished) && call.to.bot().is_some());
    of_bot.inspect(|api| api.set_aside(FOR_LOCATION));
    let (mut all, unknown) = ask_gitlab::ask(call, args, &gitlab);
    if let Ok(api) = &gitlab {
        ask_why::ask(call, args, api, &mut all);
    }
    of_bot.inspect(|api| api.give_back(FOR_LOCATION));
    let mut people = call.people();
    let count = all.len();
    let mut logs_left = LogsLeft::new();
    for (at, findings) in all.iter_mut().enumerate() {
        findings.people.clone_from(&people);
        let route = route::route(call, args, findings);
        ask_slack::ask(call, args, &gitlab, &route, findings);
        people.clone_from(&findings.people);
        if let Some(api) = gitlab.as_ref().ok().filter(|_| reads_logs) {
            ask_why::ask_logs(call, args, api, findings, &mut logs_left);
        }
        each(findings, u32::try_from(count - at).unwrap_or(1));
    }
    if let Some(unknown) = unknown {
        ask_gitlab::warn_of_unknown_history(call, &unknown, &all);
    }
}

/// Returns the findings of each message. Commands that print what they find read no logs.
pub(crate) fn look_up(call: &Call, args: EventArgs, reads_logs: bool) -> Vec<Findings> {
    let mut all = Vec::new();
    for_each(call, args, reads_logs, |findings, _| all.push(findings.clone()));
    all
}
