//! Ask GitLab: the failed jobs and their environments, the pipelines before this one, and the last deployment.
//!
//! A message needs none of it. `docs/reliability.md` has the number of requests of each event.

use std::time::Duration;

use super::ask_digest;
use super::findings::Findings;
use super::read_job::Call;
use crate::cli::EventArgs;
use crate::explain::Explain;
use crate::gitlab::api::Api;
use crate::gitlab::deployments::{self, Last};
use crate::gitlab::jobs::{self, Job, Jobs};
use crate::gitlab::pipelines::Before;
use crate::gitlab::unknown::Unknown;
use crate::gitlab::{changes, earlier_failures, pipelines};
use crate::job::event::{Event, Verdict};
use crate::job::git_ref::GitRef;
use crate::job::history::{FirstFailure, History, LastDeployment};
use crate::job::key::Key;
use crate::report::Sink;

/// The time limits of GitLab's answers: before a deployment, which waits; after it; and in the component's own jobs, for which nobody
/// waits.
const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(2);
const OWN: Duration = Duration::from_secs(15);
const DIGEST: Duration = Duration::from_secs(100);

/// The most requests of a hook and of the component's own jobs.
const REQUESTS: u8 = 6;
const REQUESTS_OF_WAITING: u8 = 8;
const REQUESTS_OF_OWN: u8 = 14;
const REQUESTS_OF_DIGEST: u8 = 60;

/// Connects to GitLab's API, within the limits of an event.
pub(crate) fn connect(call: &Call, event: Event) -> Result<Api, Unknown> {
    let (time, requests) = match event {
        Event::PipelineStarted | Event::DeployStarted => (BEFORE, REQUESTS),
        Event::DeployFinished => (AFTER, REQUESTS),
        Event::PipelineWaiting => (OWN, REQUESTS_OF_WAITING),
        Event::PipelineFinished => (OWN, REQUESTS_OF_OWN),
        Event::Digest => (DIGEST, REQUESTS_OF_DIGEST),
    };
    // A digest is nothing but its answers.
    let remaining = call.deadline.remaining();
    let most = if event == Event::Digest { remaining * 4 / 5 } else { remaining / 2 };
    Api::of_job(&call.client, &call.variables, time.min(most), requests, call.deadline)
}

/// Returns GitLab's findings about an event. A pipeline's end has one entry for each environment in which jobs failed. The second value
/// is the reason if the previous pipeline's result is unknown.
pub(crate) fn ask(call: &Call, args: EventArgs, gitlab: &Result<Api, Unknown>) -> (Vec<Findings>, Option<Unknown>) {
    let mut findings = Findings::of_job(&call.variables);
    match (args.event, gitlab) {
        (Event::PipelineFinished, gitlab) => {
            let unknown = ask_of_pipeline(call, args.result, gitlab, &mut findings).err();
            return (by_environment(findings), unknown);
        }
        (Event::PipelineWaiting, gitlab) => ask_of_waiting(call, gitlab, &mut findings),
        (Event::Digest, Ok(api)) => findings.digest = Some(ask_digest::ask(call, api)),
        (Event::Digest, Err(unknown)) => {
            call.report.warning(&format!("the digest has no numbers: {}", unknown.describe()));
        }
        (Event::DeployFinished, Ok(api)) => ask_of_deployment(call, api, &mut findings.history),
        _ => {}
    }
    (vec![findings], None)
}

/// Adds the jobs that did not succeed, and the pipelines before this one.
fn ask_of_pipeline(
    call: &Call,
    result: Option<Verdict>,
    gitlab: &Result<Api, Unknown>,
    findings: &mut Findings,
) -> Result<(), Unknown> {
    match jobs_of_pipeline(call, gitlab) {
        Ok(jobs) => findings.jobs = Some(jobs),
        Err(unknown) => call.report.warning(&format!(
            "GitLab's list of failed jobs is unknown: {}; the message links to the pipeline's failures instead",
            unknown.describe()
        )),
    }
    let api = gitlab.as_ref().map_err(|_| Unknown::Child)?;
    let before = git_ref(call).ok_or(Unknown::Child).and_then(|git_ref| pipelines::before(api, &git_ref));
    if let Some(jobs) = findings.jobs.as_mut().filter(|jobs| !jobs.failed.is_empty()) {
        add_deployments(api, &mut jobs.failed);
    }
    ask_of_failures_before(call, api, result, before?, findings);
    Ok(())
}

