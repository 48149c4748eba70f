//! The incoming webhook: where its URL comes from, and whether a message may go there.

use std::borrow::Cow;

use crate::explain::Explain;
use crate::job::key::Key;
use crate::job::settings::Settings;
use crate::net::address::{self, Refused};
use crate::net::secret::Secret;
use crate::variables::{Variables, after_unexpanded};

/// Where the operators' webhook URL is.
const OPS_VARIABLE: &str = "SLACK_OPS_WEBHOOK_URL";

/// The hosts of Slack's incoming webhooks; the second is GovSlack's.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// A checked address of an incoming webhook. The address is a credential: it is never shown.
#[derive(Debug)]
pub(crate) struct Webhook {
    url: Secret,
    is_exact: bool,
}

impl Webhook {
    pub(crate) fn url(&self) -> &Secret {
        &self.url
    }

    /// Whether it is Slack's own, which answers exactly as documented and shows all of a message. A host that is allowed by name
    /// speaks a dialect, as Mattermost, Rocket.Chat and Zulip do.
    pub(crate) fn is_exact(&self) -> bool {
        self.is_exact
    }
}

/// The name of the variable that holds the webhook URL.
pub(crate) fn variable(settings: &Settings) -> &str {
    settings.get_or_default(Key::WEBHOOK_VARIABLE)
}

/// Why there is no webhook to send to. Names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub(crate) struct UnusableWebhook {
    variable: String,
    problem: Problem,
    /// What to do where there is no value, by the likely cause.
    if_missing: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("is not set or empty")]
    Missing,
    #[error("holds the name of a variable that GitLab did not expand, as this job has none of that name")]
    Unexpanded,
    #[error("is the path of a File-type variable whose file cannot be read")]
    Unreadable,
    #[error("is no URL")]
    NotAnAddress,
    #[error("is not an https URL, and a secret is not sent unencrypted")]
    NotHttps,
    #[error("is a Workflow Builder URL (/triggers/ or /workflows/), which takes no messages with blocks")]
    Workflow,
    #[error("does not point at hooks.slack.com or hooks.slack-gov.com")]
    Host,
}

impl UnusableWebhook {
    /// The problem as one word of the job log.
    pub(crate) fn reason(&self) -> &'static str {
        match self.problem {
            Problem::Missing => "no_webhook",
            Problem::Unexpanded | Problem::Unreadable | Problem::NotAnAddress => "bad_webhook",
            Problem::NotHttps => "not_https",
            Problem::Workflow => "workflow_webhook",
            Problem::Host => "host_not_allowed",
        }
    }

    /// Whether nobody meant to send: the job has no usable value at all.
    pub(crate) fn is_unset(&self) -> bool {
        matches!(self.problem, Problem::Missing | Problem::Unexpanded | Problem::Unreadable | Problem::NotAnAddress)
    }

    /// The name of the variable.
    pub(crate) fn variable(&self) -> &str {
        &self.variable
    }
}

impl Explain for UnusableWebhook {
    fn step(&self) -> Cow<'_, str> {
        let step = match self.problem {
            Problem::Missing | Problem::Unexpanded => self.if_missing,
            Problem::Unreadable => "check its type and its value in Settings > CI/CD > Variables",
            Problem::NotAnAddress => {
                "copy it once more from the Slack app's page Incoming Webhooks (https://hooks.slack.com/services/…), without quotes"
            }
            Problem::NotHttps => "use its https address",
            Problem::Workflow => {
                "make an incoming webhook instead, on a Slack app's page Incoming Webhooks (https://hooks.slack.com/services/…)"
            }
            Problem::Host => {
                "copy the webhook once more; of a Slack-compatible server name the host in the input allow_hosts (without the component \
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

/// Finds and checks the webhook of the operators, where there is one.
pub(crate) fn of_operators(variables: &Variables, settings: &Settings) -> Option<Result<Webhook, UnusableWebhook>> {
    variables.get(OPS_VARIABLE)?;
    Some(find_in(OPS_VARIABLE, variables, settings))
}

fn find_in(name: &str, variables: &Variables, settings: &Settings) -> Result<Webhook, UnusableWebhook> {
    let unusable = |problem| UnusableWebhook { variable: name.to_owned(), problem, if_missing: if_missing(variables) };
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

/// What to do about a variable that is missing, as it is where it exists in the project and this job does not get it
/// (<https://docs.gitlab.com/ci/variables/#protect-a-cicd-variable>); GitLab itself never says.
fn if_missing(variables: &Variables) -> &'static str {
    match (variables.get("CI_COMMIT_REF_PROTECTED"), variables.get("CI_ENVIRONMENT_NAME")) {
        (Some("false"), _) => {
            "set it in Settings > CI/CD > Variables; if it is set there, it likely is protected and this ref is not protected: clear its \
             flag Protected, or protect the branch"
        }
        (_, None) => {
            "set it in Settings > CI/CD > Variables; if it is set there, its environment scope likely is not * and this job has no \
             environment"
        }
        (Some("true"), _) => {
            "set it in Settings > CI/CD > Variables; if it is set there, its environment scope likely leaves this job's environment out, \
             or in a downstream pipeline it is protected and was not passed on"
        }
        _ => {
            "set it in Settings > CI/CD > Variables; if it is set there, it likely is protected and this ref is not, or its environment \
             scope leaves this job's environment out"
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
        assert!(text(&[("CI_COMMIT_REF_PROTECTED", "false")]).contains("this ref is not protected"));
        assert!(text(&[("CI_COMMIT_REF_PROTECTED", "true")]).contains("this job has no environment"));
        assert!(text(&[("CI_ENVIRONMENT_NAME", "prod")]).contains("leaves this job's environment out"));
    }
}
