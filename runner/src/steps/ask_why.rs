//! Ask why: the stages, the failed tests, and the ends of the failed jobs' logs. Only the closing job asks, for which nobody waits.
//!
//! A message needs none of it. What cannot be read is left out, without a warning unless a setting asks for it. `doctor` names what the
//! tokens may not read.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::findings::Findings;
use super::read_job::Call;
use super::render;
use crate::cli::EventArgs;
use crate::explain::Explain;
use crate::gitlab::api::Api;
use crate::gitlab::jobs::Job;
use crate::gitlab::trace::Tail;
use crate::gitlab::unknown::Unknown;
use crate::gitlab::{stages, test_reports, trace};
use crate::job::event::{Event, Verdict};
use crate::job::key::Key;
use crate::job::why::FailedLog;
use crate::job_log;
use crate::module::skip::Skip;
use crate::report::Sink;

/// The most logs to read, and the time limit of all of them.
const MAX_LOGS: usize = 3;
const TIME_FOR_LOGS: Duration = Duration::from_secs(8);

/// Adds what is known to the findings of each message of a closing job.
pub(crate) fn ask(call: &Call, args: EventArgs, api: &Api, all: &mut [Findings]) {
    let is_always = call.settings.get_or_default(Key::FINISH).eq_ignore_ascii_case("always");
    let is_failure = |findings: &Findings| findings.jobs.as_ref().is_some_and(|jobs| !jobs.failed.is_empty());
    let has_failed = args.result == Some(Verdict::Failed) || all.iter().any(is_failure);
    if args.event != Event::PipelineFinished || args.result == Some(Verdict::Success) && !has_failed && !is_always {
        return;
    }
    // The findings of each environment have its own failed jobs.
    let jobs = all.iter().filter_map(|findings| findings.jobs.as_ref()).cloned().reduce(|mut all, of| {
        all.failed.extend(of.failed);
        all
    });
    // The stage of a trigger job that is unknown may have failed.
    let jobs = jobs.filter(|jobs| jobs.without_triggers.is_none());
    let stages = jobs.and_then(|jobs| stages::stages(api, &jobs).ok()).unwrap_or_default();
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

/// The logs that may still be read for the messages of a closing job, and the time for them.
pub(crate) struct LogsLeft {
    count: usize,
    time: Duration,
}

impl LogsLeft {
    pub(crate) fn new() -> Self {
        Self { count: MAX_LOGS, time: TIME_FOR_LOGS }
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
    let secrets = job_log::with_own_secrets(&call.variables, call.redactor.clone());
    for job in jobs.into_iter().take(left.count) {
        left.count -= 1;
        let mut log = FailedLog { job_id: job.id, job: job.name, lines: vec![], exit_code: None, is_too_long: false };
        let begin = Instant::now();
        let tail = trace::tail(api, job.id, left.time);
        left.time = left.time.saturating_sub(begin.elapsed());
        match tail {
            Ok(Tail::Of(tail, is_cut)) => {
                let script = job_log::of_tail(&tail, is_cut, count, |line| secrets.finds(line));
                (log.lines, log.exit_code) = (script.lines, script.exit_code);
            }
            Ok(Tail::TooLong) => log.is_too_long = true,
            Err(unknown) => {
                call.report.warning(&format!("the end of the log of {} is unknown: {}", log.job, unknown.describe()));
                if unknown == Unknown::NeedsAccessToken {
                    return;
                }
                continue;
            }
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
