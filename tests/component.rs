//! Checks the component's templates against GitLab's own schema and against our rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pipeline_notifier::job::input::{INPUTS, Input};
use pipeline_notifier::job::setting::{NOTHING, Reaches, SETTINGS, Setting, Takes};
use pipeline_notifier::job::settings::variable;
use regex_lite::Regex;
use serde_json::Value as Json;
use serde_yaml_ng::{Deserializer, Value};

use crate::support::harness::{Notifier, root};
use crate::support::scratch::scratch;

const OWN_JOBS: [&str; 3] = ["$[[ inputs.start_job ]]", "$[[ inputs.finish_job ]]", "$[[ inputs.finish_job ]]-success"];

/// The inputs that are literals of the script. They decide the target of a secret and the code that is run.
pub(crate) const LITERALS: [&str; 4] = ["allow_hosts", "slack_api_url", "module_url", "module_sha256"];

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

/// Every script line of a value.
fn scripts(value: &Value) -> Vec<String> {
    let lists = ["script", "before_script", "after_script"].iter().filter_map(|key| value.get(*key));
    lists.flat_map(|list| list.as_sequence().unwrap().iter().filter_map(Value::as_str).map(str::to_owned)).collect()
}

#[test]
fn the_templates_are_rendered_from_the_component() {
    for (source, template) in [("component.yml", "notify.yml"), ("component/digest.yml", "digest.yml")] {
        let rendered = Command::new(root().join("release/render")).args(["release/pins", source]).output().unwrap();
        assert!(rendered.status.success());
        let published = fs::read(root().join("templates").join(template)).unwrap();
        assert!(rendered.stdout == published, "templates/{template} is stale; fix it with: make templates");
    }
}

#[test]
fn every_input_is_described_and_bounded() {
    for template in ["notify.yml", "digest.yml", "deploy-target.yml"] {
        for (name, input) in inputs(template) {
            let description = input["description"].as_str().unwrap_or_default();
            assert!((10..=1024).contains(&description.len()), "{name} has no description");
            assert!(input.get("default").is_some(), "{name} has no default");
            let typed =
                input["type"].as_str().is_some_and(|kind| ["string", "boolean", "number", "array"].contains(&kind));
            assert!(typed || input.get("options").is_some() || input.get("regex").is_some(), "{name} takes anything");
        }
    }
}

/// GitLab before 18.1 matches no blank value, not even a default, against the input's `regex`
/// (<https://gitlab.com/gitlab-org/gitlab/-/issues/477707>). Such an include fails as a whole.
#[test]
fn no_default_is_blank_beside_a_regex() {
    for template in ["notify.yml", "digest.yml", "deploy-target.yml"] {
        for (name, input) in inputs(template) {
            let Some(pattern) = input["regex"].as_str() else { continue };
            let default = input["default"].as_str().unwrap();
            assert!(!default.trim().is_empty(), "{template}: {name}");
            assert!(Regex::new(pattern).unwrap().is_match(default), "{template}: {name} refuses its own default");
        }
    }
}

/// A text as YAML.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The inputs, as component.yml has them.
fn generated_inputs() -> String {
    let mut inputs = String::new();
    let of_component = INPUTS.iter().map(|Input { name, default, help, takes }| (name, default, help, takes));
    let with_input = SETTINGS.iter().filter(|setting| setting.reaches != Reaches::VariableOnly);
    let of_notifier = with_input.map(|Setting { name, default, help, takes, .. }| (name, default, help, takes));
    for (name, default, help, takes) in of_component.chain(of_notifier) {
        let (default, takes) = match takes {
            Takes::Text | Takes::List => (quoted(default), "type: string".to_owned()),
            Takes::Pattern(pattern) => {
                (quoted(if default.is_empty() { NOTHING } else { default }), format!("regex: {}", quoted(pattern)))
            }
            Takes::OneOf(values) => (quoted(default), format!("options: [{}]", values.join(", "))),
            Takes::Number => ((*default).to_owned(), "type: number".to_owned()),
            Takes::Switch => ((*default == "on").to_string(), "type: boolean".to_owned()),
            Takes::Needs => ((*default).to_owned(), "type: array".to_owned()),
            Takes::Anything => continue,
        };
        let help = quoted(help);
        write!(inputs, "    {name}:\n      description: {help}\n      default: {default}\n      {takes}\n").unwrap();
    }
    inputs
}

