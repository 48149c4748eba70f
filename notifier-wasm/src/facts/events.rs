//! The events that a setting chooses.

use crate::contract::state::State;
use crate::text::glob;

impl State {
    /// Returns the names that choose this state, the most specific one first: its own, its general state's and its event's.
    pub(crate) fn names(self) -> [&'static str; 3] {
        let kind = match self {
            Self::DeployAgain | Self::DeployRolledBack => Self::DeploySucceeded,
            Self::PipelineStillFailing => Self::PipelineFailed,
            Self::PipelineFixed => Self::PipelineSucceeded,
            other => other,
        };
        let name = kind.name();
        let event = match name {
            "pipeline-started" | "deploy-started" | "digest" => name,
            _ if name.starts_with("deploy") => "deploy-finished",
            _ => "pipeline-finished",
        };
        [self.name(), name, event]
    }

    /// True if a list of events, as people write it, chooses this state. An entry with `!` excludes events; a list of only such entries
    /// chooses all others. An entry that is no event counts as not written.
    pub(crate) fn is_chosen_by(self, events: &str) -> bool {
        let (names, events) = (self.names(), normalized(events));
        // Unknown until an entry without `!` is read.
        let mut is_chosen = None;
        for entry in glob::entries(&events).filter(|it| Self::is_named_by(it)) {
            let excluded = entry.strip_prefix('!');
            let matches = names.iter().any(|name| glob::matches(excluded.unwrap_or(entry), name));
            match excluded {
                Some(_) if matches => return false,
                Some(_) => {}
                None => is_chosen = Some(matches || is_chosen == Some(true)),
            }
        }
        is_chosen.unwrap_or(true)
    }

    /// True if an entry of a list of events names any state.
    pub(crate) fn is_named_by(entry: &str) -> bool {
        let pattern = entry.strip_prefix('!').unwrap_or(entry);
        Self::all_names().iter().any(|name| glob::matches(pattern, name))
    }
}

/// Returns a list of events in lower case, without a space behind a `!`.
pub(crate) fn normalized(events: &str) -> String {
    events.to_ascii_lowercase().replace("! ", "!")
}
