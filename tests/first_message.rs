//! The way from an empty instance to the first message, as `docs/getting-started.md` has it. An import under another path runs its
//! own `.gitlab-ci.yml` with `RELEASE` on the engine, and a consumer pastes the README's lines. GitLab is a bare repository and a
//! loopback package registry. The compilers' stand-in packs the very binary that these tests test.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use pipeline_notifier::module::pin::built_in_wasm;
use regex_lite::Regex;
use serde_yaml_ng::Value;

use crate::bootstrap::public_binary;
use crate::docs::blocks;

use crate::release::{Checkout, FILES};
use crate::support::consumer::{Consumer, Ran};
use crate::support::harness::{WEBHOOK_PATH, root};
use crate::support::loopback::{Packages, Reply, Server};
use crate::support::scratch::scratch;

const PATH: &str = "tools/chat/notifier";
const JOBS: [&str; 5] = ["release-build", "release-rebuild", "release-tag", "release-publish", "release"];

/// An instance as its admin sees it.
struct Instance {
    project: Consumer,
    registry: Server,
    packages: Arc<Mutex<Packages>>,
}

impl Instance {
    /// *New project > Import project > Repository by URL*.
    fn importing() -> Self {
        let project = Consumer::importing(PATH, &Checkout::building(&build()).0);
        // This machine already has the programs that jobs find in an image with apt.
        for program in ["apt-get", "make"] {
            project.install(program, Path::new("/bin/true"));
        }
        let packages = Arc::new(Mutex::new(Packages::default()));
        let registry = Server::start([Reply::Packages(Arc::clone(&packages))]);
        Self { project, registry, packages }
    }

    /// *Job token permissions > Allow Git push requests to the repository*.
    fn let_jobs_push(&self, allowed: bool) {
        let hook = format!("../remotes/{PATH}.git/hooks/pre-receive");
        let refuses = format!("printf '#!/bin/sh\\nexit 1\\n' >{hook} && chmod 755 {hook}");
        self.project.shell(&if allowed { format!("rm {hook}") } else { refuses });
    }

    /// *New pipeline* of main, with a value for RELEASE, and its release jobs.
    fn release(&self, version: &str) -> Ran {
        self.release_with(version, &[])
    }

    /// The same with more variables on that page.
    fn release_with(&self, version: &str, more: &[(&str, &str)]) -> Ran {
        // A runner checks out this way.
        self.project.shell(&format!(
            "git fetch --quiet --tags {} main && git checkout --quiet --force -B main FETCH_HEAD && git clean -ffdxq -e '.gitlab-ci-local*'",
            address()
        ));
        let (address, head) = (address(), self.project.shell("git rev-parse HEAD"));
        let variables = [
            ("RELEASE", version),
            ("CI_REPOSITORY_URL", &address),
            ("CI_COMMIT_SHA", head.trim()),
            ("CI_SERVER_URL", "https://gitlab.example.test"),
            ("CI_PROJECT_PATH", PATH),
            ("CI_PROJECT_ID", &PATH.replace('/', "%2F")),
            ("CI_PIPELINE_SOURCE", "web"),
            ("GITLAB_USER_EMAIL", "minsu@shop.example"),
        ];
        let variables = [&variables, more].concat();
        let mut all = Ran { jobs: BTreeMap::new(), log: String::new() };
        for jobs in [&JOBS[..1], &JOBS[1..2], &JOBS[2..]] {
            // Both builds begin with the files of the commit, as in two checkouts.
            self.project.shell("git reset --hard --quiet");
            let ran = self.project.run_jobs_on(&self.registry, &variables, jobs);
            all.jobs.extend(ran.jobs);
            all.log += &ran.log;
        }
        all
    }

    fn package(&self, version: &str, file: &str) -> Option<Vec<u8>> {
        let project = PATH.replace('/', "%2F");
        let path = format!("/api/v4/projects/{project}/packages/generic/pipeline-notifier/{version}/{file}");
        self.packages.lock().unwrap().files.get(&path).cloned()
    }
}

fn address() -> String {
    format!("https://gitlab.example.test/{PATH}.git")
}

