//! The end of a failed job's log: its last lines, without secrets.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::gitlab::{GitLab, failed, gitlab, pipeline};
use crate::support::harness::{Notifier, WEBHOOK_PATH, fixtures, in_time};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace, slack};
use crate::why::{ACCESS, LINES, answer, close, lines, notifier, red};

/// The lines of a log in a message.
fn log_of(body: &Value) -> Vec<String> {
    lines(body).iter().filter_map(|line| line.strip_prefix('|').map(str::to_owned)).collect()
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
    for settings in [vec![ACCESS], vec![ACCESS, ("NOTIFIER_LOG_LINES", "0")], vec![ACCESS, ("NOTIFIER_LOG_LINES", "-")]]
    {
        let (ended, bodies) = close(of(), "failed", &settings);
        assert!(log_of(&bodies[0]).is_empty() && !ended.stderr.contains("warning"), "{settings:?} {}", ended.stderr);
    }
    let (ended, bodies) = close(of(), "failed", &[LINES]);
    assert!(log_of(&bodies[0]).is_empty(), "{}", bodies[0]);
    assert!(
        ended.stderr.contains("the end of the log of unit is unknown: no job token may read this"),
        "{}",
        ended.stderr
    );
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
