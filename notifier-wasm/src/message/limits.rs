//! The parts of a message that Slack would refuse or cut, for people who write a module or a settings file.
//!
//! Slack documents some of the limits (<https://docs.slack.dev/reference/block-kit/blocks>,
//! <https://docs.slack.dev/reference/methods/chat.postMessage>), its SDKs' types the rest (slackapi/node-slack-sdk,
//! `packages/types/src`). Only Slack itself knows all of them.

use serde_json::Value;

/// The most characters of `text`. Slack cuts, splits or refuses more.
const MAX_TEXT: usize = 4000;
/// The most characters of all blocks. `msg_blocks_too_long` was seen at 13,200 (slackapi/bolt-js#2509).
const MAX_TOTAL: usize = 12_000;
const MAX_BLOCKS: usize = 50;
const MAX_ATTACHMENTS: usize = 100;
const MAX_SECTION: usize = 3000;
const MAX_FIELD: usize = 2000;
const MAX_HEADER: usize = 150;

/// Returns each fault as a sentence, with its position.
pub(crate) fn faults(body: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    match body["text"].as_str() {
        None | Some("") => faults.push("`text` is missing: phones and screen readers would say nothing".to_owned()),
        Some(text) => at_most(&mut faults, "`text`", length(text), MAX_TEXT),
    }
    holder("", body, &mut faults);
    let attachments = list(&body["attachments"]);
    count(&mut faults, "`attachments`", attachments.len(), MAX_ATTACHMENTS, "attachments");
    for (number, attachment) in attachments.iter().enumerate() {
        let place = format!("attachment {}, ", number + 1);
        holder(&place, attachment, &mut faults);
        let color = attachment["color"].as_str();
        let is_hex = |color: &str| {
            color.len() == 7 && color.starts_with('#') && color[1..].bytes().all(|b| b.is_ascii_hexdigit())
        };
        if color.is_some_and(|color| !is_hex(color)) && attachment["blocks"].is_array() {
            faults.push(format!("{place}`color` is no #rrggbb and turns grey beside blocks"));
        }
        if attachment["blocks"].is_array() && attachment["text"].is_string() {
            faults.push(format!("{place}`text` beside `blocks` is refused (invalid_attachments)"));
        }
    }
    faults
}

/// Checks the blocks of a message or of an attachment.
fn holder(place: &str, holder: &Value, faults: &mut Vec<String>) {
    let blocks = list(&holder["blocks"]);
    count(faults, &format!("{place}`blocks`"), blocks.len(), MAX_BLOCKS, "blocks");
    at_most(faults, &format!("{place}all blocks together"), length(&holder["blocks"].to_string()), MAX_TOTAL);
    for (number, it) in blocks.iter().enumerate() {
        block(&format!("{place}block {}", number + 1), it, faults);
    }
}

fn block(place: &str, block: &Value, faults: &mut Vec<String>) {
    let elements = list(&block["elements"]);
    match block["type"].as_str().unwrap_or_default() {
        "rich_text" => {
            let size = leaves(&block["elements"]);
            if size == 0 {
                faults.push(format!("{place}: an empty rich_text is refused (invalid_blocks)"));
            }
            at_most(faults, &format!("{place}: the texts and addresses of a rich_text"), size, MAX_SECTION);
        }
        "section" => {
            let fields = list(&block["fields"]);
            text_object(&format!("{place}: `text`"), &block["text"], MAX_SECTION, faults);
            if block["text"].is_null() && fields.is_empty() {
                faults.push(format!("{place}: a section has neither `text` nor `fields`"));
            }
            count(faults, &format!("{place}: `fields`"), fields.len(), 10, "fields");
            for field in fields {
                text_object(&format!("{place}: a field"), field, MAX_FIELD, faults);
            }
        }
        "header" => {
            text_object(&format!("{place}: `text`"), &block["text"], MAX_HEADER, faults);
            if block["text"]["type"] != "plain_text" {
                faults.push(format!("{place}: a header takes plain_text only"));
            }
        }
        "context" => {
            if elements.is_empty() {
                faults.push(format!("{place}: a context has no elements"));
            }
            count(faults, &format!("{place}: `elements`"), elements.len(), 10, "elements");
            for element in elements {
                text_object(&format!("{place}: an element"), element, MAX_SECTION, faults);
            }
        }
        "actions" => count(faults, &format!("{place}: `elements`"), elements.len(), 25, "elements"),
        "divider" | "image" => {}
        "" => faults.push(format!("{place} has no `type`")),
        other => faults.push(format!(
            "{place} is a {}, which old clients and Slack-compatible servers do not show",
            crate::text::shown(other, 40)
        )),
    }
}

