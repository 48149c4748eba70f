//! Hidden metadata of the bot's messages (<https://docs.slack.dev/messaging/message-metadata/>). It records a message's pipeline and
//! content, so that later jobs find the message and know the reported failures.

use percent_encoding::percent_decode_str;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::job::git_ref::GitRef;
use crate::net::secret::percent_encoded;
use crate::variables::Variables;

/// The type of our metadata.
const EVENT_TYPE: &str = "pipeline_notifier";

/// The most failed jobs that a message records.
const MAX_REPORTED: usize = 200;

/// The length limit of a recorded text, in characters.
const MAX_TEXT: usize = 255;

/// The sender of a message: a pipeline and its job.
pub(crate) struct Sender {
    /// The bot's own key. Any app may write metadata like ours, and forged metadata could suppress a failure report.
    key: hmac::Key,
    /// The GitLab host and the project's ID.
    project: String,
    pub(crate) pipeline: i64,
    /// The branch, `tags/NAME`, or `!IID` of a merge request. The next pipeline of the same ref has the same.
    git_ref: String,
    pub(crate) job: String,
}

impl Sender {
    /// Returns the seal of a text, which only this bot can make.
    pub(super) fn seal(&self, text: &str) -> String {
        let tag = hmac::sign(&self.key, text.as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the sender of a job; `None` outside of one.
    pub(crate) fn of(variables: &Variables) -> Option<Self> {
        let number = |name| variables.get(name)?.parse::<i64>().ok();
        let mut git_ref = GitRef::of(variables).map_or_else(String::new, |git_ref| git_ref.key());
        if variables.get("CI_PIPELINE_SOURCE") == Some("parent_pipeline") {
            // A child pipeline has the ref of its parent, and no history of its own.
            git_ref += &format!(" (child {})", number("CI_PIPELINE_ID")?);
        }
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

/// A message's content, and the failures that its pipeline has reported so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shown {
    /// The pipeline's end, in the module's word; empty if it has not ended.
    pub(crate) verdict: String,
    /// The text of the headline.
    pub(crate) status: String,
    pub(crate) environment: String,
    /// The failed job that it shows; empty if there is none.
    pub(crate) failed_job: String,
    /// The job that sent the message.
    pub(crate) job: String,
    /// The IDs of the jobs whose failures were reported.
    pub(crate) reported: Vec<i64>,
    /// The mentions of the failure.
    pub(crate) mentions: Vec<String>,
    /// The number of consecutive failed pipelines of the ref, up to this one.
    pub(crate) in_a_row: Option<i64>,
    /// The first job that also wrote to the person who ran it.
    pub(crate) direct: Option<i64>,
}

/// [`Shown`] as a message carries it.
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
        // Plain characters only: Slack does not document its handling of others there.
        let sealed = percent_encoded(&json!(carried).to_string());
        let seal = sender.seal(&sealed);
        let payload = json!({"project": project, "pipeline": pipeline.to_string(), "sealed": sealed, "seal": seal});
        json!({"event_type": EVENT_TYPE, "event_payload": payload})
    }

    /// Returns the content of this project's message; `None` for anybody else's.
    fn decode(message: &Value, sender: &Sender) -> Option<Carried> {
        let metadata = &message["metadata"];
        let sealed = metadata["event_payload"]["sealed"].as_str()?;
        let is_ours =
            metadata["event_type"] == EVENT_TYPE && metadata["event_payload"]["seal"] == sender.seal(sealed).as_str();
        let carried: Carried = serde_json::from_str(&percent_decode_str(sealed).decode_utf8().ok()?).ok()?;
        (is_ours && carried.project == sender.project).then_some(carried)
    }

    /// Returns the content of a message of the sender's pipeline.
    pub(crate) fn of_pipeline(message: &Value, sender: &Sender) -> Option<Self> {
        let carried = Self::decode(message, sender)?;
        (carried.pipeline == sender.pipeline).then_some(carried.shown)
    }

    /// Returns an earlier pipeline of the same ref that ended, and the content of its message.
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
        // Another bot, and the seal of another text.
        assert_eq!(Shown::of_pipeline(&message, &sender("xoxb-1-2-other", "90817")), None);
        let mut forged = message.clone();
        forged["metadata"]["event_payload"]["sealed"] =
            json!({ "metadata": Shown::default().encode(&ours) })["metadata"]["event_payload"]["sealed"].clone();
        assert_eq!(Shown::of_pipeline(&forged, &ours), None);
    }
}
