//! The numbers of a digest: the deployments, the pipelines of the default branch, and the jobs that failed most.

mod deployments;
mod numbers;
mod pipelines;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::api::{Api, PAGE, Page};
use super::time::written;
use super::unknown::Unknown;
use super::{changes, earlier_failures};
use crate::net::secret::percent_encoded;
pub(crate) use numbers::{Branch, Digest};
use numbers::{FailedJob, Project, Trend};

/// The most pages of each list, and of each list of another project.
const PAGES: usize = 10;
const PAGES_OF_OTHER: usize = 1;

/// The most failed pipelines whose jobs are read, and the most jobs to name.
const MAX_FAILED: usize = 10;
const MAX_JOBS: usize = 5;

/// The time limit of an answer about another project.
const TIME_OF_OTHER: Duration = Duration::from_secs(5);

const DAY: i64 = 24 * 60 * 60;

/// The days of a digest. A day has 24 hours, whatever the clocks on the wall do.
#[derive(Clone, Copy)]
pub(crate) struct Period {
    /// The end, in seconds since 1970.
    pub(crate) end: i64,
    pub(crate) days: u32,
}

impl Period {
    fn seconds(self) -> i64 {
        i64::from(self.days) * DAY
    }

    /// Returns 0 for a time in these days, and 1 for one in as many days before. GitLab's clock may be ahead of this machine's.
    fn part(self, at: i64) -> Option<usize> {
        let age = self.end.checked_sub(at)?.max(1);
        usize::try_from((age - 1) / self.seconds()).ok().filter(|part| *part < 2)
    }

    /// Returns the beginning of the days before, as GitLab takes a time.
    fn begins_at(self) -> String {
        written(self.end - 2 * self.seconds())
    }
}

/// A list, as far as it was read.
struct Listing<T> {
    entries: Vec<T>,
    /// True if there are older entries in these days or before.
    is_cut: bool,
}

impl<T> Listing<T> {
    /// Returns the numbers of these days, and those of the days before unless the list was cut.
    fn trend(&self, numbers: [i64; 2]) -> Trend {
        numbers[..if self.is_cut { 1 } else { 2 }].to_vec()
    }
}

/// Reads a list page by page, until it ends or `is_enough`. After the first page, an answer that does not come cuts the list short.
fn read_pages<T: DeserializeOwned>(
    pages: usize,
    mut page: impl FnMut(usize) -> Result<Page<T>, Unknown>,
    is_enough: impl Fn(&[T]) -> bool,
) -> Result<Listing<T>, Unknown> {
    let mut read = Listing { entries: Vec::new(), is_cut: false };
    for number in 1..=pages {
        match page(number) {
            Ok(page) => {
                read.entries.extend(page.entries);
                read.is_cut = page.has_next;
            }
            Err(unknown) if number == 1 => return Err(unknown),
            Err(_) => read.is_cut = true,
        }
        if is_enough(&read.entries) {
            read.is_cut = false;
        }
        if !read.is_cut || read.entries.len() < number * PAGE {
            break;
        }
    }
    Ok(read)
}

/// What a digest lacks, and the reason.
pub(crate) type Missing = (String, Unknown);

/// Reads what the days of a project were like.
pub(crate) fn of_project(api: &Api, branch: &str, period: Period) -> (Digest, Vec<Missing>) {
    let mut digest = Digest { days: period.days, ..Digest::default() };
    let mut missing = Vec::new();
    let mut lacks = |what: String, reason| missing.push((what, reason));
    match api.ask(|asker| deployments::read(asker, PAGES, period)) {
        Ok(read) => deployments::add(&read, period, &mut digest),
        Err(reason) => lacks("deployments".to_owned(), reason),
    }
    match api.ask(|asker| pipelines::read(asker, branch, PAGES, period)) {
        Ok(read) => {
            digest.branch = Some(pipelines::count(branch, &read, period));
            if let Err(reason) = add_failed_jobs(api, &pipelines::failed(&read, period), &mut digest) {
                lacks("jobs that failed".to_owned(), reason);
            }
        }
        Err(reason) => lacks("pipelines".to_owned(), reason),
    }
    match add_ahead(api, branch, &mut digest) {
        Ok(()) | Err(Unknown::NeedsAccessToken) => {}
        Err(reason) => lacks(format!("how far {branch} is ahead"), reason),
    }
    (digest, missing)
}

/// Adds the number of commits by which the branch is ahead of each environment. The error is the first one.
fn add_ahead(api: &Api, branch: &str, digest: &mut Digest) -> Result<(), Unknown> {
    let mut result = Ok(());
    for environment in digest.environments.iter_mut().flatten() {
        let Some(last) = environment.last.as_ref().filter(|last| changes::is_sha(&last.sha)) else { continue };
        match changes::between(api, &last.sha, branch, "") {
            Ok(changes) => environment.ahead = Some(changes.count),
            Err(unknown) => result = result.and(Err(unknown)),
        }
    }
    result
}

