//! Calls Slack's Web API (<https://docs.slack.dev/apis/web-api/>) with a bot token.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::{Map, Value, json};

use super::tries::patiently;
use super::undelivered::{Undelivered, error_word};
use crate::explain::Explain;
use crate::job::key::Key;
use crate::job::settings::Settings;
use crate::module::message::Body;
use crate::net::address;
use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::{Answer, Client};
use crate::net::secret::{Secret, percent_encoded};
use crate::variables::{Variables, after_unexpanded};

/// The base URL of the methods, unless `SLACK_API_URL` sets another.
const BASE: &str = "https://slack.com/api";

/// The hosts of the Web API; the second is GovSlack's.
const HOSTS: [&str; 2] = ["slack.com", "slack-gov.com"];

/// The size limit of an answer, in bytes: enough for a page of a channel's history.
const MAX_ANSWER: u64 = 2 << 20;

/// The Web API with one bot's token.
#[derive(Debug)]
pub(crate) struct Api {
    base: String,
    token: Secret,
    /// The ID of the bot, asked for at most once; `None` if Slack did not answer.
    bot_id: OnceCell<Option<String>>,
}

/// The reason a bot token is unusable. It names variables, never their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableToken {
    #[error("SLACK_BOT_TOKEN is no bot token, which begins with xoxb-")]
    NotABot,
    #[error("SLACK_BOT_TOKEN holds a variable that GitLab did not expand, because this job does not have it")]
    Unexpanded,
    #[error("SLACK_BOT_TOKEN is the path of a File-type variable whose file cannot be read")]
    Unreadable,
    #[error("SLACK_API_URL is not an https address of slack.com or slack-gov.com, and the token goes nowhere else")]
    Host,
}

impl UnusableToken {
    /// Returns the variable at fault.
    pub(crate) fn variable(self) -> &'static str {
        if self == Self::Host { "SLACK_API_URL" } else { "SLACK_BOT_TOKEN" }
    }
}

impl Explain for UnusableToken {
    fn step(&self) -> Cow<'_, str> {
        let step = match self {
            Self::NotABot => "copy the Bot User OAuth Token of the Slack app's page OAuth & Permissions",
            Self::Unexpanded => "set that variable, or the token itself",
            Self::Unreadable => "check it in Settings > CI/CD > Variables",
            Self::Host => "fix the input slack_api_url, or name its host in allow_hosts",
        };
        step.into()
    }
}

impl Api {
    /// Finds the bot of `SLACK_BOT_TOKEN`; `None` if that is not set. A token goes only to Slack, to this machine and to allowed hosts.
    pub(crate) fn find(variables: &Variables, settings: &Settings) -> Option<Result<Self, UnusableToken>> {
        let token = match variables.secret("SLACK_BOT_TOKEN")? {
            Ok(token) if after_unexpanded(&token).is_some() => return Some(Err(UnusableToken::Unexpanded)),
            Ok(token) => token,
            Err(_) => return Some(Err(UnusableToken::Unreadable)),
        };
        // The second is a token with rotation (https://docs.slack.dev/authentication/using-token-rotation).
        if !token.starts_with("xoxb-") && !token.starts_with("xoxe.xoxb-") {
            return Some(Err(UnusableToken::NotABot));
        }
        let base = settings.get(Key::SLACK_API_URL).unwrap_or(BASE).trim_end_matches('/');
        let allowed = settings.get(Key::ALLOW_HOSTS).unwrap_or_default();
        Some(match address::check(base, &HOSTS, allowed) {
            Ok(()) => Ok(Self { base: base.to_owned(), token: Secret::new(token), bot_id: OnceCell::new() }),
            Err(_) => Err(UnusableToken::Host),
        })
    }

    /// Calls a method that writes.
    pub(crate) fn post(
        &self,
        client: &Client,
        method: &'static str,
        arguments: &Value,
        deadline: Deadline,
    ) -> Result<Map<String, Value>, Undelivered> {
        let url = Secret::new(format!("{}/{method}", self.base));
        let body = arguments.to_string().into_bytes();
        let bearer = self.bearer();
        let header = Some(("Authorization", &bearer));
        judge(method, patiently(deadline, || client.post(&url, header, &body, MAX_ANSWER, deadline)))
    }

