//! The module that renders a context into a message: which one, from where, and what it returns.

pub(crate) mod download;
pub(crate) mod message;
pub mod pin;
pub(crate) mod render;
