//! The fault matrix: everything that we can make go wrong around one `send`, and how it ends. `docs/reliability.md` shows this
//! very table.
//!
//! What holds in every row: exit status 0, within the time; at most twenty lines of at most 520 characters, without a control
//! character; no secret in any output or file, in no form; nothing written but below `.pipeline-notifier/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pipeline_notifier::module::{built_in_wasm, sha256};

use crate::harness::{WEBHOOK_PATH, binary, fixtures, scratch};
use crate::loopback::{Packages, Reply, Server};
use crate::sandbox::guest;
use crate::tls::{Authority, Shown};
use crate::workspace::{DEPLOYS, TOKEN, Workspace, slack};

const SENT: &str = "sent";
/// The time that a call has, in seconds, where a row is about time; and what it may take beyond.
const TIME: f64 = 1.0;
const GRACE: Duration = Duration::from_millis(500);

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrives {
    /// The message.
    Whole,
    /// Its text, or a line without a module.
    Text,
    /// Nothing; it waits for the next call of the job.
    Later,
    /// Nothing.
    Nothing,
}
use Arrives::{Later, Nothing, Text, Whole};

/// One fault.
struct Fault {
    name: String,
    /// What the last line says after `notify: `.
    ends: &'static str,
    /// What the one warning says that tells of it; empty where nobody needs to know.
    warns: &'static str,
    arrives: Arrives,
    set_up: Box<dyn Fn(&mut Job)>,
}

/// A job in which a fault happens.
struct Job {
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    directory: PathBuf,
    /// Shell that runs before the notifier takes the shell's place.
    before: String,
    /// A program that the notifier is started by.
    under: Vec<&'static str>,
    /// Where the message should go.
    slack: Option<Server>,
    /// What else must live as long as the call.
    others: Vec<Server>,
}

impl Job {
    fn new() -> Self {
        let path = fixtures().join("jobs/gitlab-18-deploy-on-main.json");
        let mut variables: BTreeMap<String, String> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for name in ["SLACK_BOT_TOKEN", "SLACK_OPS_WEBHOOK_URL", "CI_API_V4_URL"] {
            variables.remove(name);
        }
        let directory = scratch();
        variables.insert("CI_PROJECT_DIR".into(), directory.display().to_string());
        variables.insert("NOTIFIER_TIMEOUT".into(), TIME.to_string());
        let arguments = vec!["send".to_owned(), "deploy-finished".to_owned()];
        let mut job = Self {
            arguments,
            variables,
            directory,
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

    /// A Slack that answers like this.
    fn slack(&mut self, replies: impl Into<Vec<Reply>>) {
        let server = Server::start(replies);
        self.set("SLACK_WEBHOOK_URL", server.url(WEBHOOK_PATH));
        self.slack = Some(server);
    }

    /// A Slack at an address of its own, which `webhook` is.
    fn at(&mut self, webhook: &str) {
        self.set("SLACK_WEBHOOK_URL", format!("{webhook}{WEBHOOK_PATH}"));
        self.set("NOTIFIER_ALLOW_HOSTS", "slack.invalid,10.77.0.2");
    }

    /// A module of a team's own.
    fn module(&mut self, wasm: &[u8]) {
        let path = self.directory.join(".pipeline-notifier/team.wasm");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, wasm).unwrap();
        self.pin(&path.display().to_string(), &sha256(wasm));
    }

    fn pin(&mut self, module: &str, digest: &str) {
        self.arguments.extend(["--module", module, "--module-sha256", digest].map(str::to_owned));
    }

    /// A GitLab that answers like this when it is asked for the failed jobs.
    fn gitlab(&mut self, reply: Reply) {
        let server = Server::start([reply]);
        self.arguments[1] = "build-failed".to_owned();
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
        // A broken promise must not hang the tests.
        let output = end.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|_| {
            Command::new("kill").args(["-KILL", &process]).status().unwrap();
            end.recv().unwrap()
        });
        let took = begun.elapsed();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        Ended { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), took }
    }

    /// What has arrived, by the text of the last request that Slack took.
    fn arrived(&self) -> Option<serde_json::Value> {
        let posts = self.slack.iter().flat_map(Server::requests).filter(|it| it.method == "POST");
        posts.last().map(|it| it.json())
    }

    /// Every file that the call left, and its contents.
    fn files(&self) -> BTreeMap<String, String> {
        let listed = Command::new("find").arg(&self.directory).args(["-type", "f"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let relative = |path: &str| Path::new(path).strip_prefix(&self.directory).unwrap().display().to_string();
        listed
            .lines()
            .map(|path| (relative(path), String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()))
            .collect()
    }

    /// The values that nobody may see.
    fn secrets(&self) -> Vec<String> {
        let is_secret = |name: &str| ["TOKEN", "PASSWORD", "JWT", "WEBHOOK_URL"].iter().any(|part| name.contains(part));
        let secret = self.variables.iter().filter(|(name, value)| is_secret(name) && value.len() > 8);
        secret.map(|(_, value)| value.clone()).collect()
    }
}

struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    took: Duration,
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

    /// Runs it; `Err` says what did not hold. A busy machine may be slow once, a broken promise is slow always.
    fn check(&self) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..3 {
            match self.check_once() {
                Err(fault) if fault.starts_with("took ") => last = fault,
                other => return other,
            }
        }
        Err(last)
    }

    fn check_once(&self) -> Result<(), String> {
        let mut job = Job::new();
        (self.set_up)(&mut job);
        if job.under.first().is_some_and(|it| ["unshare", "setpriv"].contains(it)) && !is_root_with_namespaces() {
            // Not to be had here: a container without privileges, or no root.
            return Ok(());
        }
        let before = job.files();
        let ended = job.run();
        let all = format!("{}{}", ended.stdout, ended.stderr);
        let ensure = |holds: bool, what: String| if holds { Ok(()) } else { Err(format!("{what}\n{all}")) };

        ensure(ended.status == Some(0), format!("ended with {:?}", ended.status))?;
        ensure(ended.took < Duration::from_secs_f64(TIME) + GRACE, format!("took {:?}", ended.took))?;
        ensure(ended.stdout.is_empty(), "wrote to stdout".into())?;
        ensure(ended.stderr.lines().count() <= 20, "too many lines".into())?;
        ensure(ended.stderr.lines().all(|line| line.chars().count() <= 520), "a line is too long".into())?;
        ensure(!all.chars().any(|c| c.is_control() && c != '\n'), "a control character".into())?;
        // Where stderr is what is broken there is nothing to read.
        if !self.ends.is_empty() {
            let ends = format!("notify: {}", self.ends);
            ensure(ended.stderr.lines().last() == Some(&*ends), format!("did not end with `{ends}`"))?;
            let warned = ended.stderr.lines().filter(|line| line.starts_with("warning: ")).collect::<Vec<_>>();
            let told = warned.iter().filter(|line| line.contains(self.warns)).count();
            ensure(
                if self.warns.is_empty() { warned.is_empty() } else { told == 1 },
                format!("warned {told} times of `{}`", self.warns),
            )?;
        }

        let arrived = job.arrived().unwrap_or_default();
        let is_whole = arrived.get("blocks").is_some();
        let after = job.files();
        let waits = after.keys().any(|name| name.starts_with(".pipeline-notifier/undelivered/"));
        match self.arrives {
            Whole => ensure(is_whole && !waits, format!("the message did not arrive: {arrived}"))?,
            Text => ensure(!is_whole && arrived["text"].is_string() && !waits, format!("no text arrived: {arrived}"))?,
            Later => ensure(waits, "the message was not kept".into())?,
            Nothing => ensure(!waits, "a message was kept".into())?,
        }

        let written = after.iter().filter(|(name, text)| before.get(*name) != Some(text));
        for (name, text) in written {
            ensure(name.starts_with(".pipeline-notifier/"), format!("wrote {name}"))?;
            for secret in job.secrets() {
                ensure(!text.contains(&secret), format!("a secret in {name}"))?;
            }
        }
        for secret in job.secrets().into_iter().chain(["T0SECRET01".to_owned(), "s3cr3ts3cr3t".to_owned()]) {
            for form in [secret.clone(), secret.replace('/', "%2F"), secret.replace('/', "\\/")] {
                ensure(!all.contains(&form), "a secret in the output".into())?;
            }
        }
        Ok(())
    }
}

