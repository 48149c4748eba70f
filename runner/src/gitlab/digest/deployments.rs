//! The deployments of a digest (<https://docs.gitlab.com/api/deployments/#list-project-deployments>).

use std::collections::BTreeMap;

use super::super::api::{Asker, PAGE};
use super::super::deployments::{Listed, is_review};
use super::super::time::seconds;
use super::super::unknown::Unknown;
use super::numbers::{Deployments, Digest, Environment, Last};
use super::{Listing, Period};
use crate::net::secret::percent_encoded;

/// The most environments to name.
const MAX_ENVIRONMENTS: usize = 8;

/// Returns the time of its end. A deployment may wait for approval long before it runs.
fn ended_at(it: &Listed) -> Option<i64> {
    it.finished_at().and_then(seconds).or_else(|| seconds(&it.updated_at.0)).or_else(|| seconds(&it.created_at.0))
}

/// Reads the deployments of these days and of the days before. GitLab pairs the filter with the order
/// (gitlab-org/gitlab, `app/finders/deployments_finder.rb`).
pub(super) fn read(asker: Asker, pages: usize, period: Period) -> Result<Listing<Listed>, Unknown> {
    let after = percent_encoded(&period.begins_at());
    let mut read = super::read_pages(
        pages,
        |number| {
            asker.list(&format!(
                "deployments?updated_after={after}&order_by=updated_at&sort=desc&per_page={PAGE}&page={number}"
            ))
        },
        |_| false,
    )?;
    // A deployment that is updated meanwhile moves to another page.
    read.entries.sort_by_key(|it: &Listed| it.id);
    read.entries.dedup_by_key(|it| it.id);
    read.entries.sort_by_key(|it| (ended_at(it), it.id));
    Ok(read)
}

/// The deployments of one environment, oldest first.
#[derive(Default)]
struct Tally {
    ended: [i64; 2],
    failed: [i64; 2],
    rollbacks: [i64; 2],
    last: Option<Last>,
    /// The pipeline of the last successful deployment.
    last_pipeline: Option<i64>,
}

impl Tally {
    fn add(&mut self, it: &Listed, period: Period) {
        let Some(at) = ended_at(it) else { return };
        let has_failed = match it.status.0.as_str() {
            "success" => false,
            "failed" => true,
            _ => return,
        };
        // A deployment by an older pipeline than the one before it brings an older commit back.
        let is_rollback = !has_failed
            && self.last_pipeline > it.pipeline()
            && it.pipeline().is_some()
            && self.last.as_ref().is_some_and(|last| last.sha != it.sha.0);
        if let Some(part) = period.part(at) {
            self.ended[part] += 1;
            self.failed[part] += i64::from(has_failed);
            self.rollbacks[part] += i64::from(is_rollback);
        }
        if !has_failed {
            self.last = Some(Last { at, sha: it.sha.0.clone() });
            self.last_pipeline = it.pipeline();
        }
    }

    /// Adds the numbers of another environment.
    fn merge(mut self, other: &Self) -> Self {
        for part in 0..2 {
            self.ended[part] += other.ended[part];
            self.failed[part] += other.failed[part];
            self.rollbacks[part] += other.rollbacks[part];
        }
        self
    }

    fn deployments(&self, read: &Listing<Listed>, period: Period) -> Deployments {
        Deployments {
            ended: read.trend(self.ended),
            failed: read.trend(self.failed),
            rollbacks: read.trend(self.rollbacks),
            of_last: of_last(read, period),
        }
    }
}

/// Returns the length of the list if it does not reach back to the beginning of these days.
fn of_last(read: &Listing<Listed>, period: Period) -> Option<usize> {
    // The list is in the order of updates.
    let is_before = |it: &Listed| seconds(&it.updated_at.0).is_some_and(|at| period.part(at) != Some(0));
    (read.is_cut && !read.entries.is_empty() && !read.entries.iter().any(is_before)).then_some(read.entries.len())
}

fn by_environment(read: &Listing<Listed>, period: Period) -> BTreeMap<&str, Tally> {
    let mut by_environment: BTreeMap<&str, Tally> = BTreeMap::new();
    for it in &read.entries {
        let Some(environment) = it.environment() else { continue };
        by_environment.entry(environment).or_default().add(it, period);
    }
    by_environment
}

/// Adds the environments. The review environments are counted together.
pub(super) fn add(read: &Listing<Listed>, period: Period, digest: &mut Digest) {
    let mut review = Tally::default();
    let mut environments = Vec::new();
    for (name, counted) in by_environment(read, period) {
        if is_review(name) {
            review = review.merge(&counted);
        } else if counted.ended != [0, 0] {
            let deployments = counted.deployments(read, period);
            environments.push(Environment { name: name.to_owned(), deployments, last: counted.last, ahead: None });
        }
    }
    environments.sort_by(|one, other| other.deployments.ended.cmp(&one.deployments.ended));
    digest.more_environments = environments.len().saturating_sub(MAX_ENVIRONMENTS);
    environments.truncate(MAX_ENVIRONMENTS);
    digest.environments = Some(environments);
    digest.review = (review.ended != [0, 0]).then(|| review.deployments(read, period));
}

/// Counts the deployments of all environments together. They are not compared with those of the days before.
pub(super) fn count_all(read: &Listing<Listed>, period: Period) -> Deployments {
    let all = by_environment(read, period).values().fold(Tally::default(), Tally::merge);
    let mut all = all.deployments(read, period);
    for trend in [&mut all.ended, &mut all.failed, &mut all.rollbacks] {
        trend.truncate(1);
    }
    all
}
