//! Asking GitLab which jobs of this pipeline failed.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::net::address;
use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::Client;
use crate::net::secret::Secret;
use crate::variables::Variables;

/// The most that an answer may have, in bytes: a hundred jobs.
const MAX_ANSWER: u64 = 1 << 20;

/// What the question may take of the time for the whole call: the message itself matters more.
const TIME: Duration = Duration::from_secs(4);

/// A failed job, as the context names it (<https://docs.gitlab.com/api/jobs/#list-pipeline-jobs>).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FailedJob {
    pub(crate) name: String,
    pub(crate) stage: String,
    pub(crate) web_url: String,
    /// Why it failed, in GitLab's own word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) failure_reason: String,
}

/// A job of GitLab's answer.
#[derive(Deserialize)]
struct Job {
    name: String,
    #[serde(default)]
    stage: String,
    #[serde(default)]
    web_url: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    allow_failure: bool,
}

/// Why the failed jobs are not known. Not an error of anybody's pipeline: the message links to the page that lists
/// them instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    /// Not in a job, or variables were changed.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A token goes to the GitLab of this job and nowhere else.
    #[error("CI_API_V4_URL does not point at the GitLab of CI_SERVER_URL over https")]
    OtherHost,
    #[error("{0}")]
    Fault(#[from] Fault),
    /// 401 and 403: older instances, or a restricted token.
    #[error(
        "GitLab answered {0}: the job token may not list jobs there; a project access token with read_api in NOTIFIER_GITLAB_TOKEN may"
    )]
    Refused(u16),
    #[error("GitLab answered {0}")]
    Status(u16),
    #[error("GitLab did not answer with a list of jobs")]
    NotAList,
}

/// The jobs that failed for good: not allowed to fail, and no later attempt passed.
pub(crate) fn failed_jobs(
    client: &Client,
    variables: &Variables,
    deadline: Deadline,
) -> Result<Vec<FailedJob>, Unknown> {
    let variable = |name: &'static str| variables.get(name).ok_or(Unknown::Missing(name));
    let number = |name| {
        variable(name)
            .and_then(|id| if id.bytes().all(|b| b.is_ascii_digit()) { Ok(id) } else { Err(Unknown::Missing(name)) })
    };
    let api = variable("CI_API_V4_URL")?.trim_end_matches('/');
    variable("CI_JOB_TOKEN").or_else(|_| variable("NOTIFIER_GITLAB_TOKEN"))?;
    let (header, token) = token_for(&format!("{api}/"), variables).ok_or(Unknown::OtherHost)?;
    let path = format!("projects/{}/pipelines/{}/jobs", number("CI_PROJECT_ID")?, number("CI_PIPELINE_ID")?);
    let url = format!("{api}/{path}?scope%5B%5D=failed&per_page=100");
    let time = TIME.min(deadline.remaining() / 2);
    let answer = client.get(&url, Some((header, &token)), MAX_ANSWER, deadline.at_most(time))?;
    match answer.status {
        200 => parse(&answer.body),
        401 | 403 | 404 => Err(Unknown::Refused(answer.status)),
        other => Err(Unknown::Status(other)),
    }
}

fn parse(body: &[u8]) -> Result<Vec<FailedJob>, Unknown> {
    let jobs: Vec<Job> = serde_json::from_slice(body).map_err(|_| Unknown::NotAList)?;
    let passed: Vec<String> = jobs.iter().filter(|it| it.status == "success").map(|it| it.name.clone()).collect();
    let failed = |job: &Job| job.status == "failed" && !job.allow_failure && !passed.contains(&job.name);
    let named = |job: Job| {
        let failure_reason = job.failure_reason.unwrap_or_default();
        FailedJob { name: job.name, stage: job.stage, web_url: job.web_url, failure_reason }
    };
    Ok(jobs.into_iter().filter(failed).map(named).collect())
}

/// The header and the token for an address, where it is below the API of this job's GitLab. A pipeline variable can
/// override `CI_API_V4_URL`, so it must agree with the server, and a token goes nowhere unencrypted.
pub(crate) fn token_for(url: &str, variables: &Variables) -> Option<(&'static str, Secret)> {
    if !address::is_below(url, variables.get("CI_API_V4_URL")?, variables.get("CI_SERVER_URL")?) {
        return None;
    }
    let secret = |header, name| Some((header, Secret::new(variables.secret(name)?.ok()?)));
    secret("PRIVATE-TOKEN", "NOTIFIER_GITLAB_TOKEN").or_else(|| secret("JOB-TOKEN", "CI_JOB_TOKEN"))
}

/// Reads an answer.
#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_jobs(body: &[u8]) {
    let _ = parse(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_really_failed_is_named() {
        let body = r#"[
            {"id":4,"name":"lint","stage":"build","status":"failed","web_url":"https://g/4","allow_failure":true},
            {"id":3,"name":"flaky","stage":"build","status":"success","web_url":"https://g/3","allow_failure":false},
            {"id":2,"name":"flaky","stage":"build","status":"failed","web_url":"https://g/2","allow_failure":false},
            {"id":1,"name":"compile","stage":"build","status":"failed","web_url":"https://g/1","allow_failure":false}]"#;
        let names: Vec<String> = parse(body.as_bytes()).unwrap().into_iter().map(|job| job.name).collect();
        assert_eq!(names, ["compile"]);
    }

    #[test]
    fn a_strange_answer_is_no_list() {
        for body in ["", "{}", "<html>", "[1]", "null"] {
            assert!(matches!(parse(body.as_bytes()), Err(Unknown::NotAList)), "{body}");
        }
    }
}
