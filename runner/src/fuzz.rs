//! Only for the fuzzers (`fuzz/`): one function for each reader of bytes from outside. Each panics if a promise is broken.

#![allow(clippy::missing_panics_doc, reason = "a panic is what a fuzzer looks for")]

use std::cell::RefCell;

use serde_json::Value;

use crate::gitlab::{jobs, test_reports};
use crate::job::settings::Settings;
use crate::job::settings_file::SettingsFile;
use crate::job_log;
use crate::module::message::Message;
use crate::net::http::Answer;
use crate::net::secret::Redactor;
use crate::report::one_line;
use crate::slack::{api, webhook, webhook_url};
use crate::variables::Variables;

/// Checks that a module's output is refused with a reason, or has only addresses as links.
pub fn message(output: &[u8]) {
    let Ok(message) = Message::decode(output) else { return };
    let annotations: Value =
        serde_json::from_str(&message.annotations(Some("javascript:alert(1)"), "https://gitlab.example"))
            .unwrap_or_default();
    for link in annotations["pipeline-notifier"].as_array().into_iter().flatten() {
        let url = link["external_link"]["url"].as_str().unwrap_or_default();
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
    }
    assert!(!message.body().text().is_empty());
}

/// Checks that an answer of Slack or GitLab is shown only as a word.
pub fn answer(status: u16, body: &[u8]) {
    let answer = || Answer {
        status,
        retry_after: std::str::from_utf8(body).ok().map(str::to_owned),
        location: None,
        scopes: None,
        body: body.to_vec(),
    };
    for line in [webhook::fuzz_webhook(answer()), api::fuzz_method(answer())].into_iter().flatten() {
        assert!(line.chars().count() < 480 && !line.chars().any(char::is_control), "{line:?}");
    }
    jobs::fuzz_jobs(body);
    test_reports::fuzz_reports(body);
}

/// Checks that the accepted parts of a settings file have the published shape.
pub fn settings_file(text: &str) {
    let file = SettingsFile::of_text(text, &RefCell::default());
    for (key, value) in file.for_module() {
        let is_right = match key.as_str() {
            "mention" | "ops_mention" | "$schema" => value.is_string(),
            "lines" | "links" => value.is_array(),
            "events" | "environments" => value.is_object(),
            _ => false,
        };
        assert!(is_right, "{key}: {value}");
    }
}

/// Checks that a webhook goes only to Slack or this machine, and is never shown.
pub fn webhook(value: &str) {
    let variables: Variables = [("SLACK_WEBHOOK_URL", value)].into_iter().collect();
    match webhook_url::find(&variables, &Settings::default()) {
        Ok(webhook) => {
            let url = webhook.url().expose();
            let is_slack = ["https://hooks.slack.com", "https://hooks.slack-gov.com"].iter().any(|host| {
                url.to_ascii_lowercase()
                    .strip_prefix(host)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '?']))
            });
            assert!(is_slack || crate::net::address::is_loopback(url), "{url}");
        }
        Err(unusable) => assert!(value.trim().len() < 12 || !unusable.to_string().contains(value.trim())),
    }
}

/// Checks that a log line is safe, and that a secret in it is hidden.
pub fn output(secret: &str, text: &str) {
    let line = one_line(text);
    assert!(!line.chars().any(char::is_control) && line.chars().count() <= 520, "{line:?}");
    let mut redactor = Redactor::default();
    redactor.add(secret);
    let written = redactor.redact(&format!("{text}{secret}{text}"));
    // The replacement of a secret has brackets, and could be a secret itself. No token or address has brackets.
    assert!(secret.len() < 8 || secret.contains(['[', ']']) || !written.contains(secret), "{written:?}");
}

/// Checks that the shown end of a log is within its limits, without control characters and without a secret that it has.
pub fn log(tail: &[u8], count: usize) {
    let secret = format!("glpat-{}", "A".repeat(20));
    let with_secret = [tail, b"\n", secret.as_bytes(), b"\n", tail].concat();
    for is_cut in [false, true] {
        let log = job_log::of_tail(&with_secret, is_cut, count % 21, |_| false);
        assert!(log.lines.len() <= count % 21);
        assert!(log.lines.iter().map(|line| line.chars().count() + 1).sum::<usize>() <= 1500);
        for line in &log.lines {
            assert!(line.chars().count() <= 200 && !line.chars().any(char::is_control), "{line:?}");
            assert!(!line.contains(&secret), "{line:?}");
        }
    }
}
