//! One message on its way: as the bot, else by the webhook; to the operators; and late, where it had to wait.

use super::super::Call;
use super::{Files, append_variables};
use crate::ci::Context;
use crate::destination::Operators;
use crate::message::Message;
use crate::slack::bot::{Bot, Speaker, Thread};
use crate::slack::{self, Delivered, Undelivered};
use crate::spool::{Addressee, Claim, Spool};
use crate::variables::Variables;
use crate::webhook::Unusable;

/// Why a message was not delivered.
pub(super) enum Untold {
    /// There is nowhere to send to.
    Nowhere(Unusable),
    Undelivered(Undelivered),
}

/// Delivers a message as the bot, else by the webhook. `speaker` is whose message it is, where that is known; `late` is the
/// pipeline's message where it was told only now. Returns the pipeline's message, where it is the bot's.
fn deliver(
    call: &Call,
    message: &Message,
    speaker: Option<&Speaker>,
    late: Option<&Thread>,
) -> Result<(Delivered, Option<Thread>), Untold> {
    if let Some((api, channel)) = call.to.bot_for(message.environment()) {
        let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
        let in_variable = || Thread::from_variable(call.variables.get("NOTIFIER_THREAD")?, speaker?, channel);
        let known = in_variable().or_else(|| late.cloned());
        let mut warnings = Vec::new();
        let told = bot.tell(speaker, known, &message.body(), message.failure, &mut warnings);
        for warning in warnings {
            call.report.warning(&warning);
        }
        match told {
            Ok((thread, delivered)) => return Ok((delivered, Some(thread))),
            Err(refused) if refused.is_surely_not_delivered() && call.to.webhook.is_ok() => {
                call.report.warning(&format!("{refused}; the webhook is used instead"));
            }
            Err(undelivered) => return Err(Untold::Undelivered(undelivered)),
        }
    }
    match &call.to.webhook {
        Ok(webhook) => match slack::deliver(&call.client, webhook, &message.body(), call.deadline) {
            Ok(delivered) => Ok((delivered, None)),
            Err(undelivered) => Err(Untold::Undelivered(undelivered)),
        },
        Err(unusable) => Err(Untold::Nowhere(unusable.clone())),
    }
}

/// Delivers the message of the job's own event, and leaves to later jobs where the pipeline's message is. Returns how it
/// arrived, and its address, where it has one and somebody asks for it.
pub(super) fn tell(
    call: &Call,
    message: &Message,
    late: Option<&Thread>,
    files: &Files,
) -> Result<(Delivered, Option<String>), Untold> {
    let speaker = Speaker::of(&call.variables);
    let (delivered, thread) = deliver(call, message, speaker.as_ref(), late)?;
    let environment = message.environment();
    let Some(((api, channel), thread)) = call.to.bot_for(environment).zip(thread) else {
        return Ok((delivered, None));
    };
    let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
    let for_operators = message.failure && call.to.operators_for(environment).is_some();
    let permalink = (files.annotations.is_some() || for_operators).then(|| bot.permalink(&thread)).flatten();
    if let Some(speaker) = speaker {
        append_variables(call, files, &format!("NOTIFIER_THREAD={}\n", thread.to_variable(&speaker, channel)));
    }
    Ok((delivered, permalink))
}

/// The second message of a failure. The module says whether there is one; nothing that goes wrong with it changes how the
/// first one ended.
pub(super) fn tell_operators(call: &Call, operators: &Operators, context: Context, first: Option<&str>) {
    let context = context.for_operators(first);
    let message = match call.render(&context).0 {
        Ok(message) if message.skip.is_some() => return,
        Ok(message) => message,
        Err(error) => return call.report.warning(&format!("rendering the operators' message: {error}")),
    };
    let claim = Spool::of(&call.variables).begin(Addressee::Operators, &context);
    let told = post_to_operators(call, operators, &message);
    match &told {
        Ok(()) => call.report.line("operators: ", &message.summary),
        Err(undelivered) => call.report.warning(&format!("telling the operators: {undelivered}")),
    }
    if let Some(claim) = claim {
        settle(call, claim, told.err().as_ref());
    }
}

