//! The command line: what each command prints, and with which status it ends.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use pipeline_notifier::module::{built_in_wasm, sha256};

use crate::harness::{Ended, Notifier, WEBHOOK_PATH, in_time, scratch};
use crate::loopback::{Reply, Server};
use crate::sandbox::guest;
use crate::slack_limits;

const JOB: &str = "gitlab-18-deploy-on-main";

#[test]
fn render_prints_the_request_body() {
    let rendered = Notifier::new(&["render", "deploy-finished"]).job(JOB).run();
    assert_eq!((rendered.status, rendered.stderr.as_str()), (0, ""));
    let body = rendered.json();
    assert_eq!(body["text"], "[shop-api] prod: deploy succeeded, by Kim Minsu (main 1a2b3c4d)");
    slack_limits::check(&body).unwrap();
}

#[test]
fn render_draws_a_message_for_people() {
    let text = Notifier::new(&["render", "deploy-finished", "--format", "text", "--language", "ko"]).job(JOB).run();
    assert!(text.stdout.contains("✅ shop-api · prod — 배포 성공"), "{}", text.stdout);
    assert!(text.stdout.contains("사이트 열기: https://main.shop.example"), "{}", text.stdout);
    let html = Notifier::new(&["render", "deploy-finished", "--format", "html"]).job(JOB).run();
    assert!(html.stdout.starts_with("<!doctype html>"), "{}", html.stdout);
    assert!(
        html.stdout.contains("<a href=\"https://main.shop.example\" rel=\"noreferrer\">Open site</a>"),
        "{}",
        html.stdout
    );
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
    for wrong in ["/nonexistent", "{", "[]"] {
        let context = Notifier::new(&["context", "deploy-finished", "--user-map", wrong]).job(JOB).run();
        assert_eq!(context.json()["people"], serde_json::json!({}));
        assert!(context.stderr.starts_with("warning: NOTIFIER_USER_MAP: "), "{}", context.stderr);
    }
}

