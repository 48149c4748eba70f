//! The state and the action, derived from the context.

use crate::contract::action::Action;
use crate::contract::context::{Context, Event, Verdict};
use crate::contract::jobs::Job;
use crate::contract::state::State;
use crate::contract::warning::{Code, Warning};
use crate::facts::{failures, waiting};

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
    /// Derives the state. In an `after_script`, `CI_JOB_STATUS` is the status of the job. At a pipeline's end GitLab's own verdict
    /// counts, else its data about the jobs.
    pub(crate) fn of(context: &Context, unreported: Option<&[&Job]>, warnings: &mut Vec<Warning>) -> Self {
        match context.event {
            Event::PipelineStarted => Self::PipelineStarted,
            Event::DeployStarted => Self::DeployStarted,
            Event::DeployFinished => match context.ci("CI_JOB_STATUS") {
                Some("success") if Action::of(context) == Action::Stop => Self::DeployStopped,
                Some("success") => Self::of_success(context),
                Some("failed") => Self::DeployFailed,
                Some("canceled") => Self::DeployCanceled,
                _ => {
                    let text = "the status is not success, failed or canceled; call `deploy-finished` in the deploy job's after_script";
                    warnings.push(Warning::of(Code::NoJobStatus, "CI_JOB_STATUS", text));
                    Self::DeployFinished
                }
            },
            Event::PipelineWaiting => Self::PipelineWaiting,
            Event::PipelineFinished => Self::of_pipeline(context, unreported),
            Event::Digest => Self::Digest,
        }
    }

    /// Compares a deployment with the last one of its environment.
    fn of_success(context: &Context) -> Self {
        let last = context.history.last_deployment.as_ref().filter(|_| Action::of(context) == Action::Deploy);
        let own = context.ci("CI_PIPELINE_ID").and_then(|id| id.parse::<i64>().ok());
        match last {
            Some(last) if last.sha.is_some() && last.sha.as_deref() == context.ci("CI_COMMIT_SHA") => Self::DeployAgain,
            Some(last) if last.pipeline_id > own && own.is_some() => Self::DeployRolledBack,
            _ => Self::DeploySucceeded,
        }
    }

    fn of_pipeline(context: &Context, unreported: Option<&[&Job]>) -> Self {
        let was_failing = context.history.was_failing();
        let has_failed = context.jobs.failed.as_ref().is_some_and(|jobs| !jobs.is_empty());
        let is = |statuses: &[&str]| context.jobs.other.iter().any(|job| statuses.contains(&job.status.as_str()));
        let succeeded = match context.result {
            // GitLab's verdict ignores the jobs in the stage of the job that asks.
            _ if has_failed => false,
            Some(verdict) => verdict == Verdict::Success,
            None if is(&["canceled", "canceling"]) => return Self::PipelineCanceled,
            None if !waiting::waits(context).is_empty() => return Self::PipelineWaiting,
            None if context.jobs.all_known && context.jobs.other.is_empty() => true,
            None => return Self::PipelineFinished,
        };
        match (succeeded, was_failing) {
            (true, false) => Self::PipelineSucceeded,
            (true, true) => Self::PipelineFixed,
            (false, _) if failures::are_deployments(context, unreported) => Self::DeployFailed,
            (false, true) if !failures::is_any_new(context) => Self::PipelineStillFailing,
            (false, _) => Self::PipelineFailed,
        }
    }

    /// Returns the verdict on the pipeline, as GitLab spells it. Empty means no verdict.
    pub(crate) fn verdict(self, action: Action) -> &'static str {
        match self {
            Self::DeployFailed if action != Action::Deploy => "",
            _ if self.is_failure() => "failed",
            _ if self.is_deployed() || matches!(self, Self::PipelineSucceeded | Self::PipelineFixed) => "success",
            _ => "",
        }
    }

    /// True if something began. There is little to report yet.
    pub(crate) fn is_start(self) -> bool {
        matches!(self, Self::PipelineStarted | Self::DeployStarted)
    }

    /// True if a deployment ended well.
    pub(crate) fn is_deployed(self) -> bool {
        matches!(self, Self::DeploySucceeded | Self::DeployAgain | Self::DeployRolledBack)
    }

    /// True if the people mentioned before should know that the failure is over.
    pub(crate) fn is_recovery(self) -> bool {
        self == Self::PipelineFixed
    }

    /// True if somebody should come and look.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::DeployFailed | Self::PipelineFailed | Self::PipelineStillFailing)
    }
}

/// True if a job runs or will run.
pub(crate) fn has_unfinished_jobs(context: &Context) -> bool {
    let statuses = ["running", "pending", "preparing", "created", "waiting_for_callback"];
    context.jobs.other.iter().any(|job| statuses.contains(&job.status.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

    fn state(json: serde_json::Value) -> (State, usize) {
        let mut warnings = Vec::new();
        let context = context(json);
        (State::of(&context, failures::unreported(&context).as_deref(), &mut warnings), warnings.len())
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

    /// The lists of jobs are the evidence if GitLab's verdict is unknown.
    #[test]
    fn a_pipeline_is_green_only_on_evidence() {
        let of = |failed: serde_json::Value, others: &[(&str, &str)], all_known: bool| {
            let others: Vec<_> = others.iter().map(|(name, status)| json!({"name": name, "status": status})).collect();
            state(json!({
                "event": "pipeline-finished", "failed_jobs": failed, "other_jobs": others, "all_jobs_known": all_known,
                "history": {"previous_status": "success"},
            }))
            .0
        };
        assert_eq!(of(json!(null), &[], false), State::PipelineFinished);
        // Trigger jobs are unknown.
        assert_eq!(of(json!([]), &[], false), State::PipelineFinished);
        assert_eq!(of(json!([]), &[], true), State::PipelineSucceeded);
        assert_eq!(of(json!([]), &[("test", "running")], true), State::PipelineFinished);
        assert_eq!(of(json!([]), &[("test", "canceled"), ("approve", "manual")], true), State::PipelineCanceled);
        assert_eq!(of(json!([]), &[("approve", "manual"), ("deploy", "created")], true), State::PipelineWaiting);
        for stop in ["stop_review", "stop", "review: stop", "Stop-Prod"] {
            assert_eq!(of(json!([]), &[(stop, "manual")], true), State::PipelineFinished, "{stop}");
        }
        assert_eq!(of(json!([]), &[("nonstop", "manual")], true), State::PipelineWaiting);
        for status in ["waiting_for_resource", "scheduled"] {
            assert_eq!(of(json!([]), &[("deploy", status)], true), State::PipelineWaiting, "{status}");
            assert_eq!(of(json!([]), &[("deploy", status), ("test", "canceled")], true), State::PipelineCanceled);
        }
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
    fn a_deployment_differs_from_the_last_one() {
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
        // A job that failed in the stage of the job that asks is still a failure.
        for result in ["failed", "success"] {
            assert_eq!(of(result, json!([{"name": "test"}])), State::PipelineFailed);
        }
    }
}
