//! The context, which the host passes to the module.

use serde_json::{Map, Value};

use crate::Error;
use crate::contract::digest::Digest;
use crate::contract::fields::{Fields, parse, read};
use crate::contract::history::History;
use crate::contract::jobs::Jobs;
use crate::contract::setting::Setting;
use crate::contract::why::Why;
use crate::text::url::{SafeUrl, unexpanded};

/// Version 1 of the context.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) event: Event,
    /// GitLab's own verdict on the pipeline. `None` if the caller does not know it.
    pub(crate) result: Option<Verdict>,
    /// GitLab's own variable names and values, untouched.
    ci: Map<String, Value>,
    /// The settings that are set, by their names in lower case without `NOTIFIER_`.
    settings: Map<String, Value>,
    /// The settings file of the consumer's repository, unchanged.
    pub(crate) settings_file: Map<String, Value>,
    pub(crate) jobs: Jobs,
    /// GitLab login or e-mail address to Slack user ID.
    people: Map<String, Value>,
    pub(crate) history: History,
    pub(crate) why: Why,
    pub(crate) digest: Option<Digest>,
    /// True if the ends of logs belong into this message.
    pub(crate) shows_logs: bool,
    /// True if later events update this message, as for a bot.
    pub(crate) updates: bool,
    /// True if the server shows only the text of a message.
    pub(crate) text_only: bool,
    /// Set if this message is the one for the operators, or for the person who ran the pipeline.
    pub(crate) operators: Option<SecondMessage>,
    pub(crate) direct: Option<SecondMessage>,
    /// The time of the event by the host's clock, in seconds since 1970.
    pub(crate) now: Option<i64>,
    pub(crate) request: Request,
}

/// What the host wants of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Message,
    /// Only the route of the message. The context has no data from Slack yet.
    Route,
    /// The message with a status that marks it as a test.
    Test,
    /// Only the ends of logs, as a message of their own.
    Logs,
}

/// The events that a pipeline reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    PipelineStarted,
    /// The pipeline has come to jobs that may wait for somebody or something.
    PipelineWaiting,
    DeployStarted,
    DeployFinished,
    PipelineFinished,
    /// Some days are over.
    Digest,
}

/// The result of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Failed,
    Success,
}

/// The second message of a failure or a recovery.
#[derive(Debug)]
pub(crate) struct SecondMessage {
    /// The address of the first message, if it has one.
    pub(crate) first_message: Option<String>,
}

impl Context {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::of(parse(bytes)?)
    }

    #[inline(never)]
    pub(crate) fn of(fields: Map<String, Value>) -> Result<Self, Error> {
        read(fields, Self::read)
    }

    fn read(mut fields: Fields) -> Self {
        let mut second = |name| {
            let second = fields.optional_object(name);
            second.map(|mut second| SecondMessage { first_message: second.optional_string("first_message") })
        };
        Self {
            operators: second("operators"),
            direct: second("direct"),
            event: Event::read(&mut fields),
            result: fields.word(
                "result",
                &[("failed", Verdict::Failed), ("success", Verdict::Success)],
                "failed or success",
            ),
            ci: fields.string_map("ci"),
            settings: fields.string_map("settings"),
            settings_file: fields.any_object("settings_file"),
            jobs: Jobs::read(&mut fields),
            people: fields.string_map("people"),
            history: History::read(fields.object("history")),
            why: Why::read(fields.object("why")),
            digest: fields.optional_object("digest").map(Digest::read),
            shows_logs: fields.flag("shows_logs"),
            updates: fields.flag("updates"),
            text_only: fields.flag("text_only"),
            now: fields.optional_integer("now"),
            request: Request::read(&mut fields),
        }
    }

    /// Returns a variable of the job. An empty one counts as missing.
    pub(crate) fn ci(&self, name: &str) -> Option<&str> {
        self.ci.get(name)?.as_str().map(str::trim).filter(|value| !value.is_empty())
    }

    /// Returns a setting. An empty value counts as missing, as does a single `$VARIABLE` that GitLab did not expand.
    pub(crate) fn setting(&self, setting: Setting) -> Option<&str> {
        let value = self.settings.get(setting.name())?.as_str()?.trim();
        (!value.is_empty() && unexpanded(value) != Some(value)).then_some(value)
    }

    /// True if a switch is on, which is off by default. The host checks its words.
    pub(crate) fn is_on(&self, switch: Setting) -> bool {
        let is_off =
            |value: &str| ["off", "false", "no", "0", "never"].iter().any(|off| value.eq_ignore_ascii_case(off));
        self.setting(switch).is_some_and(|value| !is_off(value))
    }

    /// Returns an address of this GitLab. An answer, or a variable that somebody overrode, may name another server.
    pub(crate) fn gitlab_url(&self, address: &str) -> Option<SafeUrl> {
        let server = self.ci("CI_SERVER_URL").and_then(SafeUrl::parse)?;
        SafeUrl::parse(address).filter(|url| url.is_at(&server))
    }

    /// Returns a setting, or its default if it is not set. A setting that is set to nothing stays empty.
    pub(crate) fn setting_or<'a>(&'a self, setting: Setting, default: &'a str) -> &'a str {
        if self.settings.contains_key(setting.name()) { self.setting(setting).unwrap_or_default() } else { default }
    }

    /// Looks up a GitLab login or an e-mail address in the map, in any letter case.
    pub(crate) fn person(&self, login_or_email: &str) -> Option<&str> {
        let is_known = |known: &str| known.trim().trim_start_matches('@').eq_ignore_ascii_case(login_or_email);
        self.people.iter().find(|(known, _)| is_known(known))?.1.as_str()
    }
}

impl Event {
    fn read(fields: &mut Fields) -> Self {
        let words = [
            ("pipeline-started", Self::PipelineStarted),
            ("pipeline-waiting", Self::PipelineWaiting),
            ("deploy-started", Self::DeployStarted),
            ("deploy-finished", Self::DeployFinished),
            ("pipeline-finished", Self::PipelineFinished),
            ("digest", Self::Digest),
        ];
        let expected =
            "one of pipeline-started, pipeline-waiting, deploy-started, deploy-finished, pipeline-finished, digest";
        fields.required_word("event", &words, expected).unwrap_or(Self::PipelineStarted)
    }
}

impl Request {
    fn read(fields: &mut Fields) -> Self {
        let words = [("message", Self::Message), ("route", Self::Route), ("test", Self::Test), ("logs", Self::Logs)];
        fields.word("request", &words, "message, route, test or logs").unwrap_or(Self::Message)
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
