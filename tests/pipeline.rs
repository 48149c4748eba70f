//! Runs the examples as whole consumer pipelines, on an engine that is not ours, with a loopback Slack. The tests check the jobs
//! that ran, each job's own result, which we leave unchanged, and each message in the channel, in order.
//!
//! The engine (gitlab-ci-local) starts no job after one that never started. After a failed build the tests run the closing job by
//! its name. No job waits for the start job, so its message may come late; here it is listed first.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use pipeline_notifier::module::pin::built_in_wasm;
use serde_json::Value;

use crate::bootstrap::{release, release_of, served};
use crate::docs;
use crate::support::consumer::{Consumer, Ran};
use crate::support::gitlab::{GitLab, THIS, deployment, failed, gitlab as gitlab_of, job, pipeline, with};
use crate::support::harness::root;
use crate::support::harness::{WEBHOOK_PATH, cargo};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;
use crate::support::workspace::{DEPLOYS, Message, OPS, TOKEN, Workspace, slack};

/// A fault in a pipeline, or a missing part.
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

/// An example, and the facts that the tests need.
struct Example {
    file: &'static str,
    /// The consumer's own jobs of a green pipeline, in the order of their stages.
    jobs: &'static [&'static str],
    deploy_jobs: &'static [&'static str],
}

const EXAMPLES: [Example; 4] = [
    Example { file: "plain", jobs: &["build", "test", "deploy"], deploy_jobs: &["deploy"] },
    Example { file: "auto-devops", jobs: &["build", "test", "review"], deploy_jobs: &["review"] },
    Example { file: "include-project", jobs: &["build", "deploy"], deploy_jobs: &["deploy"] },
    Example {
        file: "several-deployments",
        jobs: &["build", "deploy-api", "deploy-site"],
        deploy_jobs: &["deploy-api", "deploy-site"],
    },
];

/// Runs an example in one story. Returns the pipeline, and the texts and bodies that arrived in the channel.
fn play(example: &Example, branch: &str, story: Story) -> (Ran, Vec<String>, Vec<serde_json::Value>) {
    let text = fs::read_to_string(root().join("examples/pipelines").join(example.file).with_extension("gitlab-ci.yml"))
        .unwrap();
    let consumer = Consumer::new(&text, branch, &[(env!("CARGO_PKG_VERSION"), &release().template)]);
    // Some consumers have the notifier in their images, the others download it.
    let registry = gitlab(match story {
        Story::BuildFails => &["build"],
        Story::DeployFails => &example.deploy_jobs[..1],
        _ => &[],
    });
    consumer.number(&numbers(example), "");
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
    let mut ran = consumer.run_on(&registry, &variables);
    ran.jobs.retain(|job, verdict| {
        assert!(!job.starts_with("notify-") || verdict == "PASS", "{job}:\n{}", ran.log);
        !job.starts_with("notify-")
    });
    if story == Story::BuildFails {
        // Another job's failure does not trigger a job that is run by its name.
        consumer.number(&numbers(example)[1..], CLOSES);
        let closed = consumer.run_jobs_on(&registry, &variables, &["notify-finish"]);
        assert_eq!(closed.jobs["notify-finish"], "PASS", "{}", closed.log);
    }
    let mut bodies: Vec<serde_json::Value> =
        slack.requests().iter().map(crate::support::loopback::Request::json).collect();
    bodies.sort_by_key(|body| !is_start(body));
    let texts = bodies.iter().map(|body| body["text"].as_str().unwrap().to_owned()).collect();
    (ran, texts, bodies)
}

