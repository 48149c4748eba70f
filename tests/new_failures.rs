//! New and old failures, and the beginning of a red series: a closing job on a GitLab with pipelines before this one.

use serde_json::{Value, json};

use crate::support::gitlab::{GitLab, failed, gitlab, job, pipeline, with};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits::{self, mentions};
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace, slack};

pub(crate) const TESTS: &str = "S0TESTS01";
pub(crate) const TEAM: &str = "S0TEAM001";
const NOTHING: &str = "notify: skipped reason=finish_not_selected";

/// The message of a closing job, or its last line if it sends none.
pub(crate) struct Closed {
    /// The status, with the text behind it.
    pub(crate) state: String,
    /// The links, and the lines below them up to the mentions.
    pub(crate) links: Vec<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) mentions: Vec<String>,
    pub(crate) log: String,
}

impl Closed {
    fn line(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }
}

fn close_on(server: &Server, result: &str, settings: &[(&str, &str)]) -> Closed {
    let slack = Server::start([Reply::ok()]);
    let notifier = Notifier::new(&["send", "pipeline-finished", "--result", result])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("CI_ENVIRONMENT_NAME", "")
        .with("NOTIFIER_MENTION", TEAM)
        .with("NOTIFIER_OWNERS", format!("unit*={TESTS}"))
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .asks(server);
    let ended = settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value)).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let Some(request) = slack.requests().into_iter().next() else {
        return Closed {
            state: ended.last_line().to_owned(),
            links: vec![],
            lines: vec![],
            mentions: vec![],
            log: ended.stderr,
        };
    };
    let body = request.json();
    let text = body["text"].as_str().unwrap();
    let state = text.split_once("prod: ").unwrap().1.split(", by ").next().unwrap().to_owned();
    let block = |block: &Value| -> String {
        let elements = block["elements"][0]["elements"].as_array().unwrap();
        elements.iter().filter_map(|it| it["text"].as_str()).collect()
    };
    let blocks = body["blocks"].as_array().unwrap();
    let of_links = blocks[1]["elements"][0]["elements"].as_array().unwrap();
    let links = of_links.iter().filter(|it| it["type"] == "link").map(|it| it["text"].as_str().unwrap().to_owned());
    let links: Vec<String> = links.filter(|label| !label.starts_with("Pipeline #")).collect();
    assert!(slack_limits::check(&body).is_ok());
    let below = blocks[2..].iter().map(block).filter(|line| !line.trim().is_empty()).collect();
    Closed { state, links, lines: below, mentions: mentions(&body), log: ended.stderr }
}

pub(crate) fn close(of: GitLab, settings: &[(&str, &str)]) -> Closed {
    close_on(&gitlab(of).0, "failed", settings)
}

pub(crate) fn red(id: u64, name: &str) -> Value {
    failed(id, name, "test", "script_failure")
}

/// A pipeline in which these jobs failed, after a red one (90,812), in which those did.
pub(crate) fn after(now: &[&str], before: &[&str]) -> GitLab {
    let mut of = GitLab::new();
    of.jobs.extend(now.iter().zip(7001..).map(|(name, id)| red(id, name)));
    of.pipelines = vec![pipeline(90_812, "failed"), pipeline(90_811, "success")];
    let before = before.iter().zip(6001..).map(|(name, id)| red(id, name)).collect();
    of.earlier_jobs.insert(90_812, Some(before));
    of
}

fn first() -> String {
    "Red since #90812, 3 h ago (2 pipelines), started with 1a2b3c4d Fix cart rounding by Kim Minsu".to_owned()
}

#[test]
fn only_new_failures() {
    let closed = close(after(&["unit"], &["lint"]), &[]);
    assert_eq!(closed.state, "test failed (unit)");
    assert_eq!(closed.links, ["unit: script failed · new"]);
    assert_eq!(closed.lines, [first()]);
    assert_eq!(closed.mentions, [TEAM, TESTS]);
    assert!(!closed.log.contains("warning"), "{}", closed.log);
    // An old failure went away, so this is a change.
    assert_eq!(close(after(&["unit"], &["lint"]), &[("NOTIFIER_FINISH", "change")]).state, "test failed (unit)");
}

