//! The steps of a message, one file each: read the job, ask GitLab, route, ask Slack, render, deliver, record.

pub(crate) mod ask_gitlab;
pub(crate) mod ask_slack;
pub(crate) mod deliver;
pub(crate) mod findings;
pub(crate) mod read_job;
pub(crate) mod record;
pub(crate) mod render;
pub(crate) mod route;

use crate::cli::EventArgs;
use findings::Findings;
use read_job::Call;

/// Runs the steps up to the findings of GitLab and Slack. A closing job sends one message for each environment in which jobs failed:
/// each may have its own channel, operators and mentions.
pub(crate) fn look_up(call: &Call, args: EventArgs) -> Vec<Findings> {
    let gitlab = ask_gitlab::connect(call, args.event);
    let (mut all, unknown) = ask_gitlab::ask(call, args.event, &gitlab);
    let mut people = call.people();
    for findings in &mut all {
        findings.people.clone_from(&people);
        let route = route::route(call, args, findings);
        ask_slack::ask(call, args, &gitlab, &route, findings);
        people.clone_from(&findings.people);
    }
    if let Some(unknown) = unknown {
        ask_gitlab::warn_of_unknown_history(call, &unknown, &all);
    }
    all
}
