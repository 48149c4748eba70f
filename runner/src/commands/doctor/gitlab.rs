//! The checks of a job's access to its GitLab.

use super::{AddLine, Mark};
use crate::explain::Explain;
use crate::gitlab::api::{Api, Unknown};
use crate::gitlab::{changes, deployments, jobs, pipelines};
use crate::job::key::Key;
use crate::steps::ask_gitlab::git_ref;
use crate::steps::read_job::Call;

/// Checks each route that the tokens may read on this GitLab, and lists the loss without it.
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
        Ok(()) => add_line(Mark::Ok, "GitLab", &format!("can read {route}")),
        Err(unknown) => add_line(Mark::Note, "GitLab", &format!("{route}: {}; {missed}", unknown.describe())),
    };
    // Each route gets its own `Api`, since one `Api` has a limit of requests.
    let start_job = call.settings.get_or_default(Key::START_JOB);
    let jobs = api().and_then(|api| jobs::unsuccessful(&api, start_job, call.version()));
    if let Err(unknown @ Unknown::Fault(_)) = &jobs {
        return nothing(unknown, add_line);
    }
    let without_triggers = jobs.as_ref().ok().map(|jobs| jobs.without_triggers.clone());
    check(
        "this pipeline's jobs",
        "a failed pipeline's message links to its failures instead of naming them, and the number of a job's attempt stays unknown",
        jobs.map(drop),
    );
    if let Some(without) = without_triggers {
        let missed = "a failed one is only on the pipeline's page";
        check("this pipeline's trigger jobs", missed, without.map_or(Ok(()), Err));
    }
    if let Some(git_ref) = git_ref(call) {
        let missed = "only a bot that may read its channel reports `fixed` and `still failing`";
        check(
            "the pipelines before this one",
            missed,
            api().and_then(|api| pipelines::before(&api, &git_ref).map(drop)),
        );
    }
    let missed = "a deployment shows the changes of its push, a rollback is not recognized, and a closing job names environments by the branch";
    check("deployments", missed, api().and_then(|api| deployments::environments(&api).map(drop)));
    let compared = call.variables.get("CI_COMMIT_SHA").zip(api().ok());
    let missed = "the commits since the last deployment are linked, but not listed";
    match compared.and_then(|(sha, api)| changes::between(&api, sha, sha, "")) {
        Some(known) => check("the commits between two deployments", missed, known.map(drop)),
        None => add_line(
            Mark::Note,
            "GitLab",
            &format!("NOTIFIER_GITLAB_TOKEN is not set (a project access token with read_api): {missed}"),
        ),
    }
}
