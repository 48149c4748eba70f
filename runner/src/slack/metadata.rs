//! What the bot's messages carry that nobody sees: whose they are and what they show, so that later jobs find them and know what
//! was told (<https://docs.slack.dev/messaging/message-metadata/>).

use percent_encoding::percent_decode_str;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::job::git_ref::GitRef;
use crate::net::secret::percent_encoded;
use crate::variables::Variables;

/// The type of our metadata.
const EVENT_TYPE: &str = "pipeline_notifier";

/// How many failed jobs a message remembers.
const MAX_REPORTED: usize = 200;

/// The longest text that is kept in it, in characters.
const MAX_TEXT: usize = 255;

/// Whose message it is: a pipeline, and the job that speaks.
pub(crate) struct Sender {
    /// What the bot alone can seal with: any app may write metadata like ours, and what it says keeps failures from being told.
    key: hmac::Key,
    /// The GitLab and the project's ID.
    project: String,
    pub(crate) pipeline: i64,
    /// The branch, `tags/NAME`, or `!IID` of a merge request: what the next pipeline of the same ref has too.
    git_ref: String,
    pub(crate) job: String,
}

impl Sender {
    /// The seal of a text.
    fn seal(&self, text: &str) -> String {
        let tag = hmac::sign(&self.key, text.as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Who speaks in a job; `None` outside of one.
    pub(crate) fn of(variables: &Variables) -> Option<Self> {
        let number = |name| variables.get(name)?.parse::<i64>().ok();
        let git_ref = GitRef::of(variables).map_or_else(String::new, |git_ref| git_ref.key());
        let server = variables.get("CI_SERVER_HOST").unwrap_or_default();
        let token = variables.secret("SLACK_BOT_TOKEN").and_then(Result::ok).unwrap_or_default();
        Some(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes()),
            project: short(&format!("{server}/{}", number("CI_PROJECT_ID")?)),
            pipeline: number("CI_PIPELINE_ID")?,
            git_ref: short(&git_ref),
            job: short(variables.get("CI_JOB_NAME").unwrap_or_default()),
        })
    }
}

/// What a message shows, and what its pipeline has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shown {
    /// How the pipeline ended, in the module's word; empty where it has not.
    pub(crate) verdict: String,
    /// What the headline says.
    pub(crate) status: String,
    /// What it is about.
    pub(crate) environment: String,
    /// The job whose failure it shows; empty where it shows none.
    pub(crate) failed_job: String,
    /// The job that spoke.
    pub(crate) job: String,
    /// The IDs of the jobs whose failures were told.
    pub(crate) reported: Vec<i64>,
    /// Whom the failure mentioned.
    pub(crate) mentions: Vec<String>,
    /// How many pipelines of the ref failed in a row up to this one.
    pub(crate) in_a_row: Option<i64>,
}

/// The same as a message carries it.
#[derive(Serialize, Deserialize)]
struct Carried {
    project: String,
    pipeline: i64,
    git_ref: String,
    shown: Shown,
}

impl Shown {
    pub(crate) fn encode(&self, sender: &Sender) -> Value {
        let mut shown = self.clone();
        for text in [&mut shown.status, &mut shown.environment, &mut shown.failed_job, &mut shown.job] {
            *text = short(text);
        }
        let oldest = shown.reported.len().saturating_sub(MAX_REPORTED);
        shown.reported.drain(..oldest);
        let Sender { project, pipeline, git_ref, .. } = sender;
        let carried = Carried { project: project.clone(), pipeline: *pipeline, git_ref: git_ref.clone(), shown };
        // In plain characters: what Slack makes of others there is not documented.
        let sealed = percent_encoded(&json!(carried).to_string());
        let seal = sender.seal(&sealed);
        let payload = json!({"project": project, "pipeline": pipeline.to_string(), "sealed": sealed, "seal": seal});
        json!({"event_type": EVENT_TYPE, "event_payload": payload})
    }

    /// What a message of this project shows; `None` where it is none of ours.
    fn decode(message: &Value, sender: &Sender) -> Option<Carried> {
        let metadata = &message["metadata"];
        let sealed = metadata["event_payload"]["sealed"].as_str()?;
        let is_ours =
            metadata["event_type"] == EVENT_TYPE && metadata["event_payload"]["seal"] == sender.seal(sealed).as_str();
        let carried: Carried = serde_json::from_str(&percent_decode_str(sealed).decode_utf8().ok()?).ok()?;
        (is_ours && carried.project == sender.project).then_some(carried)
    }

    /// What a message shows, where it is one of the speaker's pipeline.
    pub(crate) fn of_pipeline(message: &Value, sender: &Sender) -> Option<Self> {
        let carried = Self::decode(message, sender)?;
        (carried.pipeline == sender.pipeline).then_some(carried.shown)
    }

    /// The same, where it is that of an earlier pipeline of the same ref, and how that ended; and the pipeline.
    pub(crate) fn of_earlier(message: &Value, sender: &Sender) -> Option<(i64, Self)> {
        let Carried { pipeline, git_ref, shown, .. } = Self::decode(message, sender)?;
        let is_earlier = pipeline < sender.pipeline && git_ref == sender.git_ref && !shown.verdict.is_empty();
        is_earlier.then_some((pipeline, shown))
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(token: &str, pipeline: &str) -> Sender {
        let variables = [
            ("SLACK_BOT_TOKEN", token),
            ("CI_PROJECT_ID", "1042"),
            ("CI_PIPELINE_ID", pipeline),
            ("CI_SERVER_HOST", "gitlab.corp.example"),
            ("CI_COMMIT_REF_NAME", "main"),
        ];
        Sender::of(&variables.into_iter().collect()).unwrap()
    }

    #[test]
    fn only_the_bot_itself_is_believed() {
        let shown =
            Shown { verdict: "failed".into(), status: "build & <b>".into(), reported: vec![7], ..Shown::default() };
        let (ours, next) = (sender("xoxb-1-2-abc", "90817"), sender("xoxb-1-2-abc", "90818"));
        let message = json!({ "metadata": shown.encode(&ours) });
        assert_eq!(Shown::of_pipeline(&message, &ours), Some(shown.clone()));
        assert_eq!(Shown::of_earlier(&message, &next), Some((90_817, shown.clone())));
        assert_eq!(Shown::of_pipeline(&message, &next), None);
        // Another bot, and a seal of something else.
        assert_eq!(Shown::of_pipeline(&message, &sender("xoxb-1-2-other", "90817")), None);
        let mut forged = message.clone();
        forged["metadata"]["event_payload"]["sealed"] =
            json!({ "metadata": Shown::default().encode(&ours) })["metadata"]["event_payload"]["sealed"].clone();
        assert_eq!(Shown::of_pipeline(&forged, &ours), None);
    }
}
