//! The host of pipeline-notifier: takes a CI job's environment, asks the sandboxed module for the message, and
//! delivers it.
//!
//! `commands` has a file for each command. `steps` has one for each step of a message: read the job, ask GitLab, route, ask Slack,
//! render, deliver, record.
//!
//! The host does *not* know Slack's blocks. Its contract with the module is JSON (`docs/` and the module's crate),
//! so that either side can be replaced without the other.

pub mod cli;
mod commands;
mod error;
mod explain;
mod files;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod gitlab;
pub mod job;
mod job_log;
pub mod module;
mod net;
mod report;
pub mod sandbox;
mod slack;
mod steps;
pub mod variables;

pub use commands::{refuse, run};
pub use error::Error;
