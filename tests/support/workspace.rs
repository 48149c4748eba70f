//! A Slack workspace on loopback: the Web API methods that a bot uses, with channels, threads, metadata, scopes, pages and refusals
//! (<https://docs.slack.dev/reference/methods/>). It checks each message against Slack's limits on arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::support::loopback::{Reply, Request, Server};
use crate::support::slack_limits;

pub(crate) const TOKEN: &str = "xoxb-000000000001-000000000002-s3cr3tb0tt0ken";
/// The channel that the bot is in.
pub(crate) const DEPLOYS: &str = "C0DEPLOYS1";
/// The operators' channel, which the bot is in, too.
pub(crate) const OPS: &str = "C0OPERATOR";
/// A channel that the bot is not in.
pub(crate) const PRIVATE: &str = "C0PRIVATE1";

/// The ID of the bot.
const BOT: &str = "B0NOTIFIER";

/// A message of a channel in its current state.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) channel: String,
    pub(crate) ts: String,
    pub(crate) thread_ts: Option<String>,
    pub(crate) broadcast: bool,
    /// The app that posted it.
    author: &'static str,
    pub(crate) body: Map<String, Value>,
    /// The body as first posted.
    posted: Map<String, Value>,
    /// The number of updates.
    pub(crate) updates: usize,
}

impl Message {
    pub(crate) fn text(&self) -> &str {
        self.body["text"].as_str().unwrap()
    }
}

/// The workspace and its faults.
pub(crate) struct Workspace {
    scopes: BTreeSet<&'static str>,
    people: BTreeMap<&'static str, &'static str>,
    messages: Vec<Message>,
    clock: u32,
    /// The app that posts now.
    author: &'static str,
    /// The number of messages on a page of a channel's history or of a thread's replies.
    pub(crate) page: usize,
    /// Methods that first answer 429, how many times, and their `Retry-After` in seconds.
    pub(crate) limited: BTreeMap<&'static str, (usize, u32)>,
    /// The number of calls before the token is revoked.
    pub(crate) calls_left: Option<usize>,
    /// True if each page of a thread has a next one.
    pub(crate) is_endless: bool,
    /// Methods that answer with this error.
    pub(crate) refused: BTreeMap<&'static str, &'static str>,
    /// The error for messages to people.
    pub(crate) no_direct_messages: Option<&'static str>,
    /// Parts of a message that Slack refuses, and its error: an argument such as `thread_ts`, or `mention`.
    pub(crate) refused_parts: Vec<(&'static str, &'static str)>,
}

impl Workspace {
    /// Returns a workspace that grants all scopes.
    pub(crate) fn new() -> Self {
        Self {
            scopes: ["chat:write", "chat:write.public", "channels:history", "users:read", "users:read.email"].into(),
            people: [("minsu.kim@corp.example", "U0MINSUKIM"), ("jiwoo.park@corp.example", "U0JIWOOPAR")].into(),
            messages: Vec::new(),
            clock: 0,
            author: BOT,
            page: 100,
            limited: BTreeMap::new(),
            calls_left: None,
            is_endless: false,
            refused: BTreeMap::new(),
            no_direct_messages: None,
            refused_parts: Vec::new(),
        }
    }

