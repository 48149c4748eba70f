//! Why a pipeline failed: the failed tests, the end of the log, and the stages. A closing job on a GitLab with reports and logs.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, failed, gitlab, job, pipeline, with};
use crate::support::harness::{Notifier, WEBHOOK_PATH, fixtures, in_time};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace, slack};

const ACCESS: (&str, &str) = ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token");
const LINES: (&str, &str) = ("NOTIFIER_LOG_LINES", "6");

fn notifier(server: &Server, result: &str, settings: &[(&str, &str)]) -> Notifier {
    let notifier = Notifier::new(&["send", "pipeline-finished", "--result", result])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("CI_ENVIRONMENT_NAME", "")
        .asks(server);
    settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value))
}

/// Sends by webhook, and returns the end of the run and every message.
fn close(of: GitLab, result: &str, settings: &[(&str, &str)]) -> (Ended, Vec<Value>) {
    let slack = Server::start([Reply::ok()]);
    let (server, _) = gitlab(of);
    let ended = notifier(&server, result, settings).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let bodies: Vec<Value> = slack.requests().iter().map(crate::support::loopback::Request::json).collect();
    for body in &bodies {
        slack_limits::check(body).unwrap();
    }
    (ended, bodies)
}

/// The text of a message's blocks, one line each. Lines in a fixed-width font begin with `|`.
fn lines(body: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for block in body["blocks"].as_array().unwrap() {
        for element in block["elements"].as_array().unwrap() {
            let text: String =
                element["elements"].as_array().unwrap().iter().filter_map(|it| it["text"].as_str()).collect();
            let mark = if element["type"] == "rich_text_preformatted" { "|" } else { "" };
            lines.extend(text.trim_end().split('\n').map(|line| format!("{mark}{line}")));
        }
    }
    lines
}

/// The lines of a log in a message.
fn log_of(body: &Value) -> Vec<String> {
    lines(body).iter().filter_map(|line| line.strip_prefix('|').map(str::to_owned)).collect()
}

fn unit() -> Value {
    failed(7001, "unit", "test", "script_failure")
}

fn red() -> GitLab {
    let mut of = GitLab::new();
    of.jobs.push(unit());
    of
}

/// A summary and a report as GitLab makes them (gitlab-org/gitlab, `app/serializers/test_suite_entity.rb`).
fn report(total: u64, failed: &[(&str, &str)]) -> (Value, Value) {
    let cases = failed.iter().map(|(class, name)| {
        json!({
            "status": "failed", "name": name, "classname": class, "file": null, "execution_time": 0.01,
            "system_output": "Failure/Error: s3cr3t\n<!channel>", "stack_trace": null, "recent_failures": null,
            "attachment_url": null,
        })
    });
    let passed = json!({"status": "success", "name": "sums", "classname": "Cart", "execution_time": 0.01, "system_output": null});
    let count = failed.len();
    let suite = json!({
        "name": "unit", "total_time": 1.5, "total_count": total, "success_count": total - count as u64, "failed_count": count,
        "skipped_count": 0, "error_count": 0, "suite_error": null,
    });
    let (mut summary, mut full) = (suite.clone(), suite);
    summary["build_ids"] = json!([7001]);
    full["test_cases"] = cases.chain([passed]).collect();
    let counts = json!({"time": 1.5, "count": total, "success": total - count as u64, "failed": count, "skipped": 0, "error": 0, "suite_error": null});
    (
        json!({"total": counts, "test_suites": [summary]}),
        json!({"total_time": 1.5, "total_count": total, "failed_count": count, "test_suites": [full]}),
    )
}

