//! One living message per pipeline: the first event posts it, later ones update it and reply in its thread.
//!
//! An earlier job's record locates it. Otherwise its metadata does, if the bot may read the channel's history. Otherwise the event posts
//! a new message, which becomes the pipeline's. So the next message makes up for a start that was not posted.

use serde_json::{Map, Value, json};

use super::channel::{Bot, Found, Unseen};
use super::metadata::{Sender, Shown};
use super::refusals::{LeftOut, is_gone, persist};
use super::thread::Thread;
use super::undelivered::Undelivered;
use crate::explain::Explain;
use crate::module::message::{Body, Message};
use crate::report::Sink;

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
    /// An update, unless the message shows a failure, or what it shows is unknown.
    UnlessAnyFailed,
    /// An update, unless the message shows another job's failure.
    UnlessFailed,
    /// An update: the pipeline is over.
    Always,
}

impl Bot<'_> {
    /// Publishes an event: updates the pipeline's message and replies in its thread, or posts the message. A failure or a wait also
    /// appears in the channel. Problems that did not stop it become warnings.
    pub(crate) fn publish(
        &self,
        sender: &Sender,
        posting: &Posting,
        found: Option<&Found>,
        warnings: &dyn Sink,
    ) -> Result<(Thread, Vec<LeftOut>), Undelivered> {
        let (body, failure) = (posting.message.body(), posting.message.failure);
        let broadcast = failure || posting.message.waiting;
        let metadata = posting.shown.encode(sender);
        let post = || self.post(&body, Some(&metadata));
        let Some(Found { thread, shown }) = found else { return post() };
        let mut left_out = match self.reply(thread, &body, broadcast, metadata.clone()) {
            // Somebody deleted the message.
            Err(gone) if is_gone(&gone) => return post(),
            other => other?,
        };
        let changes = match (posting.updates, shown) {
            (Updates::Never, _) | (Updates::UnlessAnyFailed, Err(_)) => false,
            (Updates::UnlessAnyFailed, Ok(shown)) => shown.verdict != "failed" && shown.failed_job.is_empty(),
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
            match self.update(sender, posting, thread, &mut left_out) {
                // Somebody deleted it, and Slack shows the reply at the channel's root. The thread continues at a new message.
                Err(gone) if is_gone(&gone) => return post(),
                Err(undelivered) => warnings.warning(&format!(
                    "{}; the event is posted, and the pipeline's message is not updated",
                    undelivered.describe()
                )),
                Ok(()) => {}
            }
        }
        Ok((thread.clone(), left_out))
    }

    /// Updates the pipeline's message, which notifies nobody. Adds the parts that Slack refused to `left_out`.
    pub(crate) fn update(
        &self,
        sender: &Sender,
        posting: &Posting,
        thread: &Thread,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<(), Undelivered> {
        let body = posting.message.body();
        let mut update = body.arguments();
        update.insert("channel".into(), thread.channel.clone().into());
        update.insert("ts".into(), thread.ts.clone().into());
        update.insert("metadata".into(), posting.shown.encode(sender));
        let send = |update: &Map<String, Value>| self.write("chat.update", &complete(update.clone()));
        persist(update, &body, left_out, send).map(drop)
    }

    /// Posts a new message.
    pub(crate) fn post(&self, body: &Body, metadata: Option<&Value>) -> Result<(Thread, Vec<LeftOut>), Undelivered> {
        let mut message = body.arguments();
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
        let link = answer.get("permalink")?.as_str()?;
        self.api.may_link(link).then(|| link.to_owned())
    }

    /// Replies without the small print, which is in the pipeline's message. The reply carries its own metadata, because two jobs at once
    /// overwrite each other in the pipeline's message.
    fn reply(
        &self,
        thread: &Thread,
        body: &Body,
        broadcast: bool,
        metadata: Value,
    ) -> Result<Vec<LeftOut>, Undelivered> {
        let mut message = body.without_small_print().arguments();
        message.insert("channel".into(), thread.channel.clone().into());
        message.insert("thread_ts".into(), thread.ts.clone().into());
        message.insert("metadata".into(), metadata);
        if broadcast {
            message.insert("reply_broadcast".into(), true.into());
        }
        Ok(self.post_message(message, body)?.1)
    }

    /// Replies with a text that belongs to the message, and is found by no later job.
    pub(crate) fn reply_only(&self, thread: &Thread, body: &Body) -> Result<(), Undelivered> {
        let mut message = body.arguments();
        message.insert("channel".into(), thread.channel.clone().into());
        message.insert("thread_ts".into(), thread.ts.clone().into());
        self.post_message(message, body).map(drop)
    }

    fn post_message(&self, message: Map<String, Value>, body: &Body) -> Result<(Thread, Vec<LeftOut>), Undelivered> {
        let mut left_out = Vec::new();
        let answer = persist(message, body, &mut left_out, |message| self.write("chat.postMessage", message))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((Thread { channel: text("channel"), ts: text("ts") }, left_out))
    }

    fn write(&self, method: &'static str, arguments: &Map<String, Value>) -> Result<Map<String, Value>, Undelivered> {
        self.api.post(self.client, method, &json!(arguments), self.deadline)
    }
}

/// Adds the lists that an update lacks: Slack leaves missing ones unchanged
/// (<https://docs.slack.dev/reference/methods/chat.update/>).
fn complete(mut update: Map<String, Value>) -> Map<String, Value> {
    for list in ["blocks", "attachments"] {
        update.entry(list).or_insert_with(|| json!([]));
    }
    update
}
