//! Slack IDs of people: from the team's map, else by e-mail address if a bot may look people up.

use std::path::Path;

use serde_json::{Map, Value};

use super::api::Api;
use crate::explain::Explain;
use crate::files;
use crate::job::key::Key;
use crate::job::settings::Settings;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::report::Sink;
use crate::variables::visible;

/// One lookup may use this part of the time left. The rest is for the message.
const PART: u32 = 3;

/// Reads `NOTIFIER_USER_MAP`, a JSON object or a file that holds one. It maps a GitLab login or e-mail address to a Slack user ID.
pub(crate) fn of_map(settings: &Settings, warnings: &dyn Sink) -> Map<String, Value> {
    let Some(map) = settings.get(Key::USER_MAP) else { return Map::new() };
    let map = visible(map);
    let json = if map.starts_with('{') { Ok(map.to_owned()) } else { files::read_named(Path::new(map)) };
    let unread = |cause| format!("it is neither a JSON object nor the path of a readable file ({cause})");
    let parsed = json.map_err(unread).and_then(|json| {
        match serde_json::from_str::<Value>(visible(&json)) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err("it is JSON, but not an object".to_owned()),
            // Only the position: the contents of an arbitrary file do not belong in a log.
            Err(fault) => Err(format!("it is not JSON (line {}, column {})", fault.line(), fault.column())),
        }
    });
    match parsed {
        Ok(map) => {
            let (people, odd): (Vec<_>, Vec<_>) =
                map.into_iter().partition(|(_, id)| id.as_str().is_some_and(has_user_id));
            if !odd.is_empty() {
                warnings.warning(&format!(
                    "NOTIFIER_USER_MAP: {} values are not Slack user IDs (U…), so those people are not mentioned; copy the ID from the person's Slack profile",
                    odd.len()
                ));
            }
            people.into_iter().collect()
        }
        Err(cause) => {
            warnings.warning(&format!("NOTIFIER_USER_MAP: {cause}; people are named, but not mentioned"));
            Map::new()
        }
    }
}

/// Returns true if a value contains a user's ID, in any notation.
fn has_user_id(value: &str) -> bool {
    let parts = value.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .into_iter()
        .any(|word| word.len() >= 3 && word.starts_with(['U', 'W']) && !word.contains(|c: char| c.is_ascii_lowercase()))
}

/// Slack's directory, as far as a bot may use it.
pub(crate) struct Directory<'a> {
    pub(crate) api: &'a Api,
    pub(crate) client: &'a Client,
    pub(crate) deadline: Deadline,
}

impl Directory<'_> {
    /// Adds the people whom Slack finds by these e-mail addresses
    /// (<https://docs.slack.dev/reference/methods/users.lookupByEmail/>).
    pub(crate) fn add_to(&self, people: &mut Map<String, Value>, emails: &[String], warnings: &dyn Sink) {
        let is_known =
            |people: &Map<String, Value>, email: &str| people.keys().any(|it| it.eq_ignore_ascii_case(email));
        for email in emails {
            if is_known(people, email) {
                continue;
            }
            let deadline = self.deadline.at_most(self.deadline.remaining() / PART);
            match self.api.get(self.client, "users.lookupByEmail", &[("email", email)], deadline) {
                Ok(answer) => {
                    let id = answer.get("user").and_then(|user| user.get("id")).filter(|id| id.is_string());
                    people.extend(id.map(|id| (email.clone(), id.clone())));
                }
                Err(unknown) if unknown.reason() == "users_not_found" => {}
                Err(error) => {
                    warnings.warning(&format!(
                        "looking people up in Slack: {}; they are named, but not mentioned",
                        error.describe()
                    ));
                    break;
                }
            }
        }
    }
}
