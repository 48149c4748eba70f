//! `demo`: every moment of a pipeline by webhook, and a whole pipeline as a bot, from a job's variables to what arrived, with no
//! account anywhere.

mod inbox;
mod workspace;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{EventArgs, Job};
use crate::error::Error;
use crate::explain::Explain;
use crate::job::event::{Event, Verdict};
use crate::job::kept;
use crate::job::settings::variable;
use crate::module::message::Body;
use crate::module::render::picture;
use crate::report::print;
use crate::steps::deliver::Delivery;
use crate::steps::look_up;
use crate::steps::read_job::Call;
use crate::steps::render::render;
use crate::variables::Variables;
use inbox::{Arrived, Inbox};
use workspace::CHANNEL;

/// What a moment is called, its event, and the variables in which it differs from [`demo_job`].
type Moment = (&'static str, EventArgs, Changes);
type Changes = &'static [(&'static str, &'static str)];

const SUCCESS: Changes = &[("CI_JOB_STATUS", "success")];
const CANCELED: Changes = &[("CI_JOB_STATUS", "canceled")];
const FAILED_ON_MAIN: Changes = &[
    ("CI_JOB_STATUS", "failed"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_REF_NAME", "main"),
    ("CI_ENVIRONMENT_NAME", "review/main"),
    ("CI_ENVIRONMENT_SLUG", "review-main"),
    ("CI_ENVIRONMENT_URL", "https://shop.example"),
];
const ROLLED_BACK_ON_MAIN: Changes = &[
    ("CI_JOB_ID", "711400"),
    ("CI_JOB_STATUS", "success"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_REF_NAME", "main"),
    ("CI_ENVIRONMENT_NAME", "review/main"),
    ("CI_ENVIRONMENT_SLUG", "review-main"),
    ("CI_ENVIRONMENT_URL", "https://shop.example"),
];
const SUCCESS_ON_FEATURE: Changes = &[
    ("CI_JOB_STATUS", "success"),
    ("CI_COMMIT_BRANCH", "feature/cart"),
    ("CI_COMMIT_REF_NAME", "feature/cart"),
    ("CI_ENVIRONMENT_NAME", "review/feature/cart"),
    ("CI_ENVIRONMENT_SLUG", "review-feature-cart"),
    ("CI_ENVIRONMENT_URL", "https://feature-cart.shop.example"),
];
const CLOSING: Changes = &[("CI_JOB_STAGE", ".post"), ("CI_ENVIRONMENT_NAME", "")];
const TIMED_OUT: Changes = &[
    ("CI_JOB_STAGE", ".post"),
    ("CI_ENVIRONMENT_NAME", ""),
    ("CI_PIPELINE_ID", "90818"),
    ("CI_PIPELINE_URL", "https://gitlab.example/shop/shop-api/-/pipelines/90818"),
];
const OF_BOT: Changes = &[
    ("SLACK_BOT_TOKEN", "xoxb-not-a-real-token"),
    ("NOTIFIER_CHANNEL", CHANNEL),
    ("CI_PIPELINE_ID", "90818"),
    ("CI_PIPELINE_URL", "https://gitlab.example/shop/shop-api/-/pipelines/90818"),
];
const FIXED: Changes = &[
    ("CI_JOB_STAGE", ".post"),
    ("CI_ENVIRONMENT_NAME", ""),
    ("CI_PIPELINE_ID", "90819"),
    ("CI_PIPELINE_URL", "https://gitlab.example/shop/shop-api/-/pipelines/90819"),
    ("NOTIFIER_FINISH", "change"),
];

const STARTED: EventArgs = EventArgs { event: Event::PipelineStarted, result: None };
const DEPLOYING: EventArgs = EventArgs { event: Event::DeployStarted, result: None };
const DEPLOYED: EventArgs = EventArgs { event: Event::DeployFinished, result: None };
const FAILED: EventArgs = EventArgs { event: Event::PipelineFinished, result: Some(Verdict::Failed) };
const SUCCEEDED: EventArgs = EventArgs { event: Event::PipelineFinished, result: Some(Verdict::Success) };

const MOMENTS: [Moment; 10] = [
    ("The pipeline starts", STARTED, &[]),
    ("A job of the build fails", FAILED, CLOSING),
    ("The deploy job starts", DEPLOYING, &[]),
    ("The deploy job succeeds, on development", DEPLOYED, SUCCESS),
    ("The deploy job succeeds, on a feature branch", DEPLOYED, SUCCESS_ON_FEATURE),
    ("The deploy job fails, on main", DEPLOYED, FAILED_ON_MAIN),
    ("The deploy job is canceled", DEPLOYED, CANCELED),
    ("The deploy job runs out of time, and the closing job tells", FAILED, TIMED_OUT),
    ("The next pipeline succeeds", SUCCEEDED, FIXED),
    ("An older deployment is run again, on main", DEPLOYED, ROLLED_BACK_ON_MAIN),
];

/// A pipeline that a bot tells, whose deploy job runs out of time.
const MOMENTS_OF_BOT: [Moment; 3] = [
    ("A bot tells the start", STARTED, &[]),
    ("The bot tells the deployment", DEPLOYING, &[]),
    ("The deployment runs out of time, and the closing job tells as the bot", FAILED, TIMED_OUT),
];

pub(super) fn run(send: bool, out: &Path, job: &Job, environment: &Variables) -> Result<(), Error> {
    let inbox = Inbox::open(gitlab).map_err(Error::Inbox)?;
    let mut shown: Vec<(String, Value)> = Vec::new();
    let mut show = |caption: String, message: Value| -> Result<(), Error> {
        let moment = (caption, message);
        print(&format!("{}\n", picture("text", "", "", std::slice::from_ref(&moment))?));
        shown.push(moment);
        Ok(())
    };
    for (number, (caption, args, changes)) in MOMENTS.into_iter().enumerate() {
        if send && number > 0 {
            // Slack takes about one message a second (https://docs.slack.dev/apis/web-api/rate-limits).
            thread::sleep(Duration::from_secs(1));
        }
        let Some(body) = play(job, args, variables(&inbox, environment, changes, send))? else { continue };
        // What arrived, not what was meant to.
        let arrived = if send { Some(body.json().clone()) } else { inbox.next().map(|it| it.body) };
        show(caption.to_owned(), arrived.unwrap_or_default())?;
    }
    let mut updates = 0;
    for (caption, args, changes) in MOMENTS_OF_BOT.into_iter().filter(|_| !send) {
        play(job, args, variables(&inbox, environment, &[OF_BOT, changes].concat(), send))?;
        while let Some(arrived) = inbox.next() {
            updates += usize::from(arrived.method.as_deref() == Some(UPDATE));
            show(format!("{caption}: {}", place(&arrived)), arrived.body)?;
        }
    }
    let page = picture("html", "pipeline-notifier: every moment of a pipeline", "en", &shown)?;
    fs::write(out, page).map_err(|source| Error::Write { path: out.to_owned(), source })?;
    let messages = shown.len() - updates;
    let arrived = if send {
        format!("{messages} messages arrived in your Slack channel")
    } else {
        format!("{messages} messages and {updates} updates arrived in the inbox at {}", inbox.address())
    };
    print(&format!("{arrived}.\nThey look like this: {}\n", out.display()));
    Ok(())
}

/// Tells one moment as its job would. Returns what it says, where there is something to say.
fn play(job: &Job, args: EventArgs, variables: Variables) -> Result<Option<Body>, Error> {
    let call = Call::begin(job.clone(), variables);
    let Some(findings) = look_up(&call, args).pop() else { return Ok(None) };
    let message = render(&call, &call.context(args, &findings, &*call.report))?;
    let delivered = Delivery { call: &call, event: args.event, message: &message, findings: &findings }.post();
    kept::forget(&call.variables);
    delivered.map_err(|cause| Error::Send(cause.describe()))?;
    Ok(Some(message.body()))
}

/// The method that changes a message.
const UPDATE: &str = "chat.update";

/// Where people see what a bot said.
fn place(arrived: &Arrived) -> &'static str {
    let Arrived { method, body } = arrived;
    match body["thread_ts"] {
        _ if method.as_deref() == Some(UPDATE) => "the same message, updated",
        Value::Null => "one message in the channel",
        _ if body["reply_broadcast"] == true => "a reply in its thread, shown in the channel too",
        _ => "a reply in its thread",
    }
}

/// The variables of one moment: those of a made-up job, and of the real environment only what is about us.
fn variables(
    inbox: &Inbox,
    environment: &Variables,
    changes: &[(&'static str, &'static str)],
    send: bool,
) -> Variables {
    let mut variables: Variables = demo_job().chain(changes.iter().copied()).collect();
    let inbox = format!("http://{}", inbox.address());
    variables.set("CI_SERVER_URL", &*inbox);
    variables.set("CI_API_V4_URL", format!("{inbox}/api/v4"));
    variables.set("SLACK_API_URL", format!("{inbox}/api"));
    variables.set("SLACK_WEBHOOK_URL", format!("{inbox}/services/T00000000/B00000000/demo"));
    let ours = ["language", "environments", "timeout", "allow_hosts", "mention"].map(variable);
    let network = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"]
        .map(str::to_owned);
    for name in ours.into_iter().chain(network) {
        if let Some(value) = environment.get(&name) {
            variables.set(name, value);
        }
    }
    if send {
        variables.set("SLACK_WEBHOOK_URL", environment.get("SLACK_WEBHOOK_URL").unwrap_or_default());
    }
    variables
}

/// A job as GitLab runs it, of a project that does not exist.
fn demo_job() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_NAME", "shop-api"),
        ("CI_PROJECT_PATH", "shop/shop-api"),
        ("CI_PROJECT_ID", "42"),
        ("CI_PROJECT_URL", "https://gitlab.example/shop/shop-api"),
        ("CI_PROJECT_DIR", "/nonexistent"),
        ("CI_COMMIT_BRANCH", "development"),
        ("CI_COMMIT_REF_NAME", "development"),
        ("CI_COMMIT_REF_SLUG", "development"),
        ("CI_COMMIT_SHA", "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678"),
        ("CI_COMMIT_SHORT_SHA", "1a2b3c4d"),
        ("CI_COMMIT_BEFORE_SHA", BEFORE),
        ("CI_COMMIT_TITLE", "Fix cart rounding"),
        ("CI_COMMIT_AUTHOR", "Kim Minsu <minsu@shop.example>"),
        ("CI_PIPELINE_ID", "90817"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PIPELINE_URL", "https://gitlab.example/shop/shop-api/-/pipelines/90817"),
        ("CI_JOB_ID", "711002"),
        ("CI_JOB_NAME", "review"),
        ("CI_JOB_STAGE", "review"),
        ("CI_JOB_URL", "https://gitlab.example/shop/shop-api/-/jobs/711002"),
        ("CI_JOB_TOKEN", "not-a-real-token"),
        ("CI_ENVIRONMENT_NAME", "review/development"),
        ("CI_ENVIRONMENT_SLUG", "review-development"),
        ("CI_ENVIRONMENT_URL", "https://development.shop.example"),
        ("KUBE_NAMESPACE", "shop"),
        ("GITLAB_USER_NAME", "Kim Minsu"),
        ("GITLAB_USER_LOGIN", "minsu"),
        ("NOTIFIER_GRAFANA_URL", "https://grafana.example"),
        ("NOTIFIER_LOKI_DATASOURCE", "loki-prod"),
        ("NOTIFIER_MENTION", "here"),
        ("NOTIFIER_DEPLOY_JOBS", "review"),
    ]
    .into_iter()
}

/// The commit before the one of the demonstration.
const BEFORE: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432";

/// What GitLab's API says of that project.
fn gitlab(target: &str) -> Option<Value> {
    let job = |id: u32, name: &str, stage: &str, status: &str, reason: &str| {
        let web_url = format!("https://gitlab.example/shop/shop-api/-/jobs/{id}");
        json!({"id": id, "name": name, "stage": stage, "status": status, "failure_reason": reason, "web_url": web_url})
    };
    let this = job(711_002, "review", ".post", "running", "");
    let deployment = |environment: &str, sha: &str, pipeline: u32, job: u32| {
        json!({
            "id": 400, "sha": sha, "status": "success", "environment": {"name": environment, "slug": "review-development"},
            "deployable": {"id": job, "pipeline": {"id": pipeline}},
        })
    };
    Some(match target.split_once("/projects/42/")?.1 {
        path if path.starts_with("pipelines/90818/jobs?scope") => {
            json!([this, job(711_001, "review", "review", "failed", "job_execution_timeout")])
        }
        path if path.starts_with("pipelines/90817/jobs?scope") => json!([
            this,
            job(710_999, "image", "build", "failed", "runner_system_failure"),
            job(710_998, "compile", "build", "failed", "script_failure"),
        ]),
        path if path.contains("/jobs?") => json!([this]),
        path if path.contains("/bridges") => json!([]),
        path if path.starts_with("pipelines?") => {
            json!([{"id": 90_818, "status": "failed"}, {"id": 90_816, "status": "success"}])
        }
        path if path.starts_with("deployments?environment=review%2Fmain") => {
            json!([deployment("review/main", BEFORE, 90_820, 711_300)])
        }
        path if path.starts_with("deployments?environment=") => {
            json!([deployment("review/development", BEFORE, 90_810, 710_700)])
        }
        path if path.starts_with("deployments?") => json!([deployment("review/development", BEFORE, 90_818, 711_001)]),
        _ => return None,
    })
}