fn jobs_of_pipeline(call: &Call, gitlab: &Result<Api, Unknown>) -> Result<Jobs, Unknown> {
    let start_job = call.settings.get_or_default(Key::START_JOB);
    gitlab.as_ref().map_err(Unknown::clone).and_then(|api| jobs::unsuccessful(api, start_job))
}

/// Adds the environments that jobs deploy to.
fn add_deployments<'a>(api: &Api, jobs: impl IntoIterator<Item = &'a mut Job>) {
    let Ok(deployments) = deployments::of_jobs(api) else { return };
    for job in jobs {
        if let Some(deployment) = deployments.iter().find(|it| it.job == job.id) {
            job.environment = Some(deployment.environment.clone());
            job.environment_slug.clone_from(&deployment.environment_slug);
            job.needs_approval = deployment.is_blocked;
        }
    }
}

/// Adds the jobs that may wait, and the environments of manual ones.
fn ask_of_waiting(call: &Call, gitlab: &Result<Api, Unknown>, findings: &mut Findings) {
    match gitlab.as_ref().map_err(Unknown::clone).and_then(jobs::waiting) {
        Ok(mut jobs) => {
            let manual = jobs.other.iter_mut().chain(&mut jobs.optional).filter(|job| job.status == "manual");
            let mut manual = manual.peekable();
            if let (Ok(api), true) = (gitlab, manual.peek().is_some()) {
                add_deployments(api, manual);
            }
            findings.jobs = Some(jobs);
        }
        Err(unknown) => call
            .report
            .warning(&format!("GitLab's list of waiting jobs is unknown: {}; nothing is reported", unknown.describe())),
    }
}

/// Adds the previous pipeline's result. If it failed, adds its failed jobs, and how the failures began.
fn ask_of_failures_before(call: &Call, api: &Api, result: Option<Verdict>, before: Before, findings: &mut Findings) {
    let Findings { history, jobs, .. } = findings;
    let Some(previous) = before.previous else { return };
    if !before.is_late {
        history.previous_status = Some(if previous.has_failed { "failed" } else { "success" });
        let count = Some(before.in_a_row);
        (history.failures_in_a_row, history.failures_at_least) =
            if before.is_whole { (count, None) } else { (None, count) };
    }
    let failed = jobs.as_ref().map_or(&[][..], |jobs| &jobs.failed);
    let is_failure = result == Some(Verdict::Failed) || !failed.is_empty();
    // By webhook, a recovery mentions the owners of these jobs.
    let is_owned_recovery = result == Some(Verdict::Success) && call.settings.get(Key::OWNERS).is_some();
    if !previous.has_failed || !(is_failure || is_owned_recovery) {
        return;
    }
    // Whoever may not read this pipeline's jobs may not read those of another one.
    let may_read = jobs.is_some();
    let of_pipeline =
        |pipeline, with_trigger_jobs| may_read.then(|| earlier_failures::of_pipeline(api, pipeline, with_trigger_jobs));
    let has_trigger_job = is_owned_recovery || failed.iter().any(|job| job.is_trigger);
    let of_previous = match of_pipeline(previous.id, has_trigger_job) {
        Some(Err(unknown)) => {
            call.report.warning(&format!(
                "the failed jobs of the pipeline before are unknown: {}; no failure is marked as new or old",
                unknown.describe()
            ));
            None
        }
        known => known.and_then(Result::ok),
    };
    history.previous_pipeline_id = Some(previous.id);
    history.previous_failed_jobs = of_previous.as_ref().and_then(|it| it.names.clone());
    let Some(first) = before.first_failure.filter(|_| is_failure && !before.is_late) else { return };
    let of_first =
        if first.id == previous.id { of_previous } else { of_pipeline(first.id, false).and_then(Result::ok) };
    history.first_failure = Some(FirstFailure::of(first, of_first.and_then(|it| it.commit)));
}

