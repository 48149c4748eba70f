//! The settings: one table for the command line, the environment, the docs and the component's inputs.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::variables::Variables;

/// One setting: `--name value`, or `NOTIFIER_NAME` in the environment.
#[derive(Debug)]
pub struct Setting {
    /// Lower case with underscores, as the context has it.
    pub name: &'static str,
    /// What the value looks like.
    pub value: &'static str,
    /// What it is for, and its default.
    pub help: &'static str,
    /// Whether the module is told of it; the others are about delivery.
    pub for_module: bool,
}

const fn module(name: &'static str, value: &'static str, help: &'static str) -> Setting {
    Setting { name, value, help, for_module: true }
}

const fn host(name: &'static str, value: &'static str, help: &'static str) -> Setting {
    Setting { name, value, help, for_module: false }
}

/// Every setting.
pub const SETTINGS: [Setting; 23] = [
    module(
        "environments",
        "PATTERN=ENVIRONMENT@CLUSTER,…",
        "Environment and cluster by branch; the first match wins, * globs [default: main=prod@eks-dev,development=dev@eks-dev,*=%{branch}@play]",
    ),
    module("language", "en|ko", "Language of the messages [default: en]"),
    module("events", "EVENT,…", "Which events to send, as globs; also deploy-failed and the like [default: all]"),
    module("branches", "PATTERN,…", "Which branches and tags to send for, as globs [default: all]"),
    module(
        "finish",
        "failure|change|always|never",
        "Which ends of a pipeline to tell: failures, changes from success to failure and back, all, or none [default: failure]",
    ),
    module(
        "deploy_jobs",
        "JOB,…",
        "Names of the jobs that carry the hooks, as globs: what a hook has told of a failure, the closing job does not tell again [default: none]",
    ),
    module("project_name", "name|path", "How messages name the project: shop-api, or shop/shop-api [default: name]"),
    module(
        "mention",
        "subteam:S…|user:U…|here|channel|author|user,…",
        "Whom to mention on failure and recovery; the commit's author and the user who ran the pipeline are found in the user map, else by a bot [default: nobody]",
    ),
    module(
        "ops_mention",
        "subteam:S…|user:U…|here|channel|author|user,…",
        "Whom to mention in the operators' message of a failure [default: nobody]",
    ),
    module(
        "ops_environments",
        "ENVIRONMENT,…",
        "Environments whose failures the operators are told of, as globs [default: all]",
    ),
    module(
        "app_url",
        "URL",
        "Address of the deployed site; a template [default: environment_url.txt, then CI_ENVIRONMENT_URL]",
    ),
    module("grafana_url", "URL", "Grafana, for links to the runtime logs in Explore [default: no link]"),
    module("grafana_org", "ID", "Grafana's organisation [default: 1]"),
    module("loki_datasource", "UID", "UID of the Loki data source [default: Grafana's default]"),
    module(
        "loki_query",
        "LOGQL",
        "Query of the link; a template [default: {namespace=\"%{KUBE_NAMESPACE}\",app=\"%{CI_ENVIRONMENT_SLUG}\"}]",
    ),
    module("logs_url", "URL", "Address of the runtime logs in any other system; a template, instead of Grafana"),
    host(
        "user_map",
        "JSON|FILE",
        "GitLab login or e-mail address to Slack user ID, as a JSON object or a file with one",
    ),
    host("timeout", "SECONDS", "The most that one hook takes of the job, download included [default: 5]"),
    host("webhook_variable", "NAME", "Name of the variable that holds the webhook URL [default: SLACK_WEBHOOK_URL]"),
    host(
        "allow_hosts",
        "HOST,…",
        "More hosts that a webhook or the Web API may be at, beside Slack's (Slack-compatible servers)",
    ),
    host(
        "slack_api_url",
        "URL",
        "Address of the Web API, for GovSlack and allowed hosts [default: https://slack.com/api]",
    ),
    host(
        "channel",
        "NAME|ID",
        "Channel of the messages of SLACK_BOT_TOKEN's bot; a webhook has its own [default: none]",
    ),
    host(
        "ops_channel",
        "NAME|ID",
        "Channel in which the bot tells the operators of a failure; without a bot SLACK_OPS_WEBHOOK_URL has its own [default: none]",
    ),
];

