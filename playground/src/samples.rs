//! The playground's data about the project: the component's inputs, its release, and jobs of every kind from the test
//! fixtures.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::setting::{SETTINGS, Takes};

/// Each event, and the fixture that shows it.
const EVENTS: [(&str, &str); 18] = [
    ("pipeline started", "pipeline-started-main"),
    ("build failed", "pipeline-failed-one-job"),
    ("deploy started", "deploy-started-main"),
    ("deploy succeeded", "deploy-succeeded-main"),
    ("deploy failed", "deploy-failed-main"),
    ("deploy canceled", "deploy-canceled-feature"),
    ("deploy ran out of time", "pipeline-failed-deployment-timed-out"),
    ("deployed again", "deploy-again-main"),
    ("rolled back", "deploy-rolled-back-main"),
    ("pipeline fixed", "pipeline-fixed"),
    ("pipeline failed", "pipeline-failed"),
    ("new and old failures", "pipeline-failed-new-and-old"),
    ("failed tests and the log", "pipeline-failed-tests-and-log"),
    ("pipeline still failing", "pipeline-still-failing-nothing-new"),
    ("pipeline succeeded", "pipeline-succeeded"),
    ("pipeline canceled", "pipeline-canceled"),
    ("waiting for somebody", "pipeline-waiting"),
    ("the digest of a week", "digest-week"),
];

/// The fields of a fixture that are about the event.
const OF_EVENT: [&str; 11] = [
    "event",
    "result",
    "failed_jobs",
    "more_failed_jobs",
    "other_jobs",
    "optional_jobs",
    "all_jobs_known",
    "history",
    "why",
    "digest",
    "now",
];

/// Each kind of pipeline, and a fixture of it.
const KINDS: [(&str, &str); 8] = [
    ("branch main", "deploy-succeeded-main"),
    ("branch development", "deploy-succeeded-development-korean"),
    ("feature branch", "deploy-succeeded-feature"),
    ("merge request", "deploy-succeeded-merge-request"),
    ("tag", "deploy-succeeded-tag"),
    ("schedule", "pipeline-started-schedule"),
    ("trigger", "pipeline-started-trigger"),
    ("child pipeline", "pipeline-started-child"),
];

pub(crate) fn json(root: &Path) -> Result<String, Box<dyn Error>> {
    let context = |name: &str| -> Result<Value, Box<dyn Error>> {
        let path = root.join("tests/fixtures/messages").join(name).join("context.json");
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    };
    let mut events = Vec::new();
    for (name, fixture) in EVENTS {
        let fixture = context(fixture)?;
        let mut sample = fixture.clone();
        let fields = sample.as_object_mut().ok_or("a context is an object")?;
        // The playground has its own settings and people.
        fields.retain(|field, _| OF_EVENT.contains(&field.as_str()));
        fields.insert("name".to_owned(), name.into());
        fields.insert("ci".to_owned(), variables(&fixture, true).into());
        events.push(sample);
    }
    let mut kinds = Vec::new();
    for (name, fixture) in KINDS {
        kinds.push(json!({"name": name, "ci": variables(&context(fixture)?, false)}));
    }
    let samples = json!({"release": release(root)?, "inputs": inputs(root)?, "events": events, "kinds": kinds});
    Ok(samples.to_string())
}

/// Returns the variables of a job, or those of its pipeline. The playground names the environment, which follows the branch.
fn variables(context: &Value, of_job: bool) -> Map<String, Value> {
    let ci = context["ci"].as_object().into_iter().flatten();
    let wanted = ci.filter(|(name, _)| name.starts_with("CI_JOB_") == of_job && !name.starts_with("CI_ENVIRONMENT_"));
    wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns the version, and the path of the project that the templates download from. A release is pinned after it is built, so its pins
/// do not have the version yet.
fn release(root: &Path) -> Result<Value, Box<dyn Error>> {
    let pins = fs::read_to_string(root.join("release/pins"))?;
    let project = pins.lines().find_map(|line| line.strip_prefix("PROJECT=")).unwrap_or_default().replace("%2F", "/");
    Ok(json!({"version": env!("CARGO_PKG_VERSION"), "project": project}))
}

/// Returns the component's inputs in their order, each described in both languages of the playground.
fn inputs(root: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let korean: Value = serde_json::from_slice(&fs::read(root.join("docs/ko/settings.json"))?)?;
    let component = fs::read_to_string(root.join("component.yml"))?;
    let header = component.split("\n---\n").next().unwrap_or_default();
    let header: serde_yaml_ng::Value = serde_yaml_ng::from_str(header)?;
    let inputs = header["spec"]["inputs"].as_mapping().ok_or("component.yml has no inputs")?;
    let mut described = Vec::new();
    for (name, input) in inputs {
        // A list of mappings is no text for a field.
        if input["type"].as_str() == Some("array") {
            continue;
        }
        let mut input = serde_json::to_value(input)?;
        let name = name.as_str().unwrap_or_default();
        input["name"] = name.into();
        input["description_ko"] = korean[name].clone();
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        input["for_module"] = setting.is_some_and(|it| it.for_module).into();
        input["is_list"] = setting.is_some_and(|it| it.takes == Takes::List).into();
        described.push(input);
    }
    Ok(described)
}
