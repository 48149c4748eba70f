//! The history of an event: in this job, in its pipeline, on its ref and in its environment.

use serde::Serialize;

use crate::gitlab::changes::Changes;
use crate::gitlab::earlier_failures::EarlierCommit;
use crate::gitlab::pipelines::Ended;
use crate::job::checkout::read_checked_out;
use crate::job::job_state;
use crate::variables::Variables;

/// The file with the start time of a job's deployment, in seconds since 1970, and its size limit in bytes.
const STARTED: &str = "deploy-started";
const MAX_STARTED: u64 = 20;

/// The context's `history`. Unknown parts are missing.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct History {
    /// The time of `deploy-started`, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deploy_started_at: Option<i64>,
    /// The address that the deploy job wrote to `environment_url.txt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment_url: Option<String>,
    /// The result of the ref's last pipeline that ended, `failed` or `success`: an earlier one, or this one before it was run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_status: Option<&'static str>,
    /// The number of pipelines of the ref that failed in a row before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failures_in_a_row: Option<i64>,
    /// The same number as far as was read, if the failures go further back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failures_at_least: Option<i64>,
    /// The pipeline before this one, if it failed, and the names of its failed jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_pipeline_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_failed_jobs: Option<Vec<String>>,
    /// The first of the pipelines that failed in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_failure: Option<FirstFailure>,
    /// The number of this attempt of the job; the first is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<i64>,
    /// The last successful deployment of the job's environment before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_deployment: Option<LastDeployment>,
    /// The changes since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changes: Option<Changes>,
    /// The IDs of the failed jobs that the pipeline's message has reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reported: Option<Vec<i64>>,
    /// The message of the ref's pipeline before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) earlier_message: Option<EarlierMessage>,
}

/// A pipeline that failed, and its commit. A missing text is empty.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FirstFailure {
    pipeline_id: i64,
    /// The time of the pipeline's creation, as GitLab writes it.
    created_at: String,
    sha: String,
    title: String,
    author: String,
}

impl FirstFailure {
    pub(crate) fn of(pipeline: Ended, commit: Option<EarlierCommit>) -> Self {
        let EarlierCommit { sha, title, author } = commit.unwrap_or_default();
        Self { pipeline_id: pipeline.id, created_at: pipeline.created_at, sha, title, author }
    }
}

/// A successful deployment.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastDeployment {
    /// Its commit; `None` if there was no such deployment.
    pub(crate) sha: Option<String>,
    pub(crate) pipeline_id: Option<i64>,
}

/// The contents of an earlier bot message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EarlierMessage {
    /// Its pipeline's result. The module wrote this and the other fields.
    pub(crate) verdict: String,
    pub(crate) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// The mentioned people.
    pub(crate) mentions: Vec<String>,
    pub(crate) failures_in_a_row: Option<i64>,
}

impl History {
    /// Reads the files that earlier steps of the job left behind.
    pub(crate) fn of_job(variables: &Variables) -> Self {
        let started = job_state::load(variables, STARTED, MAX_STARTED).and_then(|bytes| String::from_utf8(bytes).ok());
        let url = read_checked_out(variables, "environment_url.txt").ok();
        let url = url.as_deref().and_then(|text| text.lines().next()).map(str::trim).filter(|line| !line.is_empty());
        Self {
            deploy_started_at: started.and_then(|text| text.trim().parse::<i64>().ok()),
            environment_url: url.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// Saves the start time of this job's deployment. Without it the job's own start counts, so a directory that cannot be written is no
/// fault.
pub(crate) fn save_deploy_start(variables: &Variables, now: i64) {
    let _ = job_state::save(variables, STARTED, now.to_string().as_bytes());
}
