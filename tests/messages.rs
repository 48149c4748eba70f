//! Every golden message: the real module renders each context under the real limits. [`slack_limits`] checks each golden message,
//! and a hostile text appears only as text.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use pipeline_notifier::module::pin::built_in_wasm;
use pipeline_notifier::sandbox::Guest;
use serde_json::Value;

use crate::component::schema_faults;
use crate::support::harness::fixtures;
use crate::support::scratch::scratch;
use crate::support::slack_limits;

fn cases() -> Vec<(String, PathBuf)> {
    let mut cases: Vec<_> = fs::read_dir(fixtures().join("messages"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_context_renders_to_its_golden_message() {
    let (native, compiled) = (Guest::built_in().unwrap(), Guest::from_wasm(built_in_wasm()).unwrap());
    // The value is the name of a case, or `all`.
    let update = std::env::var("UPDATE_GOLDEN").ok();
    let is_updated = |name: &str| update.as_ref().is_some_and(|it| it == "all" || it == name);
    assert!(
        update.is_none() || cases().iter().any(|(name, _)| is_updated(name)),
        "tests/fixtures/messages has no case {}: make golden CASE=NAME",
        update.unwrap_or_default()
    );
    let mut wrong = Vec::new();
    for (name, path) in cases() {
        let context = fs::read(path.join("context.json")).unwrap();
        let rendered = native.run(&context).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(rendered, compiled.run(&context).unwrap(), "{name}: both ways to run a module agree");
        let message: Value = serde_json::from_slice(&rendered).unwrap();
        let pretty = format!("{message:#}\n");
        let golden = path.join("message.json");
        if is_updated(&name) {
            fs::write(&golden, &pretty).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != pretty {
            wrong.push(format!("{name}: {pretty}"));
        }
    }
    let hint = "where this is right: `make golden`, or `make golden CASE=NAME` for one, and look at the difference";
    assert!(wrong.is_empty(), "{} messages differ from their golden file; {hint}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_golden_message_is_within_slacks_limits() {
    for (name, path) in cases() {
        let message = golden(&path);
        slack_limits::check(&message["message"]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

/// The contents of the contexts count, not the names of the cases.
#[test]
fn there_is_a_message_for_every_event_outcome_kind_of_ref_and_language() {
    let mut seen = BTreeSet::new();
    for (_, path) in cases() {
        let context: Value = serde_json::from_slice(&fs::read(path.join("context.json")).unwrap()).unwrap();
        let ci = |name: &str| context["ci"][name].as_str().unwrap_or_default().to_owned();
        let event = context["event"].as_str().unwrap_or_default();
        let outcome = match event {
            "deploy-finished" => ci("CI_JOB_STATUS"),
            "pipeline-finished" => context["result"].as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let language = context["settings"]["language"].as_str().unwrap_or("en");
        seen.insert(format!("{event} {outcome} in {language}"));
        for name in ["CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_MERGE_REQUEST_IID"] {
            seen.extend(context["ci"].get(name).map(|_| name.to_owned()));
        }
        seen.insert(ci("CI_PIPELINE_SOURCE"));
    }
    for language in ["en", "ko"] {
        for outcome in [
            "pipeline-started ",
            "deploy-started ",
            "deploy-finished success",
            "deploy-finished failed",
            "deploy-finished canceled",
            "pipeline-finished success",
            "pipeline-finished failed",
        ] {
            let wanted = format!("{outcome} in {language}");
            assert!(seen.contains(&wanted), "no case is {wanted}: {seen:?}");
        }
    }
    // Kinds of refs, and sources of a pipeline
    // (<https://docs.gitlab.com/ci/jobs/job_rules/#ci_pipeline_source-predefined-variable>).
    for kind in [
        "CI_COMMIT_BRANCH",
        "CI_COMMIT_TAG",
        "CI_MERGE_REQUEST_IID",
        "push",
        "merge_request_event",
        "schedule",
        "trigger",
        "pipeline",
        "parent_pipeline",
        "api",
    ] {
        assert!(seen.contains(kind), "no case has {kind}: {seen:?}");
    }
}

#[test]
fn hostile_text_mentions_nobody_and_makes_no_link() {
    for (name, path) in cases().into_iter().filter(|(name, _)| name.starts_with("hostile")) {
        let message = golden(&path)["message"].clone();
        for (at, mrkdwn) in slack_limits::mrkdwn_texts(&message) {
            for token in mrkdwn.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
                assert!(token.starts_with("https://gitlab.corp.example/"), "{name}: {at} has <{token}>");
            }
        }
        for element in slack_limits::elements(&message) {
            let kind = element["type"].as_str().unwrap();
            assert!(["text", "link", "emoji"].contains(&kind), "{name}: a {kind} element");
            if let Some(url) = element["url"].as_str() {
                let ours =
                    ["https://gitlab.corp.example/", "https://grafana.corp.example/", "https://main.shop.example"];
                assert!(ours.iter().any(|base| url.starts_with(base)), "{name}: {url}");
            }
        }
        let text = message["text"].as_str().unwrap();
        for raw in ["<", ">", "@channel", "@here", "@everyone", "://", "\u{1b}", "\u{202e}"] {
            assert!(!text.contains(raw), "{name}: {raw:?} in {text}");
        }
    }
}

/// The notifier gets the route before it asks Slack. The route has the environment and the skip of the message.
#[test]
fn the_route_of_every_context_is_that_of_its_message() {
    let module = Guest::built_in().unwrap();
    let mut routes = Vec::new();
    for (name, path) in cases() {
        let mut context: Value = serde_json::from_slice(&fs::read(path.join("context.json")).unwrap()).unwrap();
        context["request"] = "route".into();
        let route = module.run(context.to_string().as_bytes()).unwrap();
        let file = scratch().join(format!("{name}.json"));
        fs::write(&file, &route).unwrap();
        routes.push(file);
        let (route, message): (Value, Value) = (serde_json::from_slice(&route).unwrap(), golden(&path));
        // A recovery has the environment of the failure that is over, from the channel's history.
        let is_recovery = message["recovery"] == true;
        assert!(is_recovery || route["environment"] == message["environment"], "{name}: {route}");
        if context["event"] != "pipeline-finished" {
            assert_eq!(route["skip"], message["skip"], "{name}");
        }
    }
    assert_eq!(schema_faults("route.v1.json", &routes), None);
}

/// The schemas are the contract for the authors of modules. They accept every fixture and refuse invalid files.
#[test]
fn every_context_and_message_is_valid_by_the_published_schemas() {
    for (schema, file) in [("context.v1.json", "context.json"), ("message.v1.json", "message.json")] {
        let files: Vec<PathBuf> = cases().into_iter().map(|(_, path)| path.join(file)).collect();
        assert_eq!(schema_faults(schema, &files), None);
    }
    let wrong = scratch().join("wrong.json");
    for (schema, json) in [
        ("context.v1.json", r#"{"version":2,"event":"deploy-started"}"#),
        ("context.v1.json", r#"{"version":1,"event":"deployed"}"#),
        ("context.v1.json", r#"{"version":1,"event":"deploy-started","ci":{"CI_JOB_ID":7}}"#),
        ("message.v1.json", r##"{"version":1,"message":{"text":"x","channel":"#general"}}"##),
        ("message.v1.json", r#"{"version":1,"message":{"blocks":[]}}"#),
        ("message.v1.json", r#"{"version":1,"message":{"text":"x"},"environment":7}"#),
        ("context.v1.json", r#"{"version":1,"event":"deploy-started","request":"draft"}"#),
        ("route.v1.json", r#"{"version":1,"lookup":"minsu@corp.example"}"#),
        ("route.v1.json", r#"{"version":1,"skip":"not now"}"#),
    ] {
        fs::write(&wrong, json).unwrap();
        assert!(schema_faults(schema, std::slice::from_ref(&wrong)).is_some(), "{json}");
    }
}

#[test]
fn nothing_is_ever_null_or_empty() {
    for (name, path) in cases().into_iter().filter(|(name, _)| !name.starts_with("hostile")) {
        let message = golden(&path)["message"].to_string();
        for broken in ["null", "undefined", "\"text\":\"\"", "|>", "<|", "()", "[] "] {
            assert!(!message.contains(broken), "{name}: {broken} in {message}");
        }
    }
}

fn golden(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path.join("message.json")).unwrap()).unwrap()
}