/// A whole answer of status 200.
fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn failed_tests_are_named_the_new_ones_first() {
    let tests = |before: Option<&[(&str, &str)]>, settings: &[(&str, &str)]| {
        let mut of = red();
        let now =
            [("shop.LoginTest", "times out"), ("shop.CartTest", "rounds half up"), ("shop.CartTest", "ships <!here>")];
        of.tests.insert(90_817, report(412, &now));
        if let Some(before) = before {
            of.pipelines = vec![pipeline(90_812, "failed"), pipeline(90_811, "success")];
            of.earlier_jobs.insert(90_812, Some(vec![failed(6001, "unit", "test", "script_failure")]));
            of.tests.insert(90_812, report(410, before));
        }
        let (_, bodies) = close(of, "failed", settings);
        lines(&bodies[0]).into_iter().skip_while(|line| !line.starts_with("Tests")).collect::<Vec<_>>()
    };
    let names =
        ["Tests: 3 of 412 failed", "• LoginTest times out", "• CartTest rounds half up", "• CartTest ships <!here>"];
    assert_eq!(tests(None, &[ACCESS]), names);
    assert_eq!(
        tests(Some(&[("shop.LoginTest", "times out"), ("shop.Other", "x")]), &[ACCESS]),
        [
            "Tests: 3 of 412 failed",
            "• CartTest rounds half up · new",
            "• CartTest ships <!here> · new",
            "• LoginTest times out"
        ]
    );
    // Job tokens may not read reports, and a setting turns them off.
    assert!(tests(None, &[]).is_empty());
    assert!(tests(None, &[ACCESS, ("NOTIFIER_TESTS", "off")]).is_empty());
}

#[test]
fn five_tests_are_named_and_the_rest_is_counted() {
    let mut of = red();
    let names: Vec<String> = (0..30).map(|it| format!("case {it} {}", "x".repeat(200))).collect();
    let failing: Vec<(&str, &str)> = names.iter().map(|name| ("", name.as_str())).collect();
    of.tests.insert(90_817, report(1000, &failing));
    let (_, bodies) = close(of, "failed", &[ACCESS]);
    let lines = lines(&bodies[0]);
    assert!(lines.iter().any(|line| line == "Tests: 30 of 1000 failed"), "{lines:?}");
    assert!(lines.iter().any(|line| line == "• and 25 more") && lines.iter().all(|it| it.chars().count() < 200));
    assert!(!bodies[0].to_string().contains("s3cr3t"));
}

#[test]
fn a_report_that_gitlab_cannot_parse_is_named() {
    let mut of = red();
    let (mut summary, full) = report(3, &[]);
    summary["test_suites"][0]["suite_error"] = "JUnit XML parsing failed: 1:1: FATAL: Document is empty".into();
    of.tests.insert(90_817, (summary, full));
    let (_, bodies) = close(of, "failed", &[ACCESS]);
    assert!(lines(&bodies[0]).iter().any(|line| line == "Test reports not readable: unit"), "{:?}", lines(&bodies[0]));
}

#[test]
fn a_success_counts_its_tests_in_the_small_print() {
    let of = || {
        let mut of = GitLab::new();
        of.tests.insert(90_817, report(412, &[]));
        of
    };
    let (_, bodies) = close(of(), "success", &[ACCESS, ("NOTIFIER_FINISH", "always")]);
    assert!(bodies[0]["attachments"].to_string().contains("412 tests passed"), "{}", bodies[0]);
    let (_, bodies) = close(of(), "success", &[ACCESS, ("NOTIFIER_FINISH", "always"), ("NOTIFIER_LANGUAGE", "ko")]);
    assert!(bodies[0]["attachments"].to_string().contains("테스트 412개 통과"), "{}", bodies[0]);
}

