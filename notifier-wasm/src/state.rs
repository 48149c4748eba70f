//! What happened: an event and its outcome.

use crate::context::{Context, Event, Verdict};

/// Everything that a message can say has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    PipelineStarted,
    DeployStarted,
    DeploySucceeded,
    DeployFailed,
    DeployCanceled,
    /// An environment was stopped.
    DeployStopped,
    /// The job did not say how it went.
    DeployFinished,
    PipelineSucceeded,
    PipelineFailed,
    /// Succeeded, where the pipeline before it had failed.
    PipelineFixed,
    /// GitLab could not be asked how it went.
    PipelineFinished,
}

/// What a job does to its environment
/// (<https://docs.gitlab.com/ci/yaml/#environmentaction>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Deploy,
    Stop,
    /// No deployment: `prepare`, `verify`, `access`.
    Other,
}

impl Action {
    pub(crate) fn of(context: &Context) -> Self {
        match context.ci("CI_ENVIRONMENT_ACTION") {
            Some("stop") => Self::Stop,
            Some("prepare" | "verify" | "access") => Self::Other,
            _ => Self::Deploy,
        }
    }
}

impl State {
    /// The names of all states and events, by which people choose them.
    pub(crate) const NAMES: [&str; 16] = [
        "pipeline-started",
        "pipeline-failed",
        "pipeline-fixed",
        "pipeline-still-failing",
        "pipeline-succeeded",
        "pipeline-canceled",
        "pipeline-waiting",
        "pipeline-finished",
        "deploy-started",
        "deploy-succeeded",
        "deploy-failed",
        "deploy-canceled",
        "deploy-stopped",
        "deploy-again",
        "deploy-rolled-back",
        "deploy-finished",
    ];

    /// `CI_JOB_STATUS` says how the job of an `after_script` went. Of a pipeline's end GitLab's own verdict counts, else what it
    /// says of the jobs.
    pub(crate) fn of(context: &Context, warnings: &mut Vec<String>) -> Self {
        match context.event {
            Event::PipelineStarted => Self::PipelineStarted,
            Event::DeployStarted => Self::DeployStarted,
            Event::DeployFinished => match context.ci("CI_JOB_STATUS") {
                Some("success") if Action::of(context) == Action::Stop => Self::DeployStopped,
                Some("success") => Self::DeploySucceeded,
                Some("failed") => Self::DeployFailed,
                Some("canceled") => Self::DeployCanceled,
                _ => {
                    warnings.push("CI_JOB_STATUS is not success, failed or canceled: call `deploy-finished` in the deploy job's after_script".into());
                    Self::DeployFinished
                }
            },
            Event::PipelineFinished => match (context.result, context.failed_jobs.as_deref()) {
                (Some(Verdict::Failed), _) | (None, Some([_, ..])) => Self::PipelineFailed,
                (None, _) => Self::PipelineFinished,
                _ if context.history.previous_status.as_deref() == Some("failed") => Self::PipelineFixed,
                _ => Self::PipelineSucceeded,
            },
        }
    }

