//! Plain words: no text of the project has a word that made readers stop.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::support::harness::root;

/// The words, and the words to use instead.
const BANNED: [(&str, &str); 4] = [
    (r"(?i)\b(tell|tells|told|telling|untold)\b", "post, send, report, mention or say"),
    (r"(?i)\b(mend|mends|mended|mending)\b", "fix"),
    (r"(?i)\bshall\b", "must"),
    (r"(?i)\bstrangers?\b", "a consumer's pipeline"),
];

/// Folders without prose of the project, and those whose texts are written for the site.
const LEFT_OUT: [&str; 9] =
    ["target", "node_modules", "fixtures", "corpus", "docs", "words", ".git", "dist", "__pycache__"];

/// Uses that are right: the end of the file's path, and the line's text around the word.
const ALLOWED: [(&str, &str); 4] = [
    ("tests/words.rs", ""),
    // The texts of the licenses.
    ("LICENSE-APACHE", ""),
    ("LICENSE-MIT", ""),
    // The old name of a field.
    ("CHANGELOG.md", "`told` in `history`"),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
            files(&path, found);
        } else if path.is_file() && name != "README.md" && name != "Cargo.lock" && name != "package-lock.json" {
            found.push(path);
        }
    }
}

#[test]
fn no_text_has_a_banned_word() {
    let mut all = Vec::new();
    files(&root(), &mut all);
    assert!(all.len() > 200, "{}", all.len());
    let mut wrong = Vec::new();
    for path in all {
        // Pictures, fonts and WebAssembly are not text.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        for (word, instead) in BANNED {
            let word = Regex::new(word).unwrap();
            let lines = text.lines().enumerate().filter(|(_, line)| word.is_match(line));
            let lines = lines
                .filter(|(_, line)| !ALLOWED.iter().any(|(file, part)| name.ends_with(file) && line.contains(part)));
            wrong.extend(lines.map(|(at, line)| format!("{name}:{}: say {instead}: {}", at + 1, line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{} lines have banned words:\n{}", wrong.len(), wrong.join("\n"));
}
