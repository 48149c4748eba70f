//! The route of a message: the facts that the host needs before its requests to Slack.

use serde::Deserialize;

use super::skip::Skip;
use crate::job::context::CONTEXT_VERSION;

/// A module's answer to the `request` `route` of a context. A module without routes answers with a whole message, which has the same
/// fields except `lookup`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Route {
    version: u64,
    /// The environment of the message, by which its channel is chosen.
    #[serde(default)]
    pub(crate) environment: Option<String>,
    /// The reason not to send it, whatever Slack answers.
    #[serde(default)]
    pub(crate) skip: Option<Skip>,
    /// The e-mail addresses of people whom it might mention and whose Slack IDs it lacks. Nobody else is looked up.
    #[serde(default)]
    pub(crate) lookup: Vec<String>,
}

impl Route {
    pub(crate) fn decode(output: &[u8]) -> Option<Self> {
        serde_json::from_slice(output).ok().filter(|route: &Self| route.version == CONTEXT_VERSION)
    }

    /// Decodes the output of a team's own module, whose reasons not to send are its own.
    pub(crate) fn decode_foreign(output: &[u8]) -> Option<Self> {
        let mut route = Self::decode(output)?;
        route.skip = route.skip.map(Skip::foreign);
        Some(route)
    }
}
