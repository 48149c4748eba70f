//! A pipeline that waits for somebody or something.

use serde_json::Value;

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, deployment, failed, gitlab, job, with};
use crate::support::harness::{GITLAB, Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits::{self, mentions};
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace, slack};

pub(crate) const JOB: &str = "gitlab-18-deploy-on-main";
const NOTHING: &str = "notify: skipped reason=nothing_waits";

fn waiting(server: &Server, settings: &[(&str, &str)]) -> Notifier {
    let notifier = Notifier::new(&["send", "pipeline-waiting"])
        .job(JOB)
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("CI_ENVIRONMENT_NAME", "")
        .asks(server);
    settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value))
}

/// The message of a waiting job.
struct Waited {
    ended: Ended,
    /// The status, or the last line of the log if no message was sent.
    status: String,
    /// The labels and addresses, without the pipeline's.
    links: Vec<(String, String)>,
    mentions: Vec<String>,
}

fn wait(of: GitLab, settings: &[(&str, &str)]) -> Waited {
    let slack = Server::start([Reply::ok()]);
    let (server, _) = gitlab(of);
    let ended = waiting(&server, settings).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(server.requests().len() <= 4, "{:?}", server.requests());
    let Some(request) = slack.requests().into_iter().next() else {
        let status = ended.last_line().to_owned();
        return Waited { ended, status, links: vec![], mentions: vec![] };
    };
    let body = request.json();
    slack_limits::check(&body).unwrap();
    let text = body["text"].as_str().unwrap();
    let status = text.split_once("] ").unwrap().1.split_once(": ").unwrap().1;
    let status = status.split(", by ").next().unwrap().split(" · 실행자").next().unwrap().to_owned();
    let links = slack_limits::elements(&body).filter(|it| it["type"] == "link");
    let link = |it: &Value| {
        (it["text"].as_str().unwrap().to_owned(), it["url"].as_str().unwrap().replace(&server.url(""), GITLAB))
    };
    let links = links.map(link).filter(|(label, _)| !label.starts_with("Pipeline") && !label.starts_with("파이프라인"));
    Waited { ended, status, links: links.collect(), mentions: mentions(&body) }
}

pub(crate) fn with_jobs(jobs: Vec<Value>) -> GitLab {
    let mut of = GitLab::new();
    of.jobs.extend(jobs);
    of
}

fn manual(id: u64, name: &str, is_optional: bool) -> Value {
    with(job(id, name, "deploy", "manual"), "allow_failure", is_optional)
}

#[test]
fn a_blocking_manual_job_is_waited_for() {
    let Waited { ended, status, links, mentions } = wait(with_jobs(vec![manual(7, "deploy-prod", false)]), &[]);
    assert_eq!(status, "waiting for manual job deploy-prod");
    assert_eq!(links, [("deploy-prod".to_owned(), format!("{GITLAB}/commerce/shop-api/-/jobs/7"))]);
    assert!(mentions.is_empty() && !ended.stderr.contains("warning"), "{}", ended.stderr);
}

/// An optional manual job counts if `deploy_jobs` names it.
#[test]
fn an_optional_manual_job_is_waited_for_if_it_deploys() {
    let of = || with_jobs(vec![manual(7, "deploy-prod", true), manual(8, "clean", true)]);
    assert_eq!(wait(of(), &[]).status, NOTHING);
    let Waited { status, links, .. } = wait(of(), &[("NOTIFIER_DEPLOY_JOBS", "deploy-*")]);
    assert_eq!((status.as_str(), links.len()), ("waiting for manual job deploy-prod", 1));
}

#[test]
fn each_waiting_job_is_named_and_linked() {
    let jobs = (1..=13).map(|id| manual(id, &format!("deploy-{id}"), false)).collect();
    let Waited { status, links, .. } = wait(with_jobs(jobs), &[]);
    assert_eq!(status, "waiting for manual job deploy-1, deploy-2, and 11 more");
    assert_eq!(links.len(), 10);
    let mixed = vec![
        job(1, "migrate", "deploy", "waiting_for_resource"),
        manual(2, "deploy-prod", false),
        job(3, "rollout", "deploy", "scheduled"),
    ];
    let Waited { status, links, .. } = wait(with_jobs(mixed), &[]);
    assert_eq!(status, "waiting for manual job deploy-prod");
    let labels: Vec<&str> = links.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["deploy-prod", "waiting for its turn: migrate", "delayed: rollout"]);
}

#[test]
fn an_approval_names_the_environment() {
    for (status, expected) in [
        ("blocked", "waiting for approval of production"),
        ("created", "waiting for manual job deploy-prod"),
        ("success", "waiting for manual job deploy-prod"),
    ] {
        let mut of = with_jobs(vec![manual(7, "deploy-prod", false)]);
        of.deployments.push(deployment(400, "production", status, "aa", (90_817, 7)));
        assert_eq!(wait(of, &[]).status, expected, "{status}");
    }
    // Without the deployments, the job is named.
    let mut of = with_jobs(vec![manual(7, "deploy-prod", false)]);
    of.takes_job_tokens.retain(|route| *route != "deployments");
    assert_eq!(wait(of, &[]).status, "waiting for manual job deploy-prod");
}

