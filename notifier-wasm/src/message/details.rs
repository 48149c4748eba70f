//! The small print of a message, beside the coloured bar.

use crate::contract::action::Action;
use crate::contract::context::Event;
use crate::contract::state::State;
use crate::contract::why::StageState;
use crate::facts::Facts;
use crate::facts::source::{Cause, Ref};
use crate::message::block_kit::{Attachment, Block, Mrkdwn};
use crate::message::changes::{self, MAX_TITLE};
use crate::message::failed_tests;
use crate::message::mrkdwn;
use crate::text;
use crate::text::url::SafeUrl;

/// The longest branch, tag, job and so on that a message shows, in characters.
pub(crate) const MAX_NAME: usize = 80;

/// The most stages, and the most characters of one.
const MAX_STAGES: usize = 8;
const MAX_STAGE: usize = 40;

/// A ref as people name it.
pub(crate) fn ref_name(git_ref: &Ref) -> String {
    match git_ref {
        Ref::Branch(name) | Ref::Tag(name) => text::shown(name, MAX_NAME),
        Ref::MergeRequest { iid, .. } => format!("!{}", text::shown(iid, 20)),
    }
}

/// True if the environment has the name of the branch, so that the message leaves the branch out.
pub(crate) fn repeats_environment(git_ref: &Ref, facts: &Facts) -> bool {
    matches!(git_ref, Ref::Branch(name) if facts.environment.name.as_deref() == Some(&text::shown(name, MAX_NAME)))
}

/// The small print beside the coloured bar: ref, commit and cause; person, cluster and duration.
#[inline(never)]
pub(crate) fn details(facts: &Facts, fallback: &str) -> Option<Attachment> {
    let labels = facts.language.labels();
    let mut place = Vec::new();
    match &facts.git_ref {
        Some(git_ref) if repeats_environment(git_ref, facts) => {}
        Some(Ref::Branch(name)) => place.push(detail(labels.branch, &mrkdwn::literal(&text::shown(name, MAX_NAME)))),
        Some(Ref::Tag(name)) => place.push(detail(labels.tag, &mrkdwn::literal(&text::shown(name, MAX_NAME)))),
        Some(Ref::MergeRequest { iid, title, url, .. }) => {
            let number = format!("!{}", text::shown(iid, 20));
            let title = title.map(|title| mrkdwn::literal(&text::shown(title, MAX_TITLE))).unwrap_or_default();
            place.push(detail(
                labels.merge_request,
                format!("{} {title}", maybe_link(url.as_ref(), &number)).trim_end(),
            ));
        }
        None => {}
    }
    if let Some(sha) = facts.short_sha() {
        let title =
            facts.context.ci("CI_COMMIT_TITLE").or_else(|| facts.context.ci("CI_COMMIT_MESSAGE")?.lines().next());
        let title = title.map(|title| mrkdwn::literal(&text::shown(title, MAX_TITLE))).unwrap_or_default();
        place.push(detail(
            labels.commit,
            format!("{} {title}", maybe_link(changes::commit(facts).as_ref(), &sha)).trim_end(),
        ));
    }
    place.extend(facts.cause.as_ref().map(|cause| cause_detail(facts, cause)));
    let name = facts.context.ci("CI_PIPELINE_NAME").map(|name| text::shown(name, MAX_TITLE));
    place.extend(name.map(|name| detail(labels.pipeline, &mrkdwn::literal(&name))));
    // Name the job if neither the headline nor a link does, and its name says more than the event.
    let is_linked = matches!(facts.state, State::DeployFailed | State::DeployCanceled);
    let job = facts.job().filter(|job| *job != "deploy" && facts.notable_job().is_none() && !is_linked);
    let job = job.map(|job| text::shown(job, MAX_NAME));
    place.extend(job.map(|job| detail(labels.job, &mrkdwn::literal(&job))));

    let mut run = Vec::new();
    run.extend(facts.person().map(|person| detail(labels.triggered_by, &mrkdwn::literal(&person))));
    run.extend(facts.other_author().map(|author| detail(labels.author, &mrkdwn::literal(&author))));
    run.extend(facts.environment.cluster.as_ref().map(|cluster| detail(labels.cluster, &mrkdwn::literal(cluster))));
    let took = match (facts.context.event, facts.action) {
        (Event::PipelineStarted | Event::PipelineWaiting | Event::PipelineFinished | Event::Digest, _) => {
            labels.pipeline_took
        }
        (_, Action::Deploy) => labels.deploy_took,
        (_, Action::Stop | Action::Other) => labels.job_took,
    };
    run.extend(facts.took().map(|seconds| detail(took, &facts.language.duration(seconds))));
    run.extend(facts.late().map(|seconds| detail(labels.started, &facts.language.ago(seconds))));
    run.extend(facts.so_far().map(|seconds| detail(labels.so_far, &facts.language.duration(seconds))));

    let history = &facts.context.history;
    let is_first = facts.state.is_deployed() && history.last_deployment.as_ref().is_some_and(|last| last.sha.is_none());
    run.extend(is_first.then(|| Mrkdwn { text: labels.first_deployment.to_owned(), verbatim: true }));

    // A start has few details, so they are in one row.
    if facts.state.is_start() {
        place.append(&mut run);
    }
    run.extend(failed_tests::passed(facts).map(|text| Mrkdwn { text, verbatim: true }));
    let stages = stages(facts).map(|stages| detail(labels.stages, &stages));
    let blocks: Vec<Block> = [place, run, stages.into_iter().collect(), changes::since(facts).into_iter().collect()]
        .into_iter()
        .filter(|row| !row.is_empty())
        .map(|elements| Block::Context { elements })
        .collect();
    (!blocks.is_empty()).then(|| Attachment { color: facts.state.color(), fallback: fallback.to_owned(), blocks })
}

