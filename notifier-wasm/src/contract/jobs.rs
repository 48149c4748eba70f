//! The jobs of a pipeline that did not succeed, as GitLab's API names them.

use crate::contract::fields::Fields;

#[derive(Debug)]
pub(crate) struct Jobs {
    /// The jobs that failed for good, trigger jobs included. `None` if GitLab could not be asked.
    pub(crate) failed: Option<Vec<Job>>,
    /// True if more jobs failed than these.
    pub(crate) more_failed: bool,
    /// The jobs that neither failed nor succeeded: canceled jobs, and jobs that wait for somebody or something.
    pub(crate) other: Vec<Job>,
    /// The manual jobs that may be left alone, if somebody asks what the pipeline waits for.
    pub(crate) optional: Vec<Job>,
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
    /// True if its deployment waits for approval.
    pub(crate) needs_approval: bool,
}

impl Jobs {
    #[inline(never)]
    pub(crate) fn read(fields: &mut Fields) -> Self {
        let mut list = |name| fields.objects(name).map(|jobs| jobs.into_iter().map(Job::read).collect());
        Self {
            failed: list("failed_jobs"),
            other: list("other_jobs").unwrap_or_default(),
            optional: list("optional_jobs").unwrap_or_default(),
            more_failed: fields.flag("more_failed_jobs"),
            all_known: fields.flag("all_jobs_known"),
        }
    }
}

impl Job {
    /// True if the job stops an environment. Its name decides, because GitLab's API does not show it
    /// (<https://docs.gitlab.com/ci/environments/#stopping-an-environment>).
    pub(crate) fn stops(&self) -> bool {
        self.name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.eq_ignore_ascii_case("stop"))
    }

    fn read(mut fields: Fields) -> Self {
        Self {
            name: fields.string("name"),
            id: fields.optional_integer("id"),
            stage: fields.text("stage"),
            status: fields.text("status"),
            web_url: fields.text("web_url"),
            failure_reason: fields.text("failure_reason"),
            downstream_url: fields.optional_string("downstream_url"),
            is_trigger: fields.flag("trigger"),
            environment: fields.optional_string("environment"),
            environment_slug: fields.optional_string("environment_slug"),
            needs_approval: fields.flag("needs_approval"),
        }
    }
}
