//! The job state: files that the calls of one job save for each other, beside the checkout and never in it.
//!
//! The directory's name comes from the job's token, so no earlier job of the same machine can make it. Only this job's user may enter it.
//! It lies below `$CI_PROJECT_DIR.tmp`, where GitLab Runner itself stores a job's files
//! (<https://docs.gitlab.com/ci/variables/#use-file-type-cicd-variables>), else below `TMPDIR` or `/tmp`. The component's script finds it by
//! the same rule. The next call repeats the work if something cannot be saved.

use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files;
use crate::variables::Variables;

/// The prefix of our directories' names. The beginning of a digest of the job's ID and token follows, in hexadecimal digits.
const PREFIX: &str = "pipeline-notifier-";
const DIGITS: usize = 16;

/// The lifetime of leftovers. Any later job that finds older ones removes them.
const LIFETIME: Duration = Duration::from_hours(24);

/// The limit for reading names in a directory that we share with others.
const MAX_NAMES: usize = 500;
/// The limit of files in one of our directories: a call saves fewer.
const MAX_FILES: usize = 100;

/// Saves a file for the job's later calls.
pub(crate) fn save(variables: &Variables, name: &str, contents: &[u8]) -> io::Result<()> {
    files::replace(&directory(variables).ok_or(io::ErrorKind::NotFound)?.join(name), 0o600, contents)
}

/// Loads a file that an earlier call of the job saved. `None` if it has more than `max` bytes.
pub(crate) fn load(variables: &Variables, name: &str, max: u64) -> Option<Vec<u8>> {
    let (file, metadata) = files::open_unlinked(&existing(variables)?.join(name)).ok()?;
    let mut bytes = Vec::new();
    let is_read = is_ours(&metadata) && metadata.len() <= max && file.take(max).read_to_end(&mut bytes).is_ok();
    is_read.then_some(bytes)
}

/// Removes this job's state, and the leftovers of our jobs that ended long ago.
pub(crate) fn clear(variables: &Variables) {
    for directory in candidates(variables).filter(|path| fs::symlink_metadata(path).is_ok_and(|it| is_private(&it))) {
        remove(&directory);
    }
    for parent in parents(variables) {
        let Ok(entries) = fs::read_dir(parent) else { continue };
        for entry in entries.take(MAX_NAMES).flatten() {
            let name = entry.file_name();
            let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
            let is_digest = digits.len() == DIGITS && digits.bytes().all(|it| it.is_ascii_hexdigit());
            if is_digest && is_left_over(&entry.path()) {
                remove(&entry.path());
            }
        }
    }
}

/// Removes one of our directories. It has only a few files, so nothing that somebody else put there takes time.
fn remove(directory: &Path) {
    for file in fs::read_dir(directory).into_iter().flatten().take(MAX_FILES).flatten() {
        // What is no file stays, and so does the directory.
        let _ = fs::remove_file(file.path());
    }
    let _ = fs::remove_dir(directory);
}

fn is_left_over(path: &Path) -> bool {
    let Some(metadata) = fs::symlink_metadata(path).ok().filter(is_private) else { return false };
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    SystemTime::now().duration_since(modified).is_ok_and(|age| age > LIFETIME)
}

/// Returns the parents that our directory may have, best first, as the component's script takes them.
fn parents(variables: &Variables) -> impl Iterator<Item = PathBuf> {
    let checkout = variables.get("CI_PROJECT_DIR").map(|checkout| checkout.trim_end_matches('/'));
    // A link could lead into the checkout.
    let is_usable = |it: &String| !Path::new(it).is_symlink();
    let of_runner =
        checkout.filter(|it| it.starts_with('/')).map(|checkout| format!("{checkout}.tmp")).filter(is_usable);
    let is_taken = |it: &&str| it.starts_with('/') && !it.contains(':') && !is_in_checkout(variables, it);
    let of_machine = variables.get("TMPDIR").filter(is_taken).map(str::to_owned);
    of_runner.into_iter().chain(of_machine).chain(["/tmp".to_owned()]).map(PathBuf::from)
}

fn is_in_checkout(variables: &Variables, path: &str) -> bool {
    let real = |path: &str| fs::canonicalize(path).ok();
    real(path)
        .zip(variables.get("CI_PROJECT_DIR").and_then(real))
        .is_some_and(|(it, checkout)| it.starts_with(checkout))
}

/// Returns the paths that our directory may have.
fn candidates(variables: &Variables) -> impl Iterator<Item = PathBuf> {
    name(variables).into_iter().flat_map(|name| parents(variables).map(move |parent| parent.join(&name)))
}

/// Returns the name of the job's directory, as component/bootstrap.sh makes it. `None` outside of a job.
fn name(variables: &Variables) -> Option<String> {
    let (id, token) = (variables.get("CI_JOB_ID")?, variables.raw("CI_JOB_TOKEN").filter(|token| !token.is_empty())?);
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{id} {token}").as_bytes());
    let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{PREFIX}{}", &digits[..DIGITS]))
}

/// Returns the job's directory, if there is one.
fn existing(variables: &Variables) -> Option<PathBuf> {
    candidates(variables).find(|path| fs::symlink_metadata(path).is_ok_and(|it| is_private(&it)))
}