/// The variables by which the settings reach the jobs. The block style keeps quotes and colons of a value inside it.
fn generated_variables() -> String {
    let mut variables = String::new();
    for Setting { name, takes, .. } in SETTINGS.iter().filter(|setting| setting.reaches == Reaches::Input) {
        let (variable, value) = (variable(name), format!("$[[ inputs.{name} ]]"));
        // A text of only an input would have the input's type, and no variable may be a boolean.
        let style = if matches!(takes, Takes::Switch) { "|" } else { "|-" };
        write!(variables, "    {variable}:\n      value: {style}\n        {value}\n      expand: false\n").unwrap();
    }
    variables
}

#[test]
fn the_component_has_every_setting_of_the_table() {
    let path = root().join("component.yml");
    let component = fs::read_to_string(&path).unwrap();
    let parts = [("inputs", generated_inputs()), ("variables", generated_variables())];
    let made = parts.iter().fold(component.clone(), |text, (name, part)| {
        let (before, rest) = text.split_once(&format!("    # generated: {name}\n")).unwrap();
        let (_, after) = rest.split_once("    # end\n").unwrap();
        format!("{before}    # generated: {name}\n{part}    # end\n{after}")
    });
    if std::env::var_os("UPDATE_SETTINGS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == made, "component.yml is stale; run: make settings");
}

/// An unusual value gets a warning. An input that refused it would let GitLab create no pipeline at all.
#[test]
fn an_input_refuses_nothing_that_people_write() {
    let written = [
        ("mention", "<!subteam^S0TEAM1234|@ops>; @here author"),
        ("ops_mention", "usergroup:S0TEAM1234"),
        ("branches", "/^release-.*$/, !renovate/*"),
        ("events", "Deploy-Failed; *"),
        ("channel", "<#C0123456789|deploys>"),
        ("ops_channel", "https://team.slack.com/archives/C0123456789"),
        ("environments", "main = prod @ eks-main"),
        ("grafana_url", "grafana.corp.example"),
        ("grafana_org", "main org."),
        ("loki_datasource", "Loki prod"),
        ("app_url", "https://%{CI_COMMIT_REF_SLUG}.shop.example/?a='b'"),
        ("language", "ko-KR"),
        ("allow_hosts", "https://chat.example/, mattermost.corp.example:8065"),
    ];
    for (name, value) in written {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        match setting.takes {
            Takes::Text | Takes::List => {}
            Takes::Pattern(pattern) => {
                for value in [value, "", NOTHING] {
                    assert!(Regex::new(pattern).unwrap().is_match(value), "{name} refuses `{value}`");
                }
            }
            takes => panic!("{name} takes {takes:?}"),
        }
    }
}

/// The module uses the table's default for a setting that is not set.
#[test]
fn a_default_that_is_set_changes_nothing() {
    let defaults = SETTINGS.iter().filter(|setting| setting.for_module && !setting.default.is_empty());
    let defaults: Vec<(String, &str)> = defaults.map(|setting| (variable(setting.name), setting.default)).collect();
    for event in ["pipeline-started", "deploy-started", "deploy-finished", "pipeline-finished"] {
        let job = || Notifier::new(&["render", event]).job("gitlab-18-deploy-on-main").without("NOTIFIER_LANGUAGE");
        let set = defaults.iter().fold(job(), |job, (name, value)| job.with(name, *value));
        let unset = defaults.iter().fold(job(), |job, (name, _)| job.without(name));
        assert_eq!(set.run().json(), unset.run().json(), "{event}");
    }
}

/// An input that nothing reads would be a false promise.
#[test]
fn every_input_is_used() {
    for template in ["notify.yml", "digest.yml", "deploy-target.yml"] {
        let text = fs::read_to_string(root().join("templates").join(template)).unwrap();
        let (_, body) = text.split_once("\n---\n").unwrap();
        for name in inputs(template).keys() {
            assert!(body.contains(&format!("$[[ inputs.{name} ]]")), "{template}: {name}");
        }
    }
}

#[test]
fn every_setting_reaches_the_jobs_unexpanded() {
    let (_, body) = documents("notify.yml");
    for job in OWN_JOBS.into_iter().chain([".notify", "$[[ inputs.merge_into ]]"]) {
        let variables = body[job]["variables"].as_mapping().unwrap();
        for setting in SETTINGS.iter().filter(|setting| setting.reaches == Reaches::Input) {
            let variable = &variables[&*variable(setting.name)];
            // The component's own jobs block no other job.
            if setting.name == "timeout" && OWN_JOBS.contains(&job) {
                assert_eq!(variable.as_str(), Some("30"), "{job}");
                continue;
            }
            let expected = format!("$[[ inputs.{} ]]", setting.name);
            assert_eq!(variable["value"].as_str().unwrap().trim(), expected, "{job}");
            assert_eq!(variable["expand"].as_bool(), Some(false), "{job} {}", setting.name);
        }
    }
}

#[test]
fn the_header_works_from_gitlab_17_0_on() {
    for template in ["notify.yml", "digest.yml", "deploy-target.yml"] {
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
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{template}: a function in {block}"
            );
        }
    }
}

