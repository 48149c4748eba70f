//! What GitLab's API says of the pipeline of a job, of its ref and of its environment.
//!
//! Nothing of it is needed to deliver a message: what is not known is left out, and never taken for "none".

pub(crate) mod api;
pub(crate) mod changes;
pub(crate) mod deployments;
pub(crate) mod jobs;
pub(crate) mod pipelines;
