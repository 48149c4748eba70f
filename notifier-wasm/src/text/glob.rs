//! Patterns of ref names: `*` matches any run of characters, everything else matches itself.

/// True if `text` matches `pattern` from its first to its last character.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        // The earliest match leaves the most text for the parts after it.
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(tail)
}

/// True if a ref can have a name of this pattern (<https://git-scm.com/docs/git-check-ref-format>).
pub(crate) fn may_name_a_ref(pattern: &str) -> bool {
    let is_refused =
        |c: char| c.is_control() || matches!(c, '^' | '~' | ':' | '?' | '[' | '\\' | '$' | '(' | ')' | '|');
    !pattern.is_empty()
        && !pattern.contains(is_refused)
        && !pattern.contains("..")
        && !pattern.contains("//")
        && !pattern.starts_with('/')
        && !pattern.ends_with(['/', '.'])
}

/// Returns the entries of a list, however people separate them. An entry holds no blanks.
pub(crate) fn entries(list: &str) -> impl Iterator<Item = &str> {
    let entries = list.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace());
    entries.map(|entry| entry.trim_matches(['"', '\''])).filter(|entry| !entry.is_empty())
}

/// Returns the entries of a list whose entries may hold blanks. Commas, semicolons and line breaks separate them, but no comma
/// in the brackets of a matrix: `deploy: [eu, blue]`. Empty ones are skipped.
pub(crate) fn entries_with_blanks(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let separates = move |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '\n' || depth == 0 && matches!(c, ',' | ';')
    };
    let entries = list.split(separates).map(|entry| entry.trim().trim_matches(['"', '\'']));
    entries.filter(|entry| !entry.is_empty())
}

/// True if `is_one` holds for any entry of such a list.
pub(crate) fn any_of(list: &str, is_one: impl Fn(&str) -> bool) -> bool {
    entries_with_blanks(list).any(is_one)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_matches_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "mainline", false),
            ("*", "", true),
            ("release/*", "release/1.2", true),
            ("release/*", "prerelease/1.2", false),
            ("*-fix", "cart-fix", true),
            ("*-fix", "cart-fix-2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b", "ab", true),
            ("ab*ba", "aba", false),
            ("기능/*", "기능/장바구니", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} against {text}");
        }
    }
}
