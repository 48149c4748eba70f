//! Delivery to a loopback Slack that answers well, badly, slowly or not at all. The tests check the requests, their number and
//! the output, and that `send` ends with 0 in time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::ended::Ended;
use crate::support::harness::{Notifier, WEBHOOK_PATH, binary, in_time, shared_directory};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;

const JOB: &str = "gitlab-18-deploy-on-main";

fn notifier(slack: &Server, event: &str) -> Notifier {
    Notifier::new(&["send", event]).job(JOB).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
}

fn send_to(slack: &Server) -> Ended {
    notifier(slack, "deploy-finished").with("NOTIFIER_TIMEOUT", "3").run()
}

#[test]
fn the_render_output_is_posted_once() {
    let slack = Server::start([Reply::ok()]);
    let sent = send_to(&slack);
    assert_eq!((sent.status, sent.last_line()), (0, "notify: sent"), "{}", sent.stderr);
    assert_eq!(sent.stdout, "");
    assert!(
        sent.stderr.starts_with("message: [shop-api] prod: deploy succeeded, by Kim Minsu (main 1a2b3c4d)"),
        "{}",
        sent.stderr
    );
    let request = slack.only_request();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", WEBHOOK_PATH));
    assert_eq!(request.header("content-type"), Some("application/json; charset=utf-8"));
    let rendered = Notifier::new(&["render", "deploy-finished"]).job(JOB).run();
    let without_duration = |body: &str| body.split("Deploy took").next().map(str::to_owned);
    assert_eq!(without_duration(&rendered.stdout), without_duration(&request.body));
    slack_limits::check(&request.json()).unwrap();
}

#[test]
fn an_error_is_reported_with_its_next_step_and_not_tried_again() {
    for (status, word, hint) in [
        (403, "action_prohibited", "an administrator"),
        (403, "invalid_token", "Make a new one"),
        (404, "channel_not_found", "make a new webhook"),
        (404, "no_service", "Make a new one"),
        (410, "channel_is_archived", "unarchive it"),
        (400, "user_not_found", "make a new webhook"),
    ] {
        let slack = Server::start([Reply::status(status, word)]);
        let sent = send_to(&slack);
        sent.failed_with(&format!("notify: failed reason={word}"), hint);
        slack.only_request();
    }
}

#[test]
fn a_body_that_slack_refuses_is_sent_as_its_text() {
    for word in ["invalid_payload", "invalid_blocks", "invalid_attachments"] {
        let slack = Server::start([Reply::status(400, word), Reply::ok()]);
        let sent = send_to(&slack);
        assert_eq!((sent.status, sent.last_line()), (0, "notify: sent"), "{}", sent.stderr);
        assert!(sent.stderr.contains(word), "{}", sent.stderr);
        let requests = slack.requests();
        assert_eq!(requests.len(), 2);
        let (whole, sent) = (requests[0].json(), requests[1].json());
        assert!(sent.get("blocks").is_none() && sent.get("attachments").is_none(), "{sent}");
        // The text gets what the blocks had: the first link.
        let text = sent["text"].as_str().unwrap();
        assert!(text.starts_with(whole["text"].as_str().unwrap()), "{text}");
        assert!(text.contains("<https://"), "{text}");
    }
    let stubborn = Server::start([Reply::status(400, "invalid_payload")]);
    send_to(&stubborn).failed_with("notify: failed reason=invalid_payload", "Slack refused the message itself");
    assert_eq!(stubborn.requests().len(), 2);
}

