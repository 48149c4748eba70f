//! No failure is unreported. The tests let a job fail for every reason that GitLab has: a job with hooks, another one and a trigger job,
//! by webhook and by a bot. The job's own hook posts first, if it can, then the closing job. The channel's messages are counted.
//! `docs/failures.md` shows this very table.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, deployment, failed, gitlab};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Request, Server};
use crate::support::slack_limits;
use crate::support::workspace::{DEPLOYS, OPS, PRIVATE, TOKEN, Workspace, slack};
use Hook::{NeverRan, Ran, Unknown};

const JOB: &str = "gitlab-18-deploy-on-main";

/// The job's own hook has reported the failure, perhaps has, or never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hook {
    Ran,
    Unknown,
    NeverRan,
}

/// GitLab's reasons (`app/models/concerns/enums/ci/commit_status.rb`), and one that it does not have yet.
const REASONS: [(&str, Hook); 56] = [
    ("script_failure", Ran),
    ("runner_system_failure", Unknown),
    ("job_execution_server_timeout", Unknown),
    ("server_timeout_running", Unknown),
    ("server_timeout_canceling", Unknown),
    ("no_updates_running", Unknown),
    ("no_updates_canceling", Unknown),
    ("trace_size_exceeded", Unknown),
    ("job_token_expired", Unknown),
    ("unknown_failure", Unknown),
    ("api_failure", Unknown),
    ("job_execution_timeout", NeverRan),
    ("stuck_or_timeout_failure", NeverRan),
    ("stuck_pending_no_matching_runners", NeverRan),
    ("stuck_pending_with_matching_runners", NeverRan),
    ("no_matching_runner", NeverRan),
    ("runner_unsupported", NeverRan),
    ("ci_quota_exceeded", NeverRan),
    ("stale_schedule", NeverRan),
    ("scheduler_failure", NeverRan),
    ("data_integrity_failure", NeverRan),
    ("runner_configuration_error", NeverRan),
    ("image_pull_failure", NeverRan),
    ("runner_external_dependency_failure", NeverRan),
    ("runner_interrupted", NeverRan),
    ("missing_dependency_failure", NeverRan),
    ("unmet_prerequisites", NeverRan),
    ("environment_creation_failure", NeverRan),
    ("failed_outdated_deployment_job", NeverRan),
    ("forward_deployment_failure", NeverRan),
    ("protected_environment_failure", NeverRan),
    ("deployment_rejected", NeverRan),
    ("archived_failure", NeverRan),
    ("builds_disabled", NeverRan),
    ("project_deleted", NeverRan),
    ("user_blocked", NeverRan),
    ("secrets_provider_not_found", NeverRan),
    ("secrets_manager_access_denied", NeverRan),
    ("ip_restriction_failure", NeverRan),
    ("job_router_failure", NeverRan),
    ("id_token_burned_project_path", NeverRan),
    ("duo_workflow_not_allowed", NeverRan),
    ("duo_workflow_connection_failure", NeverRan),
    ("pipeline_loop_detected", NeverRan),
    ("downstream_pipeline_creation_failed", NeverRan),
    ("downstream_bridge_project_not_found", NeverRan),
    ("upstream_bridge_project_not_found", NeverRan),
    ("insufficient_bridge_permissions", NeverRan),
    ("insufficient_upstream_permissions", NeverRan),
    ("invalid_bridge_trigger", NeverRan),
    ("bridge_pipeline_is_child_pipeline", NeverRan),
    ("reached_max_descendant_pipelines_depth", NeverRan),
    ("reached_max_pipeline_hierarchy_size", NeverRan),
    ("reached_downstream_pipeline_trigger_rate_limit", NeverRan),
    ("downstream_project_trigger_resolved_to_empty", NeverRan),
    ("invented_in_gitlab_21", Unknown),
];

/// The kind of job that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hooked,
    Other,
    Trigger,
}
const KINDS: [Kind; 3] = [Kind::Hooked, Kind::Other, Kind::Trigger];

/// The way by which messages reach the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Webhook,
    Bot,
}

/// A pipeline in which one job failed, and the channel's messages about it.
struct Pipeline {
    way: Way,
    gitlab: Server,
    slack: Server,
    workspace: Option<Arc<Mutex<Workspace>>>,
    api: Arc<Mutex<GitLab>>,
}

const FAILED_JOB: u64 = 7001;

