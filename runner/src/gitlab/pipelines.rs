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

/// Reads the pipelines of a ref before this one. Canceled, unfinished and dangling pipelines are ignored (gitlab-org/gitlab,
/// `app/models/ci/ref.rb`).
pub(crate) fn before(api: &Api, git_ref: &str) -> Result<Before, Unknown> {
    let path = format!("pipelines?ref={}&order_by=id&sort=desc&per_page={DEPTH}", percent_encoded(git_ref));
    let page = api.ask(|asker| asker.list::<Listed>(&path))?;
    let is_end = page.entries.len() < DEPTH;
    let mut ended: Vec<(i64, bool)> = page
        .entries
        .into_iter()
        .filter(|it| !it.source.as_deref().is_some_and(|it| DANGLING.contains(&it)) && it.id != api.pipeline)
        .filter_map(|it| match it.status.as_str() {
            "failed" => Some((it.id, true)),
            "success" => Some((it.id, false)),
            _ => None,
        })
        .collect();
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
