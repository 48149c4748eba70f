//! The entries of the settings file for one event in one environment (`.pipeline-notifier.json`, `schemas/settings.v1.json`). The
//! file is in the consumer's repository. Settings win over it.

use crate::contract::warning::{Code, Warning};
use serde_json::{Map, Value};

use crate::contract::context::Context;
use crate::contract::state::State;
use crate::text;

/// The file's name, for warnings.
pub(crate) const NAME: &str = ".pipeline-notifier.json";

/// The most lines, and the most links, that it adds to a message.
const MAX_LINES: usize = 10;

/// A link that the file adds: label and address are templates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExtraLink<'a> {
    pub(crate) label: &'a str,
    pub(crate) url: &'a str,
}

/// The entries for a message, the most specific one first: its environment's, its event's, the general one.
#[derive(Debug, Default)]
pub(crate) struct SettingsFile<'a> {
    entries: Vec<&'a Map<String, Value>>,
}

impl<'a> SettingsFile<'a> {
    #[inline(never)]
    pub(crate) fn of(
        context: &'a Context,
        state: State,
        environment: Option<&str>,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let file = &context.settings_file;
        let group = |name: &str| file.get(name).and_then(Value::as_object);
        for name in group("events").into_iter().flat_map(Map::keys) {
            if !State::all_names().contains(&name.as_str()) {
                let known = State::all_names().join(", ");
                let name = text::shown(name, 40);
                warnings.push(Warning::of(
                    Code::UnknownValue,
                    NAME,
                    format_args!("`events.{name}` is not an event; the events are {known}"),
                ));
            }
        }
        let named = |group: Option<&'a Map<String, Value>>, names: &[&str]| {
            names.iter().find_map(|name| group?.get(*name)?.as_object())
        };
        let of_environment = named(group("environments"), &[environment.unwrap_or("*"), "*"]);
        let of_event = named(group("events"), &state.names());
        Self { entries: of_environment.into_iter().chain(of_event).chain([file]).collect() }
    }

    /// Returns a text from the most specific entry that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        let mut texts = self.entries.iter().filter_map(|entry| entry.get(key)?.as_str());
        texts.find(|text| !text.trim().is_empty())
    }

    /// The lines of all entries.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.all("lines").filter_map(Value::as_str).take(MAX_LINES)
    }

    /// The links of all entries.
    pub(crate) fn links(&self) -> impl Iterator<Item = ExtraLink<'a>> {
        let link = |link: &'a Value| Some(ExtraLink { label: link["label"].as_str()?, url: link["url"].as_str()? });
        self.all("links").filter_map(link).take(MAX_LINES)
    }

    /// Returns the items of a list from each entry, the general before the specific.
    fn all(&self, key: &'static str) -> impl Iterator<Item = &'a Value> {
        let entries: Vec<_> = self.entries.iter().rev().copied().collect();
        entries.into_iter().filter_map(move |entry| entry.get(key)?.as_array()).flatten()
    }
}

/// Returns a text from every entry of the file that has it, for any message.
pub(crate) fn every<'a>(context: &'a Context, key: &str) -> Vec<&'a str> {
    let file = &context.settings_file;
    let groups = ["events", "environments"].into_iter().filter_map(|group| file.get(group)?.as_object());
    let entries = groups.flat_map(Map::values).filter_map(Value::as_object).chain([file]);
    entries.filter_map(|entry| entry.get(key)?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;
    use crate::contract::warning::texts;

    #[test]
    fn the_most_specific_entry_wins_and_lists_add_up() {
        let context = context(json!({"settings_file": {
            "mention": "here", "lines": ["all"],
            "events": {"deploy-finished": {"text": "over", "lines": ["finished"]}, "deploy-failed": {"mention": "author", "lines": ["failed"]}},
            "environments": {"prod": {"mention": "channel", "lines": ["prod", 7]}, "*": {"lines": ["elsewhere"]}},
        }}));
        let file = |state, environment| SettingsFile::of(&context, state, environment, &mut vec![]);
        let lines = |file: &SettingsFile| file.lines().collect::<Vec<_>>().join(" ");
        let failed = file(State::DeployFailed, Some("prod"));
        assert_eq!((failed.get("mention"), lines(&failed)), (Some("channel"), "all failed prod".into()));
        let failed = file(State::DeployFailed, Some("dev"));
        assert_eq!((failed.get("mention"), lines(&failed)), (Some("author"), "all failed elsewhere".into()));
        let succeeded = file(State::DeploySucceeded, None);
        assert_eq!((succeeded.get("text"), lines(&succeeded)), (Some("over"), "all finished elsewhere".into()));
        assert_eq!(file(State::PipelineStarted, None).get("mention"), Some("here"));
    }

    #[test]
    fn an_invalid_event_is_warned_of() {
        let context = context(json!({"settings_file": {"events": {"deployed": {}, "deploy-failed": {}}}}));
        let mut warnings = Vec::new();
        SettingsFile::of(&context, State::DeployFailed, None, &mut warnings);
        let warnings = texts(warnings);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with(".pipeline-notifier.json: `events.deployed` is not an event"), "{warnings:?}");
    }

    #[test]
    fn any_json_is_borne() {
        for file in [
            json!({"events": [1], "environments": "x"}),
            json!({"environments": {"*": null}, "lines": {}, "links": [7, {"label": 1}]}),
        ] {
            let context = context(json!({"settings_file": file}));
            let file = SettingsFile::of(&context, State::DeployFailed, Some("prod"), &mut vec![]);
            assert_eq!((file.lines().count(), file.links().count(), file.get("text")), (0, 0, None));
        }
    }
}