#[test]
fn a_turn_and_a_delay_are_waited_for_too() {
    let of = |status| with_jobs(vec![job(7, "deploy-prod", "deploy", status)]);
    assert_eq!(wait(of("waiting_for_resource"), &[]).status, "waiting for its turn: deploy-prod");
    assert_eq!(wait(of("scheduled"), &[]).status, "delayed: deploy-prod");
    for status in ["running", "pending", "created", "success", "skipped", "canceled", "failed"] {
        assert_eq!(wait(of(status), &[]).status, NOTHING, "{status}");
    }
    // Nobody waits for an environment to be stopped.
    assert_eq!(wait(with_jobs(vec![manual(7, "stop_review", false)]), &[]).status, NOTHING);
}

#[test]
fn the_wait_is_said_in_korean_too() {
    let korean = ("NOTIFIER_LANGUAGE", "ko");
    assert_eq!(
        wait(with_jobs(vec![manual(7, "deploy-prod", false)]), &[korean]).status,
        "수동 작업 deploy-prod 실행 대기 중"
    );
    let turn = with_jobs(vec![job(7, "deploy-prod", "deploy", "waiting_for_resource")]);
    assert_eq!(wait(turn, &[korean]).status, "deploy-prod 순서 대기 중");
    let delay = with_jobs(vec![job(7, "rollout", "deploy", "scheduled")]);
    assert_eq!(wait(delay, &[korean]).status, "지연 작업 rollout 시작 대기 중");
    let mut of = with_jobs(vec![manual(7, "deploy-prod", false)]);
    of.deployments.push(deployment(400, "production", "blocked", "aa", (90_817, 7)));
    assert_eq!(wait(of, &[korean]).status, "production 승인 대기 중");
}

#[test]
fn only_waiting_mention_is_mentioned() {
    let of = || with_jobs(vec![manual(7, "deploy-prod", false)]);
    let mention = [("NOTIFIER_MENTION", "S0TEAM001"), ("NOTIFIER_OWNERS", "*=S0OWNERS1")];
    assert!(wait(of(), &mention).mentions.is_empty());
    let both = [&mention[..], &[("NOTIFIER_WAITING_MENTION", "here,S0RELEASE")]].concat();
    assert_eq!(wait(of(), &both).mentions, ["here", "S0RELEASE"]);
    let Waited { ended, .. } = wait(of(), &[("NOTIFIER_WAITING_MENTION", "@release")]);
    assert!(ended.stderr.contains("NOTIFIER_WAITING_MENTION: `@release` mentions nobody"), "{}", ended.stderr);
}

#[test]
fn events_and_branches_choose_waits_and_finish_does_not() {
    let of = || with_jobs(vec![manual(7, "deploy-prod", false)]);
    for (setting, expected) in [
        (("NOTIFIER_EVENTS", "!pipeline-waiting"), "notify: skipped reason=event_not_selected"),
        (("NOTIFIER_EVENTS", "pipeline-waiting"), "waiting for manual job deploy-prod"),
        (("NOTIFIER_EVENTS", "pipeline-finished"), "waiting for manual job deploy-prod"),
        (("NOTIFIER_BRANCHES", "release/*"), "notify: skipped reason=branch_not_selected"),
        (("NOTIFIER_FINISH", "never"), "waiting for manual job deploy-prod"),
    ] {
        assert_eq!(wait(of(), &[setting]).status, expected, "{setting:?}");
    }
}

#[test]
fn without_the_list_of_jobs_nothing_is_said() {
    let mut of = with_jobs(vec![manual(7, "deploy-prod", false)]);
    of.takes_job_tokens.clear();
    let Waited { ended, status, .. } = wait(of, &[]);
    assert_eq!(status, "notify: skipped reason=jobs_unknown");
    assert!(ended.stderr.contains("GitLab's list of waiting jobs is unknown: "), "{}", ended.stderr);
}

pub(crate) fn of_bot(slack: &Server, notifier: Notifier) -> Notifier {
    notifier
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("SLACK_BOT_TOKEN", TOKEN)
        .with("SLACK_API_URL", slack.url("/api"))
        .with("NOTIFIER_CHANNEL", DEPLOYS)
}

