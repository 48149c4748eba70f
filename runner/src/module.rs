//! The module that renders a context into a message: its choice, its source and its output.

pub(crate) mod foreign;
pub(crate) mod message;
pub mod pin;
pub(crate) mod render;
pub(crate) mod route;
pub(crate) mod skip;

/// The build, `full` or `slim`. Jobs download the slim one, which has no compiler.
pub(crate) const BUILD: &str = if cfg!(feature = "full") { "full" } else { "slim" };
