//! Destinations of messages: a channel if there is a bot, else an incoming webhook. Failures also go to the operators.

use super::api::Api;
use super::webhook_url::{self, UnusableWebhook, Webhook};
use crate::explain::Explain;
use crate::job::key::Key;
use crate::job::settings::{Settings, variable};
use crate::job::settings_file::{NAME, SettingsFile};
use crate::report::{Code, Warning};
use crate::variables::Variables;

/// A job's means to send. The message names an environment, which decides the channel.
pub(crate) struct Destinations {
    bot: Option<Api>,
    channels: Channels,
    ops_channels: Channels,
    /// The webhook: used if there is no bot, or if Slack refuses the bot's message.
    pub(crate) webhook: Result<Webhook, UnusableWebhook>,
    pub(crate) ops_webhook: Option<Webhook>,
    /// The reasons why something that is set is not used.
    pub(crate) warnings: Vec<Warning>,
}

/// The channel of the settings, which wins, or one channel per environment from the settings file.
struct Channels {
    key: Key,
    named: Option<String>,
    file: SettingsFile,
}

impl Channels {
    fn of(key: Key, settings: &Settings, file: &SettingsFile) -> Self {
        let named = settings.get(key).filter(|it| entries(it).next().is_some());
        Self { key, named: named.map(str::to_owned), file: file.clone() }
    }

    fn exist(&self) -> bool {
        self.named.is_some() || self.file.channels(self.key.name()).next().is_some()
    }

    fn of_environment(&self, environment: Option<&str>) -> Option<&str> {
        let written = self.named.as_deref().or_else(|| self.file.channel(self.key.name(), environment))?;
        entries(written).next().map(channel)
    }

    /// Returns the name of the place with several channels where one belongs.
    fn with_several(&self) -> Option<String> {
        let has_several = |written: &str| entries(written).nth(1).is_some();
        let name = self.key.name();
        match &self.named {
            Some(named) => has_several(named).then(|| variable(name)),
            None => self.file.channels(name).any(has_several).then(|| format!("`{name}` in {NAME}")),
        }
    }
}

/// Returns the channels of a setting, which takes only one. GitLab passes a YAML list as JSON. No name or ID has one of the separators;
/// a link and a reference have some of them.
fn entries(written: &str) -> impl Iterator<Item = &str> {
    let is_plain = !written.contains(['<', ':']) && !written.contains("/archives/");
    let ends = move |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '"') || is_plain && matches!(c, '|' | '/' | '+' | '、')
    };
    written.split(ends).filter(|entry| !entry.is_empty())
}

/// Parses a channel as people write or paste it: a name, an ID, `<#ID|name>`, or a link
/// (`https://team.slack.com/archives/ID`, `https://app.slack.com/client/TEAM/ID`).
fn channel(written: &str) -> &str {
    let written = written.trim();
    if let Some(reference) = written.strip_prefix("<#") {
        return reference.trim_end_matches('>').split('|').next().unwrap_or_default();
    }
    let id = ["/archives/", "/messages/", "/client/"].iter().find_map(|path| {
        let (_, rest) = written.split_once(path)?;
        // A client link has the team's ID first.
        let mut segments = rest.split(['/', '?', '#']).filter(|it| *path != "/client/" || !it.starts_with(['T', 'E']));
        segments.next().filter(|id| !id.is_empty())
    });
    let named = written
        .strip_prefix('#')
        .filter(|rest| rest.len() >= 9 && rest.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit()));
    id.or(named).unwrap_or(written)
}

/// The destination of the operators' failure message.
pub(crate) enum Operators<'a> {
    /// A channel of the bot, by name or ID.
    Channel(&'a Api, &'a str),
    Webhook(&'a Webhook),
}

