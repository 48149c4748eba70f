//! The jobs of a pipeline, trigger jobs included (<https://docs.gitlab.com/api/jobs/>).

use serde::{Deserialize, Serialize};

use super::api::{Api, Asker, PAGE, Page};
use super::text::{MAX_TEXT, Text};
use super::unknown::Unknown;

/// The statuses that matter for a pipeline's end: all except success and skipped. A job is skipped only because of other
/// jobs (gitlab-org/gitlab, `app/models/concerns/ci/has_status.rb`).
const STATUSES: [&str; 11] = [
    "failed",
    "canceled",
    "canceling",
    "manual",
    "running",
    "pending",
    "created",
    "preparing",
    "scheduled",
    "waiting_for_resource",
    "waiting_for_callback",
];

/// The statuses of jobs that wait, and of the job that asks.
const WAITING: [&str; 4] = ["manual", "scheduled", "waiting_for_resource", "running"];

/// The most jobs to keep in each list if a message has no room for all.
const MAX_NAMED: usize = 30;

/// The number of pages to read of a list.
const PAGES: usize = 2;

/// The length limit of a name, in characters, as in GitLab's own column.
pub(super) const MAX_NAME: usize = 255;

const UNFINISHED: [&str; 7] =
    ["created", "pending", "preparing", "running", "scheduled", "waiting_for_callback", "waiting_for_resource"];

/// A job that did not succeed, as the context names it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) stage: String,
    /// GitLab's own word.
    pub(crate) status: String,
    pub(crate) web_url: String,
    /// The reason of the failure, in GitLab's own word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) failure_reason: String,
    /// The page of the pipeline that a trigger job started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) downstream_url: Option<String>,
    /// True for a trigger job, which has no script and no hooks.
    #[serde(rename = "trigger", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_trigger: bool,
    /// The environment that it deploys to, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment_slug: Option<String>,
    /// True if its deployment waits for approval.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) needs_approval: bool,
}

/// The jobs of a pipeline that did not succeed: the latest attempt of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    /// The jobs that failed, except those that may fail.
    pub(crate) failed: Vec<Job>,
    /// The canceled, manual and unfinished jobs. Unfinished jobs of `.post` and an unfinished start job are left out.
    pub(crate) other: Vec<Job>,
    /// The manual jobs that may be left alone. Nothing waits for them.
    pub(crate) optional: Vec<Job>,
    /// The IDs of jobs that may fail and did not succeed.
    pub(crate) allowed: Vec<i64>,
    /// True if jobs are missing, because they were not read or had no room.
    pub(crate) are_cut: bool,
    /// The reason for missing trigger jobs; `None` if GitLab listed them.
    pub(crate) without_triggers: Option<Unknown>,
}

impl Jobs {
    /// Cuts the lists to the number of jobs that a message can name.
    pub(crate) fn cut(&mut self) {
        self.are_cut |= self.failed.len() > MAX_NAMED || self.other.len() > MAX_NAMED;
        self.failed.truncate(MAX_NAMED);
        self.other.truncate(MAX_NAMED);
        self.optional.truncate(MAX_NAMED);
    }

    /// Returns true if no list was cut and the trigger jobs are known.
    pub(crate) fn are_all(&self) -> bool {
        self.without_triggers.is_none() && !self.are_cut
    }
}

/// A job of an answer.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) id: i64,
    pub(super) name: Text,
    #[serde(default)]
    pub(super) stage: Text,
    #[serde(default)]
    web_url: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    failure_reason: Text,
    #[serde(default)]
    pub(super) allow_failure: Option<bool>,
    #[serde(default)]
    downstream_pipeline: Option<Downstream>,
    #[serde(default)]
    pub(super) commit: Option<Commit>,
}

/// The commit of a job's pipeline.
#[derive(Deserialize)]
pub(super) struct Commit {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    pub(super) title: Text,
    #[serde(default)]
    pub(super) author_name: Text,
}

#[derive(Deserialize)]
struct Downstream {
    #[serde(default)]
    web_url: Text,
}

impl From<Listed> for Job {
    fn from(listed: Listed) -> Self {
        let name = |Text(name)| name.chars().take(MAX_NAME).collect();
        let address = |Text(url)| Some(url).filter(|url: &String| !url.is_empty() && url.chars().count() < MAX_TEXT);
        Self {
            id: listed.id,
            name: name(listed.name),
            stage: name(listed.stage),
            status: name(listed.status),
            web_url: address(listed.web_url).unwrap_or_default(),
            failure_reason: name(listed.failure_reason),
            downstream_url: listed.downstream_pipeline.and_then(|it| address(it.web_url)),
            is_trigger: false,
            environment: None,
            environment_slug: None,
            needs_approval: false,
        }
    }
}

