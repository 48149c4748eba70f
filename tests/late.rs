//! What could not be delivered is kept without a secret, told late by the next call that can, in order and once; what cannot
//! be kept is told in the log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Ended, Notifier, WEBHOOK_PATH, binary, scratch};
use crate::loopback::{Reply, Server};
use crate::workspace::{DEPLOYS, TOKEN, Workspace, slack};

const JOB: &str = "gitlab-18-deploy-on-main";

fn call(event: &str, webhook: &str, directory: &Path) -> Notifier {
    Notifier::new(&["send", event])
        .job(JOB)
        .without("CI_API_V4_URL")
        .with("NOTIFIER_TIMEOUT", "2")
        .with("CI_PROJECT_DIR", directory.to_str().unwrap())
        .with("SLACK_WEBHOOK_URL", webhook)
}

fn send(event: &str, slack: &Server, directory: &Path) -> Ended {
    call(event, &slack.url(WEBHOOK_PATH), directory).run()
}

/// The messages that wait.
fn waiting(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join(".pipeline-notifier/undelivered")).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn texts(slack: &Server) -> Vec<String> {
    slack.requests().iter().map(|it| it.json()["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_could_not_be_delivered_is_told_by_the_next_call_in_order_and_once() {
    let directory = scratch();
    let down = Server::start([Reply::status(503, "")]);
    for event in ["pipeline-started", "deploy-started"] {
        let failed = send(event, &down, &directory);
        assert_eq!(failed.last_line(), "notify: failed reason=http_503", "{}", failed.stderr);
    }
    // The second did not even try to overtake the first.
    assert_eq!(texts(&down).iter().filter(|text| text.contains("deploy started")).count(), 0);
    assert_eq!(waiting(&directory).len(), 2);
    for path in waiting(&directory) {
        let kept = fs::read_to_string(path).unwrap();
        for secret in ["T0SECRET01", "s3cr3ts3cr3t", "glcbt-64_not-a-real-job-token", "glpat-"] {
            assert!(!kept.contains(secret), "{secret} in {kept}");
        }
    }
    let up = Server::start([Reply::ok()]);
    let sent = send("deploy-finished", &up, &directory);
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    assert!(sent.stderr.contains("late: [shop-api] prod: pipeline started (late)"), "{}", sent.stderr);
    let told = texts(&up);
    assert_eq!(told.len(), 3, "{told:?}");
    for (text, expected) in told.iter().zip(["pipeline started (late)", "deploy started (late)", "deploy succeeded,"]) {
        assert!(text.contains(expected), "{told:?}");
    }
    // With the time of the event, in each reader's zone.
    assert!(up.requests()[0].body.contains("At  <!date^"), "{}", up.requests()[0].body);
    assert!(waiting(&directory).is_empty());
    send("deploy-finished", &up, &directory);
    assert_eq!(texts(&up).len(), 4);
}

#[test]
fn what_may_have_arrived_says_so_when_it_is_told_again() {
    let directory = scratch();
    send("deploy-started", &Server::start([Reply::Hang]), &directory);
    assert!(waiting(&directory)[0].extension().is_some_and(|it| it == "again"), "{:?}", waiting(&directory));
    let up = Server::start([Reply::ok()]);
    send("deploy-finished", &up, &directory);
    assert!(texts(&up)[0].contains("deploy started (late, perhaps told before)"), "{:?}", texts(&up));
}

#[test]
fn what_was_sent_twice_without_an_answer_is_not_tried_again() {
    let directory = scratch();
    let breaks_off = Server::start([Reply::Drop]);
    send("pipeline-started", &breaks_off, &directory);
    let again = send("deploy-started", &breaks_off, &directory);
    assert!(again.stderr.contains("a message was sent twice without an answer"), "{}", again.stderr);
    let up = Server::start([Reply::ok()]);
    send("deploy-finished", &up, &directory);
    let told = texts(&up);
    assert!(told.len() == 2 && told[0].contains("deploy started (late)"), "{told:?}");
}

#[test]
fn a_body_that_slack_refuses_for_good_waits_for_nobody() {
    let directory = scratch();
    send("deploy-started", &Server::start([Reply::status(400, "invalid_payload")]), &directory);
    assert!(waiting(&directory).is_empty());
}

#[test]
fn without_a_place_to_send_to_nothing_is_kept() {
    let directory = scratch();
    let skipped = call("deploy-started", "", &directory).run();
    assert_eq!(skipped.last_line(), "notify: skipped reason=no_webhook");
    assert!(waiting(&directory).is_empty());
}

#[test]
fn calls_at_the_same_time_tell_what_waits_once() {
    let directory = scratch();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for number in 0..5 {
        let url = format!("http://{closed}{WEBHOOK_PATH}");
        let event = ["pipeline-started", "deploy-started"][number % 2];
        let failed = call(event, &url, &directory).with("CI_JOB_ID", format!("70{number}")).run();
        assert_eq!(failed.last_line(), "notify: failed reason=connect", "{}", failed.stderr);
    }
    let up = Server::start([Reply::ok()]);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(send("deploy-finished", &up, &directory).last_line(), "notify: sent"));
        }
    });
    assert_eq!(texts(&up).iter().filter(|text| text.contains("(late)")).count(), 5);
    assert_eq!(texts(&up).len(), 11);
    assert!(waiting(&directory).is_empty());
}

