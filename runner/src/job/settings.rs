//! The settings of a job.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use serde_json::Value;

use super::key::Key;
use super::refusal::{DAYS, MAX_LOG_LINES, OFF, refusal};
use super::setting::{NOTHING, Reaches, SETTINGS, Setting, Takes, WHERE_LISTED};
use crate::variables::Variables;

/// The settings that are set, by name: flags first, then the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Adds the settings that the environment sets and no flag does.
    #[must_use]
    pub fn or_from(mut self, variables: &Variables) -> Self {
        for setting in &SETTINGS {
            // A setting with a default may be set to nothing.
            let found = variables
                .raw(&variable(setting.name))
                .filter(|it| !it.trim().is_empty() || !setting.default.is_empty());
            if let Some(value) = found {
                self.0.entry(setting.name).or_insert_with(|| plain_list(setting, value));
            }
        }
        self
    }

    /// Returns the settings that decide where secrets go, if a flag overrules a variable of the job, even with nothing.
    pub(crate) fn overruled(&self, variables: &Variables) -> impl Iterator<Item = &'static str> {
        let literal = SETTINGS.iter().filter(|setting| setting.reaches == Reaches::Literal).map(|setting| setting.name);
        literal.filter(|name| {
            let of_job = variables.get(&variable(name));
            of_job.is_some() && of_job != self.0.get(name).map(|value| value.trim())
        })
    }

    /// Returns a setting. A value that is refused (`refused`) counts as not set, and so does [`NOTHING`].
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&str> {
        self.value(key.name())
    }

    /// Returns true if a list with a default is set to nothing.
    fn is_nothing(&self, setting: &Setting) -> bool {
        let value = self.0.get(setting.name).map(|value| value.trim());
        setting.takes == Takes::List
            && !setting.default.is_empty()
            && value.is_some_and(|it| it.is_empty() || it == NOTHING)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty() && value != NOTHING && refusal(name, value).is_none()).then_some(value)
    }

    /// Returns a warning for each setting with an unusable value.
    pub(crate) fn refused(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|(name, value)| Some(format!("{} {}", variable(name), refusal(name, value.trim())?)))
    }

    /// Returns a setting, or its default.
    #[must_use]
    pub fn get_or_default(&self, key: Key) -> &str {
        let default =
            || SETTINGS.iter().find(|setting| setting.name == key.name()).map_or("", |setting| setting.default);
        self.get(key).unwrap_or_else(default)
    }

    /// Returns whether a setting is on. A value that is neither on nor off counts as on.
    #[must_use]
    pub fn is_on(&self, key: Key) -> bool {
        let value = self.get_or_default(key);
        !OFF.iter().any(|off| value.eq_ignore_ascii_case(off))
    }

    /// Returns the settings that the module gets.
    pub fn for_module(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let value = |it: &Setting| self.value(it.name).or_else(|| self.is_nothing(it).then_some(""));
        SETTINGS.iter().filter(|setting| setting.for_module).filter_map(move |it| Some((it.name, value(it)?)))
    }

    /// Returns the number of log lines to post; 0 without a usable value.
    pub(crate) fn log_lines(&self) -> usize {
        self.get_or_default(Key::LOG_LINES).parse().ok().filter(|lines| *lines <= MAX_LOG_LINES).unwrap_or_default()
    }

    /// Returns the number of days of a digest; 7 without a usable value.
    pub(crate) fn days(&self) -> u32 {
        self.get_or_default(Key::DAYS).parse().ok().filter(|days| DAYS.contains(days)).unwrap_or(7)
    }

    /// Returns `NOTIFIER_TIMEOUT`, and a warning if it is no number of seconds.
    #[must_use]
    pub fn timeout(&self) -> (Duration, Option<String>) {
        let default = Self::default().get_or_default(Key::TIMEOUT).to_owned();
        let seconds = |text: &str| {
            // The component's script reads the same texts as numbers.
            let is_plain = text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
            let seconds = text.parse().ok().filter(|_| is_plain).filter(|seconds| (0.1..=300.0).contains(seconds))?;
            Some(Duration::from_secs_f64(seconds))
        };
        match seconds(self.get_or_default(Key::TIMEOUT)) {
            Some(timeout) => (timeout, None),
            None => (
                seconds(&default).unwrap_or_default(),
                Some(format!("NOTIFIER_TIMEOUT is not a number of seconds from 0.1 to 300; {default} is used instead")),
            ),
        }
    }
}

/// Returns a list as people write it. GitLab passes an input that is a YAML list as JSON: `["deploy", 1.2, ["prod"]]`.
fn plain_list(setting: &Setting, value: &str) -> String {
    fn entries(value: &Value) -> Vec<String> {
        match value {
            Value::Array(list) => list.iter().flat_map(entries).collect(),
            Value::String(text) => vec![text.clone()],
            Value::Null | Value::Object(_) => vec![],
            number => vec![number.to_string()],
        }
    }
    let list = serde_json::from_str(value).ok().filter(|it: &Value| it.is_array() && setting.takes == Takes::List);
    list.map_or_else(|| value.to_owned(), |list| entries(&list).join(","))
}