/// The stand-in for the compilers, which takes the place of `release/build`: every build is a script that runs the binary of these tests.
fn build() -> String {
    let module = scratch().join("notifier.wasm");
    fs::write(&module, built_in_wasm()).unwrap();
    format!(
        r#"#!/bin/sh
        set -eu
        cd "$(dirname "$0")/.." && root=$PWD
        mkdir -p "$1" && cd "$1"
        cp {} notifier.wasm
        for build in x86_64 aarch64 full-x86_64 full-aarch64; do
          printf '#!/bin/sh\nexec "%s" "$@"\n' '{}' >"pipeline-notifier-$build-linux"
          gzip -9 -n -c "pipeline-notifier-$build-linux" >"pipeline-notifier-$build-linux.gz"
        done
        echo '<!doctype html>' >playground.html
        echo '{{}}' >sbom.cdx.json
        sha256sum $("$root/release/files") >SHA256SUMS
        "#,
        module.display(),
        public_binary().display()
    )
}

/// The first pipeline of the README, for a version under `PATH`.
fn pasted(version: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, first) = blocks(&readme).into_iter().find(|(language, _)| language == "yaml").unwrap();
    let pin = Regex::new(r"devops/pipeline-notifier/notify@[0-9.]+").unwrap();
    assert!(pin.is_match(&first), "{first}");
    pin.replace(&first, format!("{PATH}/notify@{version}")).into_owned()
}

fn verdict<'a>(ran: &'a Ran, job: &str) -> &'a str {
    ran.jobs.get(job).map_or("", String::as_str)
}

