//! The component's templates: against GitLab's own schema, and against our rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pipeline_notifier::settings::SETTINGS;
use serde_json::Value as Json;
use serde_yaml_ng::{Deserializer, Value};

use crate::harness::{Notifier, scratch};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A template's header and body.
pub(crate) fn documents(template: &str) -> (Value, Value) {
    let text = fs::read_to_string(root().join("templates").join(template)).unwrap();
    let mut documents = Deserializer::from_str(&text).map(|it| <Value as serde::Deserialize>::deserialize(it).unwrap());
    let (header, mut body) = (documents.next().unwrap(), documents.next().unwrap());
    assert!(documents.next().is_none());
    body.apply_merge().unwrap();
    (header, body)
}

/// The inputs of a template, by name.
fn inputs(template: &str) -> BTreeMap<String, Value> {
    let (header, _) = documents(template);
    let inputs = header["spec"]["inputs"].as_mapping().unwrap().clone();
    inputs.into_iter().map(|(name, input)| (name.as_str().unwrap().to_owned(), input)).collect()
}

/// Every script line of a value, with what stands before it as its place.
fn scripts(value: &Value) -> Vec<String> {
    let lists = ["script", "before_script", "after_script"].iter().filter_map(|key| value.get(*key));
    lists.flat_map(|list| list.as_sequence().unwrap().iter().filter_map(Value::as_str).map(str::to_owned)).collect()
}

#[test]
fn the_templates_are_rendered_from_the_component() {
    let rendered = Command::new(root().join("release/render")).output().unwrap();
    assert!(rendered.status.success());
    let published = fs::read(root().join("templates/notify.yml")).unwrap();
    assert!(rendered.stdout == published, "templates/notify.yml is stale; mend it with: make templates");
}

#[test]
fn every_input_is_described_and_bounded() {
    for template in ["notify.yml", "deploy-target.yml"] {
        for (name, input) in inputs(template) {
            let description = input["description"].as_str().unwrap_or_default();
            assert!((10..=1024).contains(&description.len()), "{name} has no description");
            assert!(input.get("default").is_some(), "{name} has no default");
            let typed = input["type"].as_str().is_some_and(|kind| ["boolean", "number", "array"].contains(&kind));
            assert!(typed || input.get("options").is_some() || input.get("regex").is_some(), "{name} takes anything");
        }
    }
}

#[test]
fn the_inputs_are_the_settings() {
    let design = [
        "start_job",
        "start_stage",
        "build_check_job",
        "build_check_stage",
        "deploy_job",
        "image",
        "git_strategy",
        "carry_binary",
        "package_url",
        "webhook_variable",
        "language",
        "environments",
        "events",
        "branches",
        "mention",
        "timeout",
        "channel",
        "ops_channel",
        "ops_mention",
        "ops_environments",
        "grafana_url",
        "grafana_org",
        "loki_datasource",
        "loki_query",
        "logs_url",
        "app_url",
    ];
    let inputs = inputs("notify.yml");
    let names: Vec<&str> = inputs.keys().map(String::as_str).collect();
    let mut expected = design.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    // A file and a list of hosts are no inputs: they are the team's, not the pipeline's.
    for setting in SETTINGS.iter().filter(|setting| !["user_map", "allow_hosts"].contains(&setting.name)) {
        assert!(names.contains(&setting.name), "the setting {} is no input", setting.name);
    }
}

#[test]
fn every_setting_reaches_the_jobs_unexpanded() {
    let (_, body) = documents("notify.yml");
    for job in ["$[[ inputs.start_job ]]", "$[[ inputs.build_check_job ]]", "$[[ inputs.deploy_job ]]"] {
        let variables = body[job]["variables"].as_mapping().unwrap();
        for setting in SETTINGS.iter().filter(|setting| !["user_map", "allow_hosts"].contains(&setting.name)) {
            let variable = &variables[&*pipeline_notifier::settings::variable(setting.name)];
            assert_eq!(variable["value"].as_str().unwrap().trim(), format!("$[[ inputs.{} ]]", setting.name), "{job}");
            assert_eq!(variable["expand"].as_bool(), Some(false), "{job} {}", setting.name);
        }
    }
}

