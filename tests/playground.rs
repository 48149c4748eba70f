//! The playground: built as for publication, run in a real browser. It renders the same bytes as the binary.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use pipeline_notifier::job::setting::SETTINGS;
use pipeline_notifier::sandbox::Guest;
use serde_json::Value;

use crate::modules::example_in_rust;
use crate::sandbox::guest;
use crate::support::harness::{cargo, root};
use crate::support::scratch::scratch;

/// Builds the playground once, in the directory of `make playground`.
fn built() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let directory = root().join("target/playground");
        let arguments = ["run", "--quiet", "--package", "playground", "--"];
        let run = cargo().args(arguments).arg(&directory).current_dir(root()).output().unwrap();
        succeeded(&run);
        directory
    };
    BUILT.get_or_init(build).clone()
}

#[track_caller]
fn succeeded(ended: &Output) {
    let (stdout, stderr) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{stdout}{stderr}");
}

fn node(arguments: &[&str]) -> Command {
    let mut node = Command::new("node");
    node.args(arguments).current_dir(root().join("tests/browser"));
    node
}

/// Pastes pipelines into the playground and returns its proposals; `browser/proposals.mjs` defines the JSON in and out.
pub(crate) fn proposals(pasted: &str) -> Vec<Value> {
    built();
    let mut script = node(&["proposals.mjs"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    script.stdin.take().unwrap().write_all(pasted.as_bytes()).unwrap();
    let ended = script.wait_with_output().unwrap();
    succeeded(&ended);
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn the_playground_works_in_a_real_browser() {
    built();
    let modules = scratch();
    for path in fs::read_dir(root().join("tests/guests")).unwrap().map(|it| it.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        fs::write(modules.join(name).with_extension("wasm"), guest(name)).unwrap();
    }
    fs::copy(example_in_rust(), modules.join("message.wasm")).unwrap();
    let ended = node(&["--test", "."]).env("GUESTS", &modules).output().unwrap();
    succeeded(&ended);
    let reported = String::from_utf8_lossy(&ended.stdout);
    assert!(reported.contains("\n# skipped 0\n") && reported.contains("\n# fail 0\n"), "{reported}");
}

#[test]
fn the_playground_renders_the_bytes_of_the_binary() {
    built();
    let ended = node(&["contexts.mjs"]).output().unwrap();
    succeeded(&ended);
    let made: Vec<Value> = serde_json::from_slice(&ended.stdout).unwrap();
    // Each event with each kind of pipeline, in both languages.
    assert_eq!(made.len(), 18 * 8 * 2);
    let module = Guest::built_in().unwrap();
    for both in made {
        let context = both["context"].as_str().unwrap();
        let message: Value = serde_json::from_slice(&module.run(context.as_bytes()).unwrap()).unwrap();
        assert_eq!(both["body"], message["message"].to_string(), "{context}");
    }
}

#[test]
fn the_playground_passes_on_what_a_job_does() {
    let samples: Value = serde_json::from_slice(&fs::read(built().join("samples.json")).unwrap()).unwrap();
    for input in samples["inputs"].as_array().unwrap() {
        let setting = SETTINGS.iter().find(|setting| input["name"] == setting.name);
        assert_eq!(input["for_module"], setting.is_some_and(|it| it.for_module), "{input}");
    }
}
