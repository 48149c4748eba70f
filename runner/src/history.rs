//! What earlier steps of a job leave behind for later ones.

use serde_json::{Map, Value};

use crate::project::{directory, keep, kept, read};
use crate::variables::Variables;

/// Keeps when the deployment of this job started, in seconds since 1970. Without it the job's own start stands in, so
/// a directory that cannot be written is no fault.
pub(crate) fn keep_deploy_start(variables: &Variables, now: i64) {
    if let Some(name) = deploy_start(variables) {
        let _ = keep(variables, &name, now.to_string().as_bytes());
    }
}

/// The context's `history`.
pub(crate) fn read_history(variables: &Variables) -> Map<String, Value> {
    let mut history = Map::new();
    let started =
        deploy_start(variables).and_then(|name| read(&kept(variables, &name)).ok()?.trim().parse::<i64>().ok());
    if let Some(started) = started {
        history.insert("deploy_started_at".to_owned(), started.into());
    }
    let url = read(&directory(variables).join("environment_url.txt")).ok();
    let url = url.as_deref().and_then(|text| text.lines().next()).map(str::trim).filter(|line| !line.is_empty());
    if let Some(url) = url {
        history.insert("environment_url".to_owned(), url.into());
    }
    history
}

/// One file a job: a retried job is another job, and has another number.
fn deploy_start(variables: &Variables) -> Option<String> {
    let job = variables.get("CI_JOB_ID").filter(|id| id.bytes().all(|digit| digit.is_ascii_digit()))?;
    Some(format!("deploy-started-{job}"))
}
