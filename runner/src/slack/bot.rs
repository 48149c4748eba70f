//! One living message per pipeline: the first event posts it, later ones update it and reply in its thread.
//!
//! An earlier job's record locates it. Otherwise its metadata does, if the bot may read the channel's history. Otherwise the event posts
//! a new message, which becomes the pipeline's. So the next message makes up for a start that was not posted.

use serde_json::{Map, Value, json};

use super::api::Api;
use super::metadata::{Sender, Shown};
use super::thread::{Thread, is_channel_id, is_ts};
use super::undelivered::{Delivered, Undelivered};
use crate::explain::Explain;
use crate::module::message::{Body, Message};
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::report::Sink;

/// The number of history pages to read, and of messages per page.
const PAGES: usize = 3;
const PAGE: &str = "100";

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

/// A message to post, and how.
pub(crate) struct Posting<'a> {
    pub(crate) message: &'a Message,
    /// Decides if this message replaces the pipeline's. Otherwise it goes only into the thread.
    pub(crate) updates: Updates,
    /// The content that its metadata records.
    pub(crate) shown: Shown,
}

/// The change to the pipeline's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Updates {
    /// None: a late start never overwrites a newer status.
    Never,
    /// An update, unless the message shows another job's failure.
    UnlessFailed,
    /// An update: the pipeline is over.
    Always,
}

/// A bot in a channel.
pub(crate) struct Bot<'a> {
    pub(crate) api: &'a Api,
    pub(crate) client: &'a Client,
    /// The name or ID, as in the settings.
    pub(crate) channel: &'a str,
    pub(crate) deadline: Deadline,
}

