//! A log as people see it: whole lines, without timestamps and escape sequences.

use crate::variables::is_invisible;

/// The spaces that replace a tab.
const TAB: &str = "    ";

/// Returns the lines of a log without the timestamps of `FF_TIMESTAMPS`: `2026-11-20T00:13:00.123456Z 01O text`. A `+` in place of the
/// space continues the last line of the same stream (gitlab-org/gitlab-runner, `common/buildlogger/internal/timestamper`).
pub(super) fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut last_of: Vec<(&str, usize)> = Vec::new();
    for line in text.split('\n') {
        let Some((stream, continues, rest)) = without_timestamp(line) else {
            lines.push(line.to_owned());
            continue;
        };
        let last = last_of.iter().find(|(it, _)| *it == stream).map(|(_, at)| *at);
        if let Some(at) = last.filter(|_| continues) {
            lines[at].push_str(rest);
        } else {
            last_of.retain(|(it, _)| *it != stream);
            last_of.push((stream, lines.len()));
            lines.push(rest.to_owned());
        }
    }
    lines
}

/// Returns the stream of a line with a timestamp, true if it continues that stream's last line, and the text.
fn without_timestamp(line: &str) -> Option<(&str, bool, &str)> {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000000Z hhk";
    let (head, behind) = line.split_at_checked(FORM.len())?;
    let fits = head.bytes().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        b'h' => byte.is_ascii_hexdigit(),
        b'k' => matches!(byte, b'O' | b'E'),
        form => byte == *form,
    });
    let continues = behind.starts_with('+');
    (fits && (continues || behind.starts_with(' '))).then(|| (&head[FORM.len() - 3..], continues, &behind[1..]))
}

/// Returns a line as a terminal shows it: without escape sequences, and only the last text that overwrote others.
pub(super) fn visible(line: &str) -> String {
    let plain = without_escapes(line);
    let shown = plain.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut visible = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            '\t' => visible.push_str(TAB),
            // Hidden characters would hide a secret from its pattern.
            c if c.is_control() || is_invisible(c) => {}
            c => visible.push(c),
        }
    }
    visible.truncate(visible.trim_end().len());
    visible
}

/// Removes the escape sequences of terminals (ECMA-48: CSI, OSC, designations of character sets, and escapes of two characters).
fn without_escapes(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = match escape.chars().next() {
            // Parameters, then one final character.
            Some('[') => {
                let parameters = escape[1..].trim_start_matches(|c| ('\u{20}'..='\u{3f}').contains(&c));
                after_first(parameters)
            }
            Some(']') => {
                let end = escape.find('\u{7}').map(|at| at + 1);
                let end = end.or_else(|| escape.find("\u{1b}\\").map(|at| at + 2));
                end.map_or(&escape[1..], |end| &escape[end..])
            }
            Some('\u{20}'..='\u{2f}') => after_first(&escape[1..]),
            _ => after_first(escape),
        };
    }
    plain + rest
}

fn after_first(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}
