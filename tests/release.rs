//! The release, from a version to a published set. The release's scripts run in a checkout of their own, against a loopback
//! package registry. The artefacts are small stand-ins; `make verify` shows that the real ones come out the same twice.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::harness::root;
use crate::support::loopback::{Packages, Reply, Server};
use crate::support::scratch::{scratch, write_program};

const TOKEN: &str = "glcbt-64_not-a-real-job-token";
pub(crate) const FILES: [&str; 12] = [
    "notifier.wasm",
    "pipeline-notifier-aarch64-linux",
    "pipeline-notifier-full-aarch64-linux",
    "pipeline-notifier-full-x86_64-linux",
    "pipeline-notifier-x86_64-linux",
    "pipeline-notifier-aarch64-linux.gz",
    "pipeline-notifier-full-aarch64-linux.gz",
    "pipeline-notifier-full-x86_64-linux.gz",
    "pipeline-notifier-x86_64-linux.gz",
    "playground.html",
    "sbom.cdx.json",
    "SHA256SUMS",
];

/// The stand-in for the compilers, which takes the place of `release/build`: another module and other binaries for each version of the
/// sources.
const BUILD: &str = r#"#!/bin/sh
set -eu
cd "$(dirname "$0")/.."
root=$PWD
mkdir -p "$1"
cd "$1"
grep -m1 '^version' "$root/Cargo.toml" >notifier.wasm
for build in x86_64 aarch64 full-x86_64 full-aarch64; do
  (cat notifier.wasm && echo "for $build") >"pipeline-notifier-$build-linux"
  gzip -9 -n -c "pipeline-notifier-$build-linux" >"pipeline-notifier-$build-linux.gz"
done
echo '<!doctype html>' >playground.html
echo '{}' >sbom.cdx.json
sha256sum $("$root/release/files") >SHA256SUMS
"#;

/// A checkout of this very tree, with a stand-in for the compilers.
pub(crate) struct Checkout(pub(crate) PathBuf);

impl Checkout {
    fn new() -> Self {
        Self::building(BUILD)
    }

    pub(crate) fn building(script: &str) -> Self {
        let checkout = Self(scratch().join("checkout"));
        let copy = "git ls-files --cached --others --exclude-standard -z | rsync -a --from0 --files-from=- --ignore-missing-args . ";
        let copied = Command::new("sh")
            .args(["-c", &format!("{copy}{}", checkout.0.display())])
            .current_dir(root())
            .status()
            .unwrap();
        assert!(copied.success());
        fs::write(checkout.0.join("release/build"), script).unwrap();
        // The versions of the tests come after this one, whatever version this tree is.
        let manifest = checkout.read("Cargo.toml");
        let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(manifest.contains(&version), "{manifest}");
        fs::write(checkout.0.join("Cargo.toml"), manifest.replacen(&version, "version = \"1.0.0\"", 1)).unwrap();
        // The release needs a change, even if this tree is the newest version.
        let changelog = checkout.read("CHANGELOG.md");
        if !changelog.contains("\n## Unreleased\n") {
            let changelog = changelog.replacen("\n## ", "\n## Unreleased\n\n- News.\n\n## ", 1);
            fs::write(checkout.0.join("CHANGELOG.md"), changelog).unwrap();
        }
        for arguments in
            [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "Before the release"]]
        {
            checkout.run("git", arguments, &[]).succeeds();
        }
        checkout
    }

    /// A checkout with a release in it. The artefacts are in `dist`.
    fn released(version: &str) -> Self {
        let checkout = Self::new();
        checkout.prepare(version).succeeds();
        checkout
    }

    fn run(&self, program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let identity = [
            ("GIT_AUTHOR_NAME", "Kim Minsu"),
            ("GIT_AUTHOR_EMAIL", "minsu.kim@corp.example"),
            ("GIT_COMMITTER_NAME", "Kim Minsu"),
            ("GIT_COMMITTER_EMAIL", "minsu.kim@corp.example"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ];
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.0)
            .envs(identity)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains(TOKEN), "{text}");
        Ran { ok: output.status.success(), text }
    }

    fn prepare(&self, version: &str) -> Ran {
        let prepared = self.run("release/prepare", &[version], &[]);
        // The default branch of the project has the tag's commit, as after a push.
        self.run("git", &["update-ref", "refs/remotes/origin/HEAD", "HEAD"], &[]).succeeds();
        prepared
    }

    fn publish(&self, registry: &Server, changed: &[(&str, &str)]) -> Ran {
        let api = registry.url("/api/v4");
        let mut variables = vec![
            ("CI_API_V4_URL", &*api),
            ("CI_PROJECT_ID", "31"),
            ("CI_PROJECT_PATH", "devops/pipeline-notifier"),
            ("CI_COMMIT_TAG", "1.2.3"),
            ("CI_JOB_TOKEN", TOKEN),
        ];
        variables.extend_from_slice(changed);
        self.run("release/publish", &["dist"], &variables)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }
}

