//! The real module, in its sandbox, turns any text into valid JSON within Slack's limits, and into the same bytes twice. Mentions
//! and links come only from the settings and from GitLab.

use std::sync::LazyLock;

use pipeline_notifier::sandbox::Guest;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::slack_limits;

static MODULE: LazyLock<Guest> = LazyLock::new(|| Guest::built_in().unwrap());

/// The variables whose text other people choose.
const TEXTS: [&str; 12] = [
    "CI_PROJECT_NAME",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TITLE",
    "CI_COMMIT_AUTHOR",
    "CI_JOB_NAME",
    "CI_MERGE_REQUEST_TITLE",
    "CI_PIPELINE_SCHEDULE_DESCRIPTION",
    "DEPLOY_CLUSTER",
    "DEPLOY_ENVIRONMENT",
    "GITLAB_USER_NAME",
];

/// Generates any text, with parts that are dangerous in Slack more often than by chance.
fn text() -> impl Strategy<Value = String> {
    let dangerous = prop::sample::select(vec![
        "<!channel>",
        "<@U0EVERYONE>",
        "<https://evil.example|ok>",
        "@here",
        "@everyone",
        "*",
        "_",
        "`",
        "&lt;",
        "\u{202e}",
        "\u{1b}[31m",
        "\n",
        "가",
        "🚀",
        "https://evil.example",
        "|",
        ">",
    ]);
    let part = prop_oneof![2 => any::<String>(), 3 => dangerous.prop_map(str::to_owned), 1 => "[ -~]{0,200}"];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn context() -> impl Strategy<Value = Value> {
    let events =
        prop::sample::select(vec!["pipeline-started", "deploy-started", "deploy-finished", "pipeline-finished"]);
    let statuses = prop::sample::select(vec!["success", "failed", "canceled", "running"]);
    let languages = prop::sample::select(vec!["en", "ko", "xx"]);
    let sources =
        prop::sample::select(vec!["push", "schedule", "trigger", "api", "merge_request_event", "parent_pipeline"]);
    let texts = prop::collection::vec(prop::option::of(text()), TEXTS.len());
    let jobs = prop::option::of(prop::collection::vec((text(), text()), 0..14));
    let lines = prop::collection::vec(text(), 0..4);
    let kind = (events, statuses, languages, sources);
    (kind, texts, jobs, lines, text(), any::<Option<i64>>()).prop_map(|(kind, texts, jobs, lines, extra, now)| {
        let (event, status, language, source) = kind;
        let mut ci = json!({
            "CI_COMMIT_SHORT_SHA": "1a2b3c4d", "CI_JOB_STATUS": status, "CI_PIPELINE_SOURCE": source, "CI_PIPELINE_ID": "1",
            "CI_SERVER_URL": "https://gitlab.corp.example", "CI_PROJECT_URL": "https://gitlab.corp.example/g/p", "CI_PIPELINE_URL": "https://gitlab.corp.example/g/p/-/pipelines/1",
            "CI_JOB_URL": "https://gitlab.corp.example/g/p/-/jobs/1", "CI_COMMIT_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678",
        });
        for (name, text) in TEXTS.iter().zip(texts) {
            if let Some(text) = text {
                ci[*name] = text.into();
            }
        }
        let jobs = jobs.map(|jobs| {
            let job = |(name, stage)| json!({"name": name, "stage": stage, "web_url": "https://gitlab.corp.example/g/p/-/jobs/2"});
            jobs.into_iter().map(job).collect::<Vec<_>>()
        });
        json!({
            "version": 1, "event": event, "ci": ci, "failed_jobs": jobs, "now": now,
            "settings": {"language": language, "mention": "here,subteam:S0OPERATORS", "app_url": "https://gitlab.corp.example/%{branch}",
                         "grafana_url": "https://gitlab.corp.example/grafana", "loki_query": "{app=\"%{project}\"}"},
            "settings_file": {"lines": lines, "events": {"deploy-failed": {"text": extra}}},
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_field_makes_a_sound_message(context in context()) {
        let context = context.to_string();
        let output = MODULE.run(context.as_bytes()).unwrap();
        prop_assert_eq!(&output, &MODULE.run(context.as_bytes()).unwrap());
        let message: Value = serde_json::from_slice(&output).unwrap();
        let body = &message["message"];
        prop_assert_eq!(slack_limits::check(body), Ok(()));
        for element in slack_limits::elements(body) {
            let mentioned = ["user_id", "usergroup_id", "range", "channel_id"].iter().find_map(|key| element[key].as_str());
            prop_assert!(mentioned.is_none_or(|it| ["here", "S0OPERATORS"].contains(&it)), "{}", element);
            let url = element["url"].as_str();
            prop_assert!(url.is_none_or(|url| url.starts_with("https://gitlab.corp.example/")), "{}", element);
        }
        for (_, mrkdwn) in slack_limits::mrkdwn_texts(body) {
            for token in mrkdwn.split('<').skip(1) {
                prop_assert!(token.starts_with("https://gitlab.corp.example/") || token.starts_with("!date^"), "{}", mrkdwn);
            }
        }
        let text = body["text"].as_str().unwrap();
        for raw in ["<", ">", "@channel", "@here", "@everyone", "://"] {
            prop_assert!(!text.contains(raw), "{}", text);
        }
    }

    /// The environment of a message is the first in the order of the docs that is set for this job.
    #[test]
    fn the_environment_is_one_that_somebody_named(
        routed in prop::option::of("[a-z]{3,8}"),
        of_job in prop::option::of("(review/)?[a-z]{3,8}"),
        mapping in prop::option::of(prop::sample::select(vec!["main=live", "release/*=candidate@eks", "*=%{branch}", ""])),
        branch in prop::sample::select(vec!["main", "development", "release/1", "feature/x"]),
        event in prop::sample::select(vec!["pipeline-started", "deploy-started", "deploy-finished", "pipeline-finished"]),
    ) {
        let mut ci = json!({"CI_COMMIT_BRANCH": branch, "CI_JOB_STATUS": "success"});
        for (name, value) in [("DEPLOY_ENVIRONMENT", &routed), ("CI_ENVIRONMENT_NAME", &of_job)] {
            if let Some(value) = value {
                ci[name] = value.as_str().into();
            }
        }
        let mapped = match (mapping, branch) {
            (Some("main=live"), "main") => "live",
            (Some("release/*=candidate@eks"), "release/1") => "candidate",
            // A mapping that is set replaces the default, which is `main=prod,development=dev`.
            (None, "main") => "prod",
            (None, "development") => "dev",
            (_, branch) => branch,
        };
        let of_job = of_job.as_deref().filter(|name| !name.starts_with("review/"));
        let expected = routed.as_deref().or(of_job).unwrap_or(mapped);
        let settings = mapping.map_or(json!({}), |mapping| json!({"environments": mapping}));
        let context = json!({"version": 1, "event": event, "ci": ci, "settings": settings});
        let message: Value = serde_json::from_slice(&MODULE.run(context.to_string().as_bytes()).unwrap()).unwrap();
        prop_assert_eq!(message["environment"].as_str(), Some(expected));
        prop_assert!(message["message"]["blocks"].to_string().contains(expected));
    }

    /// Jobs of one pipeline that differ only in their names get different messages.
    #[test]
    fn messages_of_different_jobs_are_never_alike(
        names in prop::sample::subsequence(vec!["deploy", "ship", "prod", "deploy: [eu]", "deploy: [us]", "deploy 1/2", "배포"], 2),
        event in prop::sample::select(vec!["deploy-started", "deploy-finished"]),
        status in prop::sample::select(vec!["success", "failed", "canceled"]),
        action in prop::sample::select(vec!["start", "stop", "verify"]),
    ) {
        let body = |name: &str| {
            let ci = json!({
                "CI_COMMIT_BRANCH": "main", "CI_JOB_NAME": name, "CI_JOB_STAGE": "ship", "CI_JOB_STATUS": status,
                "CI_ENVIRONMENT_ACTION": action, "CI_SERVER_URL": "https://gitlab.corp.example", "CI_JOB_URL": "https://gitlab.corp.example/g/p/-/jobs/1",
            });
            let context = json!({"version": 1, "event": event, "ci": ci}).to_string();
            let message: Value = serde_json::from_slice(&MODULE.run(context.as_bytes()).unwrap()).unwrap();
            message["message"].to_string()
        };
        prop_assert_ne!(body(names[0]), body(names[1]));
    }

    /// A message shows a success only if GitLab reports one.
    #[test]
    fn only_a_success_shows_a_success(
        event in prop::sample::select(vec!["deploy-started", "deploy-finished", "pipeline-finished"]),
        status in prop::option::of(prop::sample::select(vec!["success", "failed", "canceled", "running", "skipped", "Success"])),
        action in prop::option::of(prop::sample::select(vec!["start", "stop", "verify", "access", "prepare"])),
        result in prop::option::of(prop::sample::select(vec!["success", "failed"])),
        jobs in prop::option::of(prop::collection::vec(prop::sample::select(vec!["build", "test"]), 0..2)),
        others in prop::collection::vec(prop::sample::select(vec!["canceled", "manual", "running", "created"]), 0..2),
        all_known in prop::bool::ANY,
        before in prop::option::of(prop::sample::select(vec!["success", "failed"])),
        language in prop::sample::select(vec!["en", "ko"]),
    ) {
        let has_failed = jobs.as_ref().is_some_and(|jobs| !jobs.is_empty());
        let is_proven = result.is_none() && all_known && others.is_empty();
        let others = others.into_iter().map(|status| json!({"name": "x", "status": status})).collect::<Vec<_>>();
        let jobs = jobs.map(|jobs| jobs.into_iter().map(|name| json!({"name": name})).collect::<Vec<_>>());
        let context = json!({
            "version": 1, "event": event, "result": result, "failed_jobs": jobs, "history": {"previous_status": before},
            "other_jobs": others, "all_jobs_known": all_known,
            "ci": {
                "CI_JOB_NAME": "ship", "CI_JOB_STATUS": status.unwrap_or_default(),
                "CI_ENVIRONMENT_ACTION": action.unwrap_or_default(), "CI_COMMIT_BRANCH": "main",
            },
            "settings": {"language": language},
        });
        let message: Value = serde_json::from_slice(&MODULE.run(context.to_string().as_bytes()).unwrap()).unwrap();
        let text = message["message"]["text"].as_str().unwrap();
        let shows_success = ["succeeded", "fixed", "stopped", "성공", "복구됨", "중지됨", "✅", "🎉"].iter().any(|it| text.contains(it));
        let is_success = match event {
            "deploy-finished" => status == Some("success"),
            "pipeline-finished" => !has_failed && (result == Some("success") || is_proven),
            _ => false,
        };
        prop_assert_eq!(shows_success, is_success, "{}", text);
    }
}
