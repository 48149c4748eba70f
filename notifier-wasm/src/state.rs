//! What happened: an event and its outcome.

use crate::context::{Context, Event, Verdict};
use crate::glob;
use crate::jobs::Job;

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
    #[inline(never)]
    pub(crate) fn of(context: &Context) -> Self {
        match context.ci("CI_ENVIRONMENT_ACTION") {
            Some("stop") => Self::Stop,
            Some("prepare" | "verify" | "access") => Self::Other,
            _ => Self::Deploy,
        }
    }
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

    /// `CI_JOB_STATUS` says how the job of an `after_script` went. Of a pipeline's end GitLab's own verdict counts, else what it
    /// says of the jobs.
    /// `are_deployments` is whether all that failed unreported are deployments whose hooks could not report it.
    pub(crate) fn of(context: &Context, are_deployments: bool, warnings: &mut Vec<String>) -> Self {
        match context.event {
            Event::PipelineStarted => Self::PipelineStarted,
            Event::DeployStarted => Self::DeployStarted,
            Event::DeployFinished => match context.ci("CI_JOB_STATUS") {
                Some("success") if Action::of(context) == Action::Stop => Self::DeployStopped,
                Some("success") => Self::of_success(context),
                Some("failed") => Self::DeployFailed,
                Some("canceled") => Self::DeployCanceled,
                _ => {
                    warnings.push("CI_JOB_STATUS is not success, failed or canceled: call `deploy-finished` in the deploy job's after_script".into());
                    Self::DeployFinished
                }
            },
            Event::PipelineFinished => Self::of_pipeline(context, are_deployments),
        }
    }

    /// A deployment, against the last one of its environment.
    fn of_success(context: &Context) -> Self {
        let last = context.history.last_deployment.as_ref().filter(|_| Action::of(context) == Action::Deploy);
        let own = context.ci("CI_PIPELINE_ID").and_then(|id| id.parse::<i64>().ok());
        match last {
            Some(last) if last.sha.is_some() && last.sha.as_deref() == context.ci("CI_COMMIT_SHA") => Self::DeployAgain,
            Some(last) if last.pipeline_id > own && own.is_some() => Self::DeployRolledBack,
            _ => Self::DeploySucceeded,
        }
    }

    fn of_pipeline(context: &Context, are_deployments: bool) -> Self {
        let was_failing = context.history.was_failing();
        let has_failed = context.jobs.failed.as_ref().is_some_and(|jobs| !jobs.is_empty());
        let is = |statuses: &[&str]| context.jobs.other.iter().any(|job| statuses.contains(&job.status.as_str()));
        let succeeded = match context.result {
            // GitLab judges by no job of the stage of the job that asks.
            _ if has_failed => false,
            Some(verdict) => verdict == Verdict::Success,
            None if is(&["canceled", "canceling"]) => return Self::PipelineCanceled,
            None if waiting_for(context).is_some() => return Self::PipelineWaiting,
            None if context.jobs.all_known && context.jobs.other.is_empty() => true,
            None => return Self::PipelineFinished,
        };
        match (succeeded, was_failing) {
            (true, false) => Self::PipelineSucceeded,
            (true, true) => Self::PipelineFixed,
            (false, _) if are_deployments => Self::DeployFailed,
            (false, false) => Self::PipelineFailed,
            (false, true) => Self::PipelineStillFailing,
        }
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

    /// The names that choose this state, the most particular one first: its own, that of what it is a kind of, and its event's.
    pub(crate) fn names(self) -> [&'static str; 3] {
        let kind = match self {
            Self::DeployAgain | Self::DeployRolledBack => Self::DeploySucceeded,
            Self::PipelineStillFailing => Self::PipelineFailed,
            Self::PipelineFixed => Self::PipelineSucceeded,
            other => other,
        };
        let name = kind.name();
        let event = match name {
            "pipeline-started" | "deploy-started" => name,
            _ if name.starts_with("deploy") => "deploy-finished",
            _ => "pipeline-finished",
        };
        [self.name(), name, event]
    }

    /// Whether a list of events, as people write it, chooses this state. An entry that is no event counts as not written.
    pub(crate) fn is_chosen_by(self, events: &str) -> bool {
        let (names, events) = (self.names(), events.to_ascii_lowercase());
        let mut known = glob::entries(&events).filter(|it| Self::is_named_by(it)).peekable();
        known.peek().is_none() || known.any(|it| names.iter().any(|name| glob::matches(it, name)))
    }

    /// Whether an entry of a list of events names any state.
    pub(crate) fn is_named_by(entry: &str) -> bool {
        Self::all_names().iter().any(|name| glob::matches(entry, name))
    }

    /// The emoji that stands for this state: Slack's name of it, and the character for text that nobody renders.
    pub(crate) fn sign(self) -> (&'static str, &'static str) {
        match self {
            Self::PipelineStarted => ("rocket", "🚀"),
            Self::DeployStarted => ("truck", "🚚"),
            Self::DeployFailed | Self::PipelineFailed | Self::PipelineStillFailing => ("x", "❌"),
            Self::DeploySucceeded | Self::DeployAgain | Self::DeployRolledBack | Self::PipelineSucceeded => {
                ("white_check_mark", "✅")
            }
            Self::DeployCanceled | Self::PipelineCanceled => ("no_entry_sign", "🚫"),
            Self::DeployStopped => ("octagonal_sign", "🛑"),
            Self::PipelineFixed => ("tada", "🎉"),
            Self::PipelineWaiting => ("hourglass_flowing_sand", "⏳"),
            Self::DeployFinished | Self::PipelineFinished => ("checkered_flag", "🏁"),
        }
    }

    /// The colour of the attachment's bar.
    pub(crate) fn color(self) -> &'static str {
        match self.sign().0 {
            "truck" => "#36C5F0",
            "x" => "#E01E5A",
            "white_check_mark" | "tada" => "#2EB67D",
            "no_entry_sign" | "hourglass_flowing_sand" => "#ECB22E",
            _ => "#8D99AE",
        }
    }

    /// How the pipeline stands, in GitLab's words; empty where that is not said.
    pub(crate) fn verdict(self, action: Action) -> &'static str {
        match self {
            Self::DeployFailed if action != Action::Deploy => "",
            _ if self.is_failure() => "failed",
            _ if self.is_deployed() || matches!(self, Self::PipelineSucceeded | Self::PipelineFixed) => "success",
            _ => "",
        }
    }

    /// Whether something began, of which there is little to say yet.
    pub(crate) fn is_start(self) -> bool {
        matches!(self, Self::PipelineStarted | Self::DeployStarted)
    }

    /// Whether a deployment ended well.
    pub(crate) fn is_deployed(self) -> bool {
        matches!(self, Self::DeploySucceeded | Self::DeployAgain | Self::DeployRolledBack)
    }

    /// Whether those who were called before should know that it is over.
    pub(crate) fn is_recovery(self) -> bool {
        self == Self::PipelineFixed
    }

    /// Whether somebody should come and look.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::DeployFailed | Self::PipelineFailed | Self::PipelineStillFailing)
    }
}

