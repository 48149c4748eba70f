//! The command line: the output and the exit status of each command.

use std::fs;

use serde_json::Value;

use crate::support::harness::{Notifier, WEBHOOK_PATH, fixtures};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;

const JOB: &str = "gitlab-18-deploy-on-main";

#[test]
fn render_prints_the_request_body() {
    let rendered = Notifier::new(&["render", "deploy-finished"]).job(JOB).run();
    assert_eq!((rendered.status, rendered.stderr.as_str()), (0, ""));
    let body = rendered.json();
    assert_eq!(body["text"], "✅ [shop-api] prod: deploy succeeded, by Kim Minsu (main 1a2b3c4d)");
    slack_limits::check(&body).unwrap();
}

/// `render` shows what settings leave out, and names the reason.
#[test]
fn render_names_what_send_would_not_post() {
    for (event, setting, reason) in [
        ("deploy-finished", ("NOTIFIER_EVENTS", "!deploy-*"), "event_not_selected"),
        ("pipeline-waiting", ("NOTIFIER_EVENTS", ""), "jobs_unknown"),
        ("digest", ("NOTIFIER_EVENTS", ""), "no_numbers"),
    ] {
        let ended = Notifier::new(&["render", event]).job(JOB).with(setting.0, setting.1).run();
        assert!(ended.json()["text"].is_string(), "{event}");
        let expected = format!("warning: `send` would post nothing: reason={reason}");
        assert!(ended.stderr.contains(&expected), "{event}: {}", ended.stderr);
    }
}

#[test]
fn render_draws_a_message_for_people() {
    let text = Notifier::new(&["render", "deploy-finished", "--format", "text", "--language", "ko"]).job(JOB).run();
    assert!(text.stdout.contains("✅ shop-api · prod · 배포 성공"), "{}", text.stdout);
    assert!(text.stdout.contains("사이트 열기: https://main.shop.example"), "{}", text.stdout);
    let html = Notifier::new(&["render", "deploy-finished", "--format", "html"]).job(JOB).run();
    assert!(html.stdout.starts_with("<!doctype html>"), "{}", html.stdout);
    assert!(
        html.stdout.contains("<a href=\"https://main.shop.example\" rel=\"noreferrer\">Open site</a>"),
        "{}",
        html.stdout
    );
}

