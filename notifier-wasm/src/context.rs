//! The context: what the host passes to the module.

use serde_json::{Map, Value};

use crate::Error;
use crate::history::History;
use crate::request::{flag, object, objects, optional_integer, optional_string, parse, string, strings};
use crate::url::unexpanded;

/// Version 1 of the context.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) event: Event,
    /// GitLab's own verdict on the pipeline; absent where the caller does not know it.
    pub(crate) result: Option<Verdict>,
    /// GitLab's own variable names and values, untouched.
    ci: Map<String, Value>,
    /// The settings that are set, by their names in lower case without `NOTIFIER_`.
    settings: Map<String, Value>,
    /// The settings file of the consumer's repository, as it is.
    pub(crate) settings_file: Map<String, Value>,
    /// The jobs that failed for good, trigger jobs among them; absent where GitLab could not be asked.
    pub(crate) failed_jobs: Option<Vec<Job>>,
    /// Whether more have failed than those.
    pub(crate) more_failed_jobs: bool,
    /// The jobs that neither failed nor succeeded: canceled ones, and those that somebody or something is waited for.
    pub(crate) other_jobs: Vec<Job>,
    /// Whether every job that is in neither list succeeded, or was skipped.
    pub(crate) all_jobs_known: bool,
    /// GitLab login or e-mail address to Slack user ID.
    people: Map<String, Value>,
    pub(crate) history: History,
    /// Whether later events update this message, as a bot's do.
    pub(crate) updates: bool,
    /// Whether the server shows nothing of a message but its text.
    pub(crate) text_only: bool,
    /// Where the message is the one for the operators: what it follows.
    pub(crate) operators: Option<Operators>,
    /// Seconds since 1970 by the host's clock, when the event happened.
    pub(crate) now: Option<i64>,
}

/// The events that a pipeline reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    PipelineStarted,
    DeployStarted,
    DeployFinished,
    PipelineFinished,
}

/// How a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Failed,
    Success,
}

/// A job that did not succeed (<https://docs.gitlab.com/api/jobs/#list-pipeline-jobs>).
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    pub(crate) stage: String,
    /// In GitLab's own word.
    pub(crate) status: String,
    pub(crate) web_url: String,
    /// Why it failed, in GitLab's own word; empty where that is not known.
    pub(crate) failure_reason: String,
    /// Of a trigger job: the page of the pipeline that it started.
    pub(crate) downstream_url: Option<String>,
    /// What it deploys to, by GitLab's name and slug, where that is known.
    pub(crate) environment: Option<String>,
    pub(crate) environment_slug: Option<String>,
}

/// The second message of a failure or a recovery, to those who operate what failed.
#[derive(Debug)]
pub(crate) struct Operators {
    /// The address of the first message, where it has one.
    pub(crate) first_message: Option<String>,
}

impl Context {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::of(parse(bytes)?)
    }

    pub(crate) fn of(mut fields: Map<String, Value>) -> Result<Self, Error> {
        let history = object(&mut fields, "history")?;
        let operators = match fields.get("operators") {
            None | Some(Value::Null) => None,
            Some(_) => {
                let mut operators = object(&mut fields, "operators")?;
                Some(Operators { first_message: optional_string(&mut operators, "first_message")? })
            }
        };
        let mut jobs = |name| -> Result<Option<Vec<Job>>, Error> {
            objects(&mut fields, name)?.map(|jobs| jobs.into_iter().map(Job::of).collect()).transpose()
        };
        let (failed_jobs, other_jobs) = (jobs("failed_jobs")?, jobs("other_jobs")?.unwrap_or_default());
        Ok(Self {
            event: Event::of(&string(&mut fields, "event")?)?,
            result: optional_string(&mut fields, "result")?.map(|result| Verdict::of(&result)).transpose()?,
            ci: strings(&mut fields, "ci")?,
            settings: strings(&mut fields, "settings")?,
            settings_file: object(&mut fields, "settings_file")?,
            failed_jobs,
            more_failed_jobs: flag(&mut fields, "more_failed_jobs")?,
            other_jobs,
            all_jobs_known: flag(&mut fields, "all_jobs_known")?,
            people: strings(&mut fields, "people")?,
            history: History::of(history)?,
            updates: flag(&mut fields, "updates")?,
            text_only: flag(&mut fields, "text_only")?,
            operators,
            now: optional_integer(&mut fields, "now")?,
        })
    }

    /// A variable of the job; an empty one counts as missing.
    pub(crate) fn ci(&self, name: &str) -> Option<&str> {
        self.ci.get(name)?.as_str().map(str::trim).filter(|value| !value.is_empty())
    }

    /// A setting. Empty, or a lone `$VARIABLE` that GitLab left as it was, counts as missing.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        let value = self.settings.get(name)?.as_str()?.trim();
        (!value.is_empty() && unexpanded(value) != Some(value)).then_some(value)
    }

    /// What the map says of a GitLab login or an e-mail address, whatever its letters' case.
    pub(crate) fn person(&self, login_or_email: &str) -> Option<&str> {
        let is_known = |known: &str| known.trim().trim_start_matches('@').eq_ignore_ascii_case(login_or_email);
        self.people.iter().find(|(known, _)| is_known(known))?.1.as_str()
    }
}

impl Event {
    fn of(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "pipeline-started" => Self::PipelineStarted,
            "deploy-started" => Self::DeployStarted,
            "deploy-finished" => Self::DeployFinished,
            "pipeline-finished" => Self::PipelineFinished,
            _ => {
                let known = "one of pipeline-started, deploy-started, deploy-finished, pipeline-finished";
                return Err(Error::field("`event`", known));
            }
        })
    }
}

impl Verdict {
    fn of(word: &str) -> Result<Self, Error> {
        match word {
            "failed" => Ok(Self::Failed),
            "success" => Ok(Self::Success),
            _ => Err(Error::field("`result`", "failed or success")),
        }
    }
}

impl Job {
    fn of(mut fields: Map<String, Value>) -> Result<Self, Error> {
        Ok(Self {
            name: string(&mut fields, "name")?,
            id: optional_integer(&mut fields, "id")?,
            stage: optional_string(&mut fields, "stage")?.unwrap_or_default(),
            status: optional_string(&mut fields, "status")?.unwrap_or_default(),
            web_url: optional_string(&mut fields, "web_url")?.unwrap_or_default(),
            failure_reason: optional_string(&mut fields, "failure_reason")?.unwrap_or_default(),
            downstream_url: optional_string(&mut fields, "downstream_url")?,
            environment: optional_string(&mut fields, "environment")?,
            environment_slug: optional_string(&mut fields, "environment_slug")?,
        })
    }
}

#[cfg(test)]
pub(crate) fn context(mut json: Value) -> Context {
    json["version"] = 1.into();
    if json.get("event").is_none() {
        json["event"] = "deploy-started".into();
    }
    Context::decode(json.to_string().as_bytes()).unwrap()
}