#[test]
fn only_old_failures_mention_nobody() {
    let closed = close(after(&["unit", "lint"], &["unit", "lint"]), &[]);
    assert_eq!(closed.state, "still failing (2nd in a row; unit, lint)");
    assert_eq!(closed.links[0], "unit (test): script failed · also failed in #90812");
    assert_eq!(closed.lines, [first()]);
    assert!(closed.mentions.is_empty(), "{:?}", closed.mentions);
    assert_eq!(close(after(&["unit"], &["unit"]), &[("NOTIFIER_FINISH", "change")]).state, NOTHING);
}

#[test]
fn new_failures_come_before_old_ones_and_name_the_pipeline() {
    let mut of = after(&["lint", "unit"], &["lint"]);
    of.jobs[1]["stage"] = "checks".into();
    let closed = close(of, &[]);
    assert_eq!(closed.state, "test failed (unit, lint)");
    assert_eq!(closed.links, ["unit: script failed · new", "lint (checks): script failed · also failed in #90812"]);
    assert_eq!(closed.mentions, [TEAM, TESTS]);
}

#[test]
fn after_a_success_nothing_is_marked() {
    let mut of = after(&["unit"], &[]);
    of.pipelines = vec![pipeline(90_812, "success"), pipeline(90_811, "failed")];
    let closed = close(of, &[]);
    assert_eq!((closed.links[0].as_str(), closed.lines.len()), ("unit: script failed", 0));
    assert_eq!(closed.mentions, [TEAM, TESTS]);
}

#[test]
fn two_jobs_that_swap_are_a_new_failure() {
    let closed = close(after(&["unit", "docs"], &["lint", "docs"]), &[("NOTIFIER_FINISH", "change")]);
    assert_eq!(closed.state, "test failed (unit, docs)");
}

/// Red pipelines in a row before this one, with a green one before them if `is_whole`.
fn series(count: u64, is_whole: bool) -> GitLab {
    let mut of = after(&["unit"], &[]);
    let since = 90_816 - count + 1;
    of.pipelines = (since..=90_816).map(|id| pipeline(id, "failed")).collect();
    of.pipelines.extend(is_whole.then(|| pipeline(since - 1, "success")));
    for id in since..=90_816 {
        of.earlier_jobs.insert(id, Some(vec![red(6001, "unit")]));
    }
    of
}

#[test]
fn the_beginning_of_a_series_is_found_within_a_page() {
    let closed = close(series(12, true), &[]);
    assert_eq!(closed.state, "still failing (13th in a row; unit)");
    assert!(closed.line().starts_with("Red since #90805, 3 h ago (13 pipelines), started with"), "{}", closed.line());
    // The ref was red from its first pipeline.
    assert!(close(series(3, false), &[]).line().contains("(4 pipelines)"));
    let closed = close(series(150, true), &[]);
    assert_eq!((closed.state.as_str(), closed.line()), ("still failing (unit)", "Red for more than 100 pipelines"));
    assert!(closed.mentions.is_empty());
}

#[test]
fn canceled_pipelines_are_passed_over() {
    let mut of = after(&["unit"], &["unit"]);
    of.pipelines.extend([pipeline(90_815, "canceled"), pipeline(90_814, "skipped"), pipeline(90_813, "running")]);
    let closed = close(of, &[]);
    assert_eq!(closed.links[0], "unit (test): script failed · also failed in #90812");
    assert_eq!(closed.lines, [first()]);
}

#[test]
fn a_deleted_pipeline_leaves_what_is_known() {
    // The first one: its commit is unknown.
    let mut of = series(3, true);
    of.earlier_jobs.insert(90_814, None);
    let closed = close(of, &[]);
    assert_eq!(closed.line(), "Red since #90814, 3 h ago (4 pipelines)");
    assert!(closed.mentions.is_empty());
    // The previous one: nobody knows what is new.
    let mut of = after(&["unit"], &[]);
    of.earlier_jobs.insert(90_812, None);
    let closed = close(of, &[]);
    assert_eq!(closed.state, "still failing (2nd in a row; unit)");
    assert_eq!(closed.links, ["unit (test): script failed"]);
    assert_eq!(closed.mentions, [TEAM, TESTS]);
}