/// Returns the stages with a sign for each: `build ✓  test ✗  deploy –`.
#[inline(never)]
fn stages(facts: &Facts) -> Option<String> {
    let stages = &facts.context.why.stages;
    let sign = |state| match state {
        StageState::Done => "✓",
        StageState::Failed => "✗",
        StageState::Canceled => "⊘",
        StageState::Waiting => "⏸",
        StageState::Running => "…",
        StageState::Skipped => "–",
    };
    // If there is no room for all, those where something happened come first.
    let is_needed = |state: StageState| !matches!(state, StageState::Done | StageState::Skipped);
    let needed = stages.iter().filter(|(_, state)| is_needed(*state)).count();
    let mut left = MAX_STAGES.saturating_sub(needed);
    let has_room = |(_, state): &&(String, StageState)| {
        let has_room = is_needed(*state) || left > 0;
        left -= usize::from(!is_needed(*state) && left > 0);
        has_room
    };
    let shown = stages.iter().filter(has_room).take(MAX_STAGES);
    let mut shown: Vec<String> = shown
        .map(|(name, state)| format!("{} {}", mrkdwn::literal(&text::shown(name, MAX_STAGE)), sign(*state)))
        .collect();
    let more = stages.len().saturating_sub(MAX_STAGES);
    shown.extend((more > 0).then(|| facts.language.and_more(Some(more))));
    (!shown.is_empty()).then(|| shown.join("  "))
}

#[inline(never)]
fn cause_detail(facts: &Facts, cause: &Cause) -> Mrkdwn {
    let labels = facts.language.labels();
    match cause {
        Cause::Schedule(Some(description)) => {
            detail(labels.schedule, &mrkdwn::literal(&text::shown(description, MAX_TITLE)))
        }
        Cause::Schedule(None) => detail(labels.source, labels.scheduled),
        Cause::Trigger => detail(labels.source, labels.trigger),
        Cause::Api => detail(labels.source, "API"),
        Cause::Upstream => detail(labels.source, labels.upstream),
        Cause::Parent { id, url } => {
            let parent = id.map_or_else(|| labels.parent.to_owned(), |id| format!("{} #{id}", labels.parent));
            detail(labels.source, &maybe_link(url.as_ref(), &parent))
        }
    }
}

fn maybe_link(url: Option<&SafeUrl>, label: &str) -> String {
    url.map_or_else(|| mrkdwn::literal(label), |url| mrkdwn::link(url, label))
}

/// `value` is mrkdwn already.
fn detail(label: &str, value: &str) -> Mrkdwn {
    Mrkdwn { text: format!("{label}  {value}"), verbatim: true }
}
