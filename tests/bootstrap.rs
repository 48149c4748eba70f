//! The notifier's way into a job: the component's one function, under every shell that GitLab jobs use, with each fault
//! of a registry and of an image. The job's own line after it always runs.

mod attacks;
mod waits;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pipeline_notifier::job::setting::NOTHING;
use pipeline_notifier::module::pin::{built_in_wasm, sha256};
use regex_lite::Regex;

use crate::component::{LITERALS, documents};
use crate::support::ended::Ended;
use crate::support::harness::{WEBHOOK_PATH, binary, in_time, root};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::{scratch, write_program};

/// The shells of GitLab jobs: Debian's sh, Alpine's, and bash as GitLab Runner starts it.
const SHELLS: [&[&str]; 4] = [
    &["dash", "-e"],
    &["busybox", "ash", "-eu"],
    &["bash", "-e", "-o", "pipefail"],
    &["bash", "-eu", "-x", "-o", "pipefail"],
];

/// The tools that the function calls.
const TOOLS: [&str; 10] = ["uname", "mkdir", "rm", "rmdir", "gzip", "chmod", "curl", "sha256sum", "sh", "env"];

const TOKEN: &str = "glcbt-64_not-a-real-job-token";

/// A packed notifier, and the template that pins it and its module.
pub(crate) struct Release {
    pub(crate) packed: Vec<u8>,
    pub(crate) template: String,
    /// The template of the digest.
    pub(crate) digest: String,
}

/// A release of this very build.
pub(crate) fn release() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| release_of("1.2.3", built_in_wasm()))
}

/// A release with this very build and any module. The packed file is a script that runs the real binary: unpacking a
/// hundred megabytes of an unstripped one over and over would test gzip.
pub(crate) fn release_of(version: &str, module: &[u8]) -> Release {
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", public_binary().display());
    let mut gzip = Command::new("gzip");
    let mut gzip = gzip.args(["-9", "-n", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let packed = gzip.wait_with_output().unwrap().stdout;
    let (digest, unpacked, module) = (sha256(&packed), sha256(script.as_bytes()), sha256(module));
    let pins = scratch().join("pins");
    let mut text = format!("VERSION={version}\nPROJECT=devops%2Fpipeline-notifier\nSHA256_MODULE={module}\n");
    for build in ["X86_64", "AARCH64", "FULL_X86_64", "FULL_AARCH64"] {
        text += &format!("SHA256_{build}={digest}\nSHA256_{build}_UNPACKED={unpacked}\n");
    }
    fs::write(&pins, text).unwrap();
    let [template, digest] = ["component.yml", "component/digest.yml"].map(|source| {
        let rendered =
            Command::new(root().join("release/render")).arg(&pins).arg(root().join(source)).output().unwrap();
        assert!(rendered.status.success());
        String::from_utf8(rendered.stdout).unwrap()
    });
    Release { packed, template, digest }
}

/// The real binary in a folder where every user may run it. The checkout may be closed to other users.
pub(crate) fn public_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let public = scratch().join("pipeline-notifier");
        fs::hard_link(binary(), &public).or_else(|_| fs::copy(binary(), &public).map(drop)).unwrap();
        public
    })
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

static JOBS: AtomicU32 = AtomicU32::new(0);

struct Job<'a> {
    registry: &'a Server,
    slack: &'a Server,
    path: PathBuf,
    /// A unique ID, because the jobs of all tests share /tmp.
    id: String,
    /// The checkout.
    project: PathBuf,
    /// TMPDIR.
    temporary: PathBuf,
    /// The lines of the job's script before and between its hooks.
    before: &'static str,
    /// The lines after its hooks.
    after: &'static str,
    /// The input `module_url`; it comes with a digest.
    module: Option<&'static str>,
    /// The events of its hooks.
    events: &'static [&'static str],
    variables: Vec<(&'static str, String)>,
}