    /// Calls a method that reads.
    pub(crate) fn get(
        &self,
        client: &Client,
        method: &'static str,
        arguments: &[(&str, &str)],
        deadline: Deadline,
    ) -> Result<Map<String, Value>, Undelivered> {
        let query: Vec<String> =
            arguments.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        let url = format!("{}/{method}?{}", self.base, query.join("&"));
        let bearer = self.bearer();
        judge(method, patiently(deadline, || client.get(&url, Some(("Authorization", &bearer)), MAX_ANSWER, deadline)))
    }

    /// Returns the error word if Slack would refuse the message's blocks
    /// (<https://docs.slack.dev/reference/methods/blocks.validate>). `None` also covers an unknown method and a missing answer.
    pub(crate) fn refuses_blocks(&self, client: &Client, body: &Body, deadline: Deadline) -> Option<String> {
        let blocks = body.json().get("blocks")?;
        match self.post(client, "blocks.validate", &json!({"blocks": blocks}), deadline) {
            Err(Undelivered::Denied { word, .. }) if word.starts_with("invalid_blocks") => Some(word),
            _ => None,
        }
    }

    /// Returns the scopes of the bot (<https://docs.slack.dev/reference/methods/auth.test/>).
    pub(crate) fn scopes(&self, client: &Client, deadline: Deadline) -> Result<Vec<String>, Undelivered> {
        let bearer = self.bearer();
        let url = format!("{}/auth.test", self.base);
        let answer = client.get(&url, Some(("Authorization", &bearer)), MAX_ANSWER, deadline);
        let scopes = answer.as_ref().ok().and_then(|answer| answer.scopes.clone()).unwrap_or_default();
        judge("auth.test", answer)?;
        Ok(scopes.split(',').map(|scope| scope.trim().to_owned()).collect())
    }

    /// Returns true if this bot wrote a message of a channel's history. Slack names the author itself
    /// (<https://docs.slack.dev/reference/methods/auth.test/>).
    pub(crate) fn wrote(&self, client: &Client, message: &Value, deadline: Deadline) -> bool {
        let ask = || {
            let answer = self.get(client, "auth.test", &[], deadline).ok()?;
            Some(answer.get("bot_id")?.as_str()?.to_owned())
        };
        self.bot_id.get_or_init(ask).as_ref().is_some_and(|own| message["bot_id"] == own.as_str())
    }

    /// Returns true if an address may be that of a message: at Slack, or at the server of this API.
    pub(crate) fn may_link(&self, url: &str) -> bool {
        HOSTS.iter().any(|host| address::is_below_host(url, host)) || address::is_same_origin(url, &self.base)
    }

    fn bearer(&self) -> Secret {
        Secret::new(format!("Bearer {}", self.token.expose()))
    }
}

