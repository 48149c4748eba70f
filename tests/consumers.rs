//! Consumers' pipelines, each run on the engine without the notifier and with it, as root and with another user in the image. Both
//! runs have the same jobs in the same order with the same verdicts. The lines of their scripts are the same, and so is the checkout
//! after every line and at the end.
//!
//! The playground's assistant gets each pipeline without the notifier, and its proposal is run as well.
//!
//! A fixture is one file of `fixtures/consumers`, with the files of its repository in a folder of the same name. The docs ask a team
//! to add its lines that end with `# notify`. Its scripts call `own`, which prints the state of the checkout.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::bootstrap::release;
use crate::pipeline::{CLOSING, gitlab};
use crate::playground::proposals;
use crate::support::consumer::{Consumer, Ran};
use crate::support::harness::{WEBHOOK_PATH, fixtures};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;

/// Prints its arguments, and a digest of `git status` and of the bytes, modes and owners of the checkout. The engine's
/// own files and the pipeline itself are left out.
const OWN: &str = r#"#!/bin/sh
cd "${0%/*}" || exit
printf 'own: %s\n' "$*"
state=$({
  GIT_OPTIONAL_LOCKS=0 git status --porcelain --untracked-files=all
  find . \( -name .git -o -name '.gitlab-ci-local*' -o -name .gitlab-ci.yml \) -prune -o -printf '%p %y %m %U %l\n' | sort
  find . \( -name .git -o -name '.gitlab-ci-local*' -o -name .gitlab-ci.yml \) -prune -o -type f -exec sha256sum {} + | sort
} 2>&1 | sha256sum)
printf 'own: state %s\n' "${state%% *}"
"#;

/// The user that runs the scripts of a pipeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum User {
    Root,
    Nobody,
}

/// The parts of a pipeline that its team can see.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    /// The verdict of each job that ran.
    verdicts: BTreeMap<String, String>,
    /// The jobs in the order of their starts; those that started together are sorted.
    order: Vec<String>,
    /// The lines of `own`, by job.
    lines: BTreeMap<String, Vec<String>>,
    /// The digests of the files that jobs leave to others.
    artifacts: String,
    /// The state of the checkout at the end.
    state: String,
}

impl Seen {
    fn of(consumer: &Consumer, ran: &Ran, ours: &[&str]) -> Self {
        let is_ours = |job: &str| ours.contains(&job);
        let (mut order, mut together, mut lines) =
            (Vec::new(), BTreeSet::new(), BTreeMap::<String, Vec<String>>::new());
        for line in ran.log.lines() {
            // The engine repeats the last lines of a job that failed, without its name.
            if let Some((job, text)) = line.split_once(" > own: ").filter(|(job, _)| !job.trim().is_empty()) {
                lines.entry(job.trim_end().to_owned()).or_default().push(text.to_owned());
            } else if let Some((job, _)) = line.split_once(" starting shell (") {
                together.insert(job.trim_end().to_owned());
            } else if line.contains(" finished in ") {
                order.extend(std::mem::take(&mut together));
            }
        }
        order.extend(together);
        order.retain(|job| !is_ours(job));
        let mut verdicts = ran.jobs.clone();
        verdicts.retain(|job, _| !is_ours(job));
        let artifacts = consumer.shell(
            "cd .gitlab-ci-local/artifacts 2>/dev/null || exit 0
             find . -type f ! -path '*/.git/*' ! -name '.gitlab-ci*.yml' -exec sha256sum {} + | sort -k 2",
        );
        Self { verdicts, order, lines, artifacts, state: consumer.shell("./own 'at the end'") }
    }
}

/// A consumer's pipeline with the notifier.
#[derive(Clone)]
struct ConsumerPipeline {
    name: String,
    text: String,
}

impl ConsumerPipeline {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for entry in fs::read_dir(fixtures().join("consumers")).unwrap() {
            let entry = entry.unwrap();
            let file = entry.file_name().into_string().unwrap();
            if let Some(name) = file.strip_suffix(".gitlab-ci.yml") {
                all.push(Self { name: name.to_owned(), text: fs::read_to_string(entry.path()).unwrap() });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Returns the value of a line `# KEY: VALUE` of the head.
    fn head(&self, key: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": "))
    }