#[test]
fn no_global_keyword_and_nothing_but_hooks_in_the_deploy_job() {
    let (_, body) = documents("notify.yml");
    let (_, target) = documents("deploy-target.yml");
    for name in
        [&body, &target].into_iter().flat_map(|it| it.as_mapping().unwrap().keys()).map(|it| it.as_str().unwrap())
    {
        // Only hidden jobs and jobs that an input names may be here: no keyword such as `stages`, `default` or `workflow`.
        assert!(name.starts_with(['.', '$']), "{name} is global");
    }
    // The parts that consumers extend and refer to hold nothing that would change their jobs.
    let keys = |job: &str| body[job].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!((keys(".notify"), keys(".pipeline-notifier")), (vec!["variables"], vec!["script"]));
    for key in body["$[[ inputs.merge_into ]]"].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()) {
        assert!(["variables", "before_script", "after_script"].contains(&key), "{key} changes the deploy job");
    }
    for job in OWN_JOBS {
        assert_eq!(body[job]["allow_failure"].as_bool(), Some(true), "{job}");
        assert_eq!(body[job]["interruptible"].as_bool(), Some(true), "{job}");
        let minutes = body[job]["timeout"].as_str().and_then(|it| it.strip_suffix('m')?.parse::<u32>().ok());
        assert!(minutes.is_some_and(|minutes| minutes <= 5), "{job} may take long");
    }
}

/// Only the schedule that a variable chooses gets the job, and it can fail nothing.
#[test]
fn the_digest_is_one_job_of_a_chosen_schedule() {
    let (_, body) = documents("digest.yml");
    let keys: Vec<&str> = body.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(keys, [".pipeline-notifier-digest", "$[[ inputs.job ]]"]);
    let job = &body["$[[ inputs.job ]]"];
    let rules = job["rules"].as_sequence().unwrap();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0]["if"].as_str(), Some("$CI_PIPELINE_SOURCE == \"schedule\" && $NOTIFIER_DIGEST"));
    assert_eq!(job["allow_failure"].as_bool(), Some(true));
    assert_eq!(job["variables"]["GIT_STRATEGY"].as_str(), Some("none"));
    assert_eq!(job["variables"]["NOTIFIER_TIMEOUT"].as_str(), Some("120"));
    assert!(scripts(job).last().unwrap().ends_with(" || true"));
    // What both components have in common is the same.
    let (all, of_digest) = (inputs("notify.yml"), inputs("digest.yml"));
    let common: Vec<_> = of_digest.iter().filter(|(name, _)| all.contains_key(*name)).collect();
    assert!(common.len() == 10 && common.iter().all(|(name, input)| all[*name] == **input), "{common:?}");
    let (_, notify) = documents("notify.yml");
    assert_eq!(body[".pipeline-notifier-digest"], notify[".pipeline-notifier"]);
    for setting in ["days", "projects", "project_name", "language", "webhook_variable", "channel"] {
        let value = &job["variables"][&*variable(setting)];
        assert_eq!(value["value"].as_str().unwrap().trim(), format!("$[[ inputs.{setting} ]]"));
        assert_eq!(value["expand"].as_bool(), Some(false), "{setting}");
    }
}

