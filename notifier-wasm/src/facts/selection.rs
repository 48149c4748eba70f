//! The choice of the events and branches that are reported.

use crate::contract::context::{Context, Event};
use crate::contract::digest::Digest;
use crate::contract::setting::Setting;
use crate::contract::state::State;
use crate::contract::warning::{Code, Warning};
use crate::facts::Facts;
use crate::facts::events::normalized;
use crate::facts::source::Ref;
use crate::facts::{failures, waiting};
use crate::text;
use crate::text::glob;

/// Returns the reason not to send this message, as one word for the job log. `None` sends it. The operators' messages are chosen
/// by environment: all failures there.
#[inline(never)]
pub(crate) fn skip_reason(facts: &Facts, warnings: &mut Vec<Warning>) -> Option<&'static str> {
    let Facts { context, state, git_ref, environment, unreported, .. } = facts;
    if context.direct.is_some() {
        return None;
    }
    if context.event == Event::Digest {
        let is_empty = context.digest.as_ref().is_none_or(Digest::is_empty);
        let is_chosen = event_is_chosen(facts, warnings);
        return if is_chosen { is_empty.then_some("no_numbers") } else { Some("event_not_selected") };
    }
    if context.event == Event::PipelineWaiting && waiting::waits(context).is_empty() {
        return Some(if context.jobs.all_known { "nothing_waits" } else { "jobs_unknown" });
    }
    let all_reported = context.jobs.failed.as_ref().is_some_and(|jobs| !jobs.is_empty() && !context.jobs.more_failed)
        && unreported.as_ref().is_some_and(Vec::is_empty);
    if context.event == Event::PipelineFinished && state.is_failure() && all_reported {
        return Some("already_reported");
    }
    let is_event = event_is_chosen(facts, warnings);
    let is_branch = git_ref.as_ref().is_none_or(|git_ref| branch_is_chosen(context, git_ref, warnings));
    if context.event == Event::PipelineFinished && !finish_is_chosen(facts, warnings) {
        return Some("finish_not_selected");
    }
    if context.operators.is_some() {
        let names = environment.names();
        let chosen = context
            .setting(Setting::OPS_ENVIRONMENTS)
            .is_none_or(|list| glob::any_of(list, |it| names.iter().any(|name| glob::matches(it, name))));
        return match (state.is_failure() || state.is_recovery(), chosen) {
            (false, _) => Some("event_not_selected"),
            (true, false) => Some("environment_not_selected"),
            (true, true) => None,
        };
    }
    if matches!(context.event, Event::DeployStarted | Event::DeployFinished) {
        failures::warn_of_unnamed_hook(context, warnings);
    }
    if !is_event {
        return Some("event_not_selected");
    }
    if is_branch { None } else { Some("branch_not_selected") }
}

/// Returns the reason not to post the logs of failures that hooks have reported: the settings leave those failures out.
pub(crate) fn log_skip_reason(facts: &Facts) -> Option<&'static str> {
    let Facts { context, git_ref, state, .. } = facts;
    let events = context.setting(Setting::EVENTS).map(normalized);
    let is_event = events.is_none_or(|events| state.is_chosen_by(&events) || State::DeployFailed.is_chosen_by(&events));
    let is_branch = git_ref.as_ref().is_none_or(|git_ref| branch_is_chosen(context, git_ref, &mut Vec::new()));
    match (is_event, is_branch) {
        _ if finish(context) == "never" => Some("finish_not_selected"),
        (false, _) => Some("event_not_selected"),
        (true, false) => Some("branch_not_selected"),
        (true, true) => None,
    }
}

/// True if the setting `events` chooses this state, by its name or its event's.
fn event_is_chosen(facts: &Facts, warnings: &mut Vec<Warning>) -> bool {
    let Some(events) = facts.context.setting(Setting::EVENTS) else { return true };
    let events = normalized(events);
    for pattern in glob::entries(&events).filter(|it| !State::is_named_by(it)) {
        let distance = |name: &&str| strsim::levenshtein(pattern.trim_start_matches('!'), name);
        let near = State::all_names().into_iter().min_by_key(distance).filter(|name| distance(name) <= 3);
        warnings.push(Warning::of(
            Code::UnknownValue,
            "NOTIFIER_EVENTS",
            format_args!(
                "`{}` is not an event and is ignored{}; the events are {}",
                text::shown(pattern, 40),
                near.map_or_else(String::new, |name| format!(" (did you mean {name}?)")),
                State::all_names().join(", ")
            ),
        ));
    }
    facts.state.is_chosen_by(&events) || has_unreported_deployment(facts) && State::DeployFailed.is_chosen_by(&events)
}

