//! Why a pipeline failed: its stages, its tests, and the ends of its failed jobs' logs.

use serde::Serialize;

use crate::gitlab::stages::Stage;
use crate::gitlab::test_reports::Tests;

/// The context's part about it. Unknown parts are missing.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Why {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stages: Vec<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tests: Option<Tests>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) logs: Vec<FailedLog>,
}

/// The end of a failed job's log.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FailedLog {
    pub(crate) job_id: i64,
    pub(crate) job: String,
    /// The script's last lines, the oldest first, without secrets.
    pub(crate) lines: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i64>,
    /// True if the log was too long to read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_too_long: bool,
}