/// Whether this machine lets us have mounts and a network of our own.
fn is_root_with_namespaces() -> bool {
    Command::new("unshare")
        .args(["--mount", "--net", "mount", "-t", "tmpfs", "x", "/mnt"])
        .status()
        .is_ok_and(|it| it.success())
}

fn check(group: Vec<Fault>) {
    let wrong: Vec<String> =
        group.iter().filter_map(|fault| fault.check().err().map(|cause| format!("{}: {cause}", fault.name))).collect();
    assert!(wrong.is_empty(), "{} of {} faults end otherwise:\n{}", wrong.len(), group.len(), wrong.join("\n"));
}

/// What is wrong with the variables of a job.
fn variables() -> Vec<Fault> {
    let webhook = |name: &'static str, value: &'static str, ends, warns| {
        Fault::new(name, ends, warns, Nothing, move |job: &mut Job| job.set("SLACK_WEBHOOK_URL", value))
    };
    let set = |name: &str, variable: &'static str, value: String, warns| {
        Fault::new(name, SENT, warns, Whole, move |job: &mut Job| job.set(variable, value.clone()))
    };
    let mut faults = vec![
        Fault::new(
            "no webhook",
            "skipped reason=no_webhook",
            "SLACK_WEBHOOK_URL is not set or empty",
            Nothing,
            |job| {
                job.unset("SLACK_WEBHOOK_URL");
            },
        ),
        webhook("an empty webhook", "  ", "skipped reason=no_webhook", "is not set or empty"),
        webhook(
            "a webhook that GitLab did not expand",
            "$SLACK_WEBHOOK_URL",
            "skipped reason=bad_webhook",
            "did not expand",
        ),
        webhook("a webhook that is no URL", "hooks.slack.com", "skipped reason=bad_webhook", "is no URL"),
        webhook(
            "a webhook in quotes",
            "'https://hooks.slack.com/services/x'",
            "skipped reason=bad_webhook",
            "is no URL",
        ),
        webhook(
            "a webhook without https",
            "http://hooks.slack.com/services/T0SECRET01/B/x",
            "failed reason=not_https",
            "is not an https URL",
        ),
        webhook(
            "a webhook of another host",
            "https://evil.example/services/T0SECRET01/B/x",
            "failed reason=host_not_allowed",
            "does not point at",
        ),
        webhook(
            "a webhook with an address for a host",
            "https://169.254.169.254/x",
            "failed reason=host_not_allowed",
            "does not point at",
        ),
        webhook(
            "a webhook with credentials",
            "https://user:s3cr3ts3cr3t@hooks.slack.com/x",
            "skipped reason=bad_webhook",
            "is no URL",
        ),
        webhook(
            "a Workflow Builder URL",
            "https://hooks.slack.com/triggers/T0SECRET01/1/x",
            "failed reason=workflow_webhook",
            "Workflow Builder",
        ),
        webhook(
            "a File-type variable without its file",
            "/nonexistent/x",
            "skipped reason=bad_webhook",
            "File-type variable",
        ),
        webhook("a File-type variable that is a directory", "/tmp", "skipped reason=bad_webhook", "File-type variable"),
        webhook(
            "a File-type variable that is a device",
            "/dev/zero",
            "skipped reason=bad_webhook",
            "File-type variable",
        ),
        Fault::new("no variable but the webhook", SENT, "CI_JOB_STATUS is not", Whole, |job| {
            job.variables.retain(|name, _| ["SLACK_WEBHOOK_URL", "NOTIFIER_TIMEOUT"].contains(&name.as_str()));
        }),
        Fault::new("ten thousand variables", SENT, "", Whole, |job| {
            (0..10_000).for_each(|number| job.set(&format!("CI_EXTRA_{number}"), "x".repeat(20)));
        }),
        Fault::new("every predefined variable of 2 KB of quotes", SENT, "", Whole, |job| {
            for (name, value) in &mut job.variables {
                if name.starts_with("CI_COMMIT_") && name != "CI_COMMIT_REF_PROTECTED" {
                    *value = "\"".repeat(2048);
                }
            }
        }),
        Fault::new("a project directory that is not there", SENT, "", Whole, |job| {
            job.set("CI_PROJECT_DIR", "/nonexistent/x")
        }),
        Fault::new("a bot's token and no channel", SENT, "NOTIFIER_CHANNEL is not", Whole, |job| {
            job.set("SLACK_BOT_TOKEN", TOKEN)
        }),
        Fault::new("a user's token for a bot's", SENT, "is no bot token", Whole, |job| {
            job.set("SLACK_BOT_TOKEN", "xoxp-not-a-bot-token")
        }),
        Fault::new("a settings file that is no JSON", SENT, "is no JSON", Whole, |job| {
            fs::write(job.directory.join(".pipeline-notifier.json"), "{").unwrap();
        }),
        Fault::new("a settings file of 10 MB", SENT, "is no JSON", Whole, |job| {
            fs::write(job.directory.join(".pipeline-notifier.json"), vec![b'['; 10 << 20]).unwrap();
        }),
        Fault::new("a settings file that is a pipe", SENT, "it is no regular file", Whole, |job| {
            let path = job.directory.join(".pipeline-notifier.json");
            job.before = format!("mkfifo {}", path.display());
        }),
        set("a time that is no number", "NOTIFIER_TIMEOUT", "soon".into(), "NOTIFIER_TIMEOUT is not a number"),
        set("a language that is none", "NOTIFIER_LANGUAGE", "klingon".into(), "the languages are en and ko"),
        set("a mapping that is none", "NOTIFIER_ENVIRONMENTS", "main".into(), "has no `=`"),
        set("an event that is none", "NOTIFIER_EVENTS", "deploy-*,boom".into(), "`boom` is no event"),
        set("a user map that is no JSON", "NOTIFIER_USER_MAP", "{".into(), "NOTIFIER_USER_MAP"),
        Fault::new("a query that cannot be escaped", SENT, "must stand inside", Whole, |job| {
            job.set("NOTIFIER_GRAFANA_URL", "https://grafana.example");
            job.set("NOTIFIER_LOKI_QUERY", "{a=%{branch}}");
        }),
        set(
            "an address that is none",
            "NOTIFIER_APP_URL",
            "javascript:alert(1)".into(),
            "does not give an http or https",
        ),
        set("a pipeline that began in the year 9999", "CI_PIPELINE_CREATED_AT", "9999-12-31T23:59:59Z".into(), ""),
        set("a pipeline that began on no day", "CI_PIPELINE_CREATED_AT", "2026-02-31".into(), ""),
    ];
    let hostile = [
        ("a mention", "<!channel> <@U0EVERYONE> @everyone"),
        ("a link", "<https://evil.example|ok> https://evil.example"),
        ("shell", "$(reboot); `id` ' \" && curl evil.example"),
        ("terminal escapes", "\u{1b}[31mred\u{7}\r\nsection_start:0:x"),
        ("bidirectional overrides", "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}"),
        ("120 KB of Korean", "가".repeat(40_000).leak()),
    ];
    for (what, value) in hostile {
        faults.push(Fault::new(format!("{what} in every text"), SENT, "", Whole, move |job| {
            for name in ["CI_COMMIT_TITLE", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME", "GITLAB_USER_NAME", "CI_JOB_NAME"]
            {
                job.set(name, if value.len() > 10_000 && name != "CI_COMMIT_TITLE" { "x" } else { value });
            }
            job.set("NOTIFIER_ENVIRONMENTS", "*=%{branch}@play");
        }));
    }
    faults
}

