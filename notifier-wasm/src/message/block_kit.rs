//! The part of Slack's message format that we write (<https://docs.slack.dev/reference/block-kit/blocks>). Serialize only.

use serde::Serialize;

use crate::facts::mentions::Mention;

/// A message as `chat.postMessage` and incoming webhooks take it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Body {
    /// The text for notifications, screen readers and fallback. It is complete on its own.
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) unfurl_links: bool,
    pub(crate) unfurl_media: bool,
}

/// The only part of a message with a coloured bar. Slack may fold it away, so nothing vital is only here.
#[derive(Debug, Serialize)]
pub(crate) struct Attachment {
    /// `#rrggbb`: the named colours turn grey beside blocks.
    pub(crate) color: &'static str,
    pub(crate) fallback: String,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Block {
    /// Slack parses nothing in it, so there is nothing to escape.
    RichText { elements: Vec<RichText> },
    /// Small and grey, at most ten elements.
    Context { elements: Vec<Mrkdwn> },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(crate) enum RichText {
    #[serde(rename = "rich_text_section")]
    Section { elements: Vec<Element> },
    /// Lines in a fixed-width font.
    #[serde(rename = "rich_text_preformatted")]
    Preformatted { elements: Vec<Element> },
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Element {
    Text {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<Style>,
    },
    Link {
        url: String,
        text: String,
    },
    Emoji {
        name: &'static str,
    },
    User {
        user_id: String,
    },
    Usergroup {
        usergroup_id: String,
    },
    Broadcast {
        range: &'static str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Style {
    pub(crate) bold: bool,
}

/// A mrkdwn text object in which Slack detects nothing on its own.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "mrkdwn")]
pub(crate) struct Mrkdwn {
    pub(crate) text: String,
    pub(crate) verbatim: bool,
}

impl Block {
    /// One line of rich text.
    pub(crate) fn line(elements: Vec<Element>) -> Self {
        Self::RichText { elements: vec![RichText::Section { elements }] }
    }
}

impl Element {
    pub(crate) fn mention(mention: &Mention) -> Self {
        match mention {
            Mention::Group(id) => Self::Usergroup { usergroup_id: id.clone() },
            Mention::User(id) => Self::User { user_id: id.clone() },
            Mention::All(range) => Self::Broadcast { range },
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), style: None }
    }

    pub(crate) fn bold(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), style: Some(Style { bold: true }) }
    }
}
