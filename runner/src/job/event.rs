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

/// The module's own list of what can happen.
#[path = "../../../notifier-wasm/src/contract/state.rs"]
#[allow(dead_code, reason = "the host needs the names only")]
mod state;

/// What people call an outcome for which the module has another name.
const SYNONYMS: [(&str, &str); 3] = [("failure", "failed"), ("success", "succeeded"), ("cancelled", "canceled")];

/// Where the outcome comes from, for a word that names it as if the caller had to say it: `deploy-failed`.
pub(crate) fn source_of_outcome(word: &str) -> Option<&'static str> {
    let (what, outcome) = word.split_once('-').filter(|(_, outcome)| !["started", "finished"].contains(outcome))?;
    let outcome = SYNONYMS.iter().find(|(synonym, _)| *synonym == outcome).map_or(outcome, |(_, name)| name);
    let is_outcome = |name: &str| name.split_once('-').is_some_and(|(_, it)| it == outcome);
    state::State::all_names().into_iter().find(|name| is_outcome(name))?;
    Some(if what.starts_with("deploy") {
        "the outcome is the job's own status (CI_JOB_STATUS), which nobody need say: call deploy-finished in the deploy job's after_script"
    } else {
        "the outcome of a pipeline and its jobs is GitLab's own: call pipeline-finished with --result failed or --result success, as the \
         component's closing jobs do, and the message names the jobs that failed"
    })
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
