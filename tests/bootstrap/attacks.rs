//! Attacks on the hook by a repository, a variable, a registry or the job's own shell. Nothing of them is believed, read without
//! end, run or written through.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Job, SHELLS, TOKEN, served, with_wget};
use crate::support::harness::fixtures;
use crate::support::harness::in_time;
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::{scratch, write_program};

/// The repository's files are neither believed, nor read, nor run, nor written through.
#[test]
fn nothing_of_the_checkout_is_believed() {
    for shell in SHELLS {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        let ours = job.project.join(".pipeline-notifier");
        fs::create_dir_all(ours.join("undelivered")).unwrap();
        // A file that takes hours to read, and one without an end.
        let huge = scratch().join("huge");
        fs::File::create(&huge).unwrap().set_len(1 << 38).unwrap();
        for arch in ["x86_64", "aarch64"] {
            symlink(&huge, ours.join(format!("pipeline-notifier-{arch}-linux.gz"))).unwrap();
        }
        symlink("/dev/zero", ours.join("undelivered/1.channel")).unwrap();
        // A message that somebody else has forged.
        let forged = fixtures().join("messages/deploy-failed-after-an-hour/context.json");
        fs::copy(&forged, ours.join("undelivered/999999999999-000000000-1.channel")).unwrap();
        symlink("../deploy.sh", ours.join("annotations.json")).unwrap();
        symlink("nowhere", ours.join(".gitignore")).unwrap();
        symlink("/etc/passwd", job.project.join(".pipeline-notifier.json")).unwrap();
        symlink("/dev/zero", job.project.join("environment_url.txt")).unwrap();
        // The repository has programs, and PATH has its folder in every way that people write it.
        for program in ["pipeline-notifier", "curl", "uname", "gzip", "mkdir", "sha256sum", "sh"] {
            let path = job.project.join(program);
            write_program(&path, "#!/bin/sh\necho the repository runs >&2\n");
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
        assert!(ended.output().contains("notify: sent"), "{shell:?}: {}", ended.output());
        assert!(!ended.output().contains("the repository runs"), "{shell:?}: {}", ended.output());
        assert_eq!(listing(&job.project), before, "{shell:?}");
        let sent = slack.only_request().json()["text"].as_str().unwrap().to_owned();
        assert!(sent.contains("[shop-api] ") && sent.contains("deploy started"), "{sent}");
    }
}

/// Names, kinds, modes and sizes below a folder.
fn listing(folder: &Path) -> String {
    let listed = Command::new("find").arg(folder).args(["-printf", "%P %y %m %s %l\n"]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

/// The job's earlier shell settings do not change the hook, and stay as they were.
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
            assert!(ended.output().contains("notify: sent"), "{before}, {shell:?}: {}", ended.output());
        }
    }
}

/// A team may name its own functions as it likes, and export anything.
#[test]
fn functions_of_the_job_are_not_called() {
    for shell in [SHELLS[0], SHELLS[1]] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        // A POSIX shell lets a function have these names, but not those of its special builtins.
        job.before =
            "test() { echo ours; return 1; }; wait() { echo ours; }; kill() { echo ours; }; sleep() { echo ours; }";
        let ended = job.run(shell);
        assert!(ended.output().contains("notify: sent") && !ended.output().contains("ours"), "{}", ended.output());
    }
}

/// The PATH names only the checkout, and the directory for temporary files is within it.
#[test]
fn a_checkout_in_the_way_is_gone_around() {
    for path in ["bin", "", ".", "/nonexistent"] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        for program in ["uname", "curl", "pipeline-notifier"] {
            let path = job.project.join(program);
            write_program(&path, "#!/bin/sh\necho the repository runs >&2\n");
        }
        let bin = job.project.join("bin");
        fs::create_dir(&bin).unwrap();
        job.path = if path == "bin" { bin } else { path.into() };
        job.temporary = job.project.join("tmp");
        fs::create_dir(&job.temporary).unwrap();
        let before = listing(&job.project);
        let ended = job.run(SHELLS[0]);
        assert!(ended.output().contains("notify: sent"), "{path}: {}", ended.output());
        assert!(!ended.output().contains("the repository runs"), "{path}: {}", ended.output());
        assert_eq!(listing(&job.project), before, "{path}");
    }
}

