//! `.pipeline-notifier.json` in the consumer's repository: the settings that do not fit inputs. It names no secret and no host that
//! gets anything, and inputs win over it. Its shape: `schemas/settings.v1.json`.

use serde_json::{Map, Value};

use crate::job::checkout::read_checked_out;
use crate::report::Sink;
use crate::variables::Variables;

/// The file's name.
pub(crate) const NAME: &str = ".pipeline-notifier.json";

/// The keys for every event, for one event, and for one environment.
const FOR_ALL: [&str; 4] = ["mention", "ops_mention", "lines", "links"];
const FOR_EVENT: [&str; 5] = ["mention", "ops_mention", "lines", "links", "text"];
const FOR_ENVIRONMENT: [&str; 6] = ["mention", "ops_mention", "lines", "links", "channel", "ops_channel"];

/// The file, without its invalid parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsFile(Map<String, Value>);

impl SettingsFile {
    /// Reads the file of a job's checkout; empty if there is none. An invalid part is ignored, with a warning.
    pub(crate) fn read(variables: &Variables, warnings: &dyn Sink) -> Self {
        let text = match read_checked_out(variables, NAME) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Self::default(),
            Err(cause) => {
                warnings.warning(&format!("{NAME} cannot be read: {cause}; it is ignored"));
                return Self::default();
            }
        };
        Self::of_text(&text, warnings)
    }

    /// Reads the file's text in the same way.
    pub(crate) fn of_text(text: &str, warnings: &dyn Sink) -> Self {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(mut file)) => {
                prune("", &mut file, &FOR_ALL, &["events", "environments", "$schema"], warnings);
                for (group, known) in [("events", &FOR_EVENT[..]), ("environments", &FOR_ENVIRONMENT)] {
                    let Some(Value::Object(entries)) = file.get_mut(group) else { continue };
                    for (name, entry) in entries {
                        match entry {
                            Value::Object(entry) => prune(&format!("{group}.{name}."), entry, known, &[], warnings),
                            _ => warnings
                                .warning(&format!("{NAME}: `{group}.{name}` is not an object, so it is ignored")),
                        }
                    }
                }
                Self(file)
            }
            Ok(_) => {
                warnings.warning(&format!("{NAME} is not a JSON object, so it is ignored"));
                Self::default()
            }
            Err(cause) => {
                warnings.warning(&format!("{NAME} is not JSON: {cause}; it is ignored"));
                Self::default()
            }
        }
    }

    /// Returns the part of the file that the module gets.
    pub(crate) fn for_module(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns `channel` or `ops_channel` of an environment, or of the entry `*` for all others.
    pub(crate) fn channel(&self, key: &str, environment: Option<&str>) -> Option<&str> {
        let environments = self.0.get("environments")?.as_object()?;
        [environment, Some("*")].into_iter().flatten().find_map(|name| environments.get(name)?.get(key)?.as_str())
    }

    /// Returns whether any entry has a mention.
    pub(crate) fn mentions_somebody(&self) -> bool {
        let groups = ["events", "environments"].into_iter().filter_map(|group| self.0.get(group)?.as_object());
        let mut entries = groups.flat_map(Map::values).filter_map(Value::as_object).chain([&self.0]);
        entries.any(|entry| ["mention", "ops_mention"].into_iter().any(|key| entry.contains_key(key)))
    }

    /// Returns `channel` or `ops_channel` of every environment that has its own.
    pub(crate) fn channels(&self, key: &str) -> impl Iterator<Item = &str> {
        let environments = self.0.get("environments").and_then(Value::as_object);
        environments.into_iter().flat_map(Map::values).filter_map(move |entry| entry.get(key)?.as_str())
    }
}

/// Removes unknown keys and values of another shape, and warns of each.
fn prune(place: &str, object: &mut Map<String, Value>, known: &[&str], groups: &[&str], warnings: &dyn Sink) {
    object.retain(|key, value| {
        let expected = match key.as_str() {
            _ if !known.contains(&key.as_str()) && !groups.contains(&key.as_str()) => {
                let all = [known, groups].concat().join(", ");
                warnings
                    .warning(&format!("{NAME}: `{place}{key}` is unknown, so it is ignored; the known keys are {all}"));
                return false;
            }
            "lines" => ("a list of strings", value.as_array().is_some_and(|all| all.iter().all(Value::is_string))),
            "links" => {
                let is_link = |link: &Value| link["label"].is_string() && link["url"].is_string();
                (
                    "a list of objects with `label` and `url`",
                    value.as_array().is_some_and(|all| all.iter().all(is_link)),
                )
            }
            "events" | "environments" => ("an object", value.is_object()),
            _ => ("a string", value.is_string()),
        };
        if !expected.1 {
            warnings.warning(&format!("{NAME}: `{place}{key}` is not {}; it is ignored", expected.0));
        }
        expected.1
    });
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn file(json: &str) -> (SettingsFile, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(NAME), json).unwrap();
        let variables = [("CI_PROJECT_DIR", directory.path().to_str().unwrap())].into_iter().collect();
        let warnings = RefCell::default();
        (SettingsFile::read(&variables, &warnings), warnings.into_inner())
    }

    #[test]
    fn unknown_keys_and_values_of_another_shape_are_ignored() {
        let (known, warnings) = file(
            r#"{"webhook":"https://evil.example","lines":"x","environments":{"prod":{"channel":"C0PROD0001","token":"t"},"dev":7},
                "events":{"deploy-failed":{"text":"down","links":[{"label":"Runbook"}]}}}"#,
        );
        let text = warnings.join("\n");
        for expected in [
            "`webhook` is unknown, so it is ignored; the known keys are mention, ops_mention, lines, links, events, environments",
            "`lines` is not a list of strings",
            "`environments.prod.token` is unknown",
            "`environments.dev` is not an object",
            "`events.deploy-failed.links` is not a list of objects with `label` and `url`",
        ] {
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(warnings.len(), 5);
        assert_eq!(known.for_module()["events"]["deploy-failed"], serde_json::json!({"text": "down"}));
        assert!(file("{").1[0].contains("is not JSON: EOF while parsing an object at line 1"));
        assert!(file("[]").1[0].contains("is not a JSON object"));
    }

    #[test]
    fn an_environment_has_its_channel_and_all_others_theirs() {
        let (file, warnings) =
            file(r#"{"environments":{"prod":{"channel":"C0PROD0001"},"*":{"channel":"C0OTHERS01"}}}"#);
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(file.channel("channel", Some("prod")), Some("C0PROD0001"));
        assert_eq!(file.channel("channel", Some("feature/x")), Some("C0OTHERS01"));
        assert_eq!(file.channel("channel", None), Some("C0OTHERS01"));
        assert_eq!(file.channel("ops_channel", Some("prod")), None);
        assert_eq!((file.channels("channel").count() > 0, file.channels("ops_channel").count()), (true, 0));
    }
}
