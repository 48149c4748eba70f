//! The settings that the host reads, by name: one that is mistyped does not compile.

/// A setting that the host reads itself; the others are the module's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table says what each is for")]
pub enum Key {
    AllowHosts,
    AppUrl,
    Branches,
    Channel,
    Compare,
    Events,
    Finish,
    GrafanaUrl,
    Language,
    LogsUrl,
    Mention,
    OpsChannel,
    OpsMention,
    SlackApiUrl,
    StartJob,
    Timeout,
    UserMap,
    WebhookVariable,
}

impl Key {
    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllowHosts => "allow_hosts",
            Self::AppUrl => "app_url",
            Self::Branches => "branches",
            Self::Channel => "channel",
            Self::Compare => "compare",
            Self::Events => "events",
            Self::Finish => "finish",
            Self::GrafanaUrl => "grafana_url",
            Self::Language => "language",
            Self::LogsUrl => "logs_url",
            Self::Mention => "mention",
            Self::OpsChannel => "ops_channel",
            Self::OpsMention => "ops_mention",
            Self::SlackApiUrl => "slack_api_url",
            Self::StartJob => "start_job",
            Self::Timeout => "timeout",
            Self::UserMap => "user_map",
            Self::WebhookVariable => "webhook_variable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::setting::SETTINGS;

    #[test]
    fn every_key_is_in_the_table() {
        let keys = [
            Key::AllowHosts,
            Key::AppUrl,
            Key::Branches,
            Key::Channel,
            Key::Compare,
            Key::Events,
            Key::Finish,
            Key::GrafanaUrl,
            Key::Language,
            Key::LogsUrl,
            Key::Mention,
            Key::OpsChannel,
            Key::OpsMention,
            Key::SlackApiUrl,
            Key::StartJob,
            Key::Timeout,
            Key::UserMap,
            Key::WebhookVariable,
        ];
        for key in keys {
            assert!(SETTINGS.iter().any(|setting| setting.name == key.name()), "{key:?}");
        }
    }
}