/// True if the setting `branches` chooses a ref. An entry is a glob of branches and tags, a plain name for a branch, or `tags` for
/// every tag. A `!` before an entry leaves it out.
fn branch_is_chosen(context: &Context, git_ref: &Ref, warnings: &mut Vec<Warning>) -> bool {
    let Some(branches) = context.setting(Setting::BRANCHES) else { return true };
    let branches = &branches.replace("! ", "!");
    let mut is_chosen = glob::entries(branches).all(|entry| entry.starts_with('!'));
    for entry in glob::entries(branches) {
        let (pattern, chooses) = entry.strip_prefix('!').map_or((entry, true), |rest| (rest, false));
        let (pattern, kind) = match (pattern.strip_prefix("refs/heads/"), pattern.strip_prefix("refs/tags/")) {
            (Some(branch), _) => (branch, Some(false)),
            (_, Some(tag)) => (tag, Some(true)),
            _ if pattern == "tags" => ("*", Some(true)),
            _ if pattern == "all" => ("*", None),
            // A name without a `*` is a branch.
            _ => (pattern, (!pattern.contains('*')).then_some(false)),
        };
        if !glob::may_name_a_ref(pattern) {
            let entry = text::shown(entry, 40);
            let text = format_args!(
                "`{entry}` matches no branch or tag; use * for any characters, `tags` for every tag, ! to exclude, and no regular expressions"
            );
            warnings.push(Warning::of(Code::MatchesNothing, "NOTIFIER_BRANCHES", text));
        }
        let is_tag = matches!(git_ref, Ref::Tag(_));
        if kind.is_none_or(|tags| tags == is_tag) && glob::matches(pattern, &git_ref.name()) {
            is_chosen = chooses;
        }
    }
    is_chosen
}

/// True if a closing job reports a deployment whose hook could not, even among other failures.
fn has_unreported_deployment(facts: &Facts) -> bool {
    let is_closing = facts.context.event == Event::PipelineFinished;
    is_closing && facts.unreported.iter().flatten().any(|job| failures::reports_itself(facts.context, job))
}

fn finish(context: &Context) -> String {
    context.setting(Setting::FINISH).unwrap_or("failure").to_ascii_lowercase()
}

