//! The stages of the pipeline, from the list of all its jobs.

use serde::Serialize;

use super::api::{Api, PAGE};
use super::jobs::{Jobs, Listed, MAX_NAME};
use super::unknown::Unknown;

/// The state of a stage. The last one of two jobs' is that of their stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Nothing of it ran.
    Skipped,
    Done,
    Running,
    /// Somebody must start a job, or a job waits for its turn.
    Waiting,
    Canceled,
    Failed,
}

/// A stage, as the context has it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) state: State,
}

/// Returns the stages in the order in which they ran, except `.post`, which is ours. The list of jobs lacks trigger jobs: those that did
/// not succeed are in `unsuccessful`. Unknown if the pipeline has more jobs than are read.
pub(crate) fn stages(api: &Api, unsuccessful: &Jobs) -> Result<Vec<Stage>, Unknown> {
    let path = format!("pipelines/{}/jobs?include_retried=true&per_page={PAGE}", api.pipeline);
    let mut jobs = api.ask(|asker| {
        let page = asker.list::<Listed>(&path)?;
        let is_whole = !page.has_next && page.entries.iter().any(|job| job.id == api.job);
        if is_whole { Ok(page.entries) } else { Err(Unknown::NotListed) }
    })?;
    // GitLab creates the jobs of a pipeline in the order of their stages. A later attempt has a higher ID.
    jobs.sort_by_key(|job| job.id);
    let of_list = jobs.iter().enumerate().map(|(at, job)| {
        let is_retried = jobs[at + 1..].iter().any(|later| later.name.0 == job.name.0);
        let state = if is_retried { State::Skipped } else { state(&job.status.0, job.allow_failure == Some(true)) };
        (job.id, job.stage.0.as_str(), state)
    });
    let Jobs { failed, other, optional, .. } = unsuccessful;
    let triggers = failed.iter().chain(other).map(|job| (job, false)).chain(optional.iter().map(|job| (job, true)));
    let triggers = triggers.filter(|(job, _)| jobs.iter().all(|it| it.id != job.id));
    let triggers = triggers.map(|(job, may_fail)| (job.id, job.stage.as_str(), state(&job.status, may_fail)));
    let mut all: Vec<_> =
        of_list.chain(triggers).filter(|(id, stage, _)| *id != api.job && *stage != ".post").collect();
    all.sort_by_key(|(id, ..)| *id);
    let mut stages: Vec<Stage> = Vec::new();
    for (_, stage, of_job) in all {
        let name: String = stage.chars().take(MAX_NAME).collect();
        match stages.iter_mut().find(|known| known.name == name) {
            Some(known) => known.state = known.state.max(of_job),
            None => stages.push(Stage { name, state: of_job }),
        }
    }
    Ok(stages)
}

/// Returns the state of a stage with one job.
fn state(status: &str, may_fail: bool) -> State {
    match status {
        "success" => State::Done,
        "failed" | "canceled" if may_fail => State::Done,
        "failed" => State::Failed,
        "canceled" => State::Canceled,
        "running" | "pending" | "preparing" | "waiting_for_callback" | "canceling" => State::Running,
        // An optional manual job holds up nothing.
        "manual" if may_fail => State::Skipped,
        "manual" | "scheduled" | "waiting_for_resource" => State::Waiting,
        _ => State::Skipped,
    }
}
