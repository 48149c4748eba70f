//! The part of Slack's Web API that one pipeline's message needs (<https://docs.slack.dev/reference/methods/>): one channel, in which
//! messages are posted, updated and found again.

use serde_json::{Value, json};

/// The bot's ID.
const BOT: &str = "B0NOTIFIER0";

/// The channel's ID.
pub(crate) const CHANNEL: &str = "C0DEPLOYS01";

/// The channel.
#[derive(Default)]
pub(crate) struct Workspace(Vec<Value>);

impl Workspace {
    /// Returns the answer of a method. `asked` has the arguments of a method that reads, `body` those of one that writes.
    pub(crate) fn answer(&mut self, method: &str, asked: &str, body: &Value) -> Value {
        match method {
            "chat.postMessage" => {
                let ts = format!("1795134000.{:06}", self.0.len());
                let mut message = body.clone();
                message["ts"] = json!(ts);
                message["bot_id"] = json!(BOT);
                self.0.push(message);
                json!({"ok": true, "channel": CHANNEL, "ts": ts})
            }
            "chat.update" => match self.0.iter_mut().find(|message| message["ts"] == body["ts"]) {
                Some(message) => {
                    message.clone_from(body);
                    message["bot_id"] = json!(BOT);
                    json!({"ok": true, "channel": CHANNEL, "ts": body["ts"]})
                }
                None => json!({"ok": false, "error": "message_not_found"}),
            },
            // Newest first; only one message if the request names it.
            "conversations.history" => {
                let latest = asked.split('&').find_map(|it| it.strip_prefix("latest="));
                let is_asked = |it: &&Value| latest.map_or(it["thread_ts"].is_null(), |latest| it["ts"] == latest);
                json!({"ok": true, "messages": self.0.iter().rev().filter(is_asked).collect::<Vec<_>>()})
            }
            "conversations.replies" => json!({"ok": true, "messages": self.0}),
            "auth.test" => json!({"ok": true, "bot_id": BOT}),
            _ => json!({"ok": false, "error": "unknown_method"}),
        }
    }
}
