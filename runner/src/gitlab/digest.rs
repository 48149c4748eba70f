//! The numbers of a digest: the deployments, the pipelines of the default branch, and the jobs that failed most.

mod deployments;
mod numbers;
mod pipelines;

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::api::{Api, Asker, PAGE, Page, Unknown};
use super::time::written;
use super::{changes, earlier_failures};
use crate::net::secret::percent_encoded;
pub(crate) use numbers::Digest;
use numbers::{FailedJob, Project, Trend};

/// The most pages of each list, and of each list of another project.
const PAGES: usize = 10;
const PAGES_OF_OTHER: usize = 1;

/// The most failed pipelines whose jobs are read, and the most jobs to name.
const MAX_FAILED: usize = 10;
const MAX_JOBS: usize = 5;

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

/// The entries of a list, as far as it was read.
struct Read<T> {
    entries: Vec<T>,
    /// True if there are older entries in these days or before.
    is_cut: bool,
}

impl<T> Read<T> {
    /// Returns the numbers of these days, and those of the days before unless the list was cut.
    fn trend(&self, numbers: [i64; 2]) -> Trend {
        numbers[..if self.is_cut { 1 } else { 2 }].to_vec()
    }
}

/// Reads a list page by page, until it ends or `is_enough`. After the first page, an answer that does not come cuts the list short.
fn read<T: DeserializeOwned>(
    pages: usize,
    mut page: impl FnMut(usize) -> Result<Page<T>, Unknown>,
    is_enough: impl Fn(&[T]) -> bool,
) -> Result<Read<T>, Unknown> {
    let mut read = Read { entries: Vec::new(), is_cut: false };
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

/// Reads what the days of a project were like. The second value is the reason for each part that is unknown.
pub(crate) fn of_project(
    api: &Api,
    branch: &str,
    project: &str,
    period: Period,
    version: (u32, u32),
) -> (Digest, Vec<(String, Unknown)>) {
    let mut digest = Digest { days: period.days, ..Digest::default() };
    let mut unknown = Vec::new();
    match api.ask(|asker| deployments::read(asker, PAGES, period)) {
        Ok(read) => deployments::add(&read, period, &mut digest),
        Err(reason) => unknown.push(("deployments".to_owned(), reason)),
    }
    match api.ask(|asker| pipelines::read(asker, branch, PAGES, period)) {
        Ok(read) => {
            digest.branch = Some(pipelines::count(branch, &read, period));
            add_failed_jobs(api, &pipelines::failed(&read, period), version, &mut digest);
        }
        Err(reason) => unknown.push(("pipelines".to_owned(), reason)),
    }
    for environment in digest.environments.iter_mut().flatten() {
        let Some(last) = &environment.last else { continue };
        let ahead = changes::between(api, &last.sha, &percent_encoded(branch), project).and_then(Result::ok);
        environment.ahead = ahead.map(|changes| changes.count);
    }
    (digest, unknown)
}

/// Adds the jobs that failed most in the last failed pipelines.
fn add_failed_jobs(api: &Api, failed: &[i64], version: (u32, u32), digest: &mut Digest) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for pipeline in failed.iter().take(MAX_FAILED) {
        let Ok(failures) = earlier_failures::of_pipeline(api, *pipeline, false, version) else { continue };
        let Some(mut names) = failures.names else { continue };
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
}

/// Returns the path of a project, and its branch if the entry has one: `shop/web@master`.
pub(crate) fn path_of(entry: &str) -> (&str, Option<&str>) {
    entry.split_once('@').map_or((entry, None), |(path, branch)| (path, Some(branch)))
}

/// Reads what the days of other projects were like, the worst first: two requests each by the access token.
pub(crate) fn of_projects(
    asker: Asker,
    entries: &[(&str, Option<&str>)],
    branch: &str,
    period: Period,
) -> (Digest, Vec<(String, Unknown)>) {
    let mut projects = Vec::new();
    let mut unknown = Vec::new();
    for (path, own) in entries {
        let branch = own.unwrap_or(branch);
        let address = asker.api.address_of(path);
        let asker = asker.of(&address);
        let deployments = deployments::read(asker, PAGES_OF_OTHER, period);
        let pipelines = pipelines::read(asker, branch, PAGES_OF_OTHER, period);
        projects.push(Project {
            path: (*path).to_owned(),
            deployments: deployments.as_ref().ok().map(|read| deployments::count_all(read, period)),
            branch: pipelines.as_ref().ok().map(|read| pipelines::count(branch, read, period)),
        });
        if let Some(reason) = deployments.err().or(pipelines.err()) {
            unknown.push(((*path).to_owned(), reason));
        }
    }
    projects.sort_by_key(|project| std::cmp::Reverse(badness(project)));
    let is_known = projects.iter().any(|it| it.deployments.is_some() || it.branch.is_some());
    (Digest { days: period.days, projects: Some(projects).filter(|_| is_known), ..Digest::default() }, unknown)
}

/// Checks whether the access token may read another project.
pub(crate) fn check(api: &Api, path: &str) -> Result<(), Unknown> {
    let address = api.address_of(path);
    let asker = api.with_access_token().ok_or(Unknown::Refused(401))?;
    for list in ["deployments", "pipelines"] {
        asker.of(&address).list::<IgnoredAny>(&format!("{list}?per_page=1"))?;
    }
    Ok(())
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