/// Warns if neither GitLab nor Slack knows the previous pipeline's result, and the settings ask for changes.
pub(crate) fn warn_of_unknown_history(call: &Call, unknown: &Unknown, all: &[Findings]) {
    let is_known = all.iter().any(|findings| findings.history.earlier_message.is_some());
    if !is_known && call.settings.get_or_default(Key::FINISH).eq_ignore_ascii_case("change") {
        call.report.warning(&format!(
            "the result of the previous pipeline is unknown: {}; a failure counts as the first one, and nothing as fixed",
            unknown.describe()
        ));
    }
}

/// Splits the findings by the environments in which jobs failed. The branch's entry has the jobs of no environment and of review
/// environments.
fn by_environment(findings: Findings) -> Vec<Findings> {
    let Some(jobs) = findings.jobs.as_ref().filter(|jobs| !jobs.are_cut) else { return vec![findings] };
    let mut environments: Vec<Option<&str>> = jobs.failed.iter().map(lasting_environment).collect();
    environments.sort_unstable();
    environments.dedup();
    if environments.len() < 2 {
        return vec![findings];
    }
    let of = |environment: Option<&str>| {
        let failed: Vec<Job> =
            jobs.failed.iter().filter(|job| lasting_environment(job) == environment).cloned().collect();
        let mut history = findings.history.clone();
        let before = history.previous_failed_jobs.as_deref().unwrap_or_default();
        if !failed.iter().any(|job| before.contains(&job.name)) {
            // The ref was red, but not this environment.
            (history.first_failure, history.failures_at_least) = (None, None);
        }
        Findings { jobs: Some(Jobs { failed, ..jobs.clone() }), history, ..findings.clone() }
    };
    environments.iter().copied().map(of).collect()
}

fn lasting_environment(job: &Job) -> Option<&str> {
    job.environment.as_deref().filter(|name| !deployments::is_review(name))
}

/// Adds the changes of a successful deployment.
fn ask_of_deployment(call: &Call, api: &Api, history: &mut History) {
    let of = |name| call.variables.get(name);
    let deploys =
        of("CI_JOB_STATUS") == Some("success") && of("CI_ENVIRONMENT_ACTION").is_none_or(|action| action == "start");
    let Some(environment) = of("CI_ENVIRONMENT_NAME").filter(|_| deploys) else { return };
    match deployments::last(api, environment, of("CI_JOB_NAME").unwrap_or_default()) {
        Ok(Last::Never) => history.last_deployment = Some(LastDeployment { sha: None, pipeline_id: None }),
        Ok(Last::Of { sha, pipeline }) if changes::is_sha(&sha) => {
            let is_on = call.settings.is_on(Key::COMPARE);
            let is_newer = pipeline.is_some_and(|pipeline| pipeline > api.pipeline);
            let ours = of("CI_COMMIT_SHA").filter(|ours| is_on && !is_newer && *ours != sha && changes::is_sha(ours));
            if let Some(ours) = ours {
                let project = of("CI_PROJECT_PATH").unwrap_or_default();
                match changes::between(api, &sha, ours, project) {
                    Ok(changes) => history.changes = Some(changes),
                    Err(Unknown::NeedsAccessToken) => {}
                    Err(unknown) => call.report.warning(&format!(
                        "the commits since the last deployment are unknown: {}; the message links to them",
                        unknown.describe()
                    )),
                }
            }
            history.last_deployment = Some(LastDeployment { sha: Some(sha), pipeline_id: pipeline });
        }
        // A job token that may not read it is no fault; a token that somebody set is.
        Err(unknown @ (Unknown::Expired | Unknown::Forbidden(_))) => call.report.warning(&format!(
            "the last deployment is unknown: {}; the message shows the changes of this push instead",
            unknown.describe()
        )),
        _ => {}
    }
}

/// Returns the pipeline's ref as GitLab's API names it. `None` for a child pipeline, whose ref is its parent's.
pub(crate) fn git_ref(call: &Call) -> Option<String> {
    let is_child = call.variables.get("CI_PIPELINE_SOURCE") == Some("parent_pipeline");
    GitRef::of(&call.variables).filter(|_| !is_child).map(|git_ref| git_ref.of_api())
}
