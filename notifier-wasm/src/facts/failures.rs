//! The unreported failures of a pipeline. A hook reports its own job's failure, and the closing job reports all others.

use crate::contract::context::Context;
use crate::contract::jobs::Job;
use crate::contract::setting::Setting;
use crate::contract::state::State;
use crate::contract::warning::{Code, Warning};
use crate::language::reasons;
use crate::text;
use crate::text::glob;

/// The state of a failed job's `after_script`, and so of the hook that reports the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// The hook ran: the script itself failed.
    Ran,
    /// The runner or the network failed at some point, or GitLab ended the job.
    Unknown,
    /// The hook did not run: the job never got that far, or had no time left.
    NeverRan,
}

/// Reasons that leave the hook unknown: the runner or the network failed, or GitLab ended the job.
const UNKNOWN: [&str; 10] = [
    "runner_system_failure",
    "job_execution_server_timeout",
    "server_timeout_running",
    "server_timeout_canceling",
    "no_updates_running",
    "no_updates_canceling",
    "trace_size_exceeded",
    "job_token_expired",
    "unknown_failure",
    "api_failure",
];

impl Hook {
    /// Returns the state of the hook if a job failed for this reason (gitlab-org/gitlab-runner, `common/build.go`). Later releases
    /// of GitLab have more reasons.
    pub(crate) fn of(failure_reason: &str) -> Self {
        match failure_reason {
            "script_failure" => Self::Ran,
            reason if reasons::is_known(reason) && !UNKNOWN.contains(&reason) => Self::NeverRan,
            _ => Self::Unknown,
        }
    }
}

/// Returns the unreported failed jobs, those that did not fail in the previous pipeline first. `None` if GitLab could not be asked. The pipeline's message records the reported jobs. A webhook
/// has no such record, so a failure may be posted twice rather than never.
#[inline(never)]
pub(crate) fn unreported(context: &Context) -> Option<Vec<&Job>> {
    let is_reported = |job: &&Job| match (&context.history.reported, job.id) {
        (Some(reported), Some(id)) => reported.contains(&id),
        _ => reports_itself(context, job) && Hook::of(&job.failure_reason) == Hook::Ran,
    };
    let unreported = context.jobs.failed.as_ref()?.iter().filter(|job| !is_reported(job));
    let (old, mut jobs): (Vec<&Job>, Vec<&Job>) = unreported.partition(|job| failed_before(context, job) == Some(true));
    jobs.extend(old);
    Some(jobs)
}

/// Returns whether a failed job failed in the previous pipeline too. `None` means unknown, or that the pipeline did not fail.
pub(crate) fn failed_before(context: &Context, job: &Job) -> Option<bool> {
    context.history.failed_before(&job.name)
}

/// True if the previous pipeline failed, and a job failed now that did not fail there.
pub(crate) fn is_any_new(context: &Context) -> bool {
    context.jobs.failed.iter().flatten().any(|job| failed_before(context, job) == Some(false))
}

/// True if each of these jobs failed in the previous pipeline too, and no job is unknown.
pub(crate) fn are_all_old(context: &Context, jobs: &[&Job]) -> bool {
    context.jobs.all_known && !jobs.is_empty() && jobs.iter().all(|job| failed_before(context, job) == Some(true))
}

/// True if all unreported failures are deployments whose hooks could not report them.
pub(crate) fn are_deployments(context: &Context, unreported: Option<&[&Job]>) -> bool {
    let deploys = |job: &&Job| reports_itself(context, job) && !job.stops();
    !context.jobs.more_failed
        && unreported.is_some_and(|unreported| !unreported.is_empty() && unreported.iter().all(deploys))
}

/// True if a job has hooks that report its failure, and the settings let them.
pub(crate) fn reports_itself(context: &Context, job: &Job) -> bool {
    let is_reported = context.setting(Setting::EVENTS).is_none_or(|events| State::DeployFailed.is_chosen_by(events));
    !job.is_trigger && carries_hooks(context, &job.name) && is_reported
}

/// True if a job of this name has the hooks, according to `deploy_jobs` and `merge_into`.
pub(crate) fn carries_hooks(context: &Context, name: &str) -> bool {
    let patterns = context.setting(Setting::DEPLOY_JOBS).unwrap_or_default();
    context.setting(Setting::MERGE_INTO).is_some_and(|job| job == name || job == name_in_configuration(name))
        || glob::any_of(patterns, |it| names_job(it, name))
}

/// True if a pattern matches a job, by its full name or by its name in `.gitlab-ci.yml`.
pub(crate) fn names_job(pattern: &str, name: &str) -> bool {
    glob::matches(pattern, name) || glob::matches(pattern, name_in_configuration(name))
}

/// Warns of a hook that neither setting names. Without both, the job uses no component, and no closing job counts on them.
pub(crate) fn warn_of_unnamed_hook(context: &Context, warnings: &mut Vec<Warning>) {
    let named = context.setting(Setting::DEPLOY_JOBS).or_else(|| context.setting(Setting::MERGE_INTO));
    if let (Some(_), Some(job)) = (named, context.ci("CI_JOB_NAME"))
        && !carries_hooks(context, job)
    {
        let job = text::shown(job, 80);
        warnings.push(Warning::of(
            Code::HookNotNamed,
            "NOTIFIER_DEPLOY_JOBS",
            format_args!("it does not include this job, `{job}`, so a failure is reported twice; add the job to the input deploy_jobs"),
        ));
    }
}