impl Pipeline {
    fn new(way: Way, kind: Kind, reason: &str) -> Self {
        let mut of = GitLab::new();
        match kind {
            Kind::Hooked => of.jobs.push(failed(FAILED_JOB, "review", "review", reason)),
            Kind::Other => of.jobs.push(failed(FAILED_JOB, "unit", "test", reason)),
            Kind::Trigger => of.trigger_jobs.push(failed(FAILED_JOB, "docs", "docs", reason)),
        }
        let (gitlab, api) = gitlab(of);
        match way {
            Way::Webhook => Self { way, gitlab, slack: Server::start([Reply::ok()]), workspace: None, api },
            Way::Bot => {
                let (slack, workspace) = slack(Workspace::new());
                Self { way, gitlab, slack, workspace: Some(workspace), api }
            }
        }
    }

    fn call(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let ended = self.run(arguments, settings);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        ended.last_line().to_owned()
    }

    fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
        let notifier = Notifier::new(&[&["send"], arguments].concat())
            .job(JOB)
            .without("NOTIFIER_GITLAB_TOKEN")
            .with("NOTIFIER_DEPLOY_JOBS", "review")
            .asks(&self.gitlab);
        let notifier = match self.way {
            Way::Webhook => notifier.with("SLACK_WEBHOOK_URL", self.slack.url(WEBHOOK_PATH)),
            Way::Bot => notifier
                .with("SLACK_BOT_TOKEN", TOKEN)
                .with("SLACK_API_URL", self.slack.url("/api"))
                .with("NOTIFIER_CHANNEL", DEPLOYS),
        };
        settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value)).run()
    }

    /// Two deployments to two environments, whose hooks could not post.
    fn of_two_environments() -> Self {
        let pipeline = Self::new(Way::Bot, Kind::Other, "script_failure");
        let mut api = pipeline.api.lock().unwrap();
        api.jobs.truncate(1);
        api.jobs.push(failed(7001, "review: [stg]", "review", "job_execution_timeout"));
        api.jobs.push(failed(7002, "review: [prd]", "review", "runner_system_failure"));
        api.deployments.push(deployment(401, "staging", "failed", "aa", (90_817, 7001)));
        api.deployments.push(deployment(402, "production", "failed", "aa", (90_817, 7002)));
        drop(api);
        pipeline
    }

    fn gitlab_knows(&self, job: Value) {
        self.api.lock().unwrap().jobs.push(job);
    }

    fn start(&self) {
        self.call(&["pipeline-started"], &[]);
    }

    /// Runs the hook of the failed job.
    fn hook(&self) {
        let settings = [("CI_JOB_STATUS", "failed"), ("CI_JOB_ID", "7001")];
        assert_eq!(self.call(&["deploy-finished"], &settings), "notify: sent");
    }

    fn close(&self, finish: &str) -> String {
        let settings = [
            ("NOTIFIER_FINISH", finish),
            ("CI_JOB_NAME", "notify-finish"),
            ("CI_JOB_STAGE", ".post"),
            ("CI_ENVIRONMENT_NAME", ""),
        ];
        self.call(&["pipeline-finished", "--result", "failed"], &settings)
    }

    /// Returns every message about the failure in the channel.
    fn reported(&self) -> Vec<Value> {
        let is_failure = |body: &Value| body["text"].as_str().unwrap().starts_with('❌');
        match &self.workspace {
            None => self.slack.requests().iter().map(Request::json).filter(is_failure).collect(),
            Some(workspace) => {
                let said = workspace.lock().unwrap().everything(DEPLOYS);
                said.into_iter().map(|it| Value::Object(it.body)).filter(is_failure).collect()
            }
        }
    }
}

/// The label of a message's first link.
fn label(body: &Value) -> String {
    let link = slack_limits::elements(body).find(|element| element["type"] == "link").unwrap();
    link["text"].as_str().unwrap().to_owned()
}

