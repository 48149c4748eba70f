//! What stands for `foreign.rs` in the slim build, which has no compiler.

use super::pin::Pin;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::sandbox::Guest;
use crate::variables::Variables;

/// Why a module from outside cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("this is the slim notifier, which runs its own module alone; the full one runs others")]
pub(crate) struct ForeignError;

impl ForeignError {
    /// The kind of fault, as one word.
    #[allow(clippy::unused_self, reason = "as the other build's")]
    pub(crate) fn word(&self) -> &'static str {
        "slim"
    }
}

/// No module.
pub(super) fn guest(_: &Pin, _: &Client, _: &Variables, _: Deadline) -> Result<Guest, ForeignError> {
    Err(ForeignError)
}
