//! Warnings about settings and variables, for the job log.

use std::fmt::Display;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Warning {
    code: Code,
    /// The variable or the file that it is about; `None` if it is about neither.
    setting: Option<String>,
    /// The fault, and what happens instead.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// A value, or an entry of a list, is not one of the possible values.
    UnknownValue,
    /// A pattern can match nothing.
    MatchesNothing,
    /// A template gives no text, or no address.
    BadTemplate,
    /// An address is not safe to click.
    BadAddress,
    /// A link does not fit into the message.
    TooLong,
    /// The job's status is not known.
    NoJobStatus,
    /// The setting `environments` and GitLab name the environment differently.
    OtherEnvironment,
    /// A person of a mention has no known Slack ID.
    UnknownPerson,
    /// The setting `deploy_jobs` leaves out a job that has hooks.
    HookNotNamed,
}

impl Warning {
    /// A warning about a variable or a file. Its text begins with that name.
    pub(crate) fn of(code: Code, setting: &str, text: impl Display) -> Self {
        Self { code, setting: Some(setting.to_owned()), text: format!("{setting}: {text}") }
    }

    /// A warning about neither.
    pub(crate) fn new(code: Code, text: String) -> Self {
        Self { code, setting: None, text }
    }
}

#[cfg(test)]
pub(crate) fn texts(warnings: Vec<Warning>) -> Vec<String> {
    warnings.into_iter().map(|warning| warning.text).collect()
}
