//! GitLab's API: the pipeline of a job, its ref and its environment.
//!
//! No message needs any of it. Missing GitLab data means unknown, not empty.

pub(crate) mod api;
pub(crate) mod attempts;
pub(crate) mod changes;
pub(crate) mod deployments;
pub(crate) mod digest;
pub(crate) mod earlier_failures;
pub(crate) mod jobs;
pub(crate) mod pipelines;
pub(crate) mod stages;
pub(crate) mod test_reports;
mod text;
pub(crate) mod time;
pub(crate) mod tokens;
pub(crate) mod trace;
pub(crate) mod unknown;
