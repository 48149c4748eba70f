//! Requests to GitLab's API: their address and token, and the limits of their number and time.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::tokens::{ACCESS, access_token, job_token};
use super::unknown::Unknown;
use crate::net::address;
use crate::net::deadline::Deadline;
use crate::net::http::{Client, Connection, Opened};
use crate::net::secret::{Secret, percent_encoded};
use crate::variables::Variables;

/// The size limit of an answer, in bytes. A list of a hundred jobs has a whole commit message in each, all of it dropped.
const MAX_ANSWER: u64 = 32 << 20;

/// The most bytes to read after an answer's end.
const REST: u64 = 64 << 10;

/// The number of entries on a page, the most that GitLab gives.
pub(crate) const PAGE: usize = 100;

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
    /// The major and the minor version of this GitLab; zeros if unknown.
    pub(super) version: (u32, u32),
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
            version: version(variables),
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
        let mut unknown = self.is_expired.get().then_some(Unknown::Expired);
        for number in (first..self.tokens.len()).chain(0..first) {
            if self.is_expired.get() && self.tokens[number].0 == ACCESS {
                continue;
            }
            match ask(Asker { api: self, token: number, project: &self.project, time: None }) {
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

    /// Returns the reason of an answer that broke off, whose time is over at `end`.
    pub(crate) fn broken_off(&self, end: Instant) -> Unknown {
        self.connection.broken_off(end).into()
    }

    /// Returns the token that may read the whole API. Some routes take no job token.
    pub(crate) fn with_access_token(&self) -> Result<Asker<'_>, Unknown> {
        let token = self.tokens.iter().position(|(header, _)| *header == ACCESS).ok_or(Unknown::NeedsAccessToken)?;
        if self.is_expired.get() {
            Err(Unknown::Expired)
        } else {
            Ok(Asker { api: self, token, project: &self.project, time: None })
        }
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
    /// The time limit of one answer. Without one, a request without an answer is the last one.
    time: Option<Duration>,
}

impl<'a> Asker<'a> {
    /// Returns the same token's view of another project. A request that takes longer than `time` does not stop those about others.
    pub(crate) fn of(self, project: &'a str, time: Duration) -> Self {
        Self { project, time: Some(time), ..self }
    }

    /// Stops further requests after one without an answer, unless it had a time limit of its own.
    fn without_answer(self, unknown: Unknown) -> Unknown {
        if self.time.is_none() { self.api.give_up(unknown) } else { unknown }
    }

    /// Gets a page of a list of the project.
    pub(crate) fn list<T: DeserializeOwned>(self, path: &str) -> Result<Page<T>, Unknown> {
        let Opened { has_next_page: says_next, end, body, .. } = self.get(path)?;
        let mut body = BufReader::new(body);
        let mut json = serde_json::Deserializer::from_reader(&mut body);
        let entries: Vec<T> = Vec::deserialize(&mut json).map_err(|error| {
            if error.is_io() { self.without_answer(self.api.broken_off(end)) } else { Unknown::NotUnderstood }
        })?;
        // A connection serves the next request only if it is read to the end.
        let _ = io::copy(&mut body.take(REST), &mut io::sink());
        Ok(Page { has_next: says_next.unwrap_or(entries.len() >= PAGE), entries })
    }

    /// Gets the beginning of a file.
    pub(crate) fn file(self, path: &str, max: u64) -> Result<Vec<u8>, Unknown> {
        let mut bytes = Vec::new();
        let Opened { body, end, .. } = self.get(path)?;
        body.take(max).read_to_end(&mut bytes).map_err(|_| self.without_answer(self.api.broken_off(end)))?;
        Ok(bytes)
    }

    /// Gets an answer of status 200, its body unread.
    pub(crate) fn get(self, path: &str) -> Result<Opened, Unknown> {
        let opened = self.open(path, MAX_ANSWER, self.time.unwrap_or(Duration::MAX));
        opened.map_err(
            |unknown| if matches!(unknown, Unknown::Fault(_)) { self.without_answer(unknown) } else { unknown },
        )
    }

    /// Gets the same within limits of its own. Later requests go on if it takes too long.
    pub(crate) fn open(self, path: &str, max: u64, time: Duration) -> Result<Opened, Unknown> {
        let Asker { api, token, project, .. } = self;
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

/// Returns the major and the minor version of this GitLab; zeros if unknown.
fn version(variables: &Variables) -> (u32, u32) {
    let version = variables.get("CI_SERVER_VERSION").unwrap_or_default();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
