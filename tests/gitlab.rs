//! The findings from GitLab: the jobs that did not succeed, the deployments before, and answers that prove nothing.

use serde_json::{Value, json};

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, THIS, deployment, failed, gitlab, job, pipeline, with};
use crate::support::harness::{GITLAB, Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits;

const JOB: &str = "gitlab-18-deploy-on-main";
const OURS: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678";
const OTHER: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567";

/// The result of a call: its end, the message, and the paths of its requests to GitLab.
struct Sent {
    ended: Ended,
    body: Value,
    asked: Vec<String>,
    server: String,
}

impl Sent {
    /// The part of the one-line text after the environment.
    fn state(&self) -> String {
        let text = self.body["text"].as_str().unwrap_or_default();
        let state = text.split_once("prod: ").or_else(|| text.split_once("dev: ")).map_or(text, |(_, state)| state);
        state.split(", by ").next().unwrap_or_default().to_owned()
    }

    fn links(&self) -> Vec<(String, String)> {
        let links = slack_limits::elements(&self.body).filter(|element| element["type"] == "link");
        let address = |it: &Value| it["url"].as_str().unwrap().replace(&self.server, GITLAB);
        links.map(|it| (it["text"].as_str().unwrap().to_owned(), address(it))).collect()
    }

    fn labels(&self) -> Vec<String> {
        self.links().into_iter().map(|(label, _)| label).collect()
    }
}

/// Sends an event by webhook on such a GitLab, with only the job token unless a setting adds another.
fn send(arguments: &[&str], of: GitLab, settings: &[(&str, &str)]) -> Sent {
    let (server, _) = gitlab(of);
    send_on(&server, arguments, settings)
}

fn send_on(server: &Server, arguments: &[&str], settings: &[(&str, &str)]) -> Sent {
    let slack = Server::start([Reply::ok()]);
    let notifier = Notifier::new(&[&["send"], arguments].concat())
        .job(JOB)
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .asks(server);
    let ended = settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value)).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let asked = server.requests().into_iter().map(|request| request.target).collect::<Vec<_>>();
    let body = slack.requests().first().map(crate::support::loopback::Request::json).unwrap_or_default();
    Sent { ended, body, asked, server: server.url("") }
}

const FAILED: [&str; 3] = ["pipeline-finished", "--result", "failed"];
const UNKNOWN: [&str; 1] = ["pipeline-finished"];
const ALWAYS: (&str, &str) = ("NOTIFIER_FINISH", "always");

fn with_jobs(jobs: Vec<Value>) -> GitLab {
    let mut gitlab = GitLab::new();
    gitlab.jobs.extend(jobs);
    gitlab
}

#[test]
fn a_failed_pipeline_names_its_jobs_and_why_they_failed() {
    let sent = send(
        &FAILED,
        with_jobs(vec![
            failed(1, "compile", "build", "script_failure"),
            with(failed(2, "lint", "build", "script_failure"), "allow_failure", true),
            with(failed(3, "flaky", "build", "script_failure"), "retried", true),
            job(4, "flaky", "build", "success"),
            failed(5, "image", "build", "image_pull_failure"),
        ]),
        &[],
    );
    assert_eq!(sent.state(), "build failed (compile, image)");
    assert_eq!(sent.labels(), ["compile: script failed", "image: image could not be pulled", "Pipeline #90817"]);
    assert!(!sent.ended.stderr.contains("warning"), "{}", sent.ended.stderr);
}

/// Case B1: a trigger job is in no list of jobs.
#[test]
fn a_trigger_job_that_failed_is_found() {
    let trigger = with(
        failed(9, "trigger-docs", "docs", "unknown_failure"),
        "downstream_pipeline",
        json!({"id": 901, "status": "failed", "web_url": "https://gitlab.corp.example/commerce/docs/-/pipelines/901"}),
    );
    for (is_renamed, version) in [(false, "18.5.1-ee"), (true, "19.2.0"), (true, "18.11.0"), (false, "19.4.0")] {
        let mut of = GitLab::new();
        of.trigger_jobs.push(trigger.clone());
        of.is_renamed = is_renamed;
        let sent = send(&UNKNOWN, of, &[ALWAYS, ("CI_SERVER_VERSION", version)]);
        assert_eq!(sent.state(), "docs failed (trigger-docs)", "{version}");
        assert_eq!(sent.links()[0].0, "trigger-docs: downstream pipeline failed");
        assert_eq!(sent.links()[0].1, "https://gitlab.corp.example/commerce/docs/-/pipelines/901");
    }
    // A missing list means unknown, not empty.
    let mut of = GitLab::new();
    of.trigger_jobs.push(trigger);
    of.takes_job_tokens.retain(|route| !["bridges", "trigger_jobs"].contains(route));
    assert_eq!(send(&UNKNOWN, of, &[ALWAYS]).state(), "pipeline finished");
    assert_eq!(send(&UNKNOWN, GitLab::new(), &[ALWAYS]).state(), "pipeline succeeded");
}