#[test]
fn each_failure_is_reported_and_only_once_if_there_is_evidence() {
    let check = |way: Way| {
        for (reason, hook) in REASONS {
            for kind in KINDS {
                let case = format!("{reason}, {kind:?}, {way:?}");
                let posts = match (kind, hook) {
                    (Kind::Hooked, Ran) => &[true][..],
                    (Kind::Hooked, Unknown) => &[true, false],
                    _ => &[false],
                };
                for has_posted in posts {
                    let pipeline = Pipeline::new(way, kind, reason);
                    if way == Way::Bot {
                        pipeline.start();
                    }
                    if *has_posted {
                        pipeline.hook();
                    }
                    let last_line = pipeline.close("failure");
                    let reported = pipeline.reported();
                    let no_evidence = way == Way::Webhook && hook == Unknown && *has_posted;
                    assert_eq!(
                        reported.len(),
                        if no_evidence { 2 } else { 1 },
                        "{case}, the hook posted: {has_posted}"
                    );
                    let by_hook = *has_posted && !no_evidence;
                    let expected = if by_hook { "notify: skipped reason=already_reported" } else { "notify: sent" };
                    assert_eq!(last_line, expected, "{case}");
                    if kind == Kind::Hooked {
                        let text = reported.last().unwrap()["text"].as_str().unwrap();
                        assert!(text.contains(": deploy failed (review)"), "{case}: {text}");
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| check(Way::Bot));
        check(Way::Webhook);
    });
}

#[test]
fn finish_decides_only_what_the_closing_job_reports() {
    for (reason, has_posted) in [("script_failure", true), ("job_execution_timeout", false)] {
        for way in [Way::Webhook, Way::Bot] {
            for (finish, closing_reports) in [("failure", true), ("change", true), ("always", true), ("never", false)] {
                for kind in KINDS {
                    let pipeline = Pipeline::new(way, kind, reason);
                    pipeline.start();
                    let by_hook = has_posted && kind == Kind::Hooked;
                    if by_hook {
                        pipeline.hook();
                    }
                    pipeline.close(finish);
                    let expected = usize::from(by_hook || closing_reports);
                    assert_eq!(pipeline.reported().len(), expected, "{reason} {way:?} {finish} {kind:?}");
                }
            }
        }
    }
}

/// The closing job reports a failure that the bot could not post, whatever the reason says of its hook. This holds with a message there
/// and without one.
#[test]
fn a_hook_that_slack_did_not_hear_is_made_up_for() {
    for is_started in [true, false] {
        let pipeline = Pipeline::new(Way::Bot, Kind::Hooked, "script_failure");
        if is_started {
            pipeline.start();
        }
        pipeline.workspace.as_ref().unwrap().lock().unwrap().refused.insert("chat.postMessage", "fatal_error");
        pipeline.call(&["deploy-finished"], &[("CI_JOB_STATUS", "failed"), ("CI_JOB_ID", "7001")]);
        pipeline.workspace.as_ref().unwrap().lock().unwrap().refused.clear();
        assert_eq!(pipeline.close("failure"), "notify: sent");
        assert_eq!(pipeline.reported().len(), 1);
    }
}

/// The closing job reports if the settings silence the hooks.
#[test]
fn failures_of_unselected_hooks_are_reported() {
    for (reason, events) in [("script_failure", "pipeline-*"), ("job_execution_timeout", "pipeline-*")] {
        let pipeline = Pipeline::new(Way::Webhook, Kind::Hooked, reason);
        let settings = [("CI_JOB_STATUS", "failed"), ("CI_JOB_ID", "7001"), ("NOTIFIER_EVENTS", events)];
        assert_eq!(pipeline.call(&["deploy-finished"], &settings), "notify: skipped reason=event_not_selected");
        let close = [("NOTIFIER_EVENTS", events), ("CI_ENVIRONMENT_NAME", "")];
        assert_eq!(pipeline.call(&["pipeline-finished", "--result", "failed"], &close), "notify: sent");
        assert!(pipeline.reported()[0]["text"].as_str().unwrap().contains(": review failed (review)"));
    }
}

/// Two jobs that fail at once overwrite each other in the pipeline's message, but not in its thread.
#[test]
fn parallel_failures_are_each_reported_once() {
    let pipeline = Pipeline::new(Way::Bot, Kind::Hooked, "script_failure");
    pipeline.gitlab_knows(failed(7002, "review: [eu]", "review", "script_failure"));
    pipeline.start();
    thread::scope(|scope| {
        for (id, name) in [("7001", "review"), ("7002", "review: [eu]")] {
            let pipeline = &pipeline;
            scope.spawn(move || {
                let settings = [("CI_JOB_STATUS", "failed"), ("CI_JOB_ID", id), ("CI_JOB_NAME", name)];
                pipeline.call(&["deploy-finished"], &settings);
            });
        }
    });
    assert_eq!(pipeline.close("failure"), "notify: skipped reason=already_reported");
    assert_eq!(pipeline.reported().len(), 2);
}

/// Each environment's failure is in its own channel, with its own operators, whatever its neighbours reported.
#[test]
fn each_environment_hears_of_its_own_failure() {
    for by_hook in [false, true] {
        let pipeline = Pipeline::of_two_environments();
        let checkout = crate::support::scratch::scratch();
        let file = serde_json::json!({"environments": {
            "production": {"channel": OPS, "mention": "here"}, "staging": {"channel": DEPLOYS, "mention": "channel"},
        }});
        std::fs::write(checkout.join(".pipeline-notifier.json"), file.to_string()).unwrap();
        let settings = [("CI_PROJECT_DIR", checkout.to_str().unwrap()), ("NOTIFIER_CHANNEL", "")];
        if by_hook {
            let hook = [("CI_JOB_STATUS", "failed"), ("CI_JOB_ID", "7002"), ("CI_ENVIRONMENT_NAME", "production")];
            pipeline.call(&["deploy-finished"], &[&settings[..], &hook].concat());
        }
        let close = [("CI_ENVIRONMENT_NAME", "")];
        let last = pipeline.call(&["pipeline-finished", "--result", "failed"], &[&settings[..], &close].concat());
        assert_eq!(last, "notify: sent");
        let workspace = pipeline.workspace.as_ref().unwrap().lock().unwrap();
        for (channel, environment, mention) in [(OPS, "production", "here"), (DEPLOYS, "staging", "channel")] {
            let said = workspace.everything(channel);
            assert_eq!(said.len(), 1, "{environment}: {said:?}");
            assert!(said[0].text().contains(&format!("] {environment}: deploy failed (review")), "{}", said[0].text());
            assert_eq!(slack_limits::mentions(&Value::Object(said[0].body.clone())), [mention]);
        }
    }
}

/// The worst outcome of several messages counts.
#[test]
fn strict_minds_one_message_of_several_that_was_not_delivered() {
    for (production, status, last_line) in
        [(OPS, 0, "notify: sent"), (PRIVATE, 1, "notify: failed reason=not_in_channel")]
    {
        let pipeline = Pipeline::of_two_environments();
        let checkout = crate::support::scratch::scratch();
        let file = serde_json::json!({"environments": {"production": {"channel": production}, "staging": {"channel": DEPLOYS}}});
        std::fs::write(checkout.join(".pipeline-notifier.json"), file.to_string()).unwrap();
        let settings =
            [("CI_PROJECT_DIR", checkout.to_str().unwrap()), ("NOTIFIER_CHANNEL", ""), ("CI_ENVIRONMENT_NAME", "")];
        let ended = pipeline.run(&["pipeline-finished", "--result", "failed", "--strict"], &settings);
        assert_eq!((ended.status, ended.last_line()), (status, last_line), "{}", ended.stderr);
        assert_eq!(pipeline.reported().len(), 1, "staging hears of its own");
    }
}

/// A pipeline that failed, was run again and succeeded is fixed, and its message says so.
#[test]
fn a_pipeline_that_is_run_again_is_fixed() {
    let pipeline = Pipeline::new(Way::Bot, Kind::Other, "script_failure");
    pipeline.start();
    assert_eq!(pipeline.close("change"), "notify: sent");
    pipeline.api.lock().unwrap().jobs.truncate(1);
    let settings =
        [("NOTIFIER_FINISH", "change"), ("CI_JOB_NAME", "notify-finish-success"), ("CI_ENVIRONMENT_NAME", "")];
    assert_eq!(pipeline.call(&["pipeline-finished", "--result", "success"], &settings), "notify: sent");
    let workspace = pipeline.workspace.as_ref().unwrap().lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].text().contains(": pipeline fixed"), "{}", messages[0].text());
}

