//! Requests to GitLab's API: their address and token, and the limits of their number and time.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::explain::Explain;
use crate::net::address;
use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::{Client, Connection, Opened};
use crate::net::secret::{Secret, percent_encoded};
use crate::variables::Variables;

/// The size limit of an answer, in bytes. A list of a hundred jobs has a whole commit message in each, all of it dropped.
const MAX_ANSWER: u64 = 32 << 20;

/// The most bytes to read after an answer's end.
const REST: u64 = 64 << 10;

/// The number of entries on a page, the most that GitLab gives.
pub(crate) const PAGE: usize = 100;

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
    /// The access token got a 401, on a route that takes any token.
    #[error("GitLab refused NOTIFIER_GITLAB_TOKEN (401): it expired or was revoked")]
    Expired,
    /// The list lacks this job, which runs and must be there.
    #[error("GitLab's list lacks this job: the job token may not see the pipeline's jobs")]
    NotListed,
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
            Self::Refused(_) | Self::NotListed => {
                "a project access token with read_api in NOTIFIER_GITLAB_TOKEN may read it".into()
            }
            Self::Forbidden(_) => "check its scope, read_api, and its role in the project".into(),
            Self::Expired => "create a new project access token with read_api".into(),
            Self::NotUnderstood => "check whether a proxy answers in its place".into(),
            Self::Missing(_) | Self::Child | Self::OtherHost | Self::Status(_) | Self::Enough(_) => "".into(),
        }
    }
}

impl Unknown {
    /// Returns true if another token may succeed.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Forbidden(_) | Self::NotListed | Self::Expired)
    }
}

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) has_next: bool,
}

/// The API for one job.
pub(crate) struct Api {
    connection: Connection,
    /// `https://gitlab.example/api/v4/projects/33`
    project: String,
    pub(crate) pipeline: i64,
    pub(crate) job: i64,
    /// The tokens with their headers: the job's own first.
    tokens: Vec<(&'static str, Secret)>,
    /// The token that succeeded before.
    preferred: Cell<usize>,
    /// True if the access token is useless: it got a 401 on a route that takes any token.
    is_expired: Cell<bool>,
    /// The most requests of one call, and those that are left.
    requests: u8,
    left: Cell<u8>,
    /// The reason why no further request is made.
    stopped: RefCell<Option<Unknown>>,
}

impl Api {
    /// Builds the API for the project of a job. `time` and `requests` are the limits of all its requests together.
    pub(crate) fn of_job(
        client: &Client,
        variables: &Variables,
        time: Duration,
        requests: u8,
        deadline: Deadline,
    ) -> Result<Self, Unknown> {
        let variable = |name: &'static str| variables.get(name).ok_or(Unknown::Missing(name));
        let number = |name| variable(name).and_then(|id| id.parse::<i64>().map_err(|_| Unknown::NotANumber(name)));
        let base = variable("CI_API_V4_URL")?.trim_end_matches('/');
        let server = variable("CI_SERVER_URL")?;
        let tokens: Vec<_> = [job_token(variables), access_token(variables)].into_iter().flatten().collect();
        if tokens.is_empty() {
            return Err(Unknown::Missing("CI_JOB_TOKEN"));
        }
        let project = format!("{base}/projects/{}", number("CI_PROJECT_ID")?);
        if !address::is_below(&project, base, server) {
            return Err(Unknown::OtherHost);
        }
        Ok(Self {
            connection: client.connection(&project, deadline.at_most(time)),
            project,
            pipeline: number("CI_PIPELINE_ID")?,
            job: number("CI_JOB_ID")?,
            tokens,
            preferred: Cell::new(0),
            is_expired: Cell::new(false),
            requests,
            left: Cell::new(requests),
            stopped: RefCell::default(),
        })
    }

    /// Makes a request with the token that succeeded before, and with each other token if that one is refused.
    pub(crate) fn ask<T>(&self, ask: impl Fn(Asker) -> Result<T, Unknown>) -> Result<T, Unknown> {
        let first = self.preferred.get();
        let mut unknown = None;
        for number in (first..self.tokens.len()).chain(0..first) {
            if self.is_expired.get() && self.tokens[number].0 == ACCESS {
                continue;
            }
            match ask(Asker { api: self, token: number, project: &self.project }) {
                // The access token's refusal is the cause that people can fix.
                Err(refused @ (Unknown::Expired | Unknown::Forbidden(_))) => unknown = Some(refused),
                Err(refused) if refused.is_refusal() => unknown = unknown.or(Some(refused)),
                other => {
                    if other.is_ok() {
                        self.preferred.set(number);
                    }
                    return other;
                }
            }
        }
        Err(unknown.unwrap_or(Unknown::Enough(self.requests)))
    }

    /// Stops further requests after a timeout or a 429, which stays the reason of them all.
    fn give_up(&self, unknown: Unknown) -> Unknown {
        self.stopped.replace(Some(unknown.clone()));
        unknown
    }

    /// Sets requests aside for later, and gives them back.
    pub(crate) fn set_aside(&self, count: u8) {
        self.left.update(|left| left.saturating_sub(count));
    }

