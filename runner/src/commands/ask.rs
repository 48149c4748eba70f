//! What a call asks of others before it renders: GitLab what happened, and Slack where the pipeline's message is.
//!
//! Nothing of it is needed to tell an event. How often each event asks stands in `docs/reliability.md`.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::Map;

use super::call::Call;
use crate::cli::Told;
use crate::gitlab::api::{Api, Unknown};
use crate::gitlab::deployments::{self, Last};
use crate::gitlab::jobs::{self, Jobs};
use crate::gitlab::{changes, pipelines};
use crate::job::context::Context;
use crate::job::event::Event;
use crate::job::history::{EarlierMessage, History, LastDeployment};
use crate::job::kept;
use crate::report::Sink;
use crate::slack::bot::{Bot, Past};
use crate::slack::metadata::Speaker;
use crate::slack::people::{self, Directory};
use crate::slack::thread::{MAX_FILE, Thread};
use crate::variables::Variables;

/// What asking GitLab may take: before a deployment, which waits; after it; and in the component's own jobs, for which nobody waits.
const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(2);
const OWN: Duration = Duration::from_secs(12);

/// Where the start job's artifact says where the pipeline's message is, as component.yml has it.
const MESSAGE_FILE: &str = ".pipeline-notifier/message.json";

/// Which attempt of its job this is, as the first hook keeps it for the second.
const ATTEMPT: &str = "attempt";

/// What was learnt.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) jobs: Option<Jobs>,
    pub(crate) history: History,
    /// Where an earlier job said that the pipeline's message is.
    pub(crate) known: Option<Thread>,
    /// What the channel says, where that was looked at.
    pub(crate) past: Option<Past>,
}

impl Asked {
    /// What is known without asking anybody.
    fn of_job(variables: &Variables) -> Self {
        Self { history: History::of_job(variables), ..Self::default() }
    }

    fn known_to_module(&self) -> (Option<&Jobs>, &History) {
        (self.jobs.as_ref(), &self.history)
    }
}

/// The context of an event. Where `asks` is set, GitLab and Slack are asked, as far as the event is about what they know.
pub(super) fn context(call: &Call, told: Told, asks: bool) -> Context {
    learn(call, told, asks).0
}

/// The same, and what was learnt for it.
pub(super) fn learn(call: &Call, told: Told, asks: bool) -> (Context, Asked) {
    let asked = if asks { call.ask(told) } else { Asked::of_job(&call.variables) };
    let mut people = people::of_map(&call.settings, &*call.report);
    let unknown = people::unknown(&people, &call.variables, &call.mention_lists(), told.event);
    if let Some(api) = call.to.bot().filter(|_| asks && !unknown.is_empty()) {
        let directory = Directory { api, client: &call.client, deadline: call.deadline };
        directory.add_to(&mut people, &unknown, &*call.report);
    }
    (call.context(told, &call.variables, asked.known_to_module(), people, &*call.report), asked)
}

impl Call {
    /// Asks what the event is about.
    fn ask(&self, told: Told) -> Asked {
        let mut asked = Asked::of_job(&self.variables);
        let time = match told.event {
            Event::PipelineStarted => return asked,
            Event::DeployStarted => BEFORE,
            Event::DeployFinished => AFTER,
            Event::PipelineFinished => OWN,
        };
        let time = time.min(self.deadline.remaining() / 2);
        let api = Api::of_job(&self.client, &self.variables, time, self.deadline);
        match (told.event, &api) {
            (Event::PipelineFinished, api) => self.ask_of_pipeline(told, api.as_ref(), &mut asked),
            (event, Ok(api)) => self.ask_of_job(event, api, &mut asked),
            _ => {}
        }
        asked
    }

    /// In a hook: which attempt this is, and where the pipeline's message is; of a deployment that succeeded, what it changes.
    fn ask_of_job(&self, event: Event, api: &Api, asked: &mut Asked) {
        let kept =
            kept::kept(&self.variables, ATTEMPT, 20).and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        asked.history.attempt = kept;
        if kept.is_none()
            && let Ok(attempts) = jobs::attempts(api, self.settings.get_or_default("start_job"))
        {
            asked.history.attempt = attempts.this;
            if let Some(attempt) = attempts.this {
                let _ = kept::keep(&self.variables, ATTEMPT, attempt.to_string().as_bytes());
            }
            asked.known = attempts.start_job.and_then(|job| self.message_of(api, job));
        }
        let of = |name| self.variables.get(name);
        let deploys = event == Event::DeployFinished
            && of("CI_JOB_STATUS") == Some("success")
            && of("CI_ENVIRONMENT_ACTION").is_none_or(|action| action == "start");
        let Some(environment) = of("CI_ENVIRONMENT_NAME").filter(|_| deploys) else { return };
        match deployments::last(api, environment) {
            Ok(Last::Never) => {
                asked.history.last_deployment = Some(LastDeployment { sha: None, pipeline_id: None });
            }
            Ok(Last::Of { sha, pipeline }) => {
                let is_sha = |sha: &str| !sha.is_empty() && sha.bytes().all(|it| it.is_ascii_hexdigit());
                if !is_sha(&sha) {
                    return;
                }
                let is_on = self.settings.is_on("compare");
                let is_newer = pipeline.is_some_and(|pipeline| pipeline > api.pipeline);
                if let Some(ours) =
                    of("CI_COMMIT_SHA").filter(|ours| is_on && !is_newer && *ours != sha && is_sha(ours))
                {
                    let project = of("CI_PROJECT_PATH").unwrap_or_default();
                    asked.history.changes = changes::between(api, &sha, ours, project).and_then(Result::ok);
                }
                asked.history.last_deployment = Some(LastDeployment { sha: Some(sha), pipeline_id: pipeline });
            }
            Err(_) => {}
        }
    }

