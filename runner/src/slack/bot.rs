//! One living message per pipeline: the first event posts it, later ones update it and reply in its thread.
//!
//! It is found again through the metadata that it carries (<https://docs.slack.dev/messaging/message-metadata/>), where the bot may
//! read the channel's history; else the event posts a message of its own, which is the pipeline's from then on. So a start that
//! could not be told is made up for by the next message.

use serde_json::{Map, Value, json};

use super::api::Api;
use super::undelivered::{Delivered, Undelivered};
use crate::module::message::Body;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::report::Sink;
use crate::variables::Variables;

/// The type of our metadata.
const EVENT_TYPE: &str = "pipeline_notifier";

/// How many pages of a channel's history are looked through, and the messages of each.
const PAGES: usize = 3;
const PAGE: &str = "100";

/// Whose message it is: a pipeline, and the job that speaks.
#[derive(Debug)]
pub(crate) struct Speaker {
    project: String,
    pipeline: String,
    job: String,
}

impl Speaker {
    /// Who speaks in a job; `None` outside of one.
    pub(crate) fn of(variables: &Variables) -> Option<Self> {
        let number = |name| variables.get(name).filter(|id| id.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned);
        Some(Self {
            project: number("CI_PROJECT_ID")?,
            pipeline: number("CI_PIPELINE_ID")?,
            job: variables.get("CI_JOB_NAME").unwrap_or_default().chars().take(255).collect(),
        })
    }
}

/// Where a pipeline's message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    /// The channel's ID.
    pub(crate) channel: String,
    /// The message's timestamp, which is its ID within the channel.
    pub(crate) ts: String,
}