/// Adds the jobs that failed most in the last failed pipelines. The error is the first one.
fn add_failed_jobs(api: &Api, failed: &[i64], digest: &mut Digest) -> Result<(), Unknown> {
    let mut result = Ok(());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for pipeline in failed.iter().take(MAX_FAILED) {
        let mut names = match earlier_failures::of_pipeline(api, *pipeline, false).map(|failures| failures.names) {
            Ok(Some(names)) => names,
            Ok(None) => continue,
            Err(unknown) => {
                result = result.and(Err(unknown));
                continue;
            }
        };
        digest.failed_pipelines_read += 1;
        names.sort_unstable();
        names.dedup();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    let mut jobs: Vec<FailedJob> = counts.into_iter().map(|(name, count)| FailedJob { name, count }).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.count));
    jobs.truncate(MAX_JOBS);
    digest.failed_jobs = jobs;
    result
}

/// A project of `NOTIFIER_PROJECTS`, and the branch whose pipelines count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Other<'a> {
    pub(crate) path: &'a str,
    pub(crate) branch: &'a str,
}

/// Reads what the days of other projects were like, the worst first: two requests each.
pub(crate) fn of_projects(api: &Api, others: &[Other], period: Period) -> (Digest, Vec<Missing>) {
    let mut projects = Vec::new();
    let mut missing = Vec::new();
    for other in others {
        let address = api.address_of(other.path);
        // An expired token is asked for one project only.
        let asker = || api.with_access_token().map(|asker| asker.of(&address, TIME_OF_OTHER));
        let deployments = asker().and_then(|asker| deployments::read(asker, PAGES_OF_OTHER, period));
        let pipelines = match &deployments {
            Err(fault @ Unknown::Fault(_)) => Err(fault.clone()),
            _ => asker().and_then(|asker| pipelines::read(asker, other.branch, PAGES_OF_OTHER, period)),
        };
        projects.push(Project {
            path: other.path.to_owned(),
            deployments: deployments.as_ref().ok().map(|read| deployments::count_all(read, period)),
            branch: pipelines.as_ref().ok().map(|read| pipelines::count(other.branch, read, period)),
        });
        let no_pipelines = pipelines.as_ref().is_ok_and(|read| read.entries.is_empty());
        let no_pipelines = no_pipelines.then(|| Unknown::NoPipelines(other.branch.to_owned()));
        let what = match (&deployments, &pipelines) {
            (Err(_), Err(_)) => other.path.to_owned(),
            (Err(_), Ok(_)) => format!("deployments of {}", other.path),
            (Ok(_), _) => format!("pipelines of {}", other.path),
        };
        if let Some(reason) = deployments.err().or(pipelines.err()).or(no_pipelines) {
            missing.push((what, reason));
        }
    }
    projects.sort_by_key(|project| std::cmp::Reverse(badness(project)));
    let is_known = projects.iter().any(|it| it.deployments.is_some() || it.branch.is_some());
    (Digest { days: period.days, projects: Some(projects).filter(|_| is_known), ..Digest::default() }, missing)
}

/// Checks whether a token may read a list of the job's project.
pub(crate) fn check_own(api: &Api, list: &str) -> Result<(), Unknown> {
    api.ask(|asker| asker.list::<IgnoredAny>(&format!("{list}?per_page=1"))).map(drop)
}

/// Checks whether the access token may read the lists of another project, and whether its branch has pipelines.
pub(crate) fn check_other(api: &Api, Other { path, branch }: Other) -> Result<(), Unknown> {
    let address = api.address_of(path);
    let asker = api.with_access_token()?.of(&address, TIME_OF_OTHER);
    asker.list::<IgnoredAny>("deployments?per_page=1")?;
    let pipelines =
        asker.list::<IgnoredAny>(&format!("pipelines?ref={}&scope=finished&per_page=1", percent_encoded(branch)))?;
    if pipelines.entries.is_empty() { Err(Unknown::NoPipelines(branch.to_owned())) } else { Ok(()) }
}

/// Orders projects: unknown ones first, then red ones, then by the time that they were red and by their failures.
fn badness(project: &Project) -> (bool, bool, i64, i64) {
    let these = |trend: &[i64]| trend.first().copied().unwrap_or_default();
    let failed = project.deployments.as_ref().map_or(0, |it| these(&it.failed));
    let branch = project.branch.as_ref();
    let is_unknown = project.deployments.is_none() || branch.is_none();
    (
        is_unknown,
        branch.is_some_and(|it| it.is_red),
        branch.map_or(0, |it| these(&it.red)),
        failed + branch.map_or(0, |it| these(&it.failed)),
    )
}
