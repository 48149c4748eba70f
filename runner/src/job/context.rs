//! The context of an event: the module's view of a job's environment.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::gitlab::digest::Digest;
use crate::gitlab::jobs::Jobs;
use crate::job::event::{Event, Verdict};
use crate::job::history::History;
use crate::job::key::Key;
use crate::job::settings::Settings;
use crate::job::why::Why;
use crate::net::secret::is_secret_name;
use crate::report::Sink;
use crate::variables::Variables;

/// The version of the context that this binary writes.
pub(crate) const CONTEXT_VERSION: u64 = 1;

/// The variables that a module may see. None holds a secret. They are every predefined one of GitLab 17 to 19
/// (<https://docs.gitlab.com/ci/variables/predefined_variables/>) about the project, the commit, the pipeline, the job, the environment
/// and the people. The routing component's two and the namespace that Auto DevOps deploys to are in it too.
#[rustfmt::skip]
const ALLOWED_VARIABLES: [&str; 117] = [
    "CI", "CI_API_V4_URL", "CI_COMMIT_AUTHOR", "CI_COMMIT_BEFORE_SHA", "CI_COMMIT_BRANCH", "CI_COMMIT_DESCRIPTION",
    "CI_COMMIT_MESSAGE", "CI_COMMIT_MESSAGE_IS_TRUNCATED", "CI_COMMIT_REF_NAME", "CI_COMMIT_REF_PROTECTED",
    "CI_COMMIT_REF_SLUG", "CI_COMMIT_SHA", "CI_COMMIT_SHORT_SHA", "CI_COMMIT_TAG", "CI_COMMIT_TAG_MESSAGE",
    "CI_COMMIT_TIMESTAMP", "CI_COMMIT_TITLE", "CI_COMMIT_USER_LOGIN", "CI_CONFIG_PATH", "CI_DEFAULT_BRANCH",
    "CI_DEPLOY_FREEZE", "CI_ENVIRONMENT_ACTION", "CI_ENVIRONMENT_ID", "CI_ENVIRONMENT_NAME", "CI_ENVIRONMENT_SLUG",
    "CI_ENVIRONMENT_TIER", "CI_ENVIRONMENT_URL", "CI_EXTERNAL_PULL_REQUEST_IID",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY",
    "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY", "CI_JOB_GROUP_NAME",
    "CI_JOB_ID", "CI_JOB_IMAGE", "CI_JOB_MANUAL", "CI_JOB_NAME", "CI_JOB_NAME_SLUG", "CI_JOB_STAGE",
    "CI_JOB_STARTED_AT", "CI_JOB_STATUS", "CI_JOB_TIMEOUT", "CI_JOB_URL", "CI_KUBERNETES_ACTIVE",
    "CI_MERGE_REQUEST_APPROVED", "CI_MERGE_REQUEST_ASSIGNEES", "CI_MERGE_REQUEST_DESCRIPTION",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_MERGE_REQUEST_DIFF_ID", "CI_MERGE_REQUEST_DRAFT",
    "CI_MERGE_REQUEST_EVENT_TYPE", "CI_MERGE_REQUEST_ID", "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_LABELS",
    "CI_MERGE_REQUEST_MILESTONE", "CI_MERGE_REQUEST_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_PATH",
    "CI_MERGE_REQUEST_PROJECT_URL", "CI_MERGE_REQUEST_REF_PATH", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_URL", "CI_MERGE_REQUEST_SQUASH_ON_MERGE", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CI_MERGE_REQUEST_TARGET_BRANCH_PROTECTED", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_TITLE",
    "CI_NODE_INDEX", "CI_NODE_TOTAL", "CI_OPEN_MERGE_REQUESTS", "CI_PAGES_DOMAIN", "CI_PAGES_URL",
    "CI_PIPELINE_CREATED_AT", "CI_PIPELINE_ID", "CI_PIPELINE_IID", "CI_PIPELINE_NAME",
    "CI_PIPELINE_SCHEDULE_DESCRIPTION", "CI_PIPELINE_SOURCE", "CI_PIPELINE_TRIGGERED", "CI_PIPELINE_URL",
    "CI_PROJECT_DESCRIPTION", "CI_PROJECT_ID", "CI_PROJECT_NAME", "CI_PROJECT_NAMESPACE",
    "CI_PROJECT_NAMESPACE_ID", "CI_PROJECT_NAMESPACE_SLUG", "CI_PROJECT_PATH", "CI_PROJECT_PATH_SLUG",
    "CI_PROJECT_REPOSITORY_LANGUAGES", "CI_PROJECT_ROOT_NAMESPACE", "CI_PROJECT_TITLE", "CI_PROJECT_TOPICS",
    "CI_PROJECT_URL", "CI_PROJECT_VISIBILITY", "CI_REGISTRY_IMAGE", "CI_RELEASE_DESCRIPTION", "CI_RUNNER_DESCRIPTION",
    "CI_RUNNER_ID", "CI_RUNNER_TAGS", "CI_SERVER_FQDN", "CI_SERVER_HOST", "CI_SERVER_NAME", "CI_SERVER_URL",
    "CI_SERVER_VERSION", "CI_UPSTREAM_JOB_ID", "CI_UPSTREAM_PIPELINE_ID", "CI_UPSTREAM_PROJECT_ID",
    "DEPLOY_CLUSTER", "DEPLOY_ENVIRONMENT", "GITLAB_USER_EMAIL", "GITLAB_USER_ID", "GITLAB_USER_LOGIN",
    "GITLAB_USER_NAME", "KUBE_NAMESPACE",
];

