//! What a call asks of others before it renders: GitLab what happened, and Slack where the pipeline's message is.
//!
//! Nothing of it is needed to tell an event. How often each event asks stands in `docs/reliability.md`.

mod pipeline;

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Map, Value};

use super::call::Call;
use crate::cli::Told;
use crate::gitlab::api::{Api, Unknown};
use crate::gitlab::changes;
use crate::gitlab::deployments::{self, Last};
use crate::gitlab::jobs::{self, Jobs};
use crate::job::context::Context;
use crate::job::event::Event;
use crate::job::git_ref::GitRef;
use crate::job::history::{History, LastDeployment};
use crate::job::kept;
use crate::job::key::Key;
use crate::module::route::Route;
use crate::report::Sink;
use crate::slack::bot::Past;
use crate::slack::people::{self, Directory};
use crate::slack::thread::{Kept, MAX_FILE};
use crate::variables::Variables;

/// What asking GitLab may take: before a deployment, which waits; after it; and in the component's own jobs, for which nobody waits.
const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(2);
const OWN: Duration = Duration::from_secs(12);

/// Where the start job's artifact says where the pipeline's message is, as component.yml has it.
const MESSAGE_FILE: &str = ".pipeline-notifier/message.json";

/// Which attempt of its job this is, and where the pipeline's message is, as the first hook keeps them for the second.
const ATTEMPT: &str = "attempt";
pub(super) const PLACE: &str = "message.json";

/// What was learnt.
#[derive(Clone, Default)]
pub(crate) struct Asked {
    pub(crate) jobs: Option<Jobs>,
    pub(crate) history: History,
    /// Where an earlier job, or call of this one, said that the pipeline's message is.
    pub(crate) known: Option<Kept>,
    /// What a channel says, where that was looked at.
    pub(crate) past: Option<(String, Past)>,
}

impl Asked {
    /// What is known without asking anybody.
    fn of_job(variables: &Variables) -> Self {
        Self { history: History::of_job(variables), ..Self::default() }
    }

    pub(super) fn known_to_module(&self) -> (Option<&Jobs>, &History) {
        (self.jobs.as_ref(), &self.history)
    }
}

/// The context of an event, and what was learnt for it. Where `asks` is set, GitLab and Slack are asked, as far as the event is about
/// what they know. A closing job tells of each environment by itself: each may have a channel, operators and mentions of its own.
pub(super) fn learn(call: &Call, told: Told, asks: bool) -> Vec<(Context, Asked)> {
    let mut people = people::of_map(&call.settings, &*call.report);
    if !asks {
        let asked = Asked::of_job(&call.variables);
        return vec![(call.context_of(told, &asked, people, &*call.report), asked)];
    }
    let time = match told.event {
        Event::PipelineStarted | Event::DeployStarted => BEFORE,
        Event::DeployFinished => AFTER,
        Event::PipelineFinished => OWN,
    };
    let time = time.min(call.deadline.remaining() / 2);
    let api = Api::of_job(&call.client, &call.variables, time, call.deadline);
    let api = api.as_ref().map_err(Unknown::clone);
    let (each, unknown) = call.ask_gitlab(told.event, &api);
    let mut contexts = Vec::new();
    for mut asked in each {
        call.ask_slack(told, &api, &mut asked, &mut people);
        contexts.push((call.context_of(told, &asked, people.clone(), &*call.report), asked));
    }
    if let Some(unknown) = unknown {
        pipeline::warn_of_unknown_history(call, &unknown, contexts.iter().map(|(_, asked)| asked));
    }
    contexts
}

impl Call {
    /// What GitLab knows of the event; of a pipeline's end for each environment in which jobs failed, and why it is not known how the
    /// pipeline before ended, where it is not.
    fn ask_gitlab(&self, event: Event, api: &Result<&Api, Unknown>) -> (Vec<Asked>, Option<Unknown>) {
        let mut asked = Asked::of_job(&self.variables);
        match (event, api) {
            (Event::PipelineFinished, api) => return pipeline::ask_gitlab(self, api, asked),
            (Event::DeployFinished, Ok(api)) => self.ask_of_deployment(api, &mut asked),
            _ => {}
        }
        (vec![asked], None)
    }

