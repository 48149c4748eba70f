//! The data between the host and the module: the context and its vocabulary (`schemas/`).

pub(crate) mod action;
pub(crate) mod context;
pub(crate) mod digest;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod setting;
pub(crate) mod state;
pub(crate) mod wait;
pub(crate) mod warning;
pub(crate) mod why;
