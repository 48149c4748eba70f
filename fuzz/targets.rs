//! The fuzz targets. Each takes any bytes, and panics if a promise is broken. `make test` runs them on the stored corpus and on
//! mutations of it, `make fuzz` under libFuzzer.
#![allow(dead_code, reason = "each fuzzer has one of them")]

use serde_json::{Value, json};

/// Any bytes as a context: refused with a message, or rendered.
pub(crate) fn context(input: &[u8]) {
    match notifier_wasm::answer(input) {
        Ok(output) => assert!(!output.is_empty()),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
}

/// Any text in every field of a context: the message keeps its promises.
pub(crate) fn text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.split('\u{1f}').cycle().map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let mut ci = serde_json::Map::new();
    for name in [
        "CI_PROJECT_NAME",
        "CI_COMMIT_BRANCH",
        "CI_COMMIT_REF_NAME",
        "CI_COMMIT_TITLE",
        "GITLAB_USER_NAME",
        "CI_JOB_NAME",
        "CI_COMMIT_AUTHOR",
        "CI_PIPELINE_SCHEDULE_DESCRIPTION",
        "CI_MERGE_REQUEST_TITLE",
        "DEPLOY_CLUSTER",
        "KUBE_NAMESPACE",
    ] {
        ci.insert(name.to_owned(), next().into());
    }
    for (name, value) in [
        ("CI_COMMIT_SHORT_SHA", "1a2b3c4d"),
        ("CI_JOB_STATUS", "failed"),
        ("CI_PIPELINE_SOURCE", "schedule"),
        ("CI_PROJECT_URL", "https://gitlab.corp.example/g/p"),
        ("CI_PIPELINE_URL", "https://gitlab.corp.example/g/p/-/pipelines/1"),
        ("CI_JOB_URL", "https://gitlab.corp.example/g/p/-/jobs/1"),
    ] {
        ci.insert(name.to_owned(), value.into());
    }
    let jobs = [json!({"name": next(), "stage": next(), "web_url": "https://gitlab.corp.example/g/p/-/jobs/2"})];
    for event in ["deploy-finished", "pipeline-finished", "pipeline-started"] {
        let context = json!({
            "version": 1, "event": event, "ci": ci, "failed_jobs": jobs, "now": 1_795_134_134, "shows_logs": true,
            "why": {
                "stages": [{"name": next(), "state": "failed"}],
                "tests": {"total": 7, "failed": 3, "unreadable": [next()], "named": [{"class": next(), "name": next()}]},
                "logs": [{"job": next(), "lines": [next(), next()]}],
            },
            "history": {"previous_status": "failed", "first_failure": {"pipeline_id": 1, "sha": "1a2b", "title": next(), "author": next()}},
            "settings": {"mention": "here", "grafana_url": "https://gitlab.corp.example/grafana", "loki_query": "{a=\"%{branch}\"}"},
            "settings_file": {"lines": [next(), "%{branch}"], "events": {"deploy-failed": {"text": next()}}},
        });
        let context = context.to_string();
        let output = notifier_wasm::render(context.as_bytes()).expect("a context that decodes renders");
        assert_eq!(output, notifier_wasm::render(context.as_bytes()).unwrap(), "the same twice");
        let message: Value = serde_json::from_slice(&output).expect("a message is JSON");
        promises(&message["message"]);
    }
}

/// Checks that only the settings' mentions appear, only GitLab's addresses are linked, and nothing is too long.
pub(crate) fn promises(body: &Value) {
    match body {
        Value::Object(fields) => {
            if let Some(kind) = fields.get("type").and_then(Value::as_str) {
                assert!(!["user", "usergroup", "channel"].contains(&kind), "{body}");
                assert!(kind != "broadcast" || fields["range"] == "here", "{body}");
                let url = fields.get("url").and_then(Value::as_str);
                assert!(url.is_none_or(|url| url.starts_with("https://gitlab.corp.example/")), "{body}");
                assert!(kind != "mrkdwn" || fields["verbatim"] == true, "{body}");
                if kind == "mrkdwn" {
                    tokens(fields["text"].as_str().unwrap_or_default());
                }
            }
            if fields.contains_key("unfurl_links") {
                let text = fields["text"].as_str().unwrap_or_default();
                assert!(!text.is_empty() && text.chars().count() <= 4000, "{text}");
                assert!(!text.contains(['<', '>']) && !text.contains("@channel") && !text.contains("@here"), "{text}");
                assert!(fields["blocks"].to_string().chars().count() <= 12_000);
            }
            fields.values().for_each(promises);
        }
        Value::Array(items) => items.iter().for_each(promises),
        Value::String(text) => {
            let is_odd = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.chars().any(is_odd), "{text:?}");
        }
        _ => {}
    }
}

/// Checks that each `<…>` of mrkdwn is a link to GitLab.
fn tokens(mrkdwn: &str) {
    for token in mrkdwn.split('<').skip(1) {
        let (inside, _) = token.split_once('>').expect("a token is closed");
        assert!(inside.starts_with("https://gitlab.corp.example/"), "{mrkdwn}");
    }
}

/// Any text as the value of each setting.
pub(crate) fn settings(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.split('\u{1f}').cycle();
    let mut settings = serde_json::Map::new();
    for name in [
        "environments",
        "language",
        "events",
        "branches",
        "mention",
        "app_url",
        "grafana_url",
        "grafana_org",
        "loki_query",
        "logs_url",
        "ops_environments",
    ] {
        settings.insert(name.to_owned(), parts.next().unwrap_or_default().into());
    }
    let file: Value = serde_json::from_str(parts.next().unwrap_or_default()).unwrap_or_default();
    let file = if file.is_object() { file } else { json!({}) };
    for operators in [Value::Null, json!({"first_message": parts.next()})] {
        let context = json!({
            "version": 1, "event": "deploy-finished", "settings": settings, "settings_file": file, "operators": operators,
            "ci": {"CI_COMMIT_BRANCH": "main", "CI_JOB_STATUS": "failed", "CI_PROJECT_NAME": "shop-api"},
        });
        let output = notifier_wasm::render(context.to_string().as_bytes()).expect("a context that decodes renders");
        let message: Value = serde_json::from_slice(&output).expect("a message is JSON");
        let text = message["message"]["text"].as_str().unwrap_or_default();
        assert!((1..=4000).contains(&text.chars().count()), "{text}");
    }
    pipeline_notifier::fuzz::settings_file(&text);
    pipeline_notifier::fuzz::webhook(&text);
}

/// Any bytes as the output of a module.
pub(crate) fn message(input: &[u8]) {
    pipeline_notifier::fuzz::message(input);
}

/// Any bytes as an answer of Slack or GitLab.
pub(crate) fn answers(input: &[u8]) {
    let (status, body) =
        input.split_first_chunk::<2>().map_or((200, input), |(head, body)| (u16::from_le_bytes(*head) % 1000, body));
    pipeline_notifier::fuzz::answer(status, body);
}

/// Any bytes as the end of a job's log.
pub(crate) fn log(input: &[u8]) {
    let (count, tail) = input.split_first().map_or((0, input), |(count, tail)| (*count, tail));
    pipeline_notifier::fuzz::log(tail, count.into());
}

/// Any text in a log line, and any secret in any text.
pub(crate) fn output(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (secret, text) = text.split_once('\u{1f}').unwrap_or((&text, &text));
    pipeline_notifier::fuzz::output(secret, text);
}
