//! The visible parts of a Slack message, for any kind of drawing.

use serde_json::Value;

use super::mrkdwn;
use super::span::{Span, emoji, with_emoji};

/// One message: the lines outside of attachments, then the attachments with their bars.
pub(super) struct Scene {
    pub(super) lines: Vec<Line>,
    pub(super) attachments: Vec<(String, Vec<Line>)>,
}

pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Header,
    /// Small and grey.
    Context,
    Preformatted,
    Divider,
    /// A block that is not drawn; its type is the text.
    Unknown,
}

impl Scene {
    pub(super) fn of(message: &Value) -> Self {
        let mut lines = blocks(message);
        if lines.is_empty() {
            lines.extend(mrkdwn_lines(&message["text"], Kind::Text));
        }
        let attachments = array(&message["attachments"])
            .map(|attachment| (string(&attachment["color"]), attachment_lines(attachment)))
            .collect();
        Self { lines, attachments }
    }
}

fn attachment_lines(attachment: &Value) -> Vec<Line> {
    let lines = blocks(attachment);
    if !lines.is_empty() {
        return lines;
    }
    let text = if attachment["text"].is_string() { &attachment["text"] } else { &attachment["fallback"] };
    mrkdwn_lines(text, Kind::Text).collect()
}

fn blocks(holder: &Value) -> Vec<Line> {
    lines(&holder["blocks"], block)
}

/// Returns the lines of all entries of a list. One loop for all lists keeps the module small.
fn lines(list: &Value, of: fn(&Value) -> Vec<Line>) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in array(list) {
        lines.append(&mut of(entry));
    }
    lines
}

fn block(block: &Value) -> Vec<Line> {
    match string(&block["type"]).as_str() {
        "rich_text" => lines(&block["elements"], rich_text),
        "section" => {
            let mut section = text_object(&block["text"], Kind::Text);
            section.append(&mut lines(&block["fields"], |field| text_object(field, Kind::Text)));
            section
        }
        "header" => text_object(&block["text"], Kind::Header),
        "context" => {
            let mut lines: Vec<Line> = Vec::new();
            for element in array(&block["elements"]) {
                let mut of_element = text_object(element, Kind::Context).into_iter();
                // Elements share a line, and one of several lines begins in it.
                match (lines.last_mut(), of_element.next()) {
                    (Some(last), Some(first)) => {
                        last.spans.extend([Span::text("     ")].into_iter().chain(first.spans));
                    }
                    (_, first) => lines.extend(first),
                }
                lines.extend(of_element);
            }
            lines
        }
        "divider" => vec![Line { kind: Kind::Divider, spans: Vec::new() }],
        other => vec![Line { kind: Kind::Unknown, spans: vec![Span::text(other)] }],
    }
}

fn rich_text(element: &Value) -> Vec<Line> {
    let spans = |element: &Value| array(&element["elements"]).map(rich_text_span).collect();
    match string(&element["type"]).as_str() {
        "rich_text_list" => array(&element["elements"])
            .map(|item| {
                let mut line: Vec<Span> = spans(item);
                line.insert(0, Span::text("• "));
                Line { kind: Kind::Text, spans: line }
            })
            .collect(),
        "rich_text_preformatted" => vec![Line { kind: Kind::Preformatted, spans: spans(element) }],
        _ => lines_of(spans(element)),
    }
}

/// Breaks the text of a section into its lines.
fn lines_of(spans: Vec<Span>) -> Vec<Line> {
    let mut lines = vec![Line { kind: Kind::Text, spans: Vec::new() }];
    for span in spans {
        for (number, text) in span.text.split('\n').enumerate() {
            if number > 0 {
                lines.push(Line { kind: Kind::Text, spans: Vec::new() });
            }
            if let Some(line) = lines.last_mut() {
                line.spans.push(Span { text: text.to_owned(), ..span.clone() });
            }
        }
    }
    lines
}

fn rich_text_span(element: &Value) -> Span {
    let text = string(&element["text"]);
    let style = |name: &str| element["style"][name].as_bool().unwrap_or(false);
    let base = Span {
        bold: style("bold"),
        italic: style("italic"),
        strike: style("strike"),
        code: style("code"),
        ..Span::default()
    };
    match string(&element["type"]).as_str() {
        "link" => {
            let url = string(&element["url"]);
            Span { text: if text.is_empty() { url.clone() } else { text }, url: Some(url), ..base }
        }
        "emoji" => Span { text: emoji(&string(&element["name"])), ..base },
        "user" => Span::mention(format!("@{}", string(&element["user_id"]))),
        "usergroup" => Span::mention(format!("@{}", string(&element["usergroup_id"]))),
        "broadcast" => Span::mention(format!("@{}", string(&element["range"]))),
        "channel" => Span::mention(format!("#{}", string(&element["channel_id"]))),
        _ => Span { text, ..base },
    }
}

fn text_object(object: &Value, kind: Kind) -> Vec<Line> {
    if object["type"] == "mrkdwn" {
        mrkdwn_lines(&object["text"], kind).collect()
    } else {
        string(&object["text"]).lines().map(|line| Line { kind, spans: vec![Span::text(with_emoji(line))] }).collect()
    }
}

fn mrkdwn_lines(text: &Value, kind: Kind) -> impl Iterator<Item = Line> {
    text.as_str().unwrap_or_default().lines().map(move |line| Line { kind, spans: mrkdwn::spans(line) })
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
