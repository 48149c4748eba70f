//! The jobs of a pipeline, trigger jobs among them (<https://docs.gitlab.com/api/jobs/>).

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use super::api::{Api, Asker, PAGE, Unknown};

/// The statuses that say something about how a pipeline ended: all but success, and skipped, which follows from others
/// (gitlab-org/gitlab, `app/models/concerns/ci/has_status.rb`).
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

/// How many jobs are left where there is no room for all.
const MAX_NAMED: usize = 30;

/// How many pages of a list are read.
const PAGES: usize = 2;

/// The longest name that is kept, in characters, as long as GitLab's own column; and the longest address, of which nothing is kept
/// where it is longer: a part of it leads elsewhere.
const MAX_NAME: usize = 255;
const MAX_TEXT: usize = 1000;

/// The statuses of jobs that are not over.
const UNFINISHED: [&str; 7] =
    ["created", "pending", "preparing", "running", "scheduled", "waiting_for_callback", "waiting_for_resource"];

/// A job that did not succeed, as the context names it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) stage: String,
    /// In GitLab's word.
    pub(crate) status: String,
    pub(crate) web_url: String,
    /// Why it failed, in GitLab's own word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) failure_reason: String,
    /// Of a trigger job: the page of the pipeline that it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) downstream_url: Option<String>,
    /// Whether it is a trigger job, which has no script and no hooks.
    #[serde(rename = "trigger", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_trigger: bool,
    /// What it deploys to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment_slug: Option<String>,
}

/// The jobs of a pipeline that did not succeed: the latest attempt of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    /// Those that failed and may not.
    pub(crate) failed: Vec<Job>,
    /// Those that neither failed nor succeeded, but for what comes after everything and has not ended.
    pub(crate) other: Vec<Job>,
    /// The IDs of those that may fail and did not succeed.
    pub(crate) allowed: Vec<i64>,
    /// Whether there are more than were read.
    pub(crate) are_cut: bool,
    /// Why there are no trigger jobs among them, where that is not known.
    pub(crate) without_triggers: Option<Unknown>,
}

impl Jobs {
    /// Leaves as many as a message can name.
    pub(crate) fn cut(&mut self) {
        self.are_cut |= self.failed.len() > MAX_NAMED || self.other.len() > MAX_NAMED;
        self.failed.truncate(MAX_NAMED);
        self.other.truncate(MAX_NAMED);
    }

    /// Whether a job that is not here succeeded.
    pub(crate) fn are_all(&self) -> bool {
        self.without_triggers.is_none() && !self.are_cut
    }
}

/// A text of an answer, the beginning of it.
#[derive(Default)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl Visitor<'_> for Bounded {
            type Value = Text;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a text, and nothing of anything else")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.chars().take(MAX_TEXT).collect()))
            }
            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Bounded)
    }
}

/// A job of an answer.
#[derive(Deserialize)]
struct Listed {
    id: i64,
    name: Text,
    #[serde(default)]
    stage: Text,
    #[serde(default)]
    web_url: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    failure_reason: Text,
    #[serde(default)]
    allow_failure: Option<bool>,
    #[serde(default)]
    downstream_pipeline: Option<Downstream>,
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
        }
    }
}

/// Which jobs of the pipeline did not succeed. GitLab answers with an empty list where a token may see a pipeline and not its jobs
/// (gitlab-org/gitlab, `app/finders/ci/jobs_finder.rb`), so that a list without the job that asks says nothing.
pub(crate) fn unsuccessful(api: &Api, start_job: &str, version: (u32, u32)) -> Result<Jobs, Unknown> {
    let scopes: String = STATUSES.iter().map(|it| format!("scope%5B%5D={it}&")).collect();
    let path = format!("pipelines/{}/jobs?{scopes}per_page={PAGE}", api.pipeline);
    let (listed, are_cut) = api.ask(|asker| with_this_job(asker, &path))?;
    // GitLab 19.2 calls them trigger jobs (https://docs.gitlab.com/api/jobs/#list-pipeline-trigger-jobs).
    let routes: &[&str] = match version {
        (major @ 1.., _) if major < 18 => &["bridges"],
        version if version >= (19, 2) => &["trigger_jobs", "bridges"],
        _ => &["bridges", "trigger_jobs"],
    };
    let mut triggers = Err(Unknown::Enough);
    for route in routes {
        let path = format!("pipelines/{}/{route}?per_page={PAGE}", api.pipeline);
        triggers = api.ask(|asker| asker.list::<Listed>(&path));
        if triggers.is_ok() {
            break;
        }
    }
    let mut jobs = Jobs { are_cut, ..Jobs::default() };
    let triggers = match triggers {
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
        // What comes after everything is not waited for, and the start job comes when a runner takes it.
        let is_late = job.stage.0 == ".post" || job.name.0 == start_job;
        match job.status.0.as_str() {
            "success" | "skipped" => {}
            // A job that may fail is no failure, and nobody waits for one that may be played.
            "failed" | "canceled" | "manual" if job.allow_failure == Some(true) => jobs.allowed.push(job.id),
            "failed" => jobs.failed.push(Job { is_trigger, ..job.into() }),
            status if is_late && UNFINISHED.contains(&status) => {}
            _ => jobs.other.push(job.into()),
        }
    }
    // In the order in which they were made: GitLab lists the newest first.
    for list in [&mut jobs.failed, &mut jobs.other] {
        list.sort_by_key(|job| job.id);
    }
    Ok(jobs)
}

/// The pages of a list of jobs that must hold the one that asks; and whether there are more.
fn with_this_job(asker: Asker, path: &str) -> Result<(Vec<Listed>, bool), Unknown> {
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

/// What the list of all attempts says of the job that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// Which attempt this is, the first being 1; `None` where earlier ones may be on pages that were not read.
    pub(crate) this: Option<i64>,
    /// The job that told the pipeline's start, where it has ended well: its artifact says where the pipeline's message is.
    pub(crate) start_job: Option<i64>,
}

/// Looks at the latest attempts and all before them.
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

/// A file of a job's artifacts (<https://docs.gitlab.com/api/job_artifacts/>), the beginning of it.
pub(crate) fn artifact(api: &Api, job: i64, path: &str, max: u64) -> Result<Vec<u8>, Unknown> {
    api.ask(|asker| asker.file(&format!("jobs/{job}/artifacts/{path}"), max))
}

/// Reads an answer.
#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_jobs(body: &[u8]) {
    let _ = serde_json::from_slice::<Vec<Listed>>(body);
}
