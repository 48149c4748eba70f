//! The message: a module's output, as far as the host needs it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::skip::Skip;
use crate::job::context::CONTEXT_VERSION;
use crate::net::address;
use crate::report::Warning;

/// The body keys that a module may set. The destination and the sender's name are not the module's to set.
const BODY_KEYS: [&str; 6] = ["text", "blocks", "attachments", "unfurl_links", "unfurl_media", "mrkdwn"];

/// The most links on a job's page in GitLab.
const MAX_LINKS: usize = 20;

/// The length limit of `text`, in characters: Slack cuts or splits a longer one.
const MAX_TEXT: usize = 4000;

/// A module's answer, version 1.
#[derive(Debug, Default, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub(crate) struct Message {
    version: u64,
    message: Map<String, Value>,
    /// The first link and the mentions as text, for a refusal that leaves the blocks out.
    #[serde(default)]
    link_text: String,
    #[serde(default)]
    mention_text: String,
    /// The position of the block with the mentions.
    #[serde(default)]
    mention_block: Option<usize>,
    /// The reason not to send it.
    #[serde(default)]
    pub(crate) skip: Option<Skip>,
    /// True if somebody should come and look.
    #[serde(default)]
    pub(crate) failure: bool,
    /// True if the people mentioned by an earlier failure should know that it is over.
    #[serde(default)]
    pub(crate) recovery: bool,
    /// True if the pipeline waits for somebody or something.
    #[serde(default)]
    pub(crate) waiting: bool,
    /// The Slack ID of the person to whom a bot writes too.
    #[serde(default)]
    pub(crate) direct: Option<String>,
    /// True if a bot posts this as a new message at the bottom of the channel, and does not update the living message.
    #[serde(default)]
    pub(crate) apart: bool,
    /// The pipeline's state, in the module's own term. The next message is compared with it.
    #[serde(default)]
    pub(crate) verdict: String,
    /// The event, as in the headline.
    #[serde(default)]
    pub(crate) status: String,
    /// The number of consecutive failed pipelines of the ref, up to this one.
    #[serde(default)]
    pub(crate) failures_in_a_row: Option<i64>,
    /// One line for the job log.
    #[serde(default)]
    pub(crate) summary: String,
    /// The environment of the message, by which the host chooses channels and operators.
    #[serde(default)]
    environment: Option<String>,
    /// The links for the job's page in GitLab.
    #[serde(default)]
    links: Vec<Link>,
    /// The mentions in the message.
    #[serde(default)]
    pub(crate) mentions: Vec<String>,
    /// The module's warnings about settings and variables.
    #[serde(default)]
    pub(crate) warnings: Vec<Warning>,
}

#[derive(Debug, Deserialize)]
struct Link {
    label: String,
    url: String,
}

/// A fault of the module: its output is not a valid message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadMessage {
    #[error("its output is not a message: {0}")]
    Json(serde_json::Error),
    #[error(
        "its output has version {0}, this binary speaks version {CONTEXT_VERSION}: {next}",
        next = if *.0 > CONTEXT_VERSION { "pin a newer release of the notifier, or an older module" } else { "pin a newer module" },
    )]
    Version(u64),
    #[error("its message has no `text`")]
    NoText,
    #[error("the `text` of its message is longer than {MAX_TEXT} characters")]
    LongText,
    #[error("its message sets `{0}`, which a module may not set")]
    Key(String),
}

impl Message {
    /// Builds a message of one line, for when no module works. The text is escaped for Slack's mrkdwn.
    pub(crate) fn of_line(line: &str) -> Self {
        let escaped = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = json!({"text": escaped, "unfurl_links": false, "unfurl_media": false});
        Self { message: body.as_object().cloned().unwrap_or_default(), summary: line.to_owned(), ..Self::default() }
    }

    /// Decodes the output of a team's own module. Its skip reasons never count as built-in ones, even with the same name.
    pub(crate) fn decode_foreign(output: &[u8]) -> Result<Self, BadMessage> {
        let mut message = Self::decode(output)?;
        message.skip = message.skip.map(Skip::foreign);
        Ok(message)
    }

    pub(crate) fn decode(output: &[u8]) -> Result<Self, BadMessage> {
        let message: Self = serde_json::from_slice(output).map_err(BadMessage::Json)?;
        if message.version != CONTEXT_VERSION {
            return Err(BadMessage::Version(message.version));
        }
        if let Some(key) = message.message.keys().find(|key| !BODY_KEYS.contains(&key.as_str())) {
            return Err(BadMessage::Key(key.chars().take(40).collect()));
        }
        match message.message.get("text").and_then(Value::as_str) {
            None | Some("") => Err(BadMessage::NoText),
            Some(text) if text.chars().count() > MAX_TEXT => Err(BadMessage::LongText),
            Some(_) => Ok(message),
        }
    }