    pub(crate) fn give_back(&self, count: u8) {
        self.left.update(|left| left.saturating_add(count));
    }

    /// Returns the reason of an answer that broke off.
    pub(crate) fn broken_off(&self) -> Unknown {
        self.connection.broken_off().into()
    }

    /// Returns the token that may read the whole API, if there is one. Some routes take no job token.
    pub(crate) fn with_access_token(&self) -> Option<Asker<'_>> {
        let token = self.tokens.iter().position(|(header, _)| *header == ACCESS)?;
        Some(Asker { api: self, token, project: &self.project })
    }

    /// Returns the address of another project of this GitLab.
    pub(crate) fn address_of(&self, path: &str) -> String {
        let projects = self.project.rsplit_once('/').map_or("", |(projects, _)| projects);
        format!("{projects}/{}", percent_encoded(path))
    }
}

/// One token's view of the API.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) api: &'a Api,
    token: usize,
    /// The address of the project.
    project: &'a str,
}

impl<'a> Asker<'a> {
    /// Returns the same token's view of another project.
    pub(crate) fn of(self, project: &'a str) -> Self {
        Self { project, ..self }
    }

    /// Gets a page of a list of the project.
    pub(crate) fn list<T: DeserializeOwned>(self, path: &str) -> Result<Page<T>, Unknown> {
        let opened = self.get(path)?;
        let says_next = opened.has_next_page;
        let mut body = BufReader::new(opened.body);
        let mut json = serde_json::Deserializer::from_reader(&mut body);
        let entries: Vec<T> = Vec::deserialize(&mut json).map_err(|error| {
            if error.is_io() { self.api.give_up(self.api.broken_off()) } else { Unknown::NotUnderstood }
        })?;
        // A connection serves the next request only if it is read to the end.
        let _ = io::copy(&mut body.take(REST), &mut io::sink());
        Ok(Page { has_next: says_next.unwrap_or(entries.len() >= PAGE), entries })
    }

    /// Gets the beginning of a file.
    pub(crate) fn file(self, path: &str, max: u64) -> Result<Vec<u8>, Unknown> {
        let mut bytes = Vec::new();
        let body = self.get(path)?.body;
        body.take(max).read_to_end(&mut bytes).map_err(|_| self.api.give_up(self.api.broken_off()))?;
        Ok(bytes)
    }

    /// Gets an answer of status 200, its body unread.
    pub(crate) fn get(self, path: &str) -> Result<Opened, Unknown> {
        let opened = self.open(path, MAX_ANSWER, Duration::MAX);
        opened.map_err(|unknown| if matches!(unknown, Unknown::Fault(_)) { self.api.give_up(unknown) } else { unknown })
    }

    /// Gets the same within limits of its own. Later requests go on if it takes too long.
    pub(crate) fn open(self, path: &str, max: u64, time: Duration) -> Result<Opened, Unknown> {
        let Asker { api, token, project } = self;
        if let Some(unknown) = &*api.stopped.borrow() {
            return Err(unknown.clone());
        }
        let left = api.left.get().checked_sub(1).ok_or(Unknown::Enough(api.requests))?;
        api.left.set(left);
        let (header, token) = &api.tokens[token];
        let url = format!("{project}/{path}");
        match api.connection.get(&url, (header, token), max, time) {
            Ok(opened) => match opened.status {
                200 if opened.is_encoded => Err(Unknown::NotUnderstood),
                200 => Ok(opened),
                429 => Err(api.give_up(Unknown::Status(429))),
                status @ (401 | 403 | 404) => {
                    if status == 401 && *header == ACCESS {
                        api.is_expired.set(true);
                        return Err(Unknown::Expired);
                    }
                    Err(if *header == ACCESS { Unknown::Forbidden(status) } else { Unknown::Refused(status) })
                }
                status => Err(Unknown::Status(status)),
            },
            Err(fault) => Err(fault.into()),
        }
    }
}

/// Returns the header and the token for an address below the API of this job's GitLab. A pipeline variable can override `CI_API_V4_URL`,
/// so it must agree with the server. A token never goes unencrypted.
#[cfg_attr(not(feature = "full"), expect(dead_code, reason = "for the download of a module"))]
pub(crate) fn token_for(url: &str, variables: &Variables) -> Option<(&'static str, Secret)> {
    if !address::is_below(url, variables.get("CI_API_V4_URL")?, variables.get("CI_SERVER_URL")?) {
        return None;
    }
    access_token(variables).or_else(|| job_token(variables))
}

const ACCESS: &str = "PRIVATE-TOKEN";

fn job_token(variables: &Variables) -> Option<(&'static str, Secret)> {
    Some(("JOB-TOKEN", Secret::new(variables.secret("CI_JOB_TOKEN")?.ok()?)))
}

fn access_token(variables: &Variables) -> Option<(&'static str, Secret)> {
    Some((ACCESS, Secret::new(variables.secret("NOTIFIER_GITLAB_TOKEN")?.ok()?)))
}
