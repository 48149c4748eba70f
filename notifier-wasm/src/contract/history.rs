//! The history of an event: in its job, in its pipeline, on its ref and in its environment.

use crate::contract::fields::Fields;

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
    /// The same number as far as the host read, if the failures go further back.
    pub(crate) failures_at_least: Option<i64>,
    /// The pipeline before this one, if it failed, and the names of its failed jobs.
    pub(crate) previous_pipeline_id: Option<i64>,
    pub(crate) previous_failed_jobs: Option<Vec<String>>,
    /// The first of the pipelines that failed in a row.
    pub(crate) first_failure: Option<FirstFailure>,
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

/// A pipeline that failed, and its commit. A missing text is empty.
#[derive(Debug)]
pub(crate) struct FirstFailure {
    pub(crate) pipeline_id: i64,
    /// The time of the pipeline's creation, as GitLab writes it.
    pub(crate) created_at: String,
    pub(crate) sha: String,
    pub(crate) title: String,
    pub(crate) author: String,
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
    pub(crate) fn read(mut fields: Fields) -> Self {
        Self {
            deploy_started_at: fields.optional_integer("deploy_started_at"),
            environment_url: fields.optional_string("environment_url"),
            previous_status: fields.optional_string("previous_status"),
            failures_in_a_row: fields.optional_integer("failures_in_a_row"),
            failures_at_least: fields.optional_integer("failures_at_least"),
            previous_pipeline_id: fields.optional_integer("previous_pipeline_id"),
            previous_failed_jobs: fields.strings("previous_failed_jobs"),
            first_failure: fields.optional_object("first_failure").and_then(FirstFailure::read),
            attempt: fields.optional_integer("attempt"),
            last_deployment: fields.optional_object("last_deployment").map(|mut last| LastDeployment {
                sha: last.optional_string("sha"),
                pipeline_id: last.optional_integer("pipeline_id"),
            }),
            changes: fields.optional_object("changes").map(Changes::read),
            reported: fields.integers("reported"),
            earlier_message: fields.optional_object("earlier_message").map(EarlierMessage::read),
        }
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

    /// Returns whether a job failed in the previous pipeline too. `None` means unknown, or that the pipeline did not fail.
    pub(crate) fn failed_before(&self, job: &str) -> Option<bool> {
        self.previous_failed_jobs.as_ref().map(|names| names.iter().any(|it| it == job))
    }

    /// Returns the message about the failure that is over.
    pub(crate) fn failure(&self) -> Option<&EarlierMessage> {
        self.earlier_message.as_ref().filter(|earlier| earlier.is_failure())
    }
}

impl FirstFailure {
    /// `None` if the pipeline has no ID.
    fn read(mut fields: Fields) -> Option<Self> {
        Some(Self {
            pipeline_id: fields.optional_integer("pipeline_id")?,
            created_at: fields.text("created_at"),
            sha: fields.text("sha"),
            title: fields.text("title"),
            author: fields.text("author"),
        })
    }
}

impl EarlierMessage {
    fn read(mut fields: Fields) -> Self {
        Self {
            verdict: fields.text("verdict"),
            status: fields.text("status"),
            environment: fields.optional_string("environment"),
            mentions: fields.strings("mentions").unwrap_or_default(),
            failures_in_a_row: fields.optional_integer("failures_in_a_row"),
        }
    }

    fn is_failure(&self) -> bool {
        self.verdict == "failed"
    }
}

impl Changes {
    fn read(mut fields: Fields) -> Self {
        let commit = |mut commit: Fields| (commit.text("title"), commit.text("author"));
        let commits: Vec<_> = fields.objects("commits").unwrap_or_default().into_iter().map(commit).collect();
        let count = fields.optional_integer("count").and_then(|count| usize::try_from(count).ok());
        Self {
            count: count.unwrap_or(commits.len()),
            commits,
            merge_requests: fields.integers("merge_requests").unwrap_or_default(),
        }
    }
}
