//! What came before an event: in this job, in its pipeline, on its ref and in its environment.

use serde::Serialize;

use crate::gitlab::changes::Changes;
use crate::job::checkout::read_checked_out;
use crate::job::job_state;
use crate::variables::Variables;

/// When the deployment of a job started, in seconds since 1970, and the most that is read of it.
const STARTED: &str = "deploy-started";
const MAX_STARTED: u64 = 20;

/// The context's `history`. What is not known is missing.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct History {
    /// When `deploy-started` was sent, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deploy_started_at: Option<i64>,
    /// What the deploy job wrote to `environment_url.txt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment_url: Option<String>,
    /// How the last pipeline of the ref ended that did, `failed` or `success`: one before this, or this one before it was run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_status: Option<&'static str>,
    /// How many pipelines of the ref failed in a row before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failures_in_a_row: Option<i64>,
    /// Which attempt of its job this is, the first being 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<i64>,
    /// The last successful deployment of the job's environment before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_deployment: Option<LastDeployment>,
    /// What came since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changes: Option<Changes>,
    /// The IDs of the failed jobs that the pipeline's message has told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reported: Option<Vec<i64>>,
    /// What the message of the ref's pipeline before this one says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) earlier_message: Option<EarlierMessage>,
}

/// A deployment that ended well.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastDeployment {
    /// Its commit; `None` where there was no such deployment.
    pub(crate) sha: Option<String>,
    pub(crate) pipeline_id: Option<i64>,
}

/// What an earlier message of the bot's says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EarlierMessage {
    /// How its pipeline ended, in the module's own words as the rest.
    pub(crate) verdict: String,
    pub(crate) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// Whom it mentioned.
    pub(crate) mentions: Vec<String>,
    pub(crate) failures_in_a_row: Option<i64>,
}

impl History {
    /// What earlier steps of the job left behind.
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

/// Keeps when the deployment of this job started. Without it the job's own start stands in, so a directory that cannot
/// be written is no fault.
pub(crate) fn save_deploy_start(variables: &Variables, now: i64) {
    let _ = job_state::save(variables, STARTED, now.to_string().as_bytes());
}
