//! Whole consumer pipelines: the examples, on an engine that is not ours, with a loopback Slack. Which jobs ran, each
//! job's own result unchanged by us, and each message in the channel, in order.
//!
//! The engine (gitlab-ci-local) holds every later stage up where an `on_failure` job is not triggered. So where the
//! build passes, an overlay takes the build check out; where it fails, nothing is overlaid.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bootstrap::{release, release_of, served};
use pipeline_notifier::module::built_in_wasm;

use crate::component::root;
use crate::harness::{WEBHOOK_PATH, binary, scratch};
use crate::loopback::{Reply, Server};
use crate::slack_limits;

/// What goes wrong in a pipeline, or what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    AllGreen,
    BuildFails,
    DeployFails,
    NoWebhook,
    SlackDown,
}

const STORIES: [Story; 5] =
    [Story::AllGreen, Story::BuildFails, Story::DeployFails, Story::NoWebhook, Story::SlackDown];
const BRANCHES: [&str; 3] = ["main", "development", "feature/x"];

/// An example, and what of it the tests need to know.
struct Example {
    file: &'static str,
    /// The jobs of a green pipeline that are the consumer's own, in the order of their stages.
    jobs: &'static [&'static str],
    deploy_jobs: &'static [&'static str],
    build_check: &'static str,
}

const EXAMPLES: [Example; 4] = [
    Example { file: "plain", jobs: &["build", "test", "deploy"], deploy_jobs: &["deploy"], build_check: "build-check" },
    Example {
        file: "auto-devops",
        jobs: &["build", "test", "review"],
        deploy_jobs: &["review"],
        build_check: "build-check",
    },
    Example {
        file: "include-project",
        jobs: &["build", "deploy"],
        deploy_jobs: &["deploy"],
        build_check: "build-check",
    },
    Example {
        file: "several-deployments",
        jobs: &["build", "deploy-api", "deploy-site"],
        deploy_jobs: &["deploy-api", "deploy-site"],
        build_check: "build-check",
    },
];

/// The jobs of Auto DevOps that matter here, as its templates have them
/// (gitlab-org/gitlab, `lib/gitlab/ci/templates/Jobs/Deploy.latest.gitlab-ci.yml`): `.auto-deploy` takes no artifacts,
/// and `review` writes its address to a file.
const AUTO_DEVOPS: &str = "
build: {stage: build, script: make build}
test: {stage: test, script: make test}
.auto-deploy:
  dependencies: []
review:
  extends: .auto-deploy
  stage: review
  script:
    - make deploy
    - echo \"https://$CI_COMMIT_REF_SLUG.written.example\" >environment_url.txt
  environment:
    name: review/$CI_COMMIT_REF_NAME
  artifacts:
    paths: [environment_url.txt]
    when: always
";

/// A pipeline that ran.
struct Ran {
    /// Each job that ran and its verdict.
    jobs: BTreeMap<String, String>,
    log: String,
}

/// One consumer's project with its own home, and the component's project to include.
struct Consumer {
    directory: PathBuf,
    path: String,
}

