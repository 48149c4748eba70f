//! What became of a message: delivered, or why not.

use crate::net::fault::Fault;

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    #[error("posting to Slack: {0}; {hint}", hint = .0.hint())]
    Fault(Fault),
    #[error(
        "Slack limits the rate of this channel and asks to wait longer than the job can; send fewer events (NOTIFIER_EVENTS)"
    )]
    RateLimited,
    #[error(
        "the webhook answered with a redirect ({status}), which is not followed; check the URL, and whether a proxy answers in its place"
    )]
    Redirect { status: u16 },
    #[error("Slack answered {status} {word}{hint}")]
    Refused { status: u16, word: String, hint: String },
    #[error("Slack's {method} answered {word}{hint}")]
    Denied { method: &'static str, word: String, hint: String },
    #[error("the server answered 200 but not `ok`; check the URL, and whether a proxy answers in its place")]
    NotOk,
    #[error("Slack answered {status}; see https://slack-status.com")]
    ServerError { status: u16 },
}

impl Undelivered {
    /// The reason as one word of the job log.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Fault(fault) => fault.word().to_owned(),
            Self::RateLimited => "rate_limited".to_owned(),
            Self::Redirect { .. } => "redirect".to_owned(),
            Self::NotOk => "bad_reply".to_owned(),
            Self::ServerError { status } => format!("http_{status}"),
            Self::Refused { status, word, .. } if word.is_empty() => format!("http_{status}"),
            Self::Refused { word, .. } | Self::Denied { word, .. } => word.clone(),
        }
    }

    /// Slack's error word, where it is one of these.
    pub(super) fn is_word(&self, words: &[&str]) -> bool {
        matches!(self, Self::Refused { word, .. } | Self::Denied { word, .. } if words.contains(&word.as_str()))
    }

    /// What became of the message.
    pub(crate) fn fate(&self) -> Fate {
        match self {
            Self::Fault(fault) if fault.is_before_sending() => Fate::NotDelivered,
            Self::Denied { .. } | Self::Redirect { .. } | Self::RateLimited => Fate::NotDelivered,
            Self::Fault(_) | Self::Refused { .. } | Self::NotOk | Self::ServerError { .. } => Fate::Unknown,
        }
    }

    /// Whether Slack took offence at the body, so that a plainer one may pass.
    pub(super) fn is_about_the_body(&self) -> bool {
        const WORDS: [&str; 8] = [
            "invalid_payload",
            "invalid_blocks",
            "invalid_blocks_format",
            "invalid_attachments",
            "too_many_attachments",
            "msg_blocks_too_long",
            "msg_too_long",
            "no_text",
        ];
        self.is_word(&WORDS) || matches!(self, Self::Refused { status: 413, .. })
    }
}

/// How a message arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    Whole,
    /// Slack refused the body for this reason and took its text alone.
    TextOnly {
        refused: String,
    },
}

/// What became of a message that Slack did not confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is certain that nobody sees it: another way may be tried.
    NotDelivered,
    /// It may be there: a second one could be a message twice.
    Unknown,
}

/// Slack's error word, where the body is nothing else. An answer may echo the request, so no other text is shown.
pub(super) fn error_word(body: &str) -> String {
    let word = body.trim();
    let is_word = (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { word.to_owned() } else { String::new() }
}
