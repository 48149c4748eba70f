//! The settings that the module reads.

/// A setting, by its name in the context. A mistyped one does not compile. docs/settings.md describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting(&'static str);

impl Setting {
    pub(crate) const APP_URL: Self = Self("app_url");
    pub(crate) const BRANCHES: Self = Self("branches");
    pub(crate) const DEPLOY_JOBS: Self = Self("deploy_jobs");
    pub(crate) const DIRECT: Self = Self("direct");
    pub(crate) const ENVIRONMENTS: Self = Self("environments");
    pub(crate) const EVENTS: Self = Self("events");
    pub(crate) const FINISH: Self = Self("finish");
    pub(crate) const GRAFANA_ORG: Self = Self("grafana_org");
    pub(crate) const GRAFANA_URL: Self = Self("grafana_url");
    pub(crate) const LANGUAGE: Self = Self("language");
    pub(crate) const LOGS_URL: Self = Self("logs_url");
    pub(crate) const LOKI_DATASOURCE: Self = Self("loki_datasource");
    pub(crate) const LOKI_QUERY: Self = Self("loki_query");
    pub(crate) const MENTION: Self = Self("mention");
    pub(crate) const MERGE_INTO: Self = Self("merge_into");
    pub(crate) const OPS_ENVIRONMENTS: Self = Self("ops_environments");
    pub(crate) const OPS_MENTION: Self = Self("ops_mention");
    pub(crate) const OWNERS: Self = Self("owners");
    pub(crate) const PROJECT_NAME: Self = Self("project_name");
    pub(crate) const WAITING_MENTION: Self = Self("waiting_mention");

    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}