/// The size limit of a context, in bytes, and the initial limit of a value in it. One commit message may have 100 KB.
const MAX_CONTEXT: usize = 200 << 10;
const MAX_VALUE: usize = 64 << 10;

/// The context of one message, as the module gets it.
#[derive(Clone, Debug)]
pub(crate) struct Context(Value);

impl Context {
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// The same event for the operators, with the address of the first message.
    pub(crate) fn for_operators(mut self, first_message: Option<&str>) -> Self {
        self.0["operators"] = json!({"first_message": first_message});
        self
    }

    /// The same event for the person who ran the pipeline, with the address of the first message.
    pub(crate) fn for_person(mut self, first_message: Option<&str>) -> Self {
        self.0["direct"] = json!({"first_message": first_message});
        self
    }

    /// The same event, as a request for the route only.
    pub(crate) fn for_route(mut self) -> Self {
        self.0["request"] = "route".into();
        self
    }

    /// The same event at another time, in seconds since 1970.
    #[cfg(feature = "full")]
    pub(crate) fn at(mut self, now: i64) -> Self {
        self.0["now"] = now.into();
        self
    }

    /// The same event, as a request for a message of only the ends of logs.
    pub(crate) fn for_logs(mut self) -> Self {
        self.0["request"] = "logs".into();
        self
    }

    /// The same event, as a request for a message that says that it is a test.
    pub(crate) fn for_test(mut self) -> Self {
        self.0["request"] = "test".into();
        self
    }

    /// The same event with only these owners to mention.
    pub(crate) fn with_owners(mut self, owners: &str) -> Self {
        let mention = Key::MENTION.name();
        self.0["settings"][mention] = "".into();
        self.0["settings_file"] = json!({});
        self.0["settings"][Key::OWNERS.name()] = owners.into();
        self
    }

    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    /// Reads a saved context, and sets its event, and its result if one is given.
    pub(crate) fn of_file(
        json: &[u8],
        event: Event,
        result: Option<Verdict>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let value: Value = serde_json::from_slice(json).map_err(|fault| format!("it is not JSON: {fault}"))?;
        let Value::Object(mut fields) = value else { return Err("it is JSON, but not an object".into()) };
        fields.insert("event".to_owned(), event.name().into());
        if let Some(result) = result {
            fields.insert("result".to_owned(), result.name().into());
        }
        Ok(Self(fields.into()))
    }
}

/// The parts of an event's context.
pub(crate) struct Gathered<'a> {
    pub(crate) event: Event,
    /// GitLab's own verdict on the pipeline, if the event is its end.
    pub(crate) result: Option<Verdict>,
    pub(crate) variables: &'a Variables,
    pub(crate) settings: &'a Settings,
    /// More variables that the module may see.
    pub(crate) pass: &'a [String],
    /// `None` if GitLab was not asked, or did not answer.
    pub(crate) jobs: Option<&'a Jobs>,
    pub(crate) history: &'a History,
    pub(crate) why: &'a Why,
    pub(crate) digest: Option<&'a Digest>,
    /// True if the ends of logs belong into the message. A bot posts them as a reply.
    pub(crate) shows_logs: bool,
    /// GitLab login or e-mail address to Slack user ID.
    pub(crate) people: &'a Map<String, Value>,
    /// True if later events update the message.
    pub(crate) updates: bool,
    /// True if the server may show only the text of a message.
    pub(crate) text_only: bool,
    /// The settings file of the repository.
    pub(crate) file: &'a Map<String, Value>,
}

