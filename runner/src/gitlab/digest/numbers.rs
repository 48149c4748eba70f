//! The numbers of a digest: what some days were like. Unknown parts are missing.

use serde::Serialize;

/// The context's `digest`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Digest {
    pub(crate) days: u32,
    /// The environments, the most deployed first, without review environments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environments: Option<Vec<Environment>>,
    /// The number of further environments.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) more_environments: usize,
    /// All review environments together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) review: Option<Deployments>,
    /// The default branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<Branch>,
    /// The jobs that failed in most pipelines of the default branch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failed_jobs: Vec<FailedJob>,
    /// The number of failed pipelines whose jobs were read for that.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) failed_pipelines_read: usize,
    /// Other projects, the worst first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) projects: Option<Vec<Project>>,
}

/// Numbers of these days, and of as many days before: `[12, 9]`. The second one is missing if it is unknown.
pub(crate) type Trend = Vec<i64>;

/// The deployments of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Deployments {
    /// Those that succeeded or failed.
    #[serde(rename = "deployments")]
    pub(crate) ended: Trend,
    pub(crate) failed: Trend,
    pub(crate) rollbacks: Trend,
    /// The number that was read, if there were more in these days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_last: Option<usize>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Environment {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) deployments: Deployments,
    /// The last successful deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Last>,
    /// The number of commits by which the default branch is ahead of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<i64>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Last {
    /// The time, in seconds since 1970.
    pub(crate) at: i64,
    /// The full SHA of its commit.
    pub(crate) sha: String,
}

/// The pipelines of a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Branch {
    pub(crate) name: String,
    /// Those that succeeded or failed.
    pub(crate) pipelines: Trend,
    pub(crate) failed: Trend,
    /// How long the last pipeline that ended was a failed one, in seconds.
    pub(crate) red: Trend,
    /// The longest such time of these days, in seconds.
    pub(crate) longest_red: i64,
    /// True if it is red now.
    pub(crate) is_red: bool,
    /// The number that was read, if there were more in these days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_last: Option<usize>,
}

/// A job, and in how many of the failed pipelines it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailedJob {
    pub(crate) name: String,
    pub(crate) count: usize,
}

/// Another project.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Project {
    /// Its path.
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deployments: Option<Deployments>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<Branch>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
