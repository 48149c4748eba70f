//! Slack: the destination, the way and the outcome of messages. The only wing that sends requests to Slack.

pub(crate) mod api;
pub(crate) mod bot;
pub(crate) mod channel;
pub(crate) mod destination;
pub(crate) mod metadata;
pub(crate) mod people;
pub(crate) mod refusals;
pub(crate) mod thread;
mod tries;
pub(crate) mod undelivered;
pub(crate) mod webhook;
pub(crate) mod webhook_url;