#[test]
fn a_rate_limit_is_waited_for_if_it_is_short() {
    let limit = |header| Reply::Answer(429, header, r#"{"retry_after":1,"ok":false,"error":"rate_limited"}"#.into());
    let slack = Server::start([limit("Retry-After: 1\r\n"), Reply::ok()]);
    let sent = send_to(&slack);
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    assert!(sent.took >= Duration::from_secs(1), "{:?}", sent.took);
    assert_eq!(slack.requests().len(), 2);
    for header in ["Retry-After: 3600\r\n", "Retry-After: -1\r\n", "Retry-After: soon\r\n", ""] {
        let slack = Server::start([limit(header)]);
        send_to(&slack).failed_with("notify: failed reason=rate_limited", "limits the rate");
        slack.only_request();
    }
}

#[test]
fn a_server_error_is_tried_twice() {
    let recovering = Server::start([Reply::status(500, "rollup_error"), Reply::ok()]);
    assert_eq!(send_to(&recovering).last_line(), "notify: sent");
    assert_eq!(recovering.requests().len(), 2);
    let down = Server::start([Reply::status(503, "<html>unavailable</html>")]);
    send_to(&down).failed_with("notify: failed reason=http_503", "Slack answered 503, a server error; see");
    assert_eq!(down.requests().len(), 2);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::start([Reply::ok()]);
    for status in [301, 302, 303, 307, 308] {
        let location: &'static str = format!("Location: {}\r\n", elsewhere.url("/")).leak();
        let slack = Server::start([Reply::Answer(status, location, String::new())]);
        send_to(&slack).failed_with("notify: failed reason=redirect", "redirect");
        slack.only_request();
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_page_in_place_of_slack_is_no_success() {
    let slack = Server::start([Reply::status(200, "<html>Sign in to the proxy</html>")]);
    send_to(&slack).failed_with("notify: failed reason=bad_reply", "not `ok`");
    slack.only_request();
}

/// The time limits are promises to the job, so the clock is part of the behaviour. The margin is the promised one.
#[test]
fn a_dead_slack_takes_no_more_than_the_timeout() {
    for (reply, last_line) in [
        (Reply::Hang, "notify: failed reason=timeout"),
        (Reply::SlowHeaders, "notify: failed reason=timeout"),
        (Reply::Drop, "notify: failed reason=protocol"),
        (Reply::Garbage, "notify: failed reason=protocol"),
        (Reply::Flood, "notify: failed reason=bad_reply"),
    ] {
        let sent = in_time(Duration::from_secs(2), || {
            let slack = Server::start([reply.clone()]);
            let sent = notifier(&slack, "deploy-started").with("NOTIFIER_TIMEOUT", "1.5").run();
            slack.only_request();
            sent
        });
        sent.failed_with(last_line, "");
    }
}

#[test]
fn a_connect_error_is_reported() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let url = format!("http://{closed}{WEBHOOK_PATH}");
    let sent = Notifier::new(&["send", "deploy-started"]).job(JOB).with("SLACK_WEBHOOK_URL", url).run();
    sent.failed_with(
        "notify: failed reason=connect",
        &format!("the message was not delivered: the connection to {closed} was refused"),
    );
}

#[test]
fn an_unresolved_host_is_reported() {
    let url = format!("https://slack.invalid{WEBHOOK_PATH}");
    let sent = Notifier::new(&["send", "deploy-started", "--allow-hosts", "slack.invalid"])
        .job(JOB)
        .with("SLACK_WEBHOOK_URL", url)
        .run();
    sent.failed_with("notify: failed reason=dns", "the host name slack.invalid could not be resolved");
}

#[test]
fn without_a_webhook_the_job_goes_on_with_a_clear_warning() {
    for (value, last_line, warning) in [
        (None, "notify: skipped reason=no_webhook", "not set or empty"),
        (Some(""), "notify: skipped reason=no_webhook", "its environment scope"),
        (Some("$SLACK_WEBHOOK_URL"), "notify: skipped reason=bad_webhook", "did not expand"),
        (Some("not a url"), "notify: skipped reason=bad_webhook", "is not a URL"),
        (Some("/nonexistent/SLACK_WEBHOOK_URL"), "notify: skipped reason=bad_webhook", "File-type variable"),
        (
            Some("http://hooks.slack.com/services/T0SECRET01/B0SECRET02/x"),
            "notify: failed reason=not_https",
            "not an https URL",
        ),
        (
            Some("https://hooks.slack.com/triggers/T0SECRET01/1/x"),
            "notify: failed reason=workflow_webhook",
            "Workflow Builder",
        ),
        (
            Some("https://hooks.slack.com/workflows/T0SECRET01/A/1/x"),
            "notify: failed reason=workflow_webhook",
            "Workflow Builder",
        ),
        (
            Some("https://evil.example/services/T0SECRET01/B0SECRET02/x"),
            "notify: failed reason=host_not_allowed",
            "NOTIFIER_ALLOW_HOSTS",
        ),
    ] {
        let notifier = Notifier::new(&["send", "deploy-started"]).job(JOB);
        let notifier = match value {
            Some(value) => notifier.with("SLACK_WEBHOOK_URL", value),
            None => notifier,
        };
        notifier.run().failed_with(last_line, warning);
    }
    let review = Notifier::new(&["send", "deploy-started"]).job("gitlab-17-merge-request").run();
    review.failed_with("notify: skipped reason=no_webhook", "it is probably protected and this ref is not");
}

#[test]
fn a_file_type_variable_is_read() {
    let slack = Server::start([Reply::ok()]);
    let file = scratch().join("SLACK_WEBHOOK_URL");
    std::fs::write(&file, format!("{}\n", slack.url(WEBHOOK_PATH))).unwrap();
    let sent =
        Notifier::new(&["send", "deploy-started"]).job(JOB).with("SLACK_WEBHOOK_URL", file.to_str().unwrap()).run();
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    slack.only_request();
}

#[test]
fn the_webhook_may_be_in_another_variable() {
    let slack = Server::start([Reply::ok()]);
    let sent = Notifier::new(&["send", "deploy-started"])
        .job(JOB)
        .with("TEAM_HOOK", slack.url(WEBHOOK_PATH))
        .with("NOTIFIER_WEBHOOK_VARIABLE", "TEAM_HOOK")
        .run();
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
}

#[test]
fn strict_fails_the_job_only_if_something_was_not_delivered() {
    let status = |slack: &Server, settings: &[(&str, &str)]| {
        let notifier = Notifier::new(&["send", "deploy-started", "--strict"])
            .job(JOB)
            .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH));
        settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value)).run().status
    };
    assert_eq!(status(&Server::start([Reply::ok()]), &[]), 0);
    assert_eq!(status(&Server::start([Reply::status(404, "no_service")]), &[]), 1);
    assert_eq!(status(&Server::start([Reply::Hang]), &[("NOTIFIER_TIMEOUT", "0.3")]), 1);
    assert_eq!(status(&Server::start([Reply::ok()]), &[("NOTIFIER_EVENTS", "deploy-failed")]), 0);
    assert_eq!(status(&Server::start([Reply::ok()]), &[("SLACK_WEBHOOK_URL", "")]), 1);
}