/// busybox asks a proxy in clear text, so it sends no token.
#[test]
fn busybox_shows_no_proxy_the_token() {
    let (registry, slack, proxy) = (Server::start([served()]), Server::start([Reply::ok()]), Server::start([served()]));
    let mut job = Job::new(&registry, &slack);
    with_wget(&mut job, false);
    job.variables = vec![("http_proxy", proxy.url("")), ("https_proxy", proxy.url(""))];
    job.run(SHELLS[1]);
    assert!(proxy.requests().iter().all(|request| request.header("JOB-TOKEN").is_none()));
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
        "https://gitlab.example/api/v4/../../evil",
        "https://gitlab.example/api/v4/%2e%2e/evil",
        "https://gitlab.example/..",
        "https://x/\"\noutput=\"y",
    ] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.variables = vec![("NOTIFIER_PACKAGE_URL", url.to_owned())];
        let ended = job.run(SHELLS[0]);
        assert!(ended.output().contains("notify: skipped reason=bad_package_url"), "{url}: {}", ended.output());
        assert!(registry.requests().is_empty());
    }
    for timeout in [
        "08",
        "09",
        "010",
        "2.5",
        "08.5",
        ".9",
        " 2 ",
        "301",
        "+2",
        "",
        "soon",
        "-1",
        "$(exit 9)",
        "99999",
        "0",
        "1e3",
        "a[$(exit 9)]",
    ] {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let mut job = Job::new(&registry, &slack);
        job.variables = vec![("NOTIFIER_TIMEOUT", timeout.to_owned())];
        for shell in SHELLS {
            let ended = job.run(shell);
            assert!(ended.output().contains("notify: sent"), "{timeout}, {shell:?}: {}", ended.output());
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

/// Case S13: a tool of the hook writes no secrets of TLS, wherever the job wants its own to go.
#[test]
fn no_tool_logs_the_keys_of_tls() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    let seen = scratch().join("seen");
    fs::remove_file(job.path.join("curl")).unwrap();
    let curl = format!("#!/bin/sh\nenv >'{}'\nexec /usr/bin/curl \"$@\"\n", seen.display());
    write_program(&job.path.join("curl"), curl);
    job.variables = vec![("SSLKEYLOGFILE", job.project.join("keys").display().to_string())];
    let ended = job.run(SHELLS[0]);
    assert!(ended.output().contains("notify: sent"), "{}", ended.output());
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains("SSLKEYLOGFILE"), "{seen}");
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
            assert!(!ended.output().contains("s3cr3tpassword"), "{client}: {}", ended.output());
            let expected = match (client, is_served) {
                ("curl", true) => "notify: sent",
                ("curl", false) => "notify: skipped reason=artifact_unavailable",
                _ => "notify: skipped reason=no_tool",
            };
            assert!(ended.output().contains(expected), "{client}: {}", ended.output());
        }
        assert!(mirror.requests().iter().all(|request| request.header("JOB-TOKEN").is_none()));
    }
}

/// The hook takes at most the size of a release, whatever the registry says of it.
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
        assert!(said.iter().any(|reason| ended.output().contains(reason)), "{client}: {}", ended.output());
        assert!(slack.requests().is_empty());
    }
}

/// The job's end ends everything that the hook started, and nothing of it is left.
#[test]
fn a_job_that_is_stopped_leaves_nothing() {
    // The hook would wait this long otherwise.
    const TIME: Duration = Duration::from_mins(1);
    for client in ["curl", "gnu", "notifier"] {
        let hung = Server::start([Reply::Hang]);
        let (registry, slack) =
            if client == "notifier" { (Server::start([served()]), hung) } else { (hung, Server::start([Reply::ok()])) };
        let mut job = Job::new(&registry, &slack);
        if client == "gnu" {
            with_wget(&mut job, true);
        }
        job.variables = vec![("NOTIFIER_TIMEOUT", TIME.as_secs().to_string())];
        let waits_for = if client == "notifier" { &slack } else { &registry };
        for (shell, signal) in [(SHELLS[0], "-TERM"), (SHELLS[2], "-TERM"), (SHELLS[0], "-KILL")] {
            let met = waits_for.requests().len();
            // A job has a process group of its own.
            let mut child =
                job.command(shell).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let begun = Instant::now();
            while waits_for.requests().len() == met {
                assert!(begun.elapsed() < TIME, "{client} {shell:?} asks nothing");
                std::thread::yield_now();
            }
            assert_eq!(files_with_the_token(&job.temporary), "", "{client}: while it waits");
            let reported = Instant::now();
            Command::new("kill").args([signal, "--", &format!("-{}", child.id())]).status().unwrap();
            child.wait().unwrap();
            // The log ends when nothing holds it open any more.
            let mut log = String::new();
            std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut log).unwrap();
            std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut log).unwrap();
            assert!(reported.elapsed() < TIME / 2, "{client} {shell:?}: {:?}\n{log}", reported.elapsed());
            assert_eq!(files_with_the_token(&job.temporary), "", "{client}: after {signal}");
        }
    }
}

fn files_with_the_token(folder: &Path) -> String {
    let found = Command::new("grep").args(["-rl", TOKEN]).arg(folder).output().unwrap();
    String::from_utf8(found.stdout).unwrap()
}