impl<'a> Job<'a> {
    fn new(registry: &'a Server, slack: &'a Server) -> Self {
        Self {
            registry,
            slack,
            path: all_but(&[]),
            id: format!("{}{:05}", std::process::id(), JOBS.fetch_add(1, Ordering::Relaxed)),
            project: scratch(),
            temporary: scratch(),
            before: "",
            after: "",
            module: None,
            events: &["deploy-started"],
            variables: Vec::new(),
        }
    }

    /// The name of the directory that its hooks share.
    fn shared(&self) -> String {
        format!("pipeline-notifier-{}", &sha256(format!("{} {TOKEN}", self.id).as_bytes())[..16])
    }

    /// The command of a job: the function, its notifications, and the job's own line.
    fn command(&self, shell: &[&str]) -> Command {
        let template = &release().template;
        let (_, body) = template.split_once("\n---\n").unwrap();
        let body: serde_yaml_ng::Value = serde_yaml_ng::from_str(body).unwrap();
        let function = body[".pipeline-notifier"]["script"][0].as_str().unwrap();
        // GitLab fills in the inputs that are literals of the script in the same way.
        let given = |name: &str| match (name, self.module) {
            ("module_url", Some(url)) => url.to_owned(),
            ("module_sha256", Some(_)) => "ab".repeat(32),
            _ => NOTHING.to_owned(),
        };
        let function = LITERALS
            .iter()
            .fold(function.to_owned(), |it, name| it.replace(&format!("$[[ inputs.{name} ]]"), &given(name)));
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
            .env("CI_JOB_ID", &self.id)
            .env("CI_PROJECT_NAME", "shop-api")
            .env("SLACK_WEBHOOK_URL", self.slack.url(WEBHOOK_PATH))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .current_dir(&self.project);
        command
    }

    fn run(&self, shell: &[&str]) -> Ended {
        Self::end(self.command(shell), shell)
    }

    /// Runs a job in a mount namespace. A script runs there first and gets the directory for temporary files.
    fn run_in_namespace(&self, shell: &[&str], script: &str) -> Ended {
        let job = self.command(shell);
        let script = format!("(PATH=/usr/sbin:/usr/bin:/sbin:/bin; {script}) && shift && exec \"$@\"");
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["--mount", "/bin/sh", "-c", &script, "sh"]).arg(&self.temporary);
        command.arg(job.get_program()).args(job.get_args()).env_clear().current_dir(&self.project);
        command.envs(job.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        Self::end(command, shell)
    }

    fn end(mut command: Command, shell: &[&str]) -> Ended {
        let begun = Instant::now();
        let output = command.output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{shell:?} failed the job:\n{text}");
        assert!(text.contains("deployed\n"), "{shell:?}: the job's own line did not run:\n{text}");
        for secret in ["T0SECRET01", "s3cr3ts3cr3t"] {
            assert!(!text.contains(secret), "{shell:?} shows the webhook:\n{text}");
        }
        assert!(!text.contains(TOKEN), "{shell:?} shows the token:\n{text}");
        Ended::of(&output, begun.elapsed())
    }

    /// Runs the job under every shell and expects this text in the output.
    fn ends_with(&self, expected: &str) {
        for shell in SHELLS {
            let ended = self.run(shell);
            assert!(ended.output().contains(expected), "{shell:?}: no `{expected}` in\n{}", ended.output());
        }
    }
}

#[test]
fn the_notifier_is_downloaded_checked_and_run_by_every_shell() {
    for shell in SHELLS {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let job = Job::new(&registry, &slack);
        let ended = job.run(shell);
        assert!(ended.output().contains("notify: sent"), "{shell:?}: {}", ended.output());
        let request = registry.only_request();
        assert!(request.target.starts_with(
            "/api/v4/projects/devops%2Fpipeline-notifier/packages/generic/pipeline-notifier/1.2.3/pipeline-notifier-"
        ));
        assert_eq!(request.header("JOB-TOKEN"), Some(TOKEN));
        slack.only_request();
        // The first hook's job state beside the checkout serves the second hook, which deletes it.
        assert_eq!(fs::read_dir(&job.temporary).unwrap().count(), 1);
        let second = Job { events: &["deploy-finished"], ..job };
        assert!(second.run(shell).output().contains("notify: sent"));
        registry.only_request();
        for folder in [&second.project, &second.temporary] {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{shell:?}: {}", folder.display());
        }
    }
}