/// Case B2.
#[test]
fn canceled_and_waiting_pipelines_did_not_succeed() {
    let canceled = || job(2, "test", "test", "canceled");
    let approve = || job(3, "approve", "approve", "manual");
    let of = |jobs| send(&UNKNOWN, with_jobs(jobs), &[ALWAYS]);
    let build = || job(1, "build", "build", "success");
    let skipped = || job(4, "deploy", "deploy", "skipped");
    assert_eq!(of(vec![build(), canceled(), skipped(), approve()]).state(), "pipeline canceled");
    let waiting = of(vec![build(), approve(), job(5, "deploy", "deploy", "created")]);
    assert_eq!(waiting.state(), "waiting for manual job approve");
    assert_eq!(waiting.links()[0], ("approve".into(), "https://gitlab.corp.example/commerce/shop-api/-/jobs/3".into()));
    for status in ["running", "pending", "preparing", "created", "waiting_for_callback"] {
        let running = of(vec![build(), job(6, "e2e", "test", status)]);
        assert_eq!(running.state(), "pipeline still running", "{status}");
        assert!(!running.body.to_string().contains("Pipeline took"), "{status}");
    }
    let optional = with(approve(), "allow_failure", true);
    assert_eq!(of(vec![build(), optional]).state(), "pipeline succeeded");
    // A stop button waits for nobody and proves nothing. A job that may fail may be canceled.
    assert_eq!(of(vec![build(), job(7, "stop_review", "deploy", "manual")]).state(), "pipeline finished");
    assert_eq!(of(vec![build(), with(canceled(), "allow_failure", true)]).state(), "pipeline succeeded");
    assert_eq!(of(vec![build(), job(9, "notify-finish-success", ".post", "created")]).state(), "pipeline succeeded");
    // No other job of the last stage counts for the pipeline's result.
    assert_eq!(of(vec![build(), job(8, "notify-start", ".post", "running")]).state(), "pipeline succeeded");
    assert_eq!(
        send(&UNKNOWN, with_jobs(vec![canceled()]), &[]).ended.last_line(),
        "notify: skipped reason=finish_not_selected"
    );
}

/// Case B3: a megabyte and more of commit messages.
#[test]
fn many_jobs_are_counted_however_much_is_sent_with_them() {
    let heavy = |id: u64| {
        let mut job = failed(id, &format!("test {id}/90"), "test", "script_failure");
        job["commit"]["message"] = "x".repeat(34 << 10).into();
        job
    };
    let sent = send(&FAILED, with_jobs((1..=90).map(heavy).collect()), &[]);
    assert_eq!(sent.labels()[9], "test 10/90: script failed");
    assert_eq!(sent.labels()[10], "and 80 more");
    // At most two pages are read, and the rest is not counted.
    let sent = send(
        &FAILED,
        with_jobs((1..=2000).map(|id| failed(id, &format!("t{id}"), "test", "script_failure")).collect()),
        &[],
    );
    assert_eq!(sent.labels()[10], "and more");
    assert!(sent.asked.iter().filter(|target| target.contains("/jobs?scope")).count() == 2, "{:?}", sent.asked);
}

