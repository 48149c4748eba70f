//! The incoming webhook: where its URL comes from, and whether a message may go there.

use std::fmt;

use crate::job::settings::Settings;
use crate::net::address::{self, Refused};
use crate::net::secret::Secret;
use crate::variables::Variables;

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
    settings.get_or_default("webhook_variable")
}

/// Why there is no webhook to send to. Names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    variable: String,
    problem: Problem,
    /// What the job's variables say about the likely cause.
    causes: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Missing,
    Unexpanded,
    Unreadable,
    NotAnAddress,
    NotHttps,
    Workflow,
    Host,
}

impl Unusable {
    /// The problem as one word of the job log.
    pub(crate) fn word(&self) -> &'static str {
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
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, problem, causes } = self;
        match problem {
            Problem::Missing => {
                write!(f, "{variable} is not set or empty: the notification is skipped, the job goes on. {causes}")
            }
            Problem::Unexpanded => write!(
                f,
                "{variable} holds the name of a variable that GitLab did not expand, so that one is not set here: the notification is \
                 skipped, the job goes on. {causes}"
            ),
            Problem::Unreadable => write!(
                f,
                "{variable} is the path of a File-type variable whose file cannot be read: the notification is skipped, the job goes on. \
                 Check the variable in Settings > CI/CD > Variables"
            ),
            Problem::NotAnAddress => write!(
                f,
                "{variable} is no URL: the notification is skipped, the job goes on. Copy it once more from the Slack app's page \
                 Incoming Webhooks (https://hooks.slack.com/services/…), without quotes"
            ),
            Problem::NotHttps => {
                write!(f, "{variable} is not an https URL, and a secret is not sent unencrypted. Use https")
            }
            Problem::Workflow => write!(
                f,
                "{variable} is a Workflow Builder URL (/triggers/ or /workflows/), which takes no messages with blocks. Make an incoming \
                 webhook instead: a Slack app's page Incoming Webhooks, https://hooks.slack.com/services/…"
            ),
            Problem::Host => write!(
                f,
                "{variable} does not point at hooks.slack.com or hooks.slack-gov.com. For a Slack-compatible server name its host in \
                 NOTIFIER_ALLOW_HOSTS"
            ),
        }
    }
}

/// Finds and checks the job's webhook.
pub(crate) fn find(variables: &Variables, settings: &Settings) -> Result<Webhook, Unusable> {
    find_in(variable(settings), variables, settings)
}

/// Finds and checks the webhook of the operators, where there is one.
pub(crate) fn of_operators(variables: &Variables, settings: &Settings) -> Option<Result<Webhook, Unusable>> {
    variables.get(OPS_VARIABLE)?;
    Some(find_in(OPS_VARIABLE, variables, settings))
}

fn find_in(name: &str, variables: &Variables, settings: &Settings) -> Result<Webhook, Unusable> {
    let unusable = |problem| Unusable { variable: name.to_owned(), problem, causes: causes(variables) };
    let value = variables.secret(name).ok_or_else(|| unusable(Problem::Missing))?;
    let value = value.map_err(|_| unusable(Problem::Unreadable))?;
    let allowed = settings.get("allow_hosts").unwrap_or_default();
    match check(&value, allowed) {
        Ok(()) => Ok(Webhook { is_exact: !address::is_named(&value, allowed), url: Secret::new(value) }),
        Err(problem) => Err(unusable(problem)),
    }
}

fn check(value: &str, allowed_hosts: &str) -> Result<(), Problem> {
    if value.is_empty() {
        return Err(Problem::Missing);
    }
    if value.starts_with('$') || value.starts_with('%') {
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

/// Why a variable that exists in the project may be missing in this job
/// (<https://docs.gitlab.com/ci/variables/#protect-a-cicd-variable>); GitLab itself never says.
fn causes(variables: &Variables) -> &'static str {
    match (variables.get("CI_COMMIT_REF_PROTECTED"), variables.get("CI_ENVIRONMENT_NAME")) {
        (Some("false"), _) => {
            "Likely cause: this ref is not protected and the variable is; clear its flag Protected, or protect the branch \
             (Settings > CI/CD > Variables)"
        }
        (_, None) => {
            "Likely cause: it was never set, or its environment scope is not * and this job has no environment \
             (Settings > CI/CD > Variables)"
        }
        (Some("true"), _) => {
            "Likely cause: it was never set, its environment scope leaves this job's environment out, or in a downstream pipeline it is \
             protected and was not passed on (Settings > CI/CD > Variables)"
        }
        _ => {
            "Likely cause: it was never set, it is protected and this ref is not, or its environment scope leaves this job's environment \
             out (Settings > CI/CD > Variables)"
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
                let shown = unusable.to_string();
                assert!(value.is_empty() || !shown.contains(value), "{shown}");
                assert!(shown.chars().count() < 480, "{shown}");
                unusable.word()
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
            find(&variables, &Settings::default()).unwrap_err().to_string()
        };
        assert!(text(&[("CI_COMMIT_REF_PROTECTED", "false")]).contains("this ref is not protected"));
        assert!(text(&[("CI_COMMIT_REF_PROTECTED", "true")]).contains("this job has no environment"));
        assert!(text(&[("CI_ENVIRONMENT_NAME", "prod")]).contains("leaves this job's environment out"));
    }
}
