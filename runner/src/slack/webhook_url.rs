//! The incoming webhook: the source of its URL, and the check of its host.

use std::borrow::Cow;

use crate::explain::Explain;
use crate::job::key::Key;
use crate::job::settings::Settings;
use crate::net::address::{self, Refused};
use crate::net::secret::Secret;
use crate::variables::{Variables, after_unexpanded};

/// The variable with the operators' webhook URL.
const OPS_VARIABLE: &str = "SLACK_OPS_WEBHOOK_URL";

/// The hosts of Slack's incoming webhooks; the second is GovSlack's.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// The checked URL of an incoming webhook. It is a credential and never shown.
#[derive(Debug)]
pub(crate) struct Webhook {
    url: Secret,
    is_exact: bool,
}

impl Webhook {
    pub(crate) fn url(&self) -> &Secret {
        &self.url
    }

    /// Returns true for Slack's own webhook, which answers exactly as documented and shows all of a message. A host that is allowed by
    /// name has a dialect, such as Mattermost, Rocket.Chat and Zulip.
    pub(crate) fn is_exact(&self) -> bool {
        self.is_exact
    }
}

/// Returns the name of the variable that holds the webhook URL.
pub(crate) fn variable(settings: &Settings) -> &str {
    settings.get_or_default(Key::WEBHOOK_VARIABLE)
}

/// The reason there is no usable webhook. It names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub(crate) struct UnusableWebhook {
    variable: String,
    problem: Problem,
    /// The next step if there is no value, by the likely cause.
    if_missing: &'static str,
}

/// What is wrong with the value of a webhook's variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("takes the name of a variable, such as SLACK_WEBHOOK_URL, and never its value")]
    NotAName,
    #[error("is not set or empty")]
    Missing,
    #[error("holds a variable that GitLab did not expand, because this job does not have it")]
    Unexpanded,
    #[error("is the path of a File-type variable whose file cannot be read")]
    Unreadable,
    #[error("is not a URL")]
    NotAnAddress,
    #[error("is not an https URL, so the secret is not sent")]
    NotHttps,
    #[error("is a Workflow Builder URL (/triggers/ or /workflows/), which accepts no blocks")]
    Workflow,
    #[error("does not point at hooks.slack.com or hooks.slack-gov.com")]
    Host,
}

impl UnusableWebhook {
    /// Returns the problem as one word for the job log.
    pub(crate) fn reason(&self) -> &'static str {
        match self.problem {
            Problem::Missing => "no_webhook",
            Problem::NotAName | Problem::Unexpanded | Problem::Unreadable | Problem::NotAnAddress => "bad_webhook",
            Problem::NotHttps => "not_https",
            Problem::Workflow => "workflow_webhook",
            Problem::Host => "host_not_allowed",
        }
    }

    /// Returns true if nobody meant to send: the job has no usable value.
    pub(crate) fn is_unset(&self) -> bool {
        matches!(
            self.problem,
            Problem::NotAName | Problem::Missing | Problem::Unexpanded | Problem::Unreadable | Problem::NotAnAddress
        )
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.problem == Problem::Missing
    }

    pub(crate) fn variable(&self) -> &str {
        &self.variable
    }

    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Explain for UnusableWebhook {
    fn step(&self) -> Cow<'_, str> {
        let step = match self.problem {
            Problem::NotAName => "remove the value from there, and create a new webhook if it was a webhook's URL",
            Problem::Missing | Problem::Unexpanded => self.if_missing,
            Problem::Unreadable => "check its type and its value in Settings > CI/CD > Variables",
            Problem::NotAnAddress => {
                "copy it again from the Slack app's page Incoming Webhooks (https://hooks.slack.com/services/…), without quotes"
            }
            Problem::NotHttps => "use its https address",
            Problem::Workflow => {
                "make an incoming webhook instead, on a Slack app's page Incoming Webhooks (https://hooks.slack.com/services/…)"
            }
            Problem::Host => {
                "copy the webhook again; for a Slack-compatible server, add its host to the input allow_hosts (without the component: \
                 NOTIFIER_ALLOW_HOSTS)"
            }
        };
        step.into()
    }
}

/// Finds and checks the job's webhook.
pub(crate) fn find(variables: &Variables, settings: &Settings) -> Result<Webhook, UnusableWebhook> {
    find_in(variable(settings), variables, settings)
}

/// Finds and checks the operators' webhook, if there is one.
pub(crate) fn of_operators(variables: &Variables, settings: &Settings) -> Option<Result<Webhook, UnusableWebhook>> {
    variables.get(OPS_VARIABLE)?;
    Some(find_in(OPS_VARIABLE, variables, settings))
}

fn find_in(name: &str, variables: &Variables, settings: &Settings) -> Result<Webhook, UnusableWebhook> {
    let unusable = |problem| UnusableWebhook { variable: name.to_owned(), problem, if_missing: if_missing(variables) };
    if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
        let variable = "NOTIFIER_WEBHOOK_VARIABLE".to_owned();
        return Err(UnusableWebhook { variable, ..unusable(Problem::NotAName) });
    }
    let value = variables.secret(name).ok_or_else(|| unusable(Problem::Missing))?;
    let value = value.map_err(|_| unusable(Problem::Unreadable))?;
    let allowed = settings.get(Key::ALLOW_HOSTS).unwrap_or_default();
    match check(&value, allowed) {
        Ok(()) => Ok(Webhook { is_exact: !address::is_named(&value, allowed), url: Secret::new(value) }),
        Err(problem) => Err(unusable(problem)),
    }
}

