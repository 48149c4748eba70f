//! Where messages go: to a channel as a bot, else to an incoming webhook; failures to the operators too.

use crate::settings::Settings;
use crate::slack::api::Api;
use crate::variables::Variables;
use crate::webhook::{self, Unusable, Webhook};

/// What a job has to send with.
pub(crate) struct Destinations {
    /// A bot, with the channel of its messages by name or ID.
    pub(crate) bot: Option<(Api, String)>,
    /// The webhook: where there is no bot, and where Slack does not take what the bot says.
    pub(crate) webhook: Result<Webhook, Unusable>,
    pub(crate) operators: Option<Operators>,
    /// Why something that is set is not used.
    pub(crate) warnings: Vec<String>,
}

/// Where the operators are told of failures.
pub(crate) enum Operators {
    /// A channel of the bot's, by name or ID.
    Channel(String),
    Webhook(Webhook),
}

impl Operators {
    /// The webhook, where it is one.
    pub(crate) fn webhook(&self) -> Option<&Webhook> {
        match self {
            Self::Webhook(webhook) => Some(webhook),
            Self::Channel(_) => None,
        }
    }
}

impl Destinations {
    pub(crate) fn find(variables: &Variables, settings: &Settings) -> Self {
        let mut warnings = Vec::new();
        let api = match Api::find(variables, settings) {
            None => None,
            Some(Ok(api)) => Some(api),
            Some(Err(unusable)) => {
                warnings.push(format!("{unusable}; the webhook is used instead"));
                None
            }
        };
        let (channel, ops_channel) = (settings.get("channel"), settings.get("ops_channel"));
        let bot = match (api, channel) {
            (Some(api), Some(channel)) => Some((api, channel.to_owned())),
            (Some(_), None) => {
                warnings.push(
                    "SLACK_BOT_TOKEN is set and NOTIFIER_CHANNEL is not: name the bot's channel (input `channel`); the webhook is used instead"
                        .to_owned(),
                );
                None
            }
            (None, _) => None,
        };
        let operators = match (webhook::of_operators(variables, settings), ops_channel, &bot) {
            (_, Some(channel), Some(_)) => Some(Operators::Channel(channel.to_owned())),
            (Some(Ok(webhook)), _, _) => Some(Operators::Webhook(webhook)),
            (Some(Err(unusable)), _, _) => {
                warnings.push(unusable.to_string());
                None
            }
            (None, Some(_), None) => {
                warnings.push(
                    "NOTIFIER_OPS_CHANNEL needs a bot (SLACK_BOT_TOKEN); with webhooks alone set SLACK_OPS_WEBHOOK_URL"
                        .to_owned(),
                );
                None
            }
            (None, None, _) => None,
        };
        Self { bot, webhook: webhook::find(variables, settings), operators, warnings }
    }

    /// Whether there is anywhere to send to.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.bot.is_some() || self.webhook.is_ok()
    }
}