/// Returns the job's directory, and makes it if there is none. `None` outside of a job, or if no parent takes it.
fn directory(variables: &Variables) -> Option<PathBuf> {
    let make = |path: &PathBuf| DirBuilder::new().mode(0o700).create(path).is_ok();
    existing(variables).or_else(|| candidates(variables).find(make))
}

/// Returns whether it is a directory of the user who runs this, and only that user may enter it.
fn is_private(metadata: &Metadata) -> bool {
    metadata.is_dir() && is_ours(metadata) && metadata.mode() & 0o777 == 0o700
}

fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use tempfile::TempDir;

    use super::*;

    /// Returns a directory for one test, and a job with its state there.
    fn job() -> (TempDir, Variables) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("shop.tmp")).unwrap();
        let checkout = root.join("shop").display().to_string();
        let variables = [
            ("CI_JOB_ID", "711002"),
            ("CI_JOB_TOKEN", "not-a-real-token"),
            ("CI_PROJECT_DIR", &checkout),
            ("TMPDIR", root.to_str().unwrap()),
        ];
        let variables = variables.into_iter().collect();
        (directory, variables)
    }

    /// printf "711002 not-a-real-token" | sha256sum
    const NAME: &str = "pipeline-notifier-65ae3cd80389331f";

    #[test]
    fn job_state_lies_beside_the_checkout_and_goes_with_the_last_call() {
        let (directory, job) = job();
        let root = directory.path();
        save(&job, "started", b"1").unwrap();
        save(&job, "started", b"2").unwrap();
        let state = root.join("shop.tmp").join(NAME);
        assert_eq!(fs::read(state.join("started")).unwrap(), b"2");
        assert_eq!(fs::metadata(&state).unwrap().mode() & 0o777, 0o700);
        assert_eq!(load(&job, "started", 9).unwrap(), b"2");
        assert_eq!(load(&job, "started", 0), None);
        clear(&job);
        assert!(!state.exists() && !root.join("shop").exists());
    }

    #[test]
    fn files_of_others_are_neither_read_nor_written() {
        let (directory, job) = job();
        let root = directory.path();
        let (mine, elsewhere) = (root.join("shop.tmp").join(NAME), root.join("elsewhere"));
        fs::create_dir_all(&elsewhere).unwrap();
        fs::write(elsewhere.join("started"), "forged").unwrap();
        // The next parent is used if our directory is a link, or if others may enter it.
        symlink(&elsewhere, &mine).unwrap();
        assert_eq!(load(&job, "started", 9), None);
        save(&job, "started", b"1").unwrap();
        assert_eq!(fs::read(elsewhere.join("started")).unwrap(), b"forged");
        fs::remove_file(&mine).unwrap();
        fs::create_dir(&mine).unwrap();
        fs::set_permissions(&mine, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(mine.join("started"), "forged").unwrap();
        assert_eq!(load(&job, "started", 9).unwrap(), b"1");
        // Links inside of it.
        let ours = root.join(NAME);
        symlink(elsewhere.join("started"), ours.join("link")).unwrap();
        assert_eq!(load(&job, "link", 9), None);
        save(&job, "link", b"1").unwrap();
        assert_eq!(fs::read(elsewhere.join("started")).unwrap(), b"forged");
    }

    #[test]
    fn leftovers_of_a_day_ago_are_removed() {
        let (directory, job) = job();
        let root = directory.path();
        let of = |digits: &str| root.join("shop.tmp").join(format!("{PREFIX}{digits}"));
        let (old, new) = (of("000000000000000a"), of("000000000000000b"));
        let (foreign, other) = (of("000000000000000x"), of("000000000000000c"));
        for directory in [&old, &new, &foreign, &other] {
            DirBuilder::new().mode(0o700).create(directory).unwrap();
        }
        let yesterday = SystemTime::now() - LIFETIME - Duration::from_mins(1);
        for directory in [&old, &foreign, &other] {
            File::open(directory).unwrap().set_modified(yesterday).unwrap();
        }
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
        // Somebody else's tree costs no time, and stays.
        fs::create_dir_all(new.join("deep/tree")).unwrap();
        File::open(&new).unwrap().set_modified(yesterday).unwrap();
        clear(&job);
        assert!(!old.exists() && new.exists() && foreign.exists() && other.exists());
    }

    #[test]
    fn a_directory_for_temporary_files_in_the_checkout_is_not_used() {
        let (directory, _) = job();
        let checkout = directory.path().join("shop");
        fs::create_dir_all(checkout.join("tmp")).unwrap();
        let (project, temporary) = (checkout.display().to_string(), checkout.join("tmp").display().to_string());
        let job = [("CI_PROJECT_DIR", project.as_str()), ("TMPDIR", &temporary)].into_iter().collect();
        let parents: Vec<PathBuf> = parents(&job).collect();
        assert_eq!(parents[1..], [PathBuf::from("/tmp")]);
    }

    #[test]
    fn nothing_is_saved_outside_a_job() {
        assert!(save(&Variables::default(), "started", b"1").is_err());
        // A name that others can know is no proof of anything.
        let without_token: Variables = [("CI_JOB_ID", "7"), ("CI_PROJECT_DIR", "/nonexistent")].into_iter().collect();
        assert!(save(&without_token, "started", b"1").is_err());
    }
}
