//! One message on its way: as the bot, else by the webhook; and to the operators.

use crate::commands::call::Call;
use crate::job::context::Context;
use crate::job::event::Event;
use crate::module::message::Message;
use crate::report::Sink;
use crate::slack::bot::{Bot, Speaker, Thread};
use crate::slack::destination::Operators;
use crate::slack::undelivered::{Delivered, Fate, Undelivered};
use crate::slack::webhook;
use crate::slack::webhook_url::Unusable;

/// Why a message was not delivered.
pub(super) enum Untold {
    /// There is nowhere to send to.
    Nowhere(Unusable),
    Undelivered(Undelivered),
}

/// Delivers a message as the bot, else by the webhook. Returns the pipeline's message, where it is the bot's.
fn deliver(call: &Call, message: &Message, updates: bool) -> Result<(Delivered, Option<Thread>), Untold> {
    if let Some((api, channel)) = call.to.bot_for(message.environment()) {
        let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
        let speaker = Speaker::of(&call.variables);
        match bot.tell(speaker.as_ref(), &message.body(), message.failure, updates, &*call.report) {
            Ok((thread, delivered)) => return Ok((delivered, Some(thread))),
            Err(refused) if refused.fate() == Fate::NotDelivered && call.to.webhook.is_ok() => {
                call.report.warning(&format!("{refused}; the webhook is used instead"));
            }
            Err(undelivered) => return Err(Untold::Undelivered(undelivered)),
        }
    }
    match &call.to.webhook {
        Ok(webhook) => match webhook::deliver(&call.client, webhook, &message.body(), call.deadline) {
            Ok(delivered) => Ok((delivered, None)),
            Err(undelivered) => Err(Untold::Undelivered(undelivered)),
        },
        Err(unusable) => Err(Untold::Nowhere(unusable.clone())),
    }
}

/// Delivers the message of the job's event. Returns how it arrived, and its address, where it has one and somebody asks for
/// it.
pub(super) fn tell(
    call: &Call,
    event: Event,
    message: &Message,
    is_wanted: bool,
) -> Result<(Delivered, Option<String>), Untold> {
    let (delivered, thread) = deliver(call, message, event != Event::PipelineStarted)?;
    let environment = message.environment();
    let Some(((api, channel), thread)) = call.to.bot_for(environment).zip(thread) else {
        return Ok((delivered, None));
    };
    let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
    let for_operators = message.failure && call.to.operators_for(environment).is_some();
    let permalink = (is_wanted || for_operators).then(|| bot.permalink(&thread)).flatten();
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
    match post_to_operators(call, operators, &message) {
        Ok(()) => call.report.line("operators: ", &message.summary),
        Err(undelivered) => call.report.warning(&format!("telling the operators: {undelivered}")),
    }
}

fn post_to_operators(call: &Call, operators: &Operators, message: &Message) -> Result<(), Undelivered> {
    match operators {
        Operators::Webhook(webhook) => {
            webhook::deliver(&call.client, webhook, &message.body(), call.deadline).map(drop)
        }
        Operators::Channel(api, channel) => {
            let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
            bot.post(&message.body(), None).map(drop)
        }
    }
}
