//! How the notifier reaches a job: the component's one function, under every shell that GitLab jobs use, with each fault
//! of a registry and of an image. Whatever happens, the job's own line behind it runs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pipeline_notifier::module::{built_in_wasm, sha256};

use crate::component::{LITERALS, documents, root};
use crate::harness::{WEBHOOK_PATH, binary, scratch};
use crate::loopback::{Reply, Server};

/// The shells of GitLab jobs: Debian's sh, Alpine's, and bash as GitLab Runner starts it.
const SHELLS: [&[&str]; 4] = [
    &["dash", "-e"],
    &["busybox", "ash", "-eu"],
    &["bash", "-e", "-o", "pipefail"],
    &["bash", "-eu", "-x", "-o", "pipefail"],
];

/// What the function calls.
const TOOLS: [&str; 11] = ["uname", "mkdir", "rm", "mv", "gzip", "chmod", "curl", "sha256sum", "sleep", "sh", "env"];

const TOKEN: &str = "glcbt-64_not-a-real-job-token";

/// A packed notifier, and the template that pins it and its module.
pub(crate) struct Release {
    pub(crate) packed: Vec<u8>,
    pub(crate) template: String,
}

/// A release of this very build.
pub(crate) fn release() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| release_of("1.2.3", built_in_wasm()))
}