/// Checks that a text is neither empty nor too long.
fn text_object(place: &str, object: &Value, max: usize, faults: &mut Vec<String>) {
    let Some(text) = object["text"].as_str() else { return };
    if text.is_empty() {
        faults.push(format!("{place} is empty"));
    }
    at_most(faults, place, length(text), max);
}

fn at_most(faults: &mut Vec<String>, place: &str, size: usize, max: usize) {
    count(faults, place, size, max, "characters");
}

fn count(faults: &mut Vec<String>, place: &str, size: usize, max: usize, unit: &str) {
    if size > max {
        faults.push(format!("{place}: {size} {unit}, Slack takes {max}"));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Slack counts code points, as far as we know.
fn length(text: &str) -> usize {
    text.chars().count()
}

/// Characters of all texts and addresses below a value; an emoji or a mention counts as one.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Object(fields) if fields.contains_key("elements") => leaves(&fields["elements"]),
        Value::Object(fields) => {
            let size: usize = ["text", "url"].iter().filter_map(|key| fields.get(*key)?.as_str()).map(length).sum();
            if size == 0 && !fields.contains_key("text") { 1 } else { size }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_fault_is_named_by_its_position() {
        let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
        let header = |kind: &str, text: String| json!({"type": "header", "text": {"type": kind, "text": text}});
        let rich = |elements: Value| json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]});
        for (body, expected) in [
            (json!({}), "`text` is missing"),
            (json!({"text": "x".repeat(4001)}), "`text`: 4001 characters, Slack takes 4000"),
            (
                json!({"text": "x", "blocks": vec![json!({"type": "divider"}); 51]}),
                "`blocks`: 51 blocks, Slack takes 50",
            ),
            (json!({"text": "x", "blocks": [section("x".repeat(3001))]}), "block 1: `text`: 3001 characters"),
            (json!({"text": "x", "blocks": [section(String::new())]}), "block 1: `text` is empty"),
            (json!({"text": "x", "blocks": [{"type": "section"}]}), "neither `text` nor `fields`"),
            (
                json!({"text": "x", "blocks": [header("plain_text", "x".repeat(151))]}),
                "151 characters, Slack takes 150",
            ),
            (json!({"text": "x", "blocks": [header("mrkdwn", "x".into())]}), "takes plain_text only"),
            (json!({"text": "x", "blocks": [rich(json!([]))]}), "an empty rich_text"),
            (
                json!({"text": "x", "blocks": [rich(json!([{"type": "text", "text": "x".repeat(3001)}]))]}),
                "3001 characters",
            ),
            (json!({"text": "x", "blocks": [{"type": "context", "elements": []}]}), "a context has no elements"),
            (json!({"text": "x", "blocks": [{"type": "table"}]}), "block 1 is a table"),
            (json!({"text": "x", "blocks": [{}]}), "block 1 has no `type`"),
            (json!({"text": "x", "blocks": vec![section("x".repeat(2500)); 5]}), "all blocks together"),
            (
                json!({"text": "x", "attachments": [{"color": "good", "blocks": []}]}),
                "attachment 1, `color` is no #rrggbb",
            ),
            (json!({"text": "x", "attachments": [{"text": "y", "blocks": []}]}), "(invalid_attachments)"),
        ] {
            let found = faults(&body);
            assert!(found.iter().any(|fault| fault.contains(expected)), "{expected}: {found:?}");
        }
    }

    #[test]
    fn a_sound_message_has_no_fault() {
        let elements = json!([{"type": "emoji", "name": "x"}, {"type": "text", "text": " "}]);
        let body = json!({"text": "x", "blocks": [
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}, {"type": "divider"}],
            "attachments": [{"color": "#E01E5A", "fallback": "x", "blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}]}]}]});
        assert_eq!(faults(&body), Vec::<String>::new());
    }
}
