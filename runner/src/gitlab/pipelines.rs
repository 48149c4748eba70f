//! The pipelines before this one (<https://docs.gitlab.com/api/pipelines/>).

use serde::Deserialize;

use super::api::{Api, Unknown};
use crate::net::secret::percent_encoded;

/// The number of a ref's pipelines to look back through.
const DEPTH: usize = 50;

/// The results of the pipelines before this one on the same ref.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// True if the previous pipeline failed; `None` if there was none.
    pub(crate) failed: Option<bool>,
    /// The number of consecutive failures, up to the previous pipeline; `None` if they go further back than was read.
    pub(crate) in_a_row: Option<i64>,
}

#[derive(Deserialize)]
struct Listed {
    id: i64,
    status: String,
    #[serde(default)]
    source: Option<String>,
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
    /// Returns whether the pipeline failed, if it counts for the one that asks: another pipeline of the ref that ended. Canceled,
    /// unfinished and dangling pipelines do not count (gitlab-org/gitlab, `app/models/ci/ref.rb`).
    fn verdict(&self, own: i64) -> Option<bool> {
        let is_dangling = self.source.as_deref().is_some_and(|it| DANGLING.contains(&it));
        match self.status.as_str() {
            _ if is_dangling || self.id == own => None,
            "failed" => Some(true),
            "success" => Some(false),
            _ => None,
        }
    }
}

/// Reads the pipelines of a ref before this one. `git_ref` is the ref's name in GitLab's API (`GitRef::of_api`).
pub(crate) fn before(api: &Api, git_ref: &str) -> Result<Before, Unknown> {
    let path = format!("pipelines?ref={}&order_by=id&sort=desc&per_page={DEPTH}", percent_encoded(git_ref));
    let page = api.ask(|asker| asker.list::<Listed>(&path))?;
    let is_end = page.entries.len() < DEPTH;
    let mut ended: Vec<(i64, bool)> =
        page.entries.iter().filter_map(|it| Some((it.id, it.verdict(api.pipeline)?))).collect();
    ended.sort_unstable();
    ended.dedup_by_key(|(id, _)| *id);
    // If a newer pipeline has ended, this one changes nothing any more.
    if ended.last().is_some_and(|(id, _)| *id > api.pipeline) {
        return Ok(Before::default());
    }
    let verdicts: Vec<bool> = ended.into_iter().rev().map(|(_, failed)| failed).collect();
    let succeeded = verdicts.iter().position(|failed| !failed);
    let in_a_row = succeeded.or_else(|| is_end.then_some(verdicts.len()));
    Ok(Before { failed: verdicts.first().copied(), in_a_row: in_a_row.and_then(|count| count.try_into().ok()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_pipeline_counts_by_its_source_and_status() {
        let verdict = |id: i64, source: Option<&str>, status: &str| {
            Listed { id, status: status.to_owned(), source: source.map(str::to_owned) }.verdict(7)
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
            assert_eq!(verdict(6, Some(source), "failed"), Some(true), "{source}");
            assert_eq!(verdict(6, Some(source), "success"), Some(false), "{source}");
        }
        for source in DANGLING {
            assert_eq!(verdict(6, Some(source), "failed"), None, "{source}");
        }
        assert_eq!(verdict(6, None, "failed"), Some(true));
        assert_eq!(verdict(7, Some("push"), "failed"), None);
        for status in ["canceled", "canceling", "running", "pending", "created", "manual", "skipped", "scheduled", ""] {
            assert_eq!(verdict(6, Some("push"), status), None, "{status}");
        }
    }
}
