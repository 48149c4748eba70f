//! The language of what commands print for people: `NOTIFIER_LANGUAGE`, as in messages. Warnings, which the log of a job has too, stay
//! English.

use crate::job::key::Key;
use crate::job::settings::Settings;

/// A language of `doctor` and `demo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Korean,
}

impl Language {
    pub(super) fn of(settings: &Settings) -> Self {
        let is_korean = settings.get(Key::LANGUAGE).is_some_and(|code| code.eq_ignore_ascii_case("ko"));
        if is_korean { Self::Korean } else { Self::English }
    }

    /// Returns a text in this language.
    pub(super) fn say<T>(self, english: T, korean: T) -> T {
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }
}