/// An image with only one client: GNU's wget or busybox's.
fn with_wget(job: &mut Job, is_gnu: bool) {
    job.path = all_but(&["curl"]);
    let wget = job.path.join("wget");
    if is_gnu {
        symlink("/usr/bin/wget", wget).unwrap();
    } else {
        write_program(&wget, "#!/bin/sh\nexec /usr/bin/busybox wget \"$@\"\n");
    }
}

#[test]
fn wget_serves_if_there_is_no_curl() {
    for is_gnu in [true, false] {
        for shell in SHELLS {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            with_wget(&mut job, is_gnu);
            let ended = job.run(shell);
            assert!(ended.output().contains("notify: sent"), "{shell:?}: {}", ended.output());
            // A registry that wants the job token gets it.
            assert_eq!(registry.only_request().header("JOB-TOKEN"), Some(TOKEN));
        }
    }
}

/// Only a module of one's own needs the full notifier.
#[test]
fn the_full_notifier_comes_if_a_module_of_ones_own_is_named() {
    for (module, build) in [(None, ""), (Some("https://modules.example/team.wasm"), "full-")] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.module = module;
        job.events = &["deploy-started", "deploy-finished"];
        let ended = job.run(SHELLS[0]);
        assert_eq!(ended.output().matches("notify: sent").count(), 2, "{}", ended.output());
        let asked = registry.only_request().target;
        let expected = format!("/pipeline-notifier-{build}{}-linux.gz", std::env::consts::ARCH);
        assert!(asked.ends_with(&expected), "{asked}");
    }
}

/// The cost of a hook for a job's machine, in processes: each is a millisecond or two. The second hook only checks and runs the
/// notifier that the first hook checked and unpacked.
#[test]
fn a_hook_starts_few_processes() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    let started = scratch().join("started");
    // GitLab Runner makes this directory.
    fs::create_dir(format!("{}.tmp", job.project.display())).unwrap();
    job.path = scratch();
    for tool in TOOLS {
        let program = format!("#!/bin/sh\necho {tool} >>'{}'\nexec /usr/bin/{tool} \"$@\"\n", started.display());
        write_program(&job.path.join(tool), program);
    }
    let mut counts = Vec::new();
    for event in ["deploy-started", "deploy-finished"] {
        fs::write(&started, "").unwrap();
        job.events = std::slice::from_ref(Box::leak(Box::new(event)));
        let ended = job.run(SHELLS[0]);
        assert!(ended.output().contains("notify: sent"), "{}", ended.output());
        let started = fs::read_to_string(&started).unwrap();
        let is_fetched = started.lines().any(|tool| ["curl", "gzip"].contains(&tool));
        assert!(is_fetched == counts.is_empty(), "{event}: {started}");
        counts.push(started.lines().count());
    }
    assert!(counts[0] <= 7 && counts[1] <= 2, "{counts:?}");
}

