//! Slack's mrkdwn (<https://docs.slack.dev/messaging/formatting-message-text>).
//!
//! Only `&`, `<` and `>` are escaped there; mrkdwn has no escape for `*`, `_`, `~` and the backtick.
//! Text from outside is cleaned (`text`) before it comes here. It is cut before it is escaped, so that
//! a cut never splits an entity.

use crate::text::url::SafeUrl;

/// Writes `&`, `<` and `>` as entities, so that no text becomes a link, a mention or a date.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns text that a `verbatim` mrkdwn object shows as it was typed.
///
/// A lookalike replaces each formatting mark that could open or close a span. A mark inside a word
/// (`feature_x`) formats nothing and stays.
pub(crate) fn literal(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let in_word = |at: usize| characters.get(at).is_some_and(|c| c.is_alphanumeric());
    let inert = |(at, &mark): (usize, &char)| {
        let inside_a_word = at > 0 && in_word(at - 1) && in_word(at + 1);
        match mark {
            '`' => 'ˋ',
            '*' if !inside_a_word => '∗',
            '_' if !inside_a_word => '＿',
            '~' if !inside_a_word => '∼',
            other => other,
        }
    };
    escape(&characters.iter().enumerate().map(inert).collect::<String>())
}

/// A link. `|` would end the address, `|` and `>` the label.
pub(crate) fn link(url: &SafeUrl, label: &str) -> String {
    format!("<{}|{}>", escape(url.as_str()), literal(&label.replace('|', "¦")))
}

/// Returns text for the top-level `text` of a message, which Slack parses without `verbatim`. Besides
/// [`escape`], it breaks broadcasts and addresses visibly.
pub(crate) fn top_level(text: &str) -> String {
    literal(&without_effects(text))
}

/// Breaks broadcasts and addresses visibly.
fn without_effects(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        inert.push_str(before);
        let broadcast = ["channel", "here", "everyone", "all", "group"]
            .iter()
            .any(|word| after.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
        inert.push(if broadcast { '＠' } else { '@' });
        rest = after;
    }
    inert.push_str(rest);
    inert.replace("://", "[:]//")
}

/// Returns text for a server that reads Markdown in the top-level text, as Mattermost does
/// (<https://docs.mattermost.com/collaborate/format-messages.html>): besides [`top_level`], no text is a link or a mention there.
pub(crate) fn markdown(text: &str) -> String {
    literal(&markdown_label(text))
}

/// Returns the label of a [`link`] for such a server.
pub(crate) fn markdown_label(text: &str) -> String {
    let inert = |c| match c {
        '[' => '［',
        ']' => '］',
        '@' => '＠',
        other => other,
    };
    without_effects(&text.chars().map(inert).collect::<String>().replace("www.", "www[.]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_a_link_or_a_mention() {
        assert_eq!(literal("<!channel> <https://evil|ok> &lt;"), "&lt;!channel&gt; &lt;https://evil|ok&gt; &amp;lt;");
    }

    #[test]
    fn nothing_from_outside_is_markdown() {
        assert_eq!(markdown("x](https://evil.example)"), "x］(https[:]//evil.example)");
        assert_eq!(markdown("[Approve](evil.example) @channel @minsu"), "［Approve］(evil.example) ＠channel ＠minsu");
        assert_eq!(markdown("![x](www.evil.example)"), "!［x］(www[.]evil.example)");
    }

    #[test]
    fn formatting_marks_show_as_text() {
        assert_eq!(literal("*x* _y_ ~z~ `w`"), "∗x∗ ＿y＿ ∼z∼ ˋwˋ");
        assert_eq!(literal("my_branch_name 2*3"), "my_branch_name 2*3");
    }

    #[test]
    fn a_label_cannot_end_its_link() {
        let url = SafeUrl::parse("https://a.example/?x=1&y=2").unwrap();
        assert_eq!(link(&url, "a|b>c"), "<https://a.example/?x=1&amp;y=2|a¦b&gt;c>");
    }

    #[test]
    fn broadcasts_and_addresses_are_broken_in_the_top_level_text() {
        assert_eq!(top_level("@channel @Everyone me@example.com"), "＠channel ＠Everyone me@example.com");
        assert_eq!(top_level("https://evil.example"), "https[:]//evil.example");
        assert_eq!(top_level("@"), "@");
    }
}
