//! What a call asks of others before it renders: GitLab what happened, and Slack where the pipeline's message is.
//!
//! Nothing of it is needed to tell an event. How often each event asks stands in `docs/reliability.md`.

mod pipeline;

use std::cell::RefCell;
use std::time::Duration;

use serde_json::Map;

use super::call::Call;
use crate::cli::Told;
use crate::gitlab::api::Api;
use crate::gitlab::changes;
use crate::gitlab::deployments::{self, Last};
use crate::gitlab::jobs::{self, Jobs};
use crate::job::context::Context;
use crate::job::event::Event;
use crate::job::history::{History, LastDeployment};
use crate::job::kept;
use crate::module::message::Message;
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
    let asks = asks && !(told.event == Event::DeployStarted && call.leaves_out(told));
    let asked = if asks { call.ask(told) } else { vec![Asked::of_job(&call.variables)] };
    let mut people = people::of_map(&call.settings, &*call.report);
    let unknown = people::unknown(&people, &call.variables, &call.mention_lists(), told.event);
    if let Some(api) = call.to.bot().filter(|_| asks && !unknown.is_empty()) {
        let directory = Directory { api, client: &call.client, deadline: call.deadline };
        directory.add_to(&mut people, &unknown, &*call.report);
    }
    let with_context = |asked: Asked| {
        let context = call.context(told, &call.variables, asked.known_to_module(), people.clone(), &*call.report);
        (context, asked)
    };
    asked.into_iter().map(with_context).collect()
}

impl Call {
    /// Asks what the event is about.
    fn ask(&self, told: Told) -> Vec<Asked> {
        let mut asked = Asked::of_job(&self.variables);
        let time = match told.event {
            Event::PipelineStarted => return vec![asked],
            Event::DeployStarted => BEFORE,
            Event::DeployFinished => AFTER,
            Event::PipelineFinished => OWN,
        };
        let time = time.min(self.deadline.remaining() / 2);
        let api = Api::of_job(&self.client, &self.variables, time, self.deadline);
        match (told.event, &api) {
            (Event::PipelineFinished, api) => return pipeline::ask(self, told, api.as_ref(), asked),
            (event, Ok(api)) => self.ask_of_job(event, api, &mut asked),
            _ => {}
        }
        vec![asked]
    }

    /// Whether the settings leave the event out, which a deployment then need not wait for.
    fn leaves_out(&self, told: Told) -> bool {
        let chooses = ["events", "branches"].iter().any(|name| self.settings.get(name).is_some());
        chooses
            && self.pin.is_none()
            && self.draft(told, &Asked::of_job(&self.variables)).is_some_and(|it| it.skip.is_some())
    }

    /// The message with what is known so far.
    fn draft(&self, told: Told, asked: &Asked) -> Option<Message> {
        let context = self.context(told, &self.variables, asked.known_to_module(), Map::new(), &RefCell::default());
        self.render(&context).0.ok()
    }

    /// In a hook: of a deployment that succeeded, what it changes; which attempt this is, and where the pipeline's message is.
    fn ask_of_job(&self, event: Event, api: &Api, asked: &mut Asked) {
        if event == Event::DeployFinished {
            self.ask_of_deployment(api, asked);
        }
        let kept = |name, max| kept::kept(&self.variables, name, max);
        asked.history.attempt = kept(ATTEMPT, 20).and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        asked.known = kept(PLACE, MAX_FILE).and_then(|json| Kept::parse(&json, api.pipeline));
        let wants_place = self.to.bot().is_some() && asked.known.is_none();
        if (asked.history.attempt.is_none() || wants_place)
            && let Ok(attempts) = jobs::attempts(api, self.settings.get_or_default("start_job"))
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
                let is_on = self.settings.is_on("compare");
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