/// GitLab ignores a token on a route that does not take it. A list without the asking job proves nothing.
#[test]
fn unreadable_gitlab_data_means_unknown() {
    let jobs = || vec![failed(1, "compile", "build", "script_failure")];
    let read = |change: &dyn Fn(&mut GitLab), settings: &[(&str, &str)]| {
        let mut of = with_jobs(jobs());
        change(&mut of);
        send(&FAILED, of, settings)
    };
    let is_unknown = |sent: &Sent, why: &str| {
        assert_eq!(sent.labels()[0], "Failed job", "{}", sent.ended.stderr);
        assert!(sent.links()[0].1.ends_with("/pipelines/90817/failures"));
        assert!(sent.ended.stderr.contains("GitLab's list of failed jobs is unknown: "), "{}", sent.ended.stderr);
        assert!(sent.ended.stderr.contains(why), "{}", sent.ended.stderr);
    };
    let old = |of: &mut GitLab| of.takes_job_tokens = vec!["deployments", "artifacts"];
    is_unknown(&read(&old, &[]), "GitLab answered 401");
    is_unknown(&read(&|of| of.hides_jobs = true, &[]), "GitLab's list lacks this job");
    is_unknown(&read(&|of| of.limit = 0, &[]), "GitLab answered 429");
    is_unknown(&read(&|_| {}, &[("CI_JOB_TOKEN", "of-a-job-that-ended")]), "GitLab answered 401");
    // The access token can read it, if there is one. After that it is used first.
    let access = [("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token")];
    let sent = read(&old, &access);
    assert_eq!(sent.state(), "build failed (compile)");
    assert_eq!(sent.asked.len(), 7, "{:?}", sent.asked);
    let sent = read(&|of| of.takes_access_tokens = false, &access);
    assert_eq!(sent.state(), "build failed (compile)");
    // Public projects show pipelines to anybody, and hidden jobs to nobody.
    let public = |of: &mut GitLab| (of.is_public, of.takes_job_tokens) = (true, vec![]);
    let sent = read(&public, &[]);
    assert_eq!(sent.state(), "build failed (compile)");
    is_unknown(
        &read(&|of| (of.is_public, of.takes_job_tokens, of.hides_jobs) = (true, vec![], true), &[]),
        "lacks this",
    );
    let login = Server::start([Reply::Answer(302, "Location: /users/sign_in\r\n", String::new())]);
    is_unknown(&send_on(&login, &FAILED, &[]), "GitLab answered 302");
}

#[test]
fn a_pipeline_is_measured_by_those_before_it() {
    let of = |arguments: &[&str], statuses: &[&str], finish: &str| {
        let mut of = GitLab::new();
        if arguments.contains(&"failed") {
            of.jobs.push(failed(1, "compile", "build", "script_failure"));
        }
        of.pipelines = statuses.iter().zip(1..).map(|(status, back)| pipeline(90_817 - back, status)).collect();
        // The list has ours, which is run again, a newer one, and another pipeline's child.
        of.pipelines.extend([pipeline(90_817, "failed"), pipeline(90_818, "running")]);
        of.pipelines.push(with(pipeline(90_700, "success"), "source", "parent_pipeline"));
        let sent = send(arguments, of, &[("NOTIFIER_FINISH", finish)]);
        if sent.body.is_null() { sent.ended.last_line().to_owned() } else { sent.state() }
    };
    let success = ["pipeline-finished", "--result", "success"];
    let left_out = "notify: skipped reason=finish_not_selected";
    for (before, failed, changed, fixed) in [
        (&[][..], "build failed (compile)", "build failed (compile)", left_out),
        (&["success"], "build failed (compile)", "build failed (compile)", left_out),
        (&["failed", "success"], "still failing (2nd in a row; compile)", left_out, "pipeline fixed"),
        (&["failed", "failed", "success"], "still failing (3rd in a row; compile)", left_out, "pipeline fixed"),
        (
            &["canceled", "failed", "canceled", "success"],
            "still failing (2nd in a row; compile)",
            left_out,
            "pipeline fixed",
        ),
        (&["running", "success", "failed"], "build failed (compile)", "build failed (compile)", left_out),
        (&["failed"; 60], "still failing (61st in a row; compile)", left_out, "pipeline fixed"),
        (&["failed"; 150], "still failing (compile)", left_out, "pipeline fixed"),
    ] {
        assert_eq!(of(&FAILED, before, "failure"), failed, "{before:?}");
        assert_eq!(of(&FAILED, before, "change"), changed, "{before:?}");
        assert_eq!(of(&success, before, "change"), fixed, "{before:?}");
        assert_eq!(of(&success, before, "failure"), left_out, "{before:?}");
    }
}