/// Returns the answer's fields if it says `ok`.
fn judge(method: &'static str, result: Result<Answer, Fault>) -> Result<Map<String, Value>, Undelivered> {
    let Answer { status, body, .. } = result.map_err(Undelivered::Fault)?;
    match status {
        429 => return Err(Undelivered::RateLimited),
        300..=399 => return Err(Undelivered::Redirect { status }),
        500.. => return Err(Undelivered::ServerError { status }),
        _ => {}
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(&body) else { return Err(Undelivered::NotOk) };
    if fields.get("ok") == Some(&Value::Bool(true)) {
        return Ok(fields);
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    match error_word(text("error")).as_str() {
        "ratelimited" | "rate_limited" => Err(Undelivered::RateLimited),
        "" => Err(Undelivered::NotOk),
        word => Err(Undelivered::Denied { method, word: word.to_owned(), step: step(method, word, text("needed")) }),
    }
}

/// Returns the next step for an error word that a bot meets, else the page that explains the word.
/// `needed` holds the scopes that Slack reports as missing.
fn step(method: &str, word: &str, needed: &str) -> String {
    let step = match word {
        "missing_scope" => {
            let is_scope = |c: char| c.is_ascii_lowercase() || matches!(c, ':' | '.' | ',' | '_');
            let scopes = if needed.chars().all(is_scope) { needed } else { "that it names" };
            return format!(
                "the bot lacks the scope {scopes}; add it on the Slack app's page OAuth & Permissions and reinstall the app"
            );
        }
        "token_expired" => {
            "a token with rotation lasts twelve hours; switch rotation off for this app, or renew the variable that often"
        }
        "invalid_auth" | "account_inactive" | "token_revoked" | "not_authed" => {
            "SLACK_BOT_TOKEN is revoked or mistyped; copy the Bot User OAuth Token again"
        }
        "not_in_channel" if method.starts_with("conversations.") => "invite the bot to the channel (/invite)",
        "not_in_channel" => "invite the bot to the channel (/invite), or grant it chat:write.public",
        "channel_not_found" => "check NOTIFIER_CHANNEL; a private channel must invite the bot (/invite)",
        "messages_tab_disabled" | "cannot_dm_bot" | "im_messages_disabled" => {
            "switch on App Home > Messages Tab on the Slack app's pages, so that the bot can write to people"
        }
        "is_archived" => "the channel is archived; choose another one in NOTIFIER_CHANNEL",
        "invalid_blocks" | "invalid_attachments" | "msg_blocks_too_long" | "msg_too_long" | "no_text" => {
            "Slack refused the message itself; check the output of your own module"
        }
        word if word.starts_with("restricted_action") => {
            "an administrator of the workspace does not allow this; ask them"
        }
        _ => return format!("see https://docs.slack.dev/reference/methods/{method}"),
    };
    step.to_owned()
}

/// Returns the log text of a method's answer.
#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_method(answer: Answer) -> Option<String> {
    judge("chat.postMessage", Ok(answer)).err().map(|undelivered| undelivered.describe() + &undelivered.reason())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(token: &str, api: &str, hosts: &str) -> Option<Result<(), UnusableToken>> {
        let variables = [("SLACK_BOT_TOKEN", token), ("SLACK_API_URL", api), ("NOTIFIER_ALLOW_HOSTS", hosts)];
        let variables = variables.into_iter().collect();
        Some(Api::find(&variables, &Settings::default().or_from(&variables))?.map(drop))
    }

    #[test]
    fn the_token_goes_to_slack_only() {
        for (api, hosts, expected) in [
            ("", "", Ok(())),
            ("https://slack-gov.com/api/", "", Ok(())),
            ("http://127.0.0.1:8065/api", "", Ok(())),
            ("https://chat.example/api", "chat.example", Ok(())),
            ("https://chat.example/api", "", Err(UnusableToken::Host)),
            ("http://slack.com/api", "", Err(UnusableToken::Host)),
            ("https://slack.com.evil.example/api", "", Err(UnusableToken::Host)),
            ("https://slack.com@evil.example/api", "", Err(UnusableToken::Host)),
        ] {
            assert_eq!(found("xoxb-1-2-abc", api, hosts), Some(expected), "{api}");
        }
        assert_eq!(found("xoxe.xoxb-1-abc", "", ""), Some(Ok(())));
        assert_eq!(found("\u{FEFF}xoxb-1-abc\u{200B}\r\n", "", ""), Some(Ok(())));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "xoxb-1-2-abc\n").unwrap();
        assert_eq!(found(file.path().to_str().unwrap(), "", ""), Some(Ok(())));
        assert_eq!(found("/nonexistent", "", ""), Some(Err(UnusableToken::Unreadable)));
        assert_eq!(found("xoxp-1-2-abc", "", ""), Some(Err(UnusableToken::NotABot)));
        assert_eq!(found("", "", ""), None);
        assert_eq!(found("$SLACK_BOT_TOKEN", "", ""), Some(Err(UnusableToken::Unexpanded)));
    }

    #[test]
    fn an_error_word_comes_with_its_next_step() {
        let of = |status, body: &str| judge("chat.postMessage", Answer::of(status, None, body)).unwrap_err();
        let missing = of(200, r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"identify"}"#);
        assert!(missing.step().starts_with("the bot lacks the scope chat:write; add it"), "{missing:?}");
        assert_eq!(missing.reason(), "missing_scope");
        assert_eq!(of(200, r#"{"ok":false,"error":"ratelimited"}"#), Undelivered::RateLimited);
        assert_eq!(of(200, r#"{"ok":false,"error":"<html>"}"#), Undelivered::NotOk);
        assert_eq!(of(200, "<html>"), Undelivered::NotOk);
        assert_eq!(of(200, "[true]"), Undelivered::NotOk);
        assert_eq!(of(503, ""), Undelivered::ServerError { status: 503 });
    }
}
