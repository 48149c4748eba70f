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
use crate::contract::fields::{Fields, parse, read};
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

    pub(crate) fn of(fields: Map<String, Value>) -> Result<Self, Error> {
        read(fields, Self::read)
    }

    fn read(mut fields: Fields) -> Self {
        let message = |mut entry: Fields| (entry.text("caption"), entry.any("message"));
        Self {
            messages: fields.objects("messages").unwrap_or_default().into_iter().map(message).collect(),
            format: fields
                .required_word("format", &[("text", Format::Text), ("html", Format::Html)], "text or html")
                .unwrap_or(Format::Text),
            title: fields.text("title"),
            language: fields.text("language"),
            theme: fields.text("theme"),
        }
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