/// Returns the jobs of the pipeline that did not succeed.
pub(crate) fn unsuccessful(api: &Api, start_job: &str) -> Result<Jobs, Unknown> {
    // `.post` jobs run last, and the start job runs when a runner is free. The result depends on neither.
    let is_late = |job: &Listed| job.stage.0 == ".post" || job.name.0 == start_job;
    with_status(api, &STATUSES, |job| !(is_late(job) && UNFINISHED.contains(&job.status.0.as_str())))
}

/// Returns the jobs that may wait for somebody or something.
pub(crate) fn waiting(api: &Api) -> Result<Jobs, Unknown> {
    with_status(api, &WAITING, |job| WAITING.contains(&job.status.0.as_str()))
}

/// Returns the jobs with one of several statuses. A token that may not see jobs gets an empty list (gitlab-org/gitlab,
/// `app/finders/ci/jobs_finder.rb`). So the result is unknown if this job, which runs, is missing.
fn with_status(api: &Api, statuses: &[&str], is_wanted: impl Fn(&Listed) -> bool) -> Result<Jobs, Unknown> {
    let scopes: String = statuses.iter().map(|it| format!("scope%5B%5D={it}&")).collect();
    let path = format!("pipelines/{}/jobs?{scopes}per_page={PAGE}", api.pipeline);
    let (listed, are_cut) = api.ask(|asker| with_this_job(asker, &path))?;
    let mut jobs = Jobs { are_cut, ..Jobs::default() };
    let triggers = match trigger_jobs(api, api.pipeline, "") {
        Ok(page) => {
            jobs.are_cut |= page.has_next;
            page.entries
        }
        Err(unknown) => {
            jobs.without_triggers = Some(unknown);
            Vec::new()
        }
    };
    let mut seen = Vec::new();
    let listed = listed.into_iter().map(|job| (job, false)).chain(triggers.into_iter().map(|job| (job, true)));
    for (job, is_trigger) in listed {
        if job.id == api.job || seen.contains(&job.id) {
            continue;
        }
        seen.push(job.id);
        match job.status.0.as_str() {
            "success" | "skipped" => {}
            _ if !is_wanted(&job) => {}
            // A job that may fail is no failure, and an optional manual job is not waited for.
            "manual" if job.allow_failure == Some(true) => jobs.optional.push(job.into()),
            "failed" | "canceled" if job.allow_failure == Some(true) => jobs.allowed.push(job.id),
            "failed" => jobs.failed.push(Job { is_trigger, ..job.into() }),
            _ => jobs.other.push(job.into()),
        }
    }
    // Sorted by creation: GitLab lists the newest first.
    for list in [&mut jobs.failed, &mut jobs.other, &mut jobs.optional] {
        list.sort_by_key(|job| job.id);
    }
    Ok(jobs)
}

/// Reads the trigger jobs of a pipeline. `scope` is a query that ends with `&`, or empty.
pub(super) fn trigger_jobs(api: &Api, pipeline: i64, scope: &str) -> Result<Page<Listed>, Unknown> {
    // GitLab 19.2 names them trigger jobs (https://docs.gitlab.com/api/jobs/#list-pipeline-trigger-jobs).
    let routes: &[&str] = match api.version {
        (major @ 1.., _) if major < 18 => &["bridges"],
        version if version >= (19, 2) => &["trigger_jobs", "bridges"],
        _ => &["bridges", "trigger_jobs"],
    };
    let mut triggers = Err(Unknown::NotListed);
    for route in routes {
        let path = format!("pipelines/{pipeline}/{route}?{scope}per_page={PAGE}");
        triggers = api.ask(|asker| asker.list::<Listed>(&path));
        if triggers.is_ok() {
            break;
        }
    }
    triggers
}

/// Reads up to `PAGES` pages of a job list. Returns its jobs, and true if more pages exist. Fails if this job is missing.
pub(super) fn with_this_job(asker: Asker, path: &str) -> Result<(Vec<Listed>, bool), Unknown> {
    let mut all: Vec<Listed> = Vec::new();
    let mut has_next = true;
    for page in 1..=PAGES {
        let page = asker.list::<Listed>(&format!("{path}&page={page}"))?;
        has_next = page.has_next;
        all.extend(page.entries);
        if !has_next {
            break;
        }
    }
    if all.iter().any(|job| job.id == asker.api.job) { Ok((all, has_next)) } else { Err(Unknown::NotListed) }
}

/// Returns the full names of the pipeline's jobs, trigger jobs included, and true if there are more.
pub(crate) fn names(api: &Api) -> Result<(Vec<String>, bool), Unknown> {
    let path = format!("pipelines/{}/jobs?per_page={PAGE}", api.pipeline);
    let (mut listed, are_cut) = api.ask(|asker| with_this_job(asker, &path))?;
    let triggers = trigger_jobs(api, api.pipeline, "").map_or_else(|_| Vec::new(), |page| page.entries);
    listed.extend(triggers);
    listed.sort_by_key(|job| job.id);
    Ok((listed.into_iter().map(|job| job.name.0).collect(), are_cut))
}

#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_jobs(body: &[u8]) {
    let _ = serde_json::from_slice::<Vec<Listed>>(body);
}