/// The template is one copied file, and the notifier comes from any URL.
#[test]
fn a_vendored_template_runs_with_the_notifier_from_elsewhere() {
    let example = fs::read_to_string(root().join("examples/pipelines/vendored.gitlab-ci.yml")).unwrap();
    let elsewhere = Server::start([served()]);
    let url = "https://gitlab.example/api/v4/projects/42/packages/generic/pipeline-notifier";
    let text = example.replace(url, &elsewhere.url("/files"));
    assert_ne!(text, example);
    let files = scratch();
    fs::create_dir(files.join(".gitlab")).unwrap();
    fs::write(files.join(".gitlab/notify.yml"), &release().template).unwrap();
    let consumer = Consumer::with_files(&text, "main", &[], &files);
    let (registry, slack) = (gitlab(&[]), Server::start([Reply::ok()]));
    let ran = consumer.run_on(&registry, &[("SLACK_WEBHOOK_URL", &slack.url(WEBHOOK_PATH))]);
    assert!(ran.jobs.values().all(|verdict| verdict == "PASS") && ran.jobs.contains_key("deploy"), "{}", ran.log);
    let mut texts: Vec<String> =
        slack.requests().iter().map(|it| it.json()["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    assert_eq!(texts.len(), 3, "{texts:?}\n{}", ran.log);
    for state in ["pipeline started", "deploy started", "deploy succeeded"] {
        assert!(texts.iter().any(|text| text.contains(state)), "{texts:?}");
    }
    assert!(!elsewhere.requests().is_empty());
}

fn is_start(body: &serde_json::Value) -> bool {
    let text = body["text"].as_str().unwrap();
    ["pipeline started", "pipeline is under way", "파이프라인 시작"].iter().any(|state| text.contains(state))
}

/// The IDs of the examples' jobs.
const NUMBERS: [(&str, u64); 8] = [
    ("notify-finish", CLOSING),
    ("notify-start", 711_901),
    ("build", 711_001),
    ("test", 711_003),
    ("deploy", 711_002),
    ("review", 711_004),
    ("deploy-api", 711_005),
    ("deploy-site", 711_006),
];
pub(crate) const CLOSING: u64 = 711_900;

fn numbers(example: &Example) -> Vec<(&'static str, u64)> {
    NUMBERS.into_iter().filter(|(name, _)| name.starts_with("notify-") || example.jobs.contains(name)).collect()
}

/// Lets the engine run the closing job by its name.
const CLOSES: &str = "notify-finish:\n  variables:\n    CI_JOB_ID: '711900'\n  rules:\n    - when: always\n";

/// A GitLab with the release in its registry. These jobs failed by their own scripts; all others ran.
pub(crate) fn gitlab(of: &[&str]) -> Server {
    gitlab_of_engine(of, None)
}

/// The same GitLab, with the engine's artifacts.
fn gitlab_of_engine(of: &[&str], artifacts: Option<PathBuf>) -> Server {
    let mut gitlab = GitLab::new();
    gitlab.engine = artifacts;
    let stage = |name: &str| if name == "build" { "build" } else { "deploy" };
    gitlab.jobs = NUMBERS
        .iter()
        .map(|(name, id)| match *name {
            "notify-finish" => job(*id, name, ".post", "running"),
            failing if of.contains(&failing) => failed(*id, name, stage(name), "script_failure"),
            _ => job(*id, name, stage(name), "success"),
        })
        .collect();
    // The jobs of consumers' pipelines.
    let others = of.iter().filter(|name| NUMBERS.iter().all(|(known, _)| known != *name)).zip(711_100..);
    gitlab.jobs.extend(others.map(|(name, id)| failed(id, name, "ship", "script_failure")));
    with_packages(gitlab)
}

/// A GitLab that also has the packages of this build.
fn with_packages(gitlab: GitLab) -> Server {
    let packed = ["x86_64", "aarch64"].map(|it| (format!("pipeline-notifier-{it}-linux.gz"), release().packed.clone()));
    Server::start([Reply::Hosted(packed.into(), Arc::new(Mutex::new(gitlab)))])
}

/// A project with nothing but the digest posts it in its schedule, and has no jobs otherwise. `doctor` runs in the same job.
#[test]
fn a_schedule_posts_the_digest_of_other_projects() {
    let example = fs::read_to_string(root().join("examples/pipelines/digest.gitlab-ci.yml")).unwrap();
    let consumer = Consumer::new(&example, "main", &[(env!("CARGO_PKG_VERSION"), &release().template)]);
    let mut gitlab = GitLab::new();
    let lists = |branch: &str| {
        let ended = with(pipeline(90_700, "success"), "ref", branch);
        let at = ended["created_at"].clone();
        let deployed = deployment(600, "prod", "success", "0f1e2d3c", (90_700, 711_900));
        (vec![ended], vec![with(deployed, "updated_at", at)])
    };
    gitlab.others.insert("shop/api", lists("main"));
    gitlab.others.insert("shop/web", lists("master"));
    let registry = with_packages(gitlab);
    let slack = Server::start([Reply::ok()]);
    let hook = slack.url(WEBHOOK_PATH);
    let variables = [
        ("SLACK_WEBHOOK_URL", &*hook),
        ("CI_PIPELINE_SOURCE", "schedule"),
        ("NOTIFIER_DIGEST", "yes"),
        ("NOTIFIER_GITLAB_TOKEN", "glpat-not-a-real-access-token"),
    ];
    let ran = consumer.run_on(&registry, &variables);
    assert_eq!(ran.jobs, BTreeMap::from([("notify-digest".to_owned(), "PASS".to_owned())]), "{}", ran.log);
    let text = slack.only_request().json()["text"].as_str().unwrap().to_owned();
    for line in ["shop/api: 1 deployment · main: 1 pipeline", "shop/web: 1 deployment · master: 1 pipeline"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(consumer.jobs(&[]).is_empty());

    let guide = fs::read_to_string(root().join("docs/guides/digest.md")).unwrap();
    let doctor = guide.split("```").find(|it| it.starts_with("yaml\n") && it.contains("doctor")).unwrap();
    let doctor = doctor.trim_start_matches("yaml\n");
    consumer.write(".gitlab-ci.yml", &format!("{example}\n{doctor}"));
    let ran = consumer.run_on(&registry, &variables);
    assert!(ran.log.contains("GitLab: can read shop/web"), "{}", ran.log);
    assert_eq!(slack.requests().len(), 1);
}

fn environment(branch: &str) -> &str {
    match branch {
        "main" => "prod",
        "development" => "dev",
        other => other,
    }
}

/// The states in the channel, in order.
fn reported(example: &Example, story: Story) -> Vec<&'static str> {
    let (started, build_failed, deploying, deployed, failed) = if example.file == "include-project" {
        ("파이프라인 시작", "빌드 실패", "배포 시작", "배포 성공", "배포 실패")
    } else {
        ("pipeline started", "build failed", "deploy started", "deploy succeeded", "deploy failed")
    };
    let mut reported = vec![started];
    match story {
        Story::NoWebhook => reported.clear(),
        Story::BuildFails => reported.push(build_failed),
        // The second of several deployments waits for the first.
        Story::DeployFails => reported.extend([deploying, failed]),
        Story::AllGreen | Story::SlackDown => {
            example.deploy_jobs.iter().for_each(|_| reported.extend([deploying, deployed]));
        }
    }
    reported
}

/// The jobs that run, and their verdicts.
fn jobs(example: &Example, story: Story) -> BTreeMap<String, String> {
    let mut jobs: BTreeMap<String, String> = BTreeMap::new();
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
            let case = format!("{} on {branch}, {story:?}", example.file);
            assert_eq!(ran.jobs, jobs(example, story), "{case}:\n{}", ran.log);
            let expected = reported(example, story);
            let states: Vec<&str> = texts
                .iter()
                .map(|text| expected.iter().find(|state| text.contains(&format!(": {state}"))).copied().unwrap_or(text))
                .collect();
            assert_eq!(states, expected, "{case}:\n{}", ran.log);
            let project = format!("[shop-api] {}: ", environment(branch));
            for (text, body) in texts.iter().zip(&bodies) {
                assert!(text.contains(&project), "{case}: {text}");
                assert!(text.contains("Kim Minsu"), "{case}: {text}");
                slack_limits::check(body).unwrap_or_else(|fault| panic!("{case}: {fault}"));
                let pipeline = "/shop/shop-api/-/pipelines/90817";
                assert!(links(body).iter().any(|(_, url)| url.contains(pipeline)), "{case}: {body}");
            }
            if story == Story::NoWebhook {
                assert!(ran.log.contains("warning: SLACK_WEBHOOK_URL is not set or empty"), "{case}:\n{}", ran.log);
            }
            if story == Story::DeployFails {
                assert!(
                    links(bodies.last().unwrap())[0].1.ends_with("/shop/shop-api/-/jobs/711002"),
                    "{case}: {bodies:?}"
                );
            }
        }
    }
}

