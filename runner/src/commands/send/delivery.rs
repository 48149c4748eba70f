//! One message on its way: as the bot, else by the webhook; and to the operators.

use serde_json::json;

use crate::commands::ask::Asked;
use crate::commands::call::Call;
use crate::job::context::Context;
use crate::job::event::Event;
use crate::job::kept;
use crate::module::message::Message;
use crate::report::Sink;
use crate::slack::bot::{Bot, Found, Telling, Updates};
use crate::slack::destination::Operators;
use crate::slack::metadata::{Shown, Speaker};
use crate::slack::thread::{MAX_FILE, Thread};
use crate::slack::undelivered::{Delivered, Fate, Undelivered};
use crate::slack::webhook;
use crate::slack::webhook_url::Unusable;

/// Where the first hook of a job told its event, for the second.
const THREAD: &str = "message.json";
/// The same, where that was at the channel's end.
const THREAD_APART: &str = "message-apart.json";

/// Why a message was not delivered.
pub(super) enum Untold {
    /// There is nowhere to send to.
    Nowhere(Unusable),
    Undelivered(Undelivered),
}

/// A message, and what is known about where it belongs.
pub(super) struct Delivery<'a> {
    pub(super) call: &'a Call,
    pub(super) event: Event,
    pub(super) message: &'a Message,
    pub(super) asked: &'a Asked,
}

impl Delivery<'_> {
    /// Delivers the message as the bot, else by the webhook. Returns where the pipeline's message is, where it is the bot's.
    pub(super) fn tell(&self) -> Result<(Delivered, Option<Thread>), Untold> {
        let call = self.call;
        if let Some(bot) = self.bot() {
            match self.tell_as(&bot) {
                Ok((thread, delivered)) => {
                    if self.event == Event::DeployStarted {
                        let name = if self.message.apart { THREAD_APART } else { THREAD };
                        // What cannot be kept is looked for again.
                        let _ = kept::keep(&call.variables, name, json!(thread).to_string().as_bytes());
                    }
                    return Ok((delivered, Some(thread)));
                }
                Err(refused) if refused.fate() == Fate::NotDelivered && call.to.webhook.is_ok() => {
                    call.report.warning(&format!("{refused}; the webhook is used instead"));
                }
                Err(undelivered) => return Err(Untold::Undelivered(undelivered)),
            }
        }
        match &call.to.webhook {
            Ok(webhook) => match webhook::deliver(&call.client, webhook, &self.message.body(), call.deadline) {
                Ok(delivered) => Ok((delivered, None)),
                Err(undelivered) => Err(Untold::Undelivered(undelivered)),
            },
            Err(unusable) => Err(Untold::Nowhere(unusable.clone())),
        }
    }

    fn tell_as(&self, bot: &Bot) -> Result<(Thread, Delivered), Undelivered> {
        let Some(speaker) = Speaker::of(&self.call.variables) else { return bot.post(&self.message.body(), None) };
        let found = self.found(bot, &speaker);
        bot.tell(&speaker, &self.telling(found.as_ref()), found.as_ref(), &*self.call.report)
    }

    /// The message of a pipeline that is over, where nobody need hear of it and it shows no end yet.
    pub(super) fn bring_up_to_date(&self) {
        let found = self.asked.past.as_ref().and_then(|past| past.found.as_ref());
        let is_open =
            |shown: &Shown| [Event::PipelineStarted, Event::DeployStarted].map(Event::name).contains(&&*shown.state);
        if self.event == Event::PipelineFinished
            && let Some(found) = found.filter(|found| found.shown.as_ref().is_some_and(is_open))
            && let Some((bot, speaker)) = self.bot().zip(Speaker::of(&self.call.variables))
            && let Err(undelivered) = bot.update(&speaker, &self.telling(Some(found)), &found.thread)
        {
            self.call.report.warning(&format!("{undelivered}; the pipeline's message stays as it was"));
        }
    }

    /// The address of a message of the bot's.
    pub(super) fn permalink(&self, thread: &Thread) -> Option<String> {
        self.bot()?.permalink(thread)
    }

    fn bot(&self) -> Option<Bot<'_>> {
        let (api, channel) = self.call.to.bot_for(self.message.environment())?;
        Some(Bot { api, client: &self.call.client, channel, deadline: self.call.deadline })
    }

    /// The message that this one belongs to.
    fn found(&self, bot: &Bot, speaker: &Speaker) -> Option<Found> {
        let variables = &self.call.variables;
        let kept = |name| kept::kept(variables, name, MAX_FILE).and_then(|json| Thread::parse(&json));
        let apart = kept(THREAD_APART);
        match &self.asked.past {
            _ if self.message.apart && apart.is_none() => None,
            Some(past) => past.found.clone(),
            None => {
                let known = apart.or_else(|| kept(THREAD)).or_else(|| self.asked.known.clone());
                bot.look(speaker, known.as_ref(), false, &*self.call.report).found
            }
        }
    }

    fn telling(&self, found: Option<&Found>) -> Telling<'_> {
        let before = found.and_then(|found| found.shown.as_ref());
        let of_closing = self.event == Event::PipelineFinished;
        let told = match (&self.asked.jobs, of_closing) {
            (Some(jobs), true) => jobs.failed.iter().map(|job| job.id).collect(),
            _ => self.call.variables.get("CI_JOB_ID").and_then(|id| id.parse().ok()).into_iter().collect::<Vec<_>>(),
        };
        // What comes after a closing job is a job that somebody runs again, and may take back what it said.
        let job = self.call.variables.get("CI_JOB_NAME").filter(|_| !of_closing).unwrap_or_default();
        Telling {
            message: self.message,
            updates: match self.event {
                Event::PipelineStarted => Updates::Never,
                Event::DeployStarted | Event::DeployFinished => Updates::UnlessFailed,
                Event::PipelineFinished => Updates::Always,
            },
            shown: Shown::of(self.message, job, &told, before),
        }
    }
}

/// The second message of a failure or a recovery. The module says whether there is one; nothing that goes wrong with it changes how the
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
