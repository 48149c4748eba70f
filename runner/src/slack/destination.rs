//! Where messages go: to a channel as a bot, else to an incoming webhook; failures to the operators too.

use super::api::Api;
use super::webhook_url::{self, Unusable, Webhook};
use crate::job::settings::Settings;
use crate::job::settings_file::SettingsFile;
use crate::variables::Variables;

/// What a job has to send with. Which channel it is depends on the environment, which the message tells.
pub(crate) struct Destinations {
    bot: Option<Api>,
    channels: Channels,
    ops_channels: Channels,
    /// The webhook: where there is no bot, and where Slack does not take what the bot says.
    pub(crate) webhook: Result<Webhook, Unusable>,
    pub(crate) ops_webhook: Option<Webhook>,
    /// Why something that is set is not used.
    pub(crate) warnings: Vec<String>,
}

/// A channel of the settings, which wins, or one for each environment from the settings file.
struct Channels {
    key: &'static str,
    named: Option<String>,
    file: SettingsFile,
}

impl Channels {
    fn of(key: &'static str, settings: &Settings, file: &SettingsFile) -> Self {
        Self { key, named: settings.get(key).map(str::to_owned), file: file.clone() }
    }

    fn exist(&self) -> bool {
        self.named.is_some() || self.file.has_channels(self.key)
    }

    fn of_environment(&self, environment: Option<&str>) -> Option<&str> {
        self.named.as_deref().or_else(|| self.file.channel(self.key, environment))
    }
}

/// Where the operators are told of a failure.
pub(crate) enum Operators<'a> {
    /// A channel of the bot's, by name or ID.
    Channel(&'a Api, &'a str),
    Webhook(&'a Webhook),
}

impl Destinations {
    pub(crate) fn find(variables: &Variables, settings: &Settings, file: &SettingsFile) -> Self {
        let mut warnings = Vec::new();
        let (channels, ops_channels) =
            (Channels::of("channel", settings, file), Channels::of("ops_channel", settings, file));
        let bot = match Api::find(variables, settings) {
            Some(Ok(api)) if channels.exist() => Some(api),
            Some(Ok(_)) => {
                warnings.push(
                    "SLACK_BOT_TOKEN is set and NOTIFIER_CHANNEL is not: name the bot's channel (input `channel`, or `environments` of .pipeline-notifier.json, which the start job reads only with the input `git_strategy`); the webhook is used instead"
                        .to_owned(),
                );
                None
            }
            Some(Err(unusable)) => {
                warnings.push(format!("{unusable}; the webhook is used instead"));
                None
            }
            None => None,
        };
        let ops_webhook = match webhook_url::of_operators(variables, settings) {
            Some(Err(unusable)) => {
                warnings.push(unusable.to_string());
                None
            }
            Some(Ok(webhook)) => Some(webhook),
            None => None,
        };
        if ops_channels.named.is_some() && bot.is_none() && ops_webhook.is_none() {
            warnings.push(
                "NOTIFIER_OPS_CHANNEL needs a bot (SLACK_BOT_TOKEN); with webhooks alone set SLACK_OPS_WEBHOOK_URL"
                    .to_owned(),
            );
        }
        let webhook = webhook_url::find(variables, settings);
        Self { bot, channels, ops_channels, webhook, ops_webhook, warnings }
    }

    /// The bot, whatever the channel.
    pub(crate) fn bot(&self) -> Option<&Api> {
        self.bot.as_ref()
    }

    /// The bot and its channel for an environment.
    pub(crate) fn bot_for(&self, environment: Option<&str>) -> Option<(&Api, &str)> {
        self.bot.as_ref().zip(self.channels.of_environment(environment))
    }

    pub(crate) fn operators_for(&self, environment: Option<&str>) -> Option<Operators<'_>> {
        let channel = self.bot.as_ref().zip(self.ops_channels.of_environment(environment));
        let webhook = self.ops_webhook.as_ref().map(Operators::Webhook);
        channel.map(|(api, channel)| Operators::Channel(api, channel)).or(webhook)
    }

    /// Whether there is anywhere to send to.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.bot.is_some() || self.webhook.is_ok()
    }
}
