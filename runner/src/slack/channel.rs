//! A channel as a bot reads it: the pipeline's message, the one of the pipeline before, and the replies.

use serde_json::{Map, Value};

use super::api::Api;
use super::metadata::{Sender, Shown};
use super::thread::{Thread, is_channel_id, is_ts};
use super::undelivered::Undelivered;
use crate::explain::Explain;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::report::Sink;

/// The number of history pages to read, and of messages per page.
const PAGES: usize = 3;
const PAGE: &str = "100";
/// The size of a page of replies, the most that Slack gives.
const LONG_PAGE: &str = "1000";

/// A pipeline's message that was found in Slack.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) thread: Thread,
    pub(crate) shown: Result<Shown, Unseen>,
}

/// The reason a message's content is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// The bot may not read the channel.
    NotAllowed,
    /// Slack did not answer this time.
    NoAnswer,
}

/// The findings about a pipeline in a channel's history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    pub(crate) found: Option<Found>,
    /// The last earlier pipeline of the same ref that ended, and the content of its message.
    pub(crate) earlier: Option<(i64, Shown)>,
    /// True if the history was read. Only then, nothing found means that there is no message.
    pub(crate) is_read: bool,
}

/// A bot in a channel.
pub(crate) struct Bot<'a> {
    pub(crate) api: &'a Api,
    pub(crate) client: &'a Client,
    /// The name or ID, as in the settings.
    pub(crate) channel: &'a str,
    pub(crate) deadline: Deadline,
    /// The deadline of everything that is read. Half of the time is left for the message itself, which matters more.
    lookups: Deadline,
}

impl<'a> Bot<'a> {
    pub(crate) fn new(api: &'a Api, client: &'a Client, channel: &'a str, deadline: Deadline) -> Self {
        Self { api, client, channel, deadline, lookups: deadline.at_most(deadline.remaining() / 2) }
    }

    /// Looks for the pipeline's message at the recorded location, else in the channel's history.
    pub(crate) fn look(&self, sender: &Sender, known: Option<&Thread>, warnings: &dyn Sink) -> Past {
        let known = known.and_then(|thread| self.found_at(sender, thread));
        if known.is_some() {
            return Past { found: known, ..Past::default() };
        }
        self.look_through(sender, false).unwrap_or_else(|unreadable| {
            warnings.warning(&format!(
                "the pipeline's message was not found: {}; a new message is posted",
                unreadable.describe()
            ));
            Past::default()
        })
    }

    /// Returns the pipeline's message at the recorded location, unless it is gone or belongs to another pipeline.
    pub(crate) fn found_at(&self, sender: &Sender, thread: &Thread) -> Option<Found> {
        let at = [("channel", &*thread.channel), ("latest", &thread.ts), ("inclusive", "true"), ("limit", "1")];
        let shown = match self.get("conversations.history", &at) {
            Ok(page) => {
                let message = messages(&page).first().filter(|it| it["ts"] == thread.ts.as_str())?;
                // The record is sealed, so the message is the pipeline's even if Slack refused its metadata.
                self.shown(message, sender).ok_or(Unseen::NotAllowed)
            }
            Err(refused) if refused.is_word(&["missing_scope", "not_in_channel", "channel_not_found"]) => {
                Err(Unseen::NotAllowed)
            }
            Err(_) => Err(Unseen::NoAnswer),
        };
        Some(Found { thread: thread.clone(), shown })
    }

    /// Tries to read the channel's history, which needs the channel's ID.
    pub(crate) fn reads_history(&self) -> Result<(), Undelivered> {
        if !is_channel_id(self.channel) {
            return Ok(());
        }
        self.get("conversations.history", &[("channel", self.channel), ("limit", "1")]).map(drop)
    }

    /// Searches the channel's history, newest first; with `wants_earlier` also for the pipeline before this one.
    pub(crate) fn look_through(&self, sender: &Sender, wants_earlier: bool) -> Result<Past, Undelivered> {
        let mut past = Past::default();
        if !is_channel_id(self.channel) {
            return Ok(past);
        }
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let arguments = [("channel", self.channel), ("limit", PAGE), ("cursor", &cursor)];
            let page = self.get("conversations.history", &arguments)?;
            // A reply that also appears in the channel is not a pipeline's message.
            for message in messages(&page).iter().filter(|it| it["thread_ts"].is_null() || it["thread_ts"] == it["ts"])
            {
                if past.found.is_none()
                    && let Some(shown) = self.shown(message, sender)
                    && let Some(ts) = message["ts"].as_str().filter(|ts| is_ts(ts))
                {
                    let thread = Thread { channel: self.channel.to_owned(), ts: ts.to_owned() };
                    past.found = Some(Found { thread, shown: Ok(shown) });
                }
                if wants_earlier
                    && let Some(earlier) = Shown::of_earlier(message, sender).filter(|_| self.wrote(message))
                    && past.earlier.as_ref().is_none_or(|(pipeline, _)| *pipeline < earlier.0)
                {
                    past.earlier = Some(earlier);
                }
            }
            next_cursor(&page).clone_into(&mut cursor);
            if cursor.is_empty() || past.found.is_some() && (past.earlier.is_some() || !wants_earlier) {
                break;
            }
        }
        past.is_read = true;
        Ok(past)
    }

    /// Returns another failed job, by each job's latest reply in a thread; empty if there is none.
    pub(super) fn failed_in(&self, sender: &Sender, thread: &Thread) -> Option<String> {
        let mut failed: Vec<String> = Vec::new();
        for reply in self.replies(sender, thread)? {
            failed.retain(|job| *job != reply.job);
            if !reply.failed_job.is_empty() {
                failed.push(reply.failed_job);
            }
        }
        Some(failed.into_iter().find(|job| *job != sender.job).unwrap_or_default())
    }

    /// Returns what the replies of a thread show, in order: all of them, however long the thread is.
    pub(crate) fn replies(&self, sender: &Sender, thread: &Thread) -> Option<Vec<Shown>> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let arguments =
                [("channel", &*thread.channel), ("ts", &*thread.ts), ("limit", LONG_PAGE), ("cursor", &*cursor)];
            let page = self.get("conversations.replies", &arguments).ok()?;
            let replies = messages(&page).iter().filter(|it| it["ts"] != thread.ts.as_str());
            found.extend(replies.filter_map(|it| self.shown(it, sender)));
            let next = next_cursor(&page);
            if next.is_empty() || next == cursor {
                return Some(found);
            }
            next.clone_into(&mut cursor);
        }
    }

    /// Returns what a message of the sender's pipeline shows. Another app could post sealed metadata again that it read in the channel, so
    /// the author counts too.
    fn shown(&self, message: &Value, sender: &Sender) -> Option<Shown> {
        Shown::of_pipeline(message, sender).filter(|_| self.wrote(message))
    }

    fn wrote(&self, message: &Value) -> bool {
        self.api.wrote(self.client, message, self.lookups)
    }

    /// Gets a page of messages with their metadata.
    fn get(&self, method: &'static str, arguments: &[(&str, &str)]) -> Result<Map<String, Value>, Undelivered> {
        let arguments = [arguments, &[("include_all_metadata", "true")]].concat();
        self.api.get(self.client, method, &arguments, self.lookups)
    }
}

/// Returns the cursor of the next page; empty at the end.
fn next_cursor(page: &Map<String, Value>) -> &str {
    let next = page.get("response_metadata").and_then(|it| it.get("next_cursor"));
    next.and_then(Value::as_str).unwrap_or_default()
}

fn messages(page: &Map<String, Value>) -> &[Value] {
    page.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
