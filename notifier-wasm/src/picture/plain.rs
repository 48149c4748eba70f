//! Messages as text for a terminal or a job log.

use super::scene::{Kind, Line, Scene};
use super::span::Span;

pub(super) fn draw<'a>(scenes: impl Iterator<Item = (&'a str, Scene)>) -> String {
    scenes.map(|(caption, scene)| message(caption, &scene)).collect::<Vec<_>>().join("\n")
}

fn message(caption: &str, scene: &Scene) -> String {
    let mut drawn = String::new();
    if !caption.is_empty() {
        drawn += &format!("── {caption}\n");
    }
    let bars = scene.attachments.iter().flat_map(|(_, lines)| lines).map(|line| ("┃ ", line));
    for (bar, line) in scene.lines.iter().map(|line| ("", line)).chain(bars) {
        drawn += &format!("   {bar}{}\n", text(line).replace('\n', &format!("\n   {bar}")));
        // Addresses are below their line: a line of links would be unreadable with them.
        for Span { text, url, .. } in &line.spans {
            if let Some(url) = url.as_ref().filter(|url| *url != text) {
                drawn += &format!("   {bar}  {text}: {url}\n");
            }
        }
    }
    drawn
}

fn text(line: &Line) -> String {
    let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
    match line.kind {
        Kind::Divider => "────────".to_owned(),
        Kind::Unknown => format!("({text} block)"),
        _ => text,
    }
}