impl Gathered<'_> {
    /// Makes the context, and warns of problems.
    pub(crate) fn context(self, warnings: &dyn Sink) -> Context {
        let passed: Vec<&str> = self.passed(warnings).collect();
        let mut longest = MAX_VALUE;
        let mut jobs = self.jobs.cloned();
        let mut why = self.why.clone();
        loop {
            let settings: Map<String, Value> =
                self.settings.for_module().map(|(name, value)| (name.to_owned(), cut(value, longest).into())).collect();
            let context = json!({
                "version": CONTEXT_VERSION,
                "event": self.event.name(),
                "result": self.result.map(Verdict::name),
                "ci": self.ci(&passed, longest),
                "settings": settings,
                "settings_file": self.file,
                "failed_jobs": json!(jobs.as_ref().map(|jobs| &jobs.failed)),
                "more_failed_jobs": jobs.as_ref().is_some_and(|jobs| jobs.are_cut),
                "optional_jobs": json!(jobs.as_ref().filter(|_| self.event == Event::PipelineWaiting).map(|jobs| &jobs.optional)),
                "other_jobs": json!(jobs.as_ref().map(|jobs| &jobs.other)),
                "all_jobs_known": jobs.as_ref().is_some_and(Jobs::are_all),
                "people": self.people,
                "history": json!(self.history),
                "why": json!(why),
                "digest": json!(self.digest),
                "shows_logs": self.shows_logs,
                "updates": self.updates,
                "text_only": self.text_only,
                "now": now(),
            });
            if context.to_string().len() <= MAX_CONTEXT || longest < 16 {
                return Context(context);
            }
            longest /= 2;
            jobs.iter_mut().for_each(Jobs::cut);
            why.stages.clear();
        }
    }

    fn ci(&self, passed: &[&str], longest: usize) -> Map<String, Value> {
        let names = ALLOWED_VARIABLES.iter().chain(passed);
        let seen = names.filter_map(|name| {
            let value = self.variables.raw(name).filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), cut(value, longest).into()))
        });
        seen.collect()
    }

    fn passed<'a>(&'a self, warnings: &dyn Sink) -> impl Iterator<Item = &'a str> + use<'a> {
        let (secret, passed): (Vec<&str>, Vec<&str>) =
            self.pass.iter().map(String::as_str).partition(|name| is_secret_name(name));
        for name in secret {
            warnings.warning(&format!(
                "--pass {name}: the name is that of a secret, so the variable is not passed to the module"
            ));
        }
        passed.into_iter()
    }
}

/// Returns at most `longest` bytes of a text, cut between characters.
fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

/// Returns the seconds since 1970 by this machine's clock; negative before.
pub(crate) fn now() -> i64 {
    let whole = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    SystemTime::now().duration_since(UNIX_EPOCH).map_or_else(|before| -whole(before.duration()), whole)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::gitlab::jobs::Job;
    use crate::gitlab::stages::{Stage, State};

    #[test]
    fn no_allowed_variable_is_a_secret() {
        let secret: Vec<_> = ALLOWED_VARIABLES.iter().filter(|name| is_secret_name(name)).collect();
        assert!(secret.is_empty(), "{secret:?}");
    }

    #[test]
    fn a_context_stays_within_its_size() {
        let variables: Variables = ALLOWED_VARIABLES.iter().map(|name| (*name, "가\"".repeat(100_000))).collect();
        let settings = Settings::default();
        let long = || "가".repeat(255);
        let stage = || Stage { name: long(), state: State::Done };
        let job = |id| Job { id, name: long(), stage: long(), web_url: "u".repeat(1000), ..Job::default() };
        let jobs = Jobs { failed: (0..200).map(job).collect(), ..Jobs::default() };
        let gathered = Gathered {
            event: Event::PipelineFinished,
            result: None,
            variables: &variables,
            settings: &settings,
            pass: &[],
            jobs: Some(&jobs),
            history: &History::default(),
            why: &Why { stages: (0..100).map(|_| stage()).collect(), ..Why::default() },
            digest: None,
            shows_logs: false,
            people: &Map::new(),
            updates: false,
            text_only: false,
            file: &Map::new(),
        };
        let context = gathered.context(&RefCell::default());
        let bytes = context.encode();
        assert!(bytes.len() <= MAX_CONTEXT, "{}", bytes.len());
        assert!(context.json()["ci"]["CI_JOB_NAME"].is_string());
        assert!(context.json()["failed_jobs"].as_array().unwrap().len() >= 10);
    }
}
