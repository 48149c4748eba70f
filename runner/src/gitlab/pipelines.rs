//! The pipelines before this one (<https://docs.gitlab.com/api/pipelines/>).

use serde::Deserialize;

use super::api::{Api, PAGE};
use super::text::Text;
use super::unknown::Unknown;
use crate::net::secret::percent_encoded;

/// The pipelines before this one on the same ref that ended. Canceled ones do not count.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// The previous pipeline; `None` if there was none.
    pub(crate) previous: Option<Ended>,
    /// The number of consecutive failures, up to the previous pipeline.
    pub(crate) in_a_row: i64,
    /// The first of these failures; `None` if they go further back than was read.
    pub(crate) first_failure: Option<Ended>,
    /// True if the failures do not go further back than was read.
    pub(crate) is_whole: bool,
    /// True if a newer pipeline has ended: this one changes nothing any more.
    pub(crate) is_late: bool,
}

/// A pipeline that ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) id: i64,
    pub(crate) has_failed: bool,
    /// The time of its creation, as GitLab writes it; empty if unknown.
    pub(crate) created_at: String,
}

/// A pipeline in a list.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) id: i64,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    source: Text,
    #[serde(default)]
    pub(super) created_at: Text,
}

/// The sources of pipelines that do not count for their ref (gitlab-org/gitlab, `dangling_sources` of
/// `app/models/concerns/enums/ci/pipeline.rb`).
const DANGLING: [&str; 9] = [
    "webide",
    "parent_pipeline",
    "ondemand_dast_scan",
    "ondemand_dast_validation",
    "security_orchestration_policy",
    "container_registry_push",
    "duo_workflow",
    "pipeline_execution_policy_schedule",
    "pipeline_execution_policy_forced",
];

impl Listed {
    /// Returns whether the pipeline failed, if it counts. Canceled, unfinished and dangling pipelines do not count (gitlab-org/gitlab,
    /// `app/models/ci/ref.rb`).
    pub(super) fn verdict(&self) -> Option<bool> {
        match self.status.0.as_str() {
            _ if DANGLING.contains(&self.source.0.as_str()) => None,
            "failed" => Some(true),
            "success" => Some(false),
            _ => None,
        }
    }
}

/// Reads the pipelines of a ref before this one, a page of those that ended (gitlab-org/gitlab, `app/finders/ci/pipelines_finder.rb`).
/// `git_ref` is the ref's name in GitLab's API (`GitRef::of_api`).
pub(crate) fn before(api: &Api, git_ref: &str) -> Result<Before, Unknown> {
    let git_ref = percent_encoded(git_ref);
    let path = format!("pipelines?ref={git_ref}&scope=finished&order_by=id&sort=desc&per_page={PAGE}");
    let page = api.ask(|asker| asker.list::<Listed>(&path))?;
    let ended = |it: Listed| {
        let has_failed = it.verdict()?;
        Some(Ended { id: it.id, has_failed, created_at: it.created_at.0 })
    };
    let mut ended: Vec<Ended> = page.entries.into_iter().filter_map(ended).collect();
    ended.sort_unstable_by_key(|it| std::cmp::Reverse(it.id));
    ended.dedup_by_key(|it| it.id);
    let is_late = ended.first().is_some_and(|it| it.id > api.pipeline);
    ended.retain(|it| it.id < api.pipeline);
    let in_a_row = ended.iter().take_while(|it| it.has_failed).count();
    let is_whole = in_a_row < ended.len() || !page.has_next;
    Ok(Before {
        previous: ended.first().cloned(),
        in_a_row: in_a_row.try_into().unwrap_or(i64::MAX),
        first_failure: ended.get(in_a_row.wrapping_sub(1)).filter(|_| is_whole).cloned(),
        is_whole,
        is_late,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_pipeline_counts_by_its_source_and_status() {
        let verdict = |source: &str, status: &str| {
            let [status, source] = [status, source].map(|it| Text(it.to_owned()));
            Listed { id: 6, status, source, created_at: Text::default() }.verdict()
        };
        // The sources of GitLab 18.11 that are not dangling, and those that a later one may add.
        for source in [
            "push",
            "web",
            "trigger",
            "schedule",
            "api",
            "external",
            "pipeline",
            "chat",
            "merge_request_event",
            "external_pull_request_event",
            "unknown",
            "invented_in_gitlab_21",
        ] {
            assert_eq!(verdict(source, "failed"), Some(true), "{source}");
            assert_eq!(verdict(source, "success"), Some(false), "{source}");
        }
        for source in DANGLING {
            assert_eq!(verdict(source, "failed"), None, "{source}");
        }
        assert_eq!(verdict("", "failed"), Some(true));
        for status in ["canceled", "canceling", "running", "pending", "created", "manual", "skipped", "scheduled", ""] {
            assert_eq!(verdict("push", status), None, "{status}");
        }
    }
}
