//! No secret of a job reaches a module or any output.

use std::collections::BTreeMap;
use std::fs;

use crate::support::harness::{Notifier, WEBHOOK_PATH, fixtures};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;

/// Returns every job of the fixtures, and its values that no output may show.
fn jobs() -> Vec<(String, Vec<String>)> {
    let mut jobs = Vec::new();
    for entry in fs::read_dir(fixtures().join("jobs")).unwrap() {
        let path = entry.unwrap().path();
        let job: BTreeMap<String, String> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let is_secret = |name: &str| {
            ["TOKEN", "PASSWORD", "SECRET", "JWT", "DATABASE_URL", "REPOSITORY_URL", "WEBHOOK"]
                .iter()
                .any(|it| name.contains(it))
        };
        let secrets: Vec<String> = job
            .into_iter()
            .filter(|(name, value)| is_secret(name) && !value.is_empty())
            .map(|(_, value)| value)
            .collect();
        assert!(secrets.len() >= 8, "{} has secrets to look for", path.display());
        jobs.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), secrets));
    }
    assert!(jobs.len() >= 3);
    jobs
}

const EVENTS: [&str; 4] = ["pipeline-started", "deploy-started", "deploy-finished", "pipeline-finished"];

#[test]
fn the_context_shows_no_secret() {
    for (job, secrets) in jobs() {
        for event in EVENTS {
            let context = Notifier::new(&["context", event]).whole_job(&job).run();
            assert_eq!(context.status, 0, "{}", context.stderr);
            for secret in &secrets {
                // The short token of a trigger has four characters, so any text may contain it.
                if secret.len() > 4 {
                    assert!(!context.stdout.contains(secret.as_str()), "{job} {event}: {secret}");
                    assert!(!context.stderr.contains(secret.as_str()), "{job} {event}: {secret}");
                }
            }
            assert!(!context.stdout.contains("TOKEN") && !context.stdout.contains("PASSWORD"), "{job} {event}");
            assert_eq!(context.json()["ci"]["CI_PROJECT_NAME"], "shop-api");
        }
    }
}

/// The redactor is for log lines. The allow-list keeps secrets out of messages.
#[test]
fn messages_links_and_settings_are_never_altered() {
    let webhook = "https://chat.example/relay/production?token=f3a9c1d27b&topic=storefront";
    let context = Notifier::new(&["context", "deploy-started", "--logs-url", "https://production.example/storefront"])
        .job("gitlab-18-deploy-on-main")
        .with("SLACK_WEBHOOK_URL", webhook)
        .with("CI_COMMIT_TITLE", "Move production to storefront")
        .run();
    let context = context.json();
    assert_eq!(context["ci"]["CI_COMMIT_TITLE"], "Move production to storefront");
    assert_eq!(context["settings"]["logs_url"], "https://production.example/storefront");
}

#[test]
fn a_secret_is_not_passed_whoever_asks_for_it() {
    let arguments =
        ["context", "deploy-started", "--pass", "AWS_SECRET_ACCESS_KEY", "--pass", "TEAM", "--pass", "CI_JOB_TOKEN"];
    let context = Notifier::new(&arguments).job("gitlab-18-deploy-on-main").with("TEAM", "commerce").run();
    assert_eq!(context.json()["ci"]["TEAM"], "commerce");
    assert!(!context.stdout.contains("not-a-real"), "{}", context.stdout);
    assert!(context.stderr.contains("--pass CI_JOB_TOKEN: the name is that of a secret"), "{}", context.stderr);
}

#[test]
fn an_answer_that_echoes_the_webhook_is_not_printed() {
    let slack = Server::start([Reply::status(404, &format!("no hook at https://hooks.slack.com{WEBHOOK_PATH}"))]);
    let sent = Notifier::new(&["send", "deploy-started"])
        .job("gitlab-18-deploy-on-main")
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .run();
    sent.failed_with("notify: failed reason=http_404", "Slack answered 404");
}

#[test]
fn a_webhook_in_a_name_is_not_printed() {
    let slack = Server::start([Reply::ok()]);
    let url = slack.url(WEBHOOK_PATH);
    for value in [url.clone(), {
        // A File-type variable's contents are as secret as a variable's.
        let file = scratch().join("SLACK_WEBHOOK_URL");
        fs::write(&file, &url).unwrap();
        file.to_str().unwrap().to_owned()
    }] {
        let sent = Notifier::new(&["send", "deploy-started"])
            .job("gitlab-18-deploy-on-main")
            .with("SLACK_WEBHOOK_URL", value)
            .with("CI_PROJECT_NAME", &url)
            .run();
        assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
        assert!(!sent.stderr.contains("s3cr3t") && sent.stderr.contains("[redacted]"), "{}", sent.stderr);
    }
}

#[test]
fn a_webhook_in_place_of_its_variables_name_is_not_printed() {
    let webhook = "https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/abcdefghijklmnopqrstuvwx";
    for (arguments, status) in [(&["send", "deploy-finished"][..], 0), (&["doctor"], 1)] {
        let ended =
            Notifier::new(arguments).job("gitlab-18-deploy-on-main").with("NOTIFIER_WEBHOOK_VARIABLE", webhook).run();
        let output = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.status, status, "{output}");
        assert!(
            !output.contains("abcdefgh") && output.contains("NOTIFIER_WEBHOOK_VARIABLE takes the name"),
            "{output}"
        );
    }
}

/// A message stays the same if a secret equals one of our terms or a piece of JSON.
#[test]
fn a_secret_that_is_a_common_word_hides_no_fact() {
    for secret in [
        "settings_file",
        "\"CI_JOB_STATUS\"",
        "CI_JOB_STATUS",
        "failed_jobs",
        "deploy-finished",
        "\":\"failed\"",
        "shop-api/-/jobs",
        "https://gitlab.corp.example/commerce/shop-api",
    ] {
        let plain = |secret: &str| {
            let call = Notifier::new(&["render", "deploy-finished"]).job("gitlab-18-deploy-on-main");
            call.with("CI_JOB_STATUS", "failed").with("CI_REGISTRY_PASSWORD", secret).run()
        };
        let (with, without) = (plain(secret), plain("another-secret-altogether"));
        assert_eq!(with.json()["text"], without.json()["text"], "{secret}: {}", with.stderr);
        let links = |body: &serde_json::Value| body["blocks"][1].to_string();
        assert_eq!(links(&with.json()), links(&without.json()), "{secret}");
    }
}

/// The clone URL of a public project is no secret.
#[test]
fn a_public_clone_breaks_no_link() {
    let render = |url: &str| {
        let call = Notifier::new(&["render", "deploy-finished"]).job("gitlab-18-deploy-on-main");
        call.with("CI_REPOSITORY_URL", url).run().stdout
    };
    let public = render("https://gitlab.corp.example/commerce/shop-api.git");
    assert!(!public.contains("[redacted]"), "{public}");
}