/// A pipeline variable sends no secret elsewhere: literals of the script decide that.
#[test]
fn no_variable_says_where_the_bots_token_goes() {
    let (registry, slack, elsewhere) =
        (Server::start([served()]), Server::start([Reply::ok()]), Server::start([Reply::status(200, "{}")]));
    // The notifier's requests to slack.com meet this proxy.
    let proxy = Server::start([Reply::Drop]);
    let mut job = Job::new(&registry, &slack);
    job.variables = vec![
        ("SLACK_BOT_TOKEN", "xoxb-1234-not-a-real-token".to_owned()),
        ("NOTIFIER_CHANNEL", "C0DEPLOYS1".to_owned()),
        ("NOTIFIER_ALLOW_HOSTS", "evil.example,127.0.0.1".to_owned()),
        ("SLACK_API_URL", elsewhere.url("/api")),
        ("HTTPS_PROXY", proxy.url("")),
    ];
    let ended = job.run(SHELLS[0]);
    for variable in ["NOTIFIER_ALLOW_HOSTS", "SLACK_API_URL"] {
        assert!(ended.output().contains(&format!("{variable} is ignored")), "{}", ended.output());
    }
    assert!(elsewhere.requests().is_empty(), "{}", ended.output());
    let asked: Vec<(String, String)> = proxy.requests().into_iter().map(|it| (it.method, it.target)).collect();
    assert!(!asked.is_empty() && asked.iter().all(|it| *it == ("CONNECT".into(), "slack.com:443".into())), "{asked:?}");
}

/// Others have used the shared directory before.
#[test]
fn a_directory_of_somebody_elses_is_not_used() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let job = Job::new(&registry, &slack);
    let beside = PathBuf::from(format!("{}.tmp", job.project.display()));
    fs::create_dir_all(&beside).unwrap();
    let elsewhere = scratch();
    symlink(&elsewhere, beside.join(job.shared())).unwrap();
    for shell in SHELLS {
        let ended = job.run(shell);
        assert!(ended.output().contains("notify: sent"), "{shell:?}: {}", ended.output());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}

/// An earlier job linked the place beside the checkout into it, so that a deployment would ship what lies there.
#[test]
fn a_link_beside_the_checkout_is_not_used() {
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    job.events = &["deploy-started; echo public/*", "deploy-finished"];
    fs::create_dir(job.project.join("public")).unwrap();
    symlink(job.project.join("public"), format!("{}.tmp", job.project.display())).unwrap();
    for shell in SHELLS {
        let ended = job.run(shell);
        assert_eq!(ended.output().matches("notify: sent").count(), 2, "{shell:?}: {}", ended.output());
        assert!(!ended.output().contains("pipeline-notifier-"), "{shell:?}: {}", ended.output());
    }
}

/// The job's script has a function in place of a command, or closed its first three files.
#[test]
fn the_jobs_shell_decides_nothing() {
    for before in ["command() { /bin/sleep 5; }", "test() { return 1; }", "exec 2>&-", "exec <&-", "exec <&- 2>&-"] {
        for shell in SHELLS {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            job.before = before;
            let ended = in_time(Duration::from_secs(4), || job.run(shell));
            assert!(ended.output().contains("notify: sent"), "{before} {shell:?}: {}", ended.output());
        }
    }
    // The log shows nothing, and the message arrives.
    let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
    let mut job = Job::new(&registry, &slack);
    (job.before, job.after) = ("exec 3>&1 >&-", "exec >&3");
    let ended = job.run(SHELLS[0]);
    assert!(ended.output().contains("notify: sent"), "{}", ended.output());
}

/// Tests that need mounts of their own.
mod in_namespace {
    use std::fs;

    use super::super::{Job, SHELLS, served, with_wget};
    use crate::support::ended::Ended;
    use crate::support::loopback::{Reply, Server};
    use crate::support::scratch::write_program;

    /// Runs a job on a machine whose `/bin/sh` is another shell.
    fn run_with_sh(job: &Job, shell: &[&str], sh: &str) -> Ended {
        let script = format!("sh=$(readlink -f /bin/sh) && mount --bind \"$(readlink -f /usr/bin/{sh})\" \"$sh\"");
        job.run_in_namespace(shell, &script)
    }

    /// The hook runs in `/bin/sh`, whatever that is in the image.
    #[test]
    #[ignore = "needs root and namespaces: make as-root"]
    fn every_shell_may_be_the_images_own() {
        for sh in ["dash", "bash", "busybox"] {
            for client in ["curl", "gnu", "busybox"] {
                let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
                let mut job = Job::new(&registry, &slack);
                job.events = &["deploy-started", "deploy-finished"];
                if client != "curl" {
                    with_wget(&mut job, client == "gnu");
                }
                let ended = run_with_sh(&job, SHELLS[2], sh);
                assert_eq!(ended.output().matches("notify: sent").count(), 2, "{sh} {client}: {}", ended.output());
                registry.only_request();
                assert_eq!(fs::read_dir(&job.temporary).unwrap().count(), 0, "{sh} {client}");
            }
        }
    }

