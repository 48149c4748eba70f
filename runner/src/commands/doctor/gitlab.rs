//! What a job may know of its GitLab.

use super::{AddLine, Mark};
use crate::explain::Explain;
use crate::gitlab::api::{Api, Unknown};
use crate::gitlab::{changes, deployments, jobs, pipelines};
use crate::job::key::Key;
use crate::steps::ask_gitlab::git_ref;
use crate::steps::read_job::Call;

/// What the tokens may read on this GitLab, route by route, and what is missed without.
pub(super) fn facts(call: &Call, add_line: AddLine) {
    let api = || Api::of_job(&call.client, &call.variables, call.deadline.remaining() / 2, call.deadline);
    let nothing = |unknown: &Unknown, add_line: AddLine| {
        let detail = format!("{}; messages link to the pipeline's pages instead", unknown.describe());
        add_line(Mark::Note, "GitLab", &detail);
    };
    if let Err(unknown) = api() {
        return nothing(&unknown, add_line);
    }
    let mut check = |route: &str, missed: &str, known: Result<(), Unknown>| match known {
        Ok(()) => add_line(Mark::Ok, "GitLab", &format!("tells {route}")),
        Err(unknown) => add_line(Mark::Note, "GitLab", &format!("{route}: {}; {missed}", unknown.describe())),
    };
    // Each route is asked on its own: a message may ask only so often.
    let start_job = call.settings.get_or_default(Key::START_JOB);
    let jobs = api().and_then(|api| jobs::unsuccessful(&api, start_job, call.version()));
    if let Err(unknown @ Unknown::Fault(_)) = &jobs {
        return nothing(unknown, add_line);
    }
    let without_triggers = jobs.as_ref().ok().map(|jobs| jobs.without_triggers.clone());
    check(
        "this pipeline's jobs",
        "a failed pipeline's message links to its failures instead of naming them, and which attempt a job is stays unknown",
        jobs.map(drop),
    );
    if let Some(without) = without_triggers {
        let missed = "one that failed is on the pipeline's page alone";
        check("this pipeline's trigger jobs", missed, without.map_or(Ok(()), Err));
    }
    if let Some(git_ref) = git_ref(call) {
        let missed = "`fixed` and `still failing` are said only by a bot that may read its channel";
        check(
            "the pipelines before this one",
            missed,
            api().and_then(|api| pipelines::before(&api, &git_ref).map(drop)),
        );
    }
    let missed = "the changes of a deployment are those of its push, nothing is called a rollback, and a closing job names environments by the branch";
    check("deployments", missed, api().and_then(|api| deployments::environments(&api).map(drop)));
    let compared = call.variables.get("CI_COMMIT_SHA").zip(api().ok());
    let missed = "the commits since the last deployment are linked and not listed";
    match compared.and_then(|(sha, api)| changes::between(&api, sha, sha, "")) {
        Some(known) => check("what lies between commits", missed, known.map(drop)),
        None => add_line(
            Mark::Note,
            "GitLab",
            &format!("NOTIFIER_GITLAB_TOKEN is not set (a project access token with read_api): {missed}"),
        ),
    }
}