/// The jobs that somebody must play before the pipeline goes on.
pub(crate) fn waiting_for(context: &Context) -> Option<&Job> {
    context.jobs.other.iter().find(|job| job.status == "manual" && !job.stops())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::context;
    use crate::failures;

    fn state(json: serde_json::Value) -> (State, usize) {
        let mut warnings = Vec::new();
        let context = context(json);
        let are_deployments = failures::are_deployments(&context, failures::untold(&context).as_deref());
        (State::of(&context, are_deployments, &mut warnings), warnings.len())
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

    /// What the lists of jobs prove, where nobody knows GitLab's verdict.
    #[test]
    fn a_pipeline_is_called_green_on_evidence_alone() {
        let of = |failed: serde_json::Value, others: &[(&str, &str)], all_known: bool| {
            let others: Vec<_> = others.iter().map(|(name, status)| json!({"name": name, "status": status})).collect();
            state(json!({
                "event": "pipeline-finished", "failed_jobs": failed, "other_jobs": others, "all_jobs_known": all_known,
                "history": {"previous_status": "success"},
            }))
            .0
        };
        assert_eq!(of(json!(null), &[], false), State::PipelineFinished);
        // Trigger jobs are not known.
        assert_eq!(of(json!([]), &[], false), State::PipelineFinished);
        assert_eq!(of(json!([]), &[], true), State::PipelineSucceeded);
        assert_eq!(of(json!([]), &[("test", "running")], true), State::PipelineFinished);
        assert_eq!(of(json!([]), &[("test", "canceled"), ("approve", "manual")], true), State::PipelineCanceled);
        assert_eq!(of(json!([]), &[("approve", "manual"), ("deploy", "created")], true), State::PipelineWaiting);
        for stop in ["stop_review", "stop", "review: stop", "Stop-Prod"] {
            assert_eq!(of(json!([]), &[(stop, "manual")], true), State::PipelineFinished, "{stop}");
        }
        assert_eq!(of(json!([]), &[("nonstop", "manual")], true), State::PipelineWaiting);
        assert_eq!(of(json!([{"name": "test"}]), &[("lint", "canceled")], true), State::PipelineFailed);
    }

    #[test]
    fn a_failure_after_a_failure_is_still_one() {
        let of = |result: &str, history: serde_json::Value| {
            state(json!({"event": "pipeline-finished", "result": result, "history": history})).0
        };
        let earlier = |verdict: &str| json!({"earlier_message": {"verdict": verdict}});
        for (history, failed, success) in [
            (json!({}), State::PipelineFailed, State::PipelineSucceeded),
            (json!({"previous_status": "success"}), State::PipelineFailed, State::PipelineSucceeded),
            (json!({"previous_status": "failed"}), State::PipelineStillFailing, State::PipelineFixed),
            (earlier("failed"), State::PipelineStillFailing, State::PipelineFixed),
            (earlier("success"), State::PipelineFailed, State::PipelineSucceeded),
        ] {
            assert_eq!((of("failed", history.clone()), of("success", history.clone())), (failed, success), "{history}");
        }
    }

    #[test]
    fn a_deployment_is_told_from_the_last_one() {
        let of = |sha: &str, pipeline: u32| {
            let ci = json!({"CI_JOB_STATUS": "success", "CI_COMMIT_SHA": "bb", "CI_PIPELINE_ID": "90"});
            let last = json!({"last_deployment": {"sha": sha, "pipeline_id": pipeline}});
            state(json!({"event": "deploy-finished", "ci": ci, "history": last})).0
        };
        assert_eq!(of("aa", 89), State::DeploySucceeded);
        assert_eq!(of("bb", 90), State::DeployAgain);
        assert_eq!(of("bb", 91), State::DeployAgain);
        assert_eq!(of("aa", 91), State::DeployRolledBack);
    }

    #[test]
    fn gitlabs_own_verdict_counts() {
        let of = |result, jobs| state(json!({"event": "pipeline-finished", "result": result, "failed_jobs": jobs})).0;
        for jobs in [json!(null), json!([])] {
            assert_eq!(of("failed", jobs.clone()), State::PipelineFailed);
            assert_eq!(of("success", jobs), State::PipelineSucceeded);
        }
        // A job that failed beside the one that asks is a failure all the same.
        for result in ["failed", "success"] {
            assert_eq!(of(result, json!([{"name": "test"}])), State::PipelineFailed);
        }
    }
}