struct Ran {
    ok: bool,
    text: String,
}

impl Ran {
    #[track_caller]
    fn succeeds(self) -> String {
        assert!(self.ok, "{}", self.text);
        self.text
    }

    #[track_caller]
    fn fails_with(self, expected: &str) {
        assert!(!self.ok && self.text.contains(expected), "no `{expected}` in\n{}", self.text);
    }
}

/// An empty registry and its contents.
fn registry(faults: Packages) -> (Server, Arc<Mutex<Packages>>) {
    let packages = Arc::new(Mutex::new(faults));
    (Server::start([Reply::Packages(Arc::clone(&packages))]), packages)
}

/// Writes new digests for a changed set.
const SUMS: &str = "cd dist && sha256sum $(../release/files) >SHA256SUMS";

fn uploads(registry: &Server) -> Vec<String> {
    let name = |target: &str| Path::new(target).file_name().unwrap().to_str().unwrap().to_owned();
    registry.requests().iter().filter(|it| it.method == "PUT").map(|it| name(&it.target)).collect()
}

#[test]
fn a_version_number_becomes_a_tag_whose_template_pins_what_was_built() {
    let checkout = Checkout::released("1.2.3");
    let git = |arguments: &[&str]| checkout.run("git", arguments, &[]).succeeds();
    assert_eq!(git(&["status", "--porcelain"]), "");
    assert_eq!(git(&["describe", "--exact-match"]), "1.2.3\n");
    let template = checkout.read("templates/notify.yml");
    let pins = checkout.read("release/pins");
    for line in checkout.read("dist/SHA256SUMS").lines() {
        let (digest, file) = line.split_once("  ").unwrap();
        assert!(pins.contains(digest), "{file}");
        // Jobs download packed files, or the module alone.
        let is_downloaded = file == "notifier.wasm" || Path::new(file).extension().is_some_and(|it| it == "gz");
        assert_eq!(template.contains(digest), is_downloaded, "{file}");
    }
    assert!(template.contains("version=\"1.2.3\""), "{template}");
    assert!(checkout.read("Cargo.toml").contains("version = \"1.2.3\"\nedition"));
    assert!(checkout.read("Cargo.lock").contains("name = \"runner\"\nversion = \"1.2.3\""));
    let changelog = checkout.read("CHANGELOG.md");
    assert!(changelog.contains("\n## 1.2.3 - 20") && !changelog.contains("## Unreleased"), "{changelog}");
    let included =
        git(&["grep", "-hoE", "/pipeline-notifier/[a-z-]+@[0-9.]+", "--", "README.md", "docs", "examples/pipelines"]);
    let included: BTreeSet<&str> = included.lines().collect();
    let components = ["deploy-target", "digest", "notify"].map(|it| format!("/pipeline-notifier/{it}@1.2.3"));
    assert!(included.into_iter().eq(&components), "every example pins this release");
    assert!(checkout.read("examples/pipelines/include-project.gitlab-ci.yml").contains("ref: 1.2.3\n"));

    checkout.prepare("1.2.3").fails_with("there is a tag 1.2.3 already");
    for wrong in ["", "1.2", "v1.2.4", "1.2.4-rc1", "01.2.4", "1.2.4; id"] {
        checkout.prepare(wrong).fails_with("give a version, as 1.2.3");
    }
    fs::write(checkout.0.join("README.md"), "changed").unwrap();
    checkout.prepare("1.2.4").fails_with("changes that are not committed");
}

