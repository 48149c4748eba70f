//! The module that renders a context into a message: which one, from where, and what it returns.

pub(crate) mod foreign;
pub(crate) mod message;
pub mod pin;
pub(crate) mod render;
pub(crate) mod route;
pub(crate) mod skip;

/// Which of the two builds this is: the slim one, for jobs to download, has no compiler.
pub(crate) const BUILD: &str = if cfg!(feature = "full") { "full" } else { "slim" };
