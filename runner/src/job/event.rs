//! The event of a message.

use clap::ValueEnum;

/// GitLab's own verdict on a pipeline.
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

/// The event of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Event {
    /// The pipeline started.
    PipelineStarted,
    /// The pipeline has come to jobs that may wait for somebody or something.
    PipelineWaiting,
    /// The deploy job started.
    DeployStarted,
    /// The deploy job ended; `CI_JOB_STATUS` says how.
    DeployFinished,
    /// The pipeline ended.
    PipelineFinished,
    /// Some days of the project are over.
    Digest,
}

/// The module's own list of states.
#[path = "../../../notifier-wasm/src/contract/state.rs"]
#[allow(dead_code, reason = "the host needs the names only")]
mod state;

/// Common names of outcomes for which the module has another name.
const SYNONYMS: [(&str, &str); 3] = [("failure", "failed"), ("success", "succeeded"), ("cancelled", "canceled")];

/// Returns the source of the outcome, for a word that names an outcome as if it were an event: `deploy-failed`.
pub(crate) fn source_of_outcome(word: &str) -> Option<&'static str> {
    let is_event = |outcome: &str| ["started", "waiting", "finished"].contains(&outcome);
    let (what, outcome) = word.split_once('-').filter(|(_, outcome)| !is_event(outcome))?;
    let outcome = SYNONYMS.iter().find(|(synonym, _)| *synonym == outcome).map_or(outcome, |(_, name)| name);
    let is_outcome = |name: &str| name.split_once('-').is_some_and(|(_, it)| it == outcome);
    state::State::all_names().into_iter().find(|name| is_outcome(name))?;
    Some(if what.starts_with("deploy") {
        "the outcome comes from CI_JOB_STATUS; call deploy-finished in the deploy job's after_script"
    } else {
        "the outcome comes from GitLab; call pipeline-finished with --result failed or --result success, as the component's closing jobs do"
    })
}

impl Event {
    /// The event's name in the context.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PipelineStarted => "pipeline-started",
            Self::PipelineWaiting => "pipeline-waiting",
            Self::DeployStarted => "deploy-started",
            Self::DeployFinished => "deploy-finished",
            Self::PipelineFinished => "pipeline-finished",
            Self::Digest => "digest",
        }
    }
}
