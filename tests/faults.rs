//! The fault matrix: every fault that we can cause around one `send`, and how the call ends. `docs/fault-matrix.md` shows this table.
//!
//! Every row ends with exit status 0, within the time limit. The output has at most twenty lines of at most 520 characters, without
//! control characters. No output or file shows a secret in any form, and the call writes nothing in the checkout.

mod answers;
mod gitlab;
mod machine;
mod modules;
mod network;
mod variables;
mod web_api;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pipeline_notifier::module::pin::sha256;

use crate::support::ended::Ended;
use crate::support::harness::{WEBHOOK_PATH, binary, fixtures};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace, slack};

const SENT: &str = "sent";
/// The time limit of a call, in seconds, unless a row sets its own.
const TIME: f64 = 1.0;
/// The time that a call may take beyond its limit.
const GRACE: Duration = Duration::from_millis(500);

/// The part of the message that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrives {
    Whole,
    /// Only its text, or a line of plain text if no module can run.
    Text,
    Nothing,
}
use Arrives::{Nothing, Text, Whole};

struct Fault {
    name: String,
    /// The text of the last line after `notify: `.
    ends: &'static str,
    /// Part of the one warning that reports the fault; empty if no warning is needed.
    warns: &'static str,
    arrives: Arrives,
    set_up: Box<dyn Fn(&mut Job)>,
}

/// A job in which a fault happens.
struct Job {
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    directory: PathBuf,
    /// The directory of the job's temporary files.
    temporary: PathBuf,
    /// A shell script that runs first; the notifier then replaces its shell.
    before: String,
    /// A program that starts the shell, with its arguments.
    under: Vec<&'static str>,
    /// The server that should get the message.
    slack: Option<Server>,
    /// Other servers that must live as long as the call.
    others: Vec<Server>,
}

