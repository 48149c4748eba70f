//! The settings that the module reads.

/// The settings that a module reads, by name: one that is mistyped does not compile. What each is for stands in docs/settings.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    AppUrl,
    Branches,
    DeployJobs,
    Environments,
    Events,
    Finish,
    GrafanaOrg,
    GrafanaUrl,
    Language,
    LogsUrl,
    LokiDatasource,
    LokiQuery,
    Mention,
    OpsEnvironments,
    OpsMention,
    ProjectName,
}

impl Setting {
    /// Its name in the context.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AppUrl => "app_url",
            Self::Branches => "branches",
            Self::DeployJobs => "deploy_jobs",
            Self::Environments => "environments",
            Self::Events => "events",
            Self::Finish => "finish",
            Self::GrafanaOrg => "grafana_org",
            Self::GrafanaUrl => "grafana_url",
            Self::Language => "language",
            Self::LogsUrl => "logs_url",
            Self::LokiDatasource => "loki_datasource",
            Self::LokiQuery => "loki_query",
            Self::Mention => "mention",
            Self::OpsEnvironments => "ops_environments",
            Self::OpsMention => "ops_mention",
            Self::ProjectName => "project_name",
        }
    }
}
