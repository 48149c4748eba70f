//! The route of a message, which the host needs before it asks Slack. Serialize only.

use serde::Serialize;

use crate::CONTRACT_VERSION;
use crate::contract::context::{Context, Event};
use crate::facts::Facts;
use crate::facts::mentions;
use crate::facts::selection;

/// Version 1 of the route. A message has the same fields and more, but no `lookup`.
#[derive(Debug, Serialize)]
pub(crate) struct Route {
    version: u64,
    /// The environment of the message. The host chooses channels and operators by it.
    environment: Option<String>,
    /// The reason not to send it, as one word. `None` for a closing job, because the messages of its channel still decide.
    skip: Option<&'static str>,
    /// The e-mail addresses of possible mentions whose Slack IDs are not in `people`.
    lookup: Vec<String>,
}

impl Route {
    /// Ignores the warnings, because the message contains them.
    #[inline(never)]
    pub(crate) fn of(context: &Context) -> Self {
        let facts = Facts::of(context, &mut Vec::new());
        let is_closing = context.event == Event::PipelineFinished;
        Self {
            version: CONTRACT_VERSION,
            skip: (!is_closing).then(|| selection::skip_reason(&facts, &mut Vec::new())).flatten(),
            lookup: mentions::unknown(&facts),
            environment: facts.environment.name,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn route(mut context: Value) -> Value {
        context["version"] = 1.into();
        context["request"] = "route".into();
        serde_json::from_slice(&crate::render(context.to_string().as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_route_says_what_a_message_would() {
        let ci = json!({"CI_COMMIT_BRANCH": "feature/x", "CI_JOB_STATUS": "failed", "CI_ENVIRONMENT_NAME": "staging"});
        let of = |settings: Value| route(json!({"event": "deploy-finished", "ci": ci, "settings": settings}));
        assert_eq!(of(json!({})), json!({"version": 1, "environment": "staging", "skip": null, "lookup": []}));
        assert_eq!(of(json!({"branches": "main"}))["skip"], "branch_not_selected");
    }

    /// The messages in its channel may turn a success into a failure, and a skipped message into a sent one.
    #[test]
    fn a_closing_job_is_never_skipped_before_its_channel_is_read() {
        let context = json!({"event": "pipeline-finished", "result": "success", "settings": {"finish": "change"}});
        assert_eq!(route(context)["skip"], Value::Null);
    }

    #[test]
    fn a_reported_failure_does_not_change_the_environment() {
        let of = |reported: Value| {
            route(json!({
                "event": "pipeline-finished", "result": "failed", "settings": {"deploy_jobs": "deploy"}, "history": {"reported": reported},
                "failed_jobs": [{"id": 7, "name": "deploy", "failure_reason": "script_failure", "environment": "staging"}],
            }))["environment"]
                .clone()
        };
        assert_eq!(
            (of(json!(null)), of(json!([])), of(json!([7]))),
            ("staging".into(), "staging".into(), "staging".into())
        );
    }

    #[test]
    fn possible_mentions_without_a_known_id_are_looked_up() {
        let of = |event: &str, status: &str, mention: &str, people: Value| {
            let ci = json!({
                "CI_JOB_STATUS": status, "CI_COMMIT_AUTHOR": "Kim Minsu <minsu@corp.example>", "GITLAB_USER_LOGIN": "jiwoo",
                "GITLAB_USER_EMAIL": "jiwoo@corp.example",
            });
            let settings = json!({"mention": mention});
            route(json!({"event": event, "ci": ci, "settings": settings, "people": people}))["lookup"].clone()
        };
        let both = json!(["minsu@corp.example", "jiwoo@corp.example"]);
        for mention in ["author", "@here author", "author;here", "Author"] {
            assert_eq!(of("deploy-finished", "failed", mention, json!({})), both, "{mention}");
        }
        assert_eq!(of("pipeline-finished", "success", "user", json!({})), json!(["jiwoo@corp.example"]));
        assert_eq!(of("deploy-finished", "success", "author", json!({})), json!([]));
        assert_eq!(of("deploy-started", "running", "author", json!({})), json!([]));
        assert_eq!(of("deploy-finished", "failed", "here", json!({})), json!([]));
        let known = json!({"Jiwoo": "U0JIWOO", "minsu@corp.example": "U0MINSU"});
        assert_eq!(of("deploy-finished", "failed", "author,user", known), json!([]));
    }
}