#[test]
fn a_release_is_made_of_only_its_own_sources() {
    let checkout = Checkout::released("1.2.3");
    checkout.run("release/verify", &["dist"], &[]).succeeds();
    checkout.run("git", &["tag", "-d", "1.2.3"], &[]).succeeds();
    fs::write(checkout.0.join("runner/src/later.rs"), "// later").unwrap();
    fs::write(checkout.0.join("docs/later.md"), "later").unwrap();
    checkout.run("release/verify", &["dist"], &[]).succeeds();
    checkout.run("git", &["add", "docs"], &[]).succeeds();
    checkout.run("release/verify", &["dist"], &[]).succeeds();
    checkout.run("git", &["add", "-A"], &[]).succeeds();
    checkout.run("release/verify", &["dist"], &[]).fails_with("the sources have changed since the release");
    checkout.run("git", &["commit", "-q", "-m", "Later"], &[]).succeeds();
    checkout.prepare("1.2.3").fails_with("the sources have changed since 1.2.3 was made: name the changes");
}

#[test]
fn a_release_is_uploaded_read_back_and_published_once() {
    let checkout = Checkout::released("1.2.3");
    let (server, packages) = registry(Packages::default());
    let said = checkout.publish(&server, &[]).succeeds();
    assert!(said.ends_with("published 1.2.3\n"), "{said}");
    assert_eq!(uploads(&server), FILES);
    for file in FILES {
        let path = format!("/api/v4/projects/31/packages/generic/pipeline-notifier/1.2.3/{file}");
        assert!(
            packages.lock().unwrap().files[&path] == fs::read(checkout.0.join("dist").join(file)).unwrap(),
            "{file}"
        );
    }
    assert!(server.requests().iter().all(|it| it.header("JOB-TOKEN") == Some(TOKEN)));
    let again = checkout.publish(&server, &[]).succeeds();
    assert!(again.ends_with("version 1.2.3 is published already, as it is here\n"), "{again}");
    let path = "/api/v4/projects/31/packages/generic/pipeline-notifier/1.2.3/SHA256SUMS";
    packages.lock().unwrap().files.insert(path.to_owned(), b"another set".to_vec());
    checkout.publish(&server, &[]).fails_with("version 1.2.3 is published already, with other contents");
    assert_eq!(uploads(&server).len(), FILES.len());
}

#[test]
fn the_token_does_not_follow_a_redirect_to_object_storage() {
    let checkout = Checkout::released("1.2.3");
    let (storage, objects) = registry(Packages::default());
    let (server, packages) = registry(Packages { storage: Some(storage.url("")), ..Packages::default() });
    // The storage has the files that the registry took in.
    checkout.publish(&server, &[]).fails_with("reading notifier.wasm back: the registry answered 404");
    objects.lock().unwrap().files = packages.lock().unwrap().files.clone();
    let again = checkout.publish(&server, &[]);
    assert!(!again.text.contains("uploaded notifier.wasm"), "{}", again.text);
    assert!(storage.requests().len() > 1 && storage.requests().iter().all(|it| it.header("JOB-TOKEN").is_none()));
}

#[test]
fn a_refused_upload_stops_and_is_taken_up_again() {
    let checkout = Checkout::released("1.2.3");
    for status in [401, 403, 500] {
        let (server, packages) =
            registry(Packages { refused: Some(("notifier-x86_64-linux", status)), ..Packages::default() });
        checkout
            .publish(&server, &[])
            .fails_with(&format!("uploading pipeline-notifier-x86_64-linux: the registry answered {status}"));
        assert_eq!(packages.lock().unwrap().files.len(), 4);
        packages.lock().unwrap().refused = None;
        checkout.publish(&server, &[]).succeeds();
        // Each file is uploaded once, except the refused one.
        assert_eq!(uploads(&server).len(), FILES.len() + 1);
    }
}

#[test]
fn half_an_upload_with_other_contents_is_not_mixed_with_ours() {
    let checkout = Checkout::released("1.2.3");
    let (server, packages) = registry(Packages::default());
    let path = "/api/v4/projects/31/packages/generic/pipeline-notifier/1.2.3/notifier.wasm".to_owned();
    packages.lock().unwrap().files.insert(path, b"another module".to_vec());
    checkout.publish(&server, &[]).fails_with("notifier.wasm of 1.2.3 is there already, with other contents");
    assert!(uploads(&server).is_empty());
}

