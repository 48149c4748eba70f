//! `.pipeline-notifier.json` in the consumer's repository: routing, mentions, lines, links and texts. Settings win over it. It
//! sets neither secrets nor hosts.

use std::fs;

use serde_json::{Value, json};

use crate::component::schema_faults;
use crate::support::ended::Ended;
use crate::support::harness::root;
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits::mentions;
use crate::support::workspace::{DEPLOYS, OPS, TOKEN, Workspace, slack};

const JOB: &str = "gitlab-18-deploy-on-main";

/// Prepares a call in a checkout with this settings file.
fn call(arguments: &[&str], file: &str) -> Notifier {
    let directory = scratch();
    fs::write(directory.join(".pipeline-notifier.json"), file).unwrap();
    Notifier::new(arguments).job(JOB).with("CI_PROJECT_DIR", directory.to_str().unwrap())
}

fn example() -> String {
    fs::read_to_string(root().join("examples/pipeline-notifier.json")).unwrap()
}

#[track_caller]
fn without_a_warning(ended: Ended) -> Ended {
    assert!(ended.status == 0 && !ended.stderr.contains("warning"), "{}", ended.stderr);
    ended
}

#[test]
fn the_example_works_as_written() {
    let map = r#"{"minsu.kim@corp.example": "U0MINSUKIM"}"#;
    let call_with_map = call(&["render", "deploy-finished"], &example()).with("NOTIFIER_USER_MAP", map);
    let body = without_a_warning(call_with_map.with("CI_JOB_STATUS", "failed").run()).json();
    assert_eq!(
        body["text"],
        "❌ [shop-api] prod: deploy failed · rollout failed (review), by Kim Minsu (main 1a2b3c4d)"
    );
    assert_eq!(mentions(&body), ["U0MINSUKIM", "S0SHOPTEAM"]);
    for shown in ["Roll back with: make rollback ENV=prod", "https://wiki.example/runbooks/shop-api"] {
        assert!(body.to_string().contains(shown), "{body}");
    }
    let body = call(&["render", "deploy-finished"], &example()).run().json();
    assert!(body.to_string().contains("https://grafana.example/d/app?var-env=prod"), "{body}");
    assert!(mentions(&body).is_empty());
}

#[test]
fn settings_win_over_the_file() {
    let call = call(&["render", "deploy-finished", "--mention", "here"], &example()).with("CI_JOB_STATUS", "failed");
    assert_eq!(mentions(&without_a_warning(call.run()).json()), ["here"]);
}

#[test]
fn each_environment_has_its_channel_and_its_operators() {
    let file = json!({"environments": {
        "prod": {"channel": DEPLOYS, "ops_channel": OPS, "ops_mention": "subteam:S0OPERATORS"},
        "*": {"channel": "#deploys"},
    }});
    let (server, workspace) = slack(Workspace::new());
    let send = |branch: &str, channel: &str| {
        let call = call(&["send", "deploy-finished"], &file.to_string()).with("CI_JOB_STATUS", "failed");
        let call = call.with("CI_COMMIT_BRANCH", branch).with("CI_COMMIT_REF_NAME", branch).with("CI_PIPELINE_ID", "1");
        let call = call.with("SLACK_BOT_TOKEN", TOKEN).with("SLACK_API_URL", server.url("/api"));
        without_a_warning(call.with("NOTIFIER_CHANNEL", channel).run());
        let posts = server.requests().into_iter().filter(|it| it.target.ends_with("chat.postMessage"));
        posts.map(|it| it.json()["channel"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(send("feature/x", ""), ["#deploys"]);
    assert_eq!(send("main", ""), ["#deploys", DEPLOYS, OPS]);
    let operators = workspace.lock().unwrap().top_level(OPS);
    assert_eq!(mentions(&Value::Object(operators[0].body.clone())), ["S0OPERATORS"]);
    // The channel of the settings wins. If neither has a channel, the webhook is used and a warning gives the reason.
    assert_eq!(send("feature/x", DEPLOYS).last().unwrap(), DEPLOYS);
    let hook = Server::start([Reply::ok()]);
    let call = call(&["send", "deploy-finished"], "{}").with("SLACK_BOT_TOKEN", TOKEN);
    let reported = call.with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH)).run();
    assert!(reported.stderr.contains("`environments` in .pipeline-notifier.json"), "{}", reported.stderr);
    hook.only_request();
}

#[test]
fn a_fault_in_the_file_is_reported_and_the_rest_counts() {
    let file = r#"{"mention": "here", "webhook": "https://evil.example/", "grafana_url": "https://evil.example/", "lines": "x",
                   "environments": {"prod": {"token": "xoxb-1", "allow_hosts": "evil.example"}}, "events": {"deployed": {}}}"#;
    let ended = call(&["render", "deploy-finished"], file).with("CI_JOB_STATUS", "failed").run();
    for named in [
        "`webhook` is unknown, so it is ignored",
        "`grafana_url` is unknown, so it is ignored",
        "`lines` is not a list of strings",
        "`environments.prod.token` is unknown",
        "`environments.prod.allow_hosts` is unknown",
        "`events.deployed` is not an event; the events are",
    ] {
        assert!(
            ended.stderr.contains(&format!("warning: .pipeline-notifier.json: {named}")),
            "{named}: {}",
            ended.stderr
        );
    }
    assert!(!ended.stdout.contains("evil"), "{}", ended.stdout);
    assert_eq!(mentions(&ended.json()), ["here"]);
    for (broken, warning) in [("{", "is not JSON: "), ("[]", "is not a JSON object"), ("\u{feff}{}", "is not JSON: ")] {
        let ended = call(&["render", "deploy-finished"], broken).run();
        assert!(ended.status == 0 && ended.stderr.contains(warning), "{}", ended.stderr);
    }
    let directory = scratch();
    fs::create_dir(directory.join(".pipeline-notifier.json")).unwrap();
    let ended = Notifier::new(&["render", "deploy-finished"])
        .job(JOB)
        .with("CI_PROJECT_DIR", directory.to_str().unwrap())
        .run();
    assert!(ended.status == 0 && ended.stderr.contains("cannot be read"), "{}", ended.stderr);
}

#[test]
fn the_published_schema_matches_the_notifier() {
    let is_valid = |file: &Value| {
        let path = scratch().join("settings.json");
        fs::write(&path, file.to_string()).unwrap();
        schema_faults("settings.v1.json", &[path]).is_none()
    };
    let warns = |file: &Value| call(&["render", "deploy-started"], &file.to_string()).run().stderr.contains("warning");
    let example: Value = serde_json::from_str(&example()).unwrap();
    assert!(is_valid(&example) && !warns(&example));
    let text = json!("here");
    let link = json!([{"label": "x", "url": "https://wiki.example/"}]);
    for key in ["mention", "ops_mention", "text", "channel", "ops_channel", "lines", "links", "webhook"] {
        let value = match key {
            "lines" => json!(["x"]),
            "links" => link.clone(),
            _ => text.clone(),
        };
        for file in [
            json!({key: value}),
            json!({"events": {"deploy-failed": {key: value}}}),
            json!({"environments": {"*": {key: value}}}),
        ] {
            assert_eq!(is_valid(&file), !warns(&file), "{file}");
        }
    }
    for wrong in [
        json!({"lines": "x"}),
        json!({"links": [{"label": "x"}]}),
        json!({"mention": 7}),
        json!({"events": {"deployed": {}}}),
    ] {
        assert!(!is_valid(&wrong) && warns(&wrong), "{wrong}");
    }
}