#[test]
fn an_empty_list_proves_nothing() {
    let closed = close(after(&["unit"], &[]), &[]);
    assert_eq!(closed.state, "still failing (2nd in a row; unit)");
    assert_eq!(closed.mentions, [TEAM, TESTS]);
    // Only a trigger job failed there.
    let mut of = after(&["unit"], &[]);
    of.earlier_jobs.insert(90_812, Some(vec![with(red(6001, "docs"), "is_trigger", true)]));
    assert_eq!(close(of, &[]).links, ["unit: script failed · new"]);
}

#[test]
fn trigger_jobs_are_compared_too() {
    for (before, expected) in [("docs", "also failed in #90812"), ("other", "new")] {
        let mut of = after(&[], &["lint"]);
        of.trigger_jobs.push(red(7009, "docs"));
        of.earlier_jobs.insert(90_812, Some(vec![with(red(6001, before), "is_trigger", true), red(6002, "lint")]));
        let closed = close(of, &[]);
        assert!(closed.links[0].ends_with(expected), "{:?}", closed.links);
    }
}

#[test]
fn jobs_that_may_fail_are_no_part_of_it() {
    let mut of = after(&["unit"], &[]);
    of.jobs.push(with(red(7009, "flaky"), "allow_failure", true));
    let before = vec![with(red(6001, "unit"), "allow_failure", true), red(6002, "lint")];
    of.earlier_jobs.insert(90_812, Some(before));
    assert_eq!(close(of, &[]).links, ["unit: script failed · new"]);
}

#[test]
fn parallel_jobs_have_full_names() {
    let closed = close(after(&["unit 1/3", "unit 2/3", "e2e: [a, b]"], &["unit 1/3", "e2e: [a, c]"]), &[]);
    assert_eq!(
        closed.links,
        [
            "unit 2/3: script failed · new",
            "e2e: [a, b]: script failed · new",
            "unit 1/3 (test): script failed · also failed in #90812"
        ]
        .map(|it| it.replace(" (test)", ""))
    );
    assert_eq!(closed.mentions, [TEAM, TESTS]);
}

#[test]
fn a_job_that_succeeded_at_its_second_attempt_did_not_fail() {
    let mut of = after(&["unit"], &[]);
    of.jobs.push(with(red(7000, "lint"), "retried", true));
    of.jobs.push(job(7002, "lint", "test", "success"));
    of.earlier_jobs.insert(90_812, Some(vec![red(6001, "lint"), job(6002, "unit", "test", "success")]));
    assert_eq!(close(of, &[]).links, ["unit: script failed · new"]);
}

#[test]
fn either_token_will_do() {
    let access = ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token");
    let old = |mut of: GitLab| {
        of.takes_job_tokens = vec!["artifacts"];
        of
    };
    let closed = close(old(after(&["unit"], &["lint"])), &[access]);
    assert_eq!((closed.links[0].as_str(), closed.lines), ("unit: script failed · new", vec![first()]));
    // GitLab 18.0 lists jobs to a job token, but no pipelines.
    let jobs_only = |mut of: GitLab| {
        of.takes_job_tokens = vec!["jobs", "deployments", "artifacts"];
        of
    };
    assert_eq!(close(jobs_only(after(&["unit"], &["lint"])), &[access]).links, ["unit: script failed · new"]);
    let closed = close(jobs_only(after(&["unit"], &["lint"])), &[]);
    assert_eq!((closed.state.as_str(), closed.lines.len()), ("test failed (unit)", 0));
    assert_eq!(closed.links, ["unit: script failed"]);
    // Neither token may read anything.
    let closed = close(old(after(&["unit"], &["lint"])), &[]);
    assert_eq!((closed.state.as_str(), closed.lines.len()), ("pipeline failed", 0));
    assert_eq!(closed.mentions, [TEAM]);
    // Jobs are refused, and pipelines are not.
    let mut of = after(&["unit"], &["unit"]);
    of.takes_job_tokens = vec!["pipelines"];
    let closed = close(of, &[]);
    assert_eq!(closed.line(), "Red since #90812, 3 h ago (2 pipelines)");
    assert_eq!(closed.mentions, [TEAM]);
}