/// A server that says the same to everybody, or nothing.
fn bare(reply: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut hello = [0; 4096];
                let _ = stream.read(&mut hello);
                match reply {
                    Some(reply) => drop(stream.write_all(reply)),
                    None => drop(stream.read_to_end(&mut Vec::new())),
                }
            });
        }
    });
    address
}

/// Names, connections, TLS and proxies.
fn network() -> Vec<Fault> {
    let own = |name: &'static str, years: (i32, i32), ends: &'static str, warns: &'static str, arrives, known: bool| {
        move |title: &str| {
            Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
                let authority = Authority::new();
                let upstream = job.slack.as_ref().unwrap().url("");
                let address = authority.front(&Shown { name, years }, &upstream, false);
                let file = job.directory.join(".pipeline-notifier").join("authority.pem");
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, &authority.pem).unwrap();
                if known {
                    job.set("SSL_CERT_FILE", file.display().to_string());
                }
                job.at(&format!("https://localhost:{}", address.port()));
            })
        }
    };
    let raw = |title: &str, reply: Option<&'static [u8]>, ends, warns| {
        Fault::new(title, ends, warns, Later, move |job: &mut Job| {
            job.at(&format!("https://localhost:{}", bare(reply).port()));
        })
    };
    let proxy = |title: &str, reply: Reply, ends, warns: &'static str, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
            let server = Server::start([reply.clone()]);
            job.set("HTTPS_PROXY", server.url("").replace("://", "://user:s3cr3ts3cr3t@"));
            job.at("https://slack.invalid");
            job.others.push(server);
        })
    };
    vec![
        Fault::new("a host name that does not resolve", "failed reason=dns", "could not be resolved", Later, |job| {
            job.at("https://slack.invalid")
        }),
        Fault::new("a name server that does not answer", "failed reason=dns", "could not be resolved", Later, |job| {
            // A socket that nobody reads, which the notifier inherits.
            const NAME_SERVER: &str = "import os,socket,sys
os.system('ip link set lo up; echo nameserver 127.0.0.1 >resolv; mount --bind resolv /etc/resolv.conf; rm resolv')
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',53)); s.set_inheritable(True)
os.execvp(sys.argv[1],sys.argv[1:])";
            job.under = vec!["unshare", "--mount", "--net", "/usr/bin/env", "python3", "-c", NAME_SERVER];
            job.set("PATH", std::env::var("PATH").unwrap());
            job.at("https://slack.invalid");
        }),
        Fault::new("a connection that is refused", "failed reason=connect", "refused", Later, |job| {
            let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            job.at(&format!("http://{closed}"));
        }),
        Fault::new("a network that is unreachable", "failed reason=connect", "unreachable", Later, |job| {
            job.under = vec!["unshare", "--net"];
            job.at("https://10.77.0.2");
        }),
        Fault::new(
            "packets that are dropped",
            "failed reason=timeout",
            "no connection within the time",
            Later,
            |job| {
                job.under = vec!["unshare", "--net"];
                job.set("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
                job.before = "ip link set lo up; ip link add v0 type veth peer name v1; ip addr add 10.77.0.1/24 dev v0; ip link set v0 up; \
                          ip link set v1 up; ip neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev v0"
                .into();
                job.at("https://10.77.0.2");
            },
        ),
        own("localhost", (2020, 2100), SENT, "", Whole, true)("an authority of the network's own, in SSL_CERT_FILE"),
        own("localhost", (2020, 2100), "failed reason=tls_untrusted", "unknown authority", Later, false)(
            "a certificate from nobody known",
        ),
        own("localhost", (2020, 2021), "failed reason=tls_time", "expired", Later, true)(
            "a certificate that is expired",
        ),
        own("localhost", (2090, 2100), "failed reason=tls_time", "not valid yet", Later, true)(
            "a certificate that is not valid yet",
        ),
        own("other.example", (2020, 2100), "failed reason=tls_name", "for another name", Later, true)(
            "a certificate for another name",
        ),
        raw(
            "plain text where TLS should be",
            Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "failed reason=tls",
            "TLS handshake failed",
        ),
        raw(
            "a server that speaks old TLS only",
            Some(b"\x15\x03\x02\x00\x02\x02\x46"),
            "failed reason=tls",
            "TLS handshake failed",
        ),
        raw("a TLS handshake that hangs", None, "failed reason=timeout", "within the time"),
        Fault::new("an SSL_CERT_FILE with no certificate", SENT, "SSL_CERT_FILE holds no certificate", Whole, |job| {
            job.set("SSL_CERT_FILE", "/etc/hostname")
        }),
        Fault::new("a proxy that works", SENT, "", Whole, |job| {
            let authority = Authority::new();
            let upstream = job.slack.as_ref().unwrap().url("");
            let address = authority.front(&Shown { name: "slack.invalid", years: (2020, 2100) }, &upstream, true);
            let file = job.directory.join("authority.pem");
            fs::write(&file, &authority.pem).unwrap();
            job.set("SSL_CERT_FILE", file.display().to_string());
            job.set("HTTPS_PROXY", format!("http://{address}"));
            job.at("https://slack.invalid");
        }),
        proxy(
            "a proxy that wants other credentials",
            Reply::status(407, ""),
            "failed reason=proxy",
            "the proxy refused",
            Later,
        ),
        proxy("a proxy that is not one", Reply::Garbage, "failed reason=protocol", "", Later)
            .warning("broke off or the answer was not HTTP"),
        proxy("a proxy that breaks off", Reply::Drop, "failed reason=proxy", "the proxy refused", Later),
        proxy("a proxy that hangs", Reply::Hang, "failed reason=timeout", "within the time", Later),
        Fault::new("a proxy variable that is no address", "failed reason=dns", "is no proxy address", Later, |job| {
            job.set("HTTPS_PROXY", "://");
            job.at("https://slack.invalid");
        }),
        Fault::new("a proxy, and NO_PROXY for the host", "failed reason=dns", "could not be resolved", Later, |job| {
            job.set("HTTPS_PROXY", "http://127.0.0.1:1");
            job.set("NO_PROXY", "slack.invalid");
            job.at("https://slack.invalid");
        }),
    ]
}