#[test]
fn the_header_works_from_gitlab_17_0_on() {
    for template in ["notify.yml", "deploy-target.yml"] {
        let (header, _) = documents(template);
        let keys = |value: &Value| {
            value.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&header), ["spec"]);
        assert_eq!(keys(&header["spec"]), ["inputs"]);
        for (name, input) in inputs(template) {
            for key in keys(&input) {
                assert!(
                    ["description", "default", "type", "options", "regex"].contains(&key.as_str()),
                    "{name}: {key}"
                );
            }
        }
        let text = fs::read_to_string(root().join("templates").join(template)).unwrap();
        for block in text.split("$[[").skip(1).map(|rest| rest.split("]]").next().unwrap()) {
            let name = block.trim().strip_prefix("inputs.").unwrap_or_else(|| panic!("{template}: {block}"));
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{template}: a function in {block}");
        }
    }
}

#[test]
fn no_global_keyword_and_nothing_but_hooks_in_the_deploy_job() {
    let (_, body) = documents("notify.yml");
    let jobs: Vec<&str> = body.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(
        jobs,
        [".pipeline-notifier", "$[[ inputs.start_job ]]", "$[[ inputs.build_check_job ]]", "$[[ inputs.deploy_job ]]"]
    );
    let keys = |job: &str| body[job].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(keys("$[[ inputs.deploy_job ]]"), ["variables", "before_script", "after_script"]);
    assert_eq!(keys(".pipeline-notifier"), ["variables", "script"]);
    for job in ["$[[ inputs.start_job ]]", "$[[ inputs.build_check_job ]]"] {
        assert_eq!(body[job]["allow_failure"].as_bool(), Some(true), "{job}");
        assert_eq!(body[job]["interruptible"].as_bool(), Some(true), "{job}");
        assert_eq!(body[job]["timeout"].as_str(), Some("2m"), "{job}");
    }
    assert_eq!(body["$[[ inputs.start_job ]]"]["needs"].as_sequence().map(Vec::len), Some(0));
    assert_eq!(body["$[[ inputs.build_check_job ]]"]["when"].as_str(), Some("on_failure"));
    let (_, target) = documents("deploy-target.yml");
    assert_eq!(target.as_mapping().unwrap().keys().collect::<Vec<_>>(), [".deploy-target"]);
}

#[test]
fn scripts_hold_pins_as_literals_and_no_input() {
    let (_, body) = documents("notify.yml");
    let all: Vec<String> = body.as_mapping().unwrap().values().flat_map(scripts).collect();
    assert!(all.len() >= 6, "{all:?}");
    for script in &all {
        assert!(!script.contains("$[["), "an input in shell text: {script}");
        assert!(!script.contains('@') || script.contains("\"$@\""), "a placeholder is left: {script}");
    }
    let bootstrap = &all[0];
    let pins = fs::read_to_string(root().join("release/pins")).unwrap();
    for pin in pins.lines().filter_map(|line| line.split_once('=')).map(|(_, value)| value) {
        assert!(bootstrap.contains(&format!("'{pin}'")), "{pin} is no literal of the script");
    }
    // The scripts name neither the webhook nor a variable of it, so that a trace shows nothing.
    assert!(!bootstrap.contains("WEBHOOK"), "{bootstrap}");
    for job in ["$[[ inputs.start_job ]]", "$[[ inputs.build_check_job ]]", "$[[ inputs.deploy_job ]]"] {
        for script in scripts(&body[job]).iter().filter(|script| script.contains("pipeline_notifier send")) {
            assert!(script.ends_with(" || true"), "{job} can fail: {script}");
        }
    }
}

#[test]
fn shellcheck_finds_nothing() {
    let (_, body) = documents("notify.yml");
    for (name, job) in body.as_mapping().unwrap() {
        let lines = scripts(job).join("\n");
        let script = format!("#!/bin/sh\n# shellcheck disable=SC2086\n:\n{lines}\n");
        let file = scratch().join("script.sh");
        fs::write(&file, script).unwrap();
        let checked = Command::new("shellcheck").args(["--shell=sh", "--severity=info"]).arg(&file).output().unwrap();
        assert!(checked.status.success(), "{name:?}: {}", String::from_utf8_lossy(&checked.stdout));
    }
}