impl Consumer {
    /// The component's project has these tags, each with its template.
    fn new(gitlab_ci: &str, branch: &str, releases: &[(&str, &str)]) -> Self {
        let root = scratch();
        let directory = root.join("work");
        for folder in ["work", "component/templates", "home", "bin", "remotes/devops"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let remotes = root.join("remotes");
        let instead = "insteadOf = https://gitlab.example.test/\n\tinsteadOf = https://gitlab.example.test:443/";
        let config = format!(
            "[user]\n\tname = Kim Minsu\n\temail = minsu@shop.example\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n\
             [url \"file://{}/\"]\n\t{instead}\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n",
            remotes.display()
        );
        fs::write(root.join("gitconfig"), config).unwrap();
        let consumer = Self { directory, path: format!("{}:/usr/local/bin:/usr/bin:/bin", root.join("bin").display()) };

        let component = root.join("component");
        fs::copy(self::root().join("templates/deploy-target.yml"), component.join("templates/deploy-target.yml"))
            .unwrap();
        let bare = remotes.join("devops/pipeline-notifier.git");
        consumer.git(&component, &["init", "--quiet"]);
        for (tag, template) in releases {
            fs::write(component.join("templates/notify.yml"), template).unwrap();
            consumer.git(&component, &["add", "--all"]);
            consumer.git(&component, &["commit", "--quiet", "--message", tag]);
            consumer.git(&component, &["tag", tag]);
        }
        consumer.git(&component, &["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);

        consumer.write(".gitlab-ci.yml", gitlab_ci);
        consumer.write("auto-devops.yml", AUTO_DEVOPS);
        consumer.write("Makefile", "build test deploy site:\n\t@test \"$(FAIL)\" != $@ && echo $@ is done\n");
        consumer.git(&consumer.directory, &["init", "--quiet"]);
        consumer.git(&consumer.directory, &["checkout", "--quiet", "-B", branch]);
        consumer.git(&consumer.directory, &["add", "--all"]);
        consumer.git(&consumer.directory, &["commit", "--quiet", "--message", "Fix cart rounding"]);
        consumer.git(
            &consumer.directory,
            &["remote", "add", "origin", "https://u:p@gitlab.example.test/shop/shop-api.git"],
        );
        consumer
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    /// A command of this consumer's, in an environment that holds nothing else.
    fn command(&self, program: &str) -> Command {
        let root = self.directory.parent().unwrap();
        let mut command = Command::new(program);
        command.current_dir(&self.directory).env_clear().env("PATH", &self.path).env("HOME", root.join("home"));
        command.env("LANG", "C.UTF-8").env("NO_COLOR", "1").env("TMPDIR", root);
        command.env("GIT_CONFIG_GLOBAL", root.join("gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    fn git(&self, directory: &Path, arguments: &[&str]) {
        let output = self.command("git").current_dir(directory).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Bakes the notifier into the image of every job.
    fn bake(&self) {
        std::os::unix::fs::symlink(binary(), self.directory.parent().unwrap().join("bin/pipeline-notifier")).unwrap();
    }

    /// Runs the pipeline with the variables that the engine lacks, on a GitLab whose package registry is `registry`.
    fn run_job_of(&self, registry: &Server, variables: &[(&str, &str)]) -> Ran {
        let (server, api) = (registry.url(""), registry.url("/api/v4"));
        let directory = self.directory.display().to_string();
        let mut all = vec![
            // Jobs with an image have another one, outside of the project, even where the engine runs them in a shell.
            ("CI_PROJECT_DIR", &*directory),
            ("CI_SERVER_URL", &*server),
            ("CI_API_V4_URL", &api),
            ("CI_JOB_TOKEN", "not-a-real-token"),
            ("CI_PIPELINE_ID", "90817"),
            ("CI_PIPELINE_URL", "https://gitlab.example.test/shop/shop-api/-/pipelines/90817"),
            ("CI_JOB_URL", "https://gitlab.example.test/shop/shop-api/-/jobs/711002"),
            ("CI_COMMIT_TITLE", "Fix cart rounding"),
            ("CI_COMMIT_SHORT_SHA", "1a2b3c4d"),
            ("GITLAB_USER_NAME", "Kim Minsu"),
            ("GITLAB_CI", "true"),
        ];
        all.extend(variables);
        self.run(&all)
    }

    fn run(&self, variables: &[(&str, &str)]) -> Ran {
        let engine = root().join("tests/engine");
        let preload = format!("file://{}", engine.join("node-20-set-union.mjs").canonicalize().unwrap().display());
        let mut command = self.command("node");
        command.args(["--import", &preload]).arg(engine.join("node_modules/gitlab-ci-local/dist/index.js"));
        command.args(["--force-shell-executor", "--ignore-predefined-vars"]);
        command.arg(variables.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","));
        for (name, value) in variables {
            command.args(["--variable", &format!("{name}={value}")]);
        }
        // Two includes of one project race for a directory of the engine's cache; nothing has run then.
        let log = loop {
            let output = command.output().unwrap();
            let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            if !log.contains("cp: cannot create directory") {
                break log;
            }
        };
        for secret in ["T0SECRET01", "s3cr3ts3cr3t"] {
            assert!(!log.contains(secret), "a job's log shows the webhook:\n{log}");
        }
        let mut jobs = BTreeMap::new();
        for line in log.lines() {
            let mut words = line.split_whitespace();
            let (Some(verdict @ ("PASS" | "FAIL" | "WARN")), Some(job)) = (words.next(), words.next()) else {
                continue;
            };
            if words.next() != Some("after_script") {
                jobs.insert(job.to_owned(), verdict.to_owned());
            }
        }
        Ran { jobs, log }
    }
}

/// Runs an example in one story and returns the pipeline, and the texts that arrived in the channel.
fn play(example: &Example, branch: &str, story: Story) -> (Ran, Vec<String>, Vec<serde_json::Value>) {
    let text = fs::read_to_string(root().join("examples/pipelines").join(example.file).with_extension("gitlab-ci.yml"))
        .unwrap();
    // The one line that needs gitlab.com.
    let consumer = Consumer::new(
        &text.replace("template: Auto-DevOps.gitlab-ci.yml", "local: auto-devops.yml"),
        branch,
        &[(env!("CARGO_PKG_VERSION"), &release().template)],
    );
    if story != Story::BuildFails {
        consumer.write(".gitlab-ci-local.yml", &format!("{}:\n  rules:\n    - when: never\n", example.build_check));
    }
    // Some consumers have the notifier in their images, the others download it.
    let registry = Server::start([served()]);
    if branch == "main" {
        consumer.bake();
    }
    let slack = Server::start([if story == Story::SlackDown { Reply::Drop } else { Reply::ok() }]);
    let fail = match story {
        Story::BuildFails => "build",
        Story::DeployFails => "deploy",
        _ => "nothing",
    };
    let mut variables = vec![("FAIL", fail)];
    let webhook = slack.url(WEBHOOK_PATH);
    if story != Story::NoWebhook {
        variables.push(("SLACK_WEBHOOK_URL", &webhook));
    }
    let ran = consumer.run_job_of(&registry, &variables);
    let bodies: Vec<serde_json::Value> = slack.requests().iter().map(crate::loopback::Request::json).collect();
    let texts = bodies.iter().map(|body| body["text"].as_str().unwrap().to_owned()).collect();
    (ran, texts, bodies)
}

fn environment(branch: &str) -> &str {
    match branch {
        "main" => "prod",
        "development" => "dev",
        other => other,
    }
}

/// The states that the channel tells, in order.
fn told(example: &Example, story: Story) -> Vec<&'static str> {
    let (started, build_failed, deploying, deployed, failed) = if example.file == "include-project" {
        ("파이프라인 시작", "빌드 실패", "배포 시작", "배포 성공", "배포 실패")
    } else {
        ("pipeline started", "build failed", "deploy started", "deploy succeeded", "deploy failed")
    };
    let mut told = vec![started];
    match story {
        Story::NoWebhook => told.clear(),
        Story::BuildFails => told.push(build_failed),
        // The second of several deployments waits for the first.
        Story::DeployFails => told.extend([deploying, failed]),
        Story::AllGreen | Story::SlackDown => {
            example.deploy_jobs.iter().for_each(|_| told.extend([deploying, deployed]));
        }
    }
    told
}

/// The jobs that run, and their verdicts.
fn jobs(example: &Example, story: Story) -> BTreeMap<String, String> {
    let mut jobs: BTreeMap<String, String> = BTreeMap::new();
    jobs.insert("notify-start".into(), "PASS".into());
    for job in example.jobs {
        match story {
            Story::BuildFails if *job != "build" => break,
            Story::BuildFails => jobs.insert((*job).into(), "FAIL".into()),
            Story::DeployFails if example.deploy_jobs.contains(job) => {
                jobs.insert((*job).into(), "FAIL".into());
                break;
            }
            _ => jobs.insert((*job).into(), "PASS".into()),
        };
    }
    if story == Story::BuildFails {
        jobs.insert(example.build_check.into(), "PASS".into());
    }
    jobs
}

/// The labels of a message's links.
fn links(body: &serde_json::Value) -> Vec<(&str, &str)> {
    let links = slack_limits::elements(body).filter(|element| element["type"] == "link");
    links.map(|link| (link["text"].as_str().unwrap(), link["url"].as_str().unwrap())).collect()
}

fn every_story_of(example: &Example) {
    for branch in BRANCHES {
        for story in STORIES {
            let (ran, texts, bodies) = play(example, branch, story);
            let place = format!("{} on {branch}, {story:?}", example.file);
            assert_eq!(ran.jobs, jobs(example, story), "{place}:\n{}", ran.log);
            let expected = told(example, story);
            let states: Vec<&str> = texts
                .iter()
                .map(|text| expected.iter().find(|state| text.contains(&format!(": {state}"))).copied().unwrap_or(text))
                .collect();
            assert_eq!(states, expected, "{place}:\n{}", ran.log);
            let project = format!("[shop-api] {}: ", environment(branch));
            for (text, body) in texts.iter().zip(&bodies) {
                assert!(text.starts_with(&project), "{place}: {text}");
                assert!(text.contains("Kim Minsu"), "{place}: {text}");
                slack_limits::check(body).unwrap_or_else(|fault| panic!("{place}: {fault}"));
                let pipeline = "https://gitlab.example.test/shop/shop-api/-/pipelines/90817";
                assert!(links(body).iter().any(|(_, url)| url.starts_with(pipeline)), "{place}: {body}");
            }
            if story == Story::NoWebhook {
                assert!(ran.log.contains("warning: SLACK_WEBHOOK_URL is not set or empty"), "{place}:\n{}", ran.log);
            }
            if story == Story::DeployFails {
                let url = "https://gitlab.example.test/shop/shop-api/-/jobs/711002";
                assert!(links(bodies.last().unwrap())[0].1 == url, "{place}: {bodies:?}");
            }
        }
    }
}

#[test]
fn a_plain_pipeline_tells_its_story() {
    every_story_of(&EXAMPLES[0]);
}

#[test]
fn an_auto_devops_pipeline_tells_its_story() {
    every_story_of(&EXAMPLES[1]);
    let (_, _, bodies) = play(&EXAMPLES[1], "feature/x", Story::AllGreen);
    let logs = links(&bodies[1])[0];
    assert_eq!(logs.0, "Runtime logs");
    assert!(logs.1.contains("namespace%3D%5C%22shop%5C%22%2Ccluster%3D%5C%22play%5C%22"), "{}", logs.1);
    assert_eq!(links(&bodies[2])[0], ("Open site", "https://feature-x.written.example"));
}

#[test]
fn a_pipeline_without_the_catalog_tells_its_story() {
    every_story_of(&EXAMPLES[2]);
    let (ran, _, bodies) = play(&EXAMPLES[2], "development", Story::DeployFails);
    assert!(ran.log.contains("our own preparation") && ran.log.contains("our own cleaning up"), "{}", ran.log);
    assert!(bodies.last().unwrap().to_string().contains(r#""range":"here""#));
}

#[test]
fn several_deployments_tell_their_story() {
    every_story_of(&EXAMPLES[3]);
    let (_, _, bodies) = play(&EXAMPLES[3], "feature/x", Story::AllGreen);
    assert_eq!(links(&bodies[2])[0], ("Open site", "https://feature-x.shop.example"));
}

/// The module of a later release: this source with other words, built as the build script builds it.
fn later_module() -> Vec<u8> {
    let source = scratch();
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        fs::copy(root().join(file), source.join(file)).unwrap();
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let alone = workspace.replace(r#"["notifier-wasm", "runner", "tests"]"#, r#"["notifier-wasm"]"#);
    fs::write(source.join("Cargo.toml"), alone.replace(r#"default-members = ["runner"]"#, "")).unwrap();
    let copied = Command::new("cp").arg("-r").arg(root().join("notifier-wasm")).arg(&source).status().unwrap();
    assert!(copied.success());
    let language = source.join("notifier-wasm/src/language.rs");
    let words = fs::read_to_string(&language).unwrap();
    fs::write(&language, words.replace("pipeline started", "pipeline is under way")).unwrap();
    let target = root().join("target/later-module");
    let built = Command::new(env!("CARGO"))
        .current_dir(&source)
        .args(["build", "--quiet", "--offline", "--bin", "notifier", "--profile", "module"])
        .args(["--target", "wasm32-wasip1", "--target-dir"])
        .arg(&target)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    fs::read(target.join("wasm32-wasip1/module/notifier.wasm")).unwrap()
}

/// One team pins 1.0.0, another 1.1.0 with the notifier of 1.0.0 baked into its images: each has its own messages.
/// A byte that was flipped in what the registry serves is caught, the job says so and goes on.
#[test]
fn two_releases_run_side_by_side() {
    let later = later_module();
    let (first, second) = (release_of("1.0.0", built_in_wasm()), release_of("1.1.0", &later));
    let tags = [("1.0.0", &*first.template), ("1.1.0", &*second.template)];
    let architecture = String::from_utf8(Command::new("uname").arg("-m").output().unwrap().stdout).unwrap();
    let packed_name = format!("pipeline-notifier-{}-linux.gz", architecture.trim());
    let flip = |bytes: &[u8]| {
        let mut flipped = bytes.to_vec();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        flipped
    };
    let played = |version: &str, baked: bool, packed: &[u8], module: &[u8]| {
        let example = fs::read_to_string(root().join("examples/pipelines/plain.gitlab-ci.yml")).unwrap();
        let consumer = Consumer::new(
            &example.replace(concat!("@", env!("CARGO_PKG_VERSION")), &format!("@{version}")),
            "main",
            &tags,
        );
        consumer.write(".gitlab-ci-local.yml", "build-check:\n  rules:\n    - when: never\n");
        if baked {
            consumer.bake();
        }
        let place = format!("/{version}/");
        let files =
            [(format!("{place}{packed_name}"), packed.to_vec()), (format!("{place}notifier.wasm"), module.to_vec())];
        let (registry, slack) = (Server::start([Reply::Files(files.into())]), Server::start([Reply::ok()]));
        let ran =
            consumer.run_job_of(&registry, &[("FAIL", "nothing"), ("SLACK_WEBHOOK_URL", &slack.url(WEBHOOK_PATH))]);
        let expected = [("notify-start", "PASS"), ("build", "PASS"), ("test", "PASS"), ("deploy", "PASS")];
        let expected = expected.map(|(job, verdict)| (job.to_owned(), verdict.to_owned()));
        assert_eq!(ran.jobs, BTreeMap::from(expected), "{}", ran.log);
        let texts =
            slack.requests().iter().map(|it| it.json()["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (texts, ran.log)
    };

    let (texts, log) = played("1.0.0", false, &first.packed, built_in_wasm());
    assert!(texts.len() == 3 && texts[0].starts_with("[shop-api] prod: pipeline started"), "{texts:?}\n{log}");
    let (texts, log) = played("1.1.0", true, &second.packed, &later);
    assert!(texts.len() == 3 && texts[0].starts_with("[shop-api] prod: pipeline is under way"), "{texts:?}\n{log}");

    let (texts, log) = played("1.1.0", true, &second.packed, &flip(&later));
    assert!(texts.len() == 3 && texts[0].starts_with("[shop-api] prod: pipeline started"), "{texts:?}\n{log}");
    assert!(log.contains("the built-in module renders instead (checksum)"), "{log}");
    let (texts, log) = played("1.0.0", false, &flip(&first.packed), built_in_wasm());
    assert!(texts.is_empty() && log.contains("notify: skipped reason=checksum"), "{texts:?}\n{log}");
}
