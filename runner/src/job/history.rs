//! What earlier steps of a job leave behind for later ones.

use serde_json::{Map, Value};

use crate::job::checkout::read_checked_out;
use crate::job::kept;
use crate::variables::Variables;

/// When the deployment of a job started, in seconds since 1970, and the most that is read of it.
const STARTED: &str = "deploy-started";
const MAX_STARTED: u64 = 20;

/// Keeps when the deployment of this job started. Without it the job's own start stands in, so a directory that cannot
/// be written is no fault.
pub(crate) fn keep_deploy_start(variables: &Variables, now: i64) {
    let _ = kept::keep(variables, STARTED, now.to_string().as_bytes());
}

/// The context's `history`.
pub(crate) fn read_history(variables: &Variables) -> Map<String, Value> {
    let mut history = Map::new();
    let started = kept::kept(variables, STARTED, MAX_STARTED).and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(started) = started.and_then(|text| text.trim().parse::<i64>().ok()) {
        history.insert("deploy_started_at".to_owned(), started.into());
    }
    let url = read_checked_out(variables, "environment_url.txt").ok();
    let url = url.as_deref().and_then(|text| text.lines().next()).map(str::trim).filter(|line| !line.is_empty());
    if let Some(url) = url {
        history.insert("environment_url".to_owned(), url.into());
    }
    history
}
