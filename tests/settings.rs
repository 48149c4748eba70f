//! Settings as people write them: through the binary, from the variable to the message or the warning.

use crate::support::ended::Ended;
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits::{elements, mentions};

const JOB: &str = "gitlab-18-deploy-on-main";

/// The result of a call: its end and the message.
struct Sent {
    ended: Ended,
    body: serde_json::Value,
}

impl Sent {
    /// The environment of the one-line text.
    fn environment(&self) -> &str {
        let text = self.body["text"].as_str().unwrap_or_default();
        text.split_once("] ").and_then(|(_, rest)| rest.split_once(": ")).map_or("", |(name, _)| name)
    }

    fn warns_of(&self, setting: &str) -> bool {
        self.ended.stderr.lines().any(|line| line.starts_with("warning: ") && line.contains(setting))
    }
}

/// Sends an event of a job with these variables. An empty one is set to nothing; `None` unsets it.
fn send(arguments: &[&str], variables: &[(&str, Option<&str>)]) -> Sent {
    let slack = Server::start([Reply::ok()]);
    let notifier = Notifier::new(&[&["send"], arguments].concat()).job(JOB).with("NOTIFIER_LANGUAGE", "en");
    let notifier = variables.iter().fold(notifier, |notifier, (name, value)| match value {
        Some(value) => notifier.with(name, *value),
        None => notifier.without(name),
    });
    let ended = notifier.with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let body = slack.requests().first().map(crate::support::loopback::Request::json).unwrap_or_default();
    Sent { ended, body }
}

/// Case N3: GitLab's own environment of the job, then the mapping, then the branch. Unset and empty are different.
#[test]
fn the_environment_is_the_jobs_own() {
    let own = Some;
    let (unset, review) = (None, Some("review/main"));
    for (of_job, mapping, expected, warns) in [
        (own("staging"), unset, "staging", false),
        (own("production"), unset, "production", false),
        (own("staging"), own("main=live"), "staging", true),
        (own("live"), own("main=live@eks"), "live", false),
        (review, unset, "prod", false),
        (review, own("main=live"), "live", false),
        (review, own(""), "main", false),
        (unset, unset, "prod", false),
        (unset, own("main=staging"), "staging", false),
        (unset, own("-"), "main", false),
        (own("staging"), own(""), "staging", false),
    ] {
        for event in ["deploy-started", "pipeline-started"] {
            let sent = send(&[event], &[("CI_ENVIRONMENT_NAME", of_job), ("NOTIFIER_ENVIRONMENTS", mapping)]);
            assert_eq!(sent.environment(), expected, "{of_job:?} {mapping:?} {}", sent.ended.stderr);
            assert_eq!(sent.warns_of("maps this branch to"), warns, "{of_job:?} {mapping:?} {}", sent.ended.stderr);
        }
    }
    // A cluster is named only if its entry decided the environment.
    for (of_job, cluster) in [(own("staging"), false), (own("live"), true), (review, true), (unset, true)] {
        let variables = [("CI_ENVIRONMENT_NAME", of_job), ("NOTIFIER_ENVIRONMENTS", Some("main=live@eks-main"))];
        let sent = send(&["deploy-started"], &variables);
        assert_eq!(sent.body.to_string().contains("eks-main"), cluster, "{of_job:?}");
    }
}

