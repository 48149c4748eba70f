//! The reasons why something of GitLab is unknown.

use std::borrow::Cow;

use crate::explain::Explain;
use crate::net::fault::Fault;

/// The reason something is unknown. It is no error of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unknown {
    /// Not in a job, or variables were changed.
    #[error("{0} is not set; every GitLab job has it")]
    Missing(&'static str),
    #[error("{0} is not a number")]
    NotANumber(&'static str),
    /// Its ref is its parent's, and other pipelines run on that ref too.
    #[error("a child pipeline has no history of its own")]
    Child,
    /// A token goes only to the GitLab of this job.
    #[error("CI_API_V4_URL does not point at the GitLab of CI_SERVER_URL over https, so no token is sent")]
    OtherHost,
    #[error(transparent)]
    Fault(#[from] Fault),
    /// 401, 403 or 404: an older instance, or a restricted token. A route that takes no job token ignores it.
    #[error("GitLab answered {0}: the job token may not read this")]
    Refused(u16),
    /// 403 or 404 for the access token.
    #[error("GitLab answered {0} to NOTIFIER_GITLAB_TOKEN, which may not read this, or it is gone")]
    Forbidden(u16),
    /// The job has no access token, and the route takes no job token.
    #[error("no job token may read this")]
    NeedsAccessToken,
    /// The access token got a 401, on a route that takes any token.
    #[error("GitLab refused NOTIFIER_GITLAB_TOKEN (401): it expired or was revoked")]
    Expired,
    /// The list lacks this job, which runs and must be there.
    #[error("GitLab's list lacks this job: the job token may not see the pipeline's jobs")]
    NotListed,
    /// Another project may have another default branch.
    #[error("it has no finished pipelines of {0}")]
    NoPipelines(String),
    #[error("GitLab answered {0}")]
    Status(u16),
    #[error("GitLab's answer is not what its API documents")]
    NotUnderstood,
    #[error("the limit of {0} requests to GitLab is reached")]
    Enough(u8),
}

impl Explain for Unknown {
    fn step(&self) -> Cow<'_, str> {
        match self {
            Self::NotANumber(_) => "remove what overrides it".into(),
            // Requests to GitLab have a time limit of their own, which no setting changes.
            Self::Fault(Fault::Timeout(_)) => "it may be busy".into(),
            Self::Fault(fault) => fault.step(),
            Self::Refused(_) | Self::NotListed | Self::NeedsAccessToken => {
                "a project access token with read_api in NOTIFIER_GITLAB_TOKEN may read it".into()
            }
            Self::Forbidden(_) => "check its scope, read_api, and its role in the project".into(),
            Self::Expired => "create a new one with read_api".into(),
            Self::NoPipelines(_) => "if its branch has another name, write it as in shop/web@master".into(),
            Self::NotUnderstood => "check whether a proxy answers in its place".into(),
            Self::Status(300..400) => "check whether CI_SERVER_URL is the address that GitLab redirects to".into(),
            Self::Missing(_) | Self::Child | Self::OtherHost | Self::Status(_) | Self::Enough(_) => "".into(),
        }
    }
}

impl Unknown {
    /// Returns true if another token may succeed.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Forbidden(_) | Self::NotListed | Self::Expired)
    }
}
