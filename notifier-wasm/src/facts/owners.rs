//! The owners of jobs, by `NOTIFIER_OWNERS`: `JOB=MENTION+MENTION`, separated by commas. The first entry that matches a job wins.

use crate::contract::context::{Context, Event, Request};
use crate::contract::jobs::Job;
use crate::contract::setting::Setting;
use crate::contract::warning::{Code, Warning};
use crate::facts::{Facts, failures};
use crate::text;
use crate::text::glob;

/// An entry.
pub(crate) struct Owner<'a> {
    /// A glob of job names, as in `deploy_jobs`.
    pattern: &'a str,
    /// As in `mention`, separated by `+`.
    written: &'a str,
    /// True if one of the jobs that the message is about is theirs.
    pub(crate) is_concerned: bool,
}

impl<'a> Owner<'a> {
    pub(crate) fn mentions(&self) -> Vec<&'a str> {
        self.written.split('+').map(str::trim).filter(|it| !it.is_empty()).collect()
    }
}

/// Returns the entries, and warns of those that cannot be read.
pub(crate) fn owners<'a>(facts: &Facts<'a>, warnings: &mut Vec<Warning>) -> Vec<Owner<'a>> {
    let mut owners = Vec::new();
    for entry in written(facts.context) {
        match owner(entry) {
            Some(owner) => owners.push(owner),
            None => warnings.push(Warning::of(
                Code::UnknownValue,
                "NOTIFIER_OWNERS",
                format_args!("`{}` is ignored; write JOB=MENTION+MENTION", text::shown(entry, 40)),
            )),
        }
    }
    match jobs(facts) {
        Some(jobs) => {
            for job in jobs {
                let mut of_job = owners.iter_mut().filter(|owner| failures::names_job(owner.pattern, job));
                of_job.next().into_iter().for_each(|owner| owner.is_concerned = true);
            }
        }
        None => owners.iter_mut().for_each(|owner| owner.is_concerned = true),
    }
    owners
}

fn written(context: &Context) -> impl Iterator<Item = &str> {
    glob::entries_with_blanks(context.setting(Setting::OWNERS).unwrap_or_default())
}

fn owner(entry: &str) -> Option<Owner<'_>> {
    let (pattern, written) = entry.rsplit_once('=')?;
    let owner = Owner { pattern: pattern.trim(), written, is_concerned: false };
    (!owner.pattern.is_empty() && !owner.mentions().is_empty()).then_some(owner)
}

/// Returns the names of the jobs whose owners a message may mention: the job of a hook, the new failures, or the failures that are over.
/// `None` means that any job may have failed.
fn jobs<'a>(facts: &Facts<'a>) -> Option<Vec<&'a str>> {
    let Facts { context, state, unreported, .. } = facts;
    if state.is_recovery() {
        return context.history.previous_failed_jobs.as_ref().map(|names| names.iter().map(String::as_str).collect());
    }
    if context.event == Event::DeployFinished {
        return Some(context.ci("CI_JOB_NAME").into_iter().collect());
    }
    // A route comes before the channel's messages, which know what was reported.
    let failed: Vec<&Job> = match context.request {
        Request::Route => context.jobs.failed.iter().flatten().collect(),
        _ => unreported.clone().unwrap_or_default(),
    };
    let new = failed.into_iter().filter(|job| failures::failed_before(context, job) != Some(true));
    Some(new.map(|job| job.name.as_str()).collect())
}
