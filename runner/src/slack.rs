//! Delivery to Slack: to an incoming webhook (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>)
//! here, as a bot by its Web API in [`api`] and [`bot`].
//!
//! At most two tries in all, and the second only where it is certain that the first was not delivered: a failed
//! connection, 429 with a short `Retry-After`, 5xx. Never after a time-out: a late message is better than two.

pub(crate) mod api;
pub(crate) mod bot;

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deadline::Deadline;
use crate::http::{Answer, Client, Fault};
use crate::message::Body;
use crate::webhook::Webhook;

/// What is read of an answer, in bytes: a word, or a page that somebody else answers with.
const MAX_ANSWER: u64 = 2 << 10;

/// The longest `Retry-After` that is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The wait before a second try where the server names none; up to as much again is added by chance.
const WAIT: Duration = Duration::from_millis(500);

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
    fn is_word(&self, words: &[&str]) -> bool {
        matches!(self, Self::Refused { word, .. } | Self::Denied { word, .. } if words.contains(&word.as_str()))
    }

    /// Whether another way may be tried without the risk of telling it twice.
    pub(crate) fn is_surely_not_delivered(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_before_sending(),
            Self::Denied { .. } | Self::Redirect { .. } | Self::RateLimited => true,
            Self::Refused { .. } | Self::NotOk | Self::ServerError { .. } => false,
        }
    }

    /// Whether Slack took offence at the body, so that a plainer one may pass.
    fn is_about_the_body(&self) -> bool {
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

/// Delivers a message. Where Slack refuses its blocks, its text alone is posted once.
pub(crate) fn deliver(
    client: &Client,
    webhook: &Webhook,
    body: &Body,
    deadline: Deadline,
) -> Result<Delivered, Undelivered> {
    match post(client, webhook, body.json(), deadline) {
        Ok(()) => Ok(Delivered::Whole),
        Err(refused) if refused.is_about_the_body() => post(client, webhook, &json!({"text": body.text()}), deadline)
            .map(|()| Delivered::TextOnly { refused: refused.reason() }),
        Err(undelivered) => Err(undelivered),
    }
}

fn post(client: &Client, webhook: &Webhook, body: &Value, deadline: Deadline) -> Result<(), Undelivered> {
    let body = body.to_string().into_bytes();
    judge(patiently(deadline, || client.post(webhook.url(), None, &body, MAX_ANSWER, deadline)))
}

/// Makes a request, and once more where the first was surely not taken and there is time.
fn patiently(deadline: Deadline, request: impl Fn() -> Result<Answer, Fault>) -> Result<Answer, Fault> {
    let result = request();
    match wait_before_next_try(&result) {
        Some(wait) if wait < deadline.remaining() => {
            thread::sleep(wait);
            request()
        }
        _ => result,
    }
}

/// How long to wait before trying again, where that is allowed at all.
fn wait_before_next_try(result: &Result<Answer, Fault>) -> Option<Duration> {
    match result {
        Err(fault) => fault.is_before_sending().then(jittered),
        Ok(answer) if answer.status == 429 => {
            let seconds: u64 = answer.retry_after.as_deref()?.trim().parse().ok()?;
            Some(Duration::from_secs(seconds)).filter(|wait| *wait <= LONGEST_WAIT)
        }
        Ok(answer) => (answer.status >= 500).then(jittered),
    }
}

/// [`WAIT`] and a random part of it, so that jobs which failed together do not come back together.
fn jittered() -> Duration {
    let mut byte = [0; 1];
    // Without randomness all wait alike.
    let _ = getrandom::getrandom(&mut byte);
    WAIT + WAIT * u32::from(byte[0]) / 255
}

fn judge(result: Result<Answer, Fault>) -> Result<(), Undelivered> {
    let Answer { status, body, .. } = result.map_err(Undelivered::Fault)?;
    let body = String::from_utf8_lossy(&body);
    match status {
        // A body that broke off after 200 was delivered all the same.
        200 if body.trim() == "ok" || body.is_empty() => Ok(()),
        200..=299 => Err(Undelivered::NotOk),
        300..=399 => Err(Undelivered::Redirect { status }),
        429 => Err(Undelivered::RateLimited),
        500.. => Err(Undelivered::ServerError { status }),
        _ => {
            let word = error_word(&body);
            let hint = hint(&word).map(|hint| format!(": {hint}")).unwrap_or_default();
            Err(Undelivered::Refused { status, word, hint })
        }
    }
}

/// Slack's error word, where the body is nothing else. An answer may echo the request, so no other text is shown.
fn error_word(body: &str) -> String {
    let word = body.trim();
    let is_word = (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { word.to_owned() } else { String::new() }
}

/// The next step for each error word that Slack documents for webhooks.
fn hint(word: &str) -> Option<&'static str> {
    Some(match word {
        "invalid_payload"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_attachments"
        | "no_text"
        | "too_many_attachments" => {
            "the message itself was refused; with a module of your own check its output, else report it with `pipeline-notifier render`"
        }
        "user_not_found" | "channel_not_found" => "the webhook's user or channel is gone; make a new webhook",
        "channel_is_archived" => "the webhook's channel is archived; unarchive it or make a new webhook",
        "action_prohibited" | "posting_to_general_channel_denied" => {
            "an administrator of the workspace does not allow this; ask them, or choose another channel"
        }
        "invalid_token" | "no_active_hooks" | "no_service" | "no_service_id" => {
            "the webhook was removed, disabled or mistyped; Slack also revokes leaked ones. Make a new one and update the variable"
        }
        "no_team" | "team_disabled" => "the workspace is gone or disabled; make a webhook in the right one",
        _ => return None,
    })
}

/// What is told of an answer to a webhook's post.
#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_webhook(answer: Answer) -> Option<String> {
    let answer = Ok(answer);
    wait_before_next_try(&answer);
    judge(answer).err().map(|undelivered| undelivered.to_string() + &undelivered.reason())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "what is tested takes the client's results")]
    fn answer(status: u16, retry_after: Option<&str>, body: &str) -> Result<Answer, Fault> {
        let retry_after = retry_after.map(str::to_owned);
        Ok(Answer { status, retry_after, location: None, scopes: None, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn only_what_was_surely_not_delivered_is_tried_again() {
        assert!(wait_before_next_try(&Err(Fault::Connect)).is_some());
        assert!(wait_before_next_try(&answer(503, None, "")).is_some());
        assert_eq!(wait_before_next_try(&answer(429, Some("2"), "")), Some(Duration::from_secs(2)));
        for retry_after in [None, Some("3600"), Some("-1"), Some("NaN"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
            assert_eq!(wait_before_next_try(&answer(429, retry_after, "")), None, "{retry_after:?}");
        }
        for result in [
            Err(Fault::Timeout),
            Err(Fault::Protocol),
            Err(Fault::TlsName),
            answer(200, None, ""),
            answer(404, None, "no_service"),
        ] {
            assert_eq!(wait_before_next_try(&result), None, "{result:?}");
        }
    }

    #[test]
    fn an_answer_is_delivered_only_with_ok() {
        assert_eq!(judge(answer(200, None, "ok\n")), Ok(()));
        assert_eq!(judge(answer(200, None, "<html>sign in</html>")), Err(Undelivered::NotOk));
        assert_eq!(judge(answer(302, None, "ok")), Err(Undelivered::Redirect { status: 302 }));
    }

    #[test]
    fn an_echo_of_the_request_is_not_shown() {
        let undelivered =
            judge(answer(404, None, "no hook at https://hooks.slack.com/services/T0/B0/secret")).unwrap_err();
        assert_eq!(
            (undelivered.to_string().as_str(), undelivered.reason().as_str()),
            ("Slack answered 404 ", "http_404")
        );
    }
}
