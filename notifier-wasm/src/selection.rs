//! Which events and branches are reported at all.

use crate::facts::Facts;
use crate::glob;
use crate::state::State;

/// Why this message is not to be sent, as one word of the job log; `None` sends it. What the operators get is chosen by
/// environment: all that failed there.
pub(crate) fn skip_reason(facts: &Facts, warnings: &mut Vec<String>) -> Option<&'static str> {
    let Facts { context, state, git_ref, environment, .. } = facts;
    let any = |list: &str, matches: &dyn Fn(&str) -> bool| {
        list.split(',').map(str::trim).any(|pattern| !pattern.is_empty() && matches(pattern))
    };
    if context.operators.is_some() {
        let name = environment.name.as_deref().unwrap_or_default();
        let chosen = context.setting("ops_environments").is_none_or(|list| any(list, &|it| glob::matches(it, name)));
        return match (state.is_failure(), chosen) {
            (false, _) => Some("event_not_selected"),
            (true, false) => Some("environment_not_selected"),
            (true, true) => None,
        };
    }
    if let Some(events) = context.setting("events") {
        for pattern in events.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()) {
            if !State::NAMES.iter().any(|name| glob::matches(pattern, name)) {
                warnings.push(format!(
                    "NOTIFIER_EVENTS: `{}` is no event; the events are {}",
                    crate::text::shown(pattern, 40),
                    State::NAMES.join(", ")
                ));
            }
        }
        if !any(events, &|pattern| glob::matches(pattern, state.name()) || glob::matches(pattern, state.event())) {
            return Some("event_not_selected");
        }
    }
    if let (Some(branches), Some(git_ref)) = (context.setting("branches"), git_ref)
        && !any(branches, &|pattern| glob::matches(pattern, git_ref.name()))
    {
        return Some("branch_not_selected");
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::context;

    fn skipped(settings: serde_json::Value) -> (Option<&'static str>, usize) {
        let ci = json!({"CI_COMMIT_BRANCH": "feature/x", "CI_JOB_STATUS": "failed"});
        let context = context(json!({"event": "deploy-finished", "ci": ci, "settings": settings}));
        let mut warnings = Vec::new();
        (skip_reason(&Facts::of(&context, &mut vec![]), &mut warnings), warnings.len())
    }

    #[test]
    fn events_are_selected_by_event_or_by_outcome() {
        assert_eq!(skipped(json!({})), (None, 0));
        assert_eq!(skipped(json!({"events": "deploy-finished"})), (None, 0));
        assert_eq!(skipped(json!({"events": "build-failed, deploy-failed"})), (None, 0));
        assert_eq!(skipped(json!({"events": "*-failed"})), (None, 0));
        assert_eq!(skipped(json!({"events": "deploy-succeeded"})), (Some("event_not_selected"), 0));
        assert_eq!(skipped(json!({"events": "deploy-fail"})), (Some("event_not_selected"), 1));
    }

    #[test]
    fn operators_get_the_failures_of_their_environments() {
        let skipped = |branch: &str, status: &str| {
            let context = context(json!({
                "event": "deploy-finished", "ci": {"CI_COMMIT_BRANCH": branch, "CI_JOB_STATUS": status}, "operators": {},
                "settings": {"ops_environments": "prod, dev", "events": "build-failed"},
            }));
            skip_reason(&Facts::of(&context, &mut vec![]), &mut vec![])
        };
        assert_eq!(skipped("main", "failed"), None);
        assert_eq!(skipped("main", "success"), Some("event_not_selected"));
        assert_eq!(skipped("feature/x", "failed"), Some("environment_not_selected"));
    }

    #[test]
    fn branches_are_selected_by_glob() {
        assert_eq!(skipped(json!({"branches": "main,feature/*"})), (None, 0));
        assert_eq!(skipped(json!({"branches": "main"})), (Some("branch_not_selected"), 0));
    }
}