    pub(crate) fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Returns the links as the job page of the GitLab `server` shows them, after the link of the message itself if there is one
    /// (<https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsannotations>).
    pub(crate) fn annotations(&self, permalink: Option<&str>, server: &str) -> String {
        let message = permalink.map(|url| ("Slack message", url));
        let links = self.links.iter().map(|link| (link.label.as_str(), link.url.as_str()));
        let links: Vec<Value> = message
            .into_iter()
            .chain(links)
            .filter_map(|(label, url)| {
                // A module may link to any server, so the label shows which one.
                let host = address::shown(url).filter(|_| url.starts_with("https://") || url.starts_with("http://"))?;
                let is_shown = permalink == Some(url) || address::is_same_origin(url, server) || label.contains(&host);
                let label = if is_shown { label.to_owned() } else { format!("{label} ({host})") };
                Some(json!({"external_link": {"label": label, "url": url}}))
            })
            .take(MAX_LINKS)
            .collect();
        json!({"pipeline-notifier": links}).to_string()
    }

    pub(crate) fn body(&self) -> Body {
        Body {
            json: Value::Object(self.message.clone()),
            link_text: self.link_text.clone(),
            mention_text: self.mention_text.clone(),
            mention_block: self.mention_block,
        }
    }
}

/// The body of a request to Slack.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    json: Value,
    link_text: String,
    mention_text: String,
    mention_block: Option<usize>,
}

impl Body {
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    /// Returns the arguments of a request: those of the body.
    pub(crate) fn arguments(&self) -> Map<String, Value> {
        self.json.as_object().cloned().unwrap_or_default()
    }

    /// Returns the same without its attachments, which hold the small print.
    pub(crate) fn without_small_print(&self) -> Self {
        let mut body = self.clone();
        if let Value::Object(fields) = &mut body.json {
            fields.remove("attachments");
        }
        body
    }

    /// Removes the mentions from the arguments of a request. Returns false if there are none.
    pub(crate) fn remove_mentions(&self, arguments: &mut Map<String, Value>) -> bool {
        match (arguments.get_mut("blocks").and_then(Value::as_array_mut), self.mention_block) {
            (Some(blocks), Some(block)) if block < blocks.len() => drop(blocks.remove(block)),
            (None, _) if !self.mention_text.is_empty() => self.set_text(arguments, &[&self.link_text]),
            _ => return false,
        }
        true
    }

    /// Replaces the blocks and attachments of a request by the text with the first link and, unless they were refused, the mentions.
    /// Returns false if there are no blocks.
    pub(crate) fn remove_blocks(&self, arguments: &mut Map<String, Value>, with_mentions: bool) -> bool {
        let mentions = if with_mentions { &*self.mention_text } else { "" };
        self.set_text(arguments, &[&self.link_text, mentions]);
        arguments.remove("attachments");
        arguments.remove("blocks").is_some()
    }

    fn set_text(&self, arguments: &mut Map<String, Value>, additions: &[&str]) {
        let text = self.json["text"].as_str().unwrap_or_default();
        let parts = [&[text], additions].concat();
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        arguments.insert("text".to_owned(), parts.join(" ").into());
    }

    /// Returns the text, which is complete without the blocks.
    #[cfg(feature = "full")]
    pub(crate) fn text(&self) -> &str {
        self.json["text"].as_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_message_is_refused_with_a_fault() {
        for (output, expected) in [
            ("", "EOF"),
            ("{}", "missing field `version`"),
            (
                r#"{"version":2,"message":{"text":"x"}}"#,
                "has version 2, this binary speaks version 1: pin a newer release",
            ),
            (
                r#"{"version":0,"message":{"text":"x"}}"#,
                "has version 0, this binary speaks version 1: pin a newer module",
            ),
            (r#"{"version":1,"message":{}}"#, "no `text`"),
            (r#"{"version":1,"message":{"text":""}}"#, "no `text`"),
            (r##"{"version":1,"message":{"text":"x","channel":"#general"}}"##, "sets `channel`"),
            (r#"{"version":1,"message":{"text":"x"}} x"#, "trailing characters"),
            (r#"{"version":1,"message":{"text":"\ud800"}}"#, "hex escape"),
        ] {
            let refused = Message::decode(output.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        let long = json!({"version": 1, "message": {"text": "x".repeat(MAX_TEXT + 1)}}).to_string();
        assert!(matches!(Message::decode(long.as_bytes()), Err(BadMessage::LongText)));
        let deep = format!(
            r#"{{"version":1,"message":{{"text":"x","blocks":{}{}}}}}"#,
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        assert!(Message::decode(deep.as_bytes()).is_err());
    }
}
