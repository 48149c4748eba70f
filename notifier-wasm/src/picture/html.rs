//! Messages as one HTML page: no script, no font, no image, nothing from outside.

use super::scene::{Kind, Line, Scene};
use super::span::Span;
use crate::text::url::SafeUrl;

const STYLE: &str = include_str!("page.css");

/// Draws the page. An empty `title` means no heading.
pub(super) fn page<'a>(
    title: &str,
    language: &str,
    theme: &str,
    scenes: impl Iterator<Item = (&'a str, Scene)>,
) -> String {
    let title = escape(title);
    let heading = if title.is_empty() { String::new() } else { format!("<h1>{title}</h1>\n") };
    let language = if language == "ko" { "ko" } else { "en" };
    let theme = match theme {
        "light" | "dark" => format!(" style=\"color-scheme: {theme}\""),
        _ => String::new(),
    };
    let messages: String = scenes.map(|(caption, scene)| message(caption, &scene)).collect();
    format!(
        "<!doctype html>\n<html lang=\"{language}\"{theme}>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{heading}{messages}</main>\n</body>\n</html>\n"
    )
}

fn message(caption: &str, scene: &Scene) -> String {
    let caption = if caption.is_empty() { String::new() } else { format!("<h2>{}</h2>\n", escape(caption)) };
    let attachments: String = scene
        .attachments
        .iter()
        .map(|(color, lines)| {
            let color = if is_hex(color) { color } else { "#dddddd" };
            format!("<div class=\"attachment\" style=\"border-color:{color}\">{}</div>\n", draw(lines))
        })
        .collect();
    format!(
        "{caption}<article class=\"message\">\n<div class=\"avatar\" aria-hidden=\"true\">🔔</div>\n<div class=\"body\">\n\
         <div class=\"sender\">Pipeline notifier <span class=\"app\">APP</span></div>\n{}{attachments}</div>\n</article>\n",
        draw(&scene.lines)
    )
}

fn draw(lines: &[Line]) -> String {
    lines.iter().map(line).collect()
}

fn line(line: &Line) -> String {
    let spans: String = line.spans.iter().map(span).collect();
    match line.kind {
        Kind::Text => format!("<p>{spans}</p>\n"),
        Kind::Header => format!("<p class=\"header\">{spans}</p>\n"),
        Kind::Context => format!("<p class=\"context\">{spans}</p>\n"),
        Kind::Preformatted => format!("<pre>{spans}</pre>\n"),
        Kind::Divider => "<hr>\n".to_owned(),
        Kind::Unknown => format!("<p class=\"context\">({spans} block)</p>\n"),
    }
}

fn span(span: &Span) -> String {
    let mut html = escape(&span.text);
    for (wanted, element) in [(span.code, "code"), (span.bold, "b"), (span.italic, "i"), (span.strike, "s")] {
        if wanted {
            html = format!("<{element}>{html}</{element}>");
        }
    }
    if span.mention {
        html = format!("<span class=\"mention\">{html}</span>");
    }
    match span.url.as_deref().map(SafeUrl::parse) {
        // An unsafe address is shown, not linked.
        Some(Some(url)) => format!("<a href=\"{}\" rel=\"noreferrer\">{html}</a>", escape(url.as_str())),
        _ => html,
    }
}

fn is_hex(color: &str) -> bool {
    color.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit()))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_message_becomes_markup() {
        let evil = "\"><script>alert(1)</script>";
        let message = json!({
            "blocks": [
                {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                    {"type": "text", "text": evil}, {"type": "link", "url": "javascript:alert(1)", "text": "x"},
                    {"type": "link", "url": format!("https://a.example/{evil}"), "text": evil}, {"type": "emoji", "name": evil}]}]},
                {"type": "section", "text": {"type": "mrkdwn", "text": "<javascript:alert(1)|y> &lt;b&gt;"}},
                {"type": evil},
            ],
            "attachments": [{"color": "red\" onload=\"x", "fallback": evil}],
        });
        let page = page(evil, evil, evil, [(evil, Scene::of(&message))].into_iter());
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("href=\"javascript"), "{page}");
        assert!(!page.contains("onload=\""), "{page}");
    }
}
