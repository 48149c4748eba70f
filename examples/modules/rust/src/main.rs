//! A message module in Rust: one line for every event, and the commits of main in a block of its own.
//!
//!     cargo build --release --target wasm32-wasip1
//!     pipeline-notifier module check target/wasm32-wasip1/release/message.wasm

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read, Write, stdin, stdout};

use serde::Deserialize;
use serde_json::{Value, json};

/// The parts of `schemas/context.v1.json` that this module reads. It ignores all others, later ones included.
#[derive(Deserialize)]
struct Context {
    version: u64,
    event: String,
    ci: BTreeMap<String, String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = String::new();
    stdin().read_to_string(&mut input)?;
    let context: Context = serde_json::from_str(&input)?;
    if context.version != 1 {
        return Err(format!("the context has version {}, this module speaks version 1", context.version).into());
    }
    stdout().write_all(message(&context).to_string().as_bytes())?;
    Ok(())
}

/// Returns a message by `schemas/message.v1.json`.
fn message(context: &Context) -> Value {
    let of = |name: &str| context.ci.get(name).map_or("?", |value| value.as_str());
    let (project, branch) = (of("CI_PROJECT_NAME"), of("CI_COMMIT_REF_NAME"));
    let event = match (context.event.as_str(), of("CI_JOB_STATUS")) {
        ("deploy-finished", status) => format!("deploy {status}"),
        (event, _) => event.replace('-', " "),
    };
    let text = shown(&format!("From Rust: {project}, {event} on {branch}"));
    let mut message = json!({"text": text, "unfurl_links": false, "unfurl_media": false});
    if let Some(commit) = context.ci.get("CI_COMMIT_TITLE").filter(|_| branch == "main") {
        // Slack does not parse rich_text, so it needs no escaping.
        let commit = json!({"type": "text", "text": cut(commit), "style": {"italic": true}});
        let section = json!({"type": "rich_text_section", "elements": [{"type": "text", "text": "Commit "}, commit]});
        let headline = json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
        message["blocks"] = json!([headline, {"type": "rich_text", "elements": [section]}]);
    }
    json!({"version": 1, "message": message, "summary": "a team's own message"})
}

/// Cuts and escapes a text for Slack's mrkdwn: <https://docs.slack.dev/messaging/formatting-message-text/#escaping>.
fn shown(text: &str) -> String {
    cut(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cuts a text to a few lines, and replaces an empty one.
fn cut(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.chars().take(300).collect() }
}
