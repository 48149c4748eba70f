//! The route of a message: what the host must know before it asks Slack.

use serde::Deserialize;

use super::skip::Skip;
use crate::job::context::CONTEXT_VERSION;

/// What a module answers where the context's `request` is `route`. A module that knows no routes answers with a whole message, which
/// has the same fields, but for `lookup`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Route {
    version: u64,
    /// The environment that the message is about, by which its channel is chosen.
    #[serde(default)]
    pub(crate) environment: Option<String>,
    /// Why it is not to be sent, whatever Slack says.
    #[serde(default)]
    pub(crate) skip: Option<Skip>,
    /// The e-mail addresses of those whom it might mention and whose Slack IDs it does not know; `None` where it does not say.
    #[serde(default)]
    pub(crate) lookup: Option<Vec<String>>,
}

impl Route {
    pub(crate) fn decode(output: &[u8]) -> Option<Self> {
        serde_json::from_slice(output).ok().filter(|route: &Self| route.version == CONTEXT_VERSION)
    }

    /// The same of a module of a team's own, whose reasons not to send are its own.
    pub(crate) fn decode_foreign(output: &[u8]) -> Option<Self> {
        let mut route = Self::decode(output)?;
        route.skip = route.skip.map(Skip::foreign);
        Some(route)
    }
}
