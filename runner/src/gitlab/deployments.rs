//! Earlier deployments (<https://docs.gitlab.com/api/deployments/>).

use serde::Deserialize;

use super::api::Api;
use super::text::Text;
use super::unknown::Unknown;
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

/// A deployment in a list.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) sha: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) created_at: Text,
    #[serde(default)]
    pub(super) updated_at: Text,
    #[serde(default)]
    environment: Option<Environment>,
    #[serde(default)]
    deployable: Option<Deployable>,
}

#[derive(Deserialize)]
struct Environment {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    slug: Text,
}

/// The job of a deployment.
#[derive(Deserialize)]
struct Deployable {
    id: i64,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    finished_at: Text,
    #[serde(default)]
    pipeline: Option<Pipeline>,
}

#[derive(Deserialize)]
struct Pipeline {
    id: i64,
}

impl Listed {
    /// Returns the ID of its pipeline; `None` if no job made it.
    pub(super) fn pipeline(&self) -> Option<i64> {
        self.deployable.as_ref()?.pipeline.as_ref().map(|it| it.id)
    }

    /// Returns the name of its environment.
    pub(super) fn environment(&self) -> Option<&str> {
        self.environment.as_ref().map(|it| it.name.0.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns the time at which its job ended, as GitLab writes it.
    pub(super) fn finished_at(&self) -> Option<&str> {
        self.deployable.as_ref().map(|it| it.finished_at.0.as_str())
    }
}

/// True for a review environment (<https://docs.gitlab.com/ci/environments/#group-similar-environments>).
pub(crate) fn is_review(environment: &str) -> bool {
    environment.starts_with("review/")
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
    let is_part =
        |it: &Listed| it.pipeline() == Some(api.pipeline) && it.deployable.as_ref().is_some_and(|it| it.name.0 != job);
    let is_before = |it: &Listed| {
        // If ours is not in the list, the jobs' IDs decide the order.
        let is_older = match (ours, &it.deployable) {
            (Some(ours), _) => it.id < ours,
            (None, Some(of)) => of.id < api.job,
            (None, None) => true,
        };
        it.status.0 == "success" && !is_ours(it) && !is_part(it) && is_older
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
    Ok(found.map_or(Last::Never, |it| Last::Of { pipeline: it.pipeline(), sha: it.sha.0 }))
}

/// A deployment of a job.
pub(crate) struct OfJob {
    pub(crate) job: i64,
    /// The name of its environment.
    pub(crate) environment: String,
    /// Its slug, as links have it.
    pub(crate) environment_slug: Option<String>,
    /// True if it waits for approval (<https://docs.gitlab.com/api/deployments/#deployment-status>).
    pub(crate) is_blocked: bool,
}

/// Returns the last deployments that jobs made.
pub(crate) fn of_jobs(api: &Api) -> Result<Vec<OfJob>, Unknown> {
    let path = format!("deployments?order_by=id&sort=desc&per_page={DEPTH_OF_ALL}");
    let listed = api.ask(|asker| asker.list::<Listed>(&path))?.entries;
    let of_job = |it: Listed| {
        let Environment { name: Text(environment), slug: Text(slug) } = it.environment?;
        let environment_slug = Some(slug).filter(|it| !it.is_empty());
        let is_blocked = it.status.0 == "blocked";
        let of_job = OfJob { job: it.deployable?.id, environment, environment_slug, is_blocked };
        Some(of_job).filter(|it| !it.environment.is_empty())
    };
    Ok(listed.into_iter().filter_map(of_job).collect())
}