#[test]
fn what_a_bot_could_not_tell_joins_the_pipelines_message() {
    let mut limited = Workspace::new().without("channels:history");
    limited.limited.insert("chat.postMessage", (1, 3600));
    let (server, workspace) = slack(limited);
    let directory = scratch();
    let bot = |event: &str| {
        call(event, "", &directory)
            .with("SLACK_BOT_TOKEN", TOKEN)
            .with("SLACK_API_URL", server.url("/api"))
            .with("NOTIFIER_CHANNEL", DEPLOYS)
            .run()
    };
    assert_eq!(bot("pipeline-started").last_line(), "notify: failed reason=rate_limited");
    let sent = bot("deploy-finished");
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].text().contains("deploy succeeded"), "{messages:?}");
    assert_eq!(workspace.replies().len(), 1);
}

#[test]
fn the_operators_are_told_late_too() {
    let directory = scratch();
    let main = Server::start([Reply::ok()]);
    let fail = |ops: &Server, status: &str| {
        call("deploy-finished", &main.url(WEBHOOK_PATH), &directory)
            .with("CI_JOB_STATUS", status)
            .with("SLACK_OPS_WEBHOOK_URL", ops.url("/services/T0SECRET01/B0SECRET02/s3cr3ts3cr3topsops"))
            .run()
    };
    let failed = fail(&Server::start([Reply::status(503, "")]), "failed");
    assert_eq!(failed.last_line(), "notify: sent", "{}", failed.stderr);
    assert!(waiting(&directory)[0].extension().is_some_and(|it| it == "operators"), "{:?}", waiting(&directory));
    let ops = Server::start([Reply::ok()]);
    fail(&ops, "success");
    assert!(texts(&ops)[0].contains("deploy failed (late)"), "{:?}", texts(&ops));
    assert_eq!(texts(&main).len(), 2);
}

#[test]
fn a_call_that_is_told_to_stop_ends_at_once_and_keeps_its_message() {
    for (reply, signal) in [(Reply::Hang, "TERM"), (Reply::SlowHeaders, "INT")] {
        let directory = scratch();
        let hung = Server::start([reply]);
        let mut child = Command::new(binary())
            .args(["send", "deploy-started"])
            .env_clear()
            .env("CI_PROJECT_DIR", &directory)
            .env("CI_PROJECT_NAME", "shop-api")
            .env("SLACK_WEBHOOK_URL", hung.url(WEBHOOK_PATH))
            .env("NOTIFIER_TIMEOUT", "60")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while hung.requests().is_empty() {
            thread::yield_now();
        }
        let told = Instant::now();
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
        assert_eq!(status.code(), Some(0));
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut child.stderr.unwrap(), &mut stderr).unwrap();
        assert!(
            stderr.contains("warning: the job was told to stop; a message on its way is kept for later"),
            "{stderr}"
        );
        assert!(stderr.ends_with("notify: failed reason=terminated\n"), "{stderr}");
        let up = Server::start([Reply::ok()]);
        send("deploy-finished", &up, &directory);
        assert!(texts(&up)[0].contains("deploy started (late, perhaps told before)"), "{:?}", texts(&up));
    }
}
