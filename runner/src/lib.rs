//! The host of pipeline-notifier: takes a CI job's environment, asks the sandboxed module for the message, and
//! delivers it.
//!
//! The way of a notification: `cli` names the event, [`variables`] and [`settings`] say what the job knows,
//! `ci` and `gitlab` make the context of it, [`module`] has it rendered in the [`sandbox`], `slack` delivers,
//! `report` tells people.
//!
//! What is *not* here: what a Slack block is. The contract with the module is JSON (`docs/` and the module's crate),
//! so that either side can be replaced without the other.

mod address;
mod ci;
pub mod cli;
mod commands;
mod deadline;
mod destination;
mod download;
mod error;
mod files;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod gitlab;
mod history;
mod http;
mod inbox;
mod kept;
mod message;
pub mod module;
mod people;
mod project;
mod report;
pub mod sandbox;
mod secret;
pub mod settings;
mod settings_file;
mod slack;
pub mod variables;
mod watchdog;
mod webhook;

pub use commands::{refuse, run};
pub use error::Error;