impl Bot<'_> {
    /// Publishes an event: updates the pipeline's message and replies in its thread, or posts the message. A failure also appears in the
    /// channel. Problems that did not stop it become warnings.
    pub(crate) fn publish(
        &self,
        sender: &Sender,
        posting: &Posting,
        found: Option<&Found>,
        warnings: &dyn Sink,
    ) -> Result<(Thread, Delivered), Undelivered> {
        let (body, failure) = (posting.message.body(), posting.message.failure);
        let metadata = posting.shown.encode(sender);
        let post = || self.post(&body, Some(&metadata));
        let Some(Found { thread, shown }) = found else { return post() };
        let delivered = match self.reply(thread, &body, failure, metadata.clone()) {
            // Somebody deleted the message.
            Err(gone) if gone.is_word(&["thread_not_found", "message_not_found", "cannot_reply_to_message"]) => {
                return post();
            }
            other => other?,
        };
        let changes = match (posting.updates, shown) {
            (Updates::Never, _) => false,
            (Updates::Always, _) | (_, Err(Unseen::NotAllowed)) => true,
            (Updates::UnlessFailed, _) if failure => true,
            (Updates::UnlessFailed, Err(Unseen::NoAnswer)) => false,
            // Another job's failure stays visible until a retry of that job clears it.
            (Updates::UnlessFailed, Ok(shown)) => {
                let failed = match posting.message.verdict.as_str() {
                    "" => shown.failed_job.clone(),
                    _ => self.failed_in(sender, thread).unwrap_or_else(|| shown.failed_job.clone()),
                };
                failed.is_empty() || failed == sender.job
            }
        };
        if changes {
            match self.update(sender, posting, thread) {
                // Somebody deleted it, and Slack shows the reply at the channel's root. The thread continues at a new message.
                Err(gone) if gone.is_word(&["message_not_found"]) => return post(),
                Err(undelivered) => warnings.warning(&format!(
                    "{}; the event is posted in the thread, and the pipeline's message is not updated",
                    undelivered.describe()
                )),
                Ok(()) => {}
            }
        }
        Ok((thread.clone(), delivered))
    }

    /// Updates the pipeline's message, which notifies nobody.
    pub(crate) fn update(&self, sender: &Sender, posting: &Posting, thread: &Thread) -> Result<(), Undelivered> {
        let mut update = whole(&posting.message.body());
        update.insert("channel".into(), thread.channel.clone().into());
        update.insert("ts".into(), thread.ts.clone().into());
        update.insert("metadata".into(), posting.shown.encode(sender));
        self.write("chat.update", update).map(drop)
    }

    /// Posts a new message.
    pub(crate) fn post(&self, body: &Body, metadata: Option<&Value>) -> Result<(Thread, Delivered), Undelivered> {
        let mut message = whole(body);
        message.insert("channel".into(), self.channel.into());
        if let Some(metadata) = metadata {
            message.insert("metadata".into(), metadata.clone());
        }
        self.post_message(message, body)
    }

    /// Returns a message's link for people (<https://docs.slack.dev/reference/methods/chat.getPermalink/>).
    pub(crate) fn permalink(&self, thread: &Thread) -> Option<String> {
        let arguments = [("channel", thread.channel.as_str()), ("message_ts", thread.ts.as_str())];
        let deadline = self.deadline.at_most(self.deadline.remaining() / 2);
        let answer = self.api.get(self.client, "chat.getPermalink", &arguments, deadline).ok()?;
        Some(answer.get("permalink")?.as_str()?.to_owned())
    }

    /// Replies without the small print, which is in the pipeline's message. The reply carries its own metadata, because two jobs at once
    /// overwrite each other in the pipeline's message.
    fn reply(&self, thread: &Thread, body: &Body, failure: bool, metadata: Value) -> Result<Delivered, Undelivered> {
        let mut message = body.without_small_print().json().as_object().cloned().unwrap_or_default();
        message.insert("channel".into(), thread.channel.clone().into());
        message.insert("thread_ts".into(), thread.ts.clone().into());
        message.insert("metadata".into(), metadata);
        if failure {
            message.insert("reply_broadcast".into(), true.into());
        }
        Ok(self.post_message(message, body)?.1)
    }

    fn post_message(&self, message: Map<String, Value>, body: &Body) -> Result<(Thread, Delivered), Undelivered> {
        let (answer, delivered) = match self.write("chat.postMessage", message.clone()) {
            Err(refused) if refused.is_about_the_body() => {
                let mut plain = message;
                plain.retain(|key, _| ["channel", "thread_ts", "reply_broadcast", "metadata"].contains(&key.as_str()));
                plain.insert("text".into(), body.text().into());
                (self.write("chat.postMessage", plain)?, Delivered::TextOnly { refused: refused.reason() })
            }
            other => (other?, Delivered::Whole),
        };
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((Thread { channel: text("channel"), ts: text("ts") }, delivered))
    }

    fn write(&self, method: &'static str, arguments: Map<String, Value>) -> Result<Map<String, Value>, Undelivered> {
        self.api.post(self.client, method, &Value::Object(arguments), self.deadline)
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
                Ok(Shown::of_pipeline(message, sender)?)
            }
            Err(refused) if refused.is_word(&["missing_scope", "not_in_channel", "channel_not_found"]) => {
                Err(Unseen::NotAllowed)
            }
            Err(_) => Err(Unseen::NoAnswer),
        };
        Some(Found { thread: thread.clone(), shown })
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
                    && let Some(shown) = Shown::of_pipeline(message, sender)
                    && let Some(ts) = message["ts"].as_str().filter(|ts| is_ts(ts))
                {
                    let thread = Thread { channel: self.channel.to_owned(), ts: ts.to_owned() };
                    past.found = Some(Found { thread, shown: Ok(shown) });
                }
                if let Some(earlier) = Shown::of_earlier(message, sender).filter(|_| wants_earlier)
                    && past.earlier.as_ref().is_none_or(|(pipeline, _)| *pipeline < earlier.0)
                {
                    past.earlier = Some(earlier);
                }
            }
            let next = page.get("response_metadata").and_then(|it| it.get("next_cursor")).and_then(Value::as_str);
            next.unwrap_or_default().clone_into(&mut cursor);
            if cursor.is_empty() || past.found.is_some() && (past.earlier.is_some() || !wants_earlier) {
                break;
            }
        }
        past.is_read = true;
        Ok(past)
    }

    /// Returns another failed job, by each job's latest reply in a thread; empty if there is none.
    fn failed_in(&self, sender: &Sender, thread: &Thread) -> Option<String> {
        let mut failed: Vec<String> = Vec::new();
        for reply in self.replies(sender, thread)? {
            failed.retain(|job| *job != reply.job);
            if !reply.failed_job.is_empty() {
                failed.push(reply.failed_job);
            }
        }
        Some(failed.into_iter().find(|job| *job != sender.job).unwrap_or_default())
    }

    /// Returns the contents of a thread's replies, in order.
    pub(crate) fn replies(&self, sender: &Sender, thread: &Thread) -> Option<Vec<Shown>> {
        let arguments = [("channel", &*thread.channel), ("ts", &*thread.ts), ("limit", PAGE)];
        let page = self.get("conversations.replies", &arguments).ok()?;
        let replies = messages(&page).iter().filter(|it| it["ts"] != thread.ts.as_str());
        Some(replies.filter_map(|it| Shown::of_pipeline(it, sender)).collect())
    }

    /// Gets a page of messages with their metadata. Half of the time is left for the message itself, which matters more.
    fn get(&self, method: &'static str, arguments: &[(&str, &str)]) -> Result<Map<String, Value>, Undelivered> {
        let arguments = [arguments, &[("include_all_metadata", "true")]].concat();
        let deadline = self.deadline.at_most(self.deadline.remaining() / 2);
        self.api.get(self.client, method, &arguments, deadline)
    }
}

fn messages(page: &Map<String, Value>) -> &[Value] {
    page.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Returns a body with everything that an update must name: Slack leaves missing fields unchanged.
fn whole(body: &Body) -> Map<String, Value> {
    let mut message = body.json().as_object().cloned().unwrap_or_default();
    for list in ["blocks", "attachments"] {
        message.entry(list).or_insert_with(|| json!([]));
    }
    message
}
