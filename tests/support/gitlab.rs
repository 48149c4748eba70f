//! A GitLab on loopback with the API routes that the notifier uses. It imitates the real permissions, pages and their headers,
//! attempts, and empty answers (<https://docs.gitlab.com/api/jobs/>, <https://docs.gitlab.com/api/deployments/>).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::harness::GITLAB;
use crate::support::loopback::{Reply, Request, Server};

/// The summary of a pipeline without reports.
const NO_TESTS: &str = r#"{"total":{"time":0,"count":0,"success":0,"failed":0,"skipped":0,"error":0,"suite_error":null},"test_suites":[]}"#;

const JOB_TOKENS: [&str; 2] = ["glcbt-64_not-a-real-job-token", "not-a-real-token"];
const ACCESS_TOKEN: &str = "glpat-not-a-real-access-token";

/// The ID of the job that runs the notifier, as in the fixtures.
pub(crate) const THIS: u64 = 711_002;

/// A project, and the permissions on it.
#[allow(clippy::struct_excessive_bools, reason = "manners that have nothing to do with each other")]
pub(crate) struct GitLab {
    /// Every attempt. A retried one has `"retried": true`, which no answer shows.
    pub(crate) jobs: Vec<Value>,
    pub(crate) trigger_jobs: Vec<Value>,
    /// The jobs of other pipelines, trigger jobs included, by the pipelines' IDs. `None` is a deleted pipeline.
    pub(crate) earlier_jobs: BTreeMap<u64, Option<Vec<Value>>>,
    pub(crate) pipelines: Vec<Value>,
    pub(crate) deployments: Vec<Value>,
    pub(crate) comparison: Value,
    /// The pipelines and the deployments of other projects, by their paths. Only the access token may read them.
    pub(crate) others: BTreeMap<&'static str, (Vec<Value>, Vec<Value>)>,
    /// The answer to the request of this number and later ones, from 1: a status and a body.
    pub(crate) answers_from: Option<(usize, u16, &'static str)>,
    pub(crate) answered: usize,
    /// The summary and the report of the tests, by the pipelines' IDs.
    pub(crate) tests: BTreeMap<u64, (Value, Value)>,
    /// Whole answers by the end of their path: logs of jobs, and answers that break off.
    pub(crate) raw: BTreeMap<&'static str, Vec<u8>>,
    /// The one of them whose connection stays open.
    pub(crate) hangs_after: Option<&'static str>,
    /// Files by the job's ID and the path in its archive.
    pub(crate) artifacts: BTreeMap<String, String>,
    /// The engine's directory of artifacts, by the names of the jobs.
    pub(crate) engine: Option<PathBuf>,
    /// The routes that accept a job token; all others ignore it.
    pub(crate) takes_job_tokens: Vec<&'static str>,
    /// True if the access token may read the API.
    pub(crate) takes_access_tokens: bool,
    pub(crate) is_public: bool,
    /// True if clients may see pipelines, but not their jobs.
    pub(crate) hides_jobs: bool,
    /// True if the route `bridges` has its new name, `trigger_jobs`.
    pub(crate) is_renamed: bool,
    /// The number of requests before the rate limit.
    pub(crate) limit: usize,
}

impl GitLab {
    /// Returns a late GitLab 18.x; the notifier's job runs in the last stage.
    pub(crate) fn new() -> Self {
        Self {
            jobs: vec![job(THIS, "notify-finish", ".post", "running")],
            trigger_jobs: vec![],
            earlier_jobs: BTreeMap::new(),
            pipelines: vec![],
            deployments: vec![],
            comparison: Value::Null,
            others: BTreeMap::new(),
            answers_from: None,
            answered: 0,
            tests: BTreeMap::new(),
            raw: BTreeMap::new(),
            hangs_after: None,
            artifacts: BTreeMap::new(),
            engine: None,
            takes_job_tokens: vec!["jobs", "bridges", "trigger_jobs", "pipelines", "deployments", "artifacts"],
            takes_access_tokens: true,
            is_public: false,
            hides_jobs: false,
            is_renamed: false,
            limit: usize::MAX,
        }
    }