fn post_to_operators(call: &Call, operators: &Operators, message: &Message) -> Result<(), Undelivered> {
    match operators {
        Operators::Webhook(webhook) => slack::deliver(&call.client, webhook, &message.body(), call.deadline).map(drop),
        Operators::Channel(api, channel) => {
            let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
            bot.post(&message.body(), None).map(drop)
        }
    }
}

/// What becomes of a message that was tried: it is kept where it was not delivered, unless no later call could deliver it
/// either, or it was sent twice by now.
pub(super) fn settle(call: &Call, claim: Claim, undelivered: Option<&Undelivered>) {
    match undelivered.filter(|it| !it.is_for_good()) {
        None => claim.done(),
        Some(undelivered) if undelivered.may_have_been_delivered() && claim.perhaps_told => {
            call.report.warning("a message was sent twice without an answer and is not tried again");
            claim.done();
        }
        Some(undelivered) => keep(call, claim, undelivered.may_have_been_delivered()),
    }
}

/// Keeps a message for the next call.
pub(super) fn keep(call: &Call, claim: Claim, perhaps_told: bool) {
    let mut dropped = Vec::new();
    claim.keep(perhaps_told, &mut dropped);
    for line in dropped {
        call.report.warning(&line);
    }
}

/// Delivers what earlier calls of the job could not, in order, with at most half of the time that is left. Returns why that
/// stopped, where the channel is the reason, and the pipeline's message where it was one of these.
pub(super) fn deliver_late(call: &Call, spool: &Spool) -> (Option<Undelivered>, Option<Thread>) {
    let mut dropped = Vec::new();
    let (mut channel_stuck, mut operators_stuck) = (None, None);
    let mut thread = None;
    let half = call.deadline.remaining() / 2;
    for claim in spool.take(&mut dropped) {
        let stuck = match claim.addressee {
            Addressee::Channel => &mut channel_stuck,
            Addressee::Operators => &mut operators_stuck,
        };
        if stuck.is_some() || call.deadline.remaining() < half {
            claim.keep(false, &mut dropped);
            continue;
        }
        match deliver_one(call, &claim, thread.as_ref()) {
            Ok(found) => {
                thread = found.or(thread);
                claim.done();
            }
            Err(Untold::Nowhere(_)) => claim.keep(false, &mut dropped),
            Err(Untold::Undelivered(undelivered)) => {
                call.report.warning(&format!("delivering a message that waited: {undelivered}"));
                settle(call, claim, Some(&undelivered));
                *stuck = Some(undelivered).filter(|it| !it.is_for_good());
            }
        }
    }
    for line in dropped {
        call.report.warning(&line);
    }
    (channel_stuck, thread)
}

/// Delivers one message that waited, marked as late. Returns the pipeline's message, where it is that.
fn deliver_one(call: &Call, claim: &Claim, known: Option<&Thread>) -> Result<Option<Thread>, Untold> {
    let context = claim.context.clone().late(claim.perhaps_told);
    // The module rendered it before; where it does no more, there is nothing to tell.
    let Ok(message) = call.render(&context).0 else { return Ok(None) };
    let thread = match claim.addressee {
        Addressee::Operators => {
            if let Some(operators) = call.to.operators_for(message.environment()) {
                post_to_operators(call, &operators, &message).map_err(Untold::Undelivered)?;
            }
            None
        }
        Addressee::Channel => {
            // The job that kept it may be another one than this, and even of another pipeline.
            let job: Variables = context.variables().collect();
            let speaker = Speaker::of(&job);
            let is_ours = job.get("CI_PIPELINE_ID") == call.variables.get("CI_PIPELINE_ID");
            let (_, thread) = deliver(call, &message, speaker.as_ref(), known.filter(|_| is_ours))?;
            thread.filter(|_| is_ours)
        }
    };
    call.report.line("late: ", &message.summary);
    Ok(thread)
}