#[test]
fn a_plain_pipeline_posts_its_story() {
    every_story_of(&EXAMPLES[0]);
}

#[test]
fn an_auto_devops_pipeline_posts_its_story() {
    every_story_of(&EXAMPLES[1]);
    let (_, _, bodies) = play(&EXAMPLES[1], "feature/x", Story::AllGreen);
    let logs = links(&bodies[1])[0];
    assert_eq!(logs.0, "Runtime logs");
    assert!(logs.1.contains("namespace%3D%5C%22shop%5C%22"), "{}", logs.1);
    assert_eq!(links(&bodies[2])[0], ("Open site", "https://feature-x.written.example"));
}

#[test]
fn a_pipeline_without_the_catalog_posts_its_story() {
    every_story_of(&EXAMPLES[2]);
    let (ran, _, bodies) = play(&EXAMPLES[2], "development", Story::DeployFails);
    assert!(ran.log.contains("our own preparation") && ran.log.contains("our own cleaning up"), "{}", ran.log);
    assert!(bodies.last().unwrap().to_string().contains(r#""range":"here""#));
}

#[test]
fn several_deployments_post_their_story() {
    every_story_of(&EXAMPLES[3]);
    let (_, _, bodies) = play(&EXAMPLES[3], "feature/x", Story::AllGreen);
    assert_eq!(links(&bodies[2])[0], ("Open site", "https://feature-x.shop.example"));
}

/// The README's first example, pasted into a pipeline of one job in one stage.
#[test]
fn the_first_example_of_the_readme_works_in_a_pipeline_of_one_job() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, example) = docs::blocks(&readme).into_iter().find(|(language, _)| language == "yaml").unwrap();
    let pasted = |before: &str, after: &str| {
        let example = example
            .replace("deploy_jobs: deploy\n", "deploy_jobs: ship\n")
            .replace("\ndeploy:\n", "\nship:\n  stage: ship\n");
        let text = format!("stages: [ship]\n{before}{}{after}", example.trim_end());
        let consumer = Consumer::new(&text, "main", &[(env!("CARGO_PKG_VERSION"), &release().template)]);
        let (registry, slack) = (gitlab(&[]), Server::start([Reply::ok()]));
        let ran = consumer.run_on(&registry, &[("SLACK_WEBHOOK_URL", &slack.url(WEBHOOK_PATH))]);
        let passed = [("notify-start", "PASS"), ("ship", "PASS")].map(|(job, verdict)| (job.into(), verdict.into()));
        assert_eq!(ran.jobs, BTreeMap::from(passed), "{}", ran.log);
        assert!(!ran.log.contains("> warning: "), "{}", ran.log);
        assert_eq!(slack.requests().len(), 3, "{}", ran.log);
        ran.log
    };
    assert!(pasted("", "").contains("> your own deployment"));
    let default = "default:\n  before_script: [echo prepared]\n  after_script: [echo cleaned]\n  tags: [shell]\n  \
        cache: {key: all, paths: [packages/]}\n";
    let log = pasted(default, "\n    - !reference [default, after_script]\n");
    assert!(["prepared", "your own deployment", "cleaned"].iter().all(|it| log.contains(&format!("> {it}"))), "{log}");
}

