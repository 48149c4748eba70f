//! What a closing job asks.

use super::{Asked, place};
use crate::cli::Told;
use crate::commands::call::Call;
use crate::gitlab::api::{Api, Unknown};
use crate::gitlab::jobs::{Job, Jobs};
use crate::gitlab::{deployments, jobs, pipelines};
use crate::job::event::Verdict;
use crate::job::history::EarlierMessage;
use crate::job::key::Key;
use crate::report::Sink;
use crate::slack::bot::{Bot, Found, Past};
use crate::slack::metadata::{Shown, Speaker};
use crate::slack::thread::Kept;

/// How many failed jobs are known to have been told.
const MAX_TOLD: usize = 400;

/// Which jobs did not succeed and how the pipeline before ended, for each environment in which jobs failed; and why the latter is not
/// known, where it is not.
pub(super) fn ask_gitlab(call: &Call, api: &Result<&Api, Unknown>, mut asked: Asked) -> (Vec<Asked>, Option<Unknown>) {
    let jobs = api
        .clone()
        .and_then(|api| jobs::unsuccessful(api, call.settings.get_or_default(Key::StartJob), call.version()));
    match jobs {
        Ok(jobs) => asked.jobs = Some(jobs),
        Err(unknown) => call.report.warning(&format!(
            "asking GitLab which jobs failed: {unknown}; the message links to the pipeline's failures instead"
        )),
    }
    let mut before = Err(Unknown::Child);
    if let Ok(api) = api {
        if let Some(git_ref) = call.git_ref() {
            before = pipelines::before(api, &git_ref);
        }
        if let Some(jobs) = asked.jobs.as_mut().filter(|jobs| !jobs.failed.is_empty())
            && let Ok(environments) = deployments::environments(api)
        {
            for job in &mut jobs.failed {
                if let Some((_, environment)) = environments.iter().find(|(id, _)| *id == job.id) {
                    job.environment = Some(environment.name.clone());
                    job.environment_slug.clone_from(&environment.slug);
                }
            }
        }
    }
    if let Ok(before) = &before {
        asked.history.previous_status = before.failed.map(|failed| if failed { "failed" } else { "success" });
        asked.history.failures_in_a_row = before.in_a_row;
    }
    (by_environment(asked), before.err())
}

/// Where neither GitLab nor Slack knows how the pipeline before ended, and the settings ask for changes.
pub(super) fn warn_of_unknown_history<'a>(call: &Call, unknown: &Unknown, mut each: impl Iterator<Item = &'a Asked>) {
    let is_known = each.any(|asked| asked.history.earlier_message.is_some());
    if !is_known && call.settings.get_or_default(Key::Finish).eq_ignore_ascii_case("change") {
        call.report.warning(&format!(
            "asking GitLab how the pipeline before ended: {unknown}; a failure is told as if it were the first, and nothing is called fixed"
        ));
    }
}

/// The same for each environment in which jobs failed; those of none, and of review environments, are the branch's.
fn by_environment(asked: Asked) -> Vec<Asked> {
    let Some(jobs) = asked.jobs.as_ref().filter(|jobs| !jobs.are_cut) else { return vec![asked] };
    let mut places: Vec<Option<&str>> = jobs.failed.iter().map(place_of).collect();
    places.sort_unstable();
    places.dedup();
    if places.len() < 2 {
        return vec![asked];
    }
    let of = |place: Option<&str>| {
        let failed = jobs.failed.iter().filter(|job| place_of(job) == place).cloned().collect();
        Asked { jobs: Some(Jobs { failed, ..jobs.clone() }), ..asked.clone() }
    };
    places.iter().copied().map(of).collect()
}

fn place_of(job: &Job) -> Option<&str> {
    job.environment.as_deref().filter(|name| !name.starts_with("review/"))
}

/// What the pipeline's message in the channel of this environment says, and the one before.
pub(super) fn ask_slack(call: &Call, told: Told, api: Option<&Api>, asked: &mut Asked, environment: Option<&str>) {
    let Some(speaker) = Speaker::of(&call.variables) else { return };
    let Some((of_slack, channel)) = call.to.bot_for(environment) else { return };
    let mut failure = None;
    let bot = Bot { api: of_slack, client: &call.client, channel, deadline: call.deadline };
    let past = past(call, &bot, &speaker, api);
    if let Some(Found { shown: Ok(shown), thread }) = &past.found {
        let replies = bot.replies(&speaker, thread).unwrap_or_default();
        let told = shown.told.iter().chain(replies.iter().flat_map(|reply| &reply.told));
        asked.history.told = Some(told.take(MAX_TOLD).copied().collect());
        // The last that was told of a failure, whatever stands there now.
        let failures = std::iter::once(shown).chain(&replies).filter(|it| it.verdict == Verdict::Failed.name());
        failure = failures.cloned().next_back();
    } else if past.is_read {
        // There is no message, and so nothing was told.
        asked.history.told = Some(Vec::new());
    }
    asked.past = Some((channel.to_owned(), past));
    let Some((_, past)) = &asked.past else { return };
    let earlier = past.earlier.as_ref().map(|(_, earlier)| earlier);
    // A pipeline that failed, was run again and succeeded is fixed too; one in which only jobs failed that may never failed.
    let may_fail = |id: &i64| asked.jobs.as_ref().is_some_and(|jobs| jobs.allowed.contains(id));
    let own_failure = failure.filter(|own: &Shown| {
        told.result == Some(Verdict::Success) && (own.told.is_empty() || !own.told.iter().all(may_fail))
    });
    if own_failure.is_some() {
        asked.history.previous_status = Some(Verdict::Failed.name());
    }
    asked.history.earlier_message = own_failure.as_ref().or(earlier).map(|earlier| EarlierMessage {
        verdict: earlier.verdict.clone(),
        words: earlier.words.clone(),
        environment: Some(earlier.environment.clone()).filter(|name| !name.is_empty()),
        mentions: earlier.mentions.clone(),
        failures_in_a_row: earlier.in_a_row,
    });
}

/// What a channel says of this pipeline and the one before; else where the start job said that it posted.
fn past(call: &Call, bot: &Bot, speaker: &Speaker, api: Option<&Api>) -> Past {
    let looked = bot.look_through(speaker, true);
    let mut past = looked.as_ref().ok().cloned().unwrap_or_default();
    if past.found.is_none() {
        let start_job = call.settings.get_or_default(Key::StartJob);
        let kept = api.and_then(|api| place(api, jobs::attempts(api, start_job).ok()?.start_job?));
        let kept = kept.and_then(|json| Kept::parse(&json, speaker.pipeline));
        past.found = kept.and_then(|kept| bot.found_at(speaker, kept.in_channel(bot.channel)?));
    }
    if let Err(unreadable) = looked
        && past.found.is_none()
    {
        call.report
            .warning(&format!("looking for the pipeline's message: {}; a new message is posted", unreadable.told()));
    }
    past
}
