//! The history of an event: in its job, in its pipeline, on its ref and in its environment.

use serde_json::{Map, Value};

use crate::Error;
use crate::contract::fields::{integers, objects, optional_integer, optional_object, optional_string, string_list};

/// The context's `history`. `None` means unknown.
#[derive(Debug)]
pub(crate) struct History {
    /// The time at which `deploy-started` was sent, in seconds since 1970.
    pub(crate) deploy_started_at: Option<i64>,
    /// The deployed address that the deploy job wrote to `environment_url.txt` (Auto DevOps does).
    pub(crate) environment_url: Option<String>,
    /// The status of the pipeline before this one on the same ref, as GitLab spells it.
    previous_status: Option<String>,
    failures_in_a_row: Option<i64>,
    /// The number of this attempt of its job. The first is 1.
    pub(crate) attempt: Option<i64>,
    pub(crate) last_deployment: Option<LastDeployment>,
    /// The changes since then.
    pub(crate) changes: Option<Changes>,
    /// The IDs of the failed jobs that the pipeline's message has reported.
    pub(crate) reported: Option<Vec<i64>>,
    /// The message of the pipeline before this one on the same ref.
    pub(crate) earlier_message: Option<EarlierMessage>,
}

/// The last successful deployment of the same environment.
#[derive(Debug)]
pub(crate) struct LastDeployment {
    /// `None` if there was no deployment.
    pub(crate) sha: Option<String>,
    pub(crate) pipeline_id: Option<i64>,
}

/// The commits between two deployments.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) count: usize,
    /// The first commits, each with title and author.
    pub(crate) commits: Vec<(String, String)>,
    pub(crate) merge_requests: Vec<i64>,
}

/// The content of a bot's message.
#[derive(Debug)]
pub(crate) struct EarlierMessage {
    verdict: String,
    pub(crate) status: String,
    pub(crate) environment: Option<String>,
    pub(crate) mentions: Vec<String>,
    failures_in_a_row: Option<i64>,
}

impl History {
    #[inline(never)]
    pub(crate) fn of(mut fields: Map<String, Value>) -> Result<Self, Error> {
        let last_deployment = match optional_object(&mut fields, "last_deployment")? {
            None => None,
            Some(mut last) => Some(LastDeployment {
                sha: optional_string(&mut last, "sha")?,
                pipeline_id: optional_integer(&mut last, "pipeline_id")?,
            }),
        };
        let changes = match optional_object(&mut fields, "changes")? {
            None => None,
            Some(changes) => Some(Changes::of(changes)?),
        };
        let earlier_message = match optional_object(&mut fields, "earlier_message")? {
            None => None,
            Some(mut earlier) => Some(EarlierMessage {
                verdict: optional_string(&mut earlier, "verdict")?.unwrap_or_default(),
                status: optional_string(&mut earlier, "status")?.unwrap_or_default(),
                environment: optional_string(&mut earlier, "environment")?,
                mentions: string_list(&mut earlier, "mentions")?,
                failures_in_a_row: optional_integer(&mut earlier, "failures_in_a_row")?,
            }),
        };
        Ok(Self {
            deploy_started_at: optional_integer(&mut fields, "deploy_started_at")?,
            environment_url: optional_string(&mut fields, "environment_url")?,
            previous_status: optional_string(&mut fields, "previous_status")?,
            failures_in_a_row: optional_integer(&mut fields, "failures_in_a_row")?,
            attempt: optional_integer(&mut fields, "attempt")?,
            last_deployment,
            changes,
            reported: integers(&mut fields, "reported")?,
            earlier_message,
        })
    }

    /// True if the pipeline before this one failed: by GitLab's status, else by the message about it.
    pub(crate) fn was_failing(&self) -> bool {
        match (&self.previous_status, &self.earlier_message) {
            (Some(status), _) => status == "failed",
            (None, Some(earlier)) => earlier.is_failure(),
            (None, None) => false,
        }
    }

    /// Returns the number of pipelines that failed in a row, this failed one included. `None` means unknown.
    pub(crate) fn in_a_row(&self) -> Option<u64> {
        let before = match (&self.previous_status, &self.earlier_message) {
            (Some(_), _) => self.failures_in_a_row,
            (None, earlier) => earlier.as_ref().and_then(|earlier| earlier.failures_in_a_row),
        };
        u64::try_from(before?).ok()?.checked_add(1)
    }

    /// Returns the message about the failure that is over.
    pub(crate) fn failure(&self) -> Option<&EarlierMessage> {
        self.earlier_message.as_ref().filter(|earlier| earlier.is_failure())
    }
}

impl EarlierMessage {
    fn is_failure(&self) -> bool {
        self.verdict == "failed"
    }
}

impl Changes {
    fn of(mut fields: Map<String, Value>) -> Result<Self, Error> {
        let mut commits = Vec::new();
        for mut commit in objects(&mut fields, "commits")?.unwrap_or_default() {
            let title = optional_string(&mut commit, "title")?.unwrap_or_default();
            commits.push((title, optional_string(&mut commit, "author")?.unwrap_or_default()));
        }
        let count = optional_integer(&mut fields, "count")?.and_then(|count| usize::try_from(count).ok());
        Ok(Self {
            count: count.unwrap_or(commits.len()),
            commits,
            merge_requests: integers(&mut fields, "merge_requests")?.unwrap_or_default(),
        })
    }
}