/// GitLab's own configuration code decides these checks (`only: [branches, tags]` if a job has no rules;
/// `missing_dependency_failure`; "no stages / jobs" counts neither `.pre` nor `.post`).
#[test]
fn our_jobs_change_no_pipeline_of_the_consumer() {
    let (header, body) = documents("notify.yml");
    for input in ["start_stage", "finish_stage"] {
        assert_eq!(header["spec"]["inputs"][input]["default"].as_str(), Some(".post"), "{input}: no stage need exist");
    }
    for job in OWN_JOBS {
        let job_of = &body[job];
        let inherited: Vec<_> =
            job_of["inherit"]["default"].as_sequence().unwrap().iter().map(|it| it.as_str()).collect();
        assert_eq!(inherited, [Some("tags")], "{job} inherits more than tags");
        // Its own rules let it run in branch, tag and merge request pipelines alike.
        assert!(job_of["rules"].as_sequence().is_some_and(|rules| !rules.is_empty()), "{job} has no rules");
        let takes_nothing = |key: &str| job_of[key].as_sequence().is_some_and(Vec::is_empty);
        assert!(takes_nothing("needs") || takes_nothing("dependencies"), "{job} takes artifacts");
        assert_eq!(job_of["artifacts"]["expire_in"].as_str(), Some("never"), "{job}: a job may depend on it for ever");
        // A report becomes no variable or file of another job. The start job's file comes after all of them.
        let keys = |value: &Value| -> Vec<String> {
            value.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned()).collect()
        };
        let paths = job_of["artifacts"]["paths"].as_sequence().cloned().unwrap_or_default();
        let expected = if job == OWN_JOBS[0] { &[".pipeline-notifier/$PIPELINE_NOTIFIER_KEEPS"][..] } else { &[] };
        assert_eq!(paths.iter().filter_map(Value::as_str).collect::<Vec<_>>(), expected, "{job}");
        assert!(
            keys(&job_of["artifacts"]).iter().all(|key| ["paths", "reports", "expire_in"].contains(&&**key)),
            "{job}"
        );
        assert_eq!(keys(&job_of["artifacts"]["reports"]), ["annotations"], "{job}");
        for global in ["cache", "services", "retry", "before_script", "after_script", "hooks", "only", "except"] {
            assert!(job_of.get(global).is_none(), "{job}: {global}");
        }
    }
    // The start job is a DAG job: it blocks no stage and waits for none.
    assert_eq!(body[OWN_JOBS[0]]["needs"].as_sequence().map(Vec::len), Some(0));
    let whens = |job: &str| {
        body[job]["rules"].as_sequence().unwrap().iter().map(|rule| rule["when"].as_str()).collect::<Vec<_>>()
    };
    assert_eq!(whens(OWN_JOBS[0]), [None, None]);
    let rules = body[OWN_JOBS[0]]["rules"].as_sequence().unwrap();
    assert!(rules[0]["if"].as_str().unwrap().starts_with(r#""$[[ inputs.start_stage ]]" == ".post" && "#));
    assert_eq!(rules[0]["variables"]["PIPELINE_NOTIFIER_KEEPS"].as_str(), Some("message.json"));
    assert_eq!(body[OWN_JOBS[0]]["variables"]["PIPELINE_NOTIFIER_KEEPS"].as_str(), Some("nothing"));
    assert_eq!(whens(OWN_JOBS[1]), [Some("never"), Some("on_failure")]);
    assert_eq!(whens(OWN_JOBS[2]), [Some("on_success"); 2]);
}

/// GitLab puts an input into a longer text by Ruby's `gsub`, which eats backslashes and reads `\k<x>` as a group. A text that is only an
/// input keeps every character.
#[test]
fn an_input_inside_a_longer_text_has_no_backslash() {
    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Sequence(list) => list.iter().flat_map(texts).collect(),
            Value::Mapping(map) => map.iter().flat_map(|(key, value)| [texts(key), texts(value)].concat()).collect(),
            _ => vec![],
        }
    }
    let mut checked = 0;
    for template in ["notify.yml", "digest.yml", "deploy-target.yml"] {
        let (_, body) = documents(template);
        let inputs = inputs(template);
        for text in texts(&body) {
            for name in text.split("$[[ inputs.").skip(1).map(|rest| rest.split(" ]]").next().unwrap()) {
                let input = &inputs[name];
                let regex = input["regex"].as_str().map(|regex| Regex::new(regex).unwrap());
                let takes_backslash = match regex {
                    Some(regex) => ["\\", "a\\b", "https://a\\b", "\\1"].iter().any(|it| regex.is_match(it)),
                    None => input["options"].is_null() && input["type"].as_str() == Some("string"),
                };
                assert!(!takes_backslash || text.trim() == format!("$[[ inputs.{name} ]]"), "{template}: {text}");
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn scripts_hold_pins_as_literals_and_no_input() {
    let (header, body) = documents("notify.yml");
    let all: Vec<String> = body.as_mapping().unwrap().values().flat_map(scripts).collect();
    assert!(all.len() >= 6, "{all:?}");
    for script in &all {
        let inputs = script.split("$[[ inputs.").skip(1).map(|rest| rest.split(" ]]").next().unwrap());
        for input in inputs {
            assert!(LITERALS.contains(&input), "the input {input} in shell text");
            let regex = header["spec"]["inputs"][input]["regex"].as_str().unwrap();
            for character in ["'", "\"", "\\", "$", "`"] {
                let class = regex.trim_start_matches('^').trim_end_matches('$').replace(r"\s", "");
                assert!(!class.contains(character), "{input} may hold {character}");
            }
            assert!(!regex.contains("[^"), "{input} takes what is not named");
        }
        assert!(!script.contains("${{"), "newer GitLab reads a job's input there");
        assert!(!script.contains('@') || script.contains("\"$@\""), "a placeholder is left: {script}");
    }
    let bootstrap = &all[0];
    let pins = fs::read_to_string(root().join("release/pins")).unwrap();
    // The other pins are those of files that no job downloads.
    let component = fs::read_to_string(root().join("component.yml")).unwrap();
    let pins: Vec<_> = pins
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| component.contains(&format!("@{name}@")))
        .collect();
    assert!(pins.len() >= 7, "{pins:?}");
    for (_, pin) in pins {
        assert!(
            ["=", "=\"", ":"].iter().any(|before| bootstrap.contains(&format!("{before}{pin}"))),
            "{pin} is no literal"
        );
    }
    // The scripts name neither the webhook nor its variable, so a trace shows nothing.
    assert!(!bootstrap.contains("WEBHOOK"), "{bootstrap}");
    for job in OWN_JOBS.into_iter().chain(["$[[ inputs.merge_into ]]"]) {
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
        // The inner script, which the function hands to a shell of its own.
        let within =
            lines.split_once("-c '").and_then(|(_, rest)| rest.split_once("' pipeline-notifier")).map(|(it, _)| it);
        for (lines, ignored) in
            [(lines.as_str(), "SC2016,SC3013"), (within.unwrap_or(":"), "SC2015,SC2094,SC2317,SC3013,SC3045,SC3067")]
        {
            let lines = LITERALS
                .iter()
                .fold(lines.to_owned(), |lines, input| lines.replace(&format!("$[[ inputs.{input} ]]"), ""));
            let file = scratch().join("script.sh");
            fs::write(&file, format!("#!/bin/sh\n{lines}\n")).unwrap();
            let ignored = format!("--exclude={ignored}");
            let checked = Command::new("shellcheck")
                .args(["--shell=sh", "--severity=info", &ignored])
                .arg(&file)
                .output()
                .unwrap();
            assert!(checked.status.success(), "{name:?}: {}", String::from_utf8_lossy(&checked.stdout));
        }
    }
}

/// `environments` and `deploy-target` must agree on a branch, because a message names what was deployed.
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
        let job = || {
            let job = Notifier::new(&["render", "deploy-started"]).with("CI_COMMIT_BRANCH", branch);
            job.with("CI_COMMIT_REF_NAME", branch)
        };
        let starts = format!("🚀 {}: deploy started", routed("DEPLOY_ENVIRONMENT"));
        let body = job().run().json();
        assert!(body["text"].as_str().unwrap().starts_with(&starts), "{body}");
        // A message names a cluster only if somebody wrote it.
        assert!(!body.to_string().contains("Cluster"), "{body}");
        let variables = ["DEPLOY_ENVIRONMENT", "DEPLOY_CLUSTER"];
        let body = variables.iter().fold(job(), |job, name| job.with(name, routed(name))).run().json();
        assert!(body["text"].as_str().unwrap().starts_with(&starts), "{body}");
        assert!(body.to_string().contains(&format!("Cluster  {}", routed("DEPLOY_CLUSTER"))), "{body}");
    }
}

