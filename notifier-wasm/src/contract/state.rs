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

impl State {
    /// All states, in the order in which they are listed for people.
    const ALL: [Self; 16] = [
        Self::PipelineStarted,
        Self::PipelineFailed,
        Self::PipelineFixed,
        Self::PipelineStillFailing,
        Self::PipelineSucceeded,
        Self::PipelineCanceled,
        Self::PipelineWaiting,
        Self::PipelineFinished,
        Self::DeployStarted,
        Self::DeploySucceeded,
        Self::DeployFailed,
        Self::DeployCanceled,
        Self::DeployStopped,
        Self::DeployAgain,
        Self::DeployRolledBack,
        Self::DeployFinished,
    ];

    /// The names of all states and events, by which people choose them.
    pub(crate) fn all_names() -> [&'static str; Self::ALL.len()] {
        Self::ALL.map(Self::name)
    }

    /// The name by which `NOTIFIER_EVENTS` selects this state and nothing else of its event.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PipelineStarted => "pipeline-started",
            Self::DeployStarted => "deploy-started",
            Self::DeploySucceeded => "deploy-succeeded",
            Self::DeployAgain => "deploy-again",
            Self::DeployRolledBack => "deploy-rolled-back",
            Self::DeployFailed => "deploy-failed",
            Self::DeployCanceled => "deploy-canceled",
            Self::DeployStopped => "deploy-stopped",
            Self::DeployFinished => "deploy-finished",
            Self::PipelineSucceeded => "pipeline-succeeded",
            Self::PipelineFailed => "pipeline-failed",
            Self::PipelineStillFailing => "pipeline-still-failing",
            Self::PipelineFixed => "pipeline-fixed",
            Self::PipelineCanceled => "pipeline-canceled",
            Self::PipelineWaiting => "pipeline-waiting",
            Self::PipelineFinished => "pipeline-finished",
        }
    }
}
