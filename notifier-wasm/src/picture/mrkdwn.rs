//! Reads Slack's mrkdwn: entities, links, mentions, dates, code and the three styles.

use super::span::{Span, with_emoji};

pub(super) fn spans(line: &str) -> Vec<Span> {
    styled(line, &Span::default())
}

fn styled(line: &str, style: &Span) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    let mut before = None;
    while let Some(mark) = rest.chars().next() {
        let opens = before.is_none_or(|c: char| !c.is_alphanumeric());
        if let Some((found, behind)) = token(rest, style).or_else(|| opens.then(|| span(mark, rest, style)).flatten()) {
            push_text(&mut spans, &mut text, style);
            spans.extend(found);
            rest = behind;
            before = None;
        } else {
            text.push(mark);
            rest = &rest[mark.len_utf8()..];
            before = Some(mark);
        }
    }
    push_text(&mut spans, &mut text, style);
    spans
}

fn push_text(spans: &mut Vec<Span>, text: &mut String, style: &Span) {
    if !text.is_empty() {
        spans.push(Span { text: with_emoji(&unescape(text)), ..style.clone() });
        text.clear();
    }
}

/// Reads `<…>` at the start: a link, a mention or a date. Returns it and the rest.
fn token<'a>(rest: &'a str, style: &Span) -> Option<(Vec<Span>, &'a str)> {
    let (inside, behind) = rest.strip_prefix('<')?.split_once('>')?;
    let (target, label) =
        inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(unescape(label))));
    let span = match target.chars().next()? {
        '@' => Span::mention(label.unwrap_or_else(|| target.to_owned())),
        '#' => Span::mention(label.unwrap_or_else(|| target.to_owned())),
        '!' => match target[1..].split_once('^') {
            Some(("date", _)) => Span { text: label.unwrap_or_default(), ..style.clone() },
            Some((_, id)) => Span::mention(format!("@{}", label.unwrap_or_else(|| id.to_owned()))),
            None => Span::mention(format!("@{}", &target[1..])),
        },
        _ => Span { text: label.unwrap_or_else(|| unescape(target)), url: Some(unescape(target)), ..style.clone() },
    };
    Some((vec![span], behind))
}

/// Reads a code span or a styled one that begins with `mark`. Returns it and the rest.
fn span<'a>(mark: char, rest: &'a str, style: &Span) -> Option<(Vec<Span>, &'a str)> {
    if !matches!(mark, '`' | '*' | '_' | '~') {
        return None;
    }
    let (inside, behind) = rest[1..].split_once(mark)?;
    let ends = behind.chars().next().is_none_or(|c| !c.is_alphanumeric());
    if inside.is_empty() || !ends || inside.starts_with(' ') || inside.ends_with(' ') {
        return None;
    }
    let mut inner = style.clone();
    match mark {
        '`' => {
            return Some((vec![Span { text: unescape(inside), code: true, ..inner }], behind));
        }
        '*' => inner.bold = true,
        '_' => inner.italic = true,
        _ => inner.strike = true,
    }
    Some((styled(inside, &inner), behind))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrkdwn_reads_as_slack_shows_it() {
        let bold = Span { bold: true, ..Span::text("b") };
        let code = Span { code: true, ..Span::text("a*c*<d") };
        let link = Span { url: Some("https://a.example/?x&y".into()), ..Span::text("l>") };
        assert_eq!(spans("*b* `a*c*&lt;d`"), [bold, Span::text(" "), code]);
        assert_eq!(spans("<https://a.example/?x&amp;y|l&gt;>"), [link]);
        assert_eq!(spans("<!subteam^S1> <@U1>"), [Span::mention("@S1"), Span::text(" "), Span::mention("@U1")]);
        assert_eq!(spans("my_branch_x 2*3*4 a * b"), [Span::text("my_branch_x 2*3*4 a * b")]);
        assert_eq!(spans("&lt;!here&gt; :x: 10:30:15"), [Span::text("<!here> ❌ 10:30:15")]);
    }
}
