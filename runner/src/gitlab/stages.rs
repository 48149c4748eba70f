//! The stages of the pipeline, from the list of all its jobs.

use serde::Serialize;

use super::api::{Api, PAGE, Unknown};
use super::jobs::Listed;

/// The state of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Nothing of it ran.
    Skipped,
    Done,
    Running,
    /// Somebody must start a job, or a job waits for its turn.
    Waiting,
    Failed,
}

/// A stage, as the context has it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) state: State,
}

/// Returns the stages in the order in which they ran, except `.post`, which is ours. Unknown if the pipeline has more jobs than are read.
pub(crate) fn stages(api: &Api) -> Result<Vec<Stage>, Unknown> {
    let path = format!("pipelines/{}/jobs?include_retried=true&per_page={PAGE}", api.pipeline);
    let page = api.ask(|asker| asker.list::<Listed>(&path))?;
    let mut jobs = page.entries;
    if page.has_next || !jobs.iter().any(|job| job.id == api.job) {
        return Err(Unknown::NotListed);
    }
    // GitLab creates the jobs of a pipeline in the order of their stages. A later attempt has a higher ID.
    jobs.sort_by_key(|job| job.id);
    let mut stages: Vec<Stage> = Vec::new();
    for (at, job) in jobs.iter().enumerate().filter(|(_, job)| job.id != api.job && job.stage.0 != ".post") {
        let is_retried = jobs[at + 1..].iter().any(|later| later.name.0 == job.name.0);
        let of_job = if is_retried { State::Skipped } else { state(job) };
        match stages.iter_mut().find(|known| known.name == job.stage.0) {
            Some(known) => known.state = worse(known.state, of_job),
            None => stages.push(Stage { name: job.stage.0.clone(), state: of_job }),
        }
    }
    Ok(stages)
}

fn state(job: &Listed) -> State {
    match job.status.0.as_str() {
        "success" => State::Done,
        "failed" | "canceled" if job.allow_failure == Some(true) => State::Done,
        "failed" => State::Failed,
        "running" | "pending" | "preparing" | "waiting_for_callback" | "canceling" => State::Running,
        // An optional manual job holds up nothing.
        "manual" if job.allow_failure == Some(true) => State::Skipped,
        "manual" | "scheduled" | "waiting_for_resource" => State::Waiting,
        _ => State::Skipped,
    }
}

/// Returns the state of a stage with two jobs.
fn worse(one: State, other: State) -> State {
    let order = [State::Skipped, State::Done, State::Running, State::Waiting, State::Failed];
    let rank = |state: State| order.iter().position(|it| *it == state);
    if rank(one) >= rank(other) { one } else { other }
}