    /// Returns a whole answer to a request with an access token, if there is one for its path.
    pub(crate) fn raw_answer(&self, request: &Request) -> Option<&[u8]> {
        let path = request.target.split('?').next().unwrap_or_default();
        request.header("PRIVATE-TOKEN").filter(|token| *token == ACCESS_TOKEN)?;
        Some(self.raw.iter().find(|(end, _)| path.ends_with(*end))?.1)
    }

    /// Returns status, extra headers and body. Every address in it is below this server's own.
    pub(crate) fn answer(&mut self, request: &Request) -> (u16, String, String) {
        let (status, headers, body) = self.answer_as_fixtures(request);
        let own = format!("http://{}", request.header("Host").unwrap_or_default());
        (status, headers, body.replace(GITLAB, &own))
    }

    fn answer_as_fixtures(&mut self, request: &Request) -> (u16, String, String) {
        let refusal = |status: u16, text: &str| (status, String::new(), json!({ "message": text }).to_string());
        if self.limit == 0 {
            return (429, "Retry-After: 60\r\n".to_owned(), "Retry later\n".to_owned());
        }
        self.limit -= 1;
        self.answered += 1;
        if let Some((_, status, body)) = self.answers_from.filter(|(number, ..)| self.answered >= *number) {
            return (status, String::new(), body.to_owned());
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let decode = |text: &str| text.replace("%5B%5D", "[]").replace("%2F", "/").replace("%20", " ");
        let query: Vec<(String, String)> = query
            .split('&')
            .filter_map(|it| it.split_once('='))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        let asked = |name: &str| query.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        let Some((project, path)) = path.split_once("/projects/").and_then(|(_, rest)| rest.split_once('/')) else {
            return refusal(404, "404 Not Found");
        };
        let Some((mut pipelines, mut deployments)) = self.lists_of(&decode(project), request) else {
            return refusal(404, "404 Project Not Found");
        };
        // GitLab pairs the filter with the order (gitlab-org/gitlab, `app/finders/deployments_finder.rb`).
        if path == "deployments" && asked("updated_after").is_some() && asked("order_by") != Some("updated_at") {
            return refusal(400, "400 Bad request");
        }
        let since = asked("updated_after").map(|since| since.replace("%3A", ":"));
        pipelines.retain(|it| is_since(it, since.as_deref()));
        deployments.retain(|it| is_since(it, since.as_deref()));
        let parts: Vec<&str> = path.split('/').collect();
        let route = match parts.as_slice() {
            ["pipelines", _, route @ ("jobs" | "bridges" | "trigger_jobs" | "test_report_summary" | "test_report")] => {
                route
            }
            ["pipelines"] => "pipelines",
            ["deployments"] => "deployments",
            ["repository", "compare"] => "compare",
            ["jobs", _, "artifacts", ..] => "artifacts",
            _ => return refusal(404, "404 Not Found"),
        };
        if let Err((status, text)) = self.allows(route, request) {
            return refusal(status, text);
        }
        let pipeline = parts[1..].first().and_then(|id| id.parse().ok());
        match route {
            "test_report_summary" | "test_report" => match pipeline.and_then(|id| self.tests.get(&id)) {
                None => (200, String::new(), NO_TESTS.to_owned()),
                Some((summary, _)) if route == "test_report_summary" => (200, String::new(), summary.to_string()),
                Some((_, report)) => (200, String::new(), report.to_string()),
            },
            "jobs" => {
                let retried = asked("include_retried") == Some("true");
                let scopes: Vec<&str> =
                    query.iter().filter(|(name, _)| name == "scope[]").map(|(_, value)| value.as_str()).collect();
                let Some(mut jobs) = self.jobs_of(pipeline, false) else { return refusal(404, "404 Not found") };
                jobs.retain(|job| retried || job["retried"] != true);
                jobs.retain(|job| scopes.is_empty() || scopes.contains(&job["status"].as_str().unwrap()));
                if self.hides_jobs {
                    jobs.clear();
                }
                page(jobs, asked("page"), asked("per_page"))
            }
            "bridges" if self.is_renamed => refusal(404, "404 Not Found"),
            "trigger_jobs" if !self.is_renamed => refusal(404, "404 Not Found"),
            "bridges" | "trigger_jobs" => {
                let Some(mut jobs) = self.jobs_of(pipeline, true) else { return refusal(404, "404 Not found") };
                jobs.retain(|job| asked("scope[]").is_none_or(|status| job["status"] == status));
                if self.hides_jobs {
                    jobs.clear();
                }
                page(jobs, asked("page"), asked("per_page"))
            }
            "pipelines" => {
                pipelines.retain(|it| asked("ref").is_none_or(|name| it["ref"] == name));
                let has_ended =
                    |it: &Value| ["success", "failed", "canceled"].contains(&it["status"].as_str().unwrap());
                pipelines.retain(|it| asked("scope") != Some("finished") || has_ended(it));
                page(pipelines, asked("page"), asked("per_page"))
            }
            "deployments" => {
                deployments.retain(|it| asked("environment").is_none_or(|name| it["environment"]["name"] == name));
                deployments.retain(|it| asked("status").is_none_or(|status| it["status"] == status));
                if asked("sort") != Some("desc") {
                    deployments.reverse();
                }
                page(deployments, asked("page"), asked("per_page"))
            }
            "compare" => match &self.comparison {
                Value::Null => refusal(404, "404 Commit Not Found"),
                comparison => (200, String::new(), comparison.to_string()),
            },
            _ => match self.artifact(parts[1], &parts[3..].join("/")) {
                Some(file) => (200, String::new(), file),
                None => refusal(404, "404 Not Found"),
            },
        }
    }

    /// Returns the pipelines and the deployments of this project, or of another one; `None` if there is no such project.
    fn lists_of(&self, project: &str, request: &Request) -> Option<(Vec<Value>, Vec<Value>)> {
        if project.parse::<u64>().is_ok() {
            return Some((self.pipelines.clone(), self.deployments.clone()));
        }
        request.header("PRIVATE-TOKEN").filter(|token| *token == ACCESS_TOKEN)?;
        self.others.get(project).cloned()
    }

    /// Returns the jobs of a pipeline, or its trigger jobs; `None` if it was deleted. The pipeline that asks is in no list of others.
    fn jobs_of(&self, pipeline: Option<u64>, are_triggers: bool) -> Option<Vec<Value>> {
        let is_another = |id: &u64| self.pipelines.iter().any(|it| it["id"] == *id && *id != 90_817);
        let Some(id) = pipeline.filter(|id| self.earlier_jobs.contains_key(id) || is_another(id)) else {
            return Some(if are_triggers { self.trigger_jobs.clone() } else { self.jobs.clone() });
        };
        let mut jobs = self.earlier_jobs.get(&id).cloned().unwrap_or(Some(vec![]))?;
        jobs.retain(|job| job["is_trigger"].is_null() != are_triggers);
        Some(jobs)
    }

    /// Checks the request's token. A route that does not accept a job token treats its owner as anonymous.
    fn allows(&self, route: &str, request: &Request) -> Result<(), (u16, &'static str)> {
        let token = match (request.header("PRIVATE-TOKEN"), request.header("JOB-TOKEN")) {
            (Some(ACCESS_TOKEN), _) if self.takes_access_tokens => return Ok(()),
            (Some(_), _) => return Err((401, "401 Unauthorized")),
            (None, token) => token,
        };
        let is_known = token.is_some_and(|token| JOB_TOKENS.contains(&token));
        match (self.takes_job_tokens.contains(&route), is_known) {
            (true, true) => Ok(()),
            (true, false) => Err((401, "401 Unauthorized")),
            (false, _) if self.is_public && !["compare", "test_report", "test_report_summary"].contains(&route) => {
                Ok(())
            }
            (false, _) if ["jobs", "deployments", "artifacts"].contains(&route) => Err((401, "401 Unauthorized")),
            (false, _) => Err((404, "404 Project Not Found")),
        }
    }

    fn artifact(&self, job: &str, path: &str) -> Option<String> {
        let of_engine = || {
            let name =
                self.jobs.iter().find(|it| Some(it["id"].as_u64().unwrap()) == job.parse().ok())?["name"].as_str()?;
            fs::read_to_string(self.engine.as_ref()?.join(name).join(path)).ok()
        };
        self.artifacts.get(&format!("{job}/{path}")).cloned().or_else(of_engine)
    }
}

/// True if an entry was updated after a time.
fn is_since(entry: &Value, since: Option<&str>) -> bool {
    let at = |time: &str| OffsetDateTime::parse(time, &Rfc3339).unwrap();
    since.zip(entry["updated_at"].as_str()).is_none_or(|(since, updated)| at(updated) > at(since))
}

/// Returns a page of a list, newest first, with GitLab's headers.
fn page(mut entries: Vec<Value>, page: Option<&str>, per_page: Option<&str>) -> (u16, String, String) {
    entries.sort_by_key(|it| std::cmp::Reverse(it["id"].as_u64().unwrap()));
    for entry in &mut entries {
        entry.as_object_mut().unwrap().remove("retried");
    }
    let number = |text: Option<&str>, default| text.and_then(|it| it.parse::<usize>().ok()).unwrap_or(default);
    let (page, size) = (number(page, 1), number(per_page, 20).min(100));
    let total = entries.len();
    let next = if page * size < total { (page + 1).to_string() } else { String::new() };
    let entries: Vec<Value> = entries.into_iter().skip((page - 1) * size).take(size).collect();
    let headers = format!("X-Page: {page}\r\nX-Per-Page: {size}\r\nX-Next-Page: {next}\r\nX-Total: {total}\r\n");
    (200, headers, Value::Array(entries).to_string())
}

/// Returns a job in GitLab's format (gitlab-org/gitlab, `lib/api/entities/ci/job_basic.rb`).
pub(crate) fn job(id: u64, name: &str, stage: &str, status: &str) -> Value {
    json!({
        "id": id, "status": status, "stage": stage, "name": name, "ref": "main", "tag": false, "coverage": null, "allow_failure": false,
        "created_at": "2026-11-20T00:13:00.101Z", "started_at": null, "finished_at": null, "erased_at": null, "duration": null,
        "queued_duration": 2.2, "user": {"id": 301, "username": "minsu.kim", "name": "Kim Minsu"},
        "commit": {"id": "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", "short_id": "1a2b3c4d", "title": "Fix cart rounding", "author_name": "Kim Minsu", "message": "Fix cart rounding\n"},
        "pipeline": {"id": 90_817, "iid": 2210, "project_id": 1042, "status": "running", "ref": "main", "source": "push"},
        "web_url": format!("https://gitlab.corp.example/commerce/shop-api/-/jobs/{id}"), "artifacts": [], "tag_list": ["linux"],
    })
}

/// Returns a failed job with a failure reason of GitLab's.
pub(crate) fn failed(id: u64, name: &str, stage: &str, reason: &str) -> Value {
    let mut job = job(id, name, stage, "failed");
    job["failure_reason"] = reason.into();
    job
}

/// Adds a field to a job.
pub(crate) fn with(mut job: Value, field: &str, value: impl Into<Value>) -> Value {
    job[field] = value.into();
    job
}

/// Returns a pipeline of `main` that began 3 hours ago.
pub(crate) fn pipeline(id: u64, status: &str) -> Value {
    let created = OffsetDateTime::now_utc() - Duration::from_mins(190);
    let created = created.format(&Rfc3339).unwrap();
    json!({"created_at": created, "id": id, "iid": id - 88_000, "project_id": 1042, "status": status, "source": "push", "ref": "main", "sha": "0f1e2d3c"})
}

/// Returns a deployment; `of` has the IDs of its pipeline and its job.
pub(crate) fn deployment(id: u64, environment: &str, status: &str, sha: &str, of: (u64, u64)) -> Value {
    let (pipeline, job) = of;
    json!({
        "id": id, "iid": id, "ref": "main", "sha": sha, "status": status, "created_at": "2026-11-20T00:20:00.000Z",
        "environment": {"id": 55, "name": environment, "slug": environment.replace('/', "-"), "external_url": "https://main.shop.example"},
        "deployable": {"id": job, "name": "review", "status": status, "pipeline": {"id": pipeline}},
    })
}

/// Starts a server and returns it with its GitLab.
pub(crate) fn gitlab(gitlab: GitLab) -> (Server, Arc<Mutex<GitLab>>) {
    let gitlab = Arc::new(Mutex::new(gitlab));
    (Server::start([Reply::GitLab(Arc::clone(&gitlab))]), gitlab)
}
