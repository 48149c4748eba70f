//! What earlier steps of a job leave in the project directory: the only thing that a job's `before_script` and its
//! `after_script` share.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::secret::Redactor;
use crate::variables::Variables;

/// The directory of our own in the project directory.
const DIRECTORY: &str = ".pipeline-notifier";

/// The most that is read of a file of the job, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// Keeps when the deployment of this job started, in seconds since 1970. Without it the job's own start stands in, so
/// a directory that cannot be written is no fault.
pub(crate) fn keep_deploy_start(variables: &Variables, now: i64) {
    if let Some(path) = deploy_start_file(variables) {
        let _ = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, now.to_string()));
    }
}

/// The context's `history`.
pub(crate) fn read_history(variables: &Variables, redactor: &Redactor) -> Map<String, Value> {
    let mut history = Map::new();
    let started = deploy_start_file(variables).and_then(|path| read(&path).ok()?.trim().parse::<i64>().ok());
    if let Some(started) = started {
        history.insert("deploy_started_at".to_owned(), started.into());
    }
    let url = read(&project_directory(variables).join("environment_url.txt")).ok();
    let url = url.as_deref().and_then(|text| text.lines().next()).map(str::trim).filter(|line| !line.is_empty());
    if let Some(url) = url {
        history.insert("environment_url".to_owned(), redactor.redact(url).into());
    }
    history
}

/// One file a job: a retried job is another job, and has another number.
fn deploy_start_file(variables: &Variables) -> Option<PathBuf> {
    let job = variables.get("CI_JOB_ID").filter(|id| id.bytes().all(|digit| digit.is_ascii_digit()))?;
    Some(project_directory(variables).join(DIRECTORY).join(format!("deploy-started-{job}")))
}

fn project_directory(variables: &Variables) -> PathBuf {
    variables.get("CI_PROJECT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Reads a small text file; anything but a regular file is refused, so that nothing can hang.
pub(crate) fn read(path: &Path) -> std::io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
