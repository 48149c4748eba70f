//! Ask why: the stages, the failed tests, and the ends of the failed jobs' logs. Only the closing job asks, for which nobody waits.
//!
//! A message needs none of it, so what cannot be read is left out without a warning. `doctor` names what the tokens may not read.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::findings::Findings;
use super::read_job::Call;
use super::render;
use crate::cli::EventArgs;
use crate::gitlab::api::Api;
use crate::gitlab::jobs::Job;
use crate::gitlab::trace::Tail;
use crate::gitlab::{stages, test_reports, trace};
use crate::job::event::{Event, Verdict};
use crate::job::key::Key;
use crate::job::why::FailedLog;
use crate::job_log;
use crate::module::skip::Skip;
use crate::net::secret::is_secret_name;

/// The most logs to read, and the time limit of all of them.
const MAX_LOGS: usize = 3;
const TIME_FOR_LOGS: Duration = Duration::from_secs(8);

/// The shortest value of a variable that counts as a secret, in bytes, as GitLab masks it.
const MIN_SECRET: usize = 8;

/// Adds what is known to the findings of each message of a closing job.
pub(crate) fn ask(call: &Call, args: EventArgs, api: &Api, all: &mut [Findings]) {
    let is_always = call.settings.get_or_default(Key::FINISH).eq_ignore_ascii_case("always");
    let is_failure = |findings: &Findings| findings.jobs.as_ref().is_some_and(|jobs| !jobs.failed.is_empty());
    let has_failed = args.result == Some(Verdict::Failed) || all.iter().any(is_failure);
    if args.event != Event::PipelineFinished || args.result == Some(Verdict::Success) && !has_failed && !is_always {
        return;
    }
    let may_read = all.iter().any(|findings| findings.jobs.is_some());
    let stages = if may_read { stages::stages(api).unwrap_or_default() } else { Vec::new() };
    for findings in all.iter_mut() {
        findings.why.stages.clone_from(&stages);
    }
    // The tests belong to no environment.
    if let Some(first) = all.first_mut().filter(|_| call.settings.is_on(Key::TESTS)) {
        first.why.tests = test_reports::summary(api).ok().flatten();
        if let Some(tests) = first.why.tests.as_mut().filter(|tests| tests.failed > 0) {
            test_reports::name_failed(api, first.history.previous_pipeline_id, tests);
        }
    }
}

/// The logs that may still be read for the messages of a closing job.
pub(crate) struct LogsLeft {
    count: usize,
    end: Instant,
}

impl LogsLeft {
    pub(crate) fn new() -> Self {
        Self { count: MAX_LOGS, end: Instant::now() + TIME_FOR_LOGS }
    }
}

/// Adds the ends of the failed jobs' logs to the findings of a message that is sent, or whose failures hooks have reported. The new
/// failures come first.
pub(crate) fn ask_logs(call: &Call, args: EventArgs, api: &Api, findings: &mut Findings, left: &mut LogsLeft) {
    let count = call.settings.log_lines();
    if args.event != Event::PipelineFinished || count == 0 || !is_wanted(call, args, findings) {
        return;
    }
    let old = findings.history.previous_failed_jobs.clone().unwrap_or_default();
    let failed = findings.jobs.iter().flat_map(|jobs| &jobs.failed);
    let mut jobs: Vec<Job> =
        failed.filter(|job| job.failure_reason == "script_failure" && !job.is_trigger).cloned().collect();
    jobs.sort_by_key(|job| (old.contains(&job.name), job.id));
    let own = secrets_of_job(call);
    for job in jobs.into_iter().take(left.count) {
        left.count -= 1;
        let mut log = FailedLog { job_id: job.id, job: job.name, lines: vec![], exit_code: None, is_too_long: false };
        match trace::tail(api, job.id, left.end.saturating_duration_since(Instant::now())) {
            Ok(Tail::Of(tail, is_cut)) => {
                let script = job_log::of_tail(&tail, is_cut, count);
                let shown = |line: String| {
                    let is_own = own.iter().any(|secret| line.contains(secret));
                    if is_own { job_log::MASKED.to_owned() } else { call.redactor.redact(&line) }
                };
                log.lines = script.lines.into_iter().map(shown).collect();
                log.exit_code = script.exit_code;
            }
            Ok(Tail::TooLong) => log.is_too_long = true,
            Err(_) => continue,
        }
        findings.why.logs.push(log);
    }
}

/// Returns whether a message is sent, or was sent by hooks.
fn is_wanted(call: &Call, args: EventArgs, findings: &Findings) -> bool {
    let context = call.context(args, findings, &RefCell::default());
    let skip = render::quietly(call, &context).0.map(|message| message.skip);
    skip.is_ok_and(|skip| skip.is_none() || skip == Some(Skip::AlreadyReported))
}

/// Returns the values of this job's variables that are secrets by their names or their form. Other jobs have the same ones.
fn secrets_of_job(call: &Call) -> Vec<String> {
    let value = |name| call.variables.raw(name).map(str::trim).filter(|value| value.len() >= MIN_SECRET);
    let is_secret = |name: &&str, value: &str| is_secret_name(name) || job_log::is_secret_value(value);
    let values = call.variables.names().filter_map(|name| value(name).filter(|value| is_secret(&name, value)));
    values.map(str::to_owned).collect()
}
