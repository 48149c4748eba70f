//! A module's reasons not to send its message.

use std::fmt;

use serde::Deserialize;

/// A module's reason not to send its message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Skip {
    /// The setting `events` leaves the event out.
    EventNotSelected,
    /// The setting `branches` leaves the ref out.
    BranchNotSelected,
    /// The setting `ops_environments` leaves the environment out.
    EnvironmentNotSelected,
    /// The setting `finish` leaves this end of a pipeline out.
    FinishNotSelected,
    /// Earlier messages reported every failure.
    AlreadyReported,
    /// The pipeline waits for nothing.
    NothingWaits,
    /// It is unknown if the pipeline waits for something.
    JobsUnknown,
    /// A module's own reason, as one word.
    Other(String),
}

/// The reasons of the built-in module, and their names in the contract.
const SKIPS: [(Skip, &str); 7] = [
    (Skip::EventNotSelected, "event_not_selected"),
    (Skip::BranchNotSelected, "branch_not_selected"),
    (Skip::EnvironmentNotSelected, "environment_not_selected"),
    (Skip::FinishNotSelected, "finish_not_selected"),
    (Skip::AlreadyReported, "already_reported"),
    (Skip::NothingWaits, "nothing_waits"),
    (Skip::JobsUnknown, "jobs_unknown"),
];

impl Skip {
    /// Makes the reason one of a team's own module. It is never one of ours, even if it has the same name.
    pub(super) fn foreign(self) -> Self {
        Self::Other(self.to_string())
    }

    /// Returns true if the settings leave the message out, or it was reported before. `--strict` accepts that.
    pub(crate) fn is_on_purpose(&self) -> bool {
        !matches!(self, Self::Other(_) | Self::JobsUnknown)
    }
}

impl From<String> for Skip {
    /// Shortens a reason to one word, for which the last line of the log has room.
    fn from(reason: String) -> Self {
        if let Some((skip, _)) = SKIPS.iter().find(|(_, name)| *name == reason) {
            return skip.clone();
        }
        let word: String = reason.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
        Self::Other(if word.is_empty() { "module".to_owned() } else { word })
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(word) => f.write_str(word),
            known => f.write_str(SKIPS.iter().find(|(skip, _)| skip == known).map_or("", |(_, name)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_a_modules_own_is_never_on_purpose() {
        assert!(Skip::from("already_reported".to_owned()).is_on_purpose());
        for (reason, word) in
            [("night_not_selected", "night_not_selected"), ("it is\nnight", "itisnight"), ("", "module")]
        {
            let skip = Skip::from(reason.to_owned());
            assert_eq!((skip.is_on_purpose(), skip.to_string().as_str()), (false, word));
        }
    }
}