#[test]
fn a_setting_that_does_not_parse_is_told_and_its_default_used() {
    let rendered = Notifier::new(&["render", "deploy-finished"])
        .job(JOB)
        .with("NOTIFIER_TIMEOUT", "soon")
        .with("NOTIFIER_LANGUAGE", "klingon")
        .with("NOTIFIER_ENVIRONMENTS", "main")
        .run();
    assert_eq!(rendered.json()["text"], "[shop-api] prod: deploy succeeded, by Kim Minsu (main 1a2b3c4d)");
    for setting in ["NOTIFIER_TIMEOUT", "NOTIFIER_LANGUAGE", "NOTIFIER_ENVIRONMENTS"] {
        assert!(rendered.stderr.contains(&format!("warning: {setting}")), "{}", rendered.stderr);
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    for (arguments, expected) in [
        (vec![], "Usage: pipeline-notifier <COMMAND>"),
        (vec!["send"], "<EVENT>"),
        (vec!["send", "deploy"], "possible values: pipeline-started, build-failed"),
        (vec!["send", "deploy-started", "--module", "x.wasm"], "--module-sha256 <HEX>"),
        (vec!["send", "deploy-started", "--module", "x.wasm", "--module-sha256", "abc"], "64 hexadecimal digits"),
        (vec!["send", "deploy-started", "--langauge", "ko"], "--language"),
    ] {
        let ended = Notifier::new(&arguments).run();
        assert_eq!(ended.status, 2, "{arguments:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn help_names_every_setting_and_its_variable() {
    let help = Notifier::new(&["send", "--help"]).run();
    assert_eq!(help.status, 0);
    for setting in &pipeline_notifier::settings::SETTINGS {
        assert!(help.stdout.contains(&format!("--{}", setting.name.replace('_', "-"))), "{}", setting.name);
        assert!(help.stdout.contains(&pipeline_notifier::settings::variable(setting.name)), "{}", setting.name);
    }
}

#[test]
fn module_show_tells_about_the_built_in_module() {
    let shown = Notifier::new(&["module", "show"]).run();
    assert_eq!(shown.status, 0);
    for expected in [
        &sha256(built_in_wasm()),
        "import   wasi_snapshot_preview1::fd_write\n",
        "16 MiB of memory",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(shown.stdout.contains(expected), "{}", shown.stdout);
    }
}

/// Writes a guest to a file and returns its path and digest.
fn module_file(name: &str) -> (PathBuf, String) {
    let wasm = guest(name);
    let path = scratch().join(name).with_extension("wasm");
    fs::write(&path, &wasm).unwrap();
    (path, sha256(&wasm))
}

#[test]
fn module_show_tells_what_the_sandbox_refuses() {
    let (path, digest) = module_file("reads-the-clock");
    let shown = Notifier::new(&["module", "show", path.to_str().unwrap()]).run();
    assert!(shown.stdout.contains("wasi_snapshot_preview1::clock_time_get  refused"), "{}", shown.stdout);
    assert!(shown.stdout.contains(&digest), "{}", shown.stdout);
    let missing = Notifier::new(&["module", "show", "/nonexistent.wasm"]).run();
    assert_eq!(missing.status, 1);
    assert!(
        missing.stderr.starts_with("error: reading the module /nonexistent.wasm\ncaused by: "),
        "{}",
        missing.stderr
    );
    assert!(missing.stderr.contains("\nhint: "), "{}", missing.stderr);
}

fn send_with(module: &str, digest: &str, slack: &Server) -> Ended {
    Notifier::new(&["send", "deploy-finished", "--module", module, "--module-sha256", digest])
        .job(JOB)
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .run()
}

#[test]
fn a_pinned_module_renders_in_place_of_the_built_in_one() {
    let slack = Server::start([Reply::ok()]);
    let (path, digest) = module_file("says-hello");
    let sent = send_with(path.to_str().unwrap(), &digest.to_uppercase(), &slack);
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    assert_eq!(slack.only_request().json(), serde_json::json!({"text": "hello from a team's module"}));
}

#[test]
fn a_pin_of_the_built_in_module_needs_no_file() {
    let slack = Server::start([Reply::ok()]);
    let sent = send_with("/nonexistent.wasm", &sha256(built_in_wasm()), &slack);
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    assert!(slack.only_request().body.contains("deploy succeeded"));
}

#[test]
fn a_module_that_does_not_work_is_replaced_by_the_built_in_one() {
    for (name, word) in [
        ("loops-forever", "fuel"),
        ("fills-memory-again-and-again", "deadline"),
        ("grows-memory", "memory"),
        ("recurses-forever", "trap"),
        ("sleeps", "import"),
        ("has-no-start", "bad_module"),
        ("exits-with-seven", "exit"),
        ("floods-stdout", "output"),
        ("says-nothing", "bad_output"),
        ("says-what-it-reads", "bad_output"),
        ("says-it-in-another-version", "bad_output"),
    ] {
        let slack = Server::start([Reply::ok()]);
        let (path, digest) = module_file(name);
        let sent = send_with(path.to_str().unwrap(), &digest, &slack);
        assert_eq!((sent.status, sent.last_line()), (0, "notify: sent"), "{name}: {}", sent.stderr);
        let warning = sent.stderr.lines().find(|line| line.starts_with("warning: module ")).unwrap_or_default();
        assert!(warning.ends_with(&format!("the built-in module renders instead ({word})")), "{name}: {}", sent.stderr);
        assert!(slack.only_request().body.contains("deploy succeeded"), "{name}");
    }
}

#[test]
fn a_module_that_is_not_the_pinned_one_is_not_run() {
    let slack = Server::start([Reply::ok()]);
    let (path, _) = module_file("says-hello");
    let sent = send_with(path.to_str().unwrap(), &"0".repeat(64), &slack);
    assert!(
        sent.stderr.contains("not the pinned one; the built-in module renders instead (checksum)"),
        "{}",
        sent.stderr
    );
    assert!(slack.only_request().body.contains("deploy succeeded"));
}

/// Sends with a module that a loopback registry serves; the registry is the job's own GitLab.
fn send_from(registry: &Server, digest: &str, slack: &Server, directory: &std::path::Path) -> Ended {
    let url = registry.url("/api/v4/projects/7/packages/generic/pipeline-notifier/1.1.0/notifier.wasm");
    Notifier::new(&["send", "deploy-finished", "--module", &url, "--module-sha256", digest])
        .job(JOB)
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("NOTIFIER_TIMEOUT", "3")
        .with("CI_SERVER_URL", registry.url(""))
        .with("CI_API_V4_URL", registry.url("/api/v4"))
        .with("CI_PROJECT_DIR", directory.to_str().unwrap())
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .run()
}

#[test]
fn a_module_is_fetched_once_and_checked_at_every_use() {
    let (wasm, directory) = (guest("says-hello"), scratch());
    let digest = sha256(&wasm);
    let (registry, slack) = (Server::start([Reply::Bytes(wasm)]), Server::start([Reply::ok()]));
    for _ in 0..2 {
        let sent = send_from(&registry, &digest, &slack, &directory);
        assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
        assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    }
    assert_eq!(registry.only_request().header("JOB-TOKEN"), Some("glcbt-64_not-a-real-job-token"));
    assert!(slack.requests().iter().all(|request| request.body.contains("hello from a team's module")));
    // A kept module that was changed is fetched anew.
    fs::write(directory.join(".pipeline-notifier/modules").join(&digest).with_extension("wasm"), "poison").unwrap();
    send_from(&registry, &digest, &slack, &directory);
    assert_eq!(registry.requests().len(), 2);
    assert!(slack.requests()[2].body.contains("hello from a team's module"));
}

#[test]
fn a_module_with_the_built_in_digest_is_not_fetched() {
    let (registry, slack) = (Server::start([Reply::status(404, "")]), Server::start([Reply::ok()]));
    let sent = send_from(&registry, &sha256(built_in_wasm()), &slack, &scratch());
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    assert!(registry.requests().is_empty());
}

#[test]
fn a_module_is_not_fetched_for_a_message_that_goes_nowhere() {
    let registry = Server::start([Reply::Bytes(guest("says-hello"))]);
    let url = registry.url("/notifier.wasm");
    let arguments = ["send", "deploy-finished", "--module", &url, "--module-sha256", &sha256(&guest("says-hello"))];
    let sent = Notifier::new(&arguments).job(JOB).run();
    sent.failed_with("notify: skipped reason=no_webhook", "SLACK_WEBHOOK_URL is not set");
    assert!(registry.requests().is_empty());
}

#[test]
fn a_module_that_cannot_be_fetched_is_replaced_by_the_built_in_one_in_time() {
    let wasm = guest("says-hello");
    let mut flipped = wasm.clone();
    flipped[20] ^= 1;
    for (reply, word) in [
        (Reply::Bytes(flipped), "checksum"),
        (Reply::Bytes(wasm[..wasm.len() / 2].to_vec()), "checksum"),
        (Reply::status(200, "<html>Sign in</html>"), "checksum"),
        (Reply::status(404, "{}"), "bad_module"),
        (Reply::Drop, "bad_module"),
        (Reply::Hang, "bad_module"),
        (Reply::Flood, "checksum"),
    ] {
        let sent = in_time(Duration::from_millis(3500), || {
            let (registry, slack) = (Server::start([reply.clone()]), Server::start([Reply::ok()]));
            let sent = send_from(&registry, &sha256(&wasm), &slack, &scratch());
            assert!(slack.only_request().body.contains("deploy succeeded"));
            sent
        });
        assert_eq!((sent.status, sent.last_line()), (0, "notify: sent"), "{}", sent.stderr);
        assert!(sent.stderr.contains(&format!("renders instead ({word})")), "{}", sent.stderr);
    }
}

#[test]
fn a_token_is_sent_neither_elsewhere_nor_along_with_a_redirect() {
    let wasm = guest("says-hello");
    let (slack, storage) = (Server::start([Reply::ok()]), Server::start([Reply::Bytes(wasm.clone())]));
    let location: &'static str = format!("Location: {}\r\n", storage.url("/object")).leak();
    let registry = Server::start([Reply::Answer(302, location, String::new())]);
    let sent = send_from(&registry, &sha256(&wasm), &slack, &scratch());
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    assert!(registry.only_request().header("JOB-TOKEN").is_some());
    assert!(storage.only_request().header("JOB-TOKEN").is_none());

    let elsewhere = Server::start([Reply::Bytes(wasm.clone())]);
    send_with(&elsewhere.url("/notifier.wasm"), &sha256(&wasm), &slack);
    assert!(elsewhere.only_request().header("JOB-TOKEN").is_none());
    let plain = send_with("http://registry.example/notifier.wasm", &sha256(&wasm), &slack);
    assert!(plain.stderr.contains("the address is not https"), "{}", plain.stderr);
}

#[test]
fn doctor_ends_with_the_next_step() {
    let ill = Notifier::new(&["doctor"]).job(JOB).without("CI_API_V4_URL").run();
    assert_eq!(ill.status, 1);
    assert!(ill.stdout.contains("[ok]   job: project shop-api, ref main"), "{}", ill.stdout);
    assert!(
        ill.stdout.lines().last().unwrap().starts_with("Next step: SLACK_WEBHOOK_URL is not set"),
        "{}",
        ill.stdout
    );

    let slack = Server::start([Reply::ok()]);
    let well = |arguments: &[&str]| {
        Notifier::new(arguments)
            .job(JOB)
            .without("CI_API_V4_URL")
            .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
            .run()
    };
    assert_eq!(well(&["doctor"]).status, 0);
    assert!(slack.requests().is_empty());
    let sent = well(&["doctor", "--send"]);
    assert!(sent.stdout.contains("a test message was delivered"), "{}", sent.stdout);
    slack.only_request();
}

#[test]
fn the_demonstration_plays_every_moment() {
    let page = scratch().join("demo.html");
    let played = Notifier::new(&["demo", "--out", page.to_str().unwrap()]).run();
    assert_eq!((played.status, played.stderr.as_str()), (0, ""));
    let html = fs::read_to_string(&page).unwrap();
    for state in
        ["pipeline started", "build failed", "deploy started", "deploy succeeded", "deploy failed", "deploy canceled"]
    {
        assert!(played.stdout.contains(state) && html.contains(state), "{state}");
    }
    assert!(played.stdout.contains("Failed job: compile (build) · image (build)"), "{}", played.stdout);
    assert!(played.stdout.contains("7 messages arrived in the inbox at 127.0.0.1:"), "{}", played.stdout);
}

#[test]
fn the_demonstration_delivers_for_real_where_it_is_told_to() {
    let slack = Server::start([Reply::ok()]);
    let page = scratch().join("demo.html");
    let arguments = ["demo", "--send", "--out", page.to_str().unwrap()];
    let played = Notifier::new(&arguments).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(played.status, 0, "{}", played.stderr);
    assert_eq!(slack.requests().len(), 7);
    let nowhere = Notifier::new(&arguments).run();
    assert_eq!(nowhere.status, 1);
    assert!(nowhere.stderr.contains("hint: set SLACK_WEBHOOK_URL"), "{}", nowhere.stderr);
}

#[test]
fn odd_environments_break_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = std::process::Command::new(crate::harness::binary());
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
