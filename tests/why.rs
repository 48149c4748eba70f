//! Why a pipeline failed: the failed tests and the stages. A closing job on a GitLab with reports.

use serde_json::{Value, json};

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, failed, gitlab, job, pipeline, with};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits;

pub(crate) const ACCESS: (&str, &str) = ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token");
pub(crate) const LINES: (&str, &str) = ("NOTIFIER_LOG_LINES", "6");

pub(crate) fn notifier(server: &Server, result: &str, settings: &[(&str, &str)]) -> Notifier {
    let notifier = Notifier::new(&["send", "pipeline-finished", "--result", result])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("CI_ENVIRONMENT_NAME", "")
        .asks(server);
    settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value))
}

/// Sends by webhook, and returns the end of the run and every message.
pub(crate) fn close(of: GitLab, result: &str, settings: &[(&str, &str)]) -> (Ended, Vec<Value>) {
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
pub(crate) fn lines(body: &Value) -> Vec<String> {
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

pub(crate) fn unit() -> Value {
    failed(7001, "unit", "test", "script_failure")
}

pub(crate) fn red() -> GitLab {
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
pub(crate) fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
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
    // GitLab lists trigger jobs apart.
    let mut with_trigger = GitLab::new();
    with_trigger.jobs.clone_from(&of.jobs);
    with_trigger.trigger_jobs.push(failed(7006, "downstream", "verify", "downstream_pipeline_creation_failed"));
    with_trigger.trigger_jobs.push(failed(7007, "docs", "build", "downstream_pipeline_creation_failed"));
    let small = close(with_trigger, "failed", &[]).1[0]["attachments"].to_string();
    assert!(small.contains("Stages  build ✗  test ✗  deploy –  release ⏸  verify ✗"), "{small}");
    // A trigger job that is unknown may have failed.
    let mut without_triggers = GitLab::new();
    without_triggers.jobs.clone_from(&of.jobs);
    without_triggers.takes_job_tokens.retain(|route| !route.contains("bridges") && !route.contains("trigger"));
    without_triggers.takes_access_tokens = false;
    assert!(!close(without_triggers, "failed", &[]).1[0]["attachments"].to_string().contains("Stages"));
    let mut canceled = GitLab::new();
    canceled.jobs.clone_from(&of.jobs);
    canceled.jobs.push(job(7008, "deploy-us", "deploy", "canceled"));
    let small = close(canceled, "failed", &[]).1[0]["attachments"].to_string();
    assert!(small.contains("Stages  build ✓  test ✗  deploy ⊘  release ⏸"), "{small}");
    let expected = "Stages  build ✓  test ✗  deploy –  release ⏸";
    assert!(small_print(&[]).contains(expected), "{}", small_print(&[]));
    assert!(small_print(&[("NOTIFIER_LANGUAGE", "ko")]).contains("단계  build ✓"));
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
