//! The job: its event, its settings, its checkout, its job state, and the context made of all that.

pub(crate) mod checkout;
pub(crate) mod context;
pub mod event;
pub(crate) mod git_ref;
pub(crate) mod history;
pub mod input;
pub(crate) mod job_state;
pub mod key;
mod refusal;
pub mod setting;
pub mod settings;
pub(crate) mod settings_file;
pub(crate) mod unknown;
pub(crate) mod why;