#[test]
fn from_an_import_to_the_first_message() {
    let instance = Instance::importing();

    // The log says what to switch on if step 2 was left out, and the same click goes on from there.
    instance.let_jobs_push(false);
    let refused = instance.release("7.0.0");
    assert_eq!(verdict(&refused, "release-tag"), "FAIL", "{}", refused.log);
    assert!(refused.log.contains("Allow Git push requests to the repository"), "{}", refused.log);
    instance.let_jobs_push(true);
    let ran = instance.release("7.0.0");
    assert!(JOBS.iter().all(|job| verdict(&ran, job) == "PASS"), "{}", ran.log);
    assert!(FILES.iter().all(|file| instance.package("7.0.0", file).is_some()), "{}", ran.log);

    // The release page has its text, and links that lead somewhere.
    instance.project.shell(&format!("git fetch --quiet --tags {}", address()));
    let pipeline: Value = serde_yaml_ng::from_str(&instance.project.shell("git show 7.0.0:.gitlab-ci.yml")).unwrap();
    let page = &pipeline["release"]["release"];
    assert_eq!([&page["tag_name"], &page["description"]], ["$VERSION", "release.md"]);
    assert!(instance.project.shell("cat .gitlab-ci-local/artifacts/release-publish/release.md").contains("- "));
    for link in page["assets"]["links"].as_sequence().unwrap() {
        let (url, name) = (link["url"].as_str().unwrap(), link["name"].as_str().unwrap());
        let is_there = match url.strip_prefix("$CI_PROJECT_URL/-/raw/$VERSION/") {
            Some(file) => !instance.project.shell(&format!("git show 7.0.0:{file}")).is_empty(),
            None => url.ends_with(&format!("/$VERSION/{name}")) && instance.package("7.0.0", name).is_some(),
        };
        assert!(is_there, "{link:?}");
    }

    // A project pastes the README's lines, sets the webhook and pushes.
    let slack = Server::start([Reply::ok()]);
    let consumer = instance.project.beside(&pasted("7.0.0"));
    let ran = consumer.run_on(&instance.registry, &[("SLACK_WEBHOOK_URL", &slack.url(WEBHOOK_PATH))]);
    assert!(["notify-start", "deploy"].iter().all(|job| verdict(&ran, job) == "PASS"), "{}", ran.log);
    let mut texts: Vec<String> =
        slack.requests().iter().map(|it| it.json()["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    let states = ["deploy started", "deploy succeeded", "pipeline started"];
    assert_eq!(texts.len(), states.len(), "{texts:?}\n{}", ran.log);
    for state in states {
        assert!(texts.iter().any(|text| text.contains(state)), "{texts:?}");
    }

    // The next version is the same click, and the pinned version stays as it was.
    let before = instance.package("7.0.0", "SHA256SUMS");
    let address = address();
    instance.project.shell(&format!(
        "git fetch --quiet {address} main && git checkout --quiet --force -B main FETCH_HEAD
         sed -i '0,/^## /s//## Unreleased\\n\\n- News.\\n\\n## /' CHANGELOG.md
         git commit --quiet --all --message News
         git push --quiet {address} HEAD:main"
    ));
    let ran = instance.release("7.0.1");
    assert!(JOBS.iter().all(|job| verdict(&ran, job) == "PASS"), "{}", ran.log);
    assert!(instance.package("7.0.1", "SHA256SUMS").is_some() && instance.package("7.0.0", "SHA256SUMS") == before);

    // Case S11: other variables of the pipeline change neither what is published nor its version.
    let other = scratch().join("other");
    let runs = format!("1e touch {0}", other.display());
    let builds = format!("touch {0}", other.display());
    let more = [("VERSION", &*runs), ("RELEASE_BUILD", &*builds), ("CARGO", &*builds), ("PROJECT", "evil/project")];
    let ran = instance.release_with("7.0.1", &more);
    assert_eq!(verdict(&ran, "release-publish"), "PASS", "{}", ran.log);
    assert!(verdict(&ran, "release") == "FAIL" && ran.log.contains("VERSION must not be set"), "{}", ran.log);
    assert!(!other.exists());
    assert!(instance.project.shell("cat .gitlab-ci-local/artifacts/release-publish/release-version") == "7.0.1\n");
}

/// Case S11: a pipeline's variables choose no image.
#[test]
fn images_are_constants() {
    let pipeline: Value = serde_yaml_ng::from_str(&fs::read_to_string(root().join(".gitlab-ci.yml")).unwrap()).unwrap();
    let jobs = pipeline.as_mapping().unwrap().values();
    let images: Vec<&str> = jobs.filter_map(|job| job.get("image")?.as_str()).collect();
    assert!(images.len() >= 4 && images.iter().all(|image| !image.contains('$')), "{images:?}");
}

/// A push, as any other pipeline, has no release job. GitLab's `&&` makes an empty variable a true one.
#[test]
fn nothing_is_released_without_a_click() {
    let pipeline = fs::read_to_string(root().join(".gitlab-ci.yml")).unwrap();
    let rules: Vec<&str> = pipeline.lines().filter(|line| line.trim_start().starts_with("if: $RELEASE")).collect();
    assert!(!rules.is_empty() && rules.iter().all(|rule| rule.contains("$RELEASE =~ /^[0-9]/ && ")), "{rules:?}");
    let project = Consumer::importing(PATH, &Checkout::building(&build()).0);
    let listed = |release: &str, more: &[(&str, &str)]| {
        project.jobs(&[&[("RELEASE", release), ("CI_PIPELINE_SOURCE", "web")], more].concat())
    };
    let has_any = |jobs: &[String]| jobs.iter().any(|job| JOBS.contains(&&**job) || job == "pages");
    assert!(!has_any(&listed("", &[])), "{:?}", listed("", &[]));
    assert!(JOBS.iter().all(|job| listed("1.0.0", &[]).iter().any(|it| it == job)), "{:?}", listed("1.0.0", &[]));
    // A group's variable of that name releases nothing.
    for more in [
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PIPELINE_SOURCE", "schedule"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_PIPELINE_SOURCE", "trigger"),
        ("CI_COMMIT_BRANCH", "feature/x"),
    ] {
        assert!(!has_any(&listed("1.0.0", &[more])), "{more:?}");
    }
}

/// The test job's output for a version that was made elsewhere, and for a new one.
#[test]
fn a_version_that_is_tested_already_is_not_tested_again() {
    let project = Consumer::importing(PATH, &Checkout::building(&build()).0);
    let pipeline: Value = serde_yaml_ng::from_str(&project.shell("cat .gitlab-ci.yml")).unwrap();
    let lines: Vec<&str> = pipeline["test"]["script"].as_sequence().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(lines.last(), Some(&".ci/run"));
    let said = |release: &str| project.shell(&format!("RELEASE='{release}'; ({}\necho tests)", lines[0]));
    let version = project.shell("sed -n 's/^VERSION=//p' release/pins");
    project.shell("sed -i \"s/^SOURCES=.*/SOURCES=$(release/sources)/\" release/pins");
    assert_eq!(said(version.trim()), format!("{} is tested already\n", version.trim()));
    for other in ["", "7.0.0"] {
        assert_eq!(said(other), "tests\n");
    }
    project.shell("echo '# changed' >>component.yml");
    assert_eq!(said(version.trim()), "tests\n");
}