/// The module of a later release: this source with another text, built as the build script builds it.
fn later_module() -> Vec<u8> {
    let source = scratch();
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        fs::copy(root().join(file), source.join(file)).unwrap();
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let alone = workspace.replace(r#"["notifier-wasm", "playground", "runner", "tests"]"#, r#"["notifier-wasm"]"#);
    fs::write(source.join("Cargo.toml"), alone.replace(r#"default-members = ["runner"]"#, "")).unwrap();
    let copied = Command::new("cp").arg("-r").arg(root().join("notifier-wasm")).arg(&source).status().unwrap();
    assert!(copied.success());
    let language = source.join("notifier-wasm/src/language.rs");
    let texts = fs::read_to_string(&language).unwrap();
    fs::write(&language, texts.replace("pipeline started", "pipeline is under way")).unwrap();
    let target = root().join("target/later-module");
    let built = cargo()
        .current_dir(&source)
        .args(["build", "--quiet", "--offline", "--bin", "notifier", "--profile", "module"])
        .args(["--target", "wasm32-wasip1", "--target-dir"])
        .arg(&target)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    fs::read(target.join("wasm32-wasip1/module/notifier.wasm")).unwrap()
}

/// One team pins 1.0.0, another 1.1.0 with the notifier of 1.0.0 baked into its images. Each has its own messages.
/// A flipped byte in a file of the registry is caught. The job's log names it, and the job goes on.
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
        if baked {
            consumer.bake();
        }
        let folder = format!("/{version}/");
        let files =
            [(format!("{folder}{packed_name}"), packed.to_vec()), (format!("{folder}notifier.wasm"), module.to_vec())];
        let (registry, slack) = (Server::start([Reply::Files(files.into())]), Server::start([Reply::ok()]));
        let ran = consumer.run_on(&registry, &[("FAIL", "nothing"), ("SLACK_WEBHOOK_URL", &slack.url(WEBHOOK_PATH))]);
        let expected = [("notify-start", "PASS"), ("build", "PASS"), ("test", "PASS"), ("deploy", "PASS")];
        let expected = expected.map(|(job, verdict)| (job.to_owned(), verdict.to_owned()));
        assert_eq!(ran.jobs, BTreeMap::from(expected), "{}", ran.log);
        let mut bodies: Vec<_> = slack.requests().iter().map(crate::support::loopback::Request::json).collect();
        bodies.sort_by_key(|body| !is_start(body));
        let texts = bodies.iter().map(|body| body["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (texts, ran.log)
    };

    let (texts, log) = played("1.0.0", false, &first.packed, built_in_wasm());
    assert!(texts.len() == 3 && texts[0].contains("[shop-api] prod: pipeline started"), "{texts:?}\n{log}");
    let (texts, log) = played("1.1.0", true, &second.packed, &later);
    assert!(texts.len() == 3 && texts[0].contains("[shop-api] prod: pipeline is under way"), "{texts:?}\n{log}");

    let (texts, log) = played("1.1.0", true, &second.packed, &flip(&later));
    assert!(texts.len() == 3 && texts[0].contains("[shop-api] prod: pipeline started"), "{texts:?}\n{log}");
    assert!(log.contains("the built-in module renders instead (checksum)"), "{log}");
    let (texts, log) = played("1.0.0", false, &flip(&first.packed), built_in_wasm());
    assert!(texts.is_empty() && log.contains("notify: skipped reason=checksum"), "{texts:?}\n{log}");
}

/// A pipeline of an example in bot mode.
struct BotMode {
    consumer: Consumer,
    registry: Server,
    /// Lives as long as the pipeline.
    _slack: Server,
    hook: Server,
}

impl BotMode {
    fn new(example: &Example, slack: Server) -> Self {
        let file = root().join("examples/pipelines").join(example.file).with_extension("gitlab-ci.yml");
        let inputs = format!(
            "    inputs:\n      channel: {DEPLOYS}\n      mention: here\n      ops_channel: {OPS}\n      \
             ops_mention: subteam:S0OPERATORS\n      ops_environments: prod,dev\n      slack_api_url: {}\n",
            slack.url("/api")
        );
        let text = fs::read_to_string(file).unwrap().replacen("    inputs:\n", &inputs, 1);
        let consumer = Consumer::new(&text, "main", &[(env!("CARGO_PKG_VERSION"), &release().template)]);
        consumer.number(&numbers(example), "");
        let registry = gitlab_of_engine(&example.deploy_jobs[..1], Some(consumer.artifacts()));
        Self { consumer, registry, _slack: slack, hook: Server::start([Reply::ok()]) }
    }

    fn run(&self, fail: &str, jobs: &[&str]) -> Ran {
        let hook = self.hook.url(WEBHOOK_PATH);
        let variables = [("FAIL", fail), ("SLACK_BOT_TOKEN", TOKEN), ("SLACK_WEBHOOK_URL", &*hook)];
        self.consumer.run_jobs_on(&self.registry, &variables, jobs)
    }
}

fn states(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|it| it.text().split(": ").nth(1).unwrap().split([',', '(']).next().unwrap().trim()).collect()
}

#[test]
fn in_bot_mode_a_pipeline_is_one_message_in_its_last_state() {
    let (server, workspace) = slack(Workspace::new());
    let pipeline = BotMode::new(&EXAMPLES[0], server);
    let ran = pipeline.run("nothing", &[]);
    assert!(ran.jobs.values().all(|verdict| verdict == "PASS") && !ran.log.contains("warning: "), "{}", ran.log);
    {
        let workspace = workspace.lock().unwrap();
        assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy succeeded"], "{}", ran.log);
        assert_eq!(states(&workspace.replies()), ["deploy started", "deploy succeeded"]);
        assert!(workspace.top_level(OPS).is_empty());
    }
    assert!(pipeline.hook.requests().is_empty());
}

#[test]
fn in_bot_mode_a_job_that_is_run_again_posts_in_the_same_thread() {
    let (server, workspace) = slack(Workspace::new());
    let pipeline = BotMode::new(&EXAMPLES[0], server);
    let failed = pipeline.run("deploy", &[]);
    assert_eq!(failed.jobs["deploy"], "FAIL", "{}", failed.log);
    {
        let workspace = workspace.lock().unwrap();
        assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy failed"], "{}", failed.log);
        assert!(workspace.replies()[1].broadcast);
        let operators = workspace.top_level(OPS);
        assert_eq!(states(&operators), ["deploy failed"]);
        let body = serde_json::Value::Object(operators[0].body.clone());
        assert!(links(&body)[0].1.starts_with(&format!("https://commerce.slack.com/archives/{DEPLOYS}/p")), "{body}");
        assert!(body.to_string().contains("S0OPERATORS"));
    }
    let again = pipeline.run("nothing", &["deploy"]);
    assert_eq!(again.jobs["deploy"], "PASS", "{}", again.log);
    let workspace = workspace.lock().unwrap();
    assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy succeeded"], "{}", again.log);
    let replies = ["deploy started", "deploy failed", "deploy started", "deploy succeeded"];
    assert_eq!(states(&workspace.replies()), replies);
    assert_eq!(workspace.top_level(OPS).len(), 1);
}

/// The hook after a killed script and the next attempt do the rest.
#[test]
fn in_bot_mode_a_killed_job_is_reported_and_tried_again() {
    let (server, workspace) = slack(Workspace::new());
    let pipeline = BotMode::new(&EXAMPLES[0], server);
    pipeline.consumer.write("Makefile", "build test:\n\t@echo $@ is done\ndeploy:\n\t@kill -9 $$PPID\n");
    let killed = pipeline.run("nothing", &[]);
    assert_eq!(killed.jobs["deploy"], "FAIL", "{}", killed.log);
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["deploy failed"], "{}", killed.log);
    pipeline.consumer.write("Makefile", "build test deploy:\n\t@echo $@ is done\n");
    let again = pipeline.run("nothing", &["deploy"]);
    assert_eq!(again.jobs["deploy"], "PASS", "{}", again.log);
    let workspace = workspace.lock().unwrap();
    assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy succeeded"], "{}", again.log);
    assert_eq!(workspace.replies().len(), 4);
}

#[test]
fn in_bot_mode_a_job_finds_the_message_whatever_the_bot_may_read() {
    let (server, workspace) = slack(Workspace::new());
    let ran = BotMode::new(&EXAMPLES[1], server).run("nothing", &[]);
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["deploy succeeded"], "{}", ran.log);

    let (server, workspace) = slack(Workspace::new().without("channels:history"));
    let bot = BotMode::new(&EXAMPLES[1], server);
    let ran = bot.run("nothing", &[]);
    assert!(ran.jobs.values().all(|verdict| verdict == "PASS"), "{}", ran.log);
    assert!(ran.log.contains("the bot lacks the scope channels:history; add it"), "{}", ran.log);
    // The start job recorded the message's location.
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["deploy succeeded"], "{}", ran.log);
}

