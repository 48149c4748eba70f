//! Who is who in Slack: by the team's map, else by e-mail address where a bot may look people up.

use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::Event;
use crate::deadline::Deadline;
use crate::http::Client;
use crate::project::{keep, kept, read};
use crate::settings::Settings;
use crate::slack::api::Api;
use crate::variables::Variables;

/// What a lookup may take of the time left: the message itself matters more.
const PART: u32 = 3;

/// Where found people are kept for the next call of the job.
const KEPT: &str = "people.json";

/// `NOTIFIER_USER_MAP`: a JSON object, or a file that holds one. GitLab login or e-mail address to Slack user ID.
pub(crate) fn of_map(settings: &Settings, warnings: &mut Vec<String>) -> Map<String, Value> {
    let Some(map) = settings.get("user_map") else { return Map::new() };
    let json = if map.starts_with('{') { Ok(map.to_owned()) } else { read(Path::new(map)) };
    let parsed = json.map_err(|cause| cause.to_string()).and_then(|json| {
        serde_json::from_str::<Map<String, Value>>(&json).map_err(|cause| format!("it is no JSON object: {cause}"))
    });
    match parsed {
        Ok(map) => map.into_iter().filter(|(_, id)| id.is_string()).collect(),
        Err(cause) => {
            warnings.push(format!("NOTIFIER_USER_MAP: {cause}; people are named and not mentioned"));
            Map::new()
        }
    }
}

/// The e-mail addresses of those who may be mentioned for this event and are not in the map: the commit's author and the
/// user who ran the pipeline.
pub(crate) fn unknown<'a>(
    people: &Map<String, Value>,
    variables: &'a Variables,
    mention_lists: &[&str],
    event: Event,
) -> Vec<&'a str> {
    let named = |word: &str| mention_lists.iter().flat_map(|list| list.split(',')).any(|entry| entry.trim() == word);
    let matters = match event {
        Event::PipelineStarted | Event::DeployStarted => false,
        Event::DeployFinished => variables.get("CI_JOB_STATUS") == Some("failed"),
        Event::BuildFailed | Event::PipelineFinished => true,
    };
    if !matters || !(named("author") || named("user")) {
        return Vec::new();
    }
    let of_author = variables.get("CI_COMMIT_AUTHOR").and_then(|it| it.rsplit_once('<')?.1.strip_suffix('>'));
    let login = variables.get("GITLAB_USER_LOGIN").filter(|login| knows(people, login));
    let of_user = variables.get("GITLAB_USER_EMAIL").filter(|_| login.is_none());
    let emails = of_author.filter(|_| named("author")).into_iter().chain(of_user);
    emails.filter(|email| email.contains('@') && !knows(people, email)).collect()
}

fn knows(people: &Map<String, Value>, login_or_email: &str) -> bool {
    people.keys().any(|known| known.eq_ignore_ascii_case(login_or_email))
}

/// Slack's directory, as a bot may ask it.
pub(crate) struct Directory<'a> {
    pub(crate) api: &'a Api,
    pub(crate) client: &'a Client,
    pub(crate) deadline: Deadline,
}

impl Directory<'_> {
    /// Adds those of these e-mail addresses that Slack knows
    /// (<https://docs.slack.dev/reference/methods/users.lookupByEmail/>). An answer is kept for the next call of the job,
    /// also that there is nobody of that address.
    pub(crate) fn add_to(
        &self,
        people: &mut Map<String, Value>,
        emails: &[&str],
        variables: &Variables,
        warnings: &mut Vec<String>,
    ) {
        let mut found: Map<String, Value> =
            read(&kept(variables, KEPT)).ok().and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let before = found.len();
        for email in emails {
            if knows(&found, email) {
                continue;
            }
            let deadline = self.deadline.at_most(self.deadline.remaining() / PART);
            let id = match self.api.get(self.client, "users.lookupByEmail", &[("email", email)], deadline) {
                Ok(answer) => answer.get("user").and_then(|user| user.get("id")).cloned().unwrap_or_default(),
                Err(unknown) if unknown.reason() == "users_not_found" => Value::Null,
                Err(error) => {
                    warnings.push(format!("looking people up in Slack: {error}; they are named and not mentioned"));
                    break;
                }
            };
            found.insert((*email).to_owned(), id);
        }
        if found.len() > before {
            // A directory that cannot be written costs the next call a question.
            let _ = keep(variables, KEPT, Value::Object(found.clone()).to_string().as_bytes());
        }
        people.extend(found.into_iter().filter(|(_, id)| id.is_string()));
    }
}