#[test]
fn a_wrong_digest_stops_before_the_release() {
    let checkout = Checkout::released("1.2.3");
    let (server, _) = registry(Packages { garbled: Some("aarch64-linux.gz"), ..Packages::default() });
    checkout.publish(&server, &[]).fails_with("serves as pipeline-notifier-aarch64-linux.gz is not what was uploaded");
    assert!(!uploads(&server).contains(&"SHA256SUMS".to_owned()));

    for (file, pin) in [
        ("notifier.wasm", "SHA256_MODULE"),
        ("pipeline-notifier-x86_64-linux.gz", "SHA256_X86_64"),
        ("pipeline-notifier-full-aarch64-linux.gz", "SHA256_FULL_AARCH64"),
        ("pipeline-notifier-aarch64-linux", "SHA256_AARCH64_UNPACKED"),
        ("playground.html", "SHA256_PLAYGROUND"),
        ("sbom.cdx.json", "SHA256_SBOM"),
    ] {
        let checkout = Checkout::released("1.2.3");
        let (server, _) = registry(Packages::default());
        fs::write(checkout.0.join("dist").join(file), "another build").unwrap();
        checkout.publish(&server, &[]).fails_with("dist is not what its SHA256SUMS lists");
        // The set agrees with itself, but not with the pins of the tag.
        checkout.run("sh", &["-c", SUMS], &[]).succeeds();
        checkout
            .publish(&server, &[])
            .fails_with(&format!("{pin} of dist is not the one that release/pins of this checkout pins"));
        assert!(server.requests().is_empty());
    }
}

/// Case S11: nothing but the pinned files is taken from the job that built them, and no link is followed.
#[test]
fn a_set_has_exactly_the_pinned_files() {
    let checkout = Checkout::released("1.2.3");
    let (server, _) = registry(Packages::default());
    let secret = scratch().join("secret");
    fs::write(&secret, "a token").unwrap();
    checkout.run("cp", &["-r", "dist", "whole"], &[]).succeeds();
    let spoil = |spoiled: &dyn Fn(&Path), expected: &str| {
        checkout.run("sh", &["-c", "rm -rf dist && cp -r whole dist"], &[]).succeeds();
        spoiled(&checkout.0.join("dist"));
        checkout.publish(&server, &[]).fails_with(expected);
    };
    spoil(&|dist| fs::write(dist.join("extra"), "x").unwrap(), "dist has other files than release/files lists: extra");
    spoil(&|dist| fs::write(dist.join(".hidden"), "x").unwrap(), "dist has other files");
    spoil(&|dist| fs::write(dist.join("a\nb"), "x").unwrap(), "dist has other files");
    spoil(&|dist| fs::create_dir(dist.join("folder")).unwrap(), "dist has other files");
    spoil(&|dist| symlink(&secret, dist.join("link")).unwrap(), "dist has other files");
    for file in FILES {
        let replace = |dist: &Path, target: &Path| {
            fs::remove_file(dist.join(file)).unwrap();
            symlink(target, dist.join(file)).unwrap();
        };
        let expected = format!("dist/{file} is no regular file");
        spoil(&|dist| replace(dist, &secret), &expected);
        // A link to the right bytes is a link too.
        spoil(&|dist| replace(dist, &dist.with_file_name("whole").join(file)), &expected);
        spoil(&|dist| fs::remove_file(dist.join(file)).unwrap(), &expected);
    }
    // Lines that would be uploaded, or checked elsewhere.
    let digest = "0".repeat(64);
    for line in [format!("{digest}  ../secret"), format!("{digest}  /etc/passwd"), String::from("# nothing")] {
        let add = |dist: &Path| {
            let sums = fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
            fs::write(dist.join("SHA256SUMS"), format!("{sums}{line}\n")).unwrap();
        };
        spoil(&add, "dist is not what its SHA256SUMS lists");
    }
    checkout.run("sh", &["-c", "rm -rf dist && ln -s whole dist"], &[]).succeeds();
    checkout.publish(&server, &[]).fails_with("dist is no directory");
    assert!(server.requests().is_empty());
}