/// What Slack, or somebody in its place, answers to a webhook.
fn answers() -> Vec<Fault> {
    let answer = |title: String, reply: Reply, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| job.slack([reply.clone()]))
    };
    let mut faults = vec![
        answer("200 and an empty body".into(), Reply::status(200, ""), SENT, "", Whole),
        answer(
            "200 and a page".into(),
            Reply::status(200, "<html>sign in</html>"),
            "failed reason=bad_reply",
            "not `ok`",
            Later,
        ),
        answer("204".into(), Reply::status(204, ""), "failed reason=bad_reply", "not `ok`", Later),
        answer(
            "an answer that echoes the webhook".into(),
            Reply::status(404, WEBHOOK_PATH),
            "failed reason=http_404",
            "Slack answered 404",
            Later,
        ),
        answer("413".into(), Reply::status(413, ""), "failed reason=http_413", "Slack answered 413", Nothing),
        answer(
            "an error of terminal escapes".into(),
            Reply::status(404, "\u{1b}[31mno_service"),
            "failed reason=http_404",
            "Slack answered 404",
            Later,
        ),
        answer("no answer".into(), Reply::Hang, "failed reason=timeout", "no answer within the time", Later),
        answer(
            "an answer a byte at a time".into(),
            Reply::SlowHeaders,
            "failed reason=timeout",
            "no answer within the time",
            Later,
        ),
        answer("an answer without an end".into(), Reply::Flood, "failed reason=bad_reply", "not `ok`", Later),
        answer("a connection that breaks off".into(), Reply::Drop, "failed reason=protocol", "broke off", Later),
        answer("an answer that is not HTTP".into(), Reply::Garbage, "failed reason=protocol", "was not HTTP", Later),
        answer(
            "half of a status line".into(),
            Reply::Raw(b"HTTP/1.1 20"),
            "failed reason=protocol",
            "broke off",
            Later,
        ),
        answer("HTTP/0.9".into(), Reply::Raw(b"ok"), "failed reason=protocol", "was not HTTP", Later),
        answer(
            "a chunk of no size".into(),
            Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            SENT,
            "",
            Whole,
        ),
        answer(
            "a body of a terabyte that does not come".into(),
            Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nok"),
            SENT,
            "",
            Whole,
        ),
        answer(
            "ten thousand interim answers".into(),
            Reply::Raw(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000).leak()),
            "failed reason=protocol",
            "not HTTP",
            Later,
        ),
        answer(
            "headers of a megabyte".into(),
            Reply::Raw([&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 1 << 20]].concat().leak()),
            "failed reason=protocol",
            "not HTTP",
            Later,
        ),
        answer(
            "429 for a second, twice".into(),
            Reply::Answer(429, "Retry-After: 0\r\n", String::new()),
            "failed reason=rate_limited",
            "limits the rate",
            Later,
        ),
    ];
    for header in [
        "Retry-After: 3600\r\n",
        "Retry-After: -1\r\n",
        "Retry-After: NaN\r\n",
        "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n",
        "",
    ] {
        let title =
            if header.is_empty() { "429 without a time".to_owned() } else { format!("429 with {}", header.trim()) };
        faults.push(answer(
            title,
            Reply::Answer(429, header, String::new()),
            "failed reason=rate_limited",
            "limits the rate",
            Later,
        ));
    }
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::Answer(status, "Location: http://169.254.169.254/latest\r\n", String::new());
        faults.push(answer(
            format!("{status}, to the metadata service"),
            reply,
            "failed reason=redirect",
            "is not followed",
            Later,
        ));
    }
    for (status, ends) in [
        (500, "failed reason=http_500"),
        (502, "failed reason=http_502"),
        (503, "failed reason=http_503"),
        (504, "failed reason=http_504"),
    ] {
        faults.push(answer(
            format!("{status}, twice"),
            Reply::status(status, "<html>"),
            ends,
            "slack-status.com",
            Later,
        ));
    }
    let words: [(u16, &str, &str, Arrives); 16] = [
        (400, "invalid_payload", "failed reason=invalid_payload", Nothing),
        (400, "invalid_blocks", "failed reason=invalid_blocks", Nothing),
        (400, "invalid_attachments", "failed reason=invalid_attachments", Nothing),
        (400, "too_many_attachments", "failed reason=too_many_attachments", Nothing),
        (400, "no_text", "failed reason=no_text", Nothing),
        (400, "user_not_found", "failed reason=user_not_found", Later),
        (403, "action_prohibited", "failed reason=action_prohibited", Later),
        (403, "posting_to_general_channel_denied", "failed reason=posting_to_general_channel_denied", Later),
        (403, "invalid_token", "failed reason=invalid_token", Later),
        (404, "channel_not_found", "failed reason=channel_not_found", Later),
        (404, "no_active_hooks", "failed reason=no_active_hooks", Later),
        (404, "no_service", "failed reason=no_service", Later),
        (404, "no_service_id", "failed reason=no_service_id", Later),
        (404, "no_team", "failed reason=no_team", Later),
        (404, "team_disabled", "failed reason=team_disabled", Later),
        (410, "channel_is_archived", "failed reason=channel_is_archived", Later),
    ];
    for (status, word, ends, arrives) in words {
        faults.push(answer(format!("{status} {word}"), Reply::status(status, word), ends, word, arrives));
    }
    faults.push(Fault::new("400 invalid_blocks, and ok for the text", SENT, "its text alone was sent", Text, |job| {
        job.slack([Reply::status(400, "invalid_blocks"), Reply::ok()]);
    }));
    faults.push(Fault::new("503, and ok for the second try", SENT, "", Whole, |job| {
        job.slack([Reply::status(503, ""), Reply::ok()]);
        job.set("NOTIFIER_TIMEOUT", "3");
    }));
    faults
}