/// Case S3: an earlier job of the same runner, and of the same user, made every directory whose name it could guess: executables without an
/// end, a tree without a bottom, and job state that would lie.
#[test]
fn nothing_that_an_earlier_job_planted_is_used_or_takes_time() {
    for shell in SHELLS {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.events = &["deploy-started", "deploy-finished"];
        let mut planted = Vec::new();
        for parent in [PathBuf::from(format!("{}.tmp", job.project.display())), job.temporary.clone()] {
            // The names of version 1.0.0, and digests of what an attacker knows before the job begins.
            let guesses = [job.id.clone(), sha256(job.id.as_bytes())[..16].to_owned(), "0123456789abcdef".to_owned()];
            for name in guesses.map(|guess| parent.join(format!("pipeline-notifier-{guess}"))) {
                let deep = name.join(vec!["d"; 900].join("/"));
                fs::create_dir_all(deep).unwrap();
                for number in 0..12 {
                    let huge = name.join(format!("pipeline-notifier-{}-linux.{number}", std::env::consts::ARCH));
                    fs::File::create(&huge).unwrap().set_len(1 << 36).unwrap();
                    fs::set_permissions(&huge, fs::Permissions::from_mode(0o755)).unwrap();
                }
                fs::write(name.join("attempt"), "7").unwrap();
                fs::write(name.join("deploy-started"), "1000").unwrap();
                fs::set_permissions(&name, fs::Permissions::from_mode(0o700)).unwrap();
                planted.push(name);
            }
        }
        let ended = in_time(Duration::from_secs(3), || job.run(shell));
        assert_eq!(ended.output().matches("notify: sent").count(), 2, "{shell:?}: {}", ended.output());
        assert!(!ended.output().contains("7th attempt"), "{shell:?}: {}", ended.output());
        let sent = slack.requests().last().unwrap().body.clone();
        assert!(!sent.contains("7th") && !sent.contains("took  4") && !sent.contains("took  5"), "{sent}");
        for name in planted {
            fs::remove_dir_all(name).unwrap();
        }
    }
}

/// Case S3: without a token nobody knows whose the directory is, so nothing of it is used.
#[test]
fn without_a_token_each_hook_has_its_own_directory() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("CI_JOB_TOKEN", String::new())];
    job.events = &["deploy-started", "deploy-finished"];
    let ended = job.run(SHELLS[0]);
    assert_eq!(ended.output().matches("notify: sent").count(), 2, "{}", ended.output());
    assert_eq!(registry.requests().len(), 2);
}

/// Concurrent hooks of one job stay apart. Each checks its own files, and the last one leaves none.
#[test]
fn hooks_at_once_do_not_meet() {
    for shell in SHELLS {
        let evil = scratch().join("evil.gz");
        let packed = Command::new("sh")
            .args(["-c", &format!("printf '#!/bin/sh\\necho somebody else runs\\n' | gzip -c >'{}'", evil.display())])
            .status()
            .unwrap();
        assert!(packed.success());
        let evil = Reply::Bytes(fs::read(&evil).unwrap());
        let (registry, slack) = (Server::start([served(), evil, served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.events = &[
            "deploy-started & pipeline_notifier send deploy-started & pipeline_notifier send deploy-started & wait",
            "deploy-finished",
        ];
        let ended = job.run(shell);
        assert!(!ended.output().contains("somebody else"), "{shell:?}: {}", ended.output());
        assert!(ended.output().matches("notify: sent").count() >= 3, "{shell:?}: {}", ended.output());
        assert!(
            !ended.output().contains("reason=exec") && !ended.output().contains("busy"),
            "{shell:?}: {}",
            ended.output()
        );
    }
}

/// Case S7: the limit holds if a tool never ends, whatever signals the job ignores, and without `sleep`.
#[test]
fn a_tool_that_hangs_is_ended() {
    for hanging in ["gzip", "chmod", "mkdir", "uname", "sha256sum", "curl", "pipeline-notifier"] {
        for before in ["", "trap '' USR1 USR2 TERM ALRM CHLD INT HUP"] {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            job.before = before;
            job.variables = vec![("NOTIFIER_TIMEOUT", "1".to_owned())];
            job.path = all_but(&[hanging]);
            let program = job.path.join(hanging);
            write_program(&program, "#!/bin/sh\nexec /bin/sleep 20\n");
            // busybox's shell has some of them built in.
            let ended = in_time(Duration::from_millis(1500), || job.run(SHELLS[0]));
            assert!(ended.output().contains("notify: skipped reason=timeout"), "{hanging}: {}", ended.output());
        }
    }
}

/// The limit holds for parts of a second, and for all places together where the script looks for a notifier.
#[test]
fn the_limit_is_one_for_the_whole_hook() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("NOTIFIER_TIMEOUT", "0.5".to_owned())];
    job.path = all_but(&["mkdir"]);
    write_program(&job.path.join("mkdir"), "#!/bin/sh\nexec /bin/sleep 20\n");
    let ended = in_time(Duration::from_secs(1), || job.run(SHELLS[0]));
    assert!(ended.output().contains("notify: skipped reason=timeout"), "{}", ended.output());

    // The image's notifier takes long to find out that it cannot run, and then Slack hangs.
    let hung = Server::start([Reply::Hang]);
    let mut job = Job::new(&registry, &hung);
    job.variables = vec![("NOTIFIER_TIMEOUT", "3".to_owned())];
    let broken = job.path.join("pipeline-notifier");
    write_program(&broken, "#!/bin/sh\n/bin/sleep 1.7\nexit 126\n");
    let ended = in_time(Duration::from_millis(3500), || job.run(SHELLS[0]));
    assert!(ended.output().contains("reason=timeout"), "{}", ended.output());
}

/// A gzip that writes nothing.
#[test]
fn an_empty_notifier_is_not_run() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.path = all_but(&["gzip"]);
    write_program(&job.path.join("gzip"), "#!/bin/sh\n");
    job.ends_with("notify: skipped reason=io");
}

