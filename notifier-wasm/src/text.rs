//! Text from outside (branches, titles, names), made safe to show on one line.

pub(crate) mod glob;
pub(crate) mod template;
pub(crate) mod url;

/// Replaces invisible characters that change the look of others.
const REPLACEMENT: char = '\u{FFFD}';

/// Returns one visible line. Line breaks and tabs become spaces, and runs of spaces become one space. Control
/// characters, bidirectional overrides (CVE-2021-42574), zero-width and tag characters become U+FFFD.
pub(crate) fn clean(text: &str) -> String {
    cleaned(text, false)
}

/// Returns the same with all its spaces, for text in a fixed-width font.
pub(crate) fn clean_code(text: &str) -> String {
    cleaned(text, true)
}

fn cleaned(text: &str, keeps_spaces: bool) -> String {
    let mut line = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    // The tag characters left of an emoji.
    let mut tags = 0;
    while let Some(character) = characters.next() {
        if tags == 0 && character == '\u{1F3F4}' {
            tags = tag_sequence(characters.clone());
        } else if tags > 0 {
            tags -= 1;
            line.push(character);
            before = character;
            continue;
        }
        let shown = match character {
            // Marks of direction show nothing.
            '\u{061C}' | '\u{200E}' | '\u{200F}' => continue,
            '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_whitespace() => ' ',
            // Joiners belong to emoji and some scripts. Between ASCII characters they only hide something.
            '\u{200C}' | '\u{200D}' if !before.is_ascii() && characters.peek().is_some_and(|next| !next.is_ascii()) => {
                character
            }
            c if c.is_control() || is_invisible(c) => REPLACEMENT,
            c => c,
        };
        if shown != ' ' || before != ' ' || keeps_spaces {
            line.push(shown);
        }
        before = shown;
    }
    line.truncate(line.trim_end().len());
    line
}

/// Returns the number of tag characters after a black flag that make a flag of a region (<https://unicode.org/reports/tr51/>), or 0.
fn tag_sequence(rest: impl Iterator<Item = char>) -> usize {
    let mut count = 0;
    for character in rest {
        match character {
            '\u{E0030}'..='\u{E007E}' if count < 7 => count += 1,
            '\u{E007F}' if count > 0 => return count + 1,
            _ => return 0,
        }
    }
    0
}

/// True for a character that shows nothing or changes the look of others: those that Unicode ignores by default
/// (<https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>), except the selectors of text and emoji, and blank letters.
fn is_invisible(c: char) -> bool {
    is_zero_width(c)
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{202A}'..='\u{202E}' | '\u{2061}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0D}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// True for a character that editors and chats leave at the ends of copied text.
pub(crate) fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}

/// Returns at most `max` characters. The last one is an ellipsis if something was cut.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Shortens a text to `max` characters, and keeps its end: that of a host says whose it is.
pub(crate) fn cut_start(text: &str, max: usize) -> String {
    let count = text.chars().count();
    if count <= max {
        return text.to_owned();
    }
    let end: String = text.chars().skip(count + 1 - max).collect();
    format!("…{end}")
}

/// [`clean`] and [`cut`], for every text from outside that enters a message.
pub(crate) fn shown(text: &str, max: usize) -> String {
    // Clean only the start, the rest is cut anyway: commit messages can have 100 KB.
    let long_enough = text.char_indices().nth(max * 4).map_or(text, |(at, _)| &text[..at]);
    cut(&clean(long_enough), max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_overrides_become_visible() {
        assert_eq!(clean("a\u{202E}b\u{1B}[31mc\u{7}"), "a\u{FFFD}b\u{FFFD}[31mc\u{FFFD}");
        assert_eq!(clean("ad\u{200B}min\u{200D}x"), "ad\u{FFFD}min\u{FFFD}x");
    }

    #[test]
    fn characters_that_show_nothing_become_visible() {
        for hidden in
            "\u{3164}\u{115F}\u{1160}\u{2800}\u{E0100}\u{E01EF}\u{FFA0}\u{034F}\u{180B}\u{FE00}\u{2065}\u{1D173}"
                .chars()
        {
            assert_eq!(clean(&format!("a{hidden}b")), "a\u{FFFD}b", "{:x}", u32::from(hidden));
        }
        assert_eq!(clean("❤\u{FE0F} 배포"), "❤\u{FE0F} 배포");
    }

    #[test]
    fn a_long_host_keeps_its_end() {
        let host = format!("gitlab.example.{}.evil.example", "x".repeat(90));
        let short = cut_start(&host, 75);
        assert!(short.starts_with('…') && short.ends_with(".evil.example") && short.chars().count() == 75, "{short}");
        assert_eq!(cut_start("grafana.example", 75), "grafana.example");
    }

    #[test]
    fn text_becomes_one_line() {
        assert_eq!(clean("  Fix\r\n\tcart \u{2028} rounding\n"), "Fix cart rounding");
    }

    #[test]
    fn joined_emoji_and_korean_stay_whole() {
        assert_eq!(clean("👩\u{200D}💻 한글"), "👩\u{200D}💻 한글");
    }

    #[test]
    fn cutting_counts_characters_and_never_splits_one() {
        assert_eq!(cut("한글한글", 4), "한글한글");
        assert_eq!(cut("한글한글한", 4), "한글한…");
        assert_eq!(shown(&"가 ".repeat(100_000), 5), "가 가…");
    }

    #[test]
    fn flags_of_regions_stay_and_marks_of_direction_are_dropped() {
        let england = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
        assert_eq!(clean(&format!("Kim {england} x")), format!("Kim {england} x"));
        assert_eq!(clean("\u{200F}\u{5D3}\u{5E0}\u{5D9}"), "\u{5D3}\u{5E0}\u{5D9}");
        // Tags without a flag, or without an end, hide text.
        assert_eq!(clean("a\u{E0067}b"), "a\u{FFFD}b");
        assert_eq!(clean("\u{1F3F4}\u{E0067}"), "\u{1F3F4}\u{FFFD}");
    }
}
