//! Every event in success and failure: its summary or reason to skip, its destination, and its problems.

use std::cell::RefCell;

use super::checklist::{Checklist, Topic};
use super::digest;
use crate::cli::EventArgs;
use crate::gitlab::digest::{Branch, Digest};
use crate::gitlab::jobs::{Job, Jobs};
use crate::job::event::{Event, Verdict};
use crate::job::key::Key;
use crate::module::skip::Skip;
use crate::report::{Code, Warning};
use crate::steps::ask_digest::branch_of;
use crate::steps::findings::Findings;
use crate::steps::read_job::Call;
use crate::steps::render::quietly;

/// Each event, with the status of its job and the verdict on its pipeline.
const EVENTS: [(Event, &str, Option<Verdict>); 7] = [
    (Event::PipelineStarted, "running", None),
    (Event::DeployStarted, "running", None),
    (Event::DeployFinished, "success", None),
    (Event::DeployFinished, "failed", None),
    (Event::DeployFinished, "canceled", None),
    (Event::PipelineFinished, "failed", Some(Verdict::Failed)),
    (Event::PipelineFinished, "success", Some(Verdict::Success)),
];

/// The event of a wait, and the one of a digest's job.
const WAITING: (Event, &str, Option<Verdict>) = (Event::PipelineWaiting, "running", None);
const DIGEST: (Event, &str, Option<Verdict>) = (Event::Digest, "running", None);

pub(super) fn check(call: &Call, list: &mut Checklist) {
    let mut known: Vec<Warning> = Vec::new();
    let mut leaves_out_branch = false;
    let people = call.people();
    let mut events = if digest::is_its_job(call) { vec![DIGEST] } else { EVENTS.to_vec() };
    // The waiting job is off by default.
    events.extend(call.settings.get(Key::WAITING_MENTION).map(|_| WAITING));
    for (event, status, result) in events {
        let mut variables = call.variables.clone();
        variables.set("CI_JOB_STATUS", status);
        let mut findings = Findings { people: people.clone(), ..Findings::of_job(&variables) };
        match event {
            Event::PipelineWaiting => findings.jobs = Some(waiting()),
            Event::Digest => findings.digest = Some(sample(call)),
            _ => {}
        }
        let context = call.context_of(EventArgs { event, result }, &variables, &findings, &RefCell::default());
        let (Ok(message), _) = quietly(call, &context) else { continue };
        let place = match call.to.bot_for(message.environment()) {
            Some((_, channel)) => format!(" -> {channel}"),
            None => String::new(),
        };
        let is_for_operators = message.failure && call.to.operators_for(message.environment()).is_some();
        let operators = is_for_operators.then(|| quietly(call, &context.for_operators(None)).0.ok()).flatten();
        let operators_warnings = operators.as_ref().map(|it| it.warnings.clone()).unwrap_or_default();
        let to_operators = list.say("; also to the operators", "; 운영자에게도");
        let operators = operators.filter(|it| it.skip.is_none()).map_or("", |_| to_operators);
        let mentions = Some(message.mentions.join(", ")).filter(|names| !names.is_empty());
        let mentions = mentions
            .map_or_else(String::new, |names| list.say(format!("; mentions {names}"), format!("; {names} 멘션")));
        let (topic, summary) = (Topic::Event(event.name()), &message.summary);
        match &message.skip {
            Some(reason) => {
                let detail = list
                    .say(format!("{summary} is not sent ({reason})"), format!("{summary}: 보내지 않습니다({reason})"));
                list.note(topic, &detail);
                leaves_out_branch |= *reason == Skip::BranchNotSelected;
            }
            None => list.ok(topic, &format!("{summary}{place}{mentions}{operators}")),
        }
        // A job without an environment has no hooks: it is the doctor's own.
        let has_hooks = call.variables.get("CI_ENVIRONMENT_NAME").is_some();
        let judged = message.warnings.into_iter().chain(operators_warnings).filter(|it| match it.code {
            Code::NoJobStatus => false,
            Code::HookNotNamed => has_hooks,
            _ => true,
        });
        for warning in judged {
            if !known.contains(&warning) {
                list.wrong(Topic::Settings, &warning.text, &super::step_of(&warning, list));
                known.push(warning);
            }
        }
    }
    if leaves_out_branch {
        let branches = call.settings.get(Key::BRANCHES).unwrap_or_default();
        let git_ref = call.variables.get("CI_COMMIT_REF_NAME").unwrap_or_default();
        let detail = list.say(
            format!("NOTIFIER_BRANCHES is `{branches}`, which excludes {git_ref}; nothing of {git_ref} is sent"),
            format!("NOTIFIER_BRANCHES가 `{branches}`이므로 {git_ref}에 관한 것은 보내지 않습니다"),
        );
        list.note(Topic::Settings, &detail);
    }
}

/// Returns a job that waits for somebody.
fn waiting() -> Jobs {
    let job = Job { id: 1, name: "deploy".to_owned(), status: "manual".to_owned(), ..Job::default() };
    Jobs { other: vec![job], ..Jobs::default() }
}

/// Returns a digest with one pipeline.
fn sample(call: &Call) -> Digest {
    let branch = Branch { name: branch_of(call).to_owned(), pipelines: vec![1], ..Branch::default() };
    Digest { days: call.settings.days(), branch: Some(branch), ..Digest::default() }
}