/// Case S7: a wget that does not even print its version.
#[test]
fn a_wget_that_hangs_is_ended() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("NOTIFIER_TIMEOUT", "1".to_owned())];
    job.path = all_but(&["curl"]);
    write_program(&job.path.join("wget"), "#!/bin/sh\nexec /bin/sleep 20\n");
    let ended = in_time(Duration::from_millis(1500), || job.run(SHELLS[0]));
    assert!(ended.output().contains("notify: skipped reason=timeout"), "{}", ended.output());
}

/// A file of the image with the notifier's name that cannot be run is reported, and the release's own notifier runs.
#[test]
fn a_notifier_of_the_image_for_another_machine_is_gone_around() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let job = Job::new(&registry, &slack);
    let broken = job.path.join("pipeline-notifier");
    write_program(&broken, "#!/nonexistent/interpreter\n");
    job.ends_with("of this image cannot be run here; the notifier of release 1.2.3 is downloaded");
    job.ends_with("notify: sent");
}

/// The download and the delivery share one time limit: 2 s here, and half a second more.
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
                assert!(said.iter().any(|reason| ended.output().contains(reason)), "{client}: {}", ended.output());
                took = took.min(ended.took);
                if took < limit {
                    break;
                }
            }
            assert!(took < limit, "{client}: {took:?}");
        }
    }
}

#[test]
fn a_download_that_is_refused_says_how() {
    let (registry, slack) = (Server::start([Reply::status(403, "{}")]), Server::start([Reply::ok()]));
    let said = ", which answered 403; check that this job may read the packages there";
    Job::new(&registry, &slack).ends_with(said);
    // The same holds for the object storage to which GitLab redirects.
    let storage = registry.url("/storage").leak();
    let redirecting = Server::start([Reply::Answer(302, format!("Location: {storage}\r\n").leak(), String::new())]);
    let job = Job::new(&redirecting, &slack);
    let ended = job.run(SHELLS[0]);
    assert!(ended.output().contains(said), "{}", ended.output());
}

