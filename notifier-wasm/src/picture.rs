//! Pictures of Slack messages for people who are not in Slack: job logs, `demo.html`, the playground.
//!
//! It reads any Slack message, not only ours, so that a team sees its own module's messages too.

mod html;
mod mrkdwn;
mod plain;
mod scene;
mod span;

use serde_json::{Map, Value};

use crate::Error;
use crate::contract::fields::{objects, optional_string, parse, string};
use scene::Scene;

/// `{"version":1,"format":"text","title":"…","language":"en","theme":"dark","messages":[{"caption":"…","message":{…}}]}`
#[derive(Debug)]
pub(crate) struct Request {
    format: Format,
    title: String,
    /// The language of the text around the messages, for screen readers and fonts.
    language: String,
    /// `light` or `dark`. Anything else follows the reader's preference.
    theme: String,
    /// The caption above each message (may be empty), and a body as it is posted to Slack.
    messages: Vec<(String, Value)>,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Text,
    Html,
}

impl Request {
    /// True if a request asks for a picture, not for a message.
    pub(crate) fn is(fields: &Map<String, Value>) -> bool {
        fields.contains_key("format")
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::of(parse(bytes)?)
    }

    pub(crate) fn of(mut fields: Map<String, Value>) -> Result<Self, Error> {
        let mut messages = Vec::new();
        for mut entry in objects(&mut fields, "messages")?.unwrap_or_default() {
            let caption = optional_string(&mut entry, "caption")?.unwrap_or_default();
            messages.push((caption, entry.remove("message").unwrap_or_default()));
        }
        let format = match string(&mut fields, "format")?.as_str() {
            "text" => Format::Text,
            "html" => Format::Html,
            _ => return Err(Error::field("`format`", "text or html")),
        };
        let mut text = |name: &str| Ok::<_, Error>(optional_string(&mut fields, name)?.unwrap_or_default());
        Ok(Self { format, title: text("title")?, language: text("language")?, theme: text("theme")?, messages })
    }

    #[inline(never)]
    pub(crate) fn draw(&self) -> String {
        let scenes = self.messages.iter().map(|(caption, message)| (caption.as_str(), Scene::of(message)));
        match self.format {
            Format::Text => plain::draw(scenes),
            Format::Html => html::page(&self.title, &self.language, &self.theme, scenes),
        }
    }
}
