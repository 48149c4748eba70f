//! What became of a message: delivered, or why not.

use std::borrow::Cow;

use super::webhook_url::UnusableWebhook;
use crate::explain::Explain;
use crate::net::fault::Fault;

/// Why a message was not delivered, or Slack did not answer. What to do about it is the step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// There is nowhere to send to.
    #[error(transparent)]
    Nowhere(UnusableWebhook),
    #[error(transparent)]
    Fault(Fault),
    #[error("Slack limits the rate of this channel and asks to wait longer than the job can")]
    RateLimited,
    #[error("Slack's address answered with a redirect ({status}), which is not followed")]
    Redirect { status: u16 },
    #[error("Slack answered {}", format!("{status} {word}").trim_end())]
    Refused { status: u16, word: String, step: &'static str },
    #[error("Slack's {method} answered {word}")]
    Denied { method: &'static str, word: String, step: String },
    #[error("Slack's address answered, but not `ok`")]
    NotOk,
    #[error("Slack answered {status}, a fault of its own")]
    ServerError { status: u16 },
}

impl Explain for Undelivered {
    fn step(&self) -> Cow<'_, str> {
        match self {
            Self::Nowhere(unusable) => unusable.step(),
            Self::Fault(fault) => fault.step(),
            Self::RateLimited => "send fewer events (NOTIFIER_EVENTS)".into(),
            Self::Redirect { .. } | Self::NotOk => {
                "check the webhook's URL (of a bot SLACK_API_URL), and whether a proxy answers in its place".into()
            }
            Self::Refused { step, .. } => (*step).into(),
            Self::Denied { step, .. } => step.into(),
            Self::ServerError { .. } => "see https://slack-status.com".into(),
        }
    }
}

impl Undelivered {
    /// The reason as one word of the job log.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Nowhere(unusable) => unusable.reason().to_owned(),
            Self::Fault(fault) => fault.reason().to_owned(),
            Self::RateLimited => "rate_limited".to_owned(),
            Self::Redirect { .. } => "redirect".to_owned(),
            Self::NotOk => "bad_reply".to_owned(),
            Self::ServerError { status } => format!("http_{status}"),
            Self::Refused { status, word, .. } if word.is_empty() => format!("http_{status}"),
            Self::Refused { word, .. } | Self::Denied { word, .. } => word.clone(),
        }
    }

    /// Slack's error word, where it is one of these.
    pub(super) fn is_word(&self, any_of: &[&str]) -> bool {
        matches!(self, Self::Refused { word, .. } | Self::Denied { word, .. } if any_of.contains(&word.as_str()))
    }

    /// What became of the message. Slack says of its own faults that a request may be made again
    /// (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors>).
    pub(crate) fn fate(&self) -> Fate {
        match self {
            Self::Fault(Fault::Timeout(_) | Fault::Protocol(_)) | Self::NotOk => Fate::Unknown,
            _ => Fate::NotDelivered,
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