/// A channel by its ID: C, G or D and letters and digits.
fn is_id(channel: &str) -> bool {
    channel.len() >= 9
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_ts(ts: &str) -> bool {
    ts.split_once('.').is_some_and(|(seconds, rest)| {
        [seconds, rest].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// A pipeline's message as it was found.
struct Found {
    thread: Thread,
    /// The job whose failure it shows, where that is known.
    failed_job: Option<String>,
}

/// A bot in a channel.
pub(crate) struct Bot<'a> {
    pub(crate) api: &'a Api,
    pub(crate) client: &'a Client,
    /// Name or ID, as the settings have it.
    pub(crate) channel: &'a str,
    pub(crate) deadline: Deadline,
}

impl Bot<'_> {
    /// Tells an event: updates the pipeline's message and replies in its thread, or posts it. A failure is shown in the
    /// channel too. Where it does not update, it only replies: a start that comes late turns nothing back. What went wrong on
    /// the way and was got over is in the warnings.
    pub(crate) fn tell(
        &self,
        speaker: Option<&Speaker>,
        body: &Body,
        failure: bool,
        updates: bool,
        warnings: &dyn Sink,
    ) -> Result<(Thread, Delivered), Undelivered> {
        let Some(speaker) = speaker else { return self.post(body, None) };
        let Some(Found { thread, failed_job }) = self.find(speaker, warnings) else {
            return self.post(body, Some(&metadata(speaker, failure)));
        };
        let delivered = match self.reply(&thread, body, failure) {
            // Somebody deleted it.
            Err(gone) if gone.is_word(&["thread_not_found", "message_not_found", "cannot_reply_to_message"]) => {
                return self.post(body, Some(&metadata(speaker, failure)));
            }
            other => other?,
        };
        // What another job's failure says stays to be seen; that job itself, run again, may take it back.
        if updates && (failure || failed_job.is_none_or(|job| job == speaker.job)) {
            let mut update = whole(body);
            update.insert("channel".into(), thread.channel.clone().into());
            update.insert("ts".into(), thread.ts.clone().into());
            update.insert("metadata".into(), metadata(speaker, failure));
            match self.write("chat.update", update) {
                // Somebody deleted it, and Slack shows the reply at the channel's root: the thread goes on at a new message.
                Err(gone) if gone.is_word(&["message_not_found"]) => {
                    return self.post(body, Some(&metadata(speaker, failure)));
                }
                Err(undelivered) => warnings.warning(&format!(
                    "{undelivered}; the event is told in the thread, the pipeline's message stays as it was"
                )),
                Ok(_) => {}
            }
        }
        Ok((thread, delivered))
    }

    /// Posts a message that nothing updates.
    pub(crate) fn post(&self, body: &Body, metadata: Option<&Value>) -> Result<(Thread, Delivered), Undelivered> {
        let mut message = whole(body);
        message.insert("channel".into(), self.channel.into());
        if let Some(metadata) = metadata {
            message.insert("metadata".into(), metadata.clone());
        }
        self.post_message(message, body)
    }

    /// The address of a message, for people (<https://docs.slack.dev/reference/methods/chat.getPermalink/>).
    pub(crate) fn permalink(&self, thread: &Thread) -> Option<String> {
        let arguments = [("channel", thread.channel.as_str()), ("message_ts", thread.ts.as_str())];
        let answer = self.api.get(self.client, "chat.getPermalink", &arguments, self.deadline).ok()?;
        Some(answer.get("permalink")?.as_str()?.to_owned())
    }

    /// A reply says the same without the small print, which is in the pipeline's message.
    fn reply(&self, thread: &Thread, body: &Body, failure: bool) -> Result<Delivered, Undelivered> {
        let mut message = body.without_small_print().json().as_object().cloned().unwrap_or_default();
        message.insert("channel".into(), thread.channel.clone().into());
        message.insert("thread_ts".into(), thread.ts.clone().into());
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

    /// Looks for the pipeline's message in the channel's history, newest first.
    fn find(&self, speaker: &Speaker, warnings: &dyn Sink) -> Option<Found> {
        if !is_id(self.channel) {
            return None;
        }
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let arguments =
                [("channel", self.channel), ("limit", PAGE), ("include_all_metadata", "true"), ("cursor", &cursor)];
            let page = match self.api.get(self.client, "conversations.history", &arguments, self.deadline) {
                Ok(page) => page,
                Err(unreadable) => {
                    warnings
                        .warning(&format!("looking for the pipeline's message: {unreadable}; a new message is posted"));
                    return None;
                }
            };
            let messages = page.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if let Some(message) = messages.iter().find(|message| is_of(message, speaker)) {
                let ts = message["ts"].as_str().filter(|ts| is_ts(ts))?.to_owned();
                let thread = Thread { channel: self.channel.to_owned(), ts };
                return Some(Found { thread, failed_job: failed_job(message) });
            }
            page.get("response_metadata")?.get("next_cursor")?.as_str()?.clone_into(&mut cursor);
            if cursor.is_empty() {
                return None;
            }
        }
        None
    }
}

/// A body with everything that an update must name: Slack leaves as it was what is not there.
fn whole(body: &Body) -> Map<String, Value> {
    let mut message = body.json().as_object().cloned().unwrap_or_default();
    for list in ["blocks", "attachments"] {
        message.entry(list).or_insert_with(|| json!([]));
    }
    message
}

fn metadata(speaker: &Speaker, failure: bool) -> Value {
    let Speaker { project, pipeline, job, .. } = speaker;
    let failed_job = if failure { job.as_str() } else { "" };
    json!({"event_type": EVENT_TYPE, "event_payload": {"project": project, "pipeline": pipeline, "failed_job": failed_job}})
}

fn is_of(message: &Value, speaker: &Speaker) -> bool {
    let Value::Object(payload) = &message["metadata"]["event_payload"] else { return false };
    message["metadata"]["event_type"] == EVENT_TYPE
        && payload.get("project").is_some_and(|it| *it == speaker.project.as_str())
        && payload.get("pipeline").is_some_and(|it| *it == speaker.pipeline.as_str())
}

fn failed_job(message: &Value) -> Option<String> {
    message["metadata"]["event_payload"]["failed_job"].as_str().filter(|job| !job.is_empty()).map(str::to_owned)
}