impl Job {
    fn new() -> Self {
        let path = fixtures().join("jobs/gitlab-18-deploy-on-main.json");
        let mut variables: BTreeMap<String, String> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for name in ["SLACK_BOT_TOKEN", "SLACK_OPS_WEBHOOK_URL", "CI_API_V4_URL"] {
            variables.remove(name);
        }
        let (directory, temporary) = (scratch(), scratch());
        variables.insert("TMPDIR".into(), temporary.display().to_string());
        variables.insert("CI_PROJECT_DIR".into(), directory.display().to_string());
        variables.insert("NOTIFIER_TIMEOUT".into(), TIME.to_string());
        let arguments = vec!["send".to_owned(), "deploy-finished".to_owned()];
        let mut job = Self {
            arguments,
            variables,
            directory,
            temporary,
            before: String::new(),
            under: Vec::new(),
            slack: None,
            others: vec![],
        };
        job.slack([Reply::ok()]);
        job
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Starts a Slack with these replies.
    fn slack(&mut self, replies: impl Into<Vec<Reply>>) {
        let server = Server::start(replies);
        self.set("SLACK_WEBHOOK_URL", server.url(WEBHOOK_PATH));
        self.slack = Some(server);
    }

    /// Sets the webhook to this address.
    fn at(&mut self, webhook: &str) {
        self.set("SLACK_WEBHOOK_URL", format!("{webhook}{WEBHOOK_PATH}"));
        self.set("NOTIFIER_ALLOW_HOSTS", "slack.invalid,10.77.0.2");
    }

    /// Pins a team's module.
    fn module(&mut self, wasm: &[u8]) {
        let path = self.directory.join("team.wasm");
        fs::write(&path, wasm).unwrap();
        self.pin(&path.display().to_string(), &sha256(wasm));
    }

    fn pin(&mut self, module: &str, digest: &str) {
        self.arguments.extend(["--module", module, "--module-sha256", digest].map(str::to_owned));
    }

    /// Starts a GitLab that answers the request for failed jobs with this reply.
    fn gitlab(&mut self, reply: Reply) {
        let server = Server::start([reply]);
        self.arguments.truncate(1);
        self.arguments.extend(["pipeline-finished", "--result", "failed"].map(str::to_owned));
        self.unset("NOTIFIER_GITLAB_TOKEN");
        self.set("CI_SERVER_URL", server.url(""));
        self.set("CI_API_V4_URL", server.url("/api/v4"));
        self.others.push(server);
    }

    fn bot(&mut self, workspace: Workspace) {
        let (server, _) = slack(workspace);
        self.set("SLACK_BOT_TOKEN", TOKEN);
        self.set("SLACK_API_URL", server.url("/api"));
        self.set("NOTIFIER_CHANNEL", DEPLOYS);
        self.unset("SLACK_WEBHOOK_URL");
        self.slack = Some(server);
    }

    /// Returns true if only root can cause the fault: it needs a mount, a network or a user of its own.
    fn needs_root(&self) -> bool {
        self.under.first().is_some_and(|it| ["unshare", "setpriv"].contains(it))
    }

    fn run(&self) -> Ended {
        let mut command = match self.under.as_slice() {
            [] => Command::new("sh"),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg("sh");
                command
            }
        };
        let script = format!("{}\nexec \"$@\"", self.before);
        command.args(["-c", &script, "sh"]).arg(binary()).args(&self.arguments).env_clear().envs(&self.variables);
        command.stdin(Stdio::null()).current_dir(&self.directory);
        let begun = Instant::now();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let process = child.id().to_string();
        let (ended, end) = mpsc::channel();
        thread::spawn(move || ended.send(child.wait_with_output().unwrap()));
        // A call that ignores its time limit must not hang the tests.
        let output = end.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|_| {
            Command::new("kill").args(["-KILL", &process]).status().unwrap();
            end.recv().unwrap()
        });
        let took = begun.elapsed();
        Ended::of(&output, took)
    }

    /// Returns the body of the last POST that Slack took.
    fn arrived(&self) -> Option<serde_json::Value> {
        let mut posts = self.slack.iter().flat_map(Server::requests).filter(|it| it.method == "POST");
        posts.next_back().map(|it| it.json())
    }

    /// Returns every file in the checkout and its contents.
    fn files(&self) -> BTreeMap<String, String> {
        let listed = Command::new("find").arg(&self.directory).args(["-type", "f"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let relative = |path: &str| Path::new(path).strip_prefix(&self.directory).unwrap().display().to_string();
        listed
            .lines()
            .map(|path| (relative(path), String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()))
            .collect()
    }

    /// Returns the values that no output may show.
    fn secrets(&self) -> Vec<String> {
        let is_secret = |name: &str| ["TOKEN", "PASSWORD", "JWT", "WEBHOOK_URL"].iter().any(|part| name.contains(part));
        let secret = self.variables.iter().filter(|(name, value)| is_secret(name) && value.len() > 8);
        secret.map(|(_, value)| value.clone()).collect()
    }
}

impl Fault {
    fn new(
        name: impl Into<String>,
        ends: &'static str,
        warns: &'static str,
        arrives: Arrives,
        set_up: impl Fn(&mut Job) + 'static,
    ) -> Self {
        Self { name: name.into(), ends, warns, arrives, set_up: Box::new(set_up) }
    }

    /// Runs the fault if it belongs to this group: with or without root. `Err` has the check that failed.
    /// A busy machine may be slow once, but real slowness repeats: three slow tries fail.
    fn check(&self, in_namespace: bool) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..3 {
            match self.check_once(in_namespace) {
                Err(fault) if fault.starts_with("took ") => last = fault,
                other => return other,
            }
        }
        Err(last)
    }

    fn check_once(&self, in_namespace: bool) -> Result<(), String> {
        let mut job = Job::new();
        (self.set_up)(&mut job);
        if job.needs_root() != in_namespace {
            return Ok(());
        }
        let before = job.files();
        let ended = job.run();
        let all = format!("{}{}", ended.stdout, ended.stderr);
        let ensure = |holds: bool, what: String| if holds { Ok(()) } else { Err(format!("{what}\n{all}")) };

        ensure(ended.status == 0, format!("ended with {:?}", ended.status))?;
        let time = Duration::from_secs_f64(job.variables["NOTIFIER_TIMEOUT"].parse().unwrap_or(TIME));
        ensure(ended.took < time + GRACE, format!("took {:?}", ended.took))?;
        ensure(ended.stdout.is_empty(), "wrote to stdout".into())?;
        ensure(ended.stderr.lines().count() <= 20, "too many lines".into())?;
        ensure(ended.stderr.lines().all(|line| line.chars().count() <= 520), "a line is too long".into())?;
        ensure(!all.chars().any(|c| c.is_control() && c != '\n'), "a control character".into())?;
        // A broken stderr shows no last line and no warning.
        if !self.ends.is_empty() {
            let ends = format!("notify: {}", self.ends);
            ensure(ended.stderr.lines().last() == Some(&*ends), format!("did not end with `{ends}`"))?;
            let warned = ended.stderr.lines().filter(|line| line.starts_with("warning: ")).collect::<Vec<_>>();
            let reported = warned.iter().filter(|line| line.contains(self.warns)).count();
            ensure(
                if self.warns.is_empty() { warned.is_empty() } else { reported == 1 },
                format!("warned {reported} times of `{}`", self.warns),
            )?;
        }

        let arrived = job.arrived().unwrap_or_default();
        let is_whole = arrived.get("blocks").is_some();
        let after = job.files();
        match self.arrives {
            Whole => ensure(is_whole, format!("the message did not arrive: {arrived}"))?,
            Text => ensure(!is_whole && arrived["text"].is_string(), format!("no text arrived: {arrived}"))?,
            Nothing => {}
        }

        let written = after.iter().filter(|(name, text)| before.get(*name) != Some(text));
        for (name, text) in written {
            ensure(false, format!("wrote {name}: {text}"))?;
        }
        let count = fs::read_dir(&job.temporary).unwrap().count();
        ensure(count == 0, format!("left {count} files beside the checkout"))?;
        for secret in job.secrets().into_iter().chain(["T0SECRET01".to_owned(), "s3cr3ts3cr3t".to_owned()]) {
            for form in [secret.clone(), secret.replace('/', "%2F"), secret.replace('/', "\\/")] {
                ensure(!all.contains(&form), "a secret in the output".into())?;
            }
        }
        Ok(())
    }
}

