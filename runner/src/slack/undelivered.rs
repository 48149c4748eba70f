//! The fate of a message: delivered, or the reason why not.

use std::borrow::Cow;

use super::webhook_url::UnusableWebhook;
use crate::explain::Explain;
use crate::net::fault::Fault;

/// The reason a message was not delivered, or Slack did not answer. The step says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// There is no destination.
    #[error(transparent)]
    Nowhere(UnusableWebhook),
    #[error(transparent)]
    Fault(Fault),
    #[error("Slack limits the rate of this channel to about one message a second")]
    RateLimited,
    #[error("Slack's address answered with a redirect ({status}), which is not followed")]
    Redirect { status: u16 },
    #[error("Slack answered {}", format!("{status} {word}").trim_end())]
    Refused { status: u16, word: String, step: &'static str },
    #[error("Slack's {method} answered {word}")]
    Denied { method: &'static str, word: String, step: String },
    #[error("Slack's address answered, but not `ok`")]
    NotOk,
    #[error("Slack answered {status}, a server error")]
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
    /// Returns the reason as one word for the job log.
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

    /// Returns true if Slack's error word is one of these.
    pub(super) fn is_word(&self, any_of: &[&str]) -> bool {
        matches!(self, Self::Refused { word, .. } | Self::Denied { word, .. } if any_of.contains(&word.as_str()))
    }

    /// Returns the fate of the message. Slack allows another request after its own faults
    /// (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors>).
    pub(crate) fn fate(&self) -> Fate {
        match self {
            Self::Fault(Fault::Timeout(_) | Fault::Protocol(_)) | Self::NotOk => Fate::Unknown,
            _ => Fate::NotDelivered,
        }
    }
}

/// The fate of a message that Slack did not confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It surely did not arrive: another way may be tried.
    NotDelivered,
    /// It may have arrived: a second message could be a duplicate.
    Unknown,
}

/// Returns Slack's error word if the body is nothing else. An answer may echo the request, so no other text is shown.
pub(super) fn error_word(body: &str) -> String {
    let word = body.trim();
    let is_word = (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { word.to_owned() } else { String::new() }
}