/// Case R8: no first failure is skipped, and no failure counts as fixed.
#[test]
fn dangling_pipelines_do_not_count_for_their_ref() {
    let dangling = [
        "webide",
        "ondemand_dast_scan",
        "ondemand_dast_validation",
        "security_orchestration_policy",
        "container_registry_push",
        "duo_workflow",
        "pipeline_execution_policy_schedule",
    ];
    for source in dangling {
        let of = |arguments: &[&str], of_dangling: &str, before: &str| {
            let mut of = GitLab::new();
            if arguments.contains(&"failed") {
                of.jobs.push(failed(1, "compile", "build", "script_failure"));
            }
            of.pipelines = vec![with(pipeline(90_816, of_dangling), "source", source), pipeline(90_815, before)];
            let sent = send(arguments, of, &[("NOTIFIER_FINISH", "change")]);
            if sent.body.is_null() { sent.ended.last_line().to_owned() } else { sent.state() }
        };
        let left_out = "notify: skipped reason=finish_not_selected";
        assert_eq!(of(&FAILED, "failed", "success"), "build failed (compile)", "{source}");
        assert_eq!(of(&FAILED, "success", "failed"), left_out, "{source}");
        assert_eq!(of(&["pipeline-finished", "--result", "success"], "failed", "success"), left_out, "{source}");
    }
}

/// Case R9: a merge request's pipeline in the fork, which has no ref of the merge request.
#[test]
fn the_history_is_that_of_the_pipelines_ref() {
    let in_fork = ("CI_PROJECT_ID", "2000");
    for (settings, git_ref) in [
        (vec![in_fork], "fix/cart"),
        (vec![in_fork, ("CI_MERGE_REQUEST_EVENT_TYPE", "detached")], "fix/cart"),
        (vec![("CI_PROJECT_ID", "1042")], "refs/merge-requests/318/head"),
        (
            vec![("CI_PROJECT_ID", "1042"), ("CI_MERGE_REQUEST_EVENT_TYPE", "merge_train")],
            "refs/merge-requests/318/train",
        ),
    ] {
        let request = [
            ("CI_COMMIT_BRANCH", ""),
            ("CI_MERGE_REQUEST_IID", "318"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "1042"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2000"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix/cart"),
            ("NOTIFIER_FINISH", "change"),
        ];
        let mut of = with_jobs(vec![failed(1, "compile", "build", "script_failure")]);
        of.pipelines = vec![with(pipeline(90_816, "failed"), "ref", git_ref)];
        let sent = send(&FAILED, of, &[&request[..], &settings].concat());
        let last = sent.ended.last_line();
        assert_eq!(last, "notify: skipped reason=finish_not_selected", "{git_ref}: {}", sent.ended.stderr);
    }
}