/// Returns the errors of texts by GitLab's schema, from the checker that carries it. Each text is named by its number in the list.
/// The transform teaches the checker the tag `!reference`.
pub(crate) fn schema_errors<T: AsRef<str>>(pipelines: &[T]) -> Option<String> {
    let folder = scratch();
    let write = |(number, yaml): (usize, &T)| {
        let file = folder.join(format!("{number}.yml"));
        fs::write(&file, yaml.as_ref()).unwrap();
        file
    };
    let files: Vec<PathBuf> = pipelines.iter().enumerate().map(write).collect();
    let checked = Command::new(root().join("target/tools/bin/check-jsonschema"))
        .args(["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"])
        .args(&files)
        .output()
        .expect("`make setup` installs check-jsonschema");
    (!checked.status.success()).then(|| String::from_utf8_lossy(&checked.stdout).into_owned())
}

/// Returns the errors of files by one of our published schemas.
pub(crate) fn schema_faults(schema: &str, files: &[PathBuf]) -> Option<String> {
    let mut check = Command::new(root().join("target/tools/bin/check-jsonschema"));
    check.arg("--schemafile").arg(root().join("schemas").join(schema)).args(files);
    let checked = check.output().expect("`make setup` installs check-jsonschema");
    (!checked.status.success()).then(|| String::from_utf8_lossy(&checked.stdout).into_owned())
}

