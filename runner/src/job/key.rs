//! The settings that the host reads, by name. A name outside the table does not compile.

use super::setting::SETTINGS;

/// A setting that the host reads itself; the others are the module's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(&'static str);

#[allow(missing_docs, reason = "the table says what each is for")]
impl Key {
    pub const ALLOW_HOSTS: Self = Self::of_table("allow_hosts");
    pub const APP_URL: Self = Self::of_table("app_url");
    pub const BRANCHES: Self = Self::of_table("branches");
    pub const CHANNEL: Self = Self::of_table("channel");
    pub const DIRECT: Self = Self::of_table("direct");
    pub const DAYS: Self = Self::of_table("days");
    pub const PROJECTS: Self = Self::of_table("projects");
    pub const COMPARE: Self = Self::of_table("compare");
    pub const EVENTS: Self = Self::of_table("events");
    pub const FINISH: Self = Self::of_table("finish");
    pub const GRAFANA_URL: Self = Self::of_table("grafana_url");
    pub const LANGUAGE: Self = Self::of_table("language");
    pub const LOG_LINES: Self = Self::of_table("log_lines");
    pub const LOGS_URL: Self = Self::of_table("logs_url");
    pub const MENTION: Self = Self::of_table("mention");
    pub const OPS_CHANNEL: Self = Self::of_table("ops_channel");
    pub const OPS_MENTION: Self = Self::of_table("ops_mention");
    pub const OWNERS: Self = Self::of_table("owners");
    pub const SLACK_API_URL: Self = Self::of_table("slack_api_url");
    pub const START_JOB: Self = Self::of_table("start_job");
    pub const TESTS: Self = Self::of_table("tests");
    pub const TIMEOUT: Self = Self::of_table("timeout");
    pub const USER_MAP: Self = Self::of_table("user_map");
    pub const WAITING_MENTION: Self = Self::of_table("waiting_mention");
    pub const WEBHOOK_VARIABLE: Self = Self::of_table("webhook_variable");

    /// Returns the setting's name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    const fn of_table(name: &'static str) -> Self {
        let mut at = 0;
        while !is_same(SETTINGS[at].name.as_bytes(), name.as_bytes()) {
            at += 1;
        }
        Self(SETTINGS[at].name)
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