/// A release with this very build and any module. What is packed is a script that runs the real binary: unpacking a
/// hundred megabytes of an unstripped one over and over would test gzip.
pub(crate) fn release_of(version: &str, module: &[u8]) -> Release {
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", binary().display());
    let mut gzip = Command::new("gzip");
    let mut gzip = gzip.args(["-9", "-n", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let packed = gzip.wait_with_output().unwrap().stdout;
    let (digest, module) = (sha256(&packed), sha256(module));
    let pins = scratch().join("pins");
    let text = format!(
        "VERSION={version}\nPROJECT=devops%2Fpipeline-notifier\nSHA256_X86_64={digest}\nSHA256_AARCH64={digest}\n\
         SHA256_MODULE={module}\n"
    );
    fs::write(&pins, text).unwrap();
    let rendered = Command::new(root().join("release/render")).arg(&pins).output().unwrap();
    assert!(rendered.status.success());
    Release { packed, template: String::from_utf8(rendered.stdout).unwrap() }
}

/// The packed notifier as a registry's answer.
pub(crate) fn served() -> Reply {
    Reply::Bytes(release().packed.clone())
}

/// A folder with only these commands.
fn path_of(tools: &[&str]) -> PathBuf {
    let path = scratch().join("bin");
    fs::create_dir_all(&path).unwrap();
    for tool in tools {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        let target = if found.starts_with('/') { found.trim().to_owned() } else { format!("/usr/bin/{tool}") };
        let _ = symlink(target, path.join(tool));
    }
    path
}

fn all_but(missing: &[&str]) -> PathBuf {
    path_of(&TOOLS.iter().copied().filter(|tool| !missing.contains(tool)).collect::<Vec<_>>())
}

struct Job<'a> {
    registry: &'a Server,
    slack: &'a Server,
    path: PathBuf,
    /// The checkout.
    project: PathBuf,
    /// TMPDIR.
    temporary: PathBuf,
    /// What the job's script does before and between its hooks.
    before: &'static str,
    /// What it does after them.
    after: &'static str,
    /// Its hooks.
    events: &'static [&'static str],
    variables: Vec<(&'static str, String)>,
}

struct Ended {
    output: String,
    took: Duration,
}

impl<'a> Job<'a> {
    fn new(registry: &'a Server, slack: &'a Server) -> Self {
        Self {
            registry,
            slack,
            path: all_but(&[]),
            project: scratch(),
            temporary: scratch(),
            before: "",
            after: "",
            events: &["deploy-started"],
            variables: Vec::new(),
        }
    }

    /// A job: the function, its notifications, and the job's own line.
    fn command(&self, shell: &[&str]) -> Command {
        let template = &release().template;
        let (_, body) = template.split_once("\n---\n").unwrap();
        let body: serde_yaml_ng::Value = serde_yaml_ng::from_str(body).unwrap();
        let function = body[".pipeline-notifier"]["script"][0].as_str().unwrap();
        // As GitLab fills in the inputs that are literals of the script.
        let function =
            LITERALS.iter().fold(function.to_owned(), |it, name| it.replace(&format!("$[[ inputs.{name} ]]"), ""));
        let hooks: String =
            self.events.iter().map(|event| format!("pipeline_notifier send {event} || true\n")).collect();
        let script = format!("{}\n{function}\n{hooks}\n{}\nprintf '%s\\n' deployed\n", self.before, self.after);
        let file = scratch().join("script.sh");
        fs::write(&file, script).unwrap();
        let mut command = Command::new(format!("/usr/bin/{}", shell[0]));
        command
            .args(&shell[1..])
            .arg(&file)
            .env_clear()
            .env("PATH", &self.path)
            .env("CI_PROJECT_DIR", &self.project)
            .env("TMPDIR", &self.temporary)
            .env("CI_SERVER_URL", self.registry.url(""))
            .env("CI_API_V4_URL", self.registry.url("/api/v4"))
            .env("CI_JOB_TOKEN", TOKEN)
            .env("CI_JOB_ID", "7")
            .env("CI_PROJECT_NAME", "shop-api")
            .env("SLACK_WEBHOOK_URL", self.slack.url(WEBHOOK_PATH))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .current_dir(&self.project);
        command
    }

    /// Runs a job.
    fn run(&self, shell: &[&str]) -> Ended {
        let mut command = self.command(shell);
        let begun = Instant::now();
        let output = command.output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{shell:?} failed the job:\n{text}");
        assert!(text.contains("deployed\n"), "{shell:?}: the job's own line did not run:\n{text}");
        for secret in ["T0SECRET01", "s3cr3ts3cr3t"] {
            assert!(!text.contains(secret), "{shell:?} shows the webhook:\n{text}");
        }
        assert!(!text.contains(TOKEN), "{shell:?} shows the token:\n{text}");
        Ended { output: text, took: begun.elapsed() }
    }

    /// Runs it under every shell and expects this last word of the notifier.
    fn ends_with(&self, expected: &str) {
        for shell in SHELLS {
            let ended = self.run(shell);
            assert!(ended.output.contains(expected), "{shell:?}: no `{expected}` in\n{}", ended.output);
        }
    }
}

#[test]
fn the_notifier_is_downloaded_checked_and_run_by_every_shell() {
    for shell in SHELLS {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let job = Job::new(&registry, &slack);
        let ended = job.run(shell);
        assert!(ended.output.contains("notify: sent"), "{shell:?}: {}", ended.output);
        let request = registry.only_request();
        assert!(request.target.starts_with(
            "/api/v4/projects/devops%2Fpipeline-notifier/packages/generic/pipeline-notifier/1.2.3/pipeline-notifier-"
        ));
        assert_eq!(request.header("JOB-TOKEN"), Some(TOKEN));
        slack.only_request();
        // What the first hook kept beside the checkout serves the second, which takes it away.
        assert_eq!(fs::read_dir(&job.temporary).unwrap().count(), 1);
        let second = Job { events: &["deploy-finished"], ..job };
        assert!(second.run(shell).output.contains("notify: sent"));
        registry.only_request();
        for place in [&second.project, &second.temporary] {
            assert_eq!(fs::read_dir(place).unwrap().count(), 0, "{shell:?}: {}", place.display());
        }
    }
}

/// An image with GNU's wget or busybox' alone.
fn with_wget(job: &mut Job, is_gnu: bool) {
    job.path = all_but(&["curl"]);
    let wget = job.path.join("wget");
    if is_gnu {
        symlink("/usr/bin/wget", wget).unwrap();
    } else {
        fs::write(&wget, "#!/bin/sh\nexec /usr/bin/busybox wget \"$@\"\n").unwrap();
        fs::set_permissions(&wget, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn wget_serves_where_there_is_no_curl() {
    for is_gnu in [true, false] {
        for shell in SHELLS {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            with_wget(&mut job, is_gnu);
            let ended = job.run(shell);
            assert!(ended.output.contains("notify: sent"), "{shell:?}: {}", ended.output);
            // A registry that wants the job token gets it.
            assert_eq!(registry.only_request().header("JOB-TOKEN"), Some(TOKEN));
        }
    }
}

/// One budget holds the download and the delivery: 2 s here, and half a second more.
#[test]
fn a_hook_ends_in_time_whatever_is_dead() {
    let limit = Duration::from_millis(2500);
    for reply in [
        Reply::status(404, "{}"),
        Reply::status(500, ""),
        Reply::Drop,
        Reply::Hang,
        Reply::SlowHeaders,
        Reply::Flood,
        served(),
    ] {
        for (client, shell) in [("curl", SHELLS[0]), ("gnu", SHELLS[3]), ("busybox", SHELLS[1])] {
            let mut took = Duration::MAX;
            for _ in 0..3 {
                let (registry, slack) = (Server::start([reply.clone()]), Server::start([Reply::Hang]));
                let mut job = Job::new(&registry, &slack);
                job.variables = vec![("NOTIFIER_TIMEOUT", "2".to_owned())];
                if client != "curl" {
                    with_wget(&mut job, client == "gnu");
                }
                let ended = job.run(shell);
                let said = ["reason=artifact_unavailable", "reason=checksum", "reason=timeout"];
                assert!(said.iter().any(|reason| ended.output.contains(reason)), "{client}: {}", ended.output);
                took = took.min(ended.took);
                if took < limit {
                    break;
                }
            }
            assert!(took < limit, "{client}: {took:?}");
        }
    }
}

/// However slow the download was, the second hook tries.
#[test]
fn the_second_hook_always_tries() {
    let (registry, slack) = (Server::start([Reply::Hang, served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("NOTIFIER_TIMEOUT", "2".to_owned())];
    job.events = &["deploy-started", "deploy-finished"];
    for shell in &SHELLS[..1] {
        let ended = job.run(shell);
        assert!(ended.output.contains("reason=artifact_unavailable"), "{}", ended.output);
        assert!(ended.output.contains("notify: sent"), "{}", ended.output);
    }
}

#[test]
fn what_is_not_the_pinned_notifier_is_not_run() {
    let packed = &release().packed;
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 1;
    for bytes in [b"<html>Sign in</html>".to_vec(), packed[..packed.len() / 2].to_vec(), flipped, Vec::new()] {
        let (registry, slack) = (Server::start([Reply::Bytes(bytes)]), Server::start([Reply::ok()]));
        Job::new(&registry, &slack).ends_with("notify: skipped reason=checksum");
        assert!(slack.requests().is_empty());
    }
}

/// What a repository brings along is neither believed, nor read, nor run, nor written through.
#[test]
fn nothing_of_the_checkout_is_believed() {
    for shell in SHELLS {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        let ours = job.project.join(".pipeline-notifier");
        fs::create_dir_all(ours.join("undelivered")).unwrap();
        for arch in ["x86_64", "aarch64"] {
            symlink("/dev/zero", ours.join(format!("pipeline-notifier-{arch}-linux.gz"))).unwrap();
        }
        symlink("/dev/zero", ours.join("undelivered/1.channel")).unwrap();
        symlink("../deploy.sh", ours.join("annotations.json")).unwrap();
        symlink("nowhere", ours.join(".gitignore")).unwrap();
        symlink("/etc/passwd", job.project.join(".pipeline-notifier.json")).unwrap();
        symlink("/dev/zero", job.project.join("environment_url.txt")).unwrap();
        // Programs of the repository, and its folder in PATH in every way that people write it.
        for program in ["pipeline-notifier", "curl", "uname", "gzip", "mkdir", "sha256sum", "sh"] {
            let path = job.project.join(program);
            fs::write(&path, "#!/bin/sh\necho the repository runs >&2\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::create_dir(job.project.join("bin")).unwrap();
        symlink("../pipeline-notifier", job.project.join("bin/pipeline-notifier")).unwrap();
        let linked = scratch().join("linked");
        symlink(&job.project, &linked).unwrap();
        let checkout = job.project.display().to_string();
        let tools = job.path.display().to_string();
        job.path =
            format!(".::bin:{checkout}:{checkout}/bin/../bin:{}:/proc/self/cwd:{tools}", linked.display()).into();
        let before = listing(&job.project);
        let ended = job.run(shell);
        assert!(ended.output.contains("notify: sent"), "{shell:?}: {}", ended.output);
        assert!(!ended.output.contains("the repository runs"), "{shell:?}: {}", ended.output);
        assert_eq!(listing(&job.project), before, "{shell:?}");
        assert!(!slack.only_request().body.contains("root:"));
    }
}

/// Names, kinds, modes and sizes below a folder.
fn listing(folder: &Path) -> String {
    let listed = Command::new("find").arg(folder).args(["-printf", "%P %y %m %s %l\n"]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

/// What a job's script did before changes nothing, and stays as it was.
#[test]
fn nothing_of_the_jobs_shell_changes_it_or_is_changed() {
    let tools = "curl() { echo team; }; wget() { echo team; }; mkdir() { echo team; }; rm() { echo team; }; uname() { echo team; }";
    for (before, after) in [
        ("set -C", "case $- in *C*) ;; *) exit 9 ;; esac"),
        ("set -u", "case $- in *u*) ;; *) exit 9 ;; esac"),
        ("set -f", "case $- in *f*) ;; *) exit 9 ;; esac"),
        ("IFS=/.:", "[ \"$IFS\" = /.: ] || exit 9"),
        ("IFS='\n\t'", "[ \"$IFS\" = '\n\t' ] || exit 9"),
        (tools, "[ \"$(curl)\" = team ] || exit 9"),
        (
            "alias curl='echo team' echo='exit 9' rm='exit 9' exec='exit 9' test='exit 9' set='exit 9' trap='exit 9'",
            "unalias -a",
        ),
        ("readonly url=1 file=2 version=3 packed=4 status=5 kept=6", "[ \"$url\" = 1 ] || exit 9"),
        ("trap 'printf \"%s\\n\" bye' EXIT", ":"),
        ("umask 0", "[ \"$(umask)\" = 0000 ] || [ \"$(umask)\" = 0 ] || exit 9"),
        ("cd /", "[ \"$PWD\" = / ] || exit 9"),
        ("set -- a b", "[ $# = 2 ] || exit 9"),
        ("exec 3</dev/null", "true <&3"),
        ("export CDPATH=/ GZIP=-1 WGETRC=/nonexistent", "[ \"$CDPATH\" = / ] || exit 9"),
    ] {
        for shell in SHELLS {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            job.before = before;
            let function_then = format!("{after}\n").leak();
            job.after = function_then;
            let ended = job.run(shell);
            assert!(ended.output.contains("notify: sent"), "{before}, {shell:?}: {}", ended.output);
        }
    }
}

/// No variable is an option, a file or a command of anything that the hook runs.
#[test]
fn no_variable_is_an_option() {
    for url in [
        "-K.",
        "--config=.",
        "-o/tmp/x",
        "@file",
        "file:///etc/passwd",
        "ftp://mirror.example",
        "//mirror.example",
        "$(id)",
        "http://a b",
        "http://x\n-K.",
        "https://x/`id`",
        "https://x/\"\noutput=\"y",
    ] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.variables = vec![("NOTIFIER_PACKAGE_URL", url.to_owned())];
        let ended = job.run(SHELLS[0]);
        assert!(ended.output.contains("notify: skipped reason=bad_package_url"), "{url}: {}", ended.output);
        assert!(registry.requests().is_empty());
    }
    for timeout in
        ["08", "09", "010", "2.5", "08.5", "", "soon", "-1", "$(exit 9)", "99999", "0", "1e3", "a[$(exit 9)]"]
    {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.variables = vec![("NOTIFIER_TIMEOUT", timeout.to_owned())];
        for shell in SHELLS {
            let ended = job.run(shell);
            assert!(ended.output.contains("notify: sent"), "{timeout}, {shell:?}: {}", ended.output);
        }
    }
    for token in ["x\"\noutput = \"stolen", "a b", "$(id)", "-K."] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.variables = vec![("CI_JOB_TOKEN", token.to_owned())];
        job.ends_with("notify: sent");
        assert!(token == "-K." || registry.requests()[0].header("JOB-TOKEN").is_none());
        assert_eq!(fs::read_dir(&job.project).unwrap().count(), 0);
    }
}

#[test]
fn no_line_shows_credentials() {
    for is_served in [true, false] {
        let mirror = Server::start([if is_served { served() } else { Reply::status(404, "") }]);
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let url = mirror.url("/mirror").replace("http://", "http://ci:s3cr3tpassword@");
        for client in ["curl", "gnu", "busybox"] {
            let mut job = Job::new(&registry, &slack);
            if client != "curl" {
                with_wget(&mut job, client == "gnu");
            }
            job.variables = vec![("NOTIFIER_PACKAGE_URL", url.clone())];
            let ended = job.run(SHELLS[0]);
            assert!(!ended.output.contains("s3cr3tpassword"), "{client}: {}", ended.output);
            let expected = match (client, is_served) {
                ("curl", true) => "notify: sent",
                ("curl", false) => "notify: skipped reason=artifact_unavailable",
                _ => "notify: skipped reason=no_tool",
            };
            assert!(ended.output.contains(expected), "{client}: {}", ended.output);
        }
        assert!(mirror.requests().iter().all(|request| request.header("JOB-TOKEN").is_none()));
    }
}

#[test]
fn another_system_than_linux_fetches_nothing() {
    for system in ["Darwin arm64", "MINGW64_NT-10.0 x86_64", "Linux riscv64", "FreeBSD amd64"] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.path = all_but(&["uname"]);
        let uname = job.path.join("uname");
        fs::write(&uname, format!("#!/bin/sh\necho {system}\n")).unwrap();
        fs::set_permissions(&uname, fs::Permissions::from_mode(0o755)).unwrap();
        job.ends_with("notify: skipped reason=unsupported_system");
        assert!(registry.requests().is_empty());
    }
}

/// At most the size of a release is taken, whatever the registry says of it.
#[test]
fn a_download_without_an_end_is_cut_off() {
    for client in ["curl", "gnu", "busybox"] {
        let (registry, slack) = (Server::start([Reply::Flood]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        if client != "curl" {
            with_wget(&mut job, client == "gnu");
        }
        let ended = job.run(SHELLS[0]);
        let said = ["reason=artifact_unavailable", "reason=checksum"];
        assert!(said.iter().any(|reason| ended.output.contains(reason)), "{client}: {}", ended.output);
        assert!(slack.requests().is_empty());
    }
}

/// The job's end is the end of everything that the hook started, and nothing of it is left.
#[test]
fn a_job_that_is_told_to_stop_leaves_nothing() {
    for client in ["curl", "gnu", "notifier"] {
        let hung = Server::start([Reply::Hang]);
        let (registry, slack) =
            if client == "notifier" { (Server::start([served()]), hung) } else { (hung, Server::start([Reply::ok()])) };
        let mut job = Job::new(&registry, &slack);
        if client == "gnu" {
            with_wget(&mut job, true);
        }
        job.variables = vec![("NOTIFIER_TIMEOUT", "60".to_owned())];
        let waits_for = if client == "notifier" { &slack } else { &registry };
        for shell in [SHELLS[0], SHELLS[2]] {
            let met = waits_for.requests().len();
            // A process group of its own, as a job has.
            let mut child =
                job.command(shell).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let begun = Instant::now();
            while waits_for.requests().len() == met {
                assert!(begun.elapsed() < Duration::from_secs(20), "{client} {shell:?} asks nothing");
                std::thread::yield_now();
            }
            let told = Instant::now();
            Command::new("kill").args(["-TERM", "--", &format!("-{}", child.id())]).status().unwrap();
            child.wait().unwrap();
            // The log is at its end where nobody holds it open any more.
            let mut log = String::new();
            std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut log).unwrap();
            std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut log).unwrap();
            assert!(told.elapsed() < Duration::from_secs(2), "{client} {shell:?}: {:?}\n{log}", told.elapsed());
            let kept = String::from_utf8(
                Command::new("grep").args(["-rl", TOKEN]).arg(&job.temporary).output().unwrap().stdout,
            );
            assert_eq!(kept.unwrap(), "", "{client}: the token is in a file");
        }
    }
}

/// A shared place, in which others have been before.
#[test]
fn a_directory_of_somebody_elses_is_not_used() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let job = Job::new(&registry, &slack);
    let beside = PathBuf::from(format!("{}.tmp", job.project.display()));
    fs::create_dir_all(&beside).unwrap();
    let elsewhere = scratch();
    symlink(&elsewhere, beside.join("pipeline-notifier-7")).unwrap();
    for shell in SHELLS {
        let ended = job.run(shell);
        assert!(ended.output.contains("notify: sent"), "{shell:?}: {}", ended.output);
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
    // One that another user made: TMPDIR serves.
    let job = Job::new(&registry, &slack);
    let foreign = PathBuf::from(format!("{}.tmp/pipeline-notifier-7", job.project.display()));
    fs::create_dir_all(&foreign).unwrap();
    std::os::unix::fs::chown(&foreign, Some(64123), Some(64123)).unwrap();
    job.ends_with("notify: sent");
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 0);
}

#[test]
fn an_image_without_the_tools_is_told() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    for (missing, expected) in [
        (vec!["curl"], "notify: skipped reason=no_tool"),
        (vec!["sha256sum"], "notify: skipped reason=no_tool"),
        (vec!["gzip"], "notify: skipped reason=io"),
        (vec!["mkdir"], "notify: skipped reason=io"),
        (vec!["uname"], "notify: skipped reason=unsupported_system"),
    ] {
        let mut job = Job::new(&registry, &slack);
        job.path = all_but(&missing);
        // busybox's shell has these tools in itself, whatever its path is.
        for shell in SHELLS.iter().filter(|shell| shell[0] != "busybox") {
            let ended = job.run(shell);
            assert!(ended.output.contains(expected), "without {missing:?}, {shell:?}: {}", ended.output);
        }
    }
}

#[test]
fn openssl_and_shasum_check_where_there_is_no_sha256sum() {
    for tool in ["shasum", "openssl"] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.path = all_but(&["sha256sum"]);
        assert!(Path::new("/usr/bin").join(tool).exists(), "{tool} is not on this machine");
        symlink(Path::new("/usr/bin").join(tool), job.path.join(tool)).unwrap();
        symlink("/usr/bin/perl", job.path.join("perl")).unwrap();
        assert!(job.run(SHELLS[0]).output.contains("notify: sent"), "{tool}");
    }
}

#[test]
fn a_project_directory_that_cannot_be_written_is_no_obstacle() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.project = PathBuf::from("/proc/self");
    job.ends_with("notify: sent");
}

#[test]
fn a_notifier_of_the_image_is_used_as_it_is() {
    let (registry, slack) = (Server::start([Reply::status(404, "")]), Server::start([Reply::ok()]));
    let job = Job::new(&registry, &slack);
    symlink(binary(), job.path.join("pipeline-notifier")).unwrap();
    job.ends_with("notify: sent");
    assert!(registry.requests().is_empty());
}

#[test]
fn the_token_goes_to_the_gitlab_of_the_job_only() {
    let (registry, slack, mirror) =
        (Server::start([served()]), Server::start([Reply::ok()]), Server::start([served()]));
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("NOTIFIER_PACKAGE_URL", mirror.url("/mirror"))];
    assert!(job.run(SHELLS[0]).output.contains("notify: sent"));
    assert_eq!(mirror.only_request().header("JOB-TOKEN"), None);

    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("CI_API_V4_URL", mirror.url("/api/v4"))];
    assert!(job.run(SHELLS[0]).output.contains("notify: sent"));
    assert!(mirror.requests().iter().all(|request| request.header("JOB-TOKEN").is_none()));
    assert!(registry.requests().is_empty());
}

#[test]
fn a_redirect_to_object_storage_is_followed_without_the_token() {
    let storage = Server::start([served()]);
    let location: &'static str = format!("Location: {}\r\n", storage.url("/object")).leak();
    let (registry, slack) =
        (Server::start([Reply::Answer(302, location, String::new())]), Server::start([Reply::ok()]));
    assert!(Job::new(&registry, &slack).run(SHELLS[2]).output.contains("notify: sent"));
    assert_eq!(registry.only_request().header("JOB-TOKEN"), Some(TOKEN));
    assert_eq!(storage.only_request().header("JOB-TOKEN"), None);
}

#[test]
fn the_published_template_holds_the_function_that_is_tested_here() {
    let (_, published) = documents("notify.yml");
    let published = published[".pipeline-notifier"]["script"][0].as_str().unwrap().lines().count();
    let (_, tested) = release().template.split_once("\n---\n").unwrap();
    let tested: serde_yaml_ng::Value = serde_yaml_ng::from_str(tested).unwrap();
    assert_eq!(published, tested[".pipeline-notifier"]["script"][0].as_str().unwrap().lines().count());
}