/// Case S11: a tag that somebody put on a commit of no branch, and a checkout that is not the tag's.
#[test]
fn only_a_tag_of_the_default_branch_is_published() {
    let checkout = Checkout::released("1.2.3");
    let (server, _) = registry(Packages::default());
    checkout.run("git", &["update-ref", "refs/remotes/origin/HEAD", "1.2.3~1"], &[]).succeeds();
    checkout.publish(&server, &[]).fails_with("the tag 1.2.3 is on no commit of the default branch");
    checkout.run("git", &["commit", "-q", "--allow-empty", "-m", "Later"], &[]).succeeds();
    checkout.run("git", &["update-ref", "refs/remotes/origin/HEAD", "HEAD"], &[]).succeeds();
    checkout.publish(&server, &[]).fails_with("this checkout is not the commit of the tag 1.2.3");
    assert!(server.requests().is_empty());
    checkout.run("git", &["checkout", "-q", "--detach", "1.2.3"], &[]).succeeds();
    checkout.publish(&server, &[]).succeeds();
}

#[test]
fn a_release_of_another_tag_or_project_is_not_published() {
    let checkout = Checkout::released("1.2.3");
    let (server, _) = registry(Packages::default());
    for (variable, value, expected) in [
        ("CI_COMMIT_TAG", "1.2.4", "the tag is 1.2.4, the pins are of 1.2.3"),
        ("CI_PROJECT_PATH", "mirrors/notifier", "the template downloads from another project than mirrors/notifier"),
        ("CI_JOB_TOKEN", "", "CI_JOB_TOKEN is not set"),
        ("CI_API_V4_URL", "http://127.0.0.1:1/api/v4", "the registry answered 000"),
    ] {
        checkout.publish(&server, &[(variable, value)]).fails_with(expected);
    }
    assert!(server.requests().is_empty());
}

/// An instance's repository of the project, as an import leaves it, and a runner's clone of it.
struct Instance {
    /// The stand-in for the instance's address.
    root: PathBuf,
    origin: Checkout,
}

impl Instance {
    fn importing() -> Self {
        Self::of(Checkout::new())
    }

    fn of(origin: Checkout) -> Self {
        let root = scratch();
        let bare = root.join("tools/notifier.git");
        origin.run("git", &["clone", "-q", "--bare", ".", bare.to_str().unwrap()], &[]).succeeds();
        let instance = Self { root, origin };
        instance.git(&["config", "receive.advertisePushOptions", "true"]).succeeds();
        instance
    }

    fn git(&self, arguments: &[&str]) -> Ran {
        let bare = self.root.join("tools/notifier.git");
        self.origin.run("git", &[&["--git-dir", bare.to_str().unwrap()], arguments].concat(), &[])
    }

    /// A clone as a runner makes it: of a commit, on no branch.
    fn clone(&self, reference: &str) -> Checkout {
        let clone = Checkout(scratch().join("clone"));
        let bare = format!("file://{}/tools/notifier.git", self.root.display());
        self.origin.run("git", &["clone", "-q", &bare, clone.0.to_str().unwrap()], &[]).succeeds();
        clone.run("git", &["checkout", "-q", "--detach", reference], &[]).succeeds();
        clone
    }

    /// Builds a version twice, as two jobs do, and returns the directories.
    fn build(&self, reference: &str, version: &str) -> [String; 2] {
        ["dist", "target/rebuilt"].map(|directory| {
            let clone = self.clone(reference);
            // A version that cannot be released has no build.
            let is_written = clone.run("release/version", &[version], &[]).ok;
            let built = is_written && clone.run("release/build", &[directory], &[]).ok;
            clone.0.join(if built { directory } else { "missing" }).display().to_string()
        })
    }

    /// Releases from a clone, with what the pipeline's first jobs built.
    fn tag(&self, clone: &Checkout, changed: &[(&str, &str)]) -> Ran {
        let version = changed.iter().find(|(name, _)| *name == "RELEASE").map_or("1.2.3", |(_, value)| value);
        let head = clone.run("git", &["rev-parse", "HEAD"], &[]).succeeds();
        let [built, rebuilt] = self.build(head.trim(), version);
        self.tag_built(clone, &built, &rebuilt, changed)
    }

