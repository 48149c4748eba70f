//! What the bot's messages carry that nobody sees: whose they are and what they show, so that later jobs find them and know what
//! was told (<https://docs.slack.dev/messaging/message-metadata/>).

use serde_json::{Map, Value, json};

use crate::module::message::Message;
use crate::variables::Variables;

/// The type of our metadata.
const EVENT_TYPE: &str = "pipeline_notifier";

/// How many failed jobs a message remembers.
const MAX_TOLD: usize = 200;

/// The longest text that is kept in it, in characters.
const MAX_TEXT: usize = 255;

/// Whose message it is: a pipeline, and the job that speaks.
#[derive(Debug)]
pub(crate) struct Speaker {
    project: String,
    pipeline: u64,
    /// The branch, `tags/NAME`, or `!IID` of a merge request: what the next pipeline of the same ref has too.
    git_ref: String,
    pub(crate) job: String,
}

impl Speaker {
    /// Who speaks in a job; `None` outside of one.
    pub(crate) fn of(variables: &Variables) -> Option<Self> {
        let number = |name| variables.get(name)?.parse::<u64>().ok();
        let git_ref = match (variables.get("CI_COMMIT_TAG"), variables.get("CI_MERGE_REQUEST_IID")) {
            (Some(tag), _) => format!("tags/{tag}"),
            (None, Some(iid)) if variables.get("CI_COMMIT_BRANCH").is_none() => format!("!{iid}"),
            _ => variables.get("CI_COMMIT_REF_NAME").unwrap_or_default().to_owned(),
        };
        Some(Self {
            project: number("CI_PROJECT_ID")?.to_string(),
            pipeline: number("CI_PIPELINE_ID")?,
            git_ref: short(&git_ref),
            job: short(variables.get("CI_JOB_NAME").unwrap_or_default()),
        })
    }
}

/// What a message shows, and what its pipeline has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pipeline: u64,
    /// The state's name, by which people choose events.
    pub(crate) state: String,
    /// What the headline says of it.
    pub(crate) words: String,
    /// The job whose failure it shows; empty where it shows none.
    pub(crate) failed_job: String,
    /// The IDs of the jobs whose failures were told.
    pub(crate) told: Vec<u64>,
    /// Whom the failure mentioned.
    pub(crate) mentions: Vec<String>,
    /// How many pipelines of the ref failed in a row up to this one.
    pub(crate) in_a_row: Option<u64>,
}

impl Shown {
    /// What a message shows once `message` stands in it; `before` is what stood there.
    pub(crate) fn of(message: &Message, job: &str, told: &[u64], before: Option<&Self>) -> Self {
        let mut all = before.map(|it| it.told.clone()).unwrap_or_default();
        all.extend(told.iter().filter(|id| message.failure && !all.contains(id)).collect::<Vec<_>>());
        all.truncate(MAX_TOLD);
        let stays = before.filter(|_| !message.failure);
        Self {
            pipeline: 0,
            state: message.state.clone(),
            words: short(&message.words),
            failed_job: if message.failure { job.to_owned() } else { String::new() },
            told: all,
            mentions: stays.map_or_else(|| message.mentions.clone(), |it| it.mentions.clone()),
            in_a_row: message.failures_in_a_row,
        }
    }

    pub(crate) fn encode(&self, speaker: &Speaker) -> Value {
        let told: Vec<String> = self.told.iter().map(u64::to_string).collect();
        // Texts alone: what else Slack keeps there is not documented.
        json!({"event_type": EVENT_TYPE, "event_payload": {
            "project": speaker.project, "pipeline": speaker.pipeline.to_string(), "ref": speaker.git_ref, "state": self.state,
            "words": self.words, "failed_job": self.failed_job, "told": told.join(" "), "mentions": self.mentions.join(" "),
            "in_a_row": self.in_a_row.map_or_else(String::new, |count| count.to_string()),
        }})
    }

    /// What a message of this project shows; `None` where it is none of ours.
    fn decode(message: &Value, speaker: &Speaker) -> Option<(Self, String)> {
        let metadata = &message["metadata"];
        let payload: &Map<String, Value> = metadata["event_payload"].as_object()?;
        let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default();
        if metadata["event_type"] != EVENT_TYPE || text("project") != speaker.project {
            return None;
        }
        let shown = Self {
            pipeline: text("pipeline").parse().ok()?,
            state: text("state").to_owned(),
            words: text("words").to_owned(),
            failed_job: text("failed_job").to_owned(),
            told: text("told").split_whitespace().filter_map(|id| id.parse().ok()).take(MAX_TOLD).collect(),
            mentions: text("mentions").split_whitespace().map(str::to_owned).collect(),
            in_a_row: text("in_a_row").parse().ok(),
        };
        Some((shown, text("ref").to_owned()))
    }

    /// What a message shows, where it is that of the speaker's pipeline.
    pub(crate) fn of_pipeline(message: &Value, speaker: &Speaker) -> Option<Self> {
        Self::decode(message, speaker).map(|(shown, _)| shown).filter(|shown| shown.pipeline == speaker.pipeline)
    }

    /// The same, where it is that of an earlier pipeline of the same ref.
    pub(crate) fn of_earlier(message: &Value, speaker: &Speaker) -> Option<Self> {
        let (shown, git_ref) = Self::decode(message, speaker)?;
        (shown.pipeline < speaker.pipeline && git_ref == speaker.git_ref).then_some(shown)
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