#[test]
fn the_docs_show_this_very_table() {
    for (page, language) in [("docs/failures.md", "en"), ("docs/ko/failures.md", "ko")] {
        let mut table = if language == "en" {
            "| GitLab's reason | the message says | the job's hook posted |\n|---|---|---|\n".to_owned()
        } else {
            "| GitLab의 사유 | 메시지의 표현 | 작업의 훅이 이미 게시했는지 |\n|---|---|---|\n".to_owned()
        };
        for (reason, hook) in REASONS.iter().take(REASONS.len() - 1) {
            let pipeline = Pipeline::new(Way::Webhook, Kind::Other, reason);
            pipeline.call(&["pipeline-finished", "--result", "failed"], &[("NOTIFIER_LANGUAGE", language)]);
            let label = label(&pipeline.reported()[0]);
            let text = label.strip_prefix("unit: ").unwrap();
            let reported = match (hook, language) {
                (Ran, "en") => "yes",
                (Unknown, "en") => "perhaps",
                (NeverRan, "en") => "no",
                (Ran, _) => "예",
                (Unknown, _) => "알 수 없음",
                (NeverRan, _) => "아니요",
            };
            writeln!(table, "| `{reason}` | {text} | {reported} |").unwrap();
        }
        crate::docs::hold(page, "reasons", &table);
    }
}
