//! What happened.

use clap::ValueEnum;

/// How a pipeline ended, by GitLab's own verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verdict {
    /// A job failed that may not.
    Failed,
    /// None did.
    Success,
}

impl Verdict {
    /// The result's name in the context.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Success => "success",
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Event {
    /// The pipeline started.
    PipelineStarted,
    /// The deploy job started.
    DeployStarted,
    /// The deploy job ended; `CI_JOB_STATUS` says how.
    DeployFinished,
    /// The pipeline ended.
    PipelineFinished,
}

impl Event {
    /// The event's name in the context.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PipelineStarted => "pipeline-started",
            Self::DeployStarted => "deploy-started",
            Self::DeployFinished => "deploy-finished",
            Self::PipelineFinished => "pipeline-finished",
        }
    }
}
