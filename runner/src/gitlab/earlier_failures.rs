//! The jobs that failed in an earlier pipeline of the ref (<https://docs.gitlab.com/api/jobs/#list-pipeline-jobs>).

use super::api::{Api, PAGE};
use super::jobs::{self, Commit, Listed, MAX_NAME};
use super::unknown::Unknown;

const FAILED: &str = "scope%5B%5D=failed&";

/// The size limit of all names, in bytes. More jobs than that count as unknown.
const MAX_NAMES: usize = 16 << 10;

/// The failed jobs of a pipeline.
pub(crate) struct EarlierFailures {
    /// Their full names, without those of jobs that may fail. `None` if not all of them are known.
    pub(crate) names: Option<Vec<String>>,
    pub(crate) commit: Option<EarlierCommit>,
}

/// The commit of that pipeline. A missing text is empty.
#[derive(Default)]
pub(crate) struct EarlierCommit {
    /// The full SHA.
    pub(crate) sha: String,
    pub(crate) title: String,
    pub(crate) author: String,
}

/// Reads the jobs that failed in a pipeline: the latest attempt of each. The trigger jobs take a second request.
pub(crate) fn of_pipeline(api: &Api, pipeline: i64, with_trigger_jobs: bool) -> Result<EarlierFailures, Unknown> {
    let path = format!("pipelines/{pipeline}/jobs?{FAILED}per_page={PAGE}");
    let page = api.ask(|asker| asker.list::<Listed>(&path))?;
    let (mut jobs, mut are_all) = (page.entries, !page.has_next);
    // A token that may not see a pipeline's jobs gets an empty list.
    if with_trigger_jobs || jobs.is_empty() {
        match jobs::trigger_jobs(api, pipeline, FAILED) {
            Ok(page) => {
                are_all &= !page.has_next;
                jobs.extend(page.entries);
            }
            Err(_) => are_all = false,
        }
    }
    let commit = jobs.iter_mut().find_map(|job| job.commit.take()).map(|Commit { id, title, author_name }| {
        let author = author_name.0;
        EarlierCommit { sha: id.0, title: title.0, author }
    });
    let failed = jobs.into_iter().filter(|job| job.status.0 == "failed" && job.allow_failure != Some(true));
    let names: Vec<String> = failed.map(|job| job.name.0.chars().take(MAX_NAME).collect()).collect();
    let is_known = are_all
        && !names.is_empty()
        && !names.contains(&String::new())
        && names.iter().map(String::len).sum::<usize>() <= MAX_NAMES;
    Ok(EarlierFailures { names: is_known.then_some(names), commit })
}
