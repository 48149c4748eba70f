//! The state of a message: an event and its outcome.

/// Everything that a message can report.
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
    /// The job gave no status.
    DeployFinished,
    PipelineSucceeded,
    PipelineFailed,
    /// Failed, like the pipeline before it.
    PipelineStillFailing,
    /// Succeeded after the pipeline before it failed.
    PipelineFixed,
    PipelineCanceled,
    /// Somebody must start a manual job.
    PipelineWaiting,
    /// The result is unknown.
    PipelineFinished,
    /// What some days were like.
    Digest,
}

/// The name of each state, by which `NOTIFIER_EVENTS` chooses it. Lists for people have this order.
#[rustfmt::skip]
const NAMES: [(State, &str); 17] = [
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
    (State::Digest, "digest"),
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
