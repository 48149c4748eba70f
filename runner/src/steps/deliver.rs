//! Deliver: as the bot, else by the webhook.

use super::ask_slack::MESSAGE;
use super::findings::Findings;
use super::read_job::Call;
use crate::explain::Explain;
use crate::job::event::{Event, Verdict};
use crate::job::job_state;
use crate::module::message::{Body, Message};
use crate::net::deadline::Deadline;
use crate::report::{Outcome, Sink};
use crate::slack::bot::{Posting, Updates};
use crate::slack::channel::{Bot, Found, Past};
use crate::slack::metadata::{Sender, Shown};
use crate::slack::refusals::LeftOut;
use crate::slack::thread::{MAX_FILE, RecordedThread, Thread};
use crate::slack::undelivered::{Fate, Undelivered};
use crate::slack::webhook;

/// The location of the first hook's message, if that was posted at the bottom of the channel.
const MESSAGE_APART: &str = "message-apart.json";

/// The most mentions that a message records.
const MAX_MENTIONS: usize = 20;

/// A message, and the findings that decide where it goes.
pub(crate) struct Delivery<'a> {
    pub(crate) call: &'a Call,
    pub(crate) event: Event,
    pub(crate) message: &'a Message,
    pub(crate) findings: &'a Findings,
    /// The time limit of this message.
    pub(crate) deadline: Deadline,
}

