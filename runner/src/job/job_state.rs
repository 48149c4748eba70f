//! What the calls of one job keep for each other: beside the checkout, and never in it.
//!
//! The directory is named for the job's ID, may be entered by this job's user alone, and lies below `$CI_PROJECT_DIR.tmp`, where
//! GitLab Runner itself keeps a job's files
//! (<https://docs.gitlab.com/ci/variables/#use-file-type-cicd-variables>), else below `TMPDIR` or `/tmp`. The component's
//! script finds it by the same rule. Whatever cannot be kept is done once more by the next call.

use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files;
use crate::variables::Variables;

/// What the names of our directories begin with; the job's ID follows.
const PREFIX: &str = "pipeline-notifier-";

/// What a job left behind is removed after this by any later job that finds it.
const LIFETIME: Duration = Duration::from_hours(24);

/// How many names of a directory that we share with others are looked at.
const MAX_NAMES: usize = 500;

/// Keeps a file for the job's later calls.
pub(crate) fn save(variables: &Variables, name: &str, contents: &[u8]) -> io::Result<()> {
    files::replace(&directory(variables).ok_or(io::ErrorKind::NotFound)?.join(name), 0o600, contents)
}

/// What an earlier call of the job kept, up to a size in bytes.
pub(crate) fn load(variables: &Variables, name: &str, max: u64) -> Option<Vec<u8>> {
    let (file, metadata) = files::open_unlinked(&existing(variables)?.join(name)).ok()?;
    let mut bytes = Vec::new();
    let is_read = is_ours(&metadata) && metadata.len() <= max && file.take(max).read_to_end(&mut bytes).is_ok();
    is_read.then_some(bytes)
}

