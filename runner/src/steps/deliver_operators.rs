//! Deliver the operators' message: the second message of a failure or a recovery, in the operators' channel.

use super::read_job::Call;
use super::render;
use crate::explain::Explain;
use crate::job::context::Context;
use crate::module::message::Message;
use crate::report::{Sink, Warning};
use crate::slack::channel::Bot;
use crate::slack::destination::Operators;
use crate::slack::refusals::LeftOut;
use crate::slack::undelivered::Undelivered;
use crate::slack::webhook;

/// Delivers it if the module has one. Its errors do not change the first message's outcome.
pub(crate) fn deliver_operators(
    call: &Call,
    operators: &Operators,
    context: Context,
    first: Option<&str>,
    reported: &[Warning],
) {
    let context = context.for_operators(first);
    let message = match render::quietly(call, &context).0 {
        Ok(message) if message.skip.is_some() => return,
        Ok(message) => message,
        Err(error) => return call.report.warning(&format!("rendering the operators' message: {error}")),
    };
    for warning in message.warnings.iter().filter(|it| !reported.contains(it)) {
        call.report.warning(&warning.text);
    }
    match post_to_operators(call, operators, &message) {
        Ok(left_out) => {
            for part in left_out {
                call.report.warning(&part.describe("NOTIFIER_OPS_MENTION"));
            }
            call.report.line("operators: ", &message.summary);
        }
        Err(undelivered) => {
            call.report.warning(&format!("posting to the operators' channel: {}", undelivered.describe()));
        }
    }
}

fn post_to_operators(call: &Call, operators: &Operators, message: &Message) -> Result<Vec<LeftOut>, Undelivered> {
    match operators {
        Operators::Webhook(webhook) => webhook::deliver(&call.client, webhook, &message.body(), call.deadline),
        Operators::Channel(api, channel) => {
            let bot = Bot::new(api, &call.client, channel, call.deadline);
            bot.post(&message.body(), None).map(|(_, left_out)| left_out)
        }
    }
}