/// How long one call may take where `NOTIFIER_TIMEOUT` does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings that are set, by name: flags first, then the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Adds what the environment sets and no flag does.
    #[must_use]
    pub fn or_from(mut self, variables: &Variables) -> Self {
        for setting in &SETTINGS {
            if let Some(value) = variables.get(&variable(setting.name)) {
                self.0.entry(setting.name).or_insert_with(|| value.to_owned());
            }
        }
        self
    }

    /// The settings that say where secrets go and that a flag sets, even to nothing, against a variable of the job.
    pub(crate) fn overruled(&self, variables: &Variables) -> impl Iterator<Item = &'static str> {
        ["allow_hosts", "slack_api_url"].into_iter().filter(|name| {
            let of_job = variables.get(&variable(name));
            of_job.is_some() && of_job != self.0.get(name).map(|value| value.trim())
        })
    }

    /// A setting; an unexpanded `$VARIABLE`, as GitLab leaves it where there is no such variable, counts as missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty() && !value.starts_with('$'))
    }

    /// The settings that the module is told of.
    pub fn for_module(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SETTINGS.iter().filter(|setting| setting.for_module).filter_map(|it| Some((it.name, self.get(it.name)?)))
    }

    /// `NOTIFIER_TIMEOUT`, and a warning where it is no number of seconds.
    #[must_use]
    pub fn timeout(&self) -> (Duration, Option<String>) {
        let Some(value) = self.get("timeout") else { return (DEFAULT_TIMEOUT, None) };
        match value.parse::<f64>() {
            Ok(seconds) if (0.1..=300.0).contains(&seconds) => (Duration::from_secs_f64(seconds), None),
            _ => (DEFAULT_TIMEOUT, Some("NOTIFIER_TIMEOUT is not a number of seconds from 0.1 to 300; using 5".into())),
        }
    }
}

/// The variable of a setting: `NOTIFIER_LOKI_QUERY` for `loki_query`; the Web API's address has the name that others use too.
#[must_use]
pub fn variable(name: &str) -> String {
    if name == "slack_api_url" {
        return "SLACK_API_URL".to_owned();
    }
    format!("NOTIFIER_{}", name.to_ascii_uppercase())
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |setting: &Setting| Some((setting.name, matches.get_one::<String>(setting.name)?.clone()));
        Ok(Self(SETTINGS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| {
            let help = format!("{} [env: {}]", setting.help, variable(setting.name));
            command.arg(
                Arg::new(setting.name)
                    .long(setting.name.replace('_', "-"))
                    .value_name(setting.value)
                    .help(help)
                    .help_heading("Settings")
                    .hide_short_help(false),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&'static str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    #[test]
    fn a_flag_beats_the_environment() {
        let environment = [("NOTIFIER_LANGUAGE", "ko"), ("NOTIFIER_MENTION", " here ")].into_iter().collect();
        let settings = settings(&[("language", "en")]).or_from(&environment);
        assert_eq!((settings.get("language"), settings.get("mention")), (Some("en"), Some("here")));
    }

    #[test]
    fn an_unexpanded_variable_is_no_setting() {
        assert_eq!(settings(&[("language", "$LANGUAGE")]).get("language"), None);
    }

    #[test]
    fn a_timeout_that_is_no_number_is_told_and_the_default_used() {
        assert_eq!(settings(&[("timeout", "2.5")]).timeout(), (Duration::from_millis(2500), None));
        for wrong in ["0", "-1", "NaN", "inf", "1e9", "soon"] {
            let (timeout, warning) = settings(&[("timeout", wrong)]).timeout();
            assert_eq!(timeout, DEFAULT_TIMEOUT, "{wrong}");
            assert!(warning.is_some_and(|it| it.contains("NOTIFIER_TIMEOUT")), "{wrong}");
        }
    }
}
