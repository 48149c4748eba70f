//! The attempts of a job, and the start job's artifact.

use super::api::{Api, PAGE};
use super::jobs::with_this_job;
use super::unknown::Unknown;

/// This job's attempt and the start job, from the list of all attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// The number of this attempt, from 1; `None` if earlier ones may be on pages that were not read.
    pub(crate) this: Option<i64>,
    /// The pipeline's start job, if it succeeded: its artifact locates the pipeline's message.
    pub(crate) start_job: Option<i64>,
}

/// Reads the list of all attempts, retried jobs included, up to `PAGES` pages.
pub(crate) fn attempts(api: &Api, start_job: &str) -> Result<Attempts, Unknown> {
    let path = format!("pipelines/{}/jobs?include_retried=true&per_page={PAGE}", api.pipeline);
    let (listed, are_cut) = api.ask(|asker| with_this_job(asker, &path))?;
    let own = listed.iter().find(|job| job.id == api.job);
    let before =
        listed.iter().filter(|job| own.is_some_and(|own| own.name.0 == job.name.0) && job.id < api.job).count();
    let ended = listed.iter().filter(|job| job.name.0 == start_job && job.status.0 == "success");
    Ok(Attempts {
        this: (!are_cut).then_some(i64::try_from(before).unwrap_or(0) + 1),
        start_job: ended.map(|job| job.id).max(),
    })
}

/// Returns the beginning of a file in a job's artifacts (<https://docs.gitlab.com/api/job_artifacts/>).
pub(crate) fn artifact(api: &Api, job: i64, path: &str, max: u64) -> Result<Vec<u8>, Unknown> {
    api.ask(|asker| asker.file(&format!("jobs/{job}/artifacts/{path}"), max))
}
