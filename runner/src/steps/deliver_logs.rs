//! Deliver the ends of logs, unless they are in the message itself: a bot replies in the thread of the pipeline's message. By webhook
//! they get a message of their own if a hook has reported the failure.

use super::deliver::Delivery;
use crate::explain::Explain;
use crate::job::context::Context;
use crate::module::render::render_logs;
use crate::module::skip::Skip;
use crate::report::{Outcome, Sink};
use crate::slack::thread::Thread;

/// Delivers them after the message. Errors do not change its outcome.
pub(crate) fn deliver_logs(delivery: &Delivery, context: Context, outcome: &Outcome, thread: Option<Thread>) {
    let Delivery { call, findings, message, .. } = delivery;
    let is_reported = message.skip == Some(Skip::AlreadyReported);
    let is_sent = matches!(outcome, Outcome::Sent);
    let shows_logs = is_sent && call.to.bot().is_none();
    if findings.why.logs.is_empty() || shows_logs || !(is_sent || is_reported) {
        return;
    }
    let log = match render_logs(&context.for_logs().encode()) {
        Ok(log) if log.skip.is_some() => return,
        Ok(log) => log,
        Err(error) => return call.report.warning(&format!("rendering the end of the log: {}", error.describe())),
    };
    let delivered = match delivery.thread(thread) {
        Some((bot, thread)) => bot.reply_only(&thread, &log.body()),
        None => delivery.post_by_webhook(&log.body()).map(drop),
    };
    match delivered {
        Ok(()) => call.report.line("log: ", &log.summary),
        Err(undelivered) => {
            call.report.warning(&format!("the end of the log was not delivered: {}", undelivered.describe()));
        }
    }
}
