//! What GitLab and Slack answered before a message is rendered.

use serde_json::{Map, Value};

use crate::gitlab::jobs::Jobs;
use crate::job::history::History;
use crate::slack::bot::Past;
use crate::slack::thread::RecordedThread;
use crate::variables::Variables;

/// What is known of one message's event. A part that is missing is unknown.
#[derive(Clone, Default)]
pub(crate) struct Findings {
    pub(crate) jobs: Option<Jobs>,
    pub(crate) history: History,
    /// GitLab login or e-mail address to Slack user ID.
    pub(crate) people: Map<String, Value>,
    /// The pipeline's message, as an earlier job or call recorded it.
    pub(crate) recorded: Option<RecordedThread>,
    /// A channel, and what its history says of this pipeline.
    pub(crate) past: Option<(String, Past)>,
}

impl Findings {
    /// What the job itself knows.
    pub(crate) fn of_job(variables: &Variables) -> Self {
        Self { history: History::of_job(variables), ..Self::default() }
    }
}
