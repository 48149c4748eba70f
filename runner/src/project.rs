//! The project directory of a job: the only thing that its `before_script` and its `after_script` share.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::variables::Variables;

/// The directory of our own in the project directory.
const OURS: &str = ".pipeline-notifier";

/// The most that is read of a file of the job, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// `CI_PROJECT_DIR`, or where we are.
pub(crate) fn directory(variables: &Variables) -> PathBuf {
    variables.get("CI_PROJECT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Where a file of our own is kept.
pub(crate) fn kept(variables: &Variables, name: &str) -> PathBuf {
    directory(variables).join(OURS).join(name)
}

/// Keeps a file of our own, in a directory that git overlooks, so that it is no change of the consumer's repository. The project
/// directory itself is not ours to make.
pub(crate) fn keep(variables: &Variables, name: &str, contents: &[u8]) -> std::io::Result<()> {
    let directory = directory(variables);
    if !directory.is_dir() {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    let ours = directory.join(OURS);
    let path = ours.join(name);
    fs::create_dir_all(path.parent().unwrap_or(&ours))?;
    let ignore = ours.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n")?;
    }
    fs::write(path, contents)
}

/// Reads a small text file of the job.
pub(crate) fn read(path: &Path) -> std::io::Result<String> {
    Ok(String::from_utf8_lossy(&read_at_most(path, MAX_FILE)?).into_owned())
}

/// Reads a file up to a size. Anything but a regular file is refused before it is opened: opening a pipe waits for its
/// writer.
pub(crate) fn read_at_most(path: &Path, max: u64) -> std::io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_directory_that_is_not_there_is_not_made() {
        let missing = std::env::temp_dir().join(format!("no-project-{}", std::process::id()));
        let variables = [("CI_PROJECT_DIR", missing.to_str().unwrap())].into_iter().collect();
        assert!(keep(&variables, "undelivered/x", b"x").is_err());
        assert!(!missing.exists());
    }
}
