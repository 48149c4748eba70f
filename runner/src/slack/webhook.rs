//! Posts to an incoming webhook (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).

use serde_json::{Map, Value, json};

use super::refusals::{LeftOut, persist};
use super::tries::patiently;
use super::undelivered::{Undelivered, error_word};
use super::webhook_url::Webhook;
#[cfg(feature = "fuzz")]
use crate::explain::Explain;
use crate::module::message::Body;
use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::{Answer, Client};

/// The size limit of an answer, in bytes: a word, or the page of another server.
const MAX_ANSWER: u64 = 2 << 10;

/// Delivers a message. If Slack refuses its blocks, only its text is posted, once.
pub(crate) fn deliver(
    client: &Client,
    webhook: &Webhook,
    body: &Body,
    deadline: Deadline,
) -> Result<Vec<LeftOut>, Undelivered> {
    let mut left_out = Vec::new();
    let send = |arguments: &Map<String, Value>| post(client, webhook, &json!(arguments), deadline);
    persist(body.arguments(), body, &mut left_out, send)?;
    Ok(left_out)
}

fn post(client: &Client, webhook: &Webhook, body: &Value, deadline: Deadline) -> Result<(), Undelivered> {
    let body = body.to_string().into_bytes();
    let answer = patiently(deadline, || client.post(webhook.url(), None, &body, MAX_ANSWER, deadline));
    if webhook.is_exact() { judge(answer) } else { judge_dialect(answer) }
}

fn judge(result: Result<Answer, Fault>) -> Result<(), Undelivered> {
    let Answer { status, body, .. } = result.map_err(Undelivered::Fault)?;
    let body = String::from_utf8_lossy(&body);
    match status {
        // The message is delivered even if the body breaks off after a 200.
        200 if body.trim() == "ok" || body.is_empty() => Ok(()),
        200..=299 => Err(Undelivered::NotOk),
        300..=399 => Err(Undelivered::Redirect { status }),
        429 => Err(Undelivered::RateLimited),
        500.. => Err(Undelivered::ServerError { status }),
        _ => {
            let word = error_word(&body);
            Err(Undelivered::Refused { status, step: step(&word), word })
        }
    }
}

/// Judges the answer of a server other than Slack. It accepts with any 2xx, and refuses in JSON or with the page of another server
/// (Rocket.Chat `{"success":true}`, Zulip `{"result":"success"}`, Mattermost `ok`).
fn judge_dialect(result: Result<Answer, Fault>) -> Result<(), Undelivered> {
    let answer = match result {
        Ok(answer) if (200..=299).contains(&answer.status) => answer,
        other => return judge(other),
    };
    let body = String::from_utf8_lossy(&answer.body);
    if body.trim_start().starts_with('<') {
        return Err(Undelivered::NotOk);
    }
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(&body) else { return Ok(()) };
    let says_no = |name: &str| fields.get(name) == Some(&Value::Bool(false));
    let error = fields.get("error").filter(|error| !matches!(error, Value::Null | Value::Bool(false)));
    if says_no("ok") || says_no("success") || error.is_some() || fields.get("result").is_some_and(|it| it == "error") {
        let word = error.and_then(Value::as_str).map(error_word).unwrap_or_default();
        return Err(Undelivered::Refused { status: answer.status, step: "see the server's log", word });
    }
    Ok(())
}

/// Returns the next step for each error word that Slack documents for webhooks, and for any other text.
fn step(word: &str) -> &'static str {
    match word {
        "invalid_payload"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_attachments"
        | "no_text"
        | "too_many_attachments" => {
            "Slack refused the message itself; check the output of your own module, or report it with the output of `pipeline-notifier render`"
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
        _ => "check the webhook's URL, and whether a proxy answers in its place",
    }
}

/// Returns the log text of an answer to a webhook's post.
#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_webhook(answer: Answer) -> Option<String> {
    let answer = Ok(answer);
    super::tries::wait_before_next_try(&answer);
    judge(answer).err().map(|undelivered| undelivered.describe() + &undelivered.reason())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_delivered_only_with_ok() {
        assert_eq!(judge(Answer::of(200, None, "ok\n")), Ok(()));
        assert_eq!(judge(Answer::of(200, None, "<html>sign in</html>")), Err(Undelivered::NotOk));
        assert_eq!(judge(Answer::of(302, None, "ok")), Err(Undelivered::Redirect { status: 302 }));
    }

    /// Sources: Rocket.Chat <https://docs.rocket.chat/docs/integrations>, Zulip <https://zulip.com/api/rest-error-handling>, Mattermost
    /// <https://developers.mattermost.com/integrate/webhooks/incoming/>; prometheus/alertmanager#3546.
    #[test]
    fn an_allowed_server_may_answer_in_its_own_dialect() {
        for body in
            ["ok", "", "{\"success\":true}", "{\"ok\":true}", "{\"result\":\"success\",\"msg\":\"\"}", "thanks", "[]"]
        {
            assert_eq!(judge_dialect(Answer::of(200, None, body)), Ok(()), "{body}");
        }
        assert_eq!(judge_dialect(Answer::of(204, None, "")), Ok(()));
        for body in [
            "{\"ok\":false}",
            "{\"success\":false,\"error\":\"invalid channel\"}",
            "{\"error\":\"no_hook\"}",
            "{\"result\":\"error\",\"msg\":\"x\"}",
            "<!doctype html>",
        ] {
            assert!(judge_dialect(Answer::of(200, None, body)).is_err(), "{body}");
        }
        assert!(
            judge_dialect(Answer::of(500, None, "ok")).is_err() && judge_dialect(Answer::of(302, None, "ok")).is_err()
        );
        assert!(judge(Answer::of(200, None, "{\"ok\":true}")).is_err(), "Slack itself answers ok");
    }

    #[test]
    fn an_echo_of_the_request_is_not_shown() {
        let undelivered =
            judge(Answer::of(404, None, "no hook at https://hooks.slack.com/services/T0/B0/secret")).unwrap_err();
        assert_eq!(
            (undelivered.to_string().as_str(), undelivered.reason().as_str()),
            ("Slack answered 404", "http_404")
        );
    }
}