    /// The name by which `NOTIFIER_EVENTS` selects this state and nothing else of its event.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PipelineStarted => "pipeline-started",
            Self::DeployStarted => "deploy-started",
            Self::DeploySucceeded => "deploy-succeeded",
            Self::DeployFailed => "deploy-failed",
            Self::DeployCanceled => "deploy-canceled",
            Self::DeployStopped => "deploy-stopped",
            Self::DeployFinished => "deploy-finished",
            Self::PipelineSucceeded => "pipeline-succeeded",
            Self::PipelineFailed => "pipeline-failed",
            Self::PipelineFixed => "pipeline-fixed",
            Self::PipelineFinished => "pipeline-finished",
        }
    }

    /// The name of the event that this state belongs to.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::DeploySucceeded | Self::DeployFailed | Self::DeployCanceled | Self::DeployStopped => {
                "deploy-finished"
            }
            Self::PipelineSucceeded | Self::PipelineFailed | Self::PipelineFixed => "pipeline-finished",
            other => other.name(),
        }
    }

    /// Slack's name of the emoji that stands for this state.
    pub(crate) fn emoji(self) -> &'static str {
        self.sign().0
    }

    /// The same as a character, for text that nobody renders.
    pub(crate) fn symbol(self) -> &'static str {
        self.sign().1
    }

    fn sign(self) -> (&'static str, &'static str) {
        match self {
            Self::PipelineStarted => ("rocket", "🚀"),
            Self::DeployStarted => ("truck", "🚚"),
            Self::DeployFailed | Self::PipelineFailed => ("x", "❌"),
            Self::DeploySucceeded | Self::PipelineSucceeded => ("white_check_mark", "✅"),
            Self::DeployCanceled => ("no_entry_sign", "🚫"),
            Self::DeployStopped => ("octagonal_sign", "🛑"),
            Self::PipelineFixed => ("tada", "🎉"),
            Self::DeployFinished | Self::PipelineFinished => ("checkered_flag", "🏁"),
        }
    }

    /// The colour of the attachment's bar.
    pub(crate) fn color(self) -> &'static str {
        match self {
            Self::PipelineStarted | Self::DeployStopped | Self::DeployFinished | Self::PipelineFinished => "#8D99AE",
            Self::DeployStarted => "#36C5F0",
            Self::DeployFailed | Self::PipelineFailed => "#E01E5A",
            Self::DeploySucceeded | Self::PipelineSucceeded | Self::PipelineFixed => "#2EB67D",
            Self::DeployCanceled => "#ECB22E",
        }
    }

    /// Whether something began, of which there is little to say yet.
    pub(crate) fn is_start(self) -> bool {
        matches!(self, Self::PipelineStarted | Self::DeployStarted)
    }

    /// Whether those who were called before should know that it is over.
    pub(crate) fn is_recovery(self) -> bool {
        self == Self::PipelineFixed
    }

    /// Whether somebody should come and look.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::DeployFailed | Self::PipelineFailed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::context;

    fn state(json: serde_json::Value) -> (State, usize) {
        let mut warnings = Vec::new();
        (State::of(&context(json), &mut warnings), warnings.len())
    }

    #[test]
    fn a_deployment_ends_as_its_job_does() {
        let of = |status| state(json!({"event": "deploy-finished", "ci": {"CI_JOB_STATUS": status}}));
        assert_eq!(of("success"), (State::DeploySucceeded, 0));
        assert_eq!(of("failed"), (State::DeployFailed, 0));
        assert_eq!(of("canceled"), (State::DeployCanceled, 0));
        assert_eq!(of("running"), (State::DeployFinished, 1));
        let stop = |status| {
            state(json!({"event": "deploy-finished", "ci": {"CI_JOB_STATUS": status, "CI_ENVIRONMENT_ACTION": "stop"}}))
                .0
        };
        assert_eq!((stop("success"), stop("failed")), (State::DeployStopped, State::DeployFailed));
    }

    #[test]
    fn a_pipeline_is_never_called_green_unasked() {
        let of = |jobs, before| {
            state(json!({"event": "pipeline-finished", "failed_jobs": jobs, "history": {"previous_status": before}})).0
        };
        // That no job failed does not say that all succeeded.
        for (jobs, before) in [(json!(null), "success"), (json!([]), "success"), (json!([]), "failed")] {
            assert_eq!(of(jobs, before), State::PipelineFinished);
        }
        assert_eq!(of(json!([{"name": "test"}]), "failed"), State::PipelineFailed);
    }

    #[test]
    fn gitlabs_own_verdict_counts() {
        let of = |result, jobs| state(json!({"event": "pipeline-finished", "result": result, "failed_jobs": jobs})).0;
        for jobs in [json!(null), json!([]), json!([{"name": "test"}])] {
            assert_eq!(of("failed", jobs.clone()), State::PipelineFailed);
            assert_eq!(of("success", jobs), State::PipelineSucceeded);
        }
    }
}