#[test]
fn in_bot_mode_a_token_that_is_revoked_midway_leaves_the_rest_to_the_webhook() {
    let mut revoked = Workspace::new();
    // The start job looks for the message, posts it and asks for its address.
    revoked.calls_left = Some(3);
    let (server, workspace) = slack(revoked);
    let pipeline = BotMode::new(&EXAMPLES[0], server);
    let ran = pipeline.run("deploy", &[]);
    assert_eq!(ran.jobs["deploy"], "FAIL", "{}", ran.log);
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["pipeline started"], "{}", ran.log);
    let texts: Vec<String> = pipeline.hook.requests().iter().map(|it| it.json()["text"].to_string()).collect();
    assert!(texts.len() == 2 && texts[0].contains("deploy started") && texts[1].contains("deploy failed"), "{texts:?}");
    assert!(ran.log.contains("SLACK_BOT_TOKEN is revoked"), "{}", ran.log);
}

/// The settings file of a repository chooses the channel and the text.
#[test]
fn in_bot_mode_the_settings_file_sets_channel_and_text() {
    let (server, workspace) = slack(Workspace::new());
    let pipeline = BotMode::new(&EXAMPLES[0], server);
    let file = serde_json::json!({
        "events": {"deploy-failed": {"text": "rollout failed", "lines": ["make rollback ENV=%{environment}"]}},
        "environments": {"prod": {"channel": OPS}},
    });
    pipeline.consumer.write(".pipeline-notifier.json", &file.to_string());
    let ran = pipeline.run("deploy", &[]);
    assert_eq!(ran.jobs["deploy"], "FAIL", "{}", ran.log);
    // The input's channel wins over the file's.
    let messages = workspace.lock().unwrap().top_level(DEPLOYS);
    assert_eq!(states(&messages), ["deploy failed · rollout failed"], "{}", ran.log);
    let body = serde_json::Value::Object(messages[0].body.clone()).to_string();
    assert!(body.contains("make rollback ENV=prod"), "{body}");
}

/// A consumer's pipelines on a GitLab whose API knows the jobs that the engine ran.
struct Pipelines {
    consumer: Consumer,
    registry: Server,
    gitlab: Arc<Mutex<GitLab>>,
    slack: Server,
    workspace: Option<Arc<Mutex<Workspace>>>,
}

impl Pipelines {
    fn new(is_bot: bool) -> Self {
        let (slack, workspace) = if is_bot {
            let (server, workspace) = slack(Workspace::new());
            (server, Some(workspace))
        } else {
            (Server::start([Reply::ok()]), None)
        };
        let file = fs::read_to_string(root().join("examples/pipelines/plain.gitlab-ci.yml")).unwrap();
        let inputs = format!(
            "    inputs:\n      finish: change\n      mention: here\n      channel: {DEPLOYS}\n      ops_channel: {OPS}\n      slack_api_url: {}\n",
            slack.url("/api")
        );
        let text = file.replacen("    inputs:\n", &inputs, 1).replace("      mention: author\n", "");
        let consumer = Consumer::new(&text, "main", &[(env!("CARGO_PKG_VERSION"), &release().template)]);
        consumer.bake();
        let mut of = GitLab::new();
        of.engine = Some(consumer.artifacts());
        let (registry, gitlab) = gitlab_of(of);
        Self { consumer, registry, gitlab, slack, workspace }
    }

    fn variables(&self, fail: &str) -> Vec<(&'static str, String)> {
        let mut variables = vec![("FAIL", fail.to_owned()), ("CI_PROJECT_ID", "1042".to_owned())];
        if self.workspace.is_some() {
            variables.push(("SLACK_BOT_TOKEN", TOKEN.to_owned()));
        } else {
            variables.push(("SLACK_WEBHOOK_URL", self.slack.url(WEBHOOK_PATH)));
            variables
                .push(("SLACK_OPS_WEBHOOK_URL", self.slack.url("/services/T0SECRET01/B0SECRET02/s3cr3ts3cr3topsops")));
        }
        variables
    }

