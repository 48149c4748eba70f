//! Ask Slack: the pipeline's message, the message of the pipeline before, and the Slack users of people.

use super::findings::Findings;
use super::read_job::Call;
use crate::cli::EventArgs;
use crate::explain::Explain;
use crate::gitlab::api::Api;
use crate::gitlab::attempts;
use crate::gitlab::unknown::Unknown;
use crate::job::event::{Event, Verdict};
use crate::job::history::EarlierMessage;
use crate::job::job_state;
use crate::job::key::Key;
use crate::module::route::Route;
use crate::report::Sink;
use crate::slack::channel::{Bot, Found, Past};
use crate::slack::metadata::{Sender, Shown};
use crate::slack::people::Directory;
use crate::slack::thread::{MAX_FILE, RecordedThread};

/// The file of the start job's artifact with the location of the pipeline's message, as component.yml has it.
const MESSAGE_FILE: &str = ".pipeline-notifier/message.json";

/// The job state that the first hook saves for the second: the job's attempt, and the location of the pipeline's message.
const ATTEMPT: &str = "attempt";
pub(super) const MESSAGE: &str = "message.json";

/// The limit of failed jobs that are known to be reported.
const MAX_REPORTED: usize = 400;

/// Adds Slack's findings. A hook that the settings leave out makes no request.
pub(crate) fn ask(call: &Call, args: EventArgs, gitlab: &Result<Api, Unknown>, route: &Route, findings: &mut Findings) {
    let gitlab = gitlab.as_ref().ok();
    match (args.event, gitlab) {
        (Event::PipelineStarted | Event::Digest, _) => return,
        (Event::PipelineWaiting | Event::DeployStarted | Event::DeployFinished, _) if route.skip.is_some() => return,
        (Event::PipelineWaiting, _) => {
            // The attempt of this job says nothing about those that wait.
            if call.to.bot().is_some() {
                find_attempt(call, gitlab, findings);
            }
            findings.history.attempt = None;
        }
        (Event::DeployStarted | Event::DeployFinished, _) => find_attempt(call, gitlab, findings),
        (Event::PipelineFinished, _) => read_channel(call, args, gitlab, route.environment.as_deref(), findings),
    }
    if let Some(api) = call.to.bot() {
        // Only the module knows whom it may mention.
        let directory = Directory { api, client: &call.client, deadline: call.deadline };
        directory.add_to(&mut findings.people, &route.lookup, &*call.report);
    }
}

/// Finds the job's attempt and the location of the pipeline's message: in the job state, else at GitLab.
fn find_attempt(call: &Call, gitlab: Option<&Api>, findings: &mut Findings) {
    let load = |name, max| job_state::load(&call.variables, name, max);
    let parse = |json: &[u8]| RecordedThread::parse(json, &Sender::of(&call.variables)?);
    findings.history.attempt = load(ATTEMPT, 20).and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    findings.recorded = load(MESSAGE, MAX_FILE).and_then(|json| parse(&json));
    let wants_message = call.to.bot().is_some() && findings.recorded.is_none();
    if (findings.history.attempt.is_none() || wants_message)
        && let Some(api) = gitlab
        && let Ok(attempts) = attempts::attempts(api, call.settings.get_or_default(Key::START_JOB))
    {
        findings.history.attempt = attempts.this.or(findings.history.attempt);
        if let Some(attempt) = attempts.this {
            // If it cannot be saved, the next hook asks again.
            let _ = job_state::save(&call.variables, ATTEMPT, attempt.to_string().as_bytes());
        }
        if let Some(json) = attempts.start_job.filter(|_| wants_message).and_then(|job| artifact(api, job)) {
            let _ = job_state::save(&call.variables, MESSAGE, &json);
            findings.recorded = parse(&json);
        }
    }
}

/// Returns the location of the message that a start job recorded.
fn artifact(api: &Api, start_job: i64) -> Option<Vec<u8>> {
    attempts::artifact(api, start_job, MESSAGE_FILE, MAX_FILE).ok()
}

/// Reads the pipeline's message in the channel of this environment, and the one before.
fn read_channel(
    call: &Call,
    args: EventArgs,
    gitlab: Option<&Api>,
    environment: Option<&str>,
    findings: &mut Findings,
) {
    let Some(sender) = Sender::of(&call.variables) else { return };
    let Some((api, channel)) = call.to.bot_for(environment) else { return };
    let bot = Bot::new(api, &call.client, channel, call.deadline);
    let past = past(call, &bot, &sender, gitlab);
    let mut failure = None;
    if let Some(Found { shown: Ok(shown), thread }) = &past.found {
        let replies = bot.replies(&sender, thread).unwrap_or_default();
        let reported = shown.reported.iter().chain(replies.iter().flat_map(|reply| &reply.reported));
        findings.history.reported = Some(reported.take(MAX_REPORTED).copied().collect());
        // The last failure that was posted, whatever the message shows now.
        let failures = std::iter::once(shown).chain(&replies).filter(|it| it.verdict == Verdict::Failed.name());
        failure = failures.cloned().next_back();
    } else if past.is_read {
        // Without a message, nothing was reported.
        findings.history.reported = Some(Vec::new());
    }
    // A pipeline that failed, was run again and succeeded is fixed too. It never failed if only jobs failed that may.
    let may_fail = |id: &i64| findings.jobs.as_ref().is_some_and(|jobs| jobs.allowed.contains(id));
    let own_failure = failure.filter(|own: &Shown| {
        args.result == Some(Verdict::Success) && (own.reported.is_empty() || !own.reported.iter().all(may_fail))
    });
    if own_failure.is_some() {
        findings.history.previous_status = Some(Verdict::Failed.name());
    }
    let earlier = own_failure.as_ref().or(past.earlier.as_ref().map(|(_, earlier)| earlier));
    findings.history.earlier_message = earlier.map(|earlier| EarlierMessage {
        verdict: earlier.verdict.clone(),
        status: earlier.status.clone(),
        environment: Some(earlier.environment.clone()).filter(|name| !name.is_empty()),
        mentions: earlier.mentions.clone(),
        failures_in_a_row: earlier.in_a_row,
    });
    findings.past = Some((channel.to_owned(), past));
}

/// Finds the messages of this pipeline and the one before in the channel, else at the location that the start job recorded.
fn past(call: &Call, bot: &Bot, sender: &Sender, gitlab: Option<&Api>) -> Past {
    let looked = bot.look_through(sender, true);
    let mut past = looked.as_ref().ok().cloned().unwrap_or_default();
    if past.found.is_none() {
        let start_job = call.settings.get_or_default(Key::START_JOB);
        let json = gitlab.and_then(|api| artifact(api, attempts::attempts(api, start_job).ok()?.start_job?));
        let recorded = json.and_then(|json| RecordedThread::parse(&json, sender));
        past.found = recorded.and_then(|recorded| bot.found_at(sender, recorded.in_channel(bot.channel)?));
    }
    if let Err(unreadable) = looked
        && past.found.is_none()
    {
        let cause = unreadable.describe();
        call.report.warning(&format!("the pipeline's message was not found: {cause}; a new message is posted"));
    }
    past
}