/// Case R15: the token is there, and GitLab refuses it.
#[test]
fn an_expired_access_token_is_named() {
    let access = ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token");
    let expired = |routes: Vec<&'static str>| {
        let mut of = with_jobs(vec![failed(1, "compile", "build", "script_failure")]);
        (of.takes_access_tokens, of.takes_job_tokens) = (false, routes);
        of.comparison = json!({"commits": []});
        of.deployments.push(deployment(390, "review/main", "success", OTHER, (90_700, 390)));
        of
    };
    for routes in [vec![], vec!["deployments"], vec!["artifacts"]] {
        let sent = send(&FAILED, expired(routes), &[access]);
        assert!(sent.ended.stderr.contains("it expired or was revoked"), "{}", sent.ended.stderr);
        assert!(sent.ended.stderr.contains("NOTIFIER_GITLAB_TOKEN"), "{}", sent.ended.stderr);
    }
    // Nobody but the access token may compare.
    let sent = send(&DEPLOYED, expired(vec!["jobs", "bridges", "deployments", "pipelines"]), &[access]);
    assert_eq!(sent.ended.stderr.matches("it expired or was revoked").count(), 1, "{}", sent.ended.stderr);
    // A deployment names the token that somebody set, too, and so does another refusal of it.
    let sent = send(&DEPLOYED, expired(vec![]), &[access]);
    assert_eq!(sent.ended.stderr.matches("it expired or was revoked").count(), 1, "{}", sent.ended.stderr);
    let forbidden = Server::start([Reply::status(403, r#"{"error":"insufficient_scope"}"#)]);
    let sent = send_on(&forbidden, &FAILED, &[access]);
    assert!(sent.ended.stderr.contains("GitLab answered 403 to NOTIFIER_GITLAB_TOKEN"), "{}", sent.ended.stderr);
    let (server, _) = gitlab(expired(vec![]));
    let doctor = Notifier::new(&["doctor"]).job(JOB).with(access.0, access.1).asks(&server).run();
    assert!(doctor.stdout.contains("it expired or was revoked"), "{}", doctor.stdout);
    assert!(!doctor.stdout.contains("the job token may not"), "{}", doctor.stdout);
}

/// Case R12: a job that waits for its resource group, or for its delay.
#[test]
fn a_pipeline_waits_for_a_turn_or_a_delay() {
    let of = |jobs: Vec<Value>| send(&UNKNOWN, with_jobs(jobs), &[ALWAYS]);
    let waiting = |status: &str| job(3, "deploy", "deploy", status);
    let sent = of(vec![waiting("waiting_for_resource")]);
    assert_eq!(sent.state(), "waiting for its turn: deploy");
    assert_eq!(sent.links()[0], ("deploy".into(), "https://gitlab.corp.example/commerce/shop-api/-/jobs/3".into()));
    assert_eq!(of(vec![waiting("scheduled")]).state(), "delayed: deploy");
    assert_eq!(
        of(vec![waiting("scheduled"), job(4, "approve", "x", "manual")]).state(),
        "waiting for manual job approve"
    );
    let optional = with(waiting("waiting_for_resource"), "allow_failure", true);
    assert_eq!(of(vec![optional]).state(), "waiting for its turn: deploy");
    let korean =
        send(&UNKNOWN, with_jobs(vec![waiting("waiting_for_resource")]), &[ALWAYS, ("NOTIFIER_LANGUAGE", "ko")]);
    assert!(korean.body["text"].as_str().unwrap().contains("deploy 순서 대기 중"), "{}", korean.body["text"]);
}

/// Case S10: a link of ours leads to this GitLab alone, whatever an answer or a variable says.
#[test]
fn no_other_server_is_linked_as_gitlab() {
    let evil = "https://evil.example/commerce/shop-api/-/jobs/1";
    for address in
        [evil, "https://gitlab.corp.example.evil.example/x", "https://u:p@gitlab.corp.example/x", "javascript:alert(1)"]
    {
        let job = with(failed(1, "compile", "build", "script_failure"), "web_url", address);
        let sent = send(&FAILED, with_jobs(vec![job]), &[]);
        let expected = format!("{GITLAB}/commerce/shop-api/-/pipelines/90817/failures");
        assert_eq!(sent.links()[0], ("compile: script failed".to_owned(), expected), "{address}");
        let trigger = with(
            failed(9, "trigger-docs", "docs", "unknown_failure"),
            "downstream_pipeline",
            json!({"id": 901, "status": "failed", "web_url": address}),
        );
        let mut of = GitLab::new();
        of.trigger_jobs.push(trigger);
        let sent = send(&FAILED, of, &[]);
        assert!(sent.links().iter().all(|(_, url)| url.starts_with(GITLAB)), "{:?}", sent.links());
    }
    for variable in ["CI_PIPELINE_URL", "CI_JOB_URL", "CI_PROJECT_URL"] {
        let sent = send(&["deploy-finished"], GitLab::new(), &[(variable, evil), ("CI_JOB_STATUS", "failed")]);
        assert!(!sent.body.to_string().contains("evil.example"), "{variable}: {}", sent.body);
        // A server that is none has no links.
        for server in ["", "https://gitlab..example", "nonsense"] {
            let settings = [(variable, evil), ("CI_JOB_STATUS", "failed"), ("CI_SERVER_URL", server)];
            let sent = send(&["deploy-finished"], GitLab::new(), &settings);
            assert!(!sent.body.to_string().contains("evil.example"), "{variable} {server}: {}", sent.body);
        }
    }
}

/// Case R21: `main` of a fork is not `main`.
#[test]
fn a_forks_branch_is_not_ours() {
    let of = |settings: &[(&str, &str)]| {
        let request = [
            ("CI_COMMIT_BRANCH", ""),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_ENVIRONMENT_NAME", ""),
            ("CI_MERGE_REQUEST_IID", "318"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "1042"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2000"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "main"),
        ];
        send(&FAILED, with_jobs(vec![failed(1, "unit", "test", "script_failure")]), &[&request[..], settings].concat())
    };
    let sent = of(&[]);
    assert!(
        sent.body["text"].as_str().unwrap().starts_with("❌ [shop-api] !318: test failed"),
        "{}",
        sent.body["text"]
    );
    for branches in ["main", "main,release/*", "ma*"] {
        let last = of(&[("NOTIFIER_BRANCHES", branches)]).ended.last_line().to_owned();
        assert_eq!(last, "notify: skipped reason=branch_not_selected", "{branches}");
    }
    // A branch of the project itself keeps its name.
    let own =
        of(&[("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1042"), ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix/cart")]);
    assert!(
        own.body["text"].as_str().unwrap().starts_with("❌ [shop-api] fix/cart: test failed"),
        "{}",
        own.body["text"]
    );
}

#[test]
fn without_a_history_a_change_is_a_failure_and_a_warning() {
    let mut of = with_jobs(vec![failed(1, "compile", "build", "script_failure")]);
    of.takes_job_tokens.retain(|route| *route != "pipelines");
    let sent = send(&FAILED, of, &[("NOTIFIER_FINISH", "change")]);
    assert_eq!(sent.state(), "build failed (compile)");
    assert!(
        sent.ended.stderr.contains("the result of the previous pipeline is unknown: GitLab answered 404"),
        "{}",
        sent.ended.stderr
    );
}

/// A deployment whose hook could not run is reported with the facts known from outside, above all its environment.
#[test]
fn a_timed_out_deployment_is_reported_as_one() {
    let mut of = with_jobs(vec![failed(7, "deploy-eu", "deploy", "job_execution_timeout")]);
    of.deployments.push(deployment(400, "staging", "failed", OURS, (90_817, 7)));
    let settings = [
        ("NOTIFIER_DEPLOY_JOBS", "deploy-*"),
        ("NOTIFIER_GRAFANA_URL", "https://grafana.example"),
        ("NOTIFIER_MENTION", "here"),
        ("NOTIFIER_FINISH", "change"),
        ("CI_ENVIRONMENT_NAME", ""),
        ("CI_ENVIRONMENT_SLUG", ""),
    ];
    let sent = send(&FAILED, of, &settings);
    let text = sent.body["text"].as_str().unwrap();
    assert!(text.starts_with("❌ [shop-api] staging: deploy failed (deploy-eu), by "), "{text}");
    assert_eq!(sent.labels(), ["deploy-eu: timed out", "Runtime logs", "Pipeline #90817"]);
    assert!(sent.links()[1].1.contains("staging"), "{:?}", sent.links());
    assert!(sent.body.to_string().contains(r#""range":"here""#));
    assert!(!sent.ended.stderr.contains("warning"), "{}", sent.ended.stderr);
}

const DEPLOYED: [&str; 1] = ["deploy-finished"];

/// Case A10: the "changes" of a deployment are those since the last successful one of its environment.
#[test]
fn changes_are_those_since_the_last_deployment() {
    let with_deployments = |deployments: Vec<Value>| {
        let mut of = GitLab::new();
        of.jobs[0] = job(THIS, "review", "review", "running");
        of.deployments = deployments;
        send(&DEPLOYED, of, &[])
    };
    let ours = || deployment(400, "review/main", "running", OURS, (90_817, THIS));
    let before =
        |id: u64, status: &str, sha: &str, pipeline: u64| deployment(id, "review/main", status, sha, (pipeline, id));
    let changes = |sent: &Sent| sent.links().into_iter().find(|(label, _)| label == "Changes").map(|(_, url)| url);

    let sent =
        with_deployments(vec![ours(), before(390, "success", OTHER, 90_700), before(380, "success", "aaaa", 90_600)]);
    assert_eq!(sent.state(), "deploy succeeded");
    assert!(changes(&sent).unwrap().ends_with(&format!("/-/compare/{OTHER}...{OURS}")));
    // Failed deployments, other environments and newer deployments do not count.
    let sent = with_deployments(vec![
        ours(),
        before(401, "success", "bbbb", 90_818),
        before(395, "failed", "cccc", 90_800),
        deployment(394, "staging", "success", "dddd", (90_801, 394)),
        before(390, "success", OTHER, 90_700),
    ]);
    assert!(changes(&sent).unwrap().ends_with(&format!("/-/compare/{OTHER}...{OURS}")));
    // The message of the first deployment says so.
    let sent = with_deployments(vec![ours(), before(390, "failed", OTHER, 90_700)]);
    assert_eq!(changes(&sent), None);
    assert!(sent.body.to_string().contains("First deployment"), "{}", sent.body);
    // The same commit again, and an older one after a newer one.
    let sent = with_deployments(vec![ours(), before(390, "success", OURS, 90_700)]);
    assert_eq!((sent.state().as_str(), changes(&sent)), ("deployed again", None));
    let sent = with_deployments(vec![ours(), before(390, "success", OTHER, 90_900)]);
    assert_eq!((sent.state().as_str(), changes(&sent)), ("rolled back to 1a2b3c4d", None));
    // A canary of this pipeline is the same deployment.
    let mut canary = before(395, "success", OURS, 90_817);
    canary["deployable"]["name"] = "canary".into();
    let sent = with_deployments(vec![ours(), canary, before(390, "success", OTHER, 90_700)]);
    assert_eq!(sent.state(), "deploy succeeded");
    assert!(changes(&sent).unwrap().contains(OTHER));
    // Twenty failed deployments hide no successful one.
    let mut many: Vec<Value> = (370..400).map(|id| before(id, "failed", "eeee", 90_700)).collect();
    many.extend([ours(), before(300, "success", OTHER, 90_000)]);
    assert!(changes(&with_deployments(many)).unwrap().contains(OTHER));
    // The link says what it shows if that is unknown.
    let mut of = GitLab::new();
    of.takes_job_tokens.clear();
    assert!(send(&DEPLOYED, of, &[]).labels().contains(&"Changes of this push".to_owned()));
    let mut of = GitLab::new();
    of.takes_job_tokens.clear();
    let of_tag = [("CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000")];
    assert_eq!(send(&DEPLOYED, of, &of_tag).labels(), ["Open site", "Pipeline #90817"]);
}

#[test]
fn commits_are_listed_if_a_token_may_compare() {
    let commit = |number: u64, message: &str| json!({"id": format!("{number}"), "title": format!("Change *{number}* <!here>"), "author_name": "Kim & Co", "message": message});
    let mut commits: Vec<Value> = (1..=6).map(|number| commit(number, "x")).collect();
    commits.push(commit(7, "Merge branch 'x'\n\nSee merge request commerce/shop-api!318"));
    let of = || {
        let mut of = GitLab::new();
        of.jobs[0] = job(THIS, "review", "review", "running");
        of.deployments.push(deployment(390, "review/main", "success", OTHER, (90_700, 390)));
        of.comparison = json!({"commit": commits[6], "commits": commits, "diffs": [{"diff": "x".repeat(3 << 20)}]});
        of
    };
    let access = ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token");
    let sent = send(&DEPLOYED, of(), &[access]);
    let details = sent.body["attachments"].to_string();
    for part in
        ["7 commits since the last deployment", "• Change ∗1∗ &lt;!here&gt; (Kim &amp; Co)", "and 2 more", "|!318>"]
    {
        assert!(details.contains(part), "{part}: {details}");
    }
    slack_limits::check(&sent.body).unwrap();
    for settings in [&[][..], &[access, ("NOTIFIER_COMPARE", "off")], &[access, ("NOTIFIER_COMPARE", "false")]] {
        let sent = send(&DEPLOYED, of(), settings);
        assert!(
            !sent.body.to_string().contains("7 commits") && sent.labels().contains(&"Changes".to_owned()),
            "{settings:?}"
        );
    }
}

/// Case B4: the message counts the earlier attempts of its job.
#[test]
fn a_later_attempt_says_so() {
    let attempts = |number: u64| {
        let mut of = GitLab::new();
        of.jobs[0] = job(THIS, "review", "review", "running");
        of.jobs.extend((1..number).map(|id| with(failed(id, "review", "review", "script_failure"), "retried", true)));
        of.jobs.push(failed(900, "other", "review", "script_failure"));
        of
    };
    assert_eq!(send(&["deploy-started"], attempts(1), &[]).state(), "deploy started");
    assert_eq!(send(&["deploy-started"], attempts(2), &[]).state(), "deploy started (2nd attempt)");
    assert_eq!(send(&DEPLOYED, attempts(3), &[]).state(), "deploy succeeded (3rd attempt)");
    // The first hook asks GitLab; the second reads the job state.
    let directory = crate::support::scratch::scratch();
    let (server, _) = gitlab(attempts(2));
    let settings = [("TMPDIR", directory.to_str().unwrap()), ("CI_ENVIRONMENT_NAME", "")];
    send_on(&server, &["deploy-started"], &settings);
    assert_eq!(send_on(&server, &DEPLOYED, &settings).state(), "deploy succeeded (2nd attempt)");
    assert_eq!(server.requests().len(), 1);
}
