//! The jobs of a pipeline that did not succeed, as GitLab's API names them.

use serde_json::{Map, Value};

use crate::Error;
use crate::contract::fields::{flag, objects, optional_integer, optional_string, string};

#[derive(Debug)]
pub(crate) struct Jobs {
    /// The jobs that failed for good, trigger jobs included. `None` if GitLab could not be asked.
    pub(crate) failed: Option<Vec<Job>>,
    /// True if more jobs failed than these.
    pub(crate) more_failed: bool,
    /// The jobs that neither failed nor succeeded: canceled jobs, and jobs that wait for somebody or something.
    pub(crate) other: Vec<Job>,
    /// True if every job in neither list succeeded or was skipped.
    pub(crate) all_known: bool,
}

/// A job that did not succeed (<https://docs.gitlab.com/api/jobs/#list-pipeline-jobs>).
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    pub(crate) stage: String,
    /// The status, as GitLab spells it.
    pub(crate) status: String,
    pub(crate) web_url: String,
    /// The failure reason, as GitLab spells it. Empty means unknown.
    pub(crate) failure_reason: String,
    /// The page of the pipeline that a trigger job started.
    pub(crate) downstream_url: Option<String>,
    /// True for a trigger job, which has no script and no hooks.
    pub(crate) is_trigger: bool,
    /// The environment that it deploys to, by GitLab's name and slug. `None` means unknown.
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
    /// True if the job stops an environment. Its name decides, because GitLab's API does not show it
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