/// True if the setting `finish` chooses this end of a pipeline.
fn finish_is_chosen(facts: &Facts, warnings: &mut Vec<Warning>) -> bool {
    let Facts { context, state, .. } = facts;
    match finish(context).as_str() {
        "always" => true,
        "never" => false,
        // A deployment whose own hook could not report it is posted in any case. An unknown failure may be one.
        "change" => {
            let is_first =
                *state == State::PipelineFailed && !(context.history.was_failing() && facts.has_nothing_new());
            let is_change = is_first || matches!(state, State::PipelineFixed | State::DeployFailed);
            is_change || state.is_failure() && (facts.unreported.is_none() || has_unreported_deployment(facts))
        }
        other => {
            if other != "failure" {
                warnings.push(Warning::of(
                    Code::UnknownValue,
                    "NOTIFIER_FINISH",
                    "the value is none of failure, change, always and never; failure is used instead",
                ));
            }
            state.is_failure()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

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
        assert_eq!(skipped(json!({"events": "pipeline-failed, deploy-failed"})), (None, 0));
        assert_eq!(skipped(json!({"events": "*-failed"})), (None, 0));
        assert_eq!(skipped(json!({"events": "deploy-succeeded"})), (Some("event_not_selected"), 0));
        // A mistyped event silences nothing, neither on its own nor with others.
        assert_eq!(skipped(json!({"events": "deploy-fail"})), (None, 1));
        assert_eq!(skipped(json!({"events": "deploy-fail, pipeline-failed"})), (Some("event_not_selected"), 1));
        assert_eq!(skipped(json!({"events": "deploy-fail, deploy-failed"})), (None, 1));
    }

    #[test]
    fn operators_get_the_failures_of_their_environments() {
        let skipped = |branch: &str, status: &str| {
            let context = context(json!({
                "event": "deploy-finished", "ci": {"CI_COMMIT_BRANCH": branch, "CI_JOB_STATUS": status}, "operators": {},
                "settings": {"ops_environments": "prod, dev", "events": "pipeline-failed"},
            }));
            skip_reason(&Facts::of(&context, &mut vec![]), &mut vec![])
        };
        assert_eq!(skipped("main", "failed"), None);
        assert_eq!(skipped("main", "success"), Some("event_not_selected"));
        assert_eq!(skipped("feature/x", "failed"), Some("environment_not_selected"));
    }

    #[test]
    fn the_ends_of_a_pipeline_are_chosen_by_finish() {
        let reported = |finish: &str, result: Option<&str>, before: &str| {
            let context = context(json!({
                "event": "pipeline-finished", "result": result, "settings": {"finish": finish}, "history": {"previous_status": before},
                "failed_jobs": if result == Some("failed") { json!([{"name": "compile"}]) } else { json!([]) },
            }));
            skip_reason(&Facts::of(&context, &mut vec![]), &mut vec![]).is_none()
        };
        for (finish, failed, failed_again, succeeded, fixed, unknown) in [
            ("", true, true, false, false, false),
            ("failure", true, true, false, false, false),
            ("change", true, false, false, true, false),
            ("always", true, true, true, true, true),
            ("never", false, false, false, false, false),
        ] {
            assert_eq!(reported(finish, Some("failed"), "success"), failed, "{finish}");
            assert_eq!(reported(finish, Some("failed"), "failed"), failed_again, "{finish}");
            assert_eq!(reported(finish, Some("success"), "success"), succeeded, "{finish}");
            assert_eq!(reported(finish, Some("success"), "failed"), fixed, "{finish}");
            assert_eq!(reported(finish, None, "success"), unknown, "{finish}");
        }
        let context =
            context(json!({"event": "pipeline-finished", "result": "failed", "settings": {"finish": "ever"}}));
        let mut warnings = Vec::new();
        assert_eq!(skip_reason(&Facts::of(&context, &mut vec![]), &mut warnings), None);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn reported_failures_are_skipped() {
        let skipped = |reason: &str| {
            let context = context(json!({
                "event": "pipeline-finished", "result": "failed", "settings": {"deploy_jobs": "deploy"},
                "failed_jobs": [{"name": "deploy", "failure_reason": reason}],
            }));
            skip_reason(&Facts::of(&context, &mut vec![]), &mut vec![])
        };
        assert_eq!(skipped("script_failure"), Some("already_reported"));
        assert_eq!(skipped("job_execution_timeout"), None);
    }

    #[test]
    fn a_hook_missing_from_deploy_jobs_is_warned_of() {
        let warned = |deploy_jobs: &str, merge_into: &str| {
            let context = context(json!({
                "event": "deploy-started", "ci": {"CI_JOB_NAME": "ship"},
                "settings": {"deploy_jobs": deploy_jobs, "merge_into": merge_into},
            }));
            let mut warnings = Vec::new();
            skip_reason(&Facts::of(&context, &mut vec![]), &mut warnings);
            warnings.len()
        };
        for (deploy_jobs, merge_into, expected) in [
            ("", "", 0),
            ("ship", "", 0),
            ("ship", ".notify-deploy", 0),
            ("", "ship", 0),
            ("", ".notify-deploy", 1),
            ("deploy", "", 1),
        ] {
            assert_eq!(warned(deploy_jobs, merge_into), expected, "{deploy_jobs} {merge_into}");
        }
    }

    #[test]
    fn branches_are_selected_by_glob() {
        assert_eq!(skipped(json!({"branches": "main,feature/*"})), (None, 0));
        assert_eq!(skipped(json!({"branches": "main"})), (Some("branch_not_selected"), 0));
    }

    #[test]
    fn branches_are_chosen_in_the_forms_that_people_write() {
        let of = |branches: &str, ci: serde_json::Value| {
            let context = context(json!({"event": "deploy-started", "ci": ci, "settings": {"branches": branches}}));
            let mut warnings = Vec::new();
            (skip_reason(&Facts::of(&context, &mut vec![]), &mut warnings).is_none(), warnings.len())
        };
        let branch = |name: &str| json!({"CI_COMMIT_BRANCH": name});
        let tag = |name: &str| json!({"CI_COMMIT_TAG": name});
        for (branches, ci, expected) in [
            ("main development", branch("development"), true),
            ("main;development", branch("development"), true),
            ("! main", branch("main"), false),
            ("\"main\"", branch("main"), true),
            ("all", branch("x"), true),
            ("refs/heads/main", branch("main"), true),
            ("!renovate/*", branch("main"), true),
            ("!renovate/*", branch("renovate/x"), false),
            ("* !renovate/*", branch("renovate/x"), false),
            ("main", tag("main"), false),
            ("tags", tag("v1"), true),
            ("tags", branch("v1"), false),
            ("refs/tags/v*", tag("v1"), true),
            ("refs/tags/v*", branch("v1"), false),
            ("v*", tag("v1"), true),
            ("!tags", tag("v1"), false),
        ] {
            assert_eq!(of(branches, ci.clone()), (expected, 0), "{branches} {ci}");
        }
        for wrong in ["^main$", "/^release-.*$/", "main?", "a..b", "(main|dev)", "release/", "!"] {
            assert_eq!(of(wrong, branch("other")).1, 1, "{wrong}");
        }
    }
}
