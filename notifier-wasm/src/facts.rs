//! What a message is about, worked out once from the context.

pub(crate) mod environment;
mod events;
pub(crate) mod failures;
pub(crate) mod mentions;
pub(crate) mod outcome;
pub(crate) mod selection;
pub(crate) mod settings_file;
pub(crate) mod source;

use crate::contract::warning::{Code, Warning};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::contract::action::Action;
use crate::contract::context::{Context, Event};
use crate::contract::jobs::Job;
use crate::contract::setting::Setting;
use crate::contract::state::State;
use crate::facts::environment::Environment;
use crate::facts::settings_file::SettingsFile;
use crate::facts::source::{Cause, Ref};
use crate::language::Language;
use crate::text;
use crate::text::template::{self, Fault};
use crate::text::url::{SafeUrl, encode_value, unexpanded};

/// A span of more than this is a clock that jumped or a job retried much later, not a duration.
const MAX_DURATION: i64 = 30 * 24 * 3600;

/// When a start is told late, in seconds.
const LATE: u64 = 600;

/// When a job that is run again, and any job, is long after its pipeline, in seconds.
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The longest line of a settings file that is shown, in characters.
const MAX_LINE: usize = 300;

pub(crate) struct Facts<'a> {
    pub(crate) context: &'a Context,
    pub(crate) state: State,
    pub(crate) action: Action,
    pub(crate) language: Language,
    pub(crate) git_ref: Option<Ref<'a>>,
    pub(crate) cause: Option<Cause<'a>>,
    pub(crate) environment: Environment,
    pub(crate) file: SettingsFile<'a>,
    /// The failed jobs that nobody has told of; `None` where GitLab could not be asked.
    pub(crate) unreported: Option<Vec<&'a Job>>,
    /// The deployment that failed, where a closing job tells of it.
    deployment: Option<&'a Job>,
}

impl<'a> Facts<'a> {
    #[inline(never)]
    pub(crate) fn of(context: &'a Context, warnings: &mut Vec<Warning>) -> Self {
        let git_ref = Ref::of(context);
        let language =
            context.setting(Setting::LANGUAGE).map_or(Some(Language::default()), Language::of).unwrap_or_else(|| {
                warnings.push(Warning::of(
                    Code::UnknownValue,
                    "NOTIFIER_LANGUAGE",
                    "the languages are en and ko; using en",
                ));
                Language::default()
            });
        if context.setting(Setting::PROJECT_NAME).is_some_and(|it| !["name", "path"].contains(&it)) {
            warnings.push(Warning::of(Code::UnknownValue, "NOTIFIER_PROJECT_NAME", "it is name or path; using name"));
        }
        let unreported = failures::unreported(context);
        let are_deployments = failures::are_deployments(context, unreported.as_deref());
        let state = State::of(context, are_deployments, warnings);
        let is_closing = context.event == Event::PipelineFinished;
        let deployment = unreported.as_ref().and_then(|unreported| unreported.first().copied());
        let deployment = deployment.filter(|_| is_closing && state == State::DeployFailed);
        let over = context.history.failure().and_then(|failure| failure.environment.as_deref());
        // Independent of earlier reports: they are read in the channel, and the environment chooses the channel.
        let deployed_to: Vec<&str> = match context.jobs.failed.as_ref().filter(|_| is_closing && state.is_failure()) {
            Some(failed) => failed.iter().filter_map(|job| job.environment.as_deref()).collect(),
            None if state.is_recovery() => over.into_iter().collect(),
            None => context.ci("CI_ENVIRONMENT_NAME").into_iter().collect(),
        };
        let environment = Environment::of(context, git_ref.as_ref(), &deployed_to, warnings);
        Self {
            file: SettingsFile::of(context, state, environment.name.as_deref(), warnings),
            state,
            action: Action::of(context),
            language,
            environment,
            cause: Cause::of(context),
            unreported,
            deployment,
            git_ref,
            context,
        }
    }