fn check(value: &str, allowed_hosts: &str) -> Result<(), Problem> {
    if value.is_empty() {
        return Err(Problem::Missing);
    }
    if after_unexpanded(value).is_some() {
        return Err(Problem::Unexpanded);
    }
    address::check(value, &SLACK_HOSTS, allowed_hosts).map_err(|refused| match refused {
        Refused::NotAnAddress => Problem::NotAnAddress,
        Refused::NotHttps => Problem::NotHttps,
        Refused::Host => Problem::Host,
    })?;
    let path = value.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    if ["triggers/", "workflows/"].iter().any(|start| path.starts_with(start)) {
        return Err(Problem::Workflow);
    }
    Ok(())
}

/// Returns the next step for a missing variable. The project may have it although this job does not get it
/// (<https://docs.gitlab.com/ci/variables/#protect-a-cicd-variable>); GitLab itself never reports that.
fn if_missing(variables: &Variables) -> &'static str {
    match (variables.get("CI_COMMIT_REF_PROTECTED"), variables.get("CI_ENVIRONMENT_NAME")) {
        (Some("false"), _) => {
            "set it in Settings > CI/CD > Variables; if it is set there, it is probably protected and this ref is not: untick \
             Protect variable, or protect the branch"
        }
        (_, None) => {
            "set it in Settings > CI/CD > Variables; if it is set there, its environment scope is probably not *, and this job \
             has no environment"
        }
        (Some("true"), _) => {
            "set it in Settings > CI/CD > Variables; if it is set there, its environment scope probably excludes this job's \
             environment; in a downstream pipeline, it may be protected"
        }
        _ => {
            "set it in Settings > CI/CD > Variables; if it is set there, it is probably protected and this ref is not, or its \
             environment scope excludes this job's environment"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(value: &str, allow_hosts: &str) -> &'static str {
        let variables = [("SLACK_WEBHOOK_URL", value), ("NOTIFIER_ALLOW_HOSTS", allow_hosts)].into_iter().collect();
        let settings = Settings::default().or_from(&variables);
        match find(&variables, &settings) {
            Ok(_) => "ok",
            Err(unusable) => {
                let shown = unusable.describe();
                assert!(value.is_empty() || !shown.contains(value), "{shown}");
                assert!(shown.chars().count() < 480, "{shown}");
                unusable.reason()
            }
        }
    }

    #[test]
    fn only_slack_loopback_and_named_hosts_get_messages() {
        for (value, expected) in [
            ("https://hooks.slack.com/services/T0/B0/x", "ok"),
            (" https://hooks.slack-gov.com/services/T0/B0/x\n", "ok"),
            ("https://hooks.slack.com:443/services/T0/B0/x", "ok"),
            ("http://127.0.0.1:8065/hooks/x", "ok"),
            ("https://chat.example:8443/hooks/x", "ok"),
            ("", "no_webhook"),
            ("   ", "no_webhook"),
            ("$SLACK_WEBHOOK_URL", "bad_webhook"),
            ("${SLACK_WEBHOOK_URL}", "bad_webhook"),
            ("\"https://hooks.slack.com/services/T0/B0/x\"", "bad_webhook"),
            ("hooks.slack.com/services/T0/B0/x", "bad_webhook"),
            ("ftp://hooks.slack.com/services/T0/B0/x", "bad_webhook"),
            ("/nonexistent/SLACK_WEBHOOK_URL", "bad_webhook"),
            ("http://hooks.slack.com/services/T0/B0/x", "not_https"),
            ("https://hooks.slack.com/triggers/T0/1/x", "workflow_webhook"),
            ("https://hooks.slack.com/workflows/T0/A0/1/x", "workflow_webhook"),
            ("https://evil.example/services/T0/B0/x", "host_not_allowed"),
            ("https://93.184.216.34/services/T0/B0/x", "host_not_allowed"),
            ("https://hooks.slack.com:8443/services/T0/B0/x", "host_not_allowed"),
            ("https://hooks.slack.com.evil.example/services/T0/B0/x", "host_not_allowed"),
            ("https://hooks.slack.com@evil.example/services/T0/B0/x", "bad_webhook"),
        ] {
            assert_eq!(word(value, "chat.example:8443"), expected, "{value}");
        }
    }

    #[test]
    fn the_likely_cause_follows_the_job() {
        let text = |pairs: &[(&str, &str)]| {
            let variables = pairs.iter().copied().collect();
            find(&variables, &Settings::default()).unwrap_err().step().into_owned()
        };
        assert!(text(&[("CI_COMMIT_REF_PROTECTED", "false")]).contains("it is probably protected and this ref is not"));
        assert!(text(&[("CI_COMMIT_REF_PROTECTED", "true")]).contains("and this job has no environment"));
        assert!(text(&[("CI_ENVIRONMENT_NAME", "prod")]).contains("excludes this job's environment"));
    }
}
