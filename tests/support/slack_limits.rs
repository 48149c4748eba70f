//! Checks Slack's limits independently of the code that made the message. The `slackblocks` crate checks some,
//! and our own assertions check the rest.

use serde_json::Value;
use slackblocks::WebhookMessage;

/// The largest known size of all blocks that Slack accepts, in characters (slackapi/bolt-js#2509).
const MAX_BLOCKS: usize = 12_000;

pub(crate) fn check(body: &Value) -> Result<(), String> {
    let known: WebhookMessage =
        serde_json::from_value(without_broadcasts(body)).map_err(|it| format!("slackblocks: {it}"))?;
    drop(known);

    let text = body["text"].as_str().unwrap_or_default();
    ensure(!text.is_empty() && text.chars().count() <= 4000, "text is missing or longer than 4,000")?;
    // A text without blocks mentions people itself.
    let is_alone = body["blocks"].as_array().is_none_or(Vec::is_empty);
    ensure(has_no_stray_token(text, is_alone), "text has a raw < or >")?;
    ensure(body["unfurl_links"] == false && body["unfurl_media"] == false, "links would unfurl")?;
    ensure(body["blocks"].to_string().chars().count() <= MAX_BLOCKS, "blocks are too large")?;
    for attachment in body["attachments"].as_array().into_iter().flatten() {
        let keys: Vec<&String> = attachment.as_object().unwrap().keys().collect();
        ensure(
            keys == ["blocks", "color", "fallback"],
            "an attachment has other keys than color, fallback and blocks",
        )?;
        let color = attachment["color"].as_str().unwrap_or_default();
        let is_hex = color.len() == 7 && color.starts_with('#') && color[1..].bytes().all(|b| b.is_ascii_hexdigit());
        ensure(is_hex, "an attachment's colour is not #rrggbb")?;
    }
    for (at, mrkdwn) in mrkdwn_texts(body) {
        ensure(has_no_stray_token(&mrkdwn, false), &format!("{at} has a raw < or >"))?;
    }
    for object in objects(body).filter(|object| object["type"] == "mrkdwn") {
        ensure(object["verbatim"] == true, "a mrkdwn object is not verbatim")?;
        // https://docs.slack.dev/reference/block-kit/composition-objects/text-object
        let length = object["text"].as_str().unwrap_or_default().chars().count();
        ensure((1..=3000).contains(&length), "a mrkdwn object is empty or over 3,000")?;
    }
    for block in objects(body).filter(|object| object["type"] == "rich_text") {
        let size: usize = elements(block).map(|it| length(&it["text"]) + length(&it["url"])).sum();
        ensure(elements(block).count() > 0 && size <= 3000, "a rich_text block is empty or over 3,000")?;
    }
    for holder in objects(body) {
        let is_empty = |key: &str| holder[key].as_array().is_some_and(Vec::is_empty);
        ensure(!is_empty("elements") && !is_empty("blocks"), "a list of elements or blocks is empty")?;
    }
    Ok(())
}

/// Replaces `broadcast` elements by plain text: slackblocks 3.2 lacks them, but Slack has them (@slack/types,
/// `RichTextBroadcastMention`).
fn without_broadcasts(value: &Value) -> Value {
    match value {
        Value::Object(fields) if value["type"] == "broadcast" => {
            serde_json::json!({"type": "text", "text": fields["range"]})
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, it)| (key.clone(), without_broadcasts(it))).collect())
        }
        Value::Array(items) => items.iter().map(without_broadcasts).collect(),
        other => other.clone(),
    }
}

/// Returns all mrkdwn texts of a body, each with its object.
pub(crate) fn mrkdwn_texts(body: &Value) -> Vec<(String, String)> {
    objects(body)
        .filter(|object| object["type"] == "mrkdwn")
        .map(|object| (object.to_string(), object["text"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Returns all elements of rich text below a value.
pub(crate) fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    objects(value)
        .filter(|object| object["type"] == "rich_text_section" || object["type"] == "rich_text_preformatted")
        .flat_map(|section| section["elements"].as_array().unwrap())
}

/// Returns a value and all objects below it.
fn objects(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(fields) => Box::new(std::iter::once(value).chain(fields.values().flat_map(objects))),
        Value::Array(items) => Box::new(items.iter().flat_map(objects)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Returns the mentions of a body: users, groups and everybody.
pub(crate) fn mentions(body: &Value) -> Vec<String> {
    elements(body)
        .filter_map(|it| it["user_id"].as_str().or(it["usergroup_id"].as_str()).or(it["range"].as_str()))
        .map(str::to_owned)
        .collect()
}

/// Returns true if every `<` opens a link or an allowed mention that its `>` closes, and every `&` starts an entity.
fn has_no_stray_token(mrkdwn: &str, may_mention: bool) -> bool {
    let mut rest = mrkdwn;
    while let Some(at) = rest.find(['<', '>']) {
        let Some(token) = rest[at..].strip_prefix('<').and_then(|inside| inside.split_once('>')) else { return false };
        // The token is a link, or a date in the reader's time zone.
        let is_mention = ["@U", "!subteam^", "!here", "!channel"].iter().any(|it| token.0.starts_with(it));
        let is_ours = token.0.starts_with("http") || token.0.starts_with("!date^") || is_mention && may_mention;
        if !is_ours || token.0.contains('<') {
            return false;
        }
        rest = token.1;
    }
    mrkdwn.split('&').skip(1).all(|rest| ["amp;", "lt;", "gt;"].iter().any(|entity| rest.starts_with(entity)))
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

#[test]
fn the_check_itself_refuses_what_slack_would() {
    let good =
        serde_json::json!({"text": "x", "unfurl_links": false, "unfurl_media": false, "blocks": [], "attachments": []});
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        body[path] = value;
        check(&body)
    };
    let context = |text: &str, verbatim: bool| serde_json::json!([{"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": verbatim}]}]);
    assert!(with("blocks", context("x", true)).is_ok());
    assert!(with("blocks", context("x", false)).is_err());
    assert!(with("blocks", context("<!here>", true)).is_err());
    assert!(with("blocks", context("a & b", true)).is_err());
    assert!(with("blocks", context(&"x".repeat(3001), true)).is_err());
    assert!(with("blocks", serde_json::json!([{"type": "context", "elements": []}])).is_err());
    assert!(with("blocks", serde_json::json!([{"type": "nonsense"}])).is_err());
    assert!(with("text", "".into()).is_err());
    assert!(with("text", "x".repeat(4001).into()).is_err());
    assert!(
        with("attachments", serde_json::json!([{"color": "danger", "fallback": "x", "blocks": context("x", true)}]))
            .is_err()
    );
}