    /// The project's repository name: a channel belongs to a team, so it comes first everywhere. With its groups where the
    /// team has two of one name.
    pub(crate) fn project(&self) -> Option<&'a str> {
        if let (Some("path"), Some(path)) =
            (self.context.setting(Setting::PROJECT_NAME), self.context.ci("CI_PROJECT_PATH"))
        {
            return Some(path);
        }
        self.context.ci("CI_PROJECT_NAME").or_else(|| self.context.ci("CI_PROJECT_PATH")?.rsplit('/').next())
    }

    /// The first eight characters of the commit, as GitLab shows them.
    pub(crate) fn short_sha(&self) -> Option<String> {
        let sha = self.context.ci("CI_COMMIT_SHORT_SHA").or_else(|| self.context.ci("CI_COMMIT_SHA"))?;
        sha.chars().all(|c| c.is_ascii_hexdigit()).then(|| sha.chars().take(8).collect())
    }

    /// The job of the deployment: the one that speaks, or the one that is spoken of.
    pub(crate) fn job(&self) -> Option<&'a str> {
        match self.context.event {
            Event::DeployStarted | Event::DeployFinished => self.context.ci("CI_JOB_NAME"),
            Event::PipelineStarted | Event::PipelineFinished => {
                let alone = self.unreported.as_ref().is_some_and(|unreported| unreported.len() == 1);
                self.deployment.filter(|_| alone).map(|job| job.name.as_str())
            }
        }
    }

    /// The same where it says more than the words `deploy failed` do: not one that is called `deploy`, like its stage or like its
    /// environment.
    pub(crate) fn notable_job(&self) -> Option<&'a str> {
        let environment = self.environment.name.as_deref();
        let stage = self.deployment.map_or_else(|| self.context.ci("CI_JOB_STAGE"), |job| Some(job.stage.as_str()));
        let obvious = [Some("deploy"), stage, self.variable("CI_ENVIRONMENT_NAME"), environment];
        self.job().filter(|job| !obvious.contains(&Some(job)))
    }

    /// Which attempt of its job it is, where that is not the first and says something.
    pub(crate) fn attempt(&self) -> Option<u64> {
        let is_again = matches!(self.state, State::DeployAgain | State::DeployRolledBack);
        self.context.history.attempt.and_then(|it| u64::try_from(it).ok()).filter(|attempt| *attempt > 1 && !is_again)
    }

    /// The emoji of the message. What is over is no feast for those who were called.
    pub(crate) fn sign(&self) -> (&'static str, &'static str) {
        let is_all_clear = self.context.operators.is_some() && self.state.is_recovery();
        if is_all_clear { State::PipelineSucceeded.sign() } else { self.state.sign() }
    }

    /// Whether the job runs long after its pipeline, whose message people do not see any more.
    pub(crate) fn is_apart(&self) -> bool {
        if !matches!(self.context.event, Event::DeployStarted | Event::DeployFinished) {
            return false;
        }
        let times = self.time("CI_JOB_STARTED_AT").zip(self.time("CI_PIPELINE_CREATED_AT"));
        let age = times.map_or(0, |(started, created)| started.saturating_sub(created));
        let is_again = self.context.history.attempt > Some(1) || self.state == State::DeployAgain;
        self.state == State::DeployRolledBack || is_again && age > HOUR || age > DAY
    }

    /// The person who ran the pipeline, or who played the manual job.
    pub(crate) fn person(&self) -> Option<String> {
        let name = self.context.ci("GITLAB_USER_NAME").or_else(|| self.context.ci("GITLAB_USER_LOGIN"))?;
        Some(text::shown(name, 80))
    }

    /// A variable that holds an address.
    pub(crate) fn url(&self, variable: &str) -> Option<SafeUrl> {
        SafeUrl::parse(self.context.ci(variable)?)
    }

    /// When what is being reported began, seconds since 1970: the deployment, or the pipeline.
    pub(crate) fn began_at(&self) -> Option<i64> {
        match self.context.event {
            Event::DeployStarted => self.context.now.or_else(|| self.time("CI_JOB_STARTED_AT")),
            Event::DeployFinished => self.context.history.deploy_started_at.or_else(|| self.time("CI_JOB_STARTED_AT")),
            Event::PipelineStarted | Event::PipelineFinished => self.time("CI_PIPELINE_CREATED_AT"),
        }
    }

    /// How long it took, in seconds, where something has ended.
    pub(crate) fn took(&self) -> Option<u64> {
        if matches!(self.context.event, Event::PipelineStarted | Event::DeployStarted) {
            return None;
        }
        self.since(self.began_at()?)
    }

    /// How long the pipeline has been running, in seconds, in a message that is updated as it runs.
    pub(crate) fn so_far(&self) -> Option<u64> {
        let is_about_a_part = matches!(self.context.event, Event::DeployStarted | Event::DeployFinished);
        let began_at = self.time("CI_PIPELINE_CREATED_AT").filter(|_| self.context.updates && is_about_a_part)?;
        self.since(began_at)
    }

    /// How long ago the pipeline started, in seconds, where the job that tells so came late: runners take the start job when they come
    /// to it.
    pub(crate) fn late(&self) -> Option<u64> {
        let began_at = self.began_at().filter(|_| self.state == State::PipelineStarted)?;
        self.since(began_at).filter(|seconds| *seconds > LATE)
    }

    fn since(&self, began_at: i64) -> Option<u64> {
        let seconds = self.context.now?.checked_sub(began_at)?;
        u64::try_from(seconds).ok().filter(|_| seconds <= MAX_DURATION)
    }

    fn time(&self, variable: &str) -> Option<i64> {
        OffsetDateTime::parse(self.context.ci(variable)?, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
    }

    /// A variable of the job that deploys: of the environment, what GitLab says of it where another job speaks.
    fn variable(&self, name: &str) -> Option<&str> {
        match (self.deployment, name) {
            (Some(job), "CI_ENVIRONMENT_NAME") => job.environment.as_deref(),
            (Some(job), "CI_ENVIRONMENT_SLUG") => job.environment_slug.as_deref(),
            _ => self.context.ci(name),
        }
    }

    /// What a `%{NAME}` stands for: one of four words, or a variable of the job.
    pub(crate) fn placeholder(&self, name: &str) -> Result<&str, Fault> {
        match name {
            "project" => self.project(),
            "environment" => self.environment.name.as_deref(),
            "cluster" => self.environment.cluster.as_deref(),
            "branch" => self.git_ref.as_ref().map(Ref::name),
            variable => self.variable(variable),
        }
        .ok_or_else(|| Fault::Missing(name.to_owned()))
    }

    /// Fills a template of a line that people read.
    pub(crate) fn line(&self, template: &str) -> Result<String, Fault> {
        let filled = template::expand(template, |_, name| self.placeholder(name).map(str::to_owned))?;
        Ok(text::shown(&filled, MAX_LINE))
    }

    /// Fills a template of an address. Values are percent-encoded, but for one at the very start,
    /// which is an address to build on.
    pub(crate) fn address(&self, template: &str) -> Result<SafeUrl, Fault> {
        let filled = template::expand(template, |before, name| {
            let value = self.placeholder(name)?;
            Ok(if before.is_empty() { value.trim_end_matches('/').to_owned() } else { encode_value(value) })
        })?;
        if let Some(variable) = unexpanded(&filled) {
            return Err(Fault::Unexpanded(text::shown(variable, MAX_LINE)));
        }
        SafeUrl::parse(&filled).ok_or(Fault::NotAnAddress)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

    #[test]
    fn addresses_are_filled_with_encoded_values() {
        let context = context(
            json!({"ci": {"DEPLOY_CLUSTER": "eks", "CI_COMMIT_BRANCH": "feature/x?y", "CI_COMMIT_REF_SLUG": "feature-x", "CI_PROJECT_URL": "https://gitlab.example/g/p/"}}),
        );
        let facts = Facts::of(&context, &mut vec![]);
        let address = |template| facts.address(template).map(|url| url.as_str().to_owned());
        assert_eq!(address("https://%{CI_COMMIT_REF_SLUG}.shop.example").unwrap(), "https://feature-x.shop.example");
        assert_eq!(
            address("https://logs.example/?q=%{branch}&c=%{cluster}").unwrap(),
            "https://logs.example/?q=feature%2Fx%3Fy&c=eks"
        );
        assert_eq!(
            address("%{CI_PROJECT_URL}/-/wikis/%{branch}").unwrap(),
            "https://gitlab.example/g/p/-/wikis/feature%2Fx%3Fy"
        );
        assert_eq!(
            address("https://%{CI_ENVIRONMENT_SLUG}.example"),
            Err(Fault::Missing("CI_ENVIRONMENT_SLUG".into()))
        );
        assert_eq!(address("%{branch}"), Err(Fault::NotAnAddress));
    }

    #[test]
    fn durations_that_cannot_be_true_are_left_out() {
        let took = |now: i64, started: &str| {
            let context =
                context(json!({"event": "deploy-finished", "now": now, "ci": {"CI_JOB_STARTED_AT": started}}));
            Facts::of(&context, &mut vec![]).took()
        };
        assert_eq!(took(1_700_000_134, "2023-11-14T22:13:20Z"), Some(134));
        assert_eq!(took(1_700_000_134, "2023-11-15T07:13:20+09:00"), Some(134));
        assert_eq!(took(1_600_000_000, "2023-11-14T22:13:20Z"), None);
        assert_eq!(took(1_800_000_000, "2023-11-14T22:13:20Z"), None);
        assert_eq!(took(1_700_000_134, "yesterday"), None);
        assert_eq!(took(i64::MIN, "2023-11-14T22:13:20Z"), None);
    }
}