/// Removes what this job kept, and what jobs of ours that ended long ago could not remove.
pub(crate) fn clear(variables: &Variables) {
    for directory in candidates(variables).filter(|path| fs::symlink_metadata(path).is_ok_and(|it| is_private(&it))) {
        let _ = fs::remove_dir_all(directory);
    }
    for place in places(variables) {
        let Ok(entries) = fs::read_dir(place) else { continue };
        for entry in entries.take(MAX_NAMES).flatten() {
            let number = entry.file_name().to_str().and_then(|name| Some(is_number(name.strip_prefix(PREFIX)?)));
            if number == Some(true) && is_left_over(&entry.path()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn is_left_over(path: &Path) -> bool {
    let Some(metadata) = fs::symlink_metadata(path).ok().filter(is_private) else { return false };
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    SystemTime::now().duration_since(modified).is_ok_and(|age| age > LIFETIME)
}

/// The directories that ours may be in, best first, as the component's script takes them.
fn places(variables: &Variables) -> impl Iterator<Item = PathBuf> {
    let checkout = variables.get("CI_PROJECT_DIR").map(|checkout| checkout.trim_end_matches('/'));
    let of_runner = checkout.filter(|it| it.starts_with('/')).map(|checkout| format!("{checkout}.tmp"));
    let is_taken = |it: &&str| it.starts_with('/') && !it.contains(':') && !is_in_checkout(variables, it);
    let of_machine = variables.get("TMPDIR").filter(is_taken).map(str::to_owned);
    of_runner.into_iter().chain(of_machine).chain(["/tmp".to_owned()]).map(PathBuf::from)
}

fn is_in_checkout(variables: &Variables, place: &str) -> bool {
    let real = |path: &str| fs::canonicalize(path).ok();
    real(place)
        .zip(variables.get("CI_PROJECT_DIR").and_then(real))
        .is_some_and(|(it, checkout)| it.starts_with(checkout))
}

/// The names by which ours may stand in those places.
fn candidates(variables: &Variables) -> impl Iterator<Item = PathBuf> {
    let name = variables.get("CI_JOB_ID").filter(|id| is_number(id)).map(|id| format!("{PREFIX}{id}"));
    name.into_iter().flat_map(|name| places(variables).map(move |place| place.join(&name)))
}

/// The job's directory, where there is one.
fn existing(variables: &Variables) -> Option<PathBuf> {
    candidates(variables).find(|path| fs::symlink_metadata(path).is_ok_and(|it| is_private(&it)))
}

/// The job's directory, made where there is none; `None` outside of a job, and where no place takes it.
fn directory(variables: &Variables) -> Option<PathBuf> {
    let make = |path: &PathBuf| DirBuilder::new().mode(0o700).create(path).is_ok();
    existing(variables).or_else(|| candidates(variables).find(make))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether it is a directory that its owner alone may enter, and the owner is who runs this.
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

    /// A place of a test's own, and a job that keeps its files there.
    fn job() -> (TempDir, Variables) {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path();
        fs::create_dir_all(place.join("shop.tmp")).unwrap();
        let checkout = place.join("shop").display().to_string();
        let variables = [("CI_JOB_ID", "711002"), ("CI_PROJECT_DIR", &checkout), ("TMPDIR", place.to_str().unwrap())];
        let variables = variables.into_iter().collect();
        (directory, variables)
    }

    #[test]
    fn what_is_kept_lies_beside_the_checkout_and_goes_with_the_last_call() {
        let (directory, job) = job();
        let place = directory.path();
        save(&job, "started", b"1").unwrap();
        save(&job, "started", b"2").unwrap();
        let kept_in = place.join("shop.tmp/pipeline-notifier-711002");
        assert_eq!(fs::read(kept_in.join("started")).unwrap(), b"2");
        assert_eq!(fs::metadata(&kept_in).unwrap().mode() & 0o777, 0o700);
        assert_eq!(load(&job, "started", 9).unwrap(), b"2");
        assert_eq!(load(&job, "started", 0), None);
        clear(&job);
        assert!(!kept_in.exists() && !place.join("shop").exists());
    }

    #[test]
    fn what_is_not_ours_is_neither_read_nor_written() {
        let (directory, job) = job();
        let place = directory.path();
        let (mine, elsewhere) = (place.join("shop.tmp/pipeline-notifier-711002"), place.join("elsewhere"));
        fs::create_dir_all(&elsewhere).unwrap();
        fs::write(elsewhere.join("started"), "forged").unwrap();
        // A link in our directory's place, and a directory that others may enter: the next place is taken.
        symlink(&elsewhere, &mine).unwrap();
        assert_eq!(load(&job, "started", 9), None);
        save(&job, "started", b"1").unwrap();
        assert_eq!(fs::read(elsewhere.join("started")).unwrap(), b"forged");
        fs::remove_file(&mine).unwrap();
        fs::create_dir(&mine).unwrap();
        fs::set_permissions(&mine, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(mine.join("started"), "forged").unwrap();
        assert_eq!(load(&job, "started", 9).unwrap(), b"1");
        // Links and pipes inside of it.
        let ours = place.join("pipeline-notifier-711002");
        symlink(elsewhere.join("started"), ours.join("link")).unwrap();
        assert_eq!(load(&job, "link", 9), None);
        save(&job, "link", b"1").unwrap();
        assert_eq!(fs::read(elsewhere.join("started")).unwrap(), b"forged");
    }

    #[test]
    fn what_jobs_left_behind_a_day_ago_is_removed() {
        let (directory, job) = job();
        let place = directory.path();
        let (old, new) = (place.join("shop.tmp/pipeline-notifier-1"), place.join("shop.tmp/pipeline-notifier-2"));
        let (foreign, other) = (place.join("shop.tmp/pipeline-notifier-x"), place.join("shop.tmp/pipeline-notifier-3"));
        for directory in [&old, &new, &foreign, &other] {
            DirBuilder::new().mode(0o700).create(directory).unwrap();
        }
        let yesterday = SystemTime::now() - LIFETIME - Duration::from_mins(1);
        for directory in [&old, &foreign, &other] {
            File::open(directory).unwrap().set_modified(yesterday).unwrap();
        }
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
        clear(&job);
        assert!(!old.exists() && new.exists() && foreign.exists() && other.exists());
    }

    #[test]
    fn a_directory_for_temporary_files_in_the_checkout_is_not_used() {
        let (directory, _) = job();
        let checkout = directory.path().join("shop");
        fs::create_dir_all(checkout.join("tmp")).unwrap();
        let (project, temporary) = (checkout.display().to_string(), checkout.join("tmp").display().to_string());
        let job = [("CI_JOB_ID", "711002"), ("CI_PROJECT_DIR", project.as_str()), ("TMPDIR", &temporary)]
            .into_iter()
            .collect();
        let places: Vec<PathBuf> = places(&job).collect();
        assert_eq!(places[1..], [PathBuf::from("/tmp")]);
    }

    #[test]
    fn outside_of_a_job_nothing_is_kept() {
        assert!(save(&Variables::default(), "started", b"1").is_err());
        let odd: Variables = [("CI_JOB_ID", "../7"), ("CI_PROJECT_DIR", "/nonexistent")].into_iter().collect();
        assert!(save(&odd, "started", b"1").is_err());
    }
}