    /// Runs a pipeline up to the closing job. That job is run by its name after GitLab knows the others' results.
    fn run(&self, number: u64, fail: &str, reason: &str, kills: Option<&str>) -> String {
        {
            let mut gitlab = self.gitlab.lock().unwrap();
            gitlab.jobs =
                vec![job(THIS, "deploy", "deploy", "running"), job(711_900, "notify-start", ".post", "success")];
        }
        let id = number.to_string();
        let of = |job: &str| {
            let mut all = self.variables(fail);
            all.extend([("CI_PIPELINE_ID", id.clone()), ("CI_JOB_ID", job.to_owned())]);
            all
        };
        let run = |all: &[(&'static str, String)], jobs: &[&str]| {
            let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
            match kills.filter(|_| jobs.is_empty()) {
                Some(until) => self.consumer.run_until_killed(&self.registry, &all, until),
                None => self.consumer.run_jobs_on(&self.registry, &all, jobs),
            }
        };
        // GitLab can answer the closing job only after the other jobs have ended.
        self.consumer.write(".gitlab-ci-local.yml", "notify-finish:\n  rules:\n    - when: never\n");
        let ran = run(&of(&THIS.to_string()), &[]);
        let has_failed = |job: &str| ran.jobs.get(job).is_some_and(|verdict| verdict == "FAIL") || kills == Some(job);
        let this = THIS + 900;
        let mut is_green = true;
        {
            let mut gitlab = self.gitlab.lock().unwrap();
            gitlab.jobs =
                vec![job(this, "notify-finish", ".post", "running"), job(711_900, "notify-start", ".post", "success")];
            let jobs = [
                (711_000, "build", "build"),
                (711_001, "test", "test"),
                (THIS, "deploy", "deploy"),
                (711_003, "unit", "test"),
                (711_004, "lint", "test"),
            ];
            for (id, name, stage) in jobs {
                if has_failed(name) {
                    is_green = false;
                    gitlab.jobs.push(failed(id, name, stage, reason));
                }
            }
            let jobs = Some(gitlab.jobs.clone());
            gitlab.earlier_jobs.insert(number, jobs);
            gitlab.pipelines.push(pipeline(number, if is_green { "success" } else { "failed" }));
        }
        if is_green {
            assert_eq!(ran.jobs["notify-finish-success"], "PASS", "{}", ran.log);
            return ran.log;
        }
        self.consumer.write(".gitlab-ci-local.yml", "notify-finish:\n  rules:\n    - when: always\n");
        let closed = run(&of(&this.to_string()), &["notify-finish"]);
        assert_eq!(closed.jobs["notify-finish"], "PASS", "{}", closed.log);
        format!("{}{}", ran.log, closed.log)
    }

    /// The messages in the team's channel, in order.
    fn bodies(&self) -> Vec<Value> {
        match &self.workspace {
            None => {
                let of_team = self.slack.requests().into_iter().filter(|it| !it.target.contains("opsops"));
                of_team.map(|it| it.json()).collect()
            }
            Some(workspace) => {
                workspace.lock().unwrap().everything(DEPLOYS).into_iter().map(|it| Value::Object(it.body)).collect()
            }
        }
    }

    /// The states of these messages, without the starts.
    fn ends(&self) -> Vec<String> {
        let state =
            |body: &Value| Some(body["text"].as_str()?.split_once("prod: ")?.1.split(", by ").next()?.to_owned());
        self.bodies().iter().filter_map(state).filter(|it| !it.contains("started")).collect()
    }

    /// The messages in the operators' channel.
    fn operators(&self) -> Vec<String> {
        let texts: Vec<String> = match &self.workspace {
            None => {
                let of_operators = self.slack.requests().into_iter().filter(|it| it.target.contains("opsops"));
                of_operators.map(|it| it.json()["text"].as_str().unwrap().to_owned()).collect()
            }
            Some(workspace) => workspace.lock().unwrap().top_level(OPS).iter().map(|it| it.text().to_owned()).collect(),
        };
        texts
            .iter()
            .map(|text| text.split_once("prod: ").unwrap().1.split(", by ").next().unwrap().to_owned())
            .collect()
    }
}

/// The pipelines are red, killed by a timeout, red again, and green. In both modes each is posted once, and the operators get the
/// all-clear.
#[test]
fn a_week_of_pipelines_posts_its_story() {
    for is_bot in [false, true] {
        let pipelines = Pipelines::new(is_bot);
        let log = pipelines.run(90_817, "nothing", "", None);
        assert_eq!(pipelines.ends(), ["deploy succeeded"], "{log}");
        let log = pipelines.run(90_818, "build", "script_failure", None);
        assert_eq!(pipelines.ends()[1..], ["build failed (build)"], "{log}");
        // The script is killed midway, and no hook runs after it.
        let log = pipelines.run(90_819, "nothing", "job_execution_timeout", Some("deploy"));
        assert_eq!(pipelines.ends()[2..], ["deploy failed"], "{log}");
        assert!(log.contains("message: [shop-api] prod: deploy failed"), "{log}");
        // Its own hook reports it, so nothing else does.
        let log = pipelines.run(90_820, "deploy", "script_failure", None);
        assert_eq!(pipelines.ends()[3..], ["deploy failed"], "{log}");
        assert!(log.contains("notify: skipped reason=already_reported"), "{log}");
        let log = pipelines.run(90_821, "nothing", "", None);
        assert_eq!(pipelines.ends()[4..], ["deploy succeeded", "pipeline fixed"], "{log}");
        let all_clear = if is_bot { "fixed (was: deploy failed)" } else { "fixed" };
        assert_eq!(
            pipelines.operators(),
            ["build failed (build)", "deploy failed", "deploy failed", all_clear],
            "{log}"
        );
        if let Some(workspace) = &pipelines.workspace {
            // One message per pipeline, in its last state.
            let messages = workspace.lock().unwrap().top_level(DEPLOYS);
            assert_eq!(
                states(&messages),
                ["deploy succeeded", "build failed", "deploy failed", "deploy failed", "pipeline fixed"]
            );
        }
    }
}

/// Jobs that fail if `FAIL` names them, and the people to mention.
const OWNED_JOBS: &str = r#"
unit: &owned
  stage: test
  script:
    - case " $FAIL " in *" $CI_JOB_NAME "*) exit 1;; esac

