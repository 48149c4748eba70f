//! A consumer's project, the component's project beside it, and the consumer's pipelines on an independent engine.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::bootstrap::release;
use crate::support::harness::binary;
use crate::support::harness::root;
use crate::support::loopback::Server;
use crate::support::scratch::scratch;

/// The relevant jobs of Auto DevOps, as in its templates
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

/// The result of a pipeline.
pub(crate) struct Ran {
    /// Each job that ran, and its verdict.
    pub(crate) jobs: BTreeMap<String, String>,
    pub(crate) log: String,
}

/// A consumer's project with its own home, and the component's project to include.
pub(crate) struct Consumer {
    directory: PathBuf,
    path: String,
    /// True if each job has an ID from the test.
    are_numbered: Cell<bool>,
    /// True if the engine validates the pipeline by GitLab's schema.
    is_validated: Cell<bool>,
}

impl Consumer {
    /// Creates a project; the component's project has these tags, each with its template.
    pub(crate) fn new(gitlab_ci: &str, branch: &str, releases: &[(&str, &str)]) -> Self {
        Self::with_files(gitlab_ci, branch, releases, Path::new("/nowhere"))
    }

    /// Creates a project as `new` does, and copies the files of a folder into it, if the folder exists.
    pub(crate) fn with_files(gitlab_ci: &str, branch: &str, releases: &[(&str, &str)], files: &Path) -> Self {
        let root = scratch();
        let consumer = Self::at_home(&root, "work");
        fs::create_dir_all(root.join("component/templates")).unwrap();
        let component = root.join("component");
        fs::copy(self::root().join("templates/deploy-target.yml"), component.join("templates/deploy-target.yml"))
            .unwrap();
        fs::write(component.join("templates/digest.yml"), &release().digest).unwrap();
        let bare = root.join("remotes/devops/pipeline-notifier.git");
        consumer.git(&component, &["init", "--quiet"]);
        for (tag, template) in releases {
            fs::write(component.join("templates/notify.yml"), template).unwrap();
            consumer.git(&component, &["add", "--all"]);
            consumer.git(&component, &["commit", "--quiet", "--message", tag]);
            consumer.git(&component, &["tag", tag]);
        }
        consumer.git(&component, &["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);

        consumer.begin(gitlab_ci, branch, files);
        consumer
    }

    /// Creates an instance whose only project is an import of a repository, and a runner's checkout of it.
    pub(crate) fn importing(path: &str, repository: &Path) -> Self {
        let root = scratch();
        let project = Self::at_home(&root, "import");
        let bare = root.join(format!("remotes/{path}.git"));
        project.git(&root, &["clone", "--quiet", "--bare", repository.to_str().unwrap(), bare.to_str().unwrap()]);
        // GitLab's repositories accept push options.
        project.git(&bare, &["config", "receive.advertisePushOptions", "true"]);
        project.git(&root, &["clone", "--quiet", bare.to_str().unwrap(), "import"]);
        let address = format!("https://u:p@gitlab.example.test/{path}.git");
        project.git(&project.directory, &["remote", "set-url", "origin", &address]);
        // A runner's checkout has no files of the engine.
        fs::write(project.directory.join(".git/info/exclude"), ".gitlab-ci-local*\n").unwrap();
        project
    }

    /// Creates another consumer's project on the same instance.
    pub(crate) fn beside(&self, gitlab_ci: &str) -> Self {
        let consumer = Self::at_home(self.directory.parent().unwrap(), "work");
        consumer.begin(gitlab_ci, "main", Path::new("/nowhere"));
        consumer
    }

    /// Creates the directory of a project. Its parent holds the home and the instance of all commands.
    fn at_home(root: &Path, name: &str) -> Self {
        for folder in [name, "home", "bin", "remotes/devops"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let instead = ["", "u:p@", "gitlab-ci-token@"].map(|user| {
            format!(
                "insteadOf = https://{user}gitlab.example.test/\n\tinsteadOf = https://{user}gitlab.example.test:443/"
            )
        });
        let instead = instead.join("\n\t");
        let config = format!(
            "[user]\n\tname = Kim Minsu\n\temail = minsu@shop.example\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n\
             [url \"file://{}/\"]\n\t{instead}\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n",
            root.join("remotes").display()
        );
        fs::write(root.join("gitconfig"), config).unwrap();
        let home = Self {
            directory: root.join(name),
            are_numbered: Cell::new(false),
            is_validated: Cell::new(true),
            path: format!("{}:/usr/local/bin:/usr/bin:/bin", root.join("bin").display()),
        };
        home.install("git", &self::root().join("tests/engine/git"));
        home
    }

    /// Puts the pipeline and files into a new repository.
    fn begin(&self, gitlab_ci: &str, branch: &str, files: &Path) {
        // GitLab's own templates come with GitLab, not with the engine.
        let gitlab_ci = gitlab_ci.replace("template: Auto-DevOps.gitlab-ci.yml", "local: auto-devops.yml");
        self.write(".gitlab-ci.yml", &gitlab_ci);
        self.write("auto-devops.yml", AUTO_DEVOPS);
        self.write("Makefile", "build test deploy site:\n\t@test \"$(FAIL)\" != $@ && echo $@ is done\n");
        if files.is_dir() {
            let copied = Command::new("cp").args(["-a", "--"]).arg(files.join(".")).arg(&self.directory).status();
            assert!(copied.unwrap().success());
        }
        self.git(&self.directory, &["init", "--quiet"]);
        self.git(&self.directory, &["checkout", "--quiet", "-B", branch]);
        self.git(&self.directory, &["add", "--all"]);
        self.git(&self.directory, &["commit", "--quiet", "--message", "Fix cart rounding"]);
        self.git(&self.directory, &["remote", "add", "origin", "https://u:p@gitlab.example.test/shop/shop-api.git"]);
    }

    /// Installs a program that jobs find before others of its name. A link avoids writing the file: a process of another test may
    /// still hold a new file open, and then it cannot run.
    pub(crate) fn install(&self, name: &str, program: &Path) {
        let link = self.directory.parent().unwrap().join("bin").join(name);
        // Projects of one home share the link, so it may exist.
        let _ = std::os::unix::fs::symlink(program, link);
    }

    /// Gives jobs the IDs that a GitLab uses; `more` extends the engine's own configuration.
    pub(crate) fn number(&self, jobs: &[(&str, u64)], more: &str) {
        let quoted = |job: &str| format!("'{}'", job.replace('\'', "''"));
        let number = |(job, id): &(&str, u64)| format!("{}:\n  variables:\n    CI_JOB_ID: '{id}'\n", quoted(job));
        let numbers: String = jobs.iter().map(number).collect();
        self.write(".gitlab-ci-local.yml", &format!("{numbers}{more}"));
        self.are_numbered.set(true);
    }

    /// Skips the schema check of a pipeline that passed it before. This halves the engine's time.
    pub(crate) fn is_known_to_be_valid(&self) {
        self.is_validated.set(false);
    }

    /// Returns the engine's directory of artifacts, by the names of the jobs.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.directory.join(".gitlab-ci-local/artifacts")
    }

    /// Replaces a text in a file of the checkout.
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.directory.join(name)).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(name, &text.replace(from, to));
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    /// Prepares a command in this consumer's environment and no other.
    fn command(&self, program: &str) -> Command {
        let root = self.directory.parent().unwrap();
        let mut command = Command::new(program);
        command.current_dir(&self.directory).env_clear().env("PATH", &self.path).env("HOME", root.join("home"));
        command.env("LANG", "C.UTF-8").env("NO_COLOR", "1").env("TMPDIR", root);
        command.env("GIT_CONFIG_GLOBAL", root.join("gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// Runs a command line in the checkout and returns its output.
    pub(crate) fn shell(&self, line: &str) -> String {
        let output = self.command("sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn git(&self, directory: &Path, arguments: &[&str]) {
        let output = self.command("git").current_dir(directory).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Bakes the notifier into the image of every job.
    pub(crate) fn bake(&self) {
        std::os::unix::fs::symlink(binary(), self.directory.parent().unwrap().join("bin/pipeline-notifier")).unwrap();
    }

    /// Runs the scripts of later jobs as `nobody`, as in an image with its own user. The engine checks out as root, so the checkout
    /// becomes writable to all, as GitLab Runner's is.
    pub(crate) fn run_scripts_as_nobody(&self) {
        let bash = "#!/bin/bash\n\
            [[ $# -gt 0 || $EUID != 0 ]] || exec setpriv --reuid=65534 --regid=65534 --clear-groups /bin/bash\n\
            exec /bin/bash \"$@\"\n";
        let wrapper = self.directory.parent().unwrap().join("bin/bash");
        fs::write(&wrapper, bash).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        let root = self.directory.parent().unwrap();
        fs::set_permissions(root, fs::Permissions::from_mode(0o1777)).unwrap();
        let opened = Command::new("chmod").args(["-R", "a+rwX"]).arg(&self.directory).status().unwrap();
        assert!(opened.success());
    }

    /// Runs the pipeline with the variables that the engine lacks; `registry` is GitLab's package registry.
    pub(crate) fn run_on(&self, registry: &Server, variables: &[(&str, &str)]) -> Ran {
        self.run_jobs_on(registry, variables, &[])
    }

    /// Runs only these jobs, as a retry does; an empty list runs all jobs.
    pub(crate) fn run_jobs_on(&self, registry: &Server, variables: &[(&str, &str)], jobs: &[&str]) -> Ran {
        self.run(&Self::on(registry, &self.directory, variables), jobs)
    }

    /// Returns the variables that the engine lacks, and the test's own.
    fn on(registry: &Server, directory: &Path, variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let (server, api) = (registry.url(""), registry.url("/api/v4"));
        let (pipeline, job) =
            ["pipelines/90817", "jobs/711002"].map(|it| format!("{server}/shop/shop-api/-/{it}")).into();
        let directory = directory.display().to_string();
        let mut all = vec![
            // The engine gives jobs with an image another directory, outside of the project, even if it runs them in a shell.
            ("CI_PROJECT_DIR", &*directory),
            ("CI_SERVER_URL", &*server),
            ("CI_API_V4_URL", &api),
            ("CI_JOB_TOKEN", "not-a-real-token"),
            ("CI_PROJECT_ID", "1042"),
            ("CI_PIPELINE_ID", "90817"),
            ("CI_PIPELINE_URL", &pipeline),
            ("CI_JOB_URL", &job),
            ("CI_COMMIT_TITLE", "Fix cart rounding"),
            ("CI_COMMIT_SHORT_SHA", "1a2b3c4d"),
            ("GITLAB_USER_NAME", "Kim Minsu"),
            ("GITLAB_CI", "true"),
        ];
        // The test's own variables come last and win.
        all.retain(|(name, _)| variables.iter().all(|(own, _)| own != name));
        all.extend(variables);
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Returns the names of the jobs of a pipeline with these variables.
    pub(crate) fn jobs(&self, variables: &[(&str, &str)]) -> Vec<String> {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let output = self.engine(&variables, &["--list-csv"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().skip(1).filter_map(|line| Some(line.split_once(';')?.0.to_owned())).collect()
    }

    /// Returns the pipeline with all its includes, like GitLab's full configuration.
    pub(crate) fn full_configuration(&self) -> String {
        let output = self.engine(&[], &["--preview"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the pipeline until a job's script hangs, then kills the whole pipeline, so that nothing runs after that script.
    pub(crate) fn run_until_killed(&self, registry: &Server, variables: &[(&str, &str)], job: &str) -> Ran {
        let (makefile, begun) = (self.directory.join("Makefile"), self.directory.join("begun"));
        let before = fs::read_to_string(&makefile).unwrap();
        let others: Vec<&str> = ["build", "test", "deploy", "site"].into_iter().filter(|it| *it != job).collect();
        let hangs =
            format!("{}:\n\t@echo $@ is done\n{job}:\n\t@touch {}; sleep 30\n", others.join(" "), begun.display());
        fs::write(&makefile, hangs).unwrap();
        let variables = Self::on(registry, &self.directory, variables);
        let mut engine = self.engine(&variables, &[]);
        let mut engine = engine.process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = engine.stdout.take().unwrap();
        let group = format!("-{}", engine.id());
        let log = thread::spawn(move || {
            let mut log = Vec::new();
            output.read_to_end(&mut log).unwrap();
            String::from_utf8_lossy(&log).into_owned()
        });
        while !begun.exists() && engine.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        assert!(begun.exists(), "{job} never began");
        assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
        engine.wait().unwrap();
        fs::remove_file(begun).unwrap();
        fs::write(makefile, before).unwrap();
        Ran { jobs: BTreeMap::new(), log: log.join().unwrap() }
    }

    fn engine(&self, variables: &[(String, String)], jobs: &[&str]) -> Command {
        let engine = root().join("tests/engine");
        let preload = format!("file://{}", engine.join("node-20-set-union.mjs").canonicalize().unwrap().display());
        let mut command = self.command("node");
        command.args(["--import", &preload]).arg(engine.join("node_modules/gitlab-ci-local/dist/index.js"));
        command.arg(format!("--json-schema-validation={}", self.is_validated.get()));
        command.args(["--force-shell-executor", "--ignore-predefined-vars"]);
        let numbered = self.are_numbered.get().then_some("CI_JOB_ID");
        let given = variables.iter().map(|(name, _)| name.as_str()).chain(numbered);
        command.arg(given.collect::<Vec<_>>().join(","));
        for (name, value) in variables {
            command.args(["--variable", &format!("{name}={value}")]);
        }
        command.args(jobs);
        command
    }

    fn run(&self, variables: &[(String, String)], jobs: &[&str]) -> Ran {
        let mut command = self.engine(variables, jobs);
        // Two includes of one project race for a directory of the engine's cache. No job has run then, so try again.
        let log = loop {
            let (mut output, writer) = std::io::pipe().unwrap();
            let mut engine = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
            // The command still holds the other end of the pipe; this closes it.
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut log = Vec::new();
            output.read_to_end(&mut log).unwrap();
            engine.wait().unwrap();
            let log = String::from_utf8_lossy(&log).into_owned();
            if !log.contains("cp: cannot create directory") {
                break log;
            }
        };
        for secret in ["T0SECRET01", "s3cr3ts3cr3t", "s3cr3tb0t"] {
            assert!(!log.contains(secret), "a job's log shows a secret:\n{log}");
        }
        let mut jobs = BTreeMap::new();
        for line in log.lines() {
            let verdict = ["PASS", "FAIL", "WARN"].into_iter().find_map(|it| {
                let job = line.strip_prefix(' ')?.strip_prefix(it)?.strip_prefix("  ")?;
                // A job has one line for its script, and another for an after_script that failed.
                Some((it, job.strip_suffix("  pre_script").unwrap_or(job).trim_end()))
            });
            match verdict {
                Some((_, job)) if job.ends_with("  after_script") => {}
                // The engine warns of the ID that a test gives a job.
                Some((_, job)) if job.starts_with("Avoid overriding predefined variables") => {}
                Some((verdict, job)) => drop(jobs.insert(job.to_owned(), verdict.to_owned())),
                None => {}
            }
        }
        Ran { jobs, log }
    }
}