/// Returns a job's name in `.gitlab-ci.yml`. GitLab adds `: [eu, blue]` to each job of a matrix and ` 1/3` to each parallel job
/// (<https://docs.gitlab.com/ci/yaml/#parallel>).
fn name_in_configuration(name: &str) -> &str {
    if let Some((base, _)) = name.split_once(": [").filter(|_| name.ends_with(']')) {
        return base;
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    match name.rsplit_once(' ').and_then(|(base, part)| Some((base, part.split_once('/')?))) {
        Some((base, (number, total))) if is_number(number) && is_number(total) => base,
        _ => name,
    }
}

/// Returns the stage in which all of these jobs failed, if it is one.
pub(crate) fn common_stage<'a>(jobs: &[&'a Job]) -> Option<&'a str> {
    let stage = jobs.first()?.stage.as_str();
    (!stage.is_empty() && jobs.iter().all(|job| job.stage == stage)).then_some(stage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

    #[test]
    fn each_reason_shows_if_its_hook_ran() {
        for (reason, hook) in [
            ("script_failure", Hook::Ran),
            ("runner_system_failure", Hook::Unknown),
            ("job_execution_timeout", Hook::NeverRan),
            ("invented_in_gitlab_21", Hook::Unknown),
            ("", Hook::Unknown),
        ] {
            assert_eq!(Hook::of(reason), hook, "{reason}");
        }
        assert!(UNKNOWN.iter().all(|reason| reasons::is_known(reason)));
    }

    #[test]
    fn a_failure_is_reported_by_its_hook_or_closing_job() {
        let reported = |name: &str, reason: &str| {
            let context = context(json!({
                "event": "pipeline-finished", "settings": {"merge_into": "apply: [a, b]", "deploy_jobs": "deploy, review/*"},
                "failed_jobs": [{"name": name, "failure_reason": reason}],
            }));
            unreported(&context).unwrap().is_empty()
        };
        for name in ["deploy", "deploy: [eu-west-1, blue]", "deploy 1/3", "review/eu", "apply: [a, b]"] {
            assert!(reported(name, "script_failure"), "{name}");
            assert!(!reported(name, "job_execution_timeout") && !reported(name, ""), "{name}");
        }
        for name in ["deployment", "deploy 1", "deploy: eu", "build", "deploy a/b", "apply", "b]"] {
            assert!(!reported(name, "script_failure"), "{name}");
        }
        assert!(unreported(&context(json!({"event": "pipeline-finished"}))).is_none());
    }

    #[test]
    fn the_pipelines_message_is_evidence_of_reports() {
        let reported = |ids: serde_json::Value, reason: &str| {
            let context = context(json!({
                "event": "pipeline-finished", "settings": {"deploy_jobs": "deploy"}, "history": {"reported": ids},
                "failed_jobs": [{"id": 7, "name": "deploy", "failure_reason": reason}],
            }));
            unreported(&context).unwrap().is_empty()
        };
        for reason in ["script_failure", "job_execution_timeout", "invented"] {
            assert!(
                reported(json!([3, 7]), reason) && !reported(json!([3]), reason) && !reported(json!([]), reason),
                "{reason}"
            );
        }
    }

    #[test]
    fn only_deployments_count_as_deployments() {
        let of = |jobs: serde_json::Value, events: &str| {
            let settings = json!({"deploy_jobs": "deploy,stop_review", "events": events});
            let context = context(json!({"event": "pipeline-finished", "settings": settings, "failed_jobs": jobs}));
            are_deployments(&context, unreported(&context).as_deref())
        };
        let job = |name: &str, is_trigger: bool| json!({"name": name, "trigger": is_trigger, "failure_reason": "job_execution_timeout"});
        assert!(of(json!([job("deploy", false)]), ""));
        assert!(of(json!([job("deploy 1/2", false), job("deploy 2/2", false)]), "*-failed"));
        for other in [job("build", false), job("stop_review", false), job("deploy", true)] {
            assert!(!of(json!([job("deploy 1/2", false), other]), ""), "{other}");
        }
        // The setting is read as the hooks read it.
        assert!(of(json!([job("deploy", false)]), "pipeline-failed Deploy-Failed"));
        // If the settings silence its hooks, a deployment is reported like any other job.
        assert!(!of(json!([job("deploy", false)]), "pipeline-*"));
        assert!(!of(json!([]), ""));
    }

    #[test]
    fn a_stage_is_common_where_all_failed_in_it() {
        let stage = |stages: &[&str]| {
            let jobs: Vec<_> = stages.iter().map(|stage| json!({"name": "x", "stage": stage})).collect();
            let context = context(json!({"event": "pipeline-finished", "failed_jobs": jobs}));
            common_stage(&unreported(&context).unwrap()).map(str::to_owned)
        };
        assert_eq!(stage(&["build", "build"]).as_deref(), Some("build"));
        assert_eq!(stage(&["build", "test"]), None);
        assert_eq!(stage(&[""]), None);
        assert_eq!(stage(&[]), None);
    }
}