#[test]
fn the_ref_of_a_merge_request_has_a_history_of_its_own() {
    let request = [
        ("CI_COMMIT_BRANCH", ""),
        ("CI_MERGE_REQUEST_IID", "318"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "1042"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1042"),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix/cart"),
        ("DEPLOY_ENVIRONMENT", "prod"),
    ];
    let of = |git_ref: &str| {
        let mut of = after(&["unit"], &["lint"]);
        of.pipelines[0]["ref"] = git_ref.into();
        of
    };
    assert_eq!(close(of("refs/merge-requests/318/head"), &request).links, ["unit: script failed · new"]);
    assert_eq!(close(of("main"), &request).links, ["unit: script failed"]);
    let fork = [&request[..], &[("CI_PROJECT_ID", "2000"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2000")]].concat();
    assert_eq!(close(of("fix/cart"), &fork).links, ["unit: script failed · new"]);
    let child = [("CI_PIPELINE_SOURCE", "parent_pipeline")];
    let closed = close(of("main"), &child);
    assert_eq!((closed.links[0].as_str(), closed.lines.len()), ("unit: script failed", 0));
}

#[test]
fn a_recovery_mentions_no_broadcast() {
    let fixed = |of: GitLab, settings: &[(&str, &str)]| {
        let owners = ("NOTIFIER_OWNERS", "unit=S0TESTS01,lint=S0LINT001");
        let all = [&[("NOTIFIER_FINISH", "change"), ("NOTIFIER_MENTION", "here,channel,U0LEEJIWOO"), owners], settings];
        close_on(&gitlab(of).0, "success", &all.concat())
    };
    let closed = fixed(after(&[], &["lint"]), &[]);
    assert_eq!(closed.state, "pipeline fixed");
    assert_eq!(closed.mentions, ["U0LEEJIWOO", "S0LINT001"]);
    // If GitLab does not say which jobs failed, all owners are mentioned.
    let mut of = after(&[], &[]);
    of.earlier_jobs.insert(90_812, None);
    assert_eq!(fixed(of, &[]).mentions, ["U0LEEJIWOO", "S0TESTS01", "S0LINT001"]);
}

/// Text of other people is only text.
#[test]
fn a_hostile_commit_is_only_text() {
    let mut of = after(&["unit"], &["lint"]);
    let commit = json!({"id": "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", "title": "<!channel> <https://evil.example|x>\n@here", "author_name": "<@U0EVIL>"});
    let jobs = of.earlier_jobs.get_mut(&90_812).unwrap().as_mut().unwrap();
    jobs[0]["commit"] = commit;
    let closed = close(of, &[]);
    assert!(closed.line().ends_with("started with 1a2b3c4d <!channel> <https://evil.example|x> @here by <@U0EVIL>"));
    assert_eq!(closed.mentions, [TEAM, TESTS]);
    let mut of = after(&["unit"], &["lint"]);
    of.earlier_jobs.get_mut(&90_812).unwrap().as_mut().unwrap()[0]["commit"] = json!({"id": "../../x", "title": 7});
    assert_eq!(close(of, &[]).line(), "Red since #90812, 3 h ago (2 pipelines)");
}

/// A bot remembers whom the first failure mentioned, also across quiet ones.
#[test]
fn a_bot_mentions_those_of_a_whole_series_when_it_is_over() {
    let (slack, workspace) = slack(Workspace::new());
    let (server, api) = gitlab(GitLab::new());
    let close = |number: u64, failing: &[&str]| {
        {
            let mut api = api.lock().unwrap();
            api.jobs.truncate(1);
            api.jobs.extend(failing.iter().zip(7001..).map(|(name, id)| red(number * 10_000 + id, name)));
        }
        let result = if failing.is_empty() { "success" } else { "failed" };
        let ended = Notifier::new(&["send", "pipeline-finished", "--result", result])
            .job("gitlab-18-deploy-on-main")
            .without("NOTIFIER_GITLAB_TOKEN")
            .with("CI_PIPELINE_ID", number.to_string())
            .with("CI_ENVIRONMENT_NAME", "")
            .with("NOTIFIER_FINISH", "always")
            .with("NOTIFIER_MENTION", "here")
            .with("NOTIFIER_OWNERS", "unit=S0TESTS01,lint=U0LINTLEE")
            .with("SLACK_BOT_TOKEN", TOKEN)
            .with("SLACK_API_URL", slack.url("/api"))
            .with("NOTIFIER_CHANNEL", DEPLOYS)
            .asks(&server)
            .run();
        assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
        let mut api = api.lock().unwrap();
        api.pipelines.push(pipeline(number, if failing.is_empty() { "success" } else { "failed" }));
        let jobs = Some(api.jobs.clone());
        api.earlier_jobs.insert(number, jobs);
        let posted = workspace.lock().unwrap().everything(DEPLOYS);
        mentions(&Value::Object(posted.last().unwrap().body.clone()))
    };
    assert_eq!(close(90_801, &["unit"]), ["here", "S0TESTS01"]);
    assert!(close(90_802, &["unit"]).is_empty());
    assert_eq!(close(90_803, &["lint"]), ["here", "U0LINTLEE"]);
    assert!(close(90_804, &["lint"]).is_empty());
    assert_eq!(close(90_805, &[]), ["U0LINTLEE", "S0TESTS01"]);
    assert!(close(90_806, &[]).is_empty());
}

/// An old failure is said to be one, also if its deployment has a hook, and mentions nobody.
#[test]
fn an_old_failure_of_a_deployment_mentions_nobody() {
    let mut of = after(&[], &["deploy"]);
    of.jobs.push(failed(7001, "deploy", "deploy", "job_execution_timeout"));
    let closed = close(of, &[("NOTIFIER_DEPLOY_JOBS", "deploy"), ("NOTIFIER_OWNERS", "deploy=S0DEPLOY1")]);
    assert_eq!(closed.state, "deploy failed");
    assert_eq!(closed.links[0], "deploy: timed out · also failed in #90812");
    assert!(closed.mentions.is_empty(), "{:?}", closed.mentions);
}

/// `still failing` is not said beside a new failure, whoever reported that.
#[test]
fn a_new_failure_that_a_hook_reported_is_new() {
    let settings = [("NOTIFIER_DEPLOY_JOBS", "deploy"), ("NOTIFIER_FINISH", "failure")];
    let closed = close(after(&["deploy", "unit"], &["unit"]), &settings);
    assert_eq!(closed.state, "test failed (unit)");
    assert_eq!(closed.links, ["unit: script failed · also failed in #90812"]);
    assert!(closed.mentions.is_empty(), "{:?}", closed.mentions);
    // The hook has reported the change.
    let settings = [settings[0], ("NOTIFIER_FINISH", "change")];
    assert_eq!(close(after(&["deploy", "unit"], &["unit"]), &settings).state, NOTHING);
}

#[test]
fn jobs_that_cannot_be_read_may_be_new() {
    let mut of = after(&["unit"], &["unit"]);
    of.trigger_jobs.push(red(7009, "e2e"));
    of.takes_job_tokens.retain(|route| !["bridges", "trigger_jobs"].contains(route));
    assert_eq!(close(of, &[]).mentions, [TEAM]);
    let mut of = after(&["unit"], &["unit"]);
    of.earlier_jobs.insert(90_812, Some(vec![with(red(6001, "unit"), "name", Value::Null)]));
    let closed = close(of, &[]);
    assert_eq!((closed.links[0].as_str(), closed.mentions.len()), ("unit (test): script failed", 2));
}

/// On a busy branch a newer pipeline ends first.
#[test]
fn a_pipeline_that_ends_after_a_newer_one_is_compared_too() {
    for newer in ["success", "failed"] {
        let mut of = after(&["unit"], &["unit"]);
        of.pipelines.push(pipeline(90_820, newer));
        let closed = close(of, &[]);
        assert_eq!((closed.state.as_str(), closed.lines.len()), ("test failed (unit)", 0));
        assert_eq!(closed.links, ["unit: script failed · also failed in #90812"]);
        assert!(closed.mentions.is_empty(), "{:?}", closed.mentions);
    }
}

/// The ref was red, and this environment was not.
#[test]
fn a_new_environment_is_not_red_since() {
    let mut of = after(&["deploy-eu", "deploy-us"], &["deploy-eu"]);
    of.deployments = vec![
        crate::support::gitlab::deployment(401, "eu", "failed", "aa", (90_817, 7001)),
        crate::support::gitlab::deployment(402, "us", "failed", "aa", (90_817, 7002)),
    ];
    let slack = Server::start([Reply::ok()]);
    let (server, _) = gitlab(of);
    Notifier::new(&["send", "pipeline-finished", "--result", "failed"])
        .job("gitlab-18-deploy-on-main")
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .asks(&server)
        .run();
    let bodies: Vec<String> = slack.requests().iter().map(|it| it.json().to_string()).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("] eu: still failing") && bodies[0].contains("Red since"), "{}", bodies[0]);
    assert!(bodies[1].contains("] us: test failed") && !bodies[1].contains("Red since"), "{}", bodies[1]);
}

/// The bot of a project on such a GitLab, with settings.
fn bot(slack: &Server, server: &Server, result: &str, settings: &[(&str, &str)]) -> Notifier {
    let notifier = Notifier::new(&["send", "pipeline-finished", "--result", result])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("CI_ENVIRONMENT_NAME", "")
        .with("NOTIFIER_FINISH", "always")
        .with("NOTIFIER_MENTION", TEAM)
        .with("SLACK_BOT_TOKEN", TOKEN)
        .with("SLACK_API_URL", slack.url("/api"))
        .with("NOTIFIER_CHANNEL", DEPLOYS)
        .asks(server);
    settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value))
}

