//! Values of settings that cannot be used.

use std::ops::RangeInclusive;

use super::key::Key;
use super::setting::{NOTHING, SETTINGS, Takes};
use crate::variables::after_unexpanded;

/// The length limit of a setting, in characters. GitLab's limit for a variable is 10,000.
pub(super) const MAX_CHARACTERS: usize = 8_000;

/// The most log lines to post.
pub(super) const MAX_LOG_LINES: usize = 20;

/// The days of a digest.
pub(super) const DAYS: RangeInclusive<u32> = 1..=31;

/// The words of a switch. GitLab reads an unquoted `on` as true.
const ON: [&str; 5] = ["on", "true", "yes", "1", "always"];
pub(super) const OFF: [&str; 5] = ["off", "false", "no", "0", "never"];

/// Returns the reason why a value cannot be used, as the rest of a sentence about its variable.
pub(super) fn refusal(name: &str, value: &str) -> Option<String> {
    if after_unexpanded(value) == Some("") {
        return Some(format!(
            "is `{value}`, a variable that GitLab did not expand, so the setting is ignored; set that variable or the setting itself"
        ));
    }
    let takes = SETTINGS.iter().find(|setting| setting.name == name)?.takes;
    if takes == Takes::Switch
        && !value.is_empty()
        && value != NOTHING
        && !ON.iter().chain(&OFF).any(|word| value.eq_ignore_ascii_case(word))
    {
        return Some(format!("is `{value}`, neither on nor off, so it is ignored; write on or off"));
    }
    if name == Key::LOG_LINES.name()
        && !value.is_empty()
        && value != NOTHING
        && !value.parse().is_ok_and(|lines: usize| lines <= MAX_LOG_LINES)
    {
        return Some(format!(
            "is not a whole number from 0 to {MAX_LOG_LINES}, so no log lines are posted; write a number"
        ));
    }
    if name == Key::DAYS.name()
        && !value.is_empty()
        && value != NOTHING
        && !value.parse().is_ok_and(|days| DAYS.contains(&days))
    {
        return Some("is not a whole number from 1 to 31, so a digest is about 7 days; write a number".to_owned());
    }
    if !matches!(takes, Takes::Text | Takes::List) {
        return None;
    }
    if takes == Takes::Text && value.contains(['\r', '\n']) {
        return Some("has several lines, so it is ignored; write it in one line".to_owned());
    }
    let characters = value.chars().count();
    (characters > MAX_CHARACTERS).then(|| {
        format!(
            "has {characters} characters, so it is ignored; write at most {MAX_CHARACTERS}, with * for similar names"
        )
    })
}
