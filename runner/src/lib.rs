//! The host of pipeline-notifier: takes a CI job's environment, asks the sandboxed module for the message, and
//! delivers it.
//!
//! The way of a notification: [`cli`] names the event, [`job`] says what the job knows and makes the context of it, [`module`]
//! has it rendered in the [`sandbox`], `slack` delivers it by way of `net`, `report` writes the log. `commands` has a file for each command.
//!
//! What is *not* here: what a Slack block is. The contract with the module is JSON (`docs/` and the module's crate),
//! so that either side can be replaced without the other.

pub mod cli;
mod commands;
mod error;
mod files;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod gitlab;
pub mod job;
pub mod module;
mod net;
mod report;
pub mod sandbox;
mod slack;
pub mod variables;

pub use commands::{refuse, run};
pub use error::Error;
