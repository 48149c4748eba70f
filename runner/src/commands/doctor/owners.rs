//! The owners of this pipeline's jobs. The module decides who owns a job, so it gets a failure of each job to render.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::checklist::{Checklist, Topic};
use super::gitlab::connect;
use crate::explain::Explain;
use crate::gitlab::jobs;
use crate::job::event::Event;
use crate::job::key::Key;
use crate::steps::findings::Findings;
use crate::steps::read_job::Call;
use crate::steps::render::quietly;

/// Lists the jobs of each entry of `NOTIFIER_OWNERS`, the entries without a job, and the jobs without an owner.
pub(super) fn check(call: &Call, list: &Checklist) {
    let Some(owners) = call.settings.get(Key::OWNERS) else { return };
    let entries: Vec<&str> = entries(owners);
    let (names, are_cut) = match connect(call).and_then(|api| jobs::names(&api)) {
        Ok(names) => names,
        Err(unknown) => {
            let reason = unknown.describe();
            let detail = list.say(
                format!("this pipeline's jobs are unknown, so their owners are not listed: {reason}"),
                format!("이 파이프라인의 작업을 알 수 없어 담당자를 나열하지 않습니다: {reason}"),
            );
            return list.note(Topic::Owners, &detail);
        }
    };
    let mut owned: BTreeMap<Option<usize>, Vec<&str>> = BTreeMap::new();
    let start_job = call.settings.get_or_default(Key::START_JOB);
    for name in names.iter().filter(|name| *name != start_job) {
        owned.entry(winner(call, &entries, name)).or_default().push(name);
    }
    for (at, entry) in entries.iter().enumerate() {
        match owned.get(&Some(at)) {
            Some(jobs) => list.ok(Topic::Owners, &format!("{entry}: {}", jobs.join(", "))),
            None if names.iter().any(|name| winner(call, &[entry], name).is_some()) => {
                let english = format!("{entry}: an entry before it has its jobs");
                list.note(
                    Topic::Owners,
                    &list.say(english, format!("{entry}: 일치하는 작업이 모두 앞 항목에 먼저 일치합니다")),
                );
            }
            None => {
                let english = format!("{entry}: matches no job of this pipeline");
                list.note(
                    Topic::Owners,
                    &list.say(english, format!("{entry}: 이 파이프라인에 일치하는 작업이 없습니다")),
                );
            }
        }
    }
    if let Some(jobs) = owned.get(&None) {
        let jobs = jobs.join(", ");
        list.note(Topic::Owners, &list.say(format!("nobody: {jobs}"), format!("담당자 없음: {jobs}")));
    }
    if are_cut {
        let english = format!("the pipeline has more than {} jobs; only these are listed", names.len());
        let korean = format!("작업이 {}개를 넘어 일부만 나열했습니다", names.len());
        list.note(Topic::Owners, &list.say(english, korean));
    }
}

/// Returns the entries as the module reads them: commas in brackets belong to the name of a matrix job. The module warns of the others.
fn entries(owners: &str) -> Vec<&str> {
    let mut depth = 0;
    let separates = |c: char| {
        depth += i32::from(c == '[') - i32::from(c == ']' && depth > 0);
        c == '\n' || depth == 0 && matches!(c, ',' | ';')
    };
    let is_valid = |entry: &&str| {
        let parts = entry.rsplit_once('=').map(|(job, mentions)| (job.trim(), mentions.trim_matches([' ', '+'])));
        parts.is_some_and(|(job, mentions)| !job.is_empty() && !mentions.is_empty())
    };
    owners.split(separates).map(str::trim).filter(is_valid).collect()
}

/// Returns the position of the entry that owns a job. Each entry mentions a made-up person with its number.
fn winner(call: &Call, entries: &[&str], job: &str) -> Option<usize> {
    let person = |at: usize| format!("U{at:08}");
    let pattern = |entry: &str| entry.rsplit_once('=').map_or_else(String::new, |(pattern, _)| pattern.to_owned());
    let numbered = entries.iter().enumerate().map(|(at, entry)| format!("{}={}", pattern(entry), person(at)));
    let mut variables = call.variables.clone();
    variables.set("CI_JOB_NAME", job);
    variables.set("CI_JOB_STATUS", "failed");
    let context = call.context_of(Event::DeployFinished.into(), &variables, &Findings::default(), &RefCell::default());
    let message = quietly(call, &context.with_owners(&numbered.collect::<Vec<_>>().join(","))).0.ok()?;
    let mentioned = message.mentions.first()?;
    (0..entries.len()).find(|at| person(*at) == *mentioned)
}