#[test]
fn unselected_messages_are_not_sent() {
    let slack = Server::start([Reply::ok()]);
    let sent = notifier(&slack, "deploy-started").with("NOTIFIER_EVENTS", "deploy-finished").run();
    assert_eq!((sent.status, sent.last_line()), (0, "notify: skipped reason=event_not_selected"), "{}", sent.stderr);
    let sent = notifier(&slack, "deploy-started").with("NOTIFIER_BRANCHES", "development").run();
    assert_eq!(sent.last_line(), "notify: skipped reason=branch_not_selected", "{}", sent.stderr);
    assert!(slack.requests().is_empty());
}

/// Asks a loopback GitLab for the failed jobs and returns the message's links.
fn build_failed(gitlab: &Server, variables: &[(&str, &str)]) -> (Ended, Vec<(String, String)>) {
    let slack = Server::start([Reply::ok()]);
    let notifier = Notifier::new(&["send", "pipeline-finished", "--result", "failed"])
        .job(JOB)
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .asks(gitlab);
    let sent = variables.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value)).run();
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    let body = slack.only_request().json();
    let links = slack_limits::elements(&body).filter(|element| element["type"] == "link");
    let links = links
        .map(|link| (link["text"].as_str().unwrap().to_owned(), link["url"].as_str().unwrap().to_owned()))
        .collect();
    (sent, links)
}

/// The job's own token comes first. If it has no access, another token follows, of GitLab's type Variable or File.
#[test]
fn gitlab_is_asked_with_the_tokens_that_there_are() {
    let this = r#"{"id":711002,"name":"notify-finish","stage":".post","status":"running"}"#;
    let gitlab = Server::start([Reply::status(200, &format!("[{this}]"))]);
    build_failed(&gitlab, &[("NOTIFIER_GITLAB_TOKEN", "")]);
    assert!(gitlab.requests().iter().all(|it| it.header("JOB-TOKEN") == Some("glcbt-64_not-a-real-job-token")));
    assert!(gitlab.requests().iter().all(|it| it.header("PRIVATE-TOKEN").is_none()));

    let file = scratch().join("token");
    std::fs::write(&file, "\u{FEFF}glpat-not-a-real-access-token\r\n").unwrap();
    for token in ["glpat-not-a-real-access-token", file.to_str().unwrap()] {
        let gitlab = Server::start([Reply::status(403, "{}")]);
        build_failed(&gitlab, &[("NOTIFIER_GITLAB_TOKEN", token)]);
        let tokens: Vec<_> = gitlab.requests().iter().map(|it| it.header("PRIVATE-TOKEN").map(str::to_owned)).collect();
        assert_eq!(tokens[..2], [None, Some("glpat-not-a-real-access-token".to_owned())]);
    }
}