/// Replaces the inputs by values, as GitLab does before it reads the body.
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
        ("merge_into", "review".into()),
        ("git_strategy", "fetch".into()),
        ("finish", "change".into()),
        ("allow_hosts", "chat.example:8065".into()),
        ("module_url", "https://mirror.example/team.wasm?x=1&y=2".into()),
        ("timeout", 2.5.into()),
        ("language", "ko".into()),
        ("loki_query", r#"{app="%{project}"} |= `it's: #1`"#.into()),
        ("app_url", "https://%{CI_COMMIT_REF_SLUG}.shop.example/?a=b#c".into()),
        ("environments", "release/*=staging@eks-dev, *=%{branch}@play".into()),
    ]
    .into_iter()
    .collect();
    for template in ["notify.yml", "digest.yml", "deploy-target.yml"] {
        for values in [&BTreeMap::new(), &unusual] {
            let (header, body) = interpolate(template, values);
            assert_eq!(schema_errors(&[header, body]), None, "{template}");
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
        assert!(schema_errors(&[broken]).is_some(), "{broken}");
    }
}

#[test]
fn every_example_and_our_own_pipeline_are_valid_by_gitlabs_schema() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("examples/pipelines")).unwrap().map(|it| it.unwrap().path()).collect();
    files.push(root().join(".gitlab-ci.yml"));
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(schema_errors(&texts), None, "{files:?}");
}