/// What the Web API answers to a bot.
fn web_api() -> Vec<Fault> {
    let mut faults = Vec::new();
    for (word, ends) in [
        ("invalid_auth", "failed reason=invalid_auth"),
        ("token_revoked", "failed reason=token_revoked"),
        ("account_inactive", "failed reason=account_inactive"),
        ("not_in_channel", "failed reason=not_in_channel"),
        ("channel_not_found", "failed reason=channel_not_found"),
        ("is_archived", "failed reason=is_archived"),
        ("restricted_action_read_only_channel", "failed reason=restricted_action_read_only_channel"),
        ("fatal_error", "failed reason=fatal_error"),
    ] {
        faults.push(Fault::new(format!("chat.postMessage: {word}"), ends, word, Later, move |job| {
            let mut workspace = Workspace::new();
            workspace.refused.insert("chat.postMessage", word);
            job.bot(workspace);
        }));
    }
    let api = |title: &str, reply: Reply, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
            job.bot(Workspace::new());
            let server = Server::start([reply.clone()]);
            job.set("SLACK_API_URL", server.url("/api"));
            // By name, the channel's history is not asked for.
            job.set("NOTIFIER_CHANNEL", "#deploys");
            job.slack = Some(server);
        })
    };
    faults.extend([
        Fault::new(
            "a bot without chat:write",
            "failed reason=missing_scope",
            "lacks the scope chat:write",
            Later,
            |job| {
                job.bot(Workspace::new().without("chat:write"));
                job.set("NOTIFIER_CHANNEL", "#deploys");
            },
        ),
        Fault::new("a bot without the channel's history", SENT, "lacks the scope channels:history", Whole, |job| {
            job.bot(Workspace::new().without("channels:history"));
        }),
        api(
            "a Web API that answers a page",
            Reply::status(200, "<html>"),
            "failed reason=bad_reply",
            "not `ok`",
            Later,
        ),
        api(
            "a Web API that answers a list",
            Reply::status(200, "[true]"),
            "failed reason=bad_reply",
            "not `ok`",
            Later,
        ),
        api("a Web API that hangs", Reply::Hang, "failed reason=timeout", "no answer within the time", Later),
        api(
            "a Web API that redirects",
            Reply::Answer(302, "Location: http://169.254.169.254/\r\n", String::new()),
            "failed reason=redirect",
            "is not followed",
            Later,
        ),
        Fault::new("a Web API at a foreign host", SENT, "the token goes nowhere else", Whole, |job| {
            job.set("SLACK_BOT_TOKEN", TOKEN);
            job.set("SLACK_API_URL", "https://evil.example/api");
            job.set("NOTIFIER_CHANNEL", DEPLOYS);
        }),
    ]);
    faults
}

