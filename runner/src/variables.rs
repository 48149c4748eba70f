//! The variables of a CI job.

use std::collections::BTreeMap;
use std::env;

/// What the job's environment holds, as text. Bytes that are not UTF-8 become U+FFFD: a message with an odd character
/// is better than none.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect()
    }

    /// A variable, trimmed. Empty counts as missing, as GitLab leaves a variable empty where it has no value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A variable as it is, trimmed of nothing.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets a variable for this program alone.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

fn lossy(text: std::ffi::OsString) -> String {
    text.into_string().unwrap_or_else(|bytes| bytes.to_string_lossy().into_owned())
}