/// Returns the variable of a setting: `NOTIFIER_LOKI_QUERY` for `loki_query`. The Web API's address has the name that others use too.
#[must_use]
pub fn variable(name: &str) -> String {
    if name == "slack_api_url" {
        return "SLACK_API_URL".to_owned();
    }
    format!("NOTIFIER_{}", name.to_ascii_uppercase())
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given =
            |setting: &Setting| Some((setting.name, plain_list(setting, matches.get_one::<String>(setting.name)?)));
        Ok(Self(SETTINGS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        // The command `settings` lists them once for all commands.
        let flag = |setting: &Setting| Arg::new(setting.name).long(setting.name.replace('_', "-")).hide(true);
        let command = command.args(SETTINGS.iter().map(flag));
        command.after_help(WHERE_LISTED)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::super::refusal::MAX_CHARACTERS;
    use super::*;

    fn settings(pairs: &[(&'static str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    #[test]
    fn a_flag_beats_the_environment() {
        let environment = [("NOTIFIER_LANGUAGE", "ko"), ("NOTIFIER_MENTION", " here ")].into_iter().collect();
        let settings = settings(&[("language", "en")]).or_from(&environment);
        assert_eq!((settings.get(Key::LANGUAGE), settings.get(Key::MENTION)), (Some("en"), Some("here")));
    }

    #[test]
    fn an_unexpanded_variable_is_no_setting() {
        for lone in ["$LANGUAGE", "${LANGUAGE}", " $LANGUAGE "] {
            assert_eq!(settings(&[("language", lone)]).get(Key::LANGUAGE), None, "{lone}");
            assert_eq!(settings(&[("language", lone)]).refused().count(), 1, "{lone}");
        }
        assert_eq!(settings(&[("mention", "$OPS here")]).get(Key::MENTION), Some("$OPS here"));
    }

    #[test]
    fn a_dash_is_no_setting() {
        for nothing in ["-", " - ", ""] {
            let settings = settings(&[("allow_hosts", nothing), ("mention", nothing), ("user_map", nothing)]);
            assert!(
                [Key::ALLOW_HOSTS, Key::MENTION, Key::USER_MAP].iter().all(|key| settings.get(*key).is_none()),
                "`{nothing}`"
            );
            assert_eq!(settings.refused().count(), 0);
        }
    }

    #[test]
    fn a_json_list_is_a_list() {
        let of = |name, value: &str| Settings::default().or_from(&[(name, value)].into_iter().collect());
        let settings = of("NOTIFIER_DEPLOY_JOBS", r#"["deploy", "deploy: [eu, blue]"]"#);
        assert_eq!(settings.value("deploy_jobs"), Some("deploy,deploy: [eu, blue]"));
        let mixed = of("NOTIFIER_BRANCHES", r#"["main", 1.2, true, null, ["dev"]]"#);
        assert_eq!(mixed.value("branches"), Some("main,1.2,true,dev"));
        assert_eq!(of("NOTIFIER_BRANCHES", "[main]").value("branches"), Some("[main]"));
        assert_eq!(of("NOTIFIER_LOKI_QUERY", r#"["a"]"#).value("loki_query"), Some(r#"["a"]"#));
    }

    #[test]
    fn a_list_with_a_default_may_be_set_to_nothing() {
        for nothing in ["", " ", "-"] {
            let settings = Settings::default().or_from(&[("NOTIFIER_ENVIRONMENTS", nothing)].into_iter().collect());
            assert!(settings.for_module().any(|it| it == ("environments", "")), "`{nothing}`");
        }
        assert_eq!(Settings::default().for_module().count(), 0);
    }

    #[test]
    fn a_switch_is_on_or_off() {
        for (value, is_on, is_refused) in
            [("on", true, false), ("OFF", false, false), ("false", false, false), ("banana", true, true)]
        {
            let settings = settings(&[("compare", value)]);
            assert_eq!((settings.is_on(Key::COMPARE), settings.refused().count() == 1), (is_on, is_refused), "{value}");
        }
    }

    #[test]
    fn a_text_is_one_line_and_a_list_may_have_more() {
        for lines in ["a\nb", "a\r\nb", "a\rb"] {
            let settings = settings(&[("logs_url", lines), ("deploy_jobs", lines)]);
            assert_eq!((settings.get(Key::LOGS_URL), settings.value("deploy_jobs")), (None, Some(lines)), "{lines:?}");
            let warnings: Vec<_> = settings.refused().collect();
            assert!(
                warnings.len() == 1 && warnings[0].starts_with("NOTIFIER_LOGS_URL has several lines"),
                "{warnings:?}"
            );
        }
        assert_eq!(
            settings(&[("logs_url", "https://logs.example\n")]).get(Key::LOGS_URL),
            Some("https://logs.example")
        );
    }

    #[test]
    fn a_text_has_a_length_that_gitlab_takes() {
        let (fits, too_long) = ("가".repeat(MAX_CHARACTERS), "가".repeat(MAX_CHARACTERS + 1));
        assert_eq!(settings(&[("deploy_jobs", &fits)]).value("deploy_jobs"), Some(&*fits));
        let settings = settings(&[("deploy_jobs", &too_long)]);
        assert_eq!(settings.value("deploy_jobs"), None);
        assert!(settings.refused().next().is_some_and(|it| it.contains("8001 characters")));
    }

    #[test]
    fn an_invalid_timeout_is_warned_of_and_the_default_used() {
        assert_eq!(settings(&[("timeout", "2.5")]).timeout(), (Duration::from_millis(2500), None));
        for wrong in ["0", "-1", "NaN", "inf", "1e9", "+2", "2e0", "soon"] {
            let (timeout, warning) = settings(&[("timeout", wrong)]).timeout();
            assert_eq!(timeout, Duration::from_secs(5), "{wrong}");
            assert!(warning.is_some_and(|it| it.contains("NOTIFIER_TIMEOUT")), "{wrong}");
        }
    }
}
