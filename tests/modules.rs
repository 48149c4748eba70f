//! A team's modules: shown, checked, pinned, fetched and run. The built-in module replaces one that fails. The example modules
//! are built here with the commands that their readers use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pipeline_notifier::module::pin::{built_in_wasm, sha256};

use crate::sandbox::guest;
use crate::support::ended::Ended;
use crate::support::harness::{Notifier, WEBHOOK_PATH, in_time, shared_directory};
use crate::support::harness::{cargo, root};
use crate::support::loopback::{Reply, Request, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;

const JOB: &str = "gitlab-18-deploy-on-main";

#[test]
fn module_show_describes_the_built_in_module() {
    let shown = Notifier::new(&["module", "show"]).run();
    assert_eq!(shown.status, 0);
    for expected in [
        &sha256(built_in_wasm()),
        "import   wasi_snapshot_preview1::fd_write\n",
        "16 MiB of memory",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(shown.stdout.contains(expected), "{}", shown.stdout);
    }
}

/// Writes a guest to a file and returns its path and digest.
pub(crate) fn module_file(name: &str) -> (PathBuf, String) {
    let wasm = guest(name);
    let path = scratch().join(name).with_extension("wasm");
    fs::write(&path, &wasm).unwrap();
    (path, sha256(&wasm))
}

#[test]
fn module_show_marks_a_refused_import() {
    let (path, digest) = module_file("reads-the-clock");
    let shown = Notifier::new(&["module", "show", path.to_str().unwrap()]).run();
    assert!(shown.stdout.contains("wasi_snapshot_preview1::clock_time_get  refused"), "{}", shown.stdout);
    assert!(shown.stdout.contains(&digest), "{}", shown.stdout);
    let missing = Notifier::new(&["module", "show", "/nonexistent.wasm"]).run();
    assert_eq!(missing.status, 1);
    assert!(
        missing.stderr.starts_with("error: reading the module /nonexistent.wasm\ncaused by: "),
        "{}",
        missing.stderr
    );
    assert!(missing.stderr.contains("\nhint: "), "{}", missing.stderr);
}

/// Sends with a team's module.
fn send_with(module: &str, digest: &str, slack: &Server) -> Ended {
    Notifier::new(&["send", "deploy-finished", "--module", module, "--module-sha256", digest])
        .job(JOB)
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .run()
}

#[test]
fn a_pinned_module_renders_in_place_of_the_built_in_one() {
    let slack = Server::start([Reply::ok()]);
    let (path, digest) = module_file("says-hello");
    let sent = send_with(path.to_str().unwrap(), &digest.to_uppercase(), &slack);
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    assert_eq!(slack.only_request().json(), serde_json::json!({"text": "hello from a team's module"}));
}

#[test]
fn a_pin_of_the_built_in_module_needs_no_file() {
    let slack = Server::start([Reply::ok()]);
    let sent = send_with("/nonexistent.wasm", &sha256(built_in_wasm()), &slack);
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    assert!(slack.only_request().body.contains("deploy succeeded"));
}

#[test]
fn a_module_that_does_not_work_is_replaced_by_the_built_in_one() {
    for (name, word) in [
        ("loops-forever", "deadline"),
        ("fills-memory-again-and-again", "deadline"),
        ("grows-memory", "memory"),
        ("recurses-forever", "trap"),
        ("sleeps", "import"),
        ("has-no-start", "bad_module"),
        ("exits-with-seven", "exit"),
        ("floods-stdout", "output"),
        ("says-nothing", "bad_output"),
        ("says-what-it-reads", "bad_output"),
        ("says-it-in-another-version", "bad_output"),
    ] {
        let slack = Server::start([Reply::ok()]);
        let (path, digest) = module_file(name);
        let sent = send_with(path.to_str().unwrap(), &digest, &slack);
        assert_eq!((sent.status, sent.last_line()), (0, "notify: sent"), "{name}: {}", sent.stderr);
        let warning = sent.stderr.lines().find(|line| line.starts_with("warning: module ")).unwrap_or_default();
        assert!(warning.ends_with(&format!("the built-in module renders instead ({word})")), "{name}: {}", sent.stderr);
        assert!(slack.only_request().body.contains("deploy succeeded"), "{name}");
    }
}

#[test]
fn a_module_that_is_not_the_pinned_one_is_not_run() {
    let slack = Server::start([Reply::ok()]);
    let (path, _) = module_file("says-hello");
    let sent = send_with(path.to_str().unwrap(), &"0".repeat(64), &slack);
    assert!(
        sent.stderr.contains("not the pinned one; find out who changed the file, or pin that digest; the built-in module renders instead (checksum)"),
        "{}",
        sent.stderr
    );
    assert!(slack.only_request().body.contains("deploy succeeded"));
}

/// Sends with a module from a loopback registry, which is the job's own GitLab.
fn send_from(registry: &Server, digest: &str, slack: &Server, temporary: &Path, event: &str) -> Ended {
    let url = registry.url("/api/v4/projects/7/packages/generic/pipeline-notifier/1.1.0/notifier.wasm");
    Notifier::new(&["send", event, "--module", &url, "--module-sha256", digest])
        .job(JOB)
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("NOTIFIER_TIMEOUT", "3")
        .asks(registry)
        .with("TMPDIR", temporary.to_str().unwrap())
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .run()
}

/// Returns the requests for the module; the registry is a GitLab and gets other requests, too.
fn downloads(registry: &Server) -> Vec<Request> {
    registry.requests().into_iter().filter(|request| request.target.ends_with("/notifier.wasm")).collect()
}

#[test]
fn a_module_is_fetched_once_and_checked_at_every_use() {
    let (wasm, directory) = (guest("says-hello"), scratch());
    let digest = sha256(&wasm);
    let (registry, slack) = (Server::start([Reply::Bytes(wasm)]), Server::start([Reply::ok()]));
    for _ in 0..2 {
        let sent = send_from(&registry, &digest, &slack, &directory, "deploy-started");
        assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
        assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    }
    let fetched = downloads(&registry);
    assert_eq!(fetched.len(), 1);
    assert_eq!(fetched[0].header("JOB-TOKEN"), Some("glcbt-64_not-a-real-job-token"));
    assert!(slack.requests().iter().all(|request| request.body.contains("hello from a team's module")));
    // A cached module that was changed is fetched again.
    fs::write(directory.join(shared_directory()).join(&digest).with_extension("wasm"), "poison").unwrap();
    send_from(&registry, &digest, &slack, &directory, "deploy-started");
    assert_eq!(downloads(&registry).len(), 2);
    assert!(slack.requests()[2].body.contains("hello from a team's module"));
}

#[test]
fn a_module_with_the_built_in_digest_is_not_fetched() {
    let (registry, slack) = (Server::start([Reply::status(404, "")]), Server::start([Reply::ok()]));
    let sent = send_from(&registry, &sha256(built_in_wasm()), &slack, &scratch(), "deploy-finished");
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    assert!(downloads(&registry).is_empty());
}

#[test]
fn a_module_is_not_fetched_for_a_message_that_goes_nowhere() {
    let registry = Server::start([Reply::Bytes(guest("says-hello"))]);
    let url = registry.url("/notifier.wasm");
    let arguments = ["send", "deploy-finished", "--module", &url, "--module-sha256", &sha256(&guest("says-hello"))];
    let sent = Notifier::new(&arguments).job(JOB).run();
    sent.failed_with("notify: skipped reason=no_webhook", "SLACK_WEBHOOK_URL is not set");
    assert!(registry.requests().is_empty());
}

#[test]
fn a_module_that_cannot_be_fetched_is_replaced_by_the_built_in_one_in_time() {
    let wasm = guest("says-hello");
    let mut flipped = wasm.clone();
    flipped[20] ^= 1;
    for (reply, word) in [
        (Reply::Bytes(flipped), "checksum"),
        (Reply::Bytes(wasm[..wasm.len() / 2].to_vec()), "checksum"),
        (Reply::status(200, "<html>Sign in</html>"), "checksum"),
        (Reply::status(404, "{}"), "bad_module"),
        (Reply::Drop, "bad_module"),
        (Reply::Hang, "bad_module"),
        (Reply::Flood, "checksum"),
    ] {
        let sent = in_time(Duration::from_millis(3500), || {
            let (registry, slack) = (Server::start([reply.clone()]), Server::start([Reply::ok()]));
            let sent = send_from(&registry, &sha256(&wasm), &slack, &scratch(), "deploy-finished");
            assert!(slack.only_request().body.contains("deploy succeeded"));
            sent
        });
        assert_eq!((sent.status, sent.last_line()), (0, "notify: sent"), "{}", sent.stderr);
        assert!(sent.stderr.contains(&format!("renders instead ({word})")), "{}", sent.stderr);
    }
}

#[test]
fn a_token_is_sent_neither_elsewhere_nor_along_with_a_redirect() {
    let wasm = guest("says-hello");
    let (slack, storage) = (Server::start([Reply::ok()]), Server::start([Reply::Bytes(wasm.clone())]));
    let location: &'static str = format!("Location: {}\r\n", storage.url("/object")).leak();
    let registry = Server::start([Reply::Answer(302, location, String::new())]);
    let sent = send_from(&registry, &sha256(&wasm), &slack, &scratch(), "deploy-finished");
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    assert!(downloads(&registry)[0].header("JOB-TOKEN").is_some());
    assert!(storage.only_request().header("JOB-TOKEN").is_none());

    let elsewhere = Server::start([Reply::Bytes(wasm.clone())]);
    send_with(&elsewhere.url("/notifier.wasm"), &sha256(&wasm), &slack);
    assert!(elsewhere.only_request().header("JOB-TOKEN").is_none());
    let plain = send_with("http://registry.example/notifier.wasm", &sha256(&wasm), &slack);
    assert!(plain.stderr.contains("the address is not https"), "{}", plain.stderr);
}

fn check(module: &Path) -> Ended {
    Notifier::new(&["module", "check", module.to_str().unwrap()]).run()
}

#[test]
fn module_check_runs_a_module_on_the_contexts_of_every_fixture() {
    let path = scratch().join("notifier.wasm");
    fs::write(&path, built_in_wasm()).unwrap();
    let checked = check(&path);
    let contexts = fs::read_dir(root().join("tests/fixtures/messages")).unwrap().count();
    assert_eq!((checked.status, checked.stderr.as_str()), (0, ""), "{}", checked.stdout);
    assert!(checked.stdout.ends_with(&format!("{contexts} contexts: {contexts} passed, 0 failed\n")));
    assert!(checked.stdout.contains("ok    skipped-event: skipped, event_not_selected\n"), "{}", checked.stdout);
    assert!(
        checked.stdout.contains("ok    deploy-failed-main: ❌ [shop-api] prod: deploy failed"),
        "{}",
        checked.stdout
    );
}

#[test]
fn module_check_reports_the_fault_of_a_module() {
    for (name, expected) in [
        ("reaches-unreachable", "it trapped: wasm trap: wasm `unreachable` instruction executed (trap)"),
        ("says-nothing", "its output is not a message: EOF while parsing a value at line 1 column 0 (bad_output)"),
        ("says-it-in-another-version", "its output has version 2, this binary speaks version 1: pin a newer release"),
        ("exits-with-seven", "it ended with exit status 7 (exit)"),
        ("floods-stdout", "it wrote more than 65536 bytes to stdout (output)"),
    ] {
        let checked = check(&module_file(name).0);
        let failed = format!("FAIL  deploy-failed-main: {expected}");
        assert!(checked.status == 1 && checked.stdout.contains(&failed), "{name}: {}", checked.stdout);
        assert!(checked.stderr.contains("contexts failed\nhint: see docs/modules.md"), "{name}: {}", checked.stderr);
    }
    let refused = check(&module_file("sleeps").0);
    assert_eq!((refused.status, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("it imports wasi_snapshot_preview1::poll_oneoff"), "{}", refused.stderr);
}

/// Checks an example module, and posts with it.
fn posts_its_own_message(wasm: &Path, text: &str) {
    let checked = check(wasm);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
    let slack = Server::start([Reply::ok()]);
    let sent = send_with(wasm.to_str().unwrap(), &sha256(&fs::read(wasm).unwrap()), &slack);
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    assert!(!sent.stderr.contains("warning"), "{}", sent.stderr);
    let body = slack.only_request().json();
    assert_eq!(body["text"], text);
    slack_limits::check(&body).unwrap();
}

/// Builds the example module in Rust as its readers do.
pub(crate) fn example_in_rust() -> PathBuf {
    let source = scratch().join("rust");
    let copied = Command::new("cp").arg("-r").arg(root().join("examples/modules/rust")).arg(&source).status().unwrap();
    assert!(copied.success());
    assert!(fs::read_to_string(source.join("src/main.rs")).unwrap().lines().count() < 80);
    // These versions are available without a network.
    fs::copy(root().join("Cargo.lock"), source.join("Cargo.lock")).unwrap();
    let target = root().join("target/example-module");
    let built = cargo()
        .current_dir(&source)
        .args(["build", "--quiet", "--offline", "--release", "--target", "wasm32-wasip1", "--target-dir"])
        .arg(&target)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("wasm32-wasip1/release/message.wasm")
}

#[test]
fn the_example_module_in_rust_posts_its_own_message() {
    posts_its_own_message(&example_in_rust(), "From Rust: shop-api, deploy success on main");
}

#[test]
fn the_example_module_in_c_posts_its_own_message() {
    let source = root().join("examples/modules/c/message.c");
    // The file itself gives the command.
    let text = fs::read_to_string(&source).unwrap();
    let command = text.lines().find_map(|line| line.strip_prefix(" *   clang ")).unwrap();
    let directory = scratch();
    fs::copy(&source, directory.join("message.c")).unwrap();
    let strict = ["-Wall", "-Wextra", "-Werror"];
    let built = Command::new("clang").args(command.split(' ')).args(strict).current_dir(&directory).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    posts_its_own_message(&directory.join("message.wasm"), "From C: shop-api, deploy-finished on main");
}