/// Whatever GitLab answers about tests, the rest of the message stays.
#[test]
fn odd_reports_leave_the_rest_of_the_message() {
    let huge = format!(r#"{{"test_suites":[{{"test_cases":[{{"system_output":"{}"}}]}}]}}"#, "x".repeat(9 << 20));
    for (path, raw, still_counts) in [
        ("test_report_summary", answer("", b"[]"), false),
        ("test_report_summary", answer("", br#"{"total":{"count":"many"}}"#), false),
        ("test_report_summary", b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n".to_vec(), false),
        ("test_report", answer("", b"{\"test_suites\":[{\"test_cases\":[{\"status\":\"failed\""), true),
        ("test_report", b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{\"test_suites\":[".to_vec(), true),
        ("test_report", answer("", huge.as_bytes()), true),
        ("test_report", answer("Content-Encoding: gzip\r\n", b"\x1f\x8b\x08"), true),
        ("test_report", b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n".to_vec(), true),
    ] {
        let mut of = red();
        of.tests.insert(90_817, report(412, &[("shop.CartTest", "rounds half up")]));
        of.raw.insert(path, raw);
        let (_, bodies) = close(of, "failed", &[ACCESS]);
        let text = lines(&bodies[0]).join("\n");
        assert!(bodies[0]["text"].as_str().unwrap().contains("test failed (unit)"), "{text}");
        assert_eq!(text.contains("Tests: 1 of 412 failed"), still_counts, "{path}: {text}");
        assert!(!text.contains("• "), "{path}: {text}");
    }
}

/// Test names as runners write them: pytest and jest-junit were run; `go-junit-report`, Maven's Surefire, Gradle, `rspec_junit_formatter`
/// and cargo-nextest by their documentation.
#[test]
fn the_names_of_tests_are_short_for_each_runner() {
    for (class, name, expected) in [
        ("tests.test_cart.TestCart", "test_rounds_half_up", "TestCart test_rounds_half_up"),
        ("tests.test_cart.TestCart", "test_sums[2-3]", "TestCart test_sums[2-3]"),
        ("Cart rounds half up", "Cart rounds half up", "Cart rounds half up"),
        ("example.com/shop/cart", "TestRounding/half_up", "cart TestRounding/half_up"),
        ("com.shop.CartTest", "roundsHalfUp", "CartTest roundsHalfUp"),
        ("com.shop.CartTest", "roundsHalfUp()", "CartTest roundsHalfUp()"),
        ("spec.models.cart_spec", "Cart rounds half up", "cart_spec Cart rounds half up"),
        ("shop-cart", "tests::rounds_half_up", "shop-cart tests::rounds_half_up"),
        ("", "장바구니 반올림", "장바구니 반올림"),
    ] {
        let mut of = red();
        of.tests.insert(90_817, report(2, &[(class, name)]));
        let (_, bodies) = close(of, "failed", &[ACCESS]);
        assert!(lines(&bodies[0]).contains(&format!("• {expected}")), "{:?}", lines(&bodies[0]));
    }
}

/// The last lines of ten tools' scripts. cargo, go, pytest, jest, Maven, `RSpec` and Terraform were run; Gradle, Helm and kubectl by their
/// documentation. GitLab Runner's lines around them are those of its source (`common/build.go`, `helpers/build_section.go`).
#[test]
fn the_end_of_a_log_shows_what_a_person_looks_for() {
    let mut shown = String::new();
    for tool in ["cargo", "go-test", "pytest", "jest", "maven", "gradle", "rspec", "helm", "terraform", "kubectl"] {
        let log = fs::read(fixtures().join("logs").join(tool).with_extension("log")).unwrap();
        let mut of = red();
        of.raw.insert("jobs/7001/trace", answer("", &log));
        let (ended, bodies) = close(of, "failed", &[ACCESS, LINES]);
        assert_eq!(bodies.len(), 1, "{}", ended.stderr);
        assert!(lines(&bodies[0])[1].starts_with("unit: script failed, exit code 1"), "{:?}", lines(&bodies[0]));
        assert_eq!(
            bodies[0]["blocks"].as_array().unwrap().last().unwrap()["elements"][1]["type"],
            "rich_text_preformatted"
        );
        let _ = writeln!(shown, "## {tool}\n{}\n", log_of(&bodies[0]).join("\n"));
        assert!(!ended.stderr.contains("rounds") && !ended.stdout.contains("rounds"), "{}", ended.stderr);
    }
    let golden = fixtures().join("logs/shown.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &shown).unwrap();
    }
    assert_eq!(fs::read_to_string(golden).unwrap_or_default(), shown, "{shown}");
}

#[test]
fn a_log_is_off_unless_lines_are_asked_for() {
    let of = || {
        let mut of = red();
        of.raw.insert("jobs/7001/trace", answer("", b"$ make\nboom\n"));
        of
    };
    for settings in [
        vec![ACCESS],
        vec![LINES],
        vec![ACCESS, ("NOTIFIER_LOG_LINES", "0")],
        vec![ACCESS, ("NOTIFIER_LOG_LINES", "-")],
    ] {
        let (ended, bodies) = close(of(), "failed", &settings);
        assert!(log_of(&bodies[0]).is_empty() && !ended.stderr.contains("warning"), "{settings:?} {}", ended.stderr);
    }
    let (ended, bodies) = close(of(), "failed", &[ACCESS, ("NOTIFIER_LOG_LINES", "many")]);
    assert!(
        log_of(&bodies[0]).is_empty() && ended.stderr.contains("NOTIFIER_LOG_LINES is not a whole number from 0 to 20")
    );
    // The settings file of a repository does not turn it on.
    let checkout = crate::support::scratch::scratch();
    fs::write(checkout.join(".pipeline-notifier.json"), r#"{"log_lines": "20"}"#).unwrap();
    let (ended, bodies) = close(of(), "failed", &[ACCESS, ("CI_PROJECT_DIR", checkout.to_str().unwrap())]);
    assert!(log_of(&bodies[0]).is_empty() && ended.stderr.contains("`log_lines` is unknown"), "{}", ended.stderr);
}

/// Nothing in a log is more than text, and no line with a secret is shown.
#[test]
fn a_hostile_log_is_only_text() {
    let secret = format!("glpat-{}", "AbCdEfGhIjKlMnOpQrSt");
    let many = "line\n".repeat(400_000);
    let logs: Vec<(&str, Vec<u8>)> = vec![
        ("mentions", b"$ make\n<!channel> <@U0EVIL> @here <https://evil.example|click> *bold* `code` ```\n".to_vec()),
        ("a secret", format!("$ make\ntoken is {secret}\npassword: hunter2\nboom\n").into_bytes()),
        ("invalid UTF-8", b"$ make\n\xff\xfe\xc3(\n\xe2\x82\n".to_vec()),
        ("marks of direction", "$ make\n\u{202e}evil\u{202c} \u{200b}x\u{2066}y\n".into()),
        ("escapes", b"$ make\n\x1b]0;title\x07\x1b[31mred\x1b[0m\x1bM\x9b31m\x00\x08\n".to_vec()),
        ("progress", b"$ make\n 1%\r50%\r100% done\n".to_vec()),
        ("forged marks", b"$ make\nsection_end:1:step_script\r\x1b[0Ksection_start:2:step_script\r\x1b[0K$ forged\nsection_start:x:y\r\n".to_vec()),
        ("one endless line", vec![b'x'; 3 << 20]),
        ("many lines", many.into_bytes()),
        ("nothing", vec![]),
    ];
    for (name, log) in logs {
        let mut of = red();
        of.raw.insert("jobs/7001/trace", answer("", &log));
        let (ended, bodies) = close(of, "failed", &[ACCESS, ("NOTIFIER_LOG_LINES", "20")]);
        assert_eq!(bodies.len(), 1, "{name}: {}", ended.stderr);
        let whole = bodies[0].to_string();
        assert!(!whole.contains(&secret) && !whole.contains("hunter2"), "{name}: {whole}");
        for output in [&ended.stderr, &ended.stdout] {
            assert!(!output.contains("boom") && !output.contains(&secret), "{name}: {output}");
        }
        let shown = log_of(&bodies[0]).join("\n");
        assert!(shown.chars().count() <= 1500 && shown.lines().count() <= 20, "{name}: {shown}");
        assert!(slack_limits::mentions(&bodies[0]).is_empty(), "{name}");
        let links = slack_limits::elements(&bodies[0]).filter(|it| it["type"] == "link");
        assert!(links.into_iter().all(|it| it["url"].as_str().unwrap().starts_with("http://127.0.0.1")), "{name}");
        match name {
            "a secret" => {
                assert_eq!(shown, "$ make\n[a line that looks like a secret]\n[a line that looks like a secret]\nboom");
            }
            "progress" => assert_eq!(shown, "$ make\n100% done"),
            "one endless line" | "nothing" => assert_eq!(shown, ""),
            _ => {}
        }
    }
}

/// The job's own secrets are known by the names and values of its variables, wherever in a line they are, and as the lines of a file.
#[test]
fn a_line_with_a_secret_of_the_job_is_hidden() {
    let file = scratch().join("deploy-key");
    fs::write(&file, "first line of the key\nsecond line of it\n").unwrap();
    let long = format!("{}correct horse battery", "x".repeat(190));
    for (name, value, line, is_shown) in [
        ("DB_PASS", "correct horse battery", "connect with correct horse battery", false),
        ("SERVICE_API_KEY", "plain words", "{\"with\": \"plain words\"}", false),
        ("DEPLOY_PASSPHRASE", "correct horse battery", long.as_str(), false),
        ("SIGNING_SECRET", file.to_str().unwrap(), "it is: second line of it", false),
        ("REMOTE_URL", "https://me:correct-horse@git.example", "fatal: https://me:correct-horse@git.example", false),
        ("PWD", "/builds/shop/api", "cd /builds/shop/api", true),
        ("DEPLOY_REGION", "eu-central-1", "deploy to eu-central-1", true),
    ] {
        let mut of = red();
        of.raw.insert("jobs/7001/trace", answer("", format!("$ make\n{line}\nboom\n").as_bytes()));
        let (_, bodies) = close(of, "failed", &[ACCESS, LINES, (name, value)]);
        let expected = if is_shown { line } else { "[a line that looks like a secret]" };
        assert_eq!(log_of(&bodies[0]).join("\n"), format!("$ make\n{expected}\nboom"), "{name}");
        assert!(!bodies[0].to_string().contains("correct"), "{name}");
    }
}

#[test]
fn a_log_with_timestamps_is_joined() {
    let at = "2026-11-20T00:13:00.123456Z";
    let log = format!(
        "{at} 00O section_start:1:step_script\r\u{1b}[0K\n{at} 00O+Executing \"step_script\" stage of the job script\n{at} 01O $ make\n{at} 01E bo\n{at} 01E+om\n{at} 00O section_end:2:step_script\r\u{1b}[0K\n{at} 00O ERROR: Job failed: exit code 2\n"
    );
    let mut of = red();
    of.raw.insert("jobs/7001/trace", answer("", log.as_bytes()));
    let (_, bodies) = close(of, "failed", &[ACCESS, LINES]);
    assert_eq!(log_of(&bodies[0]), ["$ make", "boom"]);
    assert!(lines(&bodies[0])[1].starts_with("unit: script failed, exit code 2"), "{:?}", lines(&bodies[0]));
}

#[test]
fn odd_answers_about_a_log_leave_the_rest_of_the_message() {
    for (raw, expected) in [
        (b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n".to_vec(), None),
        (b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".to_vec(), None),
        (b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n".to_vec(), None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n$ make\nboom\n".to_vec(), None),
        (answer("Content-Encoding: gzip\r\n", b"\x1f\x8b\x08"), None),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n$ make\n\r\n5\r\nboom\n\r\n0\r\n\r\n".to_vec(),
            Some("$ make\nboom"),
        ),
    ] {
        let mut of = red();
        of.raw.insert("jobs/7001/trace", raw);
        let (_, bodies) = close(of, "failed", &[ACCESS, LINES]);
        assert!(bodies[0]["text"].as_str().unwrap().contains("test failed (unit)"));
        assert_eq!(log_of(&bodies[0]).join("\n"), expected.unwrap_or_default());
    }
}

/// A log beyond the limit of size is named, and the memory stays small (`make bench`).
#[test]
fn a_log_that_is_too_long_says_so() {
    let mut of = red();
    of.raw.insert("jobs/7001/trace", answer("", &vec![b'\n'; 65 << 20]));
    let (_, bodies) = close(of, "failed", &[ACCESS, LINES]);
    assert_eq!(lines(&bodies[0]).last().unwrap(), "log of unit: too long to show");
    // One that comes too slowly is, too.
    let mut of = red();
    of.raw.insert("jobs/7001/trace", b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n$ make\n".to_vec());
    of.hangs_after = Some("jobs/7001/trace");
    let (server, _) = gitlab(of);
    let slack = Server::start([Reply::ok()]);
    in_time(Duration::from_secs(12), || {
        notifier(&server, "failed", &[ACCESS, LINES, ("NOTIFIER_TIMEOUT", "30")])
            .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
            .run()
    });
    assert_eq!(lines(&slack.requests()[0].json()).last().unwrap(), "log of unit: too long to show");
}

/// At most three logs are shown, the new failures first, and they share the room.
#[test]
fn three_logs_share_the_room() {
    let mut of = GitLab::new();
    of.pipelines = vec![pipeline(90_812, "failed"), pipeline(90_811, "success")];
    of.earlier_jobs.insert(90_812, Some(vec![failed(6001, "a", "test", "script_failure")]));
    for (id, name) in [(7001, "a"), (7002, "b"), (7003, "c"), (7004, "d")] {
        of.jobs.push(failed(id, name, "test", "script_failure"));
    }
    of.jobs.push(failed(7005, "killed", "test", "runner_system_failure"));
    for path in ["jobs/7001/trace", "jobs/7002/trace", "jobs/7003/trace", "jobs/7004/trace", "jobs/7005/trace"] {
        let log = format!("$ make {path}\n{}", "a long line of the compiler's own words\n".repeat(30));
        of.raw.insert(path, answer("", log.as_bytes()));
    }
    let (_, bodies) = close(of, "failed", &[ACCESS, ("NOTIFIER_LOG_LINES", "20")]);
    let titles: Vec<String> = lines(&bodies[0]).into_iter().filter(|line| line.starts_with("log of")).collect();
    assert_eq!(titles, ["log of b", "log of c", "log of d"]);
    let log = log_of(&bodies[0]);
    assert!(log.iter().map(|line| line.chars().count() + 1).sum::<usize>() <= 1500 && log.len() > 30, "{}", log.len());
}

/// By webhook, a failure that its hook has reported gets a short message of its own.
#[test]
fn the_log_of_a_reported_failure_is_a_message_of_its_own() {
    let mut of = GitLab::new();
    of.jobs.push(failed(7001, "deploy", "deploy", "script_failure"));
    of.raw.insert("jobs/7001/trace", answer("", b"$ helm upgrade\nError: UPGRADE FAILED\n"));
    let (ended, bodies) = close(of, "failed", &[ACCESS, LINES, ("NOTIFIER_DEPLOY_JOBS", "deploy")]);
    assert_eq!(ended.last_line(), "notify: skipped reason=already_reported");
    assert!(ended.stderr.contains("log: shop-api · prod · log of deploy"), "{}", ended.stderr);
    assert_eq!(bodies.len(), 1);
    assert_eq!(lines(&bodies[0]), ["shop-api · prod · log of deploy", "|$ helm upgrade", "|Error: UPGRADE FAILED"]);
}

/// A bot replies with the log in the thread, for its own failures and for those of hooks.
#[test]
fn a_bot_replies_with_the_log_in_the_thread() {
    for (hooked, replies) in [(false, 2), (true, 2)] {
        let (slack, workspace) = slack(Workspace::new());
        let mut of = GitLab::new();
        of.jobs.push(failed(7001, "deploy", "deploy", "script_failure"));
        of.raw.insert("jobs/7001/trace", answer("", b"$ helm upgrade\nError: UPGRADE FAILED\n"));
        let (server, _) = gitlab(of);
        let of_bot = |notifier: Notifier| {
            notifier
                .with("SLACK_BOT_TOKEN", TOKEN)
                .with("SLACK_API_URL", slack.url("/api"))
                .with("NOTIFIER_CHANNEL", DEPLOYS)
        };
        let settings = [ACCESS, LINES, ("NOTIFIER_DEPLOY_JOBS", "deploy")];
        of_bot(Notifier::new(&["send", "pipeline-started"]).job("gitlab-18-deploy-on-main")).run();
        if hooked {
            let hook = Notifier::new(&["send", "deploy-finished"]).job("gitlab-18-deploy-on-main");
            of_bot(hook).with("CI_JOB_STATUS", "failed").with("CI_JOB_ID", "7001").run();
        }
        let ended = of_bot(notifier(&server, "failed", &settings)).run();
        let expected = if hooked { "notify: skipped reason=already_reported" } else { "notify: sent" };
        assert_eq!(ended.last_line(), expected, "{}", ended.stderr);
        let workspace = workspace.lock().unwrap();
        assert_eq!(workspace.replies().len(), replies, "{}", ended.stderr);
        let last = workspace.replies().last().unwrap().body.clone();
        assert_eq!(log_of(&Value::Object(last)), ["$ helm upgrade", "Error: UPGRADE FAILED"]);
        let message = Value::Object(workspace.top_level(DEPLOYS)[0].body.clone());
        assert!(log_of(&message).is_empty() && !message.to_string().contains("UPGRADE FAILED"), "{message}");
    }
}

#[test]
fn the_stages_are_in_the_small_print() {
    let mut of = GitLab::new();
    of.jobs = vec![
        job(7000, "compile", "build", "success"),
        with(failed(7001, "flaky", "build", "script_failure"), "allow_failure", true),
        failed(7002, "unit", "test", "script_failure"),
        job(7003, "lint", "test", "success"),
        job(7004, "deploy", "deploy", "skipped"),
        with(job(7005, "approve", "release", "manual"), "allow_failure", false),
        job(crate::support::gitlab::THIS, "notify-finish", ".post", "running"),
        job(711_900, "notify-start", ".post", "success"),
    ];
    let small_print = |settings: &[(&str, &str)]| {
        let mut jobs = GitLab::new();
        jobs.jobs.clone_from(&of.jobs);
        close(jobs, "failed", settings).1[0]["attachments"].to_string()
    };
    let expected = "Stages  build ✓  test ✗  deploy –  release ⏸";
    assert!(small_print(&[]).contains(expected), "{}", small_print(&[]));
    assert!(small_print(&[("NOTIFIER_LANGUAGE", "ko")]).contains("단계  build ✓"));
}

/// Settings that leave a failure out leave its log out too, and the log is not read.
#[test]
fn no_log_is_posted_for_a_failure_that_settings_leave_out() {
    for (deploy_jobs, settings) in [
        ("deploy", vec![("NOTIFIER_BRANCHES", "release/*")]),
        ("deploy", vec![("NOTIFIER_EVENTS", "pipeline-started")]),
        ("deploy", vec![("NOTIFIER_FINISH", "Never")]),
        ("", vec![("NOTIFIER_BRANCHES", "release/*")]),
        ("", vec![("NOTIFIER_EVENTS", "deploy-*")]),
    ] {
        let mut of = GitLab::new();
        of.jobs.push(failed(7001, "deploy", "deploy", "script_failure"));
        of.raw.insert("jobs/7001/trace", answer("", b"$ helm upgrade\nError: UPGRADE FAILED\n"));
        let all = [&[ACCESS, LINES, ("NOTIFIER_DEPLOY_JOBS", deploy_jobs)][..], &settings].concat();
        let (ended, bodies) = close(of, "failed", &all);
        assert!(bodies.is_empty(), "{settings:?} {}", ended.stderr);
    }
}

/// A log cannot take the time of the message.
#[test]
fn a_log_that_is_hard_to_search_takes_no_time() {
    for word in [
        "eyJ",
        "token:",
        "pwd:",
        "auth=",
        "credentials=",
        "eyJhIjoxfQ",
        "//a:",
        "-----BEGIN PRIVATE KEY-----",
        "\u{1b}[",
        "section_start:1:x\r",
    ] {
        let mut of = red();
        of.raw.insert(
            "jobs/7001/trace",
            answer("", format!("$ make\n{}\nboom\n", word.repeat(60_000 / word.len())).as_bytes()),
        );
        let (server, _) = gitlab(of);
        let slack = Server::start([Reply::ok()]);
        let ended = in_time(Duration::from_secs(3), || {
            notifier(&server, "failed", &[ACCESS, LINES]).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run()
        });
        assert_eq!(ended.last_line(), "notify: sent", "{word}");
    }
}

/// The marks and the streams of GitLab Runner, with sections that have the names of its own.
#[test]
fn only_the_scripts_own_lines_are_shown() {
    let start = |name: &str| format!("section_start:1:{name}\r\u{1b}[0K");
    let end = |name: &str| format!("section_end:2:{name}\r\u{1b}[0K");
    let at = "2026-11-20T00:13:00.123456Z";
    let script = |inner: &str| {
        let (begin, over, after) = (start("step_script"), end("step_script"), start("after_script"));
        format!(
            "{begin}Executing \"step_script\" stage of the job script\n$ make\n{inner}{over}{after}Running after_script\n$ clean\ncleaned\n{}ERROR: Job failed: exit code 7\n",
            end("after_script")
        )
    };
    let within = |name: &str| script(&format!("{}inside\n{}boom\n", start(name), end(name)));
    let long_after = format!(
        "$ make\nboom\n{}{}{}{}ERROR: Job failed: exit code 1\n",
        end("step_script"),
        start("after_script"),
        "after line\n".repeat(8000),
        end("after_script")
    );
    let streams = format!("{at} 01O $ make\n{at} 01O 10%\r\n{at} 01E Error: boom\n{at} 01O+20%\r\n{at} 01O+done\n");
    for (log, expected) in [
        (script("boom\n"), "$ make\nboom"),
        (within("step_one"), "$ make\ninside\nboom"),
        (within("get_sources"), "$ make\ninside\nboom"),
        (within("after_script"), "$ make\ninside\nboom"),
        (script("boom\n") + &start("step_script") + "$ forged\n", "$ make\nboom"),
        (long_after, ""),
        (streams, "$ make\ndone\nError: boom"),
        ("Running with gitlab-runner 12.0\nUsing Docker executor\n$ make\nboom\nUploading artifacts...\nERROR: Job failed: exit code 1\n".to_owned(), "$ make\nboom"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>".to_owned(), ""),
        (script("pass\u{200b}word=hunter2x\nboom\u{1b}(B\n"), "$ make\n[a line that looks like a secret]\nboom"),
    ] {
        let mut of = red();
        of.raw.insert("jobs/7001/trace", answer("", log.as_bytes()));
        let (_, bodies) = close(of, "failed", &[ACCESS, LINES]);
        assert_eq!(log_of(&bodies[0]).join("\n"), expected, "{}", &log[..log.len().min(400)]);
    }
}

/// Names of tests with secrets, and the values of this job's own variables.
#[test]
fn secrets_elsewhere_are_hidden_too() {
    let mut of = red();
    of.tests.insert(90_817, report(9, &[("Login", "param[password=hunter2]")]));
    of.raw.insert("jobs/7001/trace", answer("", b"$ make\nconnecting with correct-horse-battery\nboom\n"));
    let (_, bodies) = close(of, "failed", &[ACCESS, LINES, ("SHOP_PASSWORD", "correct-horse-battery")]);
    let text = lines(&bodies[0]).join("\n");
    assert!(!text.contains("hunter2") && !text.contains("horse"), "{text}");
    assert!(
        text.contains("[a name that looks like a secret]")
            && text.contains("|[a line that looks like a secret]\n|boom")
    );
}

#[test]
fn a_test_is_new_only_if_tests_ran_before() {
    let mut of = red();
    of.pipelines = vec![pipeline(90_812, "failed"), pipeline(90_811, "success")];
    of.earlier_jobs.insert(90_812, Some(vec![failed(6001, "compile", "build", "script_failure")]));
    of.tests.insert(90_817, report(9, &[("A", "a"), ("A", "a"), ("", "")]));
    let (_, bodies) = close(of, "failed", &[ACCESS]);
    let names: Vec<String> = lines(&bodies[0]).into_iter().filter(|line| line.starts_with('•')).collect();
    assert_eq!(names, ["• A a", "• and 2 more"]);
}
