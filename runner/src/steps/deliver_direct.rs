//! Deliver the direct message: a bot writes to the person who ran a pipeline or a deployment that failed newly, once a pipeline. The
//! module names the person.

use serde_json::Value;

use super::deliver::Delivery;
use super::render;
use crate::explain::Explain;
use crate::job::context::Context;
use crate::report::{Outcome, Sink};
use crate::slack::channel::Bot;
use crate::slack::metadata::Sender;
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
    let is_person = |value: &Value| {
        value.as_str().is_some_and(|it| it.split(|c: char| !c.is_alphanumeric()).any(|id| id == person))
    };
    if !person.starts_with(['U', 'W']) || !delivery.findings.people.values().any(is_person) {
        call.report.warning("the module names a person for a direct message who is not in `people` of its context");
        return;
    }
    if !is_first_to_write(delivery, thread) {
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

/// Returns whether this job is the first one of the pipeline to write to the person who ran it. It counts as the first if the thread
/// cannot be read.
fn is_first_to_write(delivery: &Delivery, thread: &Thread) -> bool {
    let Some((bot, sender)) = delivery.bot().zip(Sender::of(&delivery.call.variables)) else { return true };
    let shown = bot.found_at(&sender, thread).and_then(|found| found.shown.ok());
    let replies: Vec<i64> = bot.replies(&sender, thread).into_iter().flatten().filter_map(|it| it.direct).collect();
    // The first job may have posted the message instead of a reply. Jobs at once all reply, and the oldest reply counts.
    let of_message = shown.and_then(|shown| shown.direct).filter(|job| !replies.contains(job));
    let first = of_message.or(replies.first().copied());
    first.is_none_or(|first| Some(first) == delivery.own_job())
}
