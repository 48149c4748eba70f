//! Slack: where messages go, by which way, and what became of them. The only wing that sends requests to Slack.

pub(crate) mod api;
pub(crate) mod bot;
pub(crate) mod destination;
pub(crate) mod metadata;
pub(crate) mod people;
pub(crate) mod thread;
mod tries;
pub(crate) mod undelivered;
pub(crate) mod webhook;
pub(crate) mod webhook_url;
