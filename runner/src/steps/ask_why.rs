//! Ask why: the stages, the failed tests, and the ends of the failed jobs' logs. Only the closing job asks, for which nobody waits.
//!
//! A message needs none of it, so what cannot be read is left out without a warning. `doctor` names what the tokens may not read.

use std::time::{Duration, Instant};

use super::findings::Findings;
use super::read_job::Call;
use crate::cli::EventArgs;
use crate::gitlab::api::Api;
use crate::gitlab::jobs::Job;
use crate::gitlab::trace::Tail;
use crate::gitlab::{stages, test_reports, trace};
use crate::job::event::{Event, Verdict};
use crate::job::key::Key;
use crate::job::why::FailedLog;
use crate::job_log;

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
    read_logs(call, api, all);
}

/// Reads the logs of the first jobs whose scripts failed, the new failures first.
fn read_logs(call: &Call, api: &Api, all: &mut [Findings]) {
    let count = call.settings.log_lines();
    if count == 0 {
        return;
    }
    let old = all.first().and_then(|it| it.history.previous_failed_jobs.clone()).unwrap_or_default();
    let failed = all.iter().flat_map(|it| it.jobs.iter().flat_map(|jobs| &jobs.failed));
    let mut jobs: Vec<Job> =
        failed.filter(|job| job.failure_reason == "script_failure" && !job.is_trigger).cloned().collect();
    jobs.sort_by_key(|job| (old.contains(&job.name), job.id));
    let end = Instant::now() + TIME_FOR_LOGS;
    for job in jobs.into_iter().take(MAX_LOGS) {
        let mut log = FailedLog { job_id: job.id, job: job.name, lines: vec![], exit_code: None, is_too_long: false };
        match trace::tail(api, job.id, end.saturating_duration_since(Instant::now())) {
            Ok(Tail::Of(tail, is_cut)) => {
                let script = job_log::of_tail(&tail, is_cut, count);
                log.lines = script.lines.iter().map(|line| call.redactor.redact(line)).collect();
                log.exit_code = script.exit_code;
            }
            Ok(Tail::TooLong) => log.is_too_long = true,
            Err(_) => continue,
        }
        let has_job = |findings: &&mut Findings| {
            findings.jobs.as_ref().is_some_and(|jobs| jobs.failed.iter().any(|it| it.id == log.job_id))
        };
        all.iter_mut().filter(has_job).for_each(|findings| findings.why.logs.push(log.clone()));
    }
}