    /// Grants only these scopes.
    pub(crate) fn only(mut self, scopes: &[&'static str]) -> Self {
        self.scopes = scopes.iter().copied().collect();
        self
    }

    pub(crate) fn without(mut self, scope: &str) -> Self {
        self.scopes.retain(|granted| *granted != scope);
        self
    }

    /// Posts messages of other people.
    pub(crate) fn chatter(&mut self, count: usize) {
        for number in 0..count {
            let body = json!({"text": format!("chatter {number}")});
            self.push(DEPLOYS, None, false, body.as_object().unwrap().clone());
        }
    }

    /// Lets another app post copies of all messages in a channel, with their metadata, as messages and as replies to each.
    pub(crate) fn replay(&mut self, channel: &str) {
        self.author = "B0EVILAPP1";
        for message in self.messages.clone().into_iter().filter(|it| it.channel == channel) {
            self.push(channel, message.thread_ts.clone(), false, message.body.clone());
            self.push(channel, Some(message.thread_ts.unwrap_or(message.ts)), false, message.body);
        }
        self.author = BOT;
    }

    /// Posts replies of other people in a thread.
    pub(crate) fn discussion(&mut self, thread: &str, count: usize) {
        for number in 0..count {
            let body = json!({"text": format!("chatter {number}")});
            self.push(DEPLOYS, Some(thread.to_owned()), false, body.as_object().unwrap().clone());
        }
    }

    /// Returns the messages of a channel outside threads, without chatter.
    pub(crate) fn top_level(&self, channel: &str) -> Vec<Message> {
        let here = self.messages.iter().filter(|it| it.channel == channel && it.thread_ts.is_none());
        here.filter(|it| !it.text().starts_with("chatter")).cloned().collect()
    }

    /// Returns all messages and replies of a channel in order, as first posted.
    pub(crate) fn everything(&self, channel: &str) -> Vec<Message> {
        let posted = |message: &Message| Message { body: message.posted.clone(), ..message.clone() };
        self.messages.iter().filter(|it| it.channel == channel).map(posted).collect()
    }

    pub(crate) fn replies(&self) -> Vec<Message> {
        self.messages.iter().filter(|it| it.thread_ts.is_some()).cloned().collect()
    }

    pub(crate) fn delete(&mut self, ts: &str) {
        self.messages.retain(|message| message.ts != ts);
    }

    fn push(&mut self, channel: &str, thread_ts: Option<String>, broadcast: bool, body: Map<String, Value>) -> String {
        self.clock += 1;
        let ts = format!("{}.{:06}", 1_795_134_000 + self.clock, self.clock);
        let posted = body.clone();
        let channel = channel.into();
        let author = self.author;
        self.messages.push(Message { channel, ts: ts.clone(), thread_ts, broadcast, author, body, posted, updates: 0 });
        ts
    }

    /// Returns status, extra headers and body.
    pub(crate) fn answer(&mut self, request: &Request) -> (u16, String, String) {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let method = path.rsplit('/').next().unwrap();
        let scopes = self.scopes.iter().copied().collect::<Vec<_>>().join(",");
        if let Some((times, seconds)) = self.limited.get_mut(method).filter(|(times, _)| *times > 0) {
            *times -= 1;
            let body = json!({"ok": false, "error": "ratelimited"}).to_string();
            return (429, format!("Retry-After: {seconds}\r\n"), body);
        }
        let answer = self.call(method, request, query);
        (200, format!("X-OAuth-Scopes: {scopes}\r\nContent-Type: application/json\r\n"), answer.to_string())
    }

    fn call(&mut self, method: &str, request: &Request, query: &str) -> Value {
        let error = |word: &str| json!({"ok": false, "error": word});
        if request.header("Authorization") != Some(&format!("Bearer {TOKEN}")) {
            return error("invalid_auth");
        }
        match &mut self.calls_left {
            Some(0) => return error("token_revoked"),
            Some(left) => *left -= 1,
            None => {}
        }
        if let Some(word) = self.refused.get(method) {
            return error(word);
        }
        let needed = match method {
            "chat.postMessage" | "chat.update" => Some("chat:write"),
            "conversations.history" | "conversations.replies" => Some("channels:history"),
            "users.lookupByEmail" => Some("users:read.email"),
            "auth.test" | "chat.getPermalink" | "blocks.validate" => None,
            other => panic!("{other} is no method of this workspace"),
        };
        // The scope of a classic app's bot is for everything that a bot does (https://docs.slack.dev/legacy/legacy-bot-users/).
        let is_classic = ["bot", "bot:basic"].iter().any(|scope| self.scopes.contains(scope));
        if let Some(needed) = needed.filter(|needed| !self.scopes.contains(needed) && !is_classic) {
            return json!({"ok": false, "error": "missing_scope", "needed": needed, "provided": "identify"});
        }
        let decode = |value: &str| value.replace("%40", "@").replace("%3A", ":").replace("%3D", "=");
        let asked: BTreeMap<&str, String> =
            query.split('&').filter_map(|it| it.split_once('=')).map(|(name, value)| (name, decode(value))).collect();
        let asked = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        match method {
            "auth.test" => json!({"ok": true, "team": "Commerce", "user": "pipeline-notifier", "bot_id": BOT}),
            "blocks.validate" => json!({"ok": true}),
            "chat.postMessage" => self.post(request.json()),
            "chat.update" => self.update(request.json()),
            "conversations.history" => {
                let latest = Some(asked("latest")).filter(|latest| !latest.is_empty());
                let is_inclusive = asked("inclusive") == "true";
                self.history(asked("channel"), asked("cursor"), latest, is_inclusive, asked("limit"))
            }
            "conversations.replies" => self.thread(asked("channel"), asked("ts"), asked("cursor"), asked("limit")),
            "users.lookupByEmail" => match self.people.get(asked("email")) {
                Some(id) => json!({"ok": true, "user": {"id": id, "name": "somebody"}}),
                None => error("users_not_found"),
            },
            _ => match self.messages.iter().find(|it| it.channel == asked("channel") && it.ts == asked("message_ts")) {
                Some(it) => {
                    let link =
                        format!("https://commerce.slack.com/archives/{}/p{}", it.channel, it.ts.replace('.', ""));
                    json!({"ok": true, "channel": it.channel, "permalink": link})
                }
                None => error("message_not_found"),
            },
        }
    }

    fn post(&mut self, mut body: Value) -> Value {
        slack_limits::check(&body_of(&body)).unwrap();
        let named = body["channel"].as_str().unwrap().trim_start_matches('#').to_owned();
        if let Some(person) = self.people.values().find(|id| **id == named).copied() {
            // A person's ID opens the conversation with the bot, and the answer has that channel.
            if let Some(word) = self.no_direct_messages {
                return json!({"ok": false, "error": word});
            }
            let ts = self.push(person, None, false, body.as_object_mut().unwrap().clone());
            return json!({"ok": true, "channel": person.replacen('U', "D", 1), "ts": ts, "message": body});
        }
        let channel = match named.as_str() {
            "deploys" => DEPLOYS,
            DEPLOYS | OPS | PRIVATE => &named,
            _ => return json!({"ok": false, "error": "channel_not_found"}),
        };
        if channel == PRIVATE {
            return json!({"ok": false, "error": "not_in_channel"});
        }
        if let Some(word) = self.refusal(&body) {
            return json!({"ok": false, "error": word});
        }
        let thread_ts = body["thread_ts"].as_str().map(str::to_owned);
        if let Some(parent) = &thread_ts
            && !self.messages.iter().any(|it| it.ts == *parent && it.channel == channel && it.thread_ts.is_none())
        {
            return json!({"ok": false, "error": "thread_not_found"});
        }
        let broadcast = body["reply_broadcast"] == true;
        let ts = self.push(channel, thread_ts, broadcast, body.as_object_mut().unwrap().clone());
        json!({"ok": true, "channel": channel, "ts": ts, "message": body})
    }

    /// Returns the error for the first part of a message that Slack refuses.
    fn refusal(&self, body: &Value) -> Option<&'static str> {
        let has = |part: &str| match part {
            "mention" if body["blocks"].is_null() => {
                ["<!", "<@"].iter().any(|it| body["text"].to_string().contains(it))
            }
            "mention" => !slack_limits::mentions(body).is_empty(),
            "blocks" => body["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty()),
            argument => !body[argument].is_null(),
        };
        self.refused_parts.iter().find(|(part, _)| has(part)).map(|(_, word)| *word)
    }

    fn update(&mut self, body: Value) -> Value {
        // An empty list removes the blocks that were there (https://docs.slack.dev/reference/methods/chat.update/).
        let mut shown = body_of(&body);
        shown.as_object_mut().unwrap().retain(|_, value| *value != json!([]));
        slack_limits::check(&shown).unwrap();
        if let Some(word) = self.refusal(&body) {
            return json!({"ok": false, "error": word});
        }
        let found =
            self.messages.iter_mut().find(|it| body["ts"] == it.ts.as_str() && body["channel"] == it.channel.as_str());
        let Some(message) = found else { return json!({"ok": false, "error": "message_not_found"}) };
        message.updates += 1;
        message.body.clone_from(body.as_object().unwrap());
        json!({"ok": true, "channel": message.channel, "ts": message.ts})
    }

    /// Returns a page of a thread, oldest first.
    fn thread(&self, channel: &str, ts: &str, cursor: &str, limit: &str) -> Value {
        if self.is_endless {
            let next = cursor.parse::<u64>().unwrap_or(0) + 1;
            return json!({"ok": true, "messages": [], "response_metadata": {"next_cursor": next.to_string()}});
        }
        let of_thread = |it: &&Message| it.channel == channel && (it.ts == ts || it.thread_ts.as_deref() == Some(ts));
        self.page_of(self.messages.iter().filter(of_thread).map(shown).collect(), cursor, limit)
    }

    fn history(&self, channel: &str, cursor: &str, latest: Option<&str>, is_inclusive: bool, limit: &str) -> Value {
        if channel == PRIVATE {
            return json!({"ok": false, "error": "not_in_channel"});
        }
        let all: Vec<Value> = self
            .messages
            .iter()
            .rev()
            .filter(|it| it.channel == channel && (it.thread_ts.is_none() || it.broadcast))
            .filter(|it| latest.is_none_or(|latest| &*it.ts < latest || is_inclusive && it.ts == latest))
            .map(shown)
            .collect();
        self.page_of(all, cursor, limit)
    }

    fn page_of(&self, all: Vec<Value>, cursor: &str, limit: &str) -> Value {
        let (start, page) = (cursor.parse().unwrap_or(0), self.page.min(limit.parse().unwrap_or(100)));
        let next = if start + page < all.len() { (start + page).to_string() } else { String::new() };
        let messages: Vec<&Value> = all.iter().skip(start).take(page).collect();
        json!({"ok": true, "messages": messages, "response_metadata": {"next_cursor": next}})
    }
}

/// Returns a message in the format of a list.
fn shown(message: &Message) -> Value {
    let metadata = message.body.get("metadata");
    let mut shown = json!({"ts": message.ts, "text": message.text(), "bot_id": message.author, "metadata": metadata});
    if let Some(thread) = &message.thread_ts {
        shown["thread_ts"] = thread.as_str().into();
    }
    shown
}

/// Returns only the message of a request.
fn body_of(request: &Value) -> Value {
    let mut body = request.as_object().unwrap().clone();
    for key in ["channel", "ts", "thread_ts", "reply_broadcast", "metadata"] {
        body.remove(key);
    }
    Value::Object(body)
}

/// Starts a server and returns it with its workspace.
pub(crate) fn slack(workspace: Workspace) -> (Server, Arc<Mutex<Workspace>>) {
    let workspace = Arc::new(Mutex::new(workspace));
    (Server::start([Reply::Workspace(Arc::clone(&workspace))]), workspace)
}