    fn tag_built(&self, clone: &Checkout, built: &str, rebuilt: &str, changed: &[(&str, &str)]) -> Ran {
        let server = format!("file://{}", self.root.display());
        let mut variables = vec![
            ("RELEASE", "1.2.3"),
            ("CI_SERVER_URL", &*server),
            ("CI_PROJECT_PATH", "tools/notifier"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_JOB_TOKEN", TOKEN),
            ("GITLAB_USER_NAME", "Lee Jiwoo"),
            ("GITLAB_USER_EMAIL", "jiwoo@corp.example"),
        ];
        variables.extend_from_slice(changed);
        clone.run("release/tag", &[built, rebuilt], &variables)
    }
}

/// An import under any path becomes a published version by the commands of a pipeline with RELEASE.
#[test]
fn a_pipeline_with_release_makes_tags_and_publishes_it_for_its_own_path() {
    let instance = Instance::importing();
    let [built, rebuilt] = instance.build("main", "1.2.3");
    let clone = instance.clone("main");
    let said = instance.tag_built(&clone, &built, &rebuilt, &[]).succeeds();
    assert!(said.ends_with("pushed 1.2.3 to main of tools/notifier\n"), "{said}");
    assert_eq!(
        instance.git(&["rev-parse", "1.2.3^{commit}"]).succeeds(),
        instance.git(&["rev-parse", "main"]).succeeds()
    );
    assert!(
        instance.git(&["log", "-1", "--format=%an: %s", "main"]).succeeds().starts_with("Kim Minsu: Release 1.2.3")
    );
    let template = instance.git(&["show", "main:templates/notify.yml"]).succeeds();
    assert!(template.contains("version=\"1.2.3\" project=\"tools%2Fnotifier\""), "{template}");

    let pins = instance.git(&["show", "main:release/pins"]).succeeds();

    // The next job runs in a clone of its own, with the artefacts of the first.
    let (server, packages) = registry(Packages::default());
    let next = instance.clone("1.2.3");
    next.run("cp", &["-r", &built, "dist"], &[]).succeeds();
    let of_pipeline = [("CI_PROJECT_PATH", "tools/notifier"), ("CI_COMMIT_TAG", ""), ("RELEASE", "1.2.3")];
    next.publish(&server, &of_pipeline).succeeds();
    for line in next.read("dist/SHA256SUMS").lines() {
        let (digest, file) = line.split_once("  ").unwrap();
        let path = format!("/api/v4/projects/31/packages/generic/pipeline-notifier/1.2.3/{file}");
        assert!(packages.lock().unwrap().files.contains_key(&path), "{file}");
        assert!(pins.contains(digest), "{file}");
    }

    // A tag from an import belongs to another project.
    let other = instance.clone("main");
    let imported = instance.root.join("other/notifier.git");
    let bare = instance.root.join("tools/notifier.git");
    let arguments = ["clone", "-q", "--bare", bare.to_str().unwrap(), imported.to_str().unwrap()];
    instance.origin.run("git", &arguments, &[]).succeeds();
    instance
        .tag(&other, &[("CI_PROJECT_PATH", "other/notifier")])
        .fails_with("brought along from tools/notifier: delete it");

    // Somebody has pushed meanwhile.
    let late = instance.clone("main~1");
    instance.tag(&late, &[("RELEASE", "1.3.0")]).fails_with("main has moved on since this pipeline began");

    // A job that is run again takes the existing tag.
    let again = instance.clone("main~1");
    let said = instance.tag(&again, &[]).succeeds();
    assert!(said.starts_with("there is a tag 1.2.3 already; what it pins is built\n"), "{said}");
    assert_eq!(instance.git(&["rev-list", "--count", "main"]).succeeds(), "2\n");
}

/// Case S11: the job with the token neither builds nor runs what was built, and stops unless both builds are the same.
#[test]
fn the_job_that_pushes_builds_nothing() {
    let instance = Instance::importing();
    let [built, rebuilt] = instance.build("main", "1.2.3");
    let release_token = [("RELEASE_TOKEN", "glpat-not-a-real-token")];
    // Whatever builds or runs in this job would find a token in its environment or its parent's, so the programs of a build are traps.
    let bin = scratch();
    let seen = bin.join("seen");
    for program in ["cargo", "rustc", "cc", "make", "python3", "pip", "npm", "node"] {
        let trap = bin.join(program);
        write_program(&trap, format!("#!/bin/sh\necho {program} >>{}\n", seen.display()));
    }
    // git gets the token only where it needs one.
    let git = format!(
        "#!/bin/sh\ncase \"$*\" in *ls-remote*|*push*|*fetch*) ;; *) [ -z \"$RELEASE_TOKEN$PUSH_TOKEN\" ] || echo \"git $*\" >>{} ;; esac\n\
         exec /usr/bin/git \"$@\"\n",
        seen.display()
    );
    write_program(&bin.join("git"), git);
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());