impl Delivery<'_> {
    /// Delivers the message, unless it has a reason to skip. Returns the outcome, and the thread of the pipeline's message if a bot posted.
    pub(crate) fn deliver(&self) -> (Outcome, Option<Thread>) {
        // Without a destination, GitLab was not asked whether the pipeline waits, or for the numbers of a digest.
        let is_unasked = matches!(self.event, Event::PipelineWaiting | Event::Digest) && !self.call.to.is_somewhere();
        if let Some(skip) = self.message.skip.as_ref().filter(|_| !is_unasked) {
            self.bring_up_to_date();
            return (Outcome::Skipped(skip.clone()), None);
        }
        let report = &self.call.report;
        match self.post() {
            Ok((left_out, thread)) => {
                for part in left_out {
                    report.warning(&part.describe(self.call.mention_settings()));
                }
                report.message(&self.message.summary);
                (Outcome::Sent, thread)
            }
            Err(Undelivered::Nowhere(unusable)) => {
                report.warning(&format!("{unusable}, so the job goes on without a notification; {}", unusable.step()));
                let reason = unusable.reason();
                (if unusable.is_unset() { Outcome::nowhere(reason) } else { Outcome::failed(reason) }, None)
            }
            Err(undelivered) => {
                let fate = match undelivered.fate() {
                    Fate::NotDelivered => "was not",
                    Fate::Unknown => "may not have been",
                };
                report.warning(&format!("the message {fate} delivered: {}", undelivered.describe()));
                (Outcome::Failed { reason: undelivered.reason() }, None)
            }
        }
    }

    /// Delivers the message as the bot, else by the webhook.
    pub(crate) fn post(&self) -> Result<(Vec<LeftOut>, Option<Thread>), Undelivered> {
        let call = self.call;
        if let Some(bot) = self.bot() {
            match self.post_as(&bot) {
                Ok((thread, left_out)) => {
                    if let Some(record) = self.record(&thread).filter(|_| self.event == Event::DeployStarted) {
                        let name = if self.message.apart { MESSAGE_APART } else { MESSAGE };
                        // The second hook looks for it again if this fails.
                        let _ = job_state::save(&call.variables, name, &record);
                    }
                    return Ok((left_out, Some(thread)));
                }
                Err(refused) if refused.fate() == Fate::NotDelivered && call.to.webhook.is_ok() => {
                    call.report.warning(&format!("{}; the webhook is used instead", refused.describe()));
                }
                Err(undelivered) => return Err(undelivered),
            }
        }
        self.post_by_webhook(&self.message.body()).map(|left_out| (left_out, None))
    }

    pub(crate) fn post_by_webhook(&self, body: &Body) -> Result<Vec<LeftOut>, Undelivered> {
        let webhook = self.call.to.webhook.as_ref().map_err(|unusable| Undelivered::Nowhere(unusable.clone()))?;
        webhook::deliver(&self.call.client, webhook, body, self.deadline)
    }

    fn post_as(&self, bot: &Bot) -> Result<(Thread, Vec<LeftOut>), Undelivered> {
        let Some(sender) = Sender::of(&self.call.variables) else { return bot.post(&self.message.body(), None) };
        let found = self.found(bot, &sender);
        let shown = found.as_ref().and_then(|found| found.shown.as_ref().ok());
        bot.publish(&sender, &self.posting(self.shown(shown)), found.as_ref(), &*self.call.report)
    }

    /// Updates the message of a pipeline whose end is skipped, if it shows another result or none yet.
    fn bring_up_to_date(&self) {
        let Some((bot, sender)) = self.bot().zip(Sender::of(&self.call.variables)) else { return };
        let past = self.past(&bot);
        let Some(Found { thread, shown: Ok(shown) }) = past.and_then(|past| past.found.as_ref()) else { return };
        if self.message.verdict.is_empty() || self.message.verdict == shown.verdict {
            return;
        }
        // This update reports nothing and mentions nobody. The earlier mentions stay, for the recovery.
        let earlier = past.and_then(|past| past.earlier.as_ref()).map(|(_, earlier)| earlier.mentions.clone());
        let mut quiet = self.shown(Some(shown));
        quiet.reported.clone_from(&shown.reported);
        quiet.mentions = earlier.unwrap_or_default();
        if let Err(undelivered) = bot.update(&sender, &self.posting(quiet), thread, &mut Vec::new()) {
            let cause = undelivered.describe();
            self.call.report.warning(&format!("{cause}; the pipeline's message is not updated"));
        }
    }

    /// Returns the findings in the bot's channel.
    fn past(&self, bot: &Bot) -> Option<&Past> {
        self.findings.past.as_ref().filter(|(channel, _)| channel == bot.channel).map(|(_, past)| past)
    }

    /// Returns the ID of the job that runs this.
    pub(super) fn own_job(&self) -> Option<i64> {
        self.call.variables.get("CI_JOB_ID").and_then(|id| id.parse().ok())
    }

    /// Returns the bot and the thread of the pipeline's message: the thread of this delivery, else the one that was found.
    pub(crate) fn thread(&self, of_this: Option<Thread>) -> Option<(Bot<'_>, Thread)> {
        let bot = self.bot()?;
        let past = self.past(&bot);
        let thread = of_this.or_else(|| Some(past?.found.as_ref()?.thread.clone()))?;
        Some((bot, thread))
    }

    /// Encodes the location of the message for later jobs.
    pub(crate) fn record(&self, thread: &Thread) -> Option<Vec<u8>> {
        Some(RecordedThread::encode(thread, self.bot()?.channel, &Sender::of(&self.call.variables)?))
    }

    /// Returns the address of a bot's message.
    pub(crate) fn permalink(&self, thread: &Thread) -> Option<String> {
        self.bot()?.permalink(thread)
    }

    pub(super) fn bot(&self) -> Option<Bot<'_>> {
        let (api, channel) = self.call.to.bot_for(self.message.environment())?;
        Some(Bot::new(api, &self.call.client, channel, self.deadline))
    }

    /// Finds the message that this one belongs to.
    fn found(&self, bot: &Bot, sender: &Sender) -> Option<Found> {
        let apart = job_state::load(&self.call.variables, MESSAGE_APART, MAX_FILE);
        let apart = apart.and_then(|json| RecordedThread::parse(&json, sender));
        match &self.findings.past {
            _ if self.message.apart && apart.is_none() => None,
            Some((channel, past)) if channel == bot.channel => past.found.clone(),
            _ => {
                let recorded = apart.as_ref().or(self.findings.recorded.as_ref());
                bot.look(sender, recorded.and_then(|it| it.in_channel(bot.channel)), &*self.call.report).found
            }
        }
    }

    /// Returns what the pipeline's message shows after this update.
    fn shown(&self, before: Option<&Shown>) -> Shown {
        let of = |name| self.call.variables.get(name);
        let of_closing = self.event == Event::PipelineFinished;
        let own = self.own_job();
        let mut reported = before.map(|it| it.reported.clone()).unwrap_or_default();
        if self.message.failure && of_closing {
            reported.extend(self.findings.jobs.iter().flat_map(|jobs| &jobs.failed).map(|job| job.id));
        } else if self.message.failure {
            reported.extend(own);
        }
        reported.sort_unstable();
        reported.dedup();
        let mentions = match before {
            Some(before) if !self.message.failure => before.mentions.clone(),
            _ => self.mentioned(before),
        };
        // A wait is no end, and changes none.
        let end = before.filter(|_| self.event == Event::PipelineWaiting);
        Shown {
            verdict: end.map_or(&self.message.verdict, |before| &before.verdict).clone(),
            status: self.message.status.clone(),
            environment: self.message.environment().unwrap_or_default().to_owned(),
            job: of("CI_JOB_NAME").unwrap_or_default().to_owned(),
            // A job after the closing job is one that somebody runs again. It may overwrite the closing job's failure.
            failed_job: of("CI_JOB_NAME")
                .filter(|_| self.message.failure && !of_closing)
                .unwrap_or_default()
                .to_owned(),
            reported,
            mentions,
            in_a_row: end.map_or(self.message.failures_in_a_row, |before| before.in_a_row),
            direct: before.and_then(|before| before.direct).or(own.filter(|_| self.message.direct.is_some())),
        }
    }

    /// Returns the mentions that a recovery repeats: those of this message, and those of earlier messages about the same failures.
    fn mentioned(&self, before: Option<&Shown>) -> Vec<String> {
        let earlier = self.findings.past.as_ref().and_then(|(_, past)| past.earlier.as_ref()).map(|(_, shown)| shown);
        let failures = [before, earlier].into_iter().flatten().filter(|it| it.verdict == Verdict::Failed.name());
        let mut mentions = self.message.mentions.clone();
        for mention in failures.filter(|_| self.message.failure).flat_map(|it| &it.mentions) {
            if !mentions.contains(mention) && mentions.len() < MAX_MENTIONS {
                mentions.push(mention.clone());
            }
        }
        mentions
    }

    fn posting(&self, shown: Shown) -> Posting<'_> {
        Posting {
            message: self.message,
            updates: match self.event {
                Event::PipelineStarted | Event::Digest => Updates::Never,
                Event::PipelineWaiting => Updates::UnlessAnyFailed,
                Event::DeployStarted | Event::DeployFinished => Updates::UnlessFailed,
                Event::PipelineFinished => Updates::Always,
            },
            shown,
        }
    }
}
