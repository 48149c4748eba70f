//! Runs the real binary. Its environment has only the variables of the test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pipeline_notifier::module::pin::sha256;
use serde_json::Value;

use super::ended::Ended;
use super::loopback::{Server, asked_of_gitlab};
use super::scratch::scratch;

/// The path of a webhook. No output may show any part of it.
pub(crate) const WEBHOOK_PATH: &str = "/services/T0SECRET01/B0SECRET02/s3cr3ts3cr3ts3cr3ts3cr3t";
const WEBHOOK_PARTS: [&str; 3] = ["T0SECRET01", "B0SECRET02", "s3cr3ts3cr3t"];

/// The GitLab of the fixtures.
pub(crate) const GITLAB: &str = "https://gitlab.corp.example";

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Prepares cargo as in a shell. Build scripts would run again if they saw the variables that `cargo test` sets for its tests.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
            .iter()
            .any(|it| name.starts_with(it))
        {
            cargo.env_remove(&*name);
        }
    }
    cargo.env_remove("CARGO").env_remove("OUT_DIR");
    cargo
}

/// Builds the binary as users do: on its own, so that no dependency of the tests changes its features.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let arguments = ["build", "--quiet", "--package", "runner", "--bin", "pipeline-notifier"];
        let output = cargo()
            .args(arguments)
            .arg("--message-format=json")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let built = String::from_utf8_lossy(&output.stdout);
        let executable =
            built.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
                let is_binary = message["target"]["name"] == "pipeline-notifier";
                message["executable"].as_str().filter(|_| is_binary).map(PathBuf::from)
            });
        executable.expect("cargo names the executable that it built")
    })
}

/// The name of the directory that the calls of a fixture's job share.
pub(crate) fn shared_directory() -> String {
    format!("pipeline-notifier-{}", &sha256(b"711002 glcbt-64_not-a-real-job-token")[..16])
}

/// A run of the binary.
pub(crate) struct Notifier {
    command: Command,
    variables: BTreeMap<String, String>,
}

impl Notifier {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments).env_clear().stdin(Stdio::null()).current_dir(scratch());
        // Tests share job IDs, so each `Notifier` gets its own directory for job state.
        let variables = BTreeMap::from([("TMPDIR".to_owned(), scratch().display().to_string())]);
        Self { command, variables }
    }

    /// Sets the job of a fixture: all predefined variables, secrets included. The test sets the destination.
    pub(crate) fn job(self, name: &str) -> Self {
        self.whole_job(name).without("SLACK_BOT_TOKEN").without("SLACK_OPS_WEBHOOK_URL")
    }

    /// Sets the job of a fixture, with a bot's token and the operators' webhook.
    pub(crate) fn whole_job(mut self, name: &str) -> Self {
        let path = fixtures().join("jobs").join(name).with_extension("json");
        let job: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        self.variables.extend(job);
        // The fixture's directory and GitLab do not exist here. The network decides how long a lookup of that GitLab takes.
        self.variables.remove("CI_PROJECT_DIR");
        self.variables.remove("CI_API_V4_URL");
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if name == "CI_SERVER_URL" {
            // Every address of the job's GitLab is below this one.
            for address in self.variables.values_mut() {
                *address = address.replace(GITLAB, &value);
            }
        }
        self.variables.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Asks this server as its GitLab.
    pub(crate) fn asks(self, gitlab: &Server) -> Self {
        self.with("CI_SERVER_URL", gitlab.url("")).with("CI_API_V4_URL", gitlab.url("/api/v4"))
    }

    /// Runs the binary. Asserts in every test that no output shows the webhook, and that GitLab gets no more requests than promised.
    pub(crate) fn run(mut self) -> Ended {
        let begun = Instant::now();
        let port =
            self.variables.get("CI_API_V4_URL").and_then(|url| url.rsplit_once(':')?.1.split('/').next()?.parse().ok());
        let asked = || port.and_then(|port: u16| asked_of_gitlab().get(&port).copied()).unwrap_or_default();
        let before = asked();
        let is_event = |event: &str| self.command.get_args().any(|it| it == event);
        let limits = [("pipeline-finished", 14), ("pipeline-waiting", 8), ("digest", 60)];
        let limit = limits.into_iter().find(|(event, _)| is_event(event)).map_or(6, |(_, limit)| limit);
        let is_send = self.command.get_args().any(|it| it == "send");
        let output = self.command.envs(&self.variables).output().unwrap();
        let ended = Ended::of(&output, begun.elapsed());
        let count = asked() - before;
        assert!(!is_send || count <= limit, "{count} requests to GitLab");
        for part in WEBHOOK_PARTS {
            assert!(!ended.stdout.contains(part) && !ended.stderr.contains(part), "{}{}", ended.stdout, ended.stderr);
        }
        ended
    }
}

/// Returns the first of three runs that took less than `limit`, and fails without one. A busy machine may be slow once, but real
/// slowness repeats.
pub(crate) fn in_time(limit: Duration, run: impl Fn() -> Ended) -> Ended {
    let mut ended = run();
    for _ in 0..2 {
        if ended.took < limit {
            break;
        }
        ended = run();
    }
    assert!(ended.took < limit, "took {:?}: {}", ended.took, ended.stderr);
    ended
}