/// The second hook tries even after a slow download.
#[test]
fn the_second_hook_always_tries() {
    let (registry, slack) = (Server::start([Reply::Hang, served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("NOTIFIER_TIMEOUT", "2".to_owned())];
    job.events = &["deploy-started", "deploy-finished"];
    for shell in &SHELLS[..1] {
        let ended = job.run(shell);
        assert!(ended.output().contains("reason=artifact_unavailable"), "{}", ended.output());
        assert!(ended.output().contains("notify: sent"), "{}", ended.output());
    }
}

#[test]
fn only_the_pinned_notifier_is_run() {
    let packed = &release().packed;
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 1;
    for bytes in [b"<html>Sign in</html>".to_vec(), packed[..packed.len() / 2].to_vec(), flipped, Vec::new()] {
        let (registry, slack) = (Server::start([Reply::Bytes(bytes)]), Server::start([Reply::ok()]));
        Job::new(&registry, &slack).ends_with("notify: skipped reason=checksum");
        assert!(slack.requests().is_empty());
    }
}

#[test]
fn another_system_than_linux_fetches_nothing() {
    for system in ["Darwin arm64", "MINGW64_NT-10.0 x86_64", "Linux riscv64", "FreeBSD amd64"] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.path = all_but(&["uname"]);
        let uname = job.path.join("uname");
        write_program(&uname, format!("#!/bin/sh\necho {system}\n"));
        job.ends_with("notify: skipped reason=unsupported_system");
        assert!(registry.requests().is_empty());
    }
}

#[test]
fn missing_tools_are_reported() {
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
        // busybox's shell has these tools built in, whatever its path is.
        for shell in SHELLS.iter().filter(|shell| shell[0] != "busybox") {
            let ended = job.run(shell);
            assert!(ended.output().contains(expected), "without {missing:?}, {shell:?}: {}", ended.output());
        }
    }
}

#[test]
fn openssl_and_shasum_check_if_there_is_no_sha256sum() {
    for tool in ["shasum", "openssl"] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.path = all_but(&["sha256sum"]);
        assert!(Path::new("/usr/bin").join(tool).exists(), "{tool} is not on this machine");
        symlink(Path::new("/usr/bin").join(tool), job.path.join(tool)).unwrap();
        symlink("/usr/bin/perl", job.path.join("perl")).unwrap();
        assert!(job.run(SHELLS[0]).output().contains("notify: sent"), "{tool}");
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
    assert!(job.run(SHELLS[0]).output().contains("notify: sent"));
    assert_eq!(mirror.only_request().header("JOB-TOKEN"), None);

    let mut job = Job::new(&registry, &slack);
    job.variables = vec![("CI_API_V4_URL", mirror.url("/api/v4"))];
    assert!(job.run(SHELLS[0]).output().contains("notify: sent"));
    assert!(mirror.requests().iter().all(|request| request.header("JOB-TOKEN").is_none()));
    assert!(registry.requests().is_empty());
}

#[test]
fn a_redirect_to_object_storage_is_followed_without_the_token() {
    let storage = Server::start([served()]);
    let location: &'static str = format!("Location: {}\r\n", storage.url("/object")).leak();
    let (registry, slack) =
        (Server::start([Reply::Answer(302, location, String::new())]), Server::start([Reply::ok()]));
    assert!(Job::new(&registry, &slack).run(SHELLS[2]).output().contains("notify: sent"));
    assert_eq!(registry.only_request().header("JOB-TOKEN"), Some(TOKEN));
    assert_eq!(storage.only_request().header("JOB-TOKEN"), None);
}

#[test]
fn the_published_template_holds_the_function_that_is_tested_here() {
    let function = |body: &serde_yaml_ng::Value| body[".pipeline-notifier"]["script"][0].as_str().unwrap().to_owned();
    let (_, tested) = release().template.split_once("\n---\n").unwrap();
    let tested = function(&serde_yaml_ng::from_str(tested).unwrap());
    let (_, published) = documents("notify.yml");
    let published = function(&published);
    // They differ only in the pins of a release.
    let pins = fs::read_to_string(root().join("release/pins")).unwrap();
    let unpinned =
        pins.lines().filter_map(|line| line.split_once('=')).fold(published, |text, (name, pin)| match name {
            "VERSION" => text.replace(pin, "1.2.3"),
            _ => text.replace(pin, "PIN"),
        });
    let digest = Regex::new("[0-9a-f]{64}").unwrap();
    let tested = digest.replace_all(&tested, "PIN").replace("devops%2Fpipeline-notifier", "PIN");
    assert_eq!(unpinned, tested);
}
