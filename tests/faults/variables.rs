//! Wrong variables and settings of a job.
#![allow(clippy::too_many_lines, reason = "a table")]

use std::fs;

use super::{Fault, Job, Nothing, SENT, Whole};
use crate::support::workspace::TOKEN;

pub(super) fn faults() -> Vec<Fault> {
    let webhook = |name: &'static str, value: &'static str, ends, warns| {
        Fault::new(name, ends, warns, Nothing, move |job: &mut Job| job.set("SLACK_WEBHOOK_URL", value))
    };
    let set = |name: &str, variable: &'static str, value: String, warns| {
        Fault::new(name, SENT, warns, Whole, move |job: &mut Job| job.set(variable, value.clone()))
    };
    let mut faults = vec![
        Fault::new(
            "no webhook",
            "skipped reason=no_webhook",
            "SLACK_WEBHOOK_URL is not set or empty",
            Nothing,
            |job| {
                job.unset("SLACK_WEBHOOK_URL");
            },
        ),
        webhook("an empty webhook", "  ", "skipped reason=no_webhook", "is not set or empty"),
        webhook(
            "a webhook that GitLab did not expand",
            "$SLACK_WEBHOOK_URL",
            "skipped reason=bad_webhook",
            "did not expand",
        ),
        webhook("a webhook that is not a URL", "hooks.slack.com", "skipped reason=bad_webhook", "is not a URL"),
        webhook(
            "a webhook in quotes",
            "'https://hooks.slack.com/services/x'",
            "skipped reason=bad_webhook",
            "is not a URL",
        ),
        webhook(
            "a webhook without https",
            "http://hooks.slack.com/services/T0SECRET01/B/x",
            "failed reason=not_https",
            "is not an https URL",
        ),
        webhook(
            "a webhook of another host",
            "https://evil.example/services/T0SECRET01/B/x",
            "failed reason=host_not_allowed",
            "does not point at",
        ),
        webhook(
            "a webhook with an address for a host",
            "https://169.254.169.254/x",
            "failed reason=host_not_allowed",
            "does not point at",
        ),
        webhook(
            "a webhook with credentials",
            "https://user:s3cr3ts3cr3t@hooks.slack.com/x",
            "skipped reason=bad_webhook",
            "is not a URL",
        ),
        webhook(
            "a Workflow Builder URL",
            "https://hooks.slack.com/triggers/T0SECRET01/1/x",
            "failed reason=workflow_webhook",
            "Workflow Builder",
        ),
        webhook(
            "a File-type variable without its file",
            "/nonexistent/x",
            "skipped reason=bad_webhook",
            "File-type variable",
        ),
        webhook("a File-type variable that is a directory", "/tmp", "skipped reason=bad_webhook", "File-type variable"),
        webhook(
            "a File-type variable that is a device",
            "/dev/zero",
            "skipped reason=bad_webhook",
            "File-type variable",
        ),
        Fault::new("no variable but the webhook", SENT, "CI_JOB_STATUS: the status is not", Whole, |job| {
            job.variables.retain(|name, _| ["SLACK_WEBHOOK_URL", "NOTIFIER_TIMEOUT"].contains(&name.as_str()));
        }),
        Fault::new("ten thousand variables", SENT, "", Whole, |job| {
            (0..10_000).for_each(|number| job.set(&format!("CI_EXTRA_{number}"), "x".repeat(20)));
        }),
        Fault::new("every predefined variable of 2 KB of quotes", SENT, "", Whole, |job| {
            for (name, value) in &mut job.variables {
                if name.starts_with("CI_COMMIT_") && name != "CI_COMMIT_REF_PROTECTED" {
                    *value = "\"".repeat(2048);
                }
            }
        }),
        Fault::new("a project directory that is not there", SENT, "", Whole, |job| {
            job.set("CI_PROJECT_DIR", "/nonexistent/x");
        }),
        Fault::new("a bot's token and no channel", SENT, "NOTIFIER_CHANNEL is not", Whole, |job| {
            job.set("SLACK_BOT_TOKEN", TOKEN);
        }),
        Fault::new("a user's token for a bot's", SENT, "is no bot token", Whole, |job| {
            job.set("SLACK_BOT_TOKEN", "xoxp-not-a-bot-token");
        }),
        Fault::new("a settings file that is no JSON", SENT, "is not JSON", Whole, |job| {
            fs::write(job.directory.join(".pipeline-notifier.json"), "{").unwrap();
        }),
        Fault::new("a settings file of 10 MB", SENT, "is not JSON", Whole, |job| {
            fs::write(job.directory.join(".pipeline-notifier.json"), vec![b'['; 10 << 20]).unwrap();
        }),
        Fault::new("a settings file that is a pipe", SENT, "it is no regular file", Whole, |job| {
            let path = job.directory.join(".pipeline-notifier.json");
            job.before = format!("mkfifo {}", path.display());
        }),
        set("a time that is no number", "NOTIFIER_TIMEOUT", "soon".into(), "NOTIFIER_TIMEOUT is not a number"),
        set("an unknown language", "NOTIFIER_LANGUAGE", "klingon".into(), "neither en nor ko"),
        set("a mapping that is none", "NOTIFIER_ENVIRONMENTS", "main".into(), "has no `=`"),
        set("an event that is none", "NOTIFIER_EVENTS", "deploy-*,boom".into(), "`boom` is not an event"),
        set("a user map that is no JSON", "NOTIFIER_USER_MAP", "{".into(), "NOTIFIER_USER_MAP"),
        Fault::new("a query that cannot be escaped", SENT, "must be inside", Whole, |job| {
            job.set("NOTIFIER_GRAFANA_URL", "https://grafana.example");
            job.set("NOTIFIER_LOKI_QUERY", "{a=%{branch}}");
        }),
        set("an address that is none", "NOTIFIER_APP_URL", "javascript:alert(1)".into(), "is not an http or https"),
        set("a pipeline that began in the year 9999", "CI_PIPELINE_CREATED_AT", "9999-12-31T23:59:59Z".into(), ""),
        set("a pipeline that began on no day", "CI_PIPELINE_CREATED_AT", "2026-02-31".into(), ""),
    ];
    let hostile = [
        ("a mention", "<!channel> <@U0EVERYONE> @everyone"),
        ("a link", "<https://evil.example|ok> https://evil.example"),
        ("shell", "$(reboot); `id` ' \" && curl evil.example"),
        ("terminal escapes", "\u{1b}[31mred\u{7}\r\nsection_start:0:x"),
        ("bidirectional overrides", "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}"),
        ("120 KB of Korean", "가".repeat(40_000).leak()),
    ];
    for (what, value) in hostile {
        faults.push(Fault::new(format!("{what} in every text"), SENT, "", Whole, move |job| {
            for name in ["CI_COMMIT_TITLE", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME", "GITLAB_USER_NAME", "CI_JOB_NAME"]
            {
                job.set(name, if value.len() > 10_000 && name != "CI_COMMIT_TITLE" { "x" } else { value });
            }
            job.set("NOTIFIER_ENVIRONMENTS", "*=%{branch}@play");
        }));
    }
    faults
}
