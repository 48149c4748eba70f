//! The status of a message (`deploy failed`), and its summary in one line.

use crate::contract::action::Action;
use crate::contract::context::{Event, Request};
use crate::contract::state::State;
use crate::contract::warning::{Code, Warning};
use crate::facts::settings_file::NAME;
use crate::facts::{Facts, failures, waiting};
use crate::message::details::{MAX_NAME, ref_name, repeats_environment};
use crate::message::digest;
use crate::text;

/// The longest stage of a headline, in characters.
const MAX_STAGE: usize = 40;
/// The most failed jobs that the one-line text names.
const MAX_NAMED: usize = 2;

/// Returns the message in one line: `[shop-api] prod: deploy failed, by Kim Minsu (main 1a2b3c4d)`.
#[inline(never)]
pub(crate) fn line(facts: &Facts, status: &str, show: &dyn Fn(&str) -> String) -> String {
    let mut line = String::new();
    if let Some(project) = facts.project() {
        line += &format!("[{}] ", show(&text::shown(project, MAX_NAME)));
    }
    if let Some(environment) = &facts.environment.name {
        line += &format!("{}: ", show(environment));
    }
    line += &show(status);
    // A digest is about nobody and no commit.
    if facts.is_digest() {
        return line;
    }
    let behind: Vec<String> =
        [qualifiers(facts), named_jobs(facts)].iter().filter(|it| !it.is_empty()).map(|it| it.join(", ")).collect();
    if !behind.is_empty() {
        line += &format!(" ({})", show(&behind.join("; ")));
    }
    if let Some(person) = facts.person() {
        line += &facts.language.by(&show(&person));
    }
    let git_ref = facts.git_ref.as_ref().filter(|it| !repeats_environment(it, facts)).map(ref_name);
    let place: Vec<String> = git_ref.map(|name| show(&name)).into_iter().chain(facts.short_sha()).collect();
    if !place.is_empty() {
        line += &format!(" ({})", place.join(" "));
    }
    line
}

pub(crate) fn failures_in_a_row(facts: &Facts) -> Option<u64> {
    let Facts { context, state, .. } = facts;
    let is_over = context.event == Event::PipelineFinished && state.is_failure();
    is_over.then(|| if context.history.was_failing() { context.history.in_a_row() } else { Some(1) }).flatten()
}

/// Returns the additions after the state: the count of failures or attempts, or the earlier status.
pub(crate) fn qualifiers(facts: &Facts) -> Vec<String> {
    let Facts { context, state, language, .. } = facts;
    let in_a_row = still_failing(facts).and_then(|count| language.in_a_row(count));
    let was = context
        .history
        .failure()
        .filter(|it| context.operators.is_some() && state.is_recovery() && !it.status.is_empty());
    let was = was.map(|it| language.was(&text::shown(&it.status, MAX_NAME)));
    let attempt = facts.attempt().map(|attempt| language.attempt(attempt));
    in_a_row.into_iter().chain(was).chain(attempt).collect()
}

/// Returns the number of failures in a row, if this is not the first.
fn still_failing(facts: &Facts) -> Option<u64> {
    failures_in_a_row(facts).filter(|_| facts.state == State::PipelineStillFailing)
}

/// Returns the jobs that a one-line text names: the message's own job, or the failed jobs.
fn named_jobs(facts: &Facts) -> Vec<String> {
    if facts.action == Action::Other {
        return Vec::new();
    }
    let job = if facts.state.is_failure() { facts.job().filter(|job| *job != "deploy") } else { facts.notable_job() };
    if let Some(job) = job {
        return vec![text::shown(job, MAX_NAME)];
    }
    // A job named `deploy` is obvious.
    let are_said = facts.context.event == Event::PipelineFinished && facts.state.is_failure() && facts.job().is_none();
    let failed = facts.unreported.as_deref().filter(|_| are_said).unwrap_or_default();
    let mut names: Vec<String> = failed.iter().take(MAX_NAMED).map(|job| text::shown(&job.name, MAX_STAGE)).collect();
    if failed.len() > MAX_NAMED {
        let more = failed.len() - MAX_NAMED;
        names.push(facts.language.and_more((!facts.context.jobs.more_failed).then_some(more)));
    }
    names
}

/// Returns the status. The settings file's own text stands behind ours, which is always there: a file of the repository must not turn a
/// failure into a success.
#[inline(never)]
pub(crate) fn status(facts: &Facts, warnings: &mut Vec<Warning>) -> String {
    if facts.context.request == Request::Test {
        return facts.language.test().to_owned();
    }
    let own = facts.file.get("text").map(|template| facts.line(template));
    match own {
        Some(Ok(own)) if !own.is_empty() => format!("{} · {own}", default_status(facts)),
        other => {
            if let Some(Err(fault)) = other {
                warnings.push(Warning::of(
                    Code::BadTemplate,
                    NAME,
                    format_args!("text: {fault}; the default status is used"),
                ));
            }
            default_status(facts)
        }
    }
}

/// Names a failed pipeline by its failed stage, if that is only one.
fn default_status(facts: &Facts) -> String {
    if facts.is_digest() {
        return digest::status(facts);
    }
    let Facts { context, state, action, language, .. } = facts;
    let failed = facts.headline_failures();
    if !failed.is_empty() && failed.iter().all(|job| job.stops()) {
        return language.state(State::DeployFailed, Action::Stop, "");
    }
    if let Some(stage) = failures::common_stage(&failed) {
        return language.stage_failed(&text::shown(stage, MAX_STAGE));
    }
    if let Some(in_a_row) = still_failing(facts).and_then(|count| language.failed_in_a_row(count)) {
        return in_a_row;
    }
    if *state == State::PipelineFixed && context.operators.is_some() {
        return language.fixed().to_owned();
    }
    if *state == State::PipelineFinished && facts.is_ongoing() {
        return language.still_running().to_owned();
    }
    let waits = waiting::waits(context);
    if let Some((wait, _)) = waits.first().filter(|_| *state == State::PipelineWaiting) {
        let mut alike: Vec<&str> = Vec::new();
        for name in waits.iter().filter(|(it, _)| it == wait).map(waiting::name) {
            if !alike.contains(&name) {
                alike.push(name);
            }
        }
        let mut names: Vec<String> = alike.iter().take(MAX_NAMED).map(|it| text::shown(it, MAX_STAGE)).collect();
        names.extend((alike.len() > MAX_NAMED).then(|| language.and_more(Some(alike.len() - MAX_NAMED))));
        return language.waiting(*wait, &names.join(", "));
    }
    let job = facts.job().filter(|_| *action == Action::Other);
    let about = match (state, job) {
        (State::DeployRolledBack, _) => facts.short_sha().unwrap_or_default(),
        // A job of that name that is no deployment shows its action.
        (_, Some("deploy")) => format!("deploy ({})", context.ci("CI_ENVIRONMENT_ACTION").unwrap_or_default()),
        (_, job) => text::shown(job.unwrap_or_default(), MAX_NAME),
    };
    language.state(*state, *action, &about)
}