/// Case N4: a placeholder of a variable that is no predefined one, and a dollar where GitLab expands nothing.
#[test]
fn a_placeholder_without_a_value_is_explained() {
    for (setting, value) in [
        ("NOTIFIER_APP_URL", "https://%{MY_NS}.shop.example"),
        ("NOTIFIER_LOGS_URL", "https://logs.example/?ns=%{MY_NS}"),
        ("NOTIFIER_ENVIRONMENTS", "main=%{MY_NS}"),
    ] {
        let sent = send(&["deploy-finished"], &[("MY_NS", Some("shop")), (setting, Some(value))]);
        assert!(sent.warns_of(setting), "{setting}: {}", sent.ended.stderr);
        assert!(sent.ended.stderr.contains("predefined variables"), "{setting}: {}", sent.ended.stderr);
        assert!(!sent.body.to_string().contains("MY_NS"), "{}", sent.body);
    }
    for (setting, value) in [
        ("NOTIFIER_LOKI_QUERY", r#"{namespace="$KUBE_NAMESPACE"}"#),
        ("NOTIFIER_LOKI_QUERY", r#"{namespace="${KUBE_NAMESPACE}"}"#),
        ("NOTIFIER_LOGS_URL", "https://logs.example/?ns=$KUBE_NAMESPACE"),
    ] {
        let grafana = ("NOTIFIER_GRAFANA_URL", Some("https://grafana.example"));
        let sent = send(&["deploy-started"], &[grafana, (setting, Some(value))]);
        assert!(
            sent.warns_of(setting) && sent.ended.stderr.contains("does not expand $"),
            "{value}: {}",
            sent.ended.stderr
        );
    }
}

/// Case N5: people whom nobody can be found for.
#[test]
fn a_mention_that_reaches_nobody_is_warned_of() {
    for mention in ["author", "user", "author, user"] {
        let settings = [("NOTIFIER_MENTION", Some(mention)), ("CI_JOB_STATUS", Some("failed"))];
        let sent = send(&["deploy-finished"], &settings);
        assert!(mentions(&sent.body).is_empty());
        assert!(sent.warns_of("NOTIFIER_MENTION") && sent.warns_of("NOTIFIER_USER_MAP"), "{}", sent.ended.stderr);
        // A success mentions nobody anyway.
        let sent = send(&["deploy-finished"], &[("NOTIFIER_MENTION", Some(mention))]);
        assert!(!sent.warns_of("NOTIFIER_MENTION"), "{}", sent.ended.stderr);
        let doctor = Notifier::new(&["doctor"]).job(JOB).with("NOTIFIER_MENTION", mention).run();
        assert!(doctor.stdout.contains("NOTIFIER_USER_MAP"), "{}", doctor.stdout);
    }
    // Somebody else is mentioned, and this person is not.
    let failed = ("CI_JOB_STATUS", Some("failed"));
    let sent = send(&["deploy-finished"], &[("NOTIFIER_MENTION", Some("author,here")), failed]);
    assert_eq!(mentions(&sent.body), ["here"]);
    assert!(sent.warns_of("NOTIFIER_USER_MAP"), "{}", sent.ended.stderr);
    let map = ("NOTIFIER_USER_MAP", Some(r#"{"minsu.kim@corp.example": "U0MINSUKIM"}"#));
    let sent = send(&["deploy-finished"], &[("NOTIFIER_MENTION", Some("author")), map, failed]);
    assert!(mentions(&sent.body) == ["U0MINSUKIM"] && !sent.warns_of("NOTIFIER_MENTION"), "{}", sent.ended.stderr);
}

/// Case N9: `finish: all` stops no pipeline, and a switch is on or off.
#[test]
fn a_value_that_is_none_of_the_values_is_named() {
    for (setting, value, values) in [
        ("NOTIFIER_COMPARE", "banana", "write on or off"),
        ("NOTIFIER_COMPARE", "2", "write on or off"),
        ("NOTIFIER_COMPARE", "truee", "write on or off"),
    ] {
        let sent = send(&["deploy-finished"], &[(setting, Some(value))]);
        assert!(sent.warns_of(&format!("{setting} is `{value}`")) && sent.warns_of(values), "{}", sent.ended.stderr);
        let doctor = Notifier::new(&["doctor"]).job(JOB).with(setting, value).run();
        assert!(doctor.stdout.contains(values), "{}", doctor.stdout);
    }
    for value in ["all", "fail", "success"] {
        let sent = send(&["pipeline-finished", "--result", "failed"], &[("NOTIFIER_FINISH", Some(value))]);
        assert!(sent.warns_of("NOTIFIER_FINISH"), "{}", sent.ended.stderr);
        for word in ["failure", "change", "always", "never"] {
            assert!(sent.warns_of(word), "{word}: {}", sent.ended.stderr);
        }
    }
}

/// Case G3: GitLab passes an input that is a YAML list as JSON.
#[test]
fn a_yaml_list_is_a_list() {
    for (setting, list, event, is_sent) in [
        ("NOTIFIER_BRANCHES", r#"["main"]"#, "deploy-started", true),
        ("NOTIFIER_BRANCHES", r#"["develop", "release/*"]"#, "deploy-started", false),
        ("NOTIFIER_EVENTS", r#"["deploy-started", "deploy-failed"]"#, "deploy-started", true),
        ("NOTIFIER_EVENTS", r#"["!deploy-started"]"#, "deploy-started", false),
        ("NOTIFIER_BRANCHES", r#"["main", 1.2, true]"#, "deploy-started", true),
        ("NOTIFIER_EVENTS", "!pipeline-started, !deploy-started", "deploy-started", false),
        ("NOTIFIER_EVENTS", "!pipeline-started", "deploy-started", true),
        ("NOTIFIER_EVENTS", "deploy-*, !deploy-started", "deploy-started", false),
    ] {
        let sent = send(&[event], &[(setting, Some(list))]);
        assert_eq!(sent.ended.last_line() == "notify: sent", is_sent, "{list}: {}", sent.ended.stderr);
        assert!(!sent.ended.stderr.contains("warning"), "{list}: {}", sent.ended.stderr);
    }
    let jobs = [("NOTIFIER_DEPLOY_JOBS", Some(r#"["review", "deploy: [eu]"]"#))];
    assert!(!send(&["deploy-started"], &jobs).ended.stderr.contains("warning"));
    let mention = ("NOTIFIER_MENTION", Some(r#"["subteam:S0OPERATORS", "here"]"#));
    let sent = send(&["deploy-finished"], &[mention, ("CI_JOB_STATUS", Some("failed"))]);
    assert_eq!(mentions(&sent.body), ["S0OPERATORS", "here"]);
}

/// Case R18: names of people in every script.
#[test]
fn names_are_shown_as_they_are_written() {
    let england = "Jane \u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
    for (name, shown) in [
        (england, england),
        ("\u{200F}דנה כהן", "דנה כהן"),
        ("\u{200E}Dana", "Dana"),
        ("Anna 👩🏽\u{200D}🚀", "Anna 👩🏽\u{200D}🚀"),
        ("Kim 🇰🇷", "Kim 🇰🇷"),
    ] {
        let sent = send(&["deploy-started"], &[("GITLAB_USER_NAME", Some(name))]);
        let text = sent.body["text"].as_str().unwrap();
        assert!(text.contains(&format!("by {shown} (")), "{text}");
        let by = elements(&sent.body).map(ToString::to_string).collect::<String>() + &sent.body.to_string();
        assert!(!by.contains('\u{FFFD}'), "{by}");
    }
}

/// Case R17: every value by which GitLab Runner prints all variables.
#[test]
fn doctor_knows_when_the_log_shows_every_variable() {
    for (value, is_on) in [
        ("1", true),
        ("TRUE", true),
        ("t", true),
        ("T", true),
        ("True", true),
        ("true", true),
        ("2", false),
        ("yes", false),
        ("false", false),
        ("0", false),
    ] {
        let doctor = Notifier::new(&["doctor"]).job(JOB).with("CI_DEBUG_TRACE", value).run();
        assert_eq!(doctor.stdout.contains("CI_DEBUG_TRACE is on"), is_on, "{value}: {}", doctor.stdout);
    }
}
