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

/// How a message was delivered.
pub(super) struct Told {
    pub(super) delivered: Delivered,
    /// The message's address, where it has one and somebody asks for it.
    pub(super) permalink: Option<String>,
}

/// Why a message was not delivered.
pub(super) enum Untold {
    /// There is nowhere to send to.
    Nowhere(Unusable),
    Undelivered(Undelivered),
}

/// Delivers a message as the bot, else by the webhook. `speaker` is whose message it is, where that is known.
pub(super) fn deliver(
    call: &Call,
    message: &Message,
    speaker: Option<&Speaker>,
    known: Option<&Thread>,
    files: &Files,
) -> Result<(Told, Option<Thread>), Untold> {
    let environment = message.environment();
    if let Some((api, channel)) = call.to.bot_for(environment) {
        let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
        let mut warnings = Vec::new();
        let told = bot.tell(speaker, known.cloned(), &message.body(), message.failure, &mut warnings);
        for warning in warnings {
            call.report.warning(&warning);
        }
        match told {
            Ok((thread, delivered)) => {
                let for_operators = message.failure && call.to.operators_for(environment).is_some();
                let is_asked_for = files.annotations.is_some() || for_operators;
                let permalink = is_asked_for.then(|| bot.permalink(&thread)).flatten();
                return Ok((Told { delivered, permalink }, Some(thread)));
            }
            Err(refused) if refused.is_surely_not_delivered() && call.to.webhook.is_ok() => {
                call.report.warning(&format!("{refused}; the webhook is used instead"));
            }
            Err(undelivered) => return Err(Untold::Undelivered(undelivered)),
        }
    }
    match &call.to.webhook {
        Ok(webhook) => match slack::deliver(&call.client, webhook, &message.body(), call.deadline) {
            Ok(delivered) => Ok((Told { delivered, permalink: None }, None)),
            Err(undelivered) => Err(Untold::Undelivered(undelivered)),
        },
        Err(unusable) => Err(Untold::Nowhere(unusable.clone())),
    }
}

/// Delivers the message of the job's own event, and leaves to later jobs where the pipeline's message is.
pub(super) fn tell(call: &Call, message: &Message, late: Option<&Thread>, files: &Files) -> Result<Told, Untold> {
    let speaker = Speaker::of(&call.variables);
    let channel = call.to.bot_for(message.environment()).map(|(_, channel)| channel);
    let named = speaker.as_ref().zip(channel);
    let known = named
        .and_then(|(speaker, channel)| Thread::from_variable(call.variables.get("NOTIFIER_THREAD")?, speaker, channel));
    let (told, thread) = deliver(call, message, speaker.as_ref(), known.as_ref().or(late), files)?;
    if let Some(((speaker, channel), thread)) = named.zip(thread) {
        append_variables(call, files, &format!("NOTIFIER_THREAD={}\n", thread.to_variable(speaker, channel)));
    }
    Ok(told)
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
    match post_to_operators(call, operators, &message) {
        Ok(()) => {
            call.report.line("operators: ", &message.summary);
            if let Some(claim) = claim {
                claim.done();
            }
        }
        Err(undelivered) => {
            call.report.warning(&format!("telling the operators: {undelivered}"));
            if let Some(claim) = claim {
                settle(call, claim, &undelivered);
            }
        }
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

/// Keeps a message that was not delivered, unless no later call could deliver it either, or it was sent twice by now.
pub(super) fn settle(call: &Call, claim: Claim, undelivered: &Undelivered) {
    let perhaps_told = undelivered.may_have_been_delivered();
    if undelivered.is_for_good() {
        claim.done();
    } else if perhaps_told && claim.perhaps_told {
        call.report.warning("a message was sent twice without an answer and is not tried again");
        claim.done();
    } else {
        keep(call, claim, perhaps_told);
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
                settle(call, claim, &undelivered);
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
            let channel = call.to.bot_for(message.environment()).map(|(_, channel)| channel);
            let in_variable = speaker.as_ref().zip(channel).and_then(|(speaker, channel)| {
                Thread::from_variable(call.variables.get("NOTIFIER_THREAD")?, speaker, channel)
            });
            let is_ours = job.get("CI_PIPELINE_ID") == call.variables.get("CI_PIPELINE_ID");
            let known = in_variable.as_ref().or(known.filter(|_| is_ours));
            let (_, thread) = deliver(call, &message, speaker.as_ref(), known, &Files::default())?;
            thread.filter(|_| is_ours)
        }
    };
    call.report.line("late: ", &message.summary);
    Ok(thread)
}
