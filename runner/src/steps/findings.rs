//! The findings: the answers of GitLab and Slack before a message is rendered.

use serde_json::{Map, Value};

use crate::gitlab::digest::Digest;
use crate::gitlab::jobs::Jobs;
use crate::job::history::History;
use crate::job::why::Why;
use crate::slack::channel::Past;
use crate::slack::thread::RecordedThread;
use crate::variables::Variables;

/// The findings about one message's event. A missing part is unknown.
#[derive(Clone, Default)]
pub(crate) struct Findings {
    pub(crate) jobs: Option<Jobs>,
    pub(crate) history: History,
    pub(crate) why: Why,
    pub(crate) digest: Option<Digest>,
    /// GitLab login or e-mail address to Slack user ID.
    pub(crate) people: Map<String, Value>,
    /// The pipeline's message, as an earlier job or call recorded it.
    pub(crate) recorded: Option<RecordedThread>,
    /// A channel, and the findings about this pipeline in its history.
    pub(crate) past: Option<(String, Past)>,
}

impl Findings {
    /// Returns the findings of the job itself.
    pub(crate) fn of_job(variables: &Variables) -> Self {
        Self { history: History::of_job(variables), ..Self::default() }
    }
}
