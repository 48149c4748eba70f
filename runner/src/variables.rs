//! The variables of a CI job.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::path::Path;

use crate::files;

/// The limit for reading a File-type variable's file, in bytes.
const MAX_SECRET: u64 = 4 << 10;

/// The job's environment as text. Bytes that are not UTF-8 become U+FFFD: a message with an odd character is better than none.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect()
    }

    /// Returns a variable, trimmed. Empty counts as missing: GitLab leaves a variable without a value empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns a variable without trimming it.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a secret from a variable of GitLab's type Variable or File
    /// (<https://docs.gitlab.com/ci/variables/#use-file-type-cicd-variables>). If the value is a path, the secret is the file's text.
    /// Invisible characters at its ends are dropped: some editors and chats leave a byte order mark or a zero-width space.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<io::Result<String>> {
        let value = visible(self.get(name)?);
        if !value.starts_with('/') {
            return Some(Ok(value.to_owned())).filter(|_| !value.is_empty());
        }
        let text = files::read_at_most(Path::new(value), MAX_SECRET)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
            .map(|text| visible(&text).to_owned());
        Some(text)
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Sets a variable for this program only.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Returns a text without invisible characters at its ends.
pub(crate) fn visible(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// Returns whether a character is invisible or changes the look of others: direction marks, joiners, byte order marks, tags
/// (CWE-150, CVE-2021-42574).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Returns the text after an unexpanded variable at the start of a value: `$NAME`, `${NAME}`, `%NAME%`. GitLab does not expand a
/// variable that it does not know. `None` if the value begins with no such variable.
pub(crate) fn after_unexpanded(value: &str) -> Option<&str> {
    let split = |text: &'_ str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (rest, end) = match value.strip_prefix('$') {
        Some(rest) => rest.strip_prefix('{').map_or((rest, ""), |rest| (rest, "}")),
        None => (value.strip_prefix('%')?, "%"),
    };
    let (name, after) = rest.split_at(split(rest));
    after.strip_prefix(end).filter(|_| !name.is_empty())
}

fn lossy(text: std::ffi::OsString) -> String {
    text.into_string().unwrap_or_else(|bytes| bytes.to_string_lossy().into_owned())
}