#[test]
fn the_failures_page_replaces_a_gitlab_without_an_answer() {
    for reply in [
        Reply::status(401, r#"{"message":"401 Unauthorized"}"#),
        Reply::status(403, r#"{"message":"403 Forbidden"}"#),
        Reply::status(404, r#"{"message":"404 Not found"}"#),
        Reply::status(200, "<html><title>Sign in</title></html>"),
        Reply::Answer(302, "Location: /users/sign_in\r\n", String::new()),
        Reply::status(500, ""),
        Reply::Drop,
        Reply::Hang,
        Reply::Flood,
    ] {
        let sent = in_time(Duration::from_millis(2500), || {
            let gitlab = Server::start([reply.clone()]);
            let (sent, links) = build_failed(&gitlab, &[("NOTIFIER_TIMEOUT", "2")]);
            let failures = gitlab.url("/commerce/shop-api/-/pipelines/90817/failures");
            assert_eq!(links[0], ("Failed job".into(), failures));
            sent
        });
        assert!(sent.stderr.contains("warning: GitLab's list of failed jobs is unknown: "), "{}", sent.stderr);
    }
}

#[test]
fn a_token_goes_to_the_gitlab_of_the_job_only() {
    let (gitlab, evil) = (Server::start([Reply::status(200, "[]")]), Server::start([Reply::status(200, "[]")]));
    let (sent, _) = build_failed(&gitlab, &[("CI_API_V4_URL", &evil.url("/api/v4"))]);
    assert!(sent.stderr.contains("does not point at the GitLab of CI_SERVER_URL"), "{}", sent.stderr);
    assert!(evil.requests().is_empty() && gitlab.requests().is_empty());
}

/// Mattermost, Rocket.Chat and Zulip take Slack's messages, answer in their own way and show little but the text
/// (<https://developers.mattermost.com/integrate/webhooks/incoming/>, <https://docs.rocket.chat/docs/integrations>,
/// <https://zulip.com/integrations/doc/slack_incoming>).
#[test]
fn a_server_that_is_no_slack_gets_a_text_that_says_it_all() {
    for (body, arrives) in [
        ("ok", true),
        (r#"{"success":true}"#, true),
        (r#"{"result":"success","msg":""}"#, true),
        ("", true),
        (r#"{"success":false,"error":"Invalid integration id"}"#, false),
        ("<!doctype html><title>Sign in</title>", false),
    ] {
        let server = Server::start([Reply::status(200, body)]);
        let sent = notifier(&server, "deploy-finished")
            .with("CI_JOB_STATUS", "failed")
            .with("NOTIFIER_ALLOW_HOSTS", "127.0.0.1")
            .with("NOTIFIER_MENTION", "@here")
            .run();
        assert_eq!(sent.last_line() == "notify: sent", arrives, "{body}: {}", sent.stderr);
        let text = server.only_request().json()["text"].as_str().unwrap().to_owned();
        assert!(text.contains("/-/jobs/711002|") && text.ends_with(" <!here>"), "{text}");
    }
    // Slack itself must give its exact answer, and its text repeats nothing.
    let server = Server::start([Reply::status(200, r#"{"success":true}"#)]);
    let sent =
        notifier(&server, "deploy-finished").with("CI_JOB_STATUS", "failed").with("NOTIFIER_MENTION", "@here").run();
    assert_eq!(sent.last_line(), "notify: failed reason=bad_reply", "{}", sent.stderr);
    assert!(!server.requests()[0].json()["text"].as_str().unwrap().contains('<'));
}

/// The two shells of a deploy job share the job state beside the checkout, and nothing in it.
#[test]
fn a_deployment_takes_from_its_start_to_its_end() {
    let (slack, folder) = (Server::start([Reply::ok()]), scratch());
    let (checkout, beside) = (folder.join("shop"), folder.join("shop.tmp"));
    std::fs::create_dir(&checkout).unwrap();
    std::fs::create_dir(&beside).unwrap();
    let job = |event| notifier(&slack, event).with("CI_PROJECT_DIR", checkout.to_str().unwrap());
    job("deploy-started").run();
    let state = beside.join(shared_directory()).join("deploy-started");
    let started: i64 = std::fs::read_to_string(&state).unwrap().parse().unwrap();
    std::fs::write(&state, (started - 134).to_string()).unwrap();
    job("deploy-finished").run();
    let finished = &slack.requests()[1].body;
    assert!(finished.contains("Deploy took  2m 1"), "{finished}");
    assert_eq!(std::fs::read_dir(&checkout).unwrap().chain(std::fs::read_dir(&beside).unwrap()).count(), 0);
}

/// A start that Slack did not take costs the end nothing: the end is posted first, and only the end.
#[test]
fn each_call_posts_only_its_own_message() {
    let slack = Server::start([Reply::Hang, Reply::ok()]);
    let call = |event| notifier(&slack, event).with("NOTIFIER_TIMEOUT", "1").run();
    assert_eq!(call("deploy-started").last_line(), "notify: failed reason=timeout");
    assert_eq!(call("deploy-finished").last_line(), "notify: sent");
    let requests = slack.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].body.contains("deploy succeeded"), "{}", requests[1].body);
}

#[test]
fn a_call_that_is_stopped_ends_at_once() {
    for (reply, signal) in [(Reply::Hang, "TERM"), (Reply::SlowHeaders, "INT")] {
        let hung = Server::start([reply]);
        let mut child = Command::new(binary())
            .args(["send", "deploy-started"])
            .env_clear()
            .env("CI_PROJECT_NAME", "shop-api")
            .env("SLACK_WEBHOOK_URL", hung.url(WEBHOOK_PATH))
            .env("NOTIFIER_TIMEOUT", "60")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while hung.requests().is_empty() {
            std::thread::yield_now();
        }
        let reported = Instant::now();
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(reported.elapsed() < Duration::from_secs(30), "it waited for Slack: {:?}", reported.elapsed());
        assert_eq!(status.code(), Some(0));
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut child.stderr.unwrap(), &mut stderr).unwrap();
        assert!(stderr.contains("warning: the job received a signal to stop; a message may or may not"), "{stderr}");
        assert!(stderr.ends_with("notify: failed reason=terminated\n"), "{stderr}");
    }
}

/// A pipe that nobody reads takes 64 KiB and then blocks its writer.
#[test]
fn a_call_ends_in_time_if_nobody_reads_its_lines() {
    let hung = Server::start([Reply::Hang]);
    let url = hung.url(WEBHOOK_PATH);
    let ended = in_time(Duration::from_secs(3), || {
        let begun = Instant::now();
        let filled = "mkfifo pipe; exec 3<>pipe; head -c 65536 /dev/zero >&3; exec \"$0\" send deploy-started 2>&3";
        let status = Command::new("sh")
            .args(["-c", filled])
            .arg(binary())
            .current_dir(scratch())
            .env("SLACK_WEBHOOK_URL", &url)
            .env("NOTIFIER_TIMEOUT", "1")
            .status()
            .unwrap();
        Ended { status: status.code().unwrap(), stdout: String::new(), stderr: String::new(), took: begun.elapsed() }
    });
    assert_eq!(ended.status, 0);
}

/// Nothing is written through a link of the checkout.
#[test]
fn annotations_are_written_through_no_link() {
    use std::os::unix::fs::symlink;
    let (slack, folder) = (Server::start([Reply::ok()]), scratch());
    std::fs::write(folder.join("deploy.sh"), "make deploy").unwrap();
    std::fs::create_dir(folder.join("elsewhere")).unwrap();
    symlink("deploy.sh", folder.join("annotations.json")).unwrap();
    symlink("elsewhere", folder.join("linked")).unwrap();
    let write_to = |path: &str| {
        let path = folder.join(path);
        let call = Notifier::new(&["send", "deploy-started", "--annotations", path.to_str().unwrap()]).job(JOB);
        call.with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run()
    };
    assert!(!write_to("annotations.json").stderr.contains("warning"));
    assert_eq!(std::fs::read_to_string(folder.join("deploy.sh")).unwrap(), "make deploy");
    assert!(std::fs::read_to_string(folder.join("annotations.json")).unwrap().contains("external_link"));
    assert!(write_to("linked/annotations.json").stderr.contains("linked/annotations.json: its folder is a link"));
    assert_eq!(std::fs::read_dir(folder.join("elsewhere")).unwrap().count(), 0);
    // A path that is neither file nor link stays, as a device would.
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    assert!(write_to("socket").stderr.contains("/socket: it is no regular file; the job's page gets no links"));
    assert!(!std::fs::metadata(folder.join("socket")).unwrap().is_file());
}

#[test]
fn a_missing_webhook_asks_nothing_of_the_network() {
    let gitlab = Server::start([Reply::status(200, "[]")]);
    let sent = Notifier::new(&["send", "pipeline-finished", "--result", "failed"]).job(JOB).asks(&gitlab).run();
    sent.failed_with("notify: skipped reason=no_webhook", "SLACK_WEBHOOK_URL");
    assert!(gitlab.requests().is_empty());
}
