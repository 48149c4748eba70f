//! The direct message: whether there is one.

use crate::contract::context::Event;
use crate::contract::setting::Setting;
use crate::facts::Facts;

/// The sources of pipelines that nobody runs in person.
const MACHINES: [&str; 4] = ["schedule", "trigger", "pipeline", "parent_pipeline"];

/// True if a bot writes to the person who ran a pipeline or a job that failed newly. Nobody ran a scheduled or triggered one.
pub(crate) fn is_sent(facts: &Facts) -> bool {
    let context = facts.context;
    let is_first = context.operators.is_none() && context.direct.is_none() && context.updates;
    let by_machine = context.ci("CI_PIPELINE_SOURCE").is_some_and(|source| MACHINES.contains(&source));
    let by_hand = context.event == Event::DeployFinished && context.ci("CI_JOB_MANUAL") == Some("true");
    let is_new_failure = facts.state.is_failure() && !facts.has_nothing_new();
    context.is_on(Setting::DIRECT) && is_first && is_new_failure && (by_hand || !by_machine)
}