/// A child pipeline runs on the ref of its parent, and neither is measured by the other.
#[test]
fn a_bot_measures_no_child_pipeline_by_its_parent() {
    let (slack, workspace) = slack(Workspace::new());
    let (server, _) = gitlab(after(&["unit"], &[]));
    let child = [("CI_PIPELINE_SOURCE", "parent_pipeline"), ("CI_PIPELINE_ID", "90821")];
    bot(&slack, &server, "failed", &[]).run();
    bot(&slack, &server, "failed", &child).run();
    bot(&slack, &server, "success", &[("CI_PIPELINE_SOURCE", "parent_pipeline"), ("CI_PIPELINE_ID", "90822")]).run();
    let texts: Vec<String> =
        workspace.lock().unwrap().top_level(DEPLOYS).iter().map(|it| it.text().to_owned()).collect();
    assert!(texts[1].contains(": test failed") && !texts.iter().any(|it| it.contains("fixed")), "{texts:?}");
}

/// The bot's message is found, however much is asked before.
#[test]
fn the_requests_leave_some_for_the_bots_message() {
    let (slack, workspace) = slack(Workspace::new().without("channels:history"));
    let mut of = series(5, true);
    of.takes_job_tokens = vec!["jobs", "deployments", "artifacts"];
    of.jobs.push(job(711_900, "notify-start", ".post", "success"));
    of.trigger_jobs.push(red(7009, "docs"));
    let (server, api) = gitlab(of);
    let file = crate::support::scratch::scratch().join("message.json");
    let access = ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token");
    let settings = [("CI_SERVER_URL", server.url("")), ("SLACK_API_URL", slack.url("/api"))];
    let start = Notifier::new(&["send", "pipeline-started", "--message-file", file.to_str().unwrap()])
        .job("gitlab-18-deploy-on-main")
        .with("SLACK_BOT_TOKEN", TOKEN)
        .with("NOTIFIER_CHANNEL", DEPLOYS);
    settings.iter().fold(start, |start, (name, value)| start.with(name, value)).run();
    let path = "711900/.pipeline-notifier/message.json".to_owned();
    api.lock().unwrap().artifacts.insert(path, std::fs::read_to_string(&file).unwrap());
    bot(&slack, &server, "failed", &[access]).run();
    let workspace = workspace.lock().unwrap();
    assert_eq!(workspace.top_level(DEPLOYS).len(), 1);
    assert_eq!(workspace.replies().len(), 1);
}
