//! The facts of a message, derived once from the context.

pub(crate) mod direct;
pub(crate) mod environment;
mod events;
pub(crate) mod failures;
pub(crate) mod mentions;
pub(crate) mod outcome;
mod owners;
pub(crate) mod selection;
pub(crate) mod settings_file;
pub(crate) mod source;
pub(crate) mod waiting;

use crate::contract::warning::{Code, Warning};
use std::borrow::Cow;

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

/// A longer span is not a duration: the clock jumped, or the job was retried much later.
const MAX_DURATION: i64 = 30 * 24 * 3600;

/// The delay after which a start is reported as late, in seconds.
const LATE: u64 = 600;

/// The age in seconds at which a job is long after its pipeline: an hour for a job that runs again, a day for any job.
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
    /// The unreported failed jobs. `None` if GitLab could not be asked.
    pub(crate) unreported: Option<Vec<&'a Job>>,
    /// The failed deployment, if a closing job reports it.
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
                    "the value is neither en nor ko; en is used instead",
                ));
                Language::default()
            });
        if context.setting(Setting::PROJECT_NAME).is_some_and(|it| !["name", "path"].contains(&it)) {
            warnings.push(Warning::of(
                Code::UnknownValue,
                "NOTIFIER_PROJECT_NAME",
                "the value is neither name nor path; name is used instead",
            ));
        }
        let unreported = failures::unreported(context);
        let state = State::of(context, unreported.as_deref(), warnings);
        let is_closing = context.event == Event::PipelineFinished;
        let deployment = unreported.as_ref().and_then(|unreported| unreported.first().copied());
        let deployment = deployment.filter(|_| is_closing && state == State::DeployFailed);
        let over = context.history.failure().and_then(|failure| failure.environment.as_deref());
        // This must not depend on earlier reports: they are read in the channel, and the environment chooses the channel.
        let deployed_to: Vec<&str> = match context.jobs.failed.as_ref().filter(|_| is_closing && state.is_failure()) {
            Some(failed) => failed.iter().filter_map(|job| job.environment.as_deref()).collect(),
            None if state.is_recovery() => over.into_iter().collect(),
            None if context.event == Event::PipelineWaiting => {
                waiting::waits(context).iter().filter_map(|(_, job)| job.environment.as_deref()).collect()
            }
            None => context.ci("CI_ENVIRONMENT_NAME").into_iter().collect(),
        };
        let mut environment = Environment::of(context, git_ref.as_ref(), &deployed_to, warnings);
        // A digest is about all environments.
        environment.name = environment.name.filter(|_| state != State::Digest);
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

    /// Returns the project's repository name. A channel belongs to a team, so the name comes first everywhere. A team with
    /// two projects of one name can show the groups too.
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

    /// Returns the name of the deployment's job: the job that sends this message, or the job that it reports.
    pub(crate) fn job(&self) -> Option<&'a str> {
        match self.context.event {
            Event::DeployStarted | Event::DeployFinished => self.context.ci("CI_JOB_NAME"),
            Event::PipelineStarted | Event::PipelineWaiting | Event::PipelineFinished | Event::Digest => {
                let is_single = self.unreported.as_ref().is_some_and(|unreported| unreported.len() == 1);
                self.deployment.filter(|_| is_single).map(|job| job.name.as_str())
            }
        }
    }

    /// Returns the same name if it adds something to `deploy failed`. A job named `deploy`, like its stage or like its
    /// environment adds nothing.
    pub(crate) fn notable_job(&self) -> Option<&'a str> {
        let environment = self.environment.name.as_deref();
        let stage = self.deployment.map_or_else(|| self.context.ci("CI_JOB_STAGE"), |job| Some(job.stage.as_str()));
        let obvious = [Some("deploy"), stage, self.variable("CI_ENVIRONMENT_NAME"), environment];
        self.job().filter(|job| !obvious.contains(&Some(job)))
    }

    /// Returns the number of the attempt of its job. `None` if it is the first or adds nothing to the state.
    pub(crate) fn attempt(&self) -> Option<u64> {
        let is_again = matches!(self.state, State::DeployAgain | State::DeployRolledBack);
        self.context.history.attempt.and_then(|it| u64::try_from(it).ok()).filter(|attempt| *attempt > 1 && !is_again)
    }

    /// Returns the emoji of the message. A recovery is no celebration for the operators.
    pub(crate) fn emoji(&self) -> (&'static str, &'static str) {
        let is_all_clear = self.context.operators.is_some() && self.state.is_recovery();
        if is_all_clear { State::PipelineSucceeded.emoji() } else { self.state.emoji() }
    }

    /// True if the job runs long after its pipeline. People no longer see that pipeline's message.
    pub(crate) fn is_apart(&self) -> bool {
        if !matches!(self.context.event, Event::DeployStarted | Event::DeployFinished) {
            return self.is_digest();
        }
        let times = self.time("CI_JOB_STARTED_AT").zip(self.time("CI_PIPELINE_CREATED_AT"));
        let age = times.map_or(0, |(started, created)| started.saturating_sub(created));
        let is_again = self.context.history.attempt > Some(1) || self.state == State::DeployAgain;
        self.state == State::DeployRolledBack || is_again && age > HOUR || age > DAY
    }

    /// Returns the person who ran the pipeline, or who started the manual job.
    pub(crate) fn person(&self) -> Option<String> {
        let names = ["GITLAB_USER_NAME", "GITLAB_USER_LOGIN"].into_iter();
        let mut shown = names.filter_map(|it| self.context.ci(it)).map(|name| text::shown(name, 80));
        shown.find(|name| !name.is_empty())
    }

    /// Returns the author of the commit, if that is not the person who ran the pipeline.
    pub(crate) fn other_author(&self) -> Option<String> {
        let (name, email) = self.context.ci("CI_COMMIT_AUTHOR")?.rsplit_once('<')?;
        let email = email.trim_end_matches('>');
        let is_same =
            |variable, value: &str| self.context.ci(variable).is_some_and(|it| it.eq_ignore_ascii_case(value));
        let name = text::shown(name, 80);
        let is_runner = is_same("GITLAB_USER_NAME", &name) || is_same("GITLAB_USER_EMAIL", email);
        Some(name).filter(|name| !name.is_empty() && !is_runner)
    }

    /// A variable that holds an address of this GitLab.
    pub(crate) fn url(&self, variable: &str) -> Option<SafeUrl> {
        self.context.gitlab_url(self.context.ci(variable)?)
    }

    /// Returns the start of the reported deployment or pipeline, in seconds since 1970.
    pub(crate) fn began_at(&self) -> Option<i64> {
        match self.context.event {
            Event::DeployStarted => self.context.now.or_else(|| self.time("CI_JOB_STARTED_AT")),
            Event::DeployFinished => self.context.history.deploy_started_at.or_else(|| self.time("CI_JOB_STARTED_AT")),
            Event::PipelineStarted | Event::PipelineWaiting | Event::PipelineFinished | Event::Digest => {
                self.time("CI_PIPELINE_CREATED_AT")
            }
        }
    }

    /// Returns the duration in seconds, if something has ended.
    pub(crate) fn took(&self) -> Option<u64> {
        if matches!(self.context.event, Event::PipelineStarted | Event::DeployStarted) || self.is_ongoing() {
            return None;
        }
        self.since(self.began_at()?)
    }

    /// Returns the time since the pipeline began, in seconds, for a living message, and for a pipeline that is not over.
    pub(crate) fn so_far(&self) -> Option<u64> {
        let is_about_a_part = matches!(self.context.event, Event::DeployStarted | Event::DeployFinished);
        let is_shown = self.context.updates && is_about_a_part || self.is_ongoing();
        self.since(self.time("CI_PIPELINE_CREATED_AT").filter(|_| is_shown)?)
    }

    /// Returns the failed jobs that name a failed pipeline: those that did not fail in the previous one.
    pub(crate) fn headline_failures(&self) -> Vec<&'a Job> {
        let is_named = self.state == State::PipelineFailed && !self.context.jobs.more_failed;
        let failed: Vec<&Job> = self.unreported.iter().flatten().filter(|_| is_named).copied().collect();
        let is_old = |job: &&Job| failures::failed_before(self.context, job) == Some(true);
        // Hooks may have reported all new ones.
        let are_old = failed.iter().all(is_old);
        failed.into_iter().filter(|job| are_old || !is_old(job)).collect()
    }

    /// True if a closing job reports only failures that the previous pipeline had too.
    pub(crate) fn has_nothing_new(&self) -> bool {
        let is_closing = self.context.event == Event::PipelineFinished && self.state.is_failure();
        self.unreported.as_deref().is_some_and(|jobs| is_closing && failures::are_all_old(self.context, jobs))
    }

    /// True if the message is about some days, and not about a pipeline.
    pub(crate) fn is_digest(&self) -> bool {
        self.state == State::Digest
    }

    /// True if the pipeline is not over, although a closing job runs.
    pub(crate) fn is_ongoing(&self) -> bool {
        self.state == State::PipelineWaiting
            || self.state == State::PipelineFinished && outcome::has_unfinished_jobs(self.context)
    }

    /// Returns the time since the pipeline started, in seconds, if the start job came late. Runners take that job when they are free.
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

    /// Returns a variable of the deploy job. If another job reports it, the environment's name and slug come from GitLab.
    fn variable(&self, name: &str) -> Option<&str> {
        match (self.deployment, name) {
            (Some(job), "CI_ENVIRONMENT_NAME") => job.environment.as_deref(),
            (Some(job), "CI_ENVIRONMENT_SLUG") => job.environment_slug.as_deref(),
            _ => self.context.ci(name),
        }
    }

    /// Returns the value of a `%{NAME}`: one of four fixed names, or a variable of the job.
    pub(crate) fn placeholder(&self, name: &str) -> Result<Cow<'_, str>, Fault> {
        match name {
            "project" => self.project().map(Cow::from),
            "environment" => self.environment.name.as_deref().map(Cow::from),
            "cluster" => self.environment.cluster.as_deref().map(Cow::from),
            "branch" => self.git_ref.as_ref().map(Ref::name),
            variable => self.variable(variable).map(Cow::from),
        }
        .ok_or_else(|| Fault::Missing(name.to_owned()))
    }

    /// Fills a template of a line for people.
    pub(crate) fn line(&self, template: &str) -> Result<String, Fault> {
        let filled = template::expand(template, |_, name| self.placeholder(name).map(Cow::into_owned))?;
        Ok(text::shown(&filled, MAX_LINE))
    }

    /// Fills a template of an address. Values are percent-encoded, except a value at the very start,
    /// which is a base address.
    pub(crate) fn address(&self, template: &str) -> Result<SafeUrl, Fault> {
        let filled = template::expand(template, |before, name| {
            let value = self.placeholder(name)?;
            Ok(if before.is_empty() { value.trim_end_matches('/').to_owned() } else { encode_value(&value) })
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