lint: *owned
"#;

/// A message as people read it: the text of its blocks up to the small print, and its mentions.
fn shown(body: &Value) -> String {
    let line = |block: &Value| -> String {
        let elements = block["elements"][0]["elements"].as_array().unwrap();
        let text = |it: &Value| -> Option<String> {
            let mentioned = it["user_id"].as_str().or(it["usergroup_id"].as_str()).map(|id| format!("@{id}"));
            mentioned.or(it["text"].as_str().map(str::to_owned))
        };
        elements.iter().filter_map(text).collect::<String>().trim().to_owned()
    };
    body["blocks"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The owners of a job are mentioned when it begins to fail, and once more when all is well.
#[test]
fn a_red_week_mentions_the_right_people() {
    for (is_bot, language, expected) in [(true, "en", RED_WEEK), (false, "ko", RED_WEEK_KOREAN)] {
        let pipelines = Pipelines::new(is_bot);
        let inputs = format!(
            "finish: always\n      language: {language}\n      owners: unit=S0TESTS01,lint=U0LINTLEE,deploy=S0PLATFORM"
        );
        pipelines.consumer.replace(".gitlab-ci.yml", "finish: change", &inputs);
        pipelines.consumer.replace(".gitlab-ci.yml", "mention: here", "mention: subteam:S0TEAM001");
        pipelines.consumer.replace(".gitlab-ci.yml", "\ndeploy:", &format!("{OWNED_JOBS}\ndeploy:"));
        let mut week = Vec::new();
        for (number, fail) in [
            (90_817, "nothing"),
            (90_818, "unit"),
            (90_819, "unit"),
            (90_820, "unit lint"),
            (90_821, "lint"),
            (90_822, "deploy"),
            (90_823, "nothing"),
        ] {
            let log = pipelines.run(number, fail, "script_failure", None);
            assert!(!log.contains("warning"), "{log}");
            let bodies = pipelines.bodies();
            let of_number = |body: &&Value| body.to_string().contains(&format!("#{number}"));
            let is_end =
                |text: &String| !["started", "시작"].iter().any(|it| text.lines().next().unwrap().contains(it));
            week.extend(bodies.iter().filter(of_number).map(shown).filter(is_end));
        }
        let week = week.join("\n\n");
        assert_eq!(week, expected.trim(), "\n{week}");
    }
}

const RED_WEEK: &str = "
shop-api · prod · deploy succeeded
Open site · Pipeline #90817

shop-api · prod · pipeline succeeded
Pipeline #90817

shop-api · prod · test failed
unit: script failed · Pipeline #90818
@S0TEAM001 @S0TESTS01

shop-api · prod · still failing (2nd in a row)
unit (test): script failed · also failed in #90818 · Pipeline #90819
Red since #90818, 3 h ago (2 pipelines), started with 1a2b3c4d Fix cart rounding by Kim Minsu

shop-api · prod · test failed
lint: script failed · new · unit: script failed · also failed in #90819 · Pipeline #90820
Red since #90818, 3 h ago (3 pipelines), started with 1a2b3c4d Fix cart rounding by Kim Minsu
@S0TEAM001 @U0LINTLEE

shop-api · prod · still failing (4th in a row)
lint (test): script failed · also failed in #90820 · Pipeline #90821
Red since #90818, 3 h ago (4 pipelines), started with 1a2b3c4d Fix cart rounding by Kim Minsu

shop-api · prod · deploy failed
Failed job: deploy · Pipeline #90822
@S0TEAM001 @S0PLATFORM

shop-api · prod · deploy succeeded
Open site · Pipeline #90823

shop-api · prod · pipeline fixed
Pipeline #90823
@S0TEAM001 @S0PLATFORM
";
const RED_WEEK_KOREAN: &str = "
shop-api · prod · 배포 성공
사이트 열기 · 파이프라인 #90817

shop-api · prod · 파이프라인 성공
파이프라인 #90817

shop-api · prod · 테스트 실패
unit: 스크립트 실패 · 파이프라인 #90818
@S0TEAM001 @S0TESTS01

shop-api · prod · 2회 연속 실패
unit (test): 스크립트 실패 · #90818에서도 실패 · 파이프라인 #90819
#90818(3시간 전)부터 계속 실패 (파이프라인 2개) · 첫 실패 커밋 1a2b3c4d Fix cart rounding · 작성자 Kim Minsu

shop-api · prod · 테스트 실패
lint: 스크립트 실패 · 새로운 실패 · unit: 스크립트 실패 · #90819에서도 실패 · 파이프라인 #90820
#90818(3시간 전)부터 계속 실패 (파이프라인 3개) · 첫 실패 커밋 1a2b3c4d Fix cart rounding · 작성자 Kim Minsu
@S0TEAM001 @U0LINTLEE

shop-api · prod · 4회 연속 실패
lint (test): 스크립트 실패 · #90820에서도 실패 · 파이프라인 #90821
#90818(3시간 전)부터 계속 실패 (파이프라인 4개) · 첫 실패 커밋 1a2b3c4d Fix cart rounding · 작성자 Kim Minsu

shop-api · prod · 배포 실패
실패한 작업: deploy · 파이프라인 #90822
@S0TEAM001 @S0PLATFORM

shop-api · prod · 배포 성공
사이트 열기 · 파이프라인 #90823

shop-api · prod · 파이프라인 복구됨
파이프라인 #90823
@S0TEAM001 @S0PLATFORM
";

/// Every failure of a red ref is posted and counted with `finish: failure`. A rollback is named as one.
#[test]
fn repeated_failures_are_counted_and_a_rollback_is_named() {
    for is_bot in [false, true] {
        let pipelines = Pipelines::new(is_bot);
        pipelines.consumer.replace(".gitlab-ci.yml", "finish: change", "finish: failure");
        for (number, expected) in [
            (90_817, "build failed (build)"),
            (90_818, "still failing (2nd in a row; build)"),
            (90_819, "still failing (3rd in a row; build)"),
        ] {
            let log = pipelines.run(number, "build", "script_failure", None);
            assert_eq!(pipelines.ends().last().unwrap(), expected, "{log}");
        }
        assert_eq!(pipelines.ends().len(), 3);
        // A later pipeline has deployed to the environment since.
        let ours = "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678";
        pipelines.gitlab.lock().unwrap().deployments = vec![
            deployment(420, "production", "running", ours, (90_810, THIS)),
            deployment(410, "production", "success", "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567", (90_816, 700_000)),
        ];
        pipelines.gitlab.lock().unwrap().jobs = vec![
            with(job(700_100, "deploy", "deploy", "success"), "retried", true),
            job(THIS, "deploy", "deploy", "running"),
        ];
        let mut all = pipelines.variables("nothing");
        all.extend([
            ("CI_PIPELINE_ID", "90810".to_owned()),
            ("CI_JOB_ID", THIS.to_string()),
            ("CI_COMMIT_SHA", ours.to_owned()),
            ("CI_ENVIRONMENT_NAME", "production".to_owned()),
        ]);
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ran = pipelines.consumer.run_jobs_on(&pipelines.registry, &all, &["deploy"]);
        assert!(ran.log.contains("production: rolled back to 1a2b3c4d"), "{}", ran.log);
    }
}

/// The waiting job runs after the jobs that it needs, and reports a blocking and an optional manual job, a resource group and an approval.
/// Then somebody plays the job, and its hooks report the deployment.
#[test]
fn a_waiting_pipeline_reports_the_wait_and_who_played_the_job() {
    let manual = |is_optional: bool| with(job(THIS, "deploy", "deploy", "manual"), "allow_failure", is_optional);
    let turn = with(job(THIS, "deploy", "deploy", "waiting_for_resource"), "allow_failure", false);
    for (is_bot, keywords, waiting, approval, expected) in [
        (false, "rules: [{if: $CI_COMMIT_BRANCH, when: manual}]", manual(false), None, "waiting for manual job deploy"),
        (
            true,
            "rules: [{if: $CI_COMMIT_BRANCH, when: manual, allow_failure: true}]",
            manual(true),
            None,
            "waiting for manual job deploy",
        ),
        (true, "resource_group: production", turn, None, "waiting for its turn: deploy"),
        (
            false,
            "rules: [{if: $CI_COMMIT_BRANCH, when: manual}]",
            manual(false),
            Some(deployment(400, "production", "blocked", "aa", (90_817, THIS))),
            "waiting for approval of production",
        ),
    ] {
        let pipelines = Pipelines::new(is_bot);
        let inputs = "finish: failure\n      waiting_mention: subteam:S0RELEASE\n      waiting_job: notify-waiting\n      waiting_needs: [{job: build, optional: true, artifacts: false}]";
        pipelines.consumer.replace(".gitlab-ci.yml", "finish: change", inputs);
        pipelines.consumer.replace(".gitlab-ci.yml", "  stage: deploy\n", &format!("  stage: deploy\n  {keywords}\n"));
        let waits = |api: &mut GitLab| {
            let this = THIS + 900;
            api.jobs = vec![
                job(this, "notify-waiting", ".post", "running"),
                job(711_900, "notify-start", ".post", "success"),
                waiting.clone(),
            ];
            api.deployments = approval.clone().into_iter().collect();
        };
        waits(&mut pipelines.gitlab.lock().unwrap());
        let mut all = pipelines.variables("nothing");
        all.extend([("CI_PIPELINE_ID", "90817".to_owned()), ("CI_JOB_ID", (THIS + 900).to_string())]);
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // The engine plays no manual job, and starts one of a resource group at once.
        let jobs: &[&str] =
            if keywords.starts_with("resource") { &["notify-start", "build", "notify-waiting"] } else { &[] };
        let ran = pipelines.consumer.run_jobs_on(&pipelines.registry, &all, jobs);
        assert_eq!(ran.jobs.get("notify-waiting").map(String::as_str), Some("PASS"), "{}", ran.log);
        let wait = pipelines.bodies().into_iter().find(|body| body["text"].as_str().unwrap().contains(expected));
        let wait = wait.unwrap_or_else(|| panic!("{expected}: {:?}\n{}", pipelines.bodies(), ran.log));
        assert_eq!(slack_limits::mentions(&wait), ["S0RELEASE"]);
        // Somebody plays the job.
        pipelines.gitlab.lock().unwrap().jobs =
            vec![job(THIS, "deploy", "deploy", "running"), job(711_900, "notify-start", ".post", "success")];
        let mut all = pipelines.variables("nothing");
        all.extend([
            ("CI_PIPELINE_ID", "90817".to_owned()),
            ("CI_JOB_ID", THIS.to_string()),
            ("GITLAB_USER_NAME", "Lee Jiwoo".to_owned()),
        ]);
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let played = pipelines.consumer.run_jobs_on(&pipelines.registry, &all, &["deploy"]);
        let last = pipelines.bodies().pop().unwrap();
        assert!(last["text"].as_str().unwrap().contains("deploy succeeded, by Lee Jiwoo"), "{last}\n{}", played.log);
        if let Some(workspace) = &pipelines.workspace {
            let messages = workspace.lock().unwrap().top_level(DEPLOYS);
            assert_eq!(states(&messages), ["deploy succeeded"], "{}", played.log);
        }
    }
}