    /// What Slack knows of the pipeline and of those whom the message might mention; and in a hook which attempt of its job it is, and
    /// where the pipeline's message is. A hook that the settings leave out asks nobody.
    fn ask_slack(&self, told: Told, api: &Result<&Api, Unknown>, asked: &mut Asked, people: &mut Map<String, Value>) {
        let is_hook = matches!(told.event, Event::DeployStarted | Event::DeployFinished);
        let bot = self.to.bot().filter(|_| told.event != Event::PipelineStarted);
        let chooses = [Key::Events, Key::Branches].iter().any(|key| self.settings.get(*key).is_some());
        // Else the route changes nothing.
        let route = if bot.is_some() || is_hook && chooses {
            self.route(self.context_of(told, asked, people.clone(), &RefCell::default()))
        } else {
            Route::default()
        };
        if is_hook && route.skip.is_some() {
            return;
        }
        match (told.event, api) {
            (Event::DeployStarted | Event::DeployFinished, Ok(api)) => self.ask_of_attempt(api, asked),
            (Event::PipelineFinished, api) => {
                pipeline::ask_slack(self, told, api.as_ref().ok().copied(), asked, route.environment.as_deref());
            }
            _ => {}
        }
        if let Some(api) = bot {
            // A module that knows no routes does not say whom it might mention. Without a list it mentions nobody by name.
            let of_job = || if self.mention_lists().is_empty() { Vec::new() } else { people::of_job(&self.variables) };
            let emails = route.lookup.unwrap_or_else(of_job);
            let directory = Directory { api, client: &self.client, deadline: self.deadline };
            directory.add_to(people, &emails, &*self.report);
        }
    }

    fn context_of(&self, told: Told, asked: &Asked, people: Map<String, Value>, warnings: &dyn Sink) -> Context {
        self.context(told, &self.variables, asked.known_to_module(), people, warnings)
    }

    /// Which attempt of its job this is, and where the pipeline's message is.
    fn ask_of_attempt(&self, api: &Api, asked: &mut Asked) {
        let kept = |name, max| kept::kept(&self.variables, name, max);
        asked.history.attempt = kept(ATTEMPT, 20).and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        asked.known = kept(PLACE, MAX_FILE).and_then(|json| Kept::parse(&json, api.pipeline));
        let wants_place = self.to.bot().is_some() && asked.known.is_none();
        if (asked.history.attempt.is_none() || wants_place)
            && let Ok(attempts) = jobs::attempts(api, self.settings.get_or_default(Key::StartJob))
        {
            asked.history.attempt = attempts.this.or(asked.history.attempt);
            if let Some(attempt) = attempts.this {
                // What cannot be kept is asked again.
                let _ = kept::keep(&self.variables, ATTEMPT, attempt.to_string().as_bytes());
            }
            if let Some(json) = attempts.start_job.filter(|_| wants_place).and_then(|job| place(api, job)) {
                let _ = kept::keep(&self.variables, PLACE, &json);
                asked.known = Kept::parse(&json, api.pipeline);
            }
        }
    }

    /// Of a deployment that succeeded, what it changes.
    fn ask_of_deployment(&self, api: &Api, asked: &mut Asked) {
        let of = |name| self.variables.get(name);
        let deploys = of("CI_JOB_STATUS") == Some("success")
            && of("CI_ENVIRONMENT_ACTION").is_none_or(|action| action == "start");
        let Some(environment) = of("CI_ENVIRONMENT_NAME").filter(|_| deploys) else { return };
        let is_sha = |sha: &str| !sha.is_empty() && sha.bytes().all(|it| it.is_ascii_hexdigit());
        match deployments::last(api, environment, of("CI_JOB_NAME").unwrap_or_default()) {
            Ok(Last::Never) => {
                asked.history.last_deployment = Some(LastDeployment { sha: None, pipeline_id: None });
            }
            Ok(Last::Of { sha, pipeline }) if is_sha(&sha) => {
                let is_on = self.settings.is_on(Key::Compare);
                let is_newer = pipeline.is_some_and(|pipeline| pipeline > api.pipeline);
                let ours = of("CI_COMMIT_SHA").filter(|ours| is_on && !is_newer && *ours != sha && is_sha(ours));
                if let Some(ours) = ours {
                    let project = of("CI_PROJECT_PATH").unwrap_or_default();
                    asked.history.changes = changes::between(api, &sha, ours, project).and_then(Result::ok);
                }
                asked.history.last_deployment = Some(LastDeployment { sha: Some(sha), pipeline_id: pipeline });
            }
            _ => {}
        }
    }

    /// The ref of the pipeline as GitLab's API names it; none for a child pipeline, whose ref is its parent's.
    pub(super) fn git_ref(&self) -> Option<String> {
        let is_child = self.variables.get("CI_PIPELINE_SOURCE") == Some("parent_pipeline");
        GitRef::of(&self.variables).filter(|_| !is_child).map(|git_ref| git_ref.of_api())
    }

    /// The major and the minor version of this GitLab; zeros where that is not known.
    pub(super) fn version(&self) -> (u32, u32) {
        let version = self.variables.get("CI_SERVER_VERSION").unwrap_or_default();
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }
}

/// Where a start job said that it posted.
fn place(api: &Api, start_job: i64) -> Option<Vec<u8>> {
    jobs::artifact(api, start_job, MESSAGE_FILE, MAX_FILE).ok()
}