    fs::write(Path::new(&rebuilt).join("notifier.wasm"), "another module").unwrap();
    let sums = SUMS
        .replace("cd dist", &format!("cd {rebuilt}"))
        .replace("../release", &format!("{}/release", root().display()));
    instance.origin.run("sh", &["-c", &sums], &[]).succeeds();
    let variables = [release_token[0], ("PATH", &*path)];
    instance
        .tag_built(&instance.clone("main"), &built, &rebuilt, &variables)
        .fails_with("notifier.wasm is not the same in a second build");
    assert_eq!(instance.git(&["tag"]).succeeds(), "");
    let link = scratch().join("dist");
    symlink(&built, &link).unwrap();
    instance
        .tag_built(&instance.clone("main"), link.to_str().unwrap(), &built, &variables)
        .fails_with("is no directory");
    instance.tag_built(&instance.clone("main"), &built, &built, &variables).succeeds();
    assert!(!seen.exists(), "{}", fs::read_to_string(seen).unwrap());
}

/// An administrator whose runners build nothing installs the files of a release page, from a checkout of that release.
#[test]
fn a_release_page_is_installed_on_another_instance() {
    let checkout = Checkout::released("1.2.3");
    let other = Checkout::new();
    other.run("git", &["commit", "-q", "--amend", "-m", "Another history"], &[]).succeeds();
    let instance = Instance::of(other);
    let (server, packages) = registry(Packages::default());
    let token = "glpat-not-a-real-token-either";
    // What git reaches at the instance's address.
    let rewritten = format!("url.file://{}/.insteadOf", instance.root.display());
    let address = server.url("/").replace("://", "://oauth2@");
    let install = |changed: &[(&str, &str)]| {
        let mut variables = vec![
            ("INSTALL_TOKEN", token),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", &*rewritten),
            ("GIT_CONFIG_VALUE_0", &*address),
        ];
        variables.extend_from_slice(changed);
        let ran = checkout.run("release/install", &[&server.url(""), "tools/notifier", "dist"], &variables);
        assert!(!ran.text.contains(token), "{}", ran.text);
        ran
    };
    // A release page has the binaries only packed.
    checkout.run("sh", &["-c", "rm dist/pipeline-notifier-*-linux"], &[]).succeeds();
    install(&[("INSTALL_TOKEN", "")]).fails_with("INSTALL_TOKEN is not set");
    // The project has another history.
    install(&[]).fails_with("main of tools/notifier has another history");
    let bare = instance.root.join("tools/notifier.git");
    checkout.run("git", &["push", "-q", "--force", bare.to_str().unwrap(), "1.2.3~1:refs/heads/main"], &[]).succeeds();
    let said = install(&[]).succeeds();
    assert!(said.contains("/tools/notifier/notify@1.2.3"), "{said}");
    let template = instance.git(&["show", "1.2.3:templates/notify.yml"]).succeeds();
    assert!(template.contains("project=\"tools%2Fnotifier\""), "{template}");
    assert_eq!(packages.lock().unwrap().files.len(), FILES.len());
    assert!(server.requests().iter().all(|it| it.header("PRIVATE-TOKEN") == Some(token)));
    // The same again changes nothing. The checkout has no new tag or commit.
    assert!(install(&[]).succeeds().contains("is published already, as it is here"));
    assert_eq!(checkout.run("git", &["rev-list", "--count", "HEAD"], &[]).succeeds(), "2\n");
    // The next release is installed over the pins of this one.
    let changelog = checkout.read("CHANGELOG.md").replacen("\n## ", "\n## Unreleased\n\n- News.\n\n## ", 1);
    fs::write(checkout.0.join("CHANGELOG.md"), changelog).unwrap();
    checkout.run("git", &["commit", "-q", "--all", "-m", "News"], &[]).succeeds();
    checkout.prepare("1.2.4").succeeds();
    install(&[]).succeeds();
    assert_eq!(
        instance.git(&["rev-parse", "main"]).succeeds(),
        instance.git(&["rev-parse", "1.2.4^{commit}"]).succeeds()
    );
    fs::write(checkout.0.join("dist/sbom.cdx.json"), "{\"another\": 1}").unwrap();
    checkout.run("sh", &["-c", SUMS], &[]).succeeds();
    install(&[]).fails_with("these are not the files of release 1.2.4");
    checkout.run("sh", &["-c", "rm dist/sbom.cdx.json"], &[]).succeeds();
    install(&[]).fails_with("dist has no sbom.cdx.json: download every file of the release page of 1.2.4");
}