    /// The value of an input of ours.
    fn input<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        let mut lines = self.text.lines().map(|line| line.trim().trim_end_matches(" # notify"));
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or(default).trim_matches('"')
    }

    /// The pipeline without the notifier.
    fn alone(&self) -> String {
        self.text.lines().filter(|line| !line.ends_with("# notify")).collect::<Vec<_>>().join("\n")
    }

    /// The inputs of ours that a team chooses by itself. The assistant finds the deploy jobs.
    fn choices(&self) -> Value {
        let pipeline: serde_yaml_ng::Value = serde_yaml_ng::from_str(&self.text).unwrap();
        let inputs = pipeline["include"].as_sequence().unwrap().iter().find_map(|it| it.get("inputs")).unwrap();
        let mut inputs = serde_json::to_value(inputs).unwrap();
        inputs.as_object_mut().unwrap().retain(|name, _| !["deploy_jobs", "merge_into"].contains(&&**name));
        inputs
    }

    /// Its repository: the files of its folder, and `own`.
    fn files(&self) -> PathBuf {
        let files = scratch();
        let repository = fixtures().join("consumers").join(&self.name);
        if repository.is_dir() {
            let copied = Command::new("cp").arg("-a").arg(repository.join(".")).arg(&files).status().unwrap();
            assert!(copied.success());
        }
        fs::write(files.join("own"), OWN).unwrap();
        fs::set_permissions(files.join("own"), fs::Permissions::from_mode(0o755)).unwrap();
        files
    }

    /// All consumers' pipelines as the playground's assistant proposes them.
    fn proposed() -> Vec<Self> {
        let pipelines = Self::all();
        let pasted: Vec<Value> = pipelines
            .iter()
            .map(|it| {
                let alone = it.alone();
                let includes = alone.lines().any(|line| line == "include:");
                let full = || Consumer::with_files(&alone, "main", &[], &it.files()).full_configuration();
                json!({"text": alone, "full": if includes { full() } else { String::new() }, "inputs": it.choices()})
            })
            .collect();
        let answers = proposals(&json!(pasted).to_string());
        let ours = |text: &str| Regex::new("/notify@[0-9.]+").unwrap().replace(text, "/notify@1.2.3").into_owned();
        let texts = answers.iter().map(|it| ours(it["text"].as_str().unwrap()));
        pipelines.iter().zip(texts).map(|(it, text)| Self { name: it.name.clone(), text }).collect()
    }

    /// The jobs that carry the hooks.
    fn hooked(&self) -> BTreeSet<&str> {
        let mut job = "";
        let mut hooked = BTreeSet::new();
        for line in self.text.lines() {
            match line.strip_suffix(':') {
                Some(name) if !line.starts_with([' ', '#']) => job = name.trim_matches('\''),
                _ if line.contains("!reference [.notify-deploy, after_script] # notify")
                    || line.contains("extends: .notify-deploy # notify") =>
                {
                    hooked.insert(job);
                }
                _ => {}
            }
        }
        hooked
    }

    /// Runs the pipeline of this text, with the notifier's jobs of these names. Returns the visible parts, the log, the messages and
    /// the number of downloads.
    fn play(&self, text: &str, user: User, ours: Option<[&str; 3]>) -> (Seen, String, Vec<String>, usize) {
        let branch = self.head("Branch").unwrap_or("main");
        let consumer = Consumer::with_files(text, branch, &[("1.2.3", &release().template)], &self.files());
        if user == User::Nobody {
            consumer.run_scripts_as_nobody();
        }
        // The run with the notifier and as root checks the same pipeline against the schema.
        if user == User::Nobody || ours.is_none() {
            consumer.is_known_to_be_valid();
        }
        // All jobs share one checkout on the engine; in GitLab each has its own.
        let elsewhere = "before_script: ['cd \"$(mktemp -d)\"']";
        let settings = |rules: &str| -> String {
            let id = format!("variables: {{CI_JOB_ID: '{CLOSING}'}}, ");
            let jobs: Vec<String> =
                ours.iter().flatten().map(|job| format!("'{job}': {{{id}{elsewhere}{rules}}}\n")).collect();
            if jobs.is_empty() { "{}\n".to_owned() } else { jobs.concat() }
        };
        consumer.write(".gitlab-ci-local.yml", &settings(""));

        let fails = self.head("Fails");
        let (registry, slack) = (gitlab(&Vec::from_iter(fails)), Server::start([Reply::ok()]));
        let webhook = slack.url(WEBHOOK_PATH);
        let variables = [("SLACK_WEBHOOK_URL", &*webhook), ("CI_PIPELINE_SOURCE", "push")];
        let mut ran = consumer.run_on(&registry, &variables);
        if let Some([_, finish, _]) = ours
            && fails.is_some()
            && self.input("finish", "failure") != "never"
        {
            // The engine starts no job after one that never started.
            consumer.write(".gitlab-ci-local.yml", &settings(", rules: [{when: always}]"));
            let closed = consumer.run_jobs_on(&registry, &variables, &[finish]);
            assert_eq!(closed.jobs.get(finish).map(String::as_str), Some("PASS"), "{}:\n{}", self.name, closed.log);
            ran.log.push_str(&closed.log);
            consumer.write(".gitlab-ci-local.yml", &settings(""));
        }
        let texts = slack.requests().iter().map(|it| it.json()["text"].as_str().unwrap().to_owned()).collect();
        let downloads = registry.requests().iter().filter(|it| it.target.contains("-linux.gz")).count();
        (Seen::of(&consumer, &ran, &ours.unwrap_or_default()), ran.log, texts, downloads)
    }

    /// Compares the pipeline with and without the notifier. The error holds the differences and the channel's messages.
    fn compare(&self, user: User, proposed: Option<&Self>) -> Result<(), String> {
        let (alone, log, ..) = self.play(&self.alone(), user, None);
        let failed: Vec<&str> =
            alone.verdicts.iter().filter(|(_, verdict)| *verdict != "PASS").map(|(job, _)| &**job).collect();
        if failed != Vec::from_iter(self.head("Fails")) {
            return Err(format!("{} as {user:?} alone, {failed:?} fail:\n{log}", self.name));
        }
        let hooked = self.hooked();
        self.hold(user, &alone, &hooked).map_err(|fault| format!("{} as {user:?}: {fault}", self.name))?;
        let Some(proposed) = proposed else { return Ok(()) };
        let named: BTreeSet<&str> = proposed.input("deploy_jobs", "").split(',').collect();
        let expected = if hooked.is_empty() { BTreeSet::from([self.input("merge_into", "")]) } else { hooked };
        let held = if named == expected { proposed.hold(user, &alone, &expected) } else { Err(format!("{named:?}")) };
        held.map_err(|fault| format!("{} as proposed:\n{}\n{fault}", self.name, proposed.text))
    }

    /// Checks that the notifier changes nothing for the team and posts to its channel.
    fn hold(&self, user: User, alone: &Seen, hooked: &BTreeSet<&str>) -> Result<(), String> {
        let ensure = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        let jobs = [self.input("start_job", "notify-start"), self.input("finish_job", "notify-finish")];
        let success = format!("{}-success", jobs[1]);
        let (notified, log, texts, downloads) = self.play(&self.text, user, Some([jobs[0], jobs[1], &success]));
        ensure(*alone == notified, format!("{alone:#?}\nis with us\n{notified:#?}\n{log}"))?;

        // The notifier did run: the channel has its message, and nothing went wrong.
        let started = texts.iter().filter(|text| text.contains("pipeline started") || text.contains("파이프라인 시작"));
        ensure(started.count() == 1, format!("{texts:?}\n{log}"))?;
        let wrong = [" > warning: ", " > notify: failed", " > notify: skipped reason="];
        let silent = ["reason=already_reported", "reason=finish_not_selected"];
        let is_wrong =
            |line: &&str| wrong.iter().any(|it| line.contains(it)) && !silent.iter().any(|it| line.contains(it));
        ensure(!log.lines().any(|line| is_wrong(&line)), log.clone())?;
        for job in hooked.iter().flat_map(|job| alone.verdicts.keys().filter(|it| it.split(": [").next() == Some(job)))
        {
            let hook = |line: &str| {
                line.starts_with(&**job) && line.ends_with("> pipeline-notifier 1.2.3: send deploy-finished")
            };
            ensure(log.lines().any(hook), format!("no hook in {job}\n{log}"))?;
        }
        // The download of a job's first hook serves the second, whichever user runs them.
        let calls =
            log.lines().filter_map(|line| Some(line.split_once("> pipeline-notifier 1.2.3: send ")?.0.trim_end()));
        let mut runs = BTreeSet::new();
        let runs = calls.filter(|job| jobs.contains(job) || *job == success || runs.insert(job.to_owned())).count();
        ensure(downloads <= runs, format!("{downloads} downloads in {runs} runs of jobs\n{log}"))?;
        Ok(())
    }
}

#[test]
fn a_consumer_sees_no_difference_as_root_by_hand_or_as_proposed() {
    hold(User::Root, &ConsumerPipeline::proposed());
}

mod as_root {
    #[test]
    #[ignore = "needs root, who alone may become another user: make as-root"]
    fn a_consumer_sees_no_difference_with_a_user_in_the_image() {
        super::hold(super::User::Nobody, &[]);
    }
}

fn hold(user: User, proposed: &[ConsumerPipeline]) {
    let pipelines = ConsumerPipeline::all();
    assert!(!pipelines.is_empty());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(pipeline) = pipelines.get(turn) else { break wrong };
            wrong.extend(pipeline.compare(user, proposed.get(turn)).err());
        }
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), pipelines.len(), wrong.join("\n\n"));
}