/// A GitLab that does not tell which jobs failed: the message links to the page that lists them.
fn gitlab() -> Vec<Fault> {
    let replies = [
        ("401", Reply::status(401, "{}")),
        ("403", Reply::status(403, "{}")),
        ("404", Reply::status(404, "{}")),
        ("429", Reply::status(429, "")),
        ("500", Reply::status(500, "")),
        ("a page", Reply::status(200, "<html>")),
        ("jobs without names", Reply::status(200, r#"[{"id":1}]"#)),
        ("a redirect to the sign-in page", Reply::Answer(302, "Location: /users/sign_in\r\n", String::new())),
        ("nothing", Reply::Hang),
        ("nothing, and breaks off", Reply::Drop),
        ("without an end", Reply::Flood),
    ];
    let answered = replies.map(|(what, reply)| {
        Fault::new(format!("GitLab answers {what}"), SENT, "asking GitLab which jobs failed", Whole, move |job| {
            job.gitlab(reply.clone())
        })
    });
    let mut faults = Vec::from(answered);
    faults.push(Fault::new("GitLab's address was overridden", SENT, "does not point at the GitLab", Whole, |job| {
        job.gitlab(Reply::status(200, "[]"));
        job.set("CI_API_V4_URL", "https://evil.example/api/v4");
    }));
    faults.push(Fault::new("a hundred failed jobs of hostile names", SENT, "", Whole, |job| {
        let jobs = format!(
            r#"{{"name":"<!channel> {}","stage":"build","status":"failed","web_url":"javascript:alert(1)"}}"#,
            "x".repeat(255)
        );
        job.gitlab(Reply::status(200, &format!("[{}]", vec![jobs; 100].join(","))));
    }));
    faults
}

/// Modules of a team's own that are wrong: the built-in one renders instead.
fn modules() -> Vec<Fault> {
    let mut faults: Vec<Fault> = [
        ("loops-forever", "(fuel)"),
        ("recurses-forever", "(trap)"),
        ("grows-memory", "(memory)"),
        ("starts-with-much-memory", "(memory)"),
        ("grows-a-table", "(memory)"),
        ("reaches-unreachable", "(trap)"),
        ("divides-by-zero", "(trap)"),
        ("reads-out-of-bounds", "(trap)"),
        ("exits-with-seven", "(exit)"),
        ("exits-with-four-billion", "(trap)"),
        ("floods-stdout", "(output)"),
        ("floods-stderr", "(exit)"),
        ("sleeps", "(import)"),
        ("yields", "(import)"),
        ("opens-a-file", "(import)"),
        ("reads-the-clock", "(import)"),
        ("wants-preview-0", "(import)"),
        ("has-no-start", "(bad_module)"),
        ("uses-simd", "(bad_module)"),
        ("is-a-component", "(bad_module)"),
        ("says-nothing", "(bad_output)"),
        ("says-what-it-reads", "(bad_output)"),
        ("says-it-in-another-version", "(bad_output)"),
        ("says-invalid-utf-8", "(bad_output)"),
        ("says-too-deep", "(bad_output)"),
        ("names-a-channel", "(bad_output)"),
    ]
    .into_iter()
    .map(|(name, word)| {
        let title = format!("a module that {}", name.replace('-', " "));
        Fault::new(title, SENT, word, Whole, move |job: &mut Job| {
            job.module(&guest(name));
            job.set("NOTIFIER_TIMEOUT", "5");
        })
    })
    .collect();
    faults.extend([
        Fault::new("a module that is cut short", SENT, "(bad_module)", Whole, |job| {
            job.module(&built_in_wasm()[..1000]);
        }),
        Fault::new("a module of 5 MB", SENT, "(checksum)", Whole, |job| job.module(&vec![0; 5 << 20])),
        Fault::new("a module that is empty", SENT, "(bad_module)", Whole, |job| job.module(&[])),
        Fault::new("a module that is not there", SENT, "(bad_module)", Whole, |job| {
            job.pin("/nonexistent.wasm", &"0".repeat(64))
        }),
        Fault::new("a module that is a device", SENT, "(bad_module)", Whole, |job| {
            job.pin("/dev/zero", &"0".repeat(64))
        }),
        Fault::new("a module with a flipped bit", SENT, "(checksum)", Whole, |job| {
            let mut flipped = built_in_wasm().to_vec();
            flipped[100_000] ^= 1;
            job.module(&flipped);
            job.arguments.truncate(4);
            let digest = sha256(&guest("says-hello"));
            job.arguments.extend(["--module-sha256".to_owned(), digest]);
        }),
        Fault::new("a registry without the module", SENT, "(bad_module)", Whole, |job| {
            let server =
                Server::start([Reply::Packages(std::sync::Arc::new(std::sync::Mutex::new(Packages::default())))]);
            job.pin(&server.url("/notifier.wasm"), &"0".repeat(64));
            job.others.push(server);
        }),
        Fault::new("a registry that hangs", SENT, "(bad_module)", Whole, |job| {
            let server = Server::start([Reply::Hang]);
            job.pin(&server.url("/notifier.wasm"), &"0".repeat(64));
            job.others.push(server);
        }),
    ]);
    faults
}

/// A machine without something.
fn machine() -> Vec<Fault> {
    let before = |title: &str, shell: &'static str, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| job.before = shell.into())
    };
    let under = |title: &str, under: &'static [&'static str], shell: &'static str, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
            job.under = under.to_vec();
            job.before = shell.into();
            job.set("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        })
    };
    let faked = |title: &str, at: &'static str| {
        Fault::new(title, SENT, "", Whole, move |job: &mut Job| {
            job.under = vec!["faketime", at];
            job.set("PATH", "/usr/bin:/bin");
        })
    };
    vec![
        before("no HOME, no TMPDIR, no PATH", "unset HOME TMPDIR PATH", SENT, "", Whole),
        before("a working directory that is gone", "mkdir gone; cd gone; rmdir ../gone", SENT, "", Whole),
        before("stdin is closed", "exec <&-", SENT, "", Whole),
        before("stdout is closed", "exec >&-", SENT, "", Whole),
        before("stderr is closed", "exec 2>&-", "", "", Whole),
        before("stderr is full", "exec 2>/dev/full", "", "", Whole),
        before("everything is closed", "exec <&- >&- 2>&-", "", "", Whole),
        before(
            "stderr is a pipe that nobody reads",
            "mkfifo .pipeline-notifier-pipe; (exec <.pipeline-notifier-pipe) & exec 2>.pipeline-notifier-pipe; sleep 0.2; rm .pipeline-notifier-pipe",
            "",
            "",
            Whole,
        ),
        before("200 MB of address space", "ulimit -v 200000", SENT, "", Whole),
        before("64 MB of data", "ulimit -d 65536", SENT, "", Whole),
        before("256 KiB of stack", "ulimit -s 256", SENT, "", Whole),
        before("eight open files", "ulimit -n 8", SENT, "", Whole),
        before("no file may grow", "ulimit -f 0", SENT, "", Whole),
        before("no core dumps, no locked memory", "ulimit -c 0; ulimit -l 0", SENT, "", Whole),
        before("a lowest priority", "renice 19 $$ >/dev/null", SENT, "", Whole),
        before("a umask that takes all", "umask 777", SENT, "", Whole),
        under(
            "a project directory that is read-only",
            &["unshare", "--mount"],
            "mount --bind -o ro . \"$CI_PROJECT_DIR\"",
            SENT,
            "",
            Whole,
        ),
        under(
            "a disk that is full",
            &["unshare", "--mount"],
            "mount -t tmpfs -o size=4k x \"$CI_PROJECT_DIR\"; cd \"$CI_PROJECT_DIR\"; head -c 4096 /dev/zero >full",
            SENT,
            "",
            Whole,
        ),
        under("no /dev at all", &["unshare", "--mount"], "mount -t tmpfs x /dev", SENT, "", Whole),
        under("no /proc", &["unshare", "--mount"], "mount -t tmpfs x /proc", SENT, "", Whole),
        under(
            "no /etc: no resolver, no authorities",
            &["unshare", "--mount"],
            "mount -t tmpfs x /etc",
            SENT,
            "",
            Whole,
        ),
        under(
            "a user without a name, who may start no process",
            &["setpriv", "--reuid=64123", "--clear-groups"],
            "ulimit -u 1",
            SENT,
            "",
            Whole,
        ),
        under(
            "no memory may become executable",
            &[
                "python3",
                "-c",
                "import ctypes,os,sys; ctypes.CDLL(None).prctl(65,1,0,0,0); os.execvp(sys.argv[1],sys.argv[1:])",
            ],
            "",
            SENT,
            "a line of plain text is sent instead",
            Text,
        ),
        faked("a clock before 1970", "1969-06-01 00:00:00"),
        faked("a clock after 2038", "2060-01-01 00:00:00"),
    ]
}