/// Another instance's release is released again under this one's path: the same bytes, and another template.
#[test]
fn a_version_that_is_prepared_already_is_pinned_for_another_path() {
    let checkout = Checkout::released("1.2.3");
    let pins = checkout.read("release/pins");
    checkout.run("git", &["tag", "-d", "1.2.3"], &[]).succeeds();
    let instance = Instance::of(checkout);
    instance.tag(&instance.clone("main"), &[]).succeeds();
    let own = instance.git(&["show", "1.2.3:release/pins"]).succeeds();
    assert_eq!(own.replace("tools%2Fnotifier", "devops%2Fpipeline-notifier"), pins);

    // Under the same path there is nothing to commit.
    let checkout = Checkout::released("1.2.3");
    checkout.run("git", &["tag", "-d", "1.2.3"], &[]).succeeds();
    checkout.prepare("1.2.3").succeeds();
    assert_eq!(checkout.run("git", &["rev-list", "--count", "1.2.3"], &[]).succeeds(), "2\n");
}

#[test]
fn a_release_that_cannot_be_pushed_says_what_to_switch_on() {
    let instance = Instance::importing();
    let hook = instance.root.join("tools/notifier.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    write_program(&hook, "#!/bin/sh\nexit 1\n");
    for (changed, expected) in [
        (&[][..], "Switch on Settings > CI/CD > Job token permissions"),
        (&[("RELEASE_TOKEN", "glpat-not-a-real-token")], "RELEASE_TOKEN must be a project access token"),
        (&[("RELEASE", "next")], "RELEASE is no version: give one, as 1.2.3"),
        (&[("RELEASE", "*")], "RELEASE is no version"),
        (&[("RELEASE", "1.2.3\n")], "RELEASE is no version"),
        (&[("RELEASE", "1.2")], "give a version, as 1.2.3"),
        (&[("RELEASE", "0.0.1")], "this checkout is at"),
        (&[("CI_SERVER_URL", "file:///nonexistent")], "the repository cannot be read"),
        (&[("RELEASE", "")], "RELEASE is not set"),
        (&[("CI_COMMIT_BRANCH", "feature")], "a release is made from main, and this pipeline is of feature"),
    ] {
        instance.tag(&instance.clone("main"), changed).fails_with(expected);
        assert_eq!(instance.git(&["tag"]).succeeds(), "");
    }
}

#[test]
fn a_set_is_checked_against_a_second_build() {
    let checkout = Checkout::released("1.2.3");
    let verify = |rebuilt: &str| checkout.run("release/verify", &["dist", rebuilt], &[]);
    checkout.run("cp", &["-r", "dist", "rebuilt"], &[]).succeeds();
    assert!(verify("rebuilt").succeeds().ends_with("dist is what this checkout pins and builds\n"));
    fs::write(checkout.0.join("rebuilt/pipeline-notifier-aarch64-linux"), "other").unwrap();
    verify("rebuilt").fails_with("rebuilt is not what its SHA256SUMS lists");
    checkout.run("sh", &["-c", &SUMS.replace("dist", "rebuilt")], &[]).succeeds();
    verify("rebuilt").fails_with("pipeline-notifier-aarch64-linux is not the same in a second build");
    checkout.run("sh", &["-c", "rm rebuilt/*.gz"], &[]).succeeds();
    verify("rebuilt").fails_with("is no regular file");
    fs::write(checkout.0.join("templates/notify.yml"), "spec:\n").unwrap();
    verify("").fails_with("run make templates");
}

#[test]
fn shellcheck_finds_nothing_in_the_scripts() {
    for script in [
        "build",
        "commit",
        "files",
        "install",
        "pin",
        "prepare",
        "publish",
        "remotely.sh",
        "render",
        "sources",
        "tag",
        "verify",
        "version",
    ] {
        let mut check = Command::new("shellcheck");
        let checked = check.args(["-x", &format!("release/{script}")]).current_dir(root()).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}