impl Destinations {
    pub(crate) fn find(variables: &Variables, settings: &Settings, file: &SettingsFile) -> Self {
        let mut warnings = Vec::new();
        let (channels, ops_channels) =
            (Channels::of(Key::CHANNEL, settings, file), Channels::of(Key::OPS_CHANNEL, settings, file));
        for (key, channels) in [(Key::CHANNEL, &channels), (Key::OPS_CHANNEL, &ops_channels)] {
            if let Some(place) = channels.with_several() {
                let text = format!(
                    "{place} takes one channel, so only the first one is used; post to others from their own projects or environments"
                );
                warnings.push(Warning::about(Code::Destination, &variable(key.name()), text));
            }
        }
        let webhook = webhook_url::find(variables, settings);
        let instead = if webhook.is_ok() { "; the webhook is used instead" } else { "" };
        let bot = match Api::find(variables, settings) {
            Some(Ok(api)) if channels.exist() => Some(api),
            Some(Ok(_)) => {
                let text = format!(
                    "SLACK_BOT_TOKEN is set, but NOTIFIER_CHANNEL is not; set the input `channel`, or `environments` in .pipeline-notifier.json, which the start job reads only with the input `git_strategy`{instead}"
                );
                warnings.push(Warning::about(Code::Destination, "NOTIFIER_CHANNEL", text));
                None
            }
            Some(Err(unusable)) => {
                let text = format!("{}{instead}", unusable.describe());
                warnings.push(Warning::about(Code::Destination, unusable.variable(), text));
                None
            }
            None => None,
        };
        if let (Some(_), Err(unusable)) = (&bot, &webhook)
            && !unusable.is_missing()
        {
            warnings.push(Warning::about(Code::Destination, unusable.variable(), unusable.describe()));
        }
        let ops_webhook = match webhook_url::of_operators(variables, settings) {
            Some(Err(unusable)) => {
                warnings.push(Warning::about(Code::OperatorsWebhook, unusable.variable(), unusable.describe()));
                None
            }
            Some(Ok(webhook)) => Some(webhook),
            None => None,
        };
        if ops_channels.named.is_some() && bot.is_none() && ops_webhook.is_none() {
            let text = "NOTIFIER_OPS_CHANNEL needs a bot (SLACK_BOT_TOKEN); without a bot, set SLACK_OPS_WEBHOOK_URL";
            warnings.push(Warning::about(Code::Destination, "SLACK_BOT_TOKEN", text.to_owned()));
        }
        if settings.is_on(Key::DIRECT) && bot.is_none() {
            let text =
                "NOTIFIER_DIRECT is on, but only a bot sends direct messages; set SLACK_BOT_TOKEN and NOTIFIER_CHANNEL";
            warnings.push(Warning::about(Code::Destination, "SLACK_BOT_TOKEN", text.to_owned()));
        }
        Self { bot, channels, ops_channels, webhook, ops_webhook, warnings }
    }

    /// Returns the bot, whatever the channel.
    pub(crate) fn bot(&self) -> Option<&Api> {
        self.bot.as_ref()
    }

    /// Returns the bot and its channel for an environment.
    pub(crate) fn bot_for(&self, environment: Option<&str>) -> Option<(&Api, &str)> {
        self.bot.as_ref().zip(self.channels.of_environment(environment))
    }

    pub(crate) fn operators_for(&self, environment: Option<&str>) -> Option<Operators<'_>> {
        let channel = self.bot.as_ref().zip(self.ops_channels.of_environment(environment));
        let webhook = self.ops_webhook.as_ref().map(Operators::Webhook);
        channel.map(|(api, channel)| Operators::Channel(api, channel)).or(webhook)
    }

    /// Returns true if the server may show only the message's text.
    pub(crate) fn is_text_only(&self) -> bool {
        self.bot.is_none() && self.webhook.as_ref().is_ok_and(|webhook| !webhook.is_exact())
    }

    /// Returns true if there is a destination.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.bot.is_some() || self.webhook.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_read_as_it_is_pasted() {
        for written in [
            "C0123456789",
            " C0123456789 ",
            "<#C0123456789|deploys>",
            "<#C0123456789>",
            "https://team.slack.com/archives/C0123456789",
            "https://team.slack.com/archives/C0123456789/p1700000000000000",
            "team.slack.com/archives/C0123456789",
            "https://team.slack.com/messages/C0123456789/",
            "#C0123456789",
            "https://app.slack.com/client/T0TEAM00001/C0123456789?x=1",
        ] {
            assert_eq!(channel(written), "C0123456789", "{written}");
        }
        let first = |written: &'static str| entries(written).next().map(channel);
        for written in [
            "C0123456789,C0987654321",
            ",C0123456789",
            "; C0123456789",
            "C0123456789|C0987654321",
            "C0123456789\tC0987654321",
            "C0123456789、C0987654321",
            "C0123456789/C0987654321",
            r#"["C0123456789", "C0987654321"]"#,
            "<#C0123456789|deploys>, <#C0987654321|ops>",
            "https://team.slack.com/archives/C0123456789 https://team.slack.com/archives/C0987654321",
        ] {
            assert_eq!(first(written), Some("C0123456789"), "{written}");
        }
        assert_eq!((first("#deploys,#ops"), first("[]"), first(" , ")), (Some("#deploys"), None, None));
        assert_eq!(channel("#deploys"), "#deploys");
        assert_eq!(channel("https://team.slack.com/"), "https://team.slack.com/");
    }
}