impl Fault {
    fn warning(mut self, warns: &'static str) -> Self {
        self.warns = warns;
        self
    }
}

/// A group of rows, and what it is about.
type Group = (&'static str, &'static str, fn() -> Vec<Fault>);

const GROUPS: [Group; 7] = [
    ("Variables and settings", "변수와 설정", variables),
    ("The network", "네트워크", network),
    ("What a webhook answers", "웹훅의 답", answers),
    ("What the Web API answers", "Web API의 답", web_api),
    ("GitLab's API", "GitLab API", gitlab),
    ("Modules", "모듈", modules),
    ("The machine", "기계", machine),
];

#[test]
fn variables_and_settings() {
    check(variables());
}

#[test]
fn names_connections_tls_and_proxies() {
    check(network());
}

#[test]
fn answers_of_a_webhook() {
    check(answers());
}

#[test]
fn answers_of_the_web_api() {
    check(web_api());
}

#[test]
fn answers_of_gitlab() {
    check(gitlab());
}

#[test]
fn modules_that_are_wrong() {
    check(modules());
}

#[test]
fn machines_without_something() {
    check(machine());
}

#[test]
fn the_page_shows_this_very_table() {
    let rows: usize = GROUPS.iter().map(|(_, _, faults)| faults().len()).sum();
    assert!(rows >= 80, "{rows}");
    for (page, korean) in [("docs/reliability.md", false), ("docs/ko/reliability.md", true)] {
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
                    (Later, false) => "later",
                    (Nothing, false) => "nothing",
                    (Whole, true) => "메시지",
                    (Text, true) => "텍스트만",
                    (Later, true) => "나중에",
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
