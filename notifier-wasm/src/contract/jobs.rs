//! The jobs of a pipeline that did not succeed, as GitLab's API names them.

use serde_json::{Map, Value};

use crate::Error;
use crate::contract::fields::{flag, objects, optional_integer, optional_string, string};

/// What is known of them.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// Those that failed for good, trigger jobs among them; `None` where GitLab could not be asked.
    pub(crate) failed: Option<Vec<Job>>,
    /// Whether more have failed than those.
    pub(crate) more_failed: bool,
    /// Those that neither failed nor succeeded: canceled ones, and those that somebody or something is waited for.
    pub(crate) other: Vec<Job>,
    /// Whether every job that is in neither list succeeded, or was skipped.
    pub(crate) all_known: bool,
}

/// A job that did not succeed (<https://docs.gitlab.com/api/jobs/#list-pipeline-jobs>).
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    pub(crate) stage: String,
    /// In GitLab's own word.
    pub(crate) status: String,
    pub(crate) web_url: String,
    /// Why it failed, in GitLab's own word; empty where that is not known.
    pub(crate) failure_reason: String,
    /// Of a trigger job: the page of the pipeline that it started.
    pub(crate) downstream_url: Option<String>,
    /// Whether it is a trigger job, which has no script and no hooks.
    pub(crate) is_trigger: bool,
    /// What it deploys to, by GitLab's name and slug, where that is known.
    pub(crate) environment: Option<String>,
    pub(crate) environment_slug: Option<String>,
}

impl Jobs {
    #[inline(never)]
    pub(crate) fn of(fields: &mut Map<String, Value>) -> Result<Self, Error> {
        let mut list = |name| -> Result<Option<Vec<Job>>, Error> {
            objects(fields, name)?.map(|jobs| jobs.into_iter().map(Job::of).collect()).transpose()
        };
        Ok(Self {
            failed: list("failed_jobs")?,
            other: list("other_jobs")?.unwrap_or_default(),
            more_failed: flag(fields, "more_failed_jobs")?,
            all_known: flag(fields, "all_jobs_known")?,
        })
    }
}

impl Job {
    /// Whether it stops an environment, as its name says: GitLab's API does not
    /// (<https://docs.gitlab.com/ci/environments/#stopping-an-environment>).
    pub(crate) fn stops(&self) -> bool {
        self.name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.eq_ignore_ascii_case("stop"))
    }

    fn of(mut fields: Map<String, Value>) -> Result<Self, Error> {
        Ok(Self {
            name: string(&mut fields, "name")?,
            id: optional_integer(&mut fields, "id")?,
            stage: optional_string(&mut fields, "stage")?.unwrap_or_default(),
            status: optional_string(&mut fields, "status")?.unwrap_or_default(),
            web_url: optional_string(&mut fields, "web_url")?.unwrap_or_default(),
            failure_reason: optional_string(&mut fields, "failure_reason")?.unwrap_or_default(),
            downstream_url: optional_string(&mut fields, "downstream_url")?,
            is_trigger: flag(&mut fields, "trigger")?,
            environment: optional_string(&mut fields, "environment")?,
            environment_slug: optional_string(&mut fields, "environment_slug")?,
        })
    }
}
