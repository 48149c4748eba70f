//! The pipelines of a branch, for a digest (<https://docs.gitlab.com/api/pipelines/#list-project-pipelines>).

use super::super::api::{Asker, PAGE};
use super::super::pipelines::Listed;
use super::super::time::seconds;
use super::super::unknown::Unknown;
use super::numbers::Branch;
use super::{Listing, Period};
use crate::net::secret::percent_encoded;

/// A pipeline that ended.
struct Ended {
    id: i64,
    at: i64,
    has_failed: bool,
}

impl Ended {
    fn of(listed: &Listed) -> Option<Self> {
        let at = seconds(&listed.created_at.0)?;
        Some(Self { id: listed.id, at, has_failed: listed.verdict()? })
    }
}

/// Reads the pipelines that ended, back to the last one before both periods: it was red or green when they began.
pub(super) fn read(asker: Asker, branch: &str, pages: usize, period: Period) -> Result<Listing<Listed>, Unknown> {
    let branch = percent_encoded(branch);
    let path = format!("pipelines?ref={branch}&scope=finished&order_by=id&sort=desc&per_page={PAGE}");
    let is_before = |it: &Listed| Ended::of(it).is_some_and(|it| period.part(it.at).is_none());
    let page = |number| asker.list(&format!("{path}&page={number}"));
    let mut read = super::read_pages(pages, page, |entries: &[Listed]| entries.iter().any(is_before))?;
    read.entries.sort_by_key(|it: &Listed| it.id);
    read.entries.dedup_by_key(|it| it.id);
    Ok(read)
}

/// Returns those that count, oldest first.
fn ended(read: &Listing<Listed>) -> impl Iterator<Item = Ended> {
    read.entries.iter().filter_map(Ended::of)
}

/// Returns the failed pipelines of these days, newest first.
pub(super) fn failed(read: &Listing<Listed>, period: Period) -> Vec<i64> {
    let failed = ended(read).filter(|it| it.has_failed && period.part(it.at) == Some(0));
    let mut failed: Vec<i64> = failed.map(|it| it.id).collect();
    failed.reverse();
    failed
}

/// Counts the pipelines. The branch is red from a failed pipeline to the next one that succeeds. Both count from their creation, because
/// a later retry or manual job moves the end.
pub(super) fn count(name: &str, listed: &Listing<Listed>, period: Period) -> Branch {
    let (mut pipelines, mut failed, mut red) = ([0; 2], [0; 2], [0; 2]);
    let mut longest_red = 0;
    let begin = period.end - period.seconds();
    let mut add_red = |from: i64, to: i64| {
        let these = to - from.max(begin);
        if these > 0 {
            red[0] += these;
            longest_red = these.max(longest_red);
        }
        red[1] += (to.min(begin) - from.max(begin - period.seconds())).max(0);
    };
    let mut red_since = None;
    let mut is_before = false;
    for it in ended(listed) {
        let part = period.part(it.at);
        is_before |= part != Some(0);
        if let Some(part) = part {
            pipelines[part] += 1;
            failed[part] += i64::from(it.has_failed);
        }
        match (it.has_failed, red_since) {
            (true, None) => red_since = Some(it.at),
            (false, Some(since)) => {
                add_red(since, it.at);
                red_since = None;
            }
            _ => {}
        }
    }
    if let Some(since) = red_since {
        add_red(since, period.end);
    }
    Branch {
        name: name.to_owned(),
        pipelines: listed.trend(pipelines),
        failed: listed.trend(failed),
        red: listed.trend(red),
        longest_red,
        is_red: red_since.is_some(),
        of_last: (listed.is_cut && !is_before && !listed.entries.is_empty()).then_some(listed.entries.len()),
    }
}
