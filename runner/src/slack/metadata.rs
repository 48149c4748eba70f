//! What the bot's messages carry that nobody sees: whose they are and what they show, so that later jobs find them and know what
//! was told (<https://docs.slack.dev/messaging/message-metadata/>).

use serde_json::{Map, Value, json};

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
    /// The GitLab and the project's ID.
    project: String,
    pub(crate) pipeline: i64,
    /// The branch, `tags/NAME`, or `!IID` of a merge request: what the next pipeline of the same ref has too.
    git_ref: String,
    pub(crate) job: String,
}

impl Speaker {
    /// Who speaks in a job; `None` outside of one.
    pub(crate) fn of(variables: &Variables) -> Option<Self> {
        let number = |name| variables.get(name)?.parse::<i64>().ok();
        let git_ref = match (variables.get("CI_COMMIT_TAG"), variables.get("CI_MERGE_REQUEST_IID")) {
            (Some(tag), _) => format!("tags/{tag}"),
            (None, Some(iid)) if variables.get("CI_COMMIT_BRANCH").is_none() => format!("!{iid}"),
            _ => variables.get("CI_COMMIT_REF_NAME").unwrap_or_default().to_owned(),
        };
        let server = variables.get("CI_SERVER_HOST").unwrap_or_default();
        Some(Self {
            project: short(&format!("{server}/{}", number("CI_PROJECT_ID")?)),
            pipeline: number("CI_PIPELINE_ID")?,
            git_ref: short(&git_ref),
            job: short(variables.get("CI_JOB_NAME").unwrap_or_default()),
        })
    }
}

/// What a message shows, and what its pipeline has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// How the pipeline ended, in the module's word; empty where it has not.
    pub(crate) verdict: String,
    /// What the headline says.
    pub(crate) words: String,
    /// What it is about.
    pub(crate) environment: String,
    /// The job whose failure it shows; empty where it shows none.
    pub(crate) failed_job: String,
    /// The job that spoke.
    pub(crate) job: String,
    /// The IDs of the jobs whose failures were told.
    pub(crate) told: Vec<i64>,
    /// Whom the failure mentioned.
    pub(crate) mentions: Vec<String>,
    /// How many pipelines of the ref failed in a row up to this one.
    pub(crate) in_a_row: Option<i64>,
}

impl Shown {
    pub(crate) fn encode(&self, speaker: &Speaker) -> Value {
        let told: Vec<String> = self.told.iter().rev().take(MAX_TOLD).map(i64::to_string).collect();
        // Texts alone: what else Slack keeps there is not documented.
        json!({"event_type": EVENT_TYPE, "event_payload": {
            "project": speaker.project, "pipeline": speaker.pipeline.to_string(), "ref": speaker.git_ref,
            "verdict": self.verdict, "words": short(&self.words), "environment": short(&self.environment), "failed_job": short(&self.failed_job), "job": short(&self.job),
            "told": told.join(" "), "mentions": self.mentions.join(" "),
            "in_a_row": self.in_a_row.map_or_else(String::new, |count| count.to_string()),
        }})
    }

    /// What a message of this project shows, its pipeline and its ref; `None` where it is none of ours.
    fn decode(message: &Value, speaker: &Speaker) -> Option<(Self, i64, String)> {
        let metadata = &message["metadata"];
        let payload: &Map<String, Value> = metadata["event_payload"].as_object()?;
        let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default();
        if metadata["event_type"] != EVENT_TYPE || text("project") != speaker.project {
            return None;
        }
        let shown = Self {
            verdict: text("verdict").to_owned(),
            words: text("words").to_owned(),
            environment: text("environment").to_owned(),
            failed_job: text("failed_job").to_owned(),
            job: text("job").to_owned(),
            told: text("told").split_whitespace().filter_map(|id| id.parse().ok()).take(MAX_TOLD).collect(),
            mentions: text("mentions").split_whitespace().map(str::to_owned).collect(),
            in_a_row: text("in_a_row").parse().ok(),
        };
        Some((shown, text("pipeline").parse().ok()?, text("ref").to_owned()))
    }

    /// What a message shows, where it is one of the speaker's pipeline.
    pub(crate) fn of_pipeline(message: &Value, speaker: &Speaker) -> Option<Self> {
        let (shown, pipeline, _) = Self::decode(message, speaker)?;
        (pipeline == speaker.pipeline).then_some(shown)
    }

    /// The same, where it is that of an earlier pipeline of the same ref, and how that ended; and the pipeline.
    pub(crate) fn of_earlier(message: &Value, speaker: &Speaker) -> Option<(i64, Self)> {
        let (shown, pipeline, git_ref) = Self::decode(message, speaker)?;
        let is_earlier = pipeline < speaker.pipeline && git_ref == speaker.git_ref && !shown.verdict.is_empty();
        is_earlier.then_some((pipeline, shown))
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
