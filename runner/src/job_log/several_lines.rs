//! Secrets of several lines.

use super::known::{NAMES, WEAK_NAMES};
use super::secrets::plain_names;

/// Returns for each line whether it is a part of a secret of several lines: a private key, or the value below its name.
pub(super) fn parts_of_secrets(lines: &[String]) -> Vec<bool> {
    let mut masked = vec![false; lines.len()];
    let (mut is_in_key, mut is_value) = (false, false);
    for (at, line) in lines.iter().enumerate() {
        let has_mark = line.contains("PRIVATE KEY");
        let begins = has_mark && ["-----BEGIN", "---- BEGIN"].iter().any(|mark| line.contains(mark));
        let ends = line.contains("-----END");
        masked[at] =
            has_mark && (begins || ends) || is_in_key && is_of_key(line) || is_value && !line.trim().is_empty();
        if has_mark && ends {
            // The beginning may be missing.
            for before in (0..at).rev().take_while(|before| is_of_key(&lines[*before])) {
                masked[before] = true;
            }
        }
        is_in_key = begins && !ends || is_in_key && is_of_key(line);
        is_value = names_the_next_line(line);
    }
    masked
}

/// True if a line may be a part of a private key: Base64 or a header, also quoted or indented.
fn is_of_key(line: &str) -> bool {
    let text = line.trim_matches(|c: char| c.is_whitespace() || "\"',|+\\".contains(c)).trim_end_matches("\\n");
    ["Proc-Type:", "DEK-Info:", "Comment:"].iter().any(|header| text.starts_with(header))
        || text.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=".contains(&it)) && !text.contains(' ')
}

/// True if a line ends with a name, and its value is in the next one.
fn names_the_next_line(line: &str) -> bool {
    let line = line.trim_end();
    let name =
        ["\":", "': ", ": |", ": >", ": |-", ": >-", "=\\", "=\\\\"].iter().find_map(|end| line.strip_suffix(end));
    let plain = name.map(plain_names);
    plain.is_some_and(|plain| NAMES.iter().any(|name| !WEAK_NAMES.contains(name) && plain.ends_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_replaced_to_its_end() {
        let masked =
            |lines: &[&str]| parts_of_secrets(&lines.iter().map(|line| line.replace('|', "")).collect::<Vec<_>>());
        let key = [
            "before it",
            "-----BEGIN| PRIVATE KEY-----",
            "MIIE",
            "  \"short\",",
            "-----END| PRIVATE KEY-----",
            "after it",
        ];
        assert_eq!(masked(&key), [false, true, true, true, true, false]);
        // Its beginning is missing.
        assert_eq!(masked(&["a line", "bW9yZQ==", "-----END| RSA PRIVATE KEY-----"]), [false, true, true]);
        // An error that quotes one.
        assert_eq!(masked(&["expected -----BEGIN| PRIVATE KEY-----", "at line 3"]), [true, false]);
    }

    #[test]
    fn a_value_below_its_name_is_replaced() {
        for name in ["password: |", "  \"client-secret\":", "TOKEN=\\"] {
            assert_eq!(
                parts_of_secrets(&[name.to_owned(), "hunter two".to_owned(), "other".to_owned()]),
                [false, true, false],
                "{name}"
            );
        }
        assert_eq!(parts_of_secrets(&["Password:".to_owned(), "Login Succeeded".to_owned()]), [false, false]);
    }
}
