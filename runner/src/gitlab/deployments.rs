//! Earlier deployments (<https://docs.gitlab.com/api/deployments/>).

use serde::Deserialize;

use super::api::{Api, Unknown};
use crate::net::secret::percent_encoded;

/// The number of deployments to read, of one environment and of all.
const DEPTH: usize = 20;
const DEPTH_OF_ALL: usize = 100;

/// The last successful deployment of an environment before this job's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// There was none.
    Never,
    Of {
        /// The full SHA of the commit.
        sha: String,
        /// Its pipeline; `None` if no job made the deployment.
        pipeline: Option<i64>,
    },
}

#[derive(Deserialize)]
struct Listed {
    id: i64,
    #[serde(default)]
    sha: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    environment: Option<Environment>,
    #[serde(default)]
    deployable: Option<Deployable>,
}

/// An environment as GitLab names it.
#[derive(Clone, Deserialize)]
pub(crate) struct Environment {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) slug: Option<String>,
}

#[derive(Deserialize)]
struct Deployable {
    id: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    pipeline: Option<Pipeline>,
}

#[derive(Deserialize)]
struct Pipeline {
    id: i64,
}

/// Finds the last deployment by ID: the dates are those of their ends. This job's own is among them, and still running
/// (gitlab-org/gitlab, `app/models/deployment.rb`, `previous_deployment`). A deployment by another job of the same pipeline, a canary or
/// a part of a rollout, is the same deployment.
pub(crate) fn last(api: &Api, environment: &str, job: &str) -> Result<Last, Unknown> {
    let path = |status: &str| {
        let name = percent_encoded(environment);
        format!("deployments?environment={name}{status}&order_by=id&sort=desc&per_page={DEPTH}")
    };
    let is_ours = |it: &Listed| it.deployable.as_ref().is_some_and(|job| job.id == api.job);
    let listed = api.ask(|asker| asker.list::<Listed>(&path("")))?.entries;
    let ours = listed.iter().find(|it| is_ours(it)).map(|it| it.id);
    let is_part = |it: &Listed| {
        let of = it.deployable.as_ref();
        of.is_some_and(|it| it.name != job && it.pipeline.as_ref().is_some_and(|pipeline| pipeline.id == api.pipeline))
    };
    let is_before = |it: &Listed| {
        // If ours is not in the list, the jobs' IDs decide the order.
        let is_older = match (ours, &it.deployable) {
            (Some(ours), _) => it.id < ours,
            (None, Some(of)) => of.id < api.job,
            (None, None) => true,
        };
        it.status == "success" && !is_ours(it) && !is_part(it) && is_older
    };
    let is_end = listed.len() < DEPTH;
    if ours.is_none() && !is_end {
        // The deployments before ours are unknown.
        return Err(Unknown::NotListed);
    }
    let found = match listed.into_iter().find(is_before) {
        None if !is_end => {
            let succeeded = api.ask(|asker| asker.list::<Listed>(&path("&status=success")))?.entries;
            let is_end = succeeded.len() < DEPTH;
            let found = succeeded.into_iter().find(is_before);
            if found.is_none() && !is_end {
                return Err(Unknown::NotListed);
            }
            found
        }
        found => found,
    };
    Ok(found.map_or(Last::Never, |it| Last::Of {
        sha: it.sha,
        pipeline: it.deployable.and_then(|job| job.pipeline).map(|pipeline| pipeline.id),
    }))
}

/// A deployment of a job.
pub(crate) struct OfJob {
    pub(crate) job: i64,
    pub(crate) environment: Environment,
    /// True if it waits for approval (<https://docs.gitlab.com/api/deployments/#deployment-status>).
    pub(crate) is_blocked: bool,
}

/// Returns the last deployments that jobs made.
pub(crate) fn of_jobs(api: &Api) -> Result<Vec<OfJob>, Unknown> {
    let path = format!("deployments?order_by=id&sort=desc&per_page={DEPTH_OF_ALL}");
    let listed = api.ask(|asker| asker.list::<Listed>(&path))?.entries;
    let of_job = |it: Listed| {
        let is_blocked = it.status == "blocked";
        Some(OfJob { job: it.deployable?.id, environment: it.environment?, is_blocked })
    };
    Ok(listed.into_iter().filter_map(of_job).collect())
}
