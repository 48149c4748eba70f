//! Deliver the direct message: a bot writes to the person who ran a pipeline or a deployment that failed newly, once a pipeline. The
//! module names the person.

use super::deliver::Delivery;
use super::render;
use crate::explain::Explain;
use crate::job::context::Context;
use crate::job::event::Event;
use crate::report::{Outcome, Sink};
use crate::slack::channel::Bot;
use crate::slack::thread::Thread;

/// Delivers it after the message, with the address of that. Errors do not change the message's outcome.
pub(crate) fn deliver_direct(
    delivery: &Delivery,
    context: Context,
    outcome: &Outcome,
    thread: Option<&Thread>,
    address: Option<&str>,
) {
    let call = delivery.call;
    let Some((person, thread)) = delivery.message.direct.as_deref().zip(thread) else { return };
    let Some(api) = call.to.bot().filter(|_| matches!(outcome, Outcome::Sent)) else { return };
    // A module chooses no channel, so a direct message goes only to people whom the context has.
    if !delivery.findings.people.values().any(|it| it == person) {
        call.report.warning("the module names a person for a direct message who is not in `people` of its context");
        return;
    }
    if !is_first_failure(delivery, thread) {
        return;
    }
    let message = match render::quietly(call, &context.for_person(address)).0 {
        Ok(message) => message,
        Err(error) => return call.report.warning(&format!("rendering the direct message: {}", error.describe())),
    };
    // Slack takes a person's ID as a channel (https://docs.slack.dev/reference/methods/chat.postMessage/#channels).
    let bot = Bot::new(api, &call.client, person, delivery.deadline);
    match bot.post(&message.body(), None) {
        Ok(_) => call.report.line("direct message: ", &message.summary),
        Err(undelivered) => {
            call.report.warning(&format!("the person who ran this got no direct message: {}", undelivered.describe()));
        }
    }
}

/// Returns whether no other job of the pipeline has reported a failure. Of jobs that fail at once, the oldest counts as the first.
fn is_first_failure(delivery: &Delivery, thread: &Thread) -> bool {
    if delivery.event == Event::PipelineFinished {
        return delivery.findings.history.reported.as_ref().is_none_or(Vec::is_empty);
    }
    let own = delivery.call.variables.get("CI_JOB_ID").and_then(|id| id.parse::<i64>().ok());
    delivery.reported_in(thread).into_iter().min().is_none_or(|first| Some(first) >= own)
}