fn check(group: Vec<Fault>) {
    check_all(group, false);
}

fn check_all(group: Vec<Fault>, in_namespace: bool) {
    let check = |fault: &Fault| fault.check(in_namespace).err().map(|cause| format!("{}: {cause}", fault.name));
    let wrong: Vec<String> = group.iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{} of {} faults end otherwise:\n{}", wrong.len(), group.len(), wrong.join("\n"));
}

impl Fault {
    /// Sets another time limit, in seconds: a second try waits for up to a second.
    fn in_seconds(mut self, seconds: &'static str) -> Self {
        let set_up = self.set_up;
        self.set_up = Box::new(move |job| {
            set_up(job);
            job.set("NOTIFIER_TIMEOUT", seconds);
        });
        self
    }

    fn warning(mut self, warns: &'static str) -> Self {
        self.warns = warns;
        self
    }
}

/// A heading in English and in Korean, and the rows below it.
type Group = (&'static str, &'static str, fn() -> Vec<Fault>);

const GROUPS: [Group; 7] = [
    ("Variables and settings", "변수와 설정", variables::faults),
    ("The network", "네트워크", network::faults),
    ("What a webhook answers", "웹훅의 답", answers::faults),
    ("What the Web API answers", "Web API의 답", web_api::faults),
    ("GitLab's API", "GitLab API", gitlab::faults),
    ("Modules", "모듈", modules::faults),
    ("The machine", "기계", machine::faults),
];

#[test]
fn variables_and_settings() {
    check(variables::faults());
}

#[test]
fn names_connections_tls_and_proxies() {
    check(network::faults());
}

#[test]
fn answers_of_a_webhook() {
    check(answers::faults());
}

#[test]
fn answers_of_the_web_api() {
    check(web_api::faults());
}

#[test]
fn answers_of_gitlab() {
    check(gitlab::faults());
}

#[test]
fn modules_that_are_wrong() {
    check(modules::faults());
}

#[test]
fn machines_without_something() {
    check(machine::faults());
}

mod in_namespace {
    #[test]
    #[ignore = "needs root and namespaces: make as-root"]
    fn faults_that_only_root_can_make_happen() {
        super::check_all(super::GROUPS.iter().flat_map(|(_, _, faults)| faults()).collect(), true);
    }
}

#[test]
fn the_page_shows_this_very_table() {
    let rows: usize = GROUPS.iter().map(|(_, _, faults)| faults().len()).sum();
    assert!(rows >= 80, "{rows}");
    for (page, korean) in [("docs/fault-matrix.md", false), ("docs/ko/fault-matrix.md", true)] {
        let mut table = String::new();
        for (english_name, korean_name, faults) in GROUPS {
            let (name, columns) = if korean {
                (korean_name, "| 결함 | 마지막 줄 `notify: …` | 경고 | 도착하는 것 |")
            } else {
                (english_name, "| fault | last line, `notify: …` | warning | what arrives |")
            };
            write!(table, "### {name}\n\n{columns}\n|---|---|---|---|\n").unwrap();
            for fault in faults() {
                let arrives = match (fault.arrives, korean) {
                    (Whole, false) => "the message",
                    (Text, false) => "its text",
                    (Nothing, false) => "nothing",
                    (Whole, true) => "메시지",
                    (Text, true) => "텍스트만",
                    (Nothing, true) => "없음",
                };
                let code =
                    |text: &str| if text.is_empty() { String::new() } else { format!("`{}`", text.replace('`', "´")) };
                writeln!(table, "| {} | {} | {} | {arrives} |", fault.name, code(fault.ends), code(fault.warns))
                    .unwrap();
            }
            table.push('\n');
        }
        crate::docs::hold(page, "faults", &format!("{table}{rows} faults.\n"));
    }
}

#[test]
fn the_table_has_no_row_twice() {
    let mut names: Vec<String> = GROUPS.iter().flat_map(|(_, _, faults)| faults()).map(|fault| fault.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}
