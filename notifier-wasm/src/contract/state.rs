//! What happened: an event and its outcome.

/// Everything that a message can say has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    PipelineStarted,
    DeployStarted,
    DeploySucceeded,
    /// The same commit once more.
    DeployAgain,
    /// An older pipeline's commit, after a newer one's.
    DeployRolledBack,
    DeployFailed,
    DeployCanceled,
    /// An environment was stopped.
    DeployStopped,
    /// The job did not say how it went.
    DeployFinished,
    PipelineSucceeded,
    PipelineFailed,
    /// Failed, as the pipeline before it.
    PipelineStillFailing,
    /// Succeeded, where the pipeline before it had failed.
    PipelineFixed,
    PipelineCanceled,
    /// Somebody must play a manual job.
    PipelineWaiting,
    /// Nobody knows how it went.
    PipelineFinished,
}

/// The name of each state, by which `NOTIFIER_EVENTS` chooses it, in the order in which they are listed for people.
#[rustfmt::skip]
const NAMES: [(State, &str); 16] = [
    (State::PipelineStarted, "pipeline-started"),
    (State::PipelineFailed, "pipeline-failed"),
    (State::PipelineFixed, "pipeline-fixed"),
    (State::PipelineStillFailing, "pipeline-still-failing"),
    (State::PipelineSucceeded, "pipeline-succeeded"),
    (State::PipelineCanceled, "pipeline-canceled"),
    (State::PipelineWaiting, "pipeline-waiting"),
    (State::PipelineFinished, "pipeline-finished"),
    (State::DeployStarted, "deploy-started"),
    (State::DeploySucceeded, "deploy-succeeded"),
    (State::DeployFailed, "deploy-failed"),
    (State::DeployCanceled, "deploy-canceled"),
    (State::DeployStopped, "deploy-stopped"),
    (State::DeployAgain, "deploy-again"),
    (State::DeployRolledBack, "deploy-rolled-back"),
    (State::DeployFinished, "deploy-finished"),
];

impl State {
    /// The names of all states and events.
    pub(crate) fn all_names() -> [&'static str; NAMES.len()] {
        NAMES.map(|(_, name)| name)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}