/// A saved context with no job around it: a fixture, or a file that somebody sent with a report.
#[test]
fn render_takes_a_context_from_a_file() {
    let case = fixtures().join("messages/deploy-failed-main-korean");
    let context = case.join("context.json");
    let rendered = Notifier::new(&["render", "deploy-finished", "--context", context.to_str().unwrap()]).run();
    assert_eq!((rendered.status, rendered.stderr.as_str()), (0, ""));
    let golden: Value = serde_json::from_slice(&fs::read(case.join("message.json")).unwrap()).unwrap();
    assert_eq!(rendered.json(), golden["message"]);
    let page =
        Notifier::new(&["render", "deploy-finished", "--context", context.to_str().unwrap(), "--format", "html"]).run();
    assert!(page.stdout.contains("lang=\"ko\""), "{}", page.stdout);

    let (list, word) = (scratch().join("list.json"), scratch().join("word.json"));
    let (other, huge) = (scratch().join("other.json"), scratch().join("huge.json"));
    fs::write(&other, r#"{"version":9}"#).unwrap();
    fs::write(&huge, format!(r#"{{"version":1,"ci":{{"X":"{}"}}}}"#, "x".repeat(300 << 10))).unwrap();
    fs::write(&list, "[]").unwrap();
    fs::write(&word, "nonsense").unwrap();
    for (file, expected) in [
        (list.to_str().unwrap(), "it is JSON, but not an object"),
        (word.to_str().unwrap(), "it is not JSON: expected ident at line 1"),
        (other.to_str().unwrap(), "the request has version 9, this module speaks version 1"),
        (huge.to_str().unwrap(), "a module is given at most 262144"),
        ("/nonexistent.json", "No such file"),
        ("/dev/zero", "it is no regular file"),
    ] {
        let ended = Notifier::new(&["render", "deploy-started", "--context", file]).run();
        assert_eq!((ended.status, ended.stdout.as_str()), (1, ""));
        for part in
            [format!("error: reading the context {file}\n").as_str(), expected, "hint: give a regular file with what"]
        {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
    }
}

#[test]
fn the_deployed_site_is_read_from_the_job_directory() {
    let directory = scratch();
    fs::write(directory.join("environment_url.txt"), "http://written.by.auto.devops.example\nmore\n").unwrap();
    let context = Notifier::new(&["context", "deploy-finished"])
        .job(JOB)
        .with("CI_PROJECT_DIR", directory.to_str().unwrap())
        .run();
    assert_eq!(context.json()["history"]["environment_url"], "http://written.by.auto.devops.example");
}

#[test]
fn people_come_from_json_or_a_file() {
    let map = r#"{"minsu.kim":"U0MINSU01"}"#;
    let file = scratch().join("people.json");
    fs::write(&file, map).unwrap();
    for value in [map, file.to_str().unwrap()] {
        let context = Notifier::new(&["context", "deploy-finished", "--user-map", value]).job(JOB).run();
        assert_eq!(context.json()["people"]["minsu.kim"], "U0MINSU01");
    }
    // The value may name any file of the machine, JSON or not. The log must not show its contents.
    let secret = scratch().join("token.json");
    fs::write(&secret, "\"s3cr3ts3cr3t\"").unwrap();
    for wrong in ["/nonexistent", "/etc/passwd", "{", "[]", "\"s3cr3ts3cr3t\"", secret.to_str().unwrap()] {
        let context = Notifier::new(&["context", "deploy-finished", "--user-map", wrong]).job(JOB).run();
        assert_eq!(context.json()["people"], serde_json::json!({}));
        assert!(context.stderr.starts_with("warning: NOTIFIER_USER_MAP: "), "{}", context.stderr);
        assert!(!context.stderr.contains("root") && !context.stderr.contains("s3cr3t"), "{}", context.stderr);
    }
}

#[test]
fn an_invalid_setting_is_warned_of_and_its_default_used() {
    let rendered = Notifier::new(&["render", "deploy-finished"])
        .job(JOB)
        .with("NOTIFIER_TIMEOUT", "soon")
        .with("NOTIFIER_LANGUAGE", "klingon")
        .with("NOTIFIER_ENVIRONMENTS", "main")
        .run();
    assert_eq!(rendered.json()["text"], "✅ [shop-api] prod: deploy succeeded, by Kim Minsu (main 1a2b3c4d)");
    for setting in ["NOTIFIER_TIMEOUT", "NOTIFIER_LANGUAGE", "NOTIFIER_ENVIRONMENTS"] {
        assert!(rendered.stderr.contains(&format!("warning: {setting}")), "{}", rendered.stderr);
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    for (arguments, expected) in [
        (vec![], "Usage: pipeline-notifier <COMMAND>"),
        (vec!["render"], "<EVENT>"),
        (vec!["render", "deploy"], "possible values: pipeline-started, pipeline-waiting, deploy-started"),
        (vec!["render", "deploy-started", "--module", "x.wasm"], "--module-sha256 <HEX>"),
        (vec!["render", "deploy-started", "--module", "x.wasm", "--module-sha256", "abc"], "64 hexadecimal digits"),
        (vec!["render", "deploy-started", "--langauge", "ko"], "--language"),
        (vec!["send", "deploy-failed", "--strict"], "call deploy-finished in the deploy job's after_script"),
        (vec!["render", "deploy-rolled-back"], "the outcome comes from CI_JOB_STATUS"),
        (vec!["--strict", "send", "deploy-started"], "unexpected argument '--strict'"),
    ] {
        let ended = Notifier::new(&arguments).run();
        assert_eq!(ended.status, 2, "{arguments:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
}

/// A typing error in a hook fails no deployment.
#[test]
fn send_with_wrong_arguments_fails_no_job() {
    for (arguments, expected) in [
        (vec!["send"], "<EVENT>"),
        (vec!["send", "deployed"], "possible values: pipeline-started, pipeline-waiting, deploy-started"),
        (vec!["send", "deploy-failed"], "call deploy-finished in the deploy job's after_script"),
        (vec!["send", "deploy-succeeded"], "the outcome comes from CI_JOB_STATUS"),
        (vec!["send", "build-failed"], "call pipeline-finished with --result failed or --result success"),
        (vec!["send", "pipeline-succeeded"], "call pipeline-finished with --result failed or --result success"),
        (vec!["send", "deploy-finish"], "a similar value exists: 'deploy-finished'"),
        (vec!["send", "deploy-started", "--module", "x.wasm"], "--module-sha256 <HEX>"),
        (vec!["send", "deploy-started", "--langauge", "ko"], "--language"),
        (vec!["send", "pipeline-finished", "--result", "canceled"], "possible values: failed, success"),
    ] {
        let ended = Notifier::new(&arguments).run();
        ended.failed_with("notify: failed reason=usage", "are invalid (see above); nothing was sent");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(Notifier::new(&["send", "--help"]).run().status, 0);
}

#[test]
fn settings_are_listed_once_and_help_points_to_the_list() {
    for command in ["send", "render", "context", "doctor", "demo"] {
        let help = Notifier::new(&[command, "--help"]).run();
        assert!(help.status == 0 && help.stdout.contains("`pipeline-notifier settings` lists them"), "{command}");
        assert!(help.stdout.lines().count() < 50 && !help.stdout.contains("--mention"), "{command}: {}", help.stdout);
    }
    let help = Notifier::new(&["settings"]).run();
    assert_eq!(help.status, 0);
    for setting in &pipeline_notifier::job::setting::SETTINGS {
        assert!(help.stdout.contains(&format!("--{}", setting.name.replace('_', "-"))), "{}", setting.name);
        assert!(help.stdout.contains(&pipeline_notifier::job::settings::variable(setting.name)), "{}", setting.name);
    }
}

/// `doctor` names the problems that would show at the first failure.
#[test]
fn doctor_names_what_is_wrong_before_it_matters() {
    let doctor = Notifier::new(&["doctor"])
        .job(JOB)
        .with("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/hook")
        .with("NOTIFIER_LANGUGE", "ko")
        .with("NOTIFIER_EVENTS", "deploy-fail")
        .with("NOTIFIER_BRANCHES", "develop")
        .with("NOTIFIER_MENTION", "@devops")
        .with("SLACK_OPS_WEBHOOK_URL", "https://evil.example/hook")
        .run();
    assert_eq!(doctor.status, 1);
    for expected in [
        "`deploy-fail` is not an event",
        "`@devops` mentions nobody; write subteam:S",
        "operators: SLACK_OPS_WEBHOOK_URL does not point at",
    ] {
        assert!(doctor.stdout.contains(expected), "{expected}: {}", doctor.stdout);
    }
    assert!(doctor.stderr.contains("did you mean NOTIFIER_LANGUAGE?"), "{}", doctor.stderr);
    // The steps name what to do about each, and repeat nothing from above.
    let steps: Vec<&str> = doctor.stdout.lines().filter_map(|line| line.strip_prefix("Next step: ")).collect();
    assert_eq!(
        steps[..3],
        ["LANGUGE", "EVENTS", "MENTION"].map(|name| format!("set NOTIFIER_{name} right, as its line says"))
    );
    assert!(steps[3].starts_with("SLACK_OPS_WEBHOOK_URL: copy the webhook again;"), "{steps:?}");
    let mentioned = Notifier::new(&["doctor"]).job(JOB).with("NOTIFIER_MENTION", "@here, S0TEAM1234").run();
    assert!(
        mentioned.stdout.contains("deploy failed (review), by Kim Minsu (main 1a2b3c4d); mentions here, S0TEAM1234"),
        "{}",
        mentioned.stdout
    );
    let waiting =
        Notifier::new(&["doctor"]).job(JOB).with("NOTIFIER_WAITING_MENTION", "subteam:S0RELEASE1, @lee").run();
    let line = "pipeline-waiting: [shop-api] prod: waiting for manual job deploy, by Kim Minsu (main 1a2b3c4d); mentions S0RELEASE1";
    assert!(waiting.stdout.contains(line), "{}", waiting.stdout);
    assert!(waiting.stdout.contains("`@lee` mentions nobody"), "{}", waiting.stdout);
    let well = Notifier::new(&["doctor"]).job(JOB).with("NOTIFIER_BRANCHES", "develop").run();
    assert!(well.stdout.contains("is not sent (branch_not_selected)"), "{}", well.stdout);
    let why = "settings: NOTIFIER_BRANCHES is `develop`, which excludes main; nothing of main is sent";
    assert!(well.stdout.contains(why), "{}", well.stdout);
}

#[test]
fn doctor_ends_with_the_next_step() {
    let ill = Notifier::new(&["doctor"]).job(JOB).run();
    assert_eq!(ill.status, 1);
    assert!(ill.stdout.contains("[ok]   job: project shop-api, ref main"), "{}", ill.stdout);
    assert!(
        ill.stdout.ends_with(
            "webhook: SLACK_WEBHOOK_URL is not set or empty\n\nNext step: SLACK_WEBHOOK_URL: set it in Settings > CI/CD > Variables; if it is \
             set there, its environment scope probably excludes this job's environment; in a downstream pipeline, it may be protected\n"
        ),
        "{}",
        ill.stdout
    );

    let slack = Server::start([Reply::ok()]);
    let well =
        |arguments: &[&str]| Notifier::new(arguments).job(JOB).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(well(&["doctor"]).status, 0);
    assert!(slack.requests().is_empty());
    let sent = well(&["doctor", "--send"]);
    assert!(sent.stdout.contains("a test message was delivered"), "{}", sent.stdout);
    let text = slack.only_request().json()["text"].to_string();
    assert!(
        text.contains("a test of pipeline-notifier, nothing was deployed") && !text.contains("succeeded"),
        "{text}"
    );
}

/// Case N10: what people read in their own language. Warnings, which a log has too, are English.
#[test]
fn doctor_and_the_demonstration_speak_korean() {
    let has_korean = |line: &str| line.chars().any(|c| ('가'..='힣').contains(&c));
    for (name, value) in [
        ("SLACK_WEBHOOK_URL", ""),
        ("SLACK_WEBHOOK_URL", "$SLACK_WEBHOOK_URL"),
        ("SLACK_WEBHOOK_URL", "http://hooks.slack.com/services/T0/B0/x"),
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/workflows/T0/B0/x"),
        ("SLACK_WEBHOOK_URL", "https://hooks.example/services/T0/B0/x"),
        ("SLACK_WEBHOOK_URL", "/nonexistent/file"),
        ("SLACK_WEBHOOK_URL", "nonsense"),
        ("NOTIFIER_WEBHOOK_VARIABLE", "https://hooks.slack.com/services/T0/B0/x"),
    ] {
        let doctor = Notifier::new(&["doctor"]).job(JOB).with("NOTIFIER_LANGUAGE", "ko").with(name, value).run();
        for line in doctor.stdout.lines().filter(|line| !line.is_empty()) {
            assert!(has_korean(line), "{value}: {line}");
        }
        assert!(doctor.stdout.contains("다음 할 일: "), "{}", doctor.stdout);
    }
    let page = scratch().join("demo.html");
    let played = Notifier::new(&["demo", "--out", page.to_str().unwrap()]).with("NOTIFIER_LANGUAGE", "ko").run();
    for line in played.stdout.lines().filter(|line| line.starts_with("── ") || line.contains("demo.html")) {
        assert!(has_korean(line), "{line}");
    }
    assert!(fs::read_to_string(page).unwrap().contains("파이프라인의 모든 순간"));
}

#[test]
fn the_demonstration_plays_every_moment() {
    let page = scratch().join("demo.html");
    let played = Notifier::new(&["demo", "--out", page.to_str().unwrap()]).run();
    assert_eq!((played.status, played.stderr.as_str()), (0, ""));
    let html = fs::read_to_string(&page).unwrap();
    for state in [
        "pipeline started",
        "build failed",
        "deploy started",
        "deploy succeeded",
        "deploy failed",
        "deploy canceled",
        "pipeline fixed",
        "rolled back to 1a2b3c4d",
        "Tests: 2 of 412 failed",
        "expected 10.01, got 10.00",
        "waiting for manual job deploy-prod",
        "last 7 days",
        "3 deployments ▲, 1 rollback ▲",
        "Failed most: unit 2×",
    ] {
        assert!(played.stdout.contains(state) && html.contains(state), "{state}");
    }
    assert!(played.stdout.contains("compile: script failed · image: runner failed"), "{}", played.stdout);
    assert!(played.stdout.contains("deploy: timed out"), "{}", played.stdout);
    assert!(
        played.stdout.contains("Deploy took  2m 14s") && played.stdout.contains("Pipeline took  9m 14s"),
        "{}",
        played.stdout
    );
    assert!(played.stdout.contains("3 commits since the last deployment"), "{}", played.stdout);
    // Links are short here, and whole on the page.
    assert!(
        played.stdout.contains("Runtime logs: grafana.example\n") && !played.stdout.contains("https://"),
        "{}",
        played.stdout
    );
    assert!(html.contains("https://grafana.example/explore?"), "{html}");
    // The pipeline's one living message, and the replies in its thread.
    let captions = played.stdout.lines().filter_map(|line| line.strip_prefix("── ")).skip(14).collect::<Vec<_>>();
    let closing = "The deployment times out, and the closing job reports it as the bot";
    let expected = [
        "The bot posts the start: one message in the channel".to_owned(),
        "The bot posts the deployment: a reply in its thread".to_owned(),
        "The bot posts the deployment: the same message, updated".to_owned(),
        format!("{closing}: a reply in its thread, shown in the channel too"),
        format!("{closing}: the same message, updated"),
    ];
    assert_eq!(captions, expected);
    assert!(expected.iter().all(|caption| html.contains(caption)));
    let closed = played.stdout.split("── ").last().unwrap();
    assert!(closed.contains("❌ shop-api · dev · deploy failed") && closed.contains("deploy: timed out"), "{closed}");
    // Each caption belongs to a message or an update, and the inbox got them all.
    let captions = played.stdout.lines().filter(|line| line.starts_with("── ")).count();
    let updates = played.stdout.lines().filter(|line| line.starts_with("── ") && line.ends_with("updated")).count();
    let count = format!("{} messages and {updates} updates arrived in the inbox at 127.0.0.1:", captions - updates);
    assert!(updates > 0 && played.stdout.contains(&count), "{}", played.stdout);
}

#[test]
fn the_demonstration_posts_to_slack_with_send() {
    let slack = Server::start([Reply::ok()]);
    let page = scratch().join("demo.html");
    let arguments = ["demo", "--send", "--out", page.to_str().unwrap()];
    let played = Notifier::new(&arguments).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(played.status, 0, "{}", played.stderr);
    assert_eq!(slack.requests().len(), 14);
    let nowhere = Notifier::new(&arguments).run();
    assert_eq!(nowhere.status, 1);
    assert!(nowhere.stderr.contains("hint: set SLACK_WEBHOOK_URL"), "{}", nowhere.stderr);
}

#[test]
fn odd_environments_break_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = std::process::Command::new(crate::support::harness::binary());
    command
        .args(["render", "deploy-started"])
        .env_clear()
        .env("CI_COMMIT_TITLE", std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    command.env("CI_COMMIT_SHORT_SHA", "1a2b3c4d").env("NOTIFIER_LANGUAGE", std::ffi::OsStr::from_bytes(b"\xff"));
    let output = command.output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("\u{FFFD}"));
    let huge =
        Notifier::new(&["render", "deploy-started"]).job(JOB).with("CI_COMMIT_MESSAGE", "x".repeat(100 << 10)).run();
    assert_eq!(huge.status, 0, "{}", huge.stderr);
}