    /// Where the start job said that it posted.
    fn message_of(&self, api: &Api, start_job: u64) -> Option<Thread> {
        self.to.bot()?;
        Thread::parse(&jobs::artifact(api, start_job, MESSAGE_FILE, MAX_FILE).ok()?)
    }

    /// In a closing job: which jobs did not succeed, how the pipeline before ended, and what was told.
    fn ask_of_pipeline(&self, told: Told, api: Result<&Api, &Unknown>, asked: &mut Asked) {
        let jobs = api.map_err(Unknown::clone).and_then(|api| jobs::unsuccessful(api, self.names_trigger_jobs()));
        match jobs {
            Ok(jobs) => asked.jobs = Some(jobs),
            Err(unknown) => self.report.warning(&format!(
                "asking GitLab which jobs failed: {unknown}; the message links to the pipeline's failures instead"
            )),
        }
        let mut before = Err(Unknown::Missing("CI_COMMIT_REF_NAME"));
        if let Ok(api) = api {
            if let Some(git_ref) = self.git_ref() {
                before = pipelines::before(api, &git_ref);
            }
            if let Some(jobs) = asked.jobs.as_mut().filter(|jobs| !jobs.failed.is_empty())
                && let Ok(environments) = deployments::environments(api)
            {
                for job in &mut jobs.failed {
                    if let Some((_, environment)) = environments.iter().find(|(id, _)| *id == job.id) {
                        job.environment = Some(environment.name.clone());
                        job.environment_slug.clone_from(&environment.slug);
                    }
                }
            }
        }
        if let Ok(before) = &before {
            asked.history.previous_status = before.failed.map(|failed| if failed { "failed" } else { "success" });
            asked.history.failures_in_a_row = before.in_a_row;
        }
        self.ask_slack_of_pipeline(told, api.ok(), asked);
        let is_known = before.is_ok() || asked.history.earlier_message.is_some();
        if let Err(unknown) = before
            && !is_known
            && self.settings.get_or_default("finish").eq_ignore_ascii_case("change")
        {
            self.report.warning(&format!(
                "asking GitLab how the pipeline before ended: {unknown}; a failure is told as if it were the first, and nothing is called fixed"
            ));
        }
    }

    /// What the pipeline's message says, and the one before. Which channel it is in depends on the environment, which the module
    /// names.
    fn ask_slack_of_pipeline(&self, told: Told, api: Option<&Api>, asked: &mut Asked) {
        let Some(speaker) = Speaker::of(&self.variables).filter(|_| self.to.bot().is_some()) else { return };
        let draft = self.context(told, &self.variables, asked.known_to_module(), Map::new(), &RefCell::default());
        let Ok(draft) = self.render(&draft).0 else { return };
        let Some((of_slack, channel)) = self.to.bot_for(draft.environment()) else { return };
        let bot = Bot { api: of_slack, client: &self.client, channel, deadline: self.deadline };
        let warnings = RefCell::default();
        let mut past = bot.look(&speaker, None, true, &warnings);
        if past.found.is_none() {
            let attempts = api.and_then(|api| jobs::attempts(api, self.settings.get_or_default("start_job")).ok());
            asked.known = api.zip(attempts).and_then(|(api, attempts)| self.message_of(api, attempts.start_job?));
            if asked.known.is_some() {
                past = bot.look(&speaker, asked.known.as_ref(), true, &warnings);
            } else {
                warnings.take().iter().for_each(|warning| self.report.warning(warning));
            }
        }
        let shown = past.found.as_ref().and_then(|found| found.shown.as_ref());
        asked.history.told = shown.map(|shown| shown.told.clone());
        asked.history.earlier_message = past.earlier.as_ref().map(|earlier| EarlierMessage {
            state: earlier.state.clone(),
            words: earlier.words.clone(),
            mentions: earlier.mentions.clone(),
            failures_in_a_row: earlier.in_a_row,
        });
        asked.past = Some(past);
    }

    /// The ref of the pipeline as GitLab's API names it (<https://docs.gitlab.com/ci/pipelines/merge_request_pipelines/>); none for a
    /// child pipeline, whose ref is its parent's.
    pub(super) fn git_ref(&self) -> Option<String> {
        let of = |name| self.variables.get(name);
        if of("CI_PIPELINE_SOURCE") == Some("parent_pipeline") {
            return None;
        }
        match (of("CI_MERGE_REQUEST_IID"), of("CI_COMMIT_BRANCH").or(of("CI_COMMIT_TAG"))) {
            (Some(iid), None) => {
                let kind = match of("CI_MERGE_REQUEST_EVENT_TYPE") {
                    Some("merged_result") => "merge",
                    Some("merge_train") => "train",
                    _ => "head",
                };
                Some(format!("refs/merge-requests/{iid}/{kind}"))
            }
            _ => of("CI_COMMIT_REF_NAME").map(str::to_owned),
        }
    }

    /// Whether this GitLab calls bridges trigger jobs, as it does from 19.2 on.
    pub(super) fn names_trigger_jobs(&self) -> bool {
        let version = self.variables.get("CI_SERVER_VERSION").unwrap_or_default();
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (19, 2)
    }
}