/// With a bot, the wait is the state of the pipeline's message until somebody plays the job.
#[test]
fn a_bots_message_goes_on_after_the_wait() {
    let (slack, workspace) = slack(Workspace::new());
    let (server, _) = gitlab(with_jobs(vec![manual(7, "deploy-prod", false)]));
    of_bot(&slack, Notifier::new(&["send", "pipeline-started"]).job(JOB)).run();
    of_bot(&slack, waiting(&server, &[("NOTIFIER_WAITING_MENTION", "S0RELEASE")])).run();
    let reply = workspace.lock().unwrap().replies()[0].clone();
    assert!(reply.broadcast && reply.text().contains("waiting for manual job deploy-prod"), "{}", reply.text());
    assert_eq!(mentions(&Value::Object(reply.body)), ["S0RELEASE"]);
    of_bot(&slack, Notifier::new(&["send", "deploy-started"]).job(JOB))
        .with("GITLAB_USER_NAME", "Lee Jiwoo")
        .with("CI_JOB_MANUAL", "true")
        .run();
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].text().contains("deploy started, by Lee Jiwoo"), "{}", messages[0].text());
    assert!(Value::Object(messages[0].body.clone()).to_string().contains("Triggered by  Lee Jiwoo"));
}

/// The environment of an approval is named once, also behind another wait.
#[test]
fn approvals_of_one_environment_are_one() {
    let of = |manual_first: bool| {
        let mut of = with_jobs((11..14).map(|id| manual(id, &format!("deploy-{id}"), false)).collect());
        of.jobs.extend(manual_first.then(|| manual(5, "gate", false)));
        let environments = ["prod", "staging", "prod"].into_iter().zip(11..);
        of.deployments.extend(environments.map(|(name, id)| deployment(400 + id, name, "blocked", "aa", (90_817, id))));
        of
    };
    assert_eq!(wait(of(false), &[]).status, "waiting for approval of prod, staging");
    let labels: Vec<String> = wait(of(true), &[]).links.into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels[..2], ["gate", "waiting for approval of prod"]);
}

/// Many jobs that do not wait hide no gate, and a job of `.post` may wait too.
#[test]
fn only_jobs_that_may_wait_are_read() {
    let mut of = with_jobs((100..400).map(|id| job(id, &format!("later-{id}"), "later", "created")).collect());
    of.jobs.push(manual(7, "gate", false));
    assert_eq!(wait(of, &[]).status, "waiting for manual job gate");
    let of = with_jobs(vec![job(7, "report", ".post", "scheduled")]);
    assert_eq!(wait(of, &[]).status, "delayed: report");
}

#[test]
fn a_wait_without_a_webhook_says_so() {
    let (server, _) = gitlab(with_jobs(vec![manual(7, "deploy-prod", false)]));
    let ended = waiting(&server, &[]).without("SLACK_WEBHOOK_URL").run();
    assert_eq!(ended.last_line(), "notify: skipped reason=no_webhook");
    assert!(server.requests().is_empty());
}

/// The attempt of the waiting job is its own, and whom it would mention matters only if something waits.
#[test]
fn a_waiting_job_that_runs_again_counts_no_attempt() {
    let mut of = with_jobs(vec![manual(7, "deploy-prod", false)]);
    of.jobs.push(with(job(8, "notify-waiting", ".post", "success"), "retried", true));
    of.jobs[0]["name"] = "notify-waiting".into();
    let (server, _) = gitlab(of);
    let (slack, workspace) = slack(Workspace::new());
    of_bot(&slack, waiting(&server, &[])).run();
    let text = workspace.lock().unwrap().top_level(DEPLOYS)[0].text().to_owned();
    assert!(text.contains("waiting for manual job deploy-prod, by"), "{text}");
    assert!(server.requests().len() <= 8, "{:?}", server.requests());
    let (server, _) = gitlab(GitLab::new());
    let ended = of_bot(&slack, waiting(&server, &[("NOTIFIER_WAITING_MENTION", "author")])).run();
    assert_eq!((ended.last_line(), ended.stderr.contains("warning")), (NOTHING, false), "{}", ended.stderr);
}

/// A wait is a reply if the pipeline has failed: the message goes on showing the failure, and the next pipeline is compared with it.
#[test]
fn a_wait_hides_no_failure() {
    let (slack, workspace) = slack(Workspace::new());
    let (server, _) = gitlab(with_jobs(vec![failed(1, "unit", "test", "script_failure")]));
    let close = |result: &'static str, server: &Server, id: &str| {
        of_bot(&slack, Notifier::new(&["send", "pipeline-finished", "--result", result]).job(JOB))
            .with("NOTIFIER_FINISH", "change")
            .with("CI_ENVIRONMENT_NAME", "")
            .with("CI_PIPELINE_ID", id)
            .asks(server)
            .run()
    };
    close("failed", &server, "90817");
    let (waits, _) = gitlab(with_jobs(vec![manual(7, "deploy-prod", false)]));
    of_bot(&slack, waiting(&waits, &[])).run();
    {
        let workspace = workspace.lock().unwrap();
        assert!(workspace.top_level(DEPLOYS)[0].text().contains("test failed"));
        assert!(workspace.replies().last().unwrap().text().contains("waiting for manual job deploy-prod"));
    }
    let mut green = GitLab::new();
    green.takes_job_tokens.retain(|route| *route != "pipelines");
    green.takes_access_tokens = false;
    let (green, _) = gitlab(green);
    assert_eq!(close("success", &green, "90818").last_line(), "notify: sent");
}
