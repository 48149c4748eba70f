//! `demo`: plays every moment of a pipeline by webhook, and a whole pipeline as a bot, from a job's variables to the arrived message.
//! It needs no account.

mod inbox;
mod workspace;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::cli::{EventArgs, JobArgs};
use crate::commands::language::Language;
use crate::error::Error;
use crate::explain::Explain;
use crate::job::event::{Event, Verdict};
use crate::job::history::save_deploy_start;
use crate::job::job_state;
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

/// The time of every moment, in seconds since 1970: 9m 14s after the pipeline of the script began.
const NOW: i64 = 1_795_137_734;
/// The time since the deployment began, in seconds.
const DEPLOYMENT: i64 = 134;

/// The script, `demo/script.json`.
#[derive(Default, Deserialize)]
struct Script {
    /// The variables of a GitLab job, in a project that does not exist.
    job: Changes,
    /// The variables of a job that has a bot.
    bot: Changes,
    by_webhook: Vec<Moment>,
    by_bot: Vec<Moment>,
    /// The answers of GitLab's API, by the beginning of the path within the project.
    gitlab: Vec<(String, Value)>,
}

/// A moment of a pipeline.
#[derive(Deserialize)]
struct Moment {
    caption: Caption,
    #[serde(deserialize_with = "named")]
    event: Event,
    #[serde(default, deserialize_with = "maybe_named")]
    result: Option<Verdict>,
    /// The variables in which its job differs.
    #[serde(default)]
    variables: Changes,
}

/// What happens, in each language.
#[derive(Deserialize)]
struct Caption {
    en: String,
    ko: String,
}

type Changes = BTreeMap<String, String>;

fn named<'de, T: ValueEnum, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::from_str(&String::deserialize(deserializer)?, false).map_err(D::Error::custom)
}

fn maybe_named<'de, T: ValueEnum, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    named(deserializer).map(Some)
}

pub(super) fn run(send: bool, out: &Path, job: &JobArgs, environment: &Variables) -> Result<(), Error> {
    let Script { job: of_job, bot, by_webhook, by_bot, gitlab } =
        serde_json::from_str(include_str!("demo/script.json")).unwrap_or_default();
    let language = Language::of(&job.settings.clone().or_from(environment));
    let inbox = Inbox::open(gitlab).map_err(Error::Inbox)?;
    let mut shown: Vec<(String, Value)> = Vec::new();
    let mut show = |caption: String, message: Value| -> Result<(), Error> {
        let moment = (caption, message);
        print(&format!("{}\n", short(&picture("text", "", "", std::slice::from_ref(&moment))?)));
        shown.push(moment);
        Ok(())
    };
    for (number, moment) in by_webhook.into_iter().enumerate() {
        if send && number > 0 {
            // Slack takes about one message a second (https://docs.slack.dev/apis/web-api/rate-limits).
            thread::sleep(Duration::from_secs(1));
        }
        let Some(body) = play(job, &moment, variables(&inbox, environment, [&of_job, &moment.variables], send))? else {
            continue;
        };
        // The arrived message is shown, not the intended one.
        let arrived = if send { Some(body.json().clone()) } else { inbox.next().map(|it| it.body) };
        show(language.say(moment.caption.en, moment.caption.ko), inbox.as_named(&arrived.unwrap_or_default()))?;
    }
    let mut updates = 0;
    for moment in by_bot.into_iter().filter(|_| !send) {
        let changes = bot.iter().chain(&moment.variables).map(|(name, value)| (name.clone(), value.clone())).collect();
        play(job, &moment, variables(&inbox, environment, [&of_job, &changes], send))?;
        while let Some(arrived) = inbox.next() {
            updates += usize::from(arrived.method.as_deref() == Some(UPDATE));
            let caption = language.say(&moment.caption.en, &moment.caption.ko);
            show(format!("{caption}: {}", place(&arrived, language)), inbox.as_named(&arrived.body))?;
        }
    }
    let title =
        language.say("pipeline-notifier: every moment of a pipeline", "pipeline-notifier: 파이프라인의 모든 순간");
    let page = picture("html", title, language.say("en", "ko"), &shown)?;
    fs::write(out, page).map_err(|source| Error::Write { path: out.to_owned(), source })?;
    let messages = shown.len() - updates;
    let (address, page) = (inbox.address(), out.display());
    let arrived = if send {
        language.say(
            format!("{messages} messages arrived in your Slack channel."),
            format!("메시지 {messages}개가 Slack 채널에 도착했습니다."),
        )
    } else {
        language.say(
            format!("{messages} messages and {updates} updates arrived in the inbox at {address}."),
            format!("메시지 {messages}개와 갱신 {updates}개가 수신함 {address}에 도착했습니다."),
        )
    };
    let look = language.say("They look like this", "이렇게 보입니다");
    print(&format!("{arrived}\n{look}: {page}\n"));
    Ok(())
}

/// Shortens the address below a line to its host. The page has it whole.
fn short(text: &str) -> String {
    let host = |line: &str| {
        let (label, address) = line.split_once(": https://")?;
        Some(format!("{label}: {}\n", address.split('/').next().unwrap_or_default()))
    };
    text.lines().map(|line| host(line).unwrap_or_else(|| format!("{line}\n"))).collect()
}

/// Sends the message of one moment as its job would. Returns its body if there is one.
fn play(job: &JobArgs, moment: &Moment, variables: Variables) -> Result<Option<Body>, Error> {
    let args = EventArgs { event: moment.event, result: moment.result };
    let call = Call::begin(job.clone(), variables);
    if moment.event == Event::DeployFinished {
        save_deploy_start(&call.variables, NOW - DEPLOYMENT);
    }
    let Some(findings) = look_up(&call, args, true).pop() else { return Ok(None) };
    let context = call.context(args, &findings, &*call.report);
    // The numbers of a digest are those of this week.
    let context = if moment.event == Event::Digest { context } else { context.at(NOW) };
    let message = render(&call, &context)?;
    let delivered =
        Delivery { call: &call, event: args.event, message: &message, findings: &findings, deadline: call.deadline }
            .post();
    job_state::clear(&call.variables);
    delivered.map_err(|cause| Error::Send(cause.describe()))?;
    Ok(Some(message.body()))
}

/// The method that changes a message.
const UPDATE: &str = "chat.update";

/// Describes the place of a bot's message in Slack.
fn place(arrived: &Arrived, language: Language) -> &'static str {
    let Arrived { method, body } = arrived;
    match body["thread_ts"] {
        _ if method.as_deref() == Some(UPDATE) => language.say("the same message, updated", "같은 메시지, 갱신됨"),
        Value::Null => language.say("one message in the channel", "채널의 메시지 하나"),
        _ if body["reply_broadcast"] == true => {
            language.say("a reply in its thread, shown in the channel too", "스레드의 답글, 채널에도 표시됨")
        }
        _ => language.say("a reply in its thread", "스레드의 답글"),
    }
}

/// Returns the variables of one moment: those of a made-up job, and only our own ones of the real environment.
fn variables(inbox: &Inbox, environment: &Variables, job: [&Changes; 2], send: bool) -> Variables {
    let mut variables: Variables =
        job.into_iter().flatten().map(|(name, value)| (name.clone(), inbox.here(value))).collect();
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