/// What `environments` and `deploy-target` say of a branch must be the same, as a message names what was deployed.
#[test]
fn the_default_routing_is_the_default_mapping() {
    let rules = inputs("deploy-target.yml")["rules"]["default"].clone();
    for branch in ["main", "development", "feature/x"] {
        let rule = rules.as_sequence().unwrap().iter().find(|rule| {
            let condition = rule["if"].as_str().unwrap();
            condition == "$CI_COMMIT_BRANCH" || condition == format!("$CI_COMMIT_BRANCH == \"{branch}\"")
        });
        let routed =
            |name: &str| rule.unwrap()["variables"][name].as_str().unwrap().replace("$CI_COMMIT_BRANCH", branch);
        let mapping = inputs("notify.yml")["environments"]["default"].as_str().unwrap().to_owned();
        for mapping in ["", &mapping] {
            let body = Notifier::new(&["render", "deploy-started"])
                .with("CI_COMMIT_BRANCH", branch)
                .with("CI_COMMIT_REF_NAME", branch)
                .with("NOTIFIER_ENVIRONMENTS", mapping)
                .run()
                .json();
            let text = body["text"].as_str().unwrap();
            assert!(text.starts_with(&format!("{}: deploy started", routed("DEPLOY_ENVIRONMENT"))), "{text}");
            assert!(body.to_string().contains(&format!("Cluster  {}", routed("DEPLOY_CLUSTER"))), "{body}");
        }
    }
}

/// GitLab's schema, through the checker that carries it. The transform teaches it the tag `!reference`.
pub(crate) fn schema_errors(yaml: &str) -> Option<String> {
    let file = scratch().join("checked.yml");
    fs::write(&file, yaml).unwrap();
    let checked = Command::new(root().join("target/tools/bin/check-jsonschema"))
        .args(["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"])
        .arg(&file)
        .output()
        .expect("`make setup` installs check-jsonschema");
    (!checked.status.success()).then(|| String::from_utf8_lossy(&checked.stdout).into_owned())
}

/// What is wrong with files by one of our published schemas.
pub(crate) fn schema_faults(schema: &str, files: &[PathBuf]) -> Option<String> {
    let mut check = Command::new(root().join("target/tools/bin/check-jsonschema"));
    check.arg("--schemafile").arg(root().join("schemas").join(schema)).args(files);
    let checked = check.output().expect("`make setup` installs check-jsonschema");
    (!checked.status.success()).then(|| String::from_utf8_lossy(&checked.stdout).into_owned())
}

/// Puts values in place of the inputs, as GitLab does before it looks at the body.
fn interpolate(template: &str, values: &BTreeMap<&str, Json>) -> (String, String) {
    let text = fs::read_to_string(root().join("templates").join(template)).unwrap();
    let (header, body) = text.split_once("\n---\n").unwrap();
    let mut body = body.to_owned();
    for (name, input) in inputs(template) {
        let default: Json = serde_json::to_value(&input["default"]).unwrap();
        let value = values.get(name.as_str()).unwrap_or(&default);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        body = body.replace(&format!("$[[ inputs.{name} ]]"), &value);
    }
    (header.to_owned(), body)
}

#[test]
fn every_template_is_valid_by_gitlabs_schema() {
    let unusual: BTreeMap<&str, Json> = [
        ("start_job", "시작 job: 1".into()),
        ("start_stage", "start".into()),
        ("deploy_job", "review".into()),
        ("git_strategy", "fetch".into()),
        ("carry_binary", true.into()),
        ("timeout", 2.5.into()),
        ("language", "ko".into()),
        ("loki_query", r#"{app="%{project}"} |= `it's: #1`"#.into()),
        ("app_url", "https://%{CI_COMMIT_REF_SLUG}.shop.example/?a=b#c".into()),
        ("environments", "release/*=staging@eks-dev, *=%{branch}@play".into()),
    ]
    .into_iter()
    .collect();
    for template in ["notify.yml", "deploy-target.yml"] {
        for values in [&BTreeMap::new(), &unusual] {
            let (header, body) = interpolate(template, values);
            assert_eq!(schema_errors(&header), None, "{template}");
            assert_eq!(schema_errors(&body), None, "{template}");
        }
    }
}

#[test]
fn the_schema_check_refuses_what_gitlab_would() {
    for broken in [
        "job:\n  script: make\n  allow_failures: true\n",
        "job:\n  script: make\n  when: on_failed\n",
        "spec:\n  inputs:\n    x:\n      type: text\n",
    ] {
        assert!(schema_errors(broken).is_some(), "{broken}");
    }
}

#[test]
fn every_example_and_our_own_pipeline_are_valid_by_gitlabs_schema() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("examples/pipelines")).unwrap().map(|it| it.unwrap().path()).collect();
    files.push(root().join(".gitlab-ci.yml"));
    for file in files {
        assert_eq!(schema_errors(&fs::read_to_string(&file).unwrap()), None, "{}", file.display());
    }
}