    /// A team may export functions to every bash, even with the names of the shells' own commands.
    #[test]
    #[ignore = "needs root and namespaces: make as-root"]
    fn exported_functions_are_not_called() {
        const NAMES: &str = "command test exec set unset echo wait cd kill printf read trap true false sleep curl gzip";
        let bash = format!(
            "for name in {NAMES} [; do eval \"function $name {{ builtin echo ours; builtin return 0; }}\"; export -f \"$name\"; done"
        );
        for sh in ["dash", "bash", "busybox"] {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            job.before = bash.clone().leak();
            job.after = "builtin unset -f printf";
            let ended = run_with_sh(&job, SHELLS[2], sh);
            assert!(
                ended.output().contains("notify: sent") && !ended.output().contains("ours"),
                "{sh}: {}",
                ended.output()
            );
        }
    }

    /// bash keeps two slashes and /proc/self/root in the name of a directory, so a name does not show that it is in the checkout.
    #[test]
    #[ignore = "needs root and namespaces: make as-root"]
    fn nothing_of_the_checkout_runs_by_another_name() {
        for sh in ["dash", "bash", "busybox"] {
            for before in ["/", "/proc/self/root", "/proc/self/cwd/../", "/./"] {
                let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
                let mut job = Job::new(&registry, &slack);
                let bin = job.project.join("bin");
                fs::create_dir(&bin).unwrap();
                for program in ["sha256sum", "pipeline-notifier", "uname", "curl"] {
                    write_program(&bin.join(program), "#!/bin/sh\necho planted >&2\nexit 3\n");
                }
                let inside = if before.ends_with("../") {
                    format!("{before}{}/bin", job.project.file_name().unwrap().to_str().unwrap())
                } else {
                    format!("{before}{}", bin.display())
                };
                job.path = format!("{inside}:{}", job.path.display()).into();
                let ended = run_with_sh(&job, SHELLS[2], sh);
                let output = ended.output();
                assert!(output.contains("notify: sent") && !output.contains("planted"), "{sh} {inside}: {output}");
            }
        }
    }

    /// An image's timeout that does not work is left out.
    #[test]
    #[ignore = "needs root and namespaces: make as-root"]
    fn a_timeout_that_does_not_work_is_left_out() {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let job = Job::new(&registry, &slack);
        let script = "printf '#!/bin/sh\\nexit 125\\n' >\"$1/timeout\" && chmod 755 \"$1/timeout\" && mount --bind \"$1/timeout\" /usr/bin/timeout";
        let ended = job.run_in_namespace(SHELLS[0], script);
        assert!(ended.output().contains("notify: sent"), "{}", ended.output());
    }

    /// Another directory serves if nothing may be run in the one beside the checkout.
    #[test]
    #[ignore = "needs root and namespaces: make as-root"]
    fn a_directory_that_is_mounted_noexec_is_no_obstacle() {
        for options in ["noexec", "size=16k"] {
            let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
            let mut job = Job::new(&registry, &slack);
            job.events = &["deploy-started", "deploy-finished"];
            let beside = format!("{}.tmp", job.project.display());
            fs::create_dir(&beside).unwrap();
            let ended = job.run_in_namespace(SHELLS[0], &format!("mount -t tmpfs -o {options} x '{beside}'"));
            assert_eq!(ended.output().matches("notify: sent").count(), 2, "{options}: {}", ended.output());
            assert_eq!(fs::read_dir(&job.temporary).unwrap().count(), 0);
        }
    }
}

/// Tests that need another user.
mod as_root {
    use std::fs;
    use std::path::PathBuf;

    use super::super::{Job, served};
    use crate::support::loopback::{Reply, Server};

    /// TMPDIR serves if another user made the directory.
    #[test]
    #[ignore = "needs root: make as-root"]
    fn a_directory_that_another_user_made_is_not_used() {
        let (registry, slack) = (Server::start([served()]), Server::start([Reply::ok()]));
        let job = Job::new(&registry, &slack);
        let foreign = PathBuf::from(format!("{}.tmp", job.project.display())).join(job.shared());
        fs::create_dir_all(&foreign).unwrap();
        std::os::unix::fs::chown(&foreign, Some(64123), Some(64123)).unwrap();
        job.ends_with("notify: sent");
        assert_eq!(fs::read_dir(&foreign).unwrap().count(), 0);
    }
}
