//! The checks that ask Slack itself: the bot's scopes, the message's blocks, and a test message.

use super::{AddLine, Mark};
use crate::explain::Explain;
use crate::module::message::Body;
use crate::slack::api::Api;
use crate::slack::channel::Bot;
use crate::slack::webhook;
use crate::steps::read_job::Call;

/// Asks Slack itself whether it accepts the message's blocks.
pub(super) fn blocks_facts(call: &Call, api: &Api, body: &Body, add_line: AddLine) {
    if let Some(word) = api.refuses_blocks(&call.client, body, call.deadline) {
        let step = "run `pipeline-notifier module check --slack` for your own module, or report it";
        let detail = format!("Slack refuses the message's blocks ({word}); only its text would arrive");
        add_line(Mark::Wrong(step), "blocks", &detail);
    }
}

/// The scopes of a classic app (<https://docs.slack.dev/legacy/legacy-bot-users/>).
const CLASSIC: [&str; 2] = ["bot", "bot:basic"];

/// Checks the bot's scopes one by one. Returns whether it can post at all.
pub(super) fn bot_facts(call: &Call, api: &Api, channel: &str, add_line: AddLine) -> bool {
    let scopes = match api.scopes(&call.client, call.deadline) {
        Ok(scopes) => scopes,
        Err(refused) => {
            add_line(Mark::Wrong(&format!("bot: {}", refused.step())), "bot", &refused.to_string());
            return false;
        }
    };
    let has = |wanted: &[&str]| wanted.iter().any(|wanted| scopes.iter().any(|scope| scope == wanted));
    let add = "add it on the Slack app's page OAuth & Permissions and reinstall the app";
    if !has(&["chat:write", "chat:write:bot"]) && !has(&CLASSIC) {
        add_line(
            Mark::Wrong(&format!("chat:write: {add}")),
            "bot",
            "the scope chat:write is missing, without which it posts nothing",
        );
        return false;
    }
    add_line(Mark::Ok, "bot", &format!("posts to {channel}"));
    let others: [(&[&str], &str, &str); 3] = [
        (&["chat:write.public"], "chat:write.public", "it posts only where it was invited (/invite)"),
        (
            &["channels:history", "groups:history"],
            "channels:history (groups:history for private channels)",
            "later jobs find the pipeline's message only by the start job's artifact, a job before the start job posts a second one, and a failure may be reported twice",
        ),
        (&["users:read.email"], "users:read.email (with users:read)", "people are mentioned only by the user map"),
    ];
    for (wanted, name, consequence) in others {
        if !has(wanted) {
            add_line(Mark::Note, "bot", &format!("without the scope {name} {consequence}; {add}"));
        }
    }
    if has(&["channels:history", "groups:history"]) || has(&CLASSIC) {
        let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
        if let Err(refused) = bot.reads_history() {
            add_line(Mark::Note, "bot", &format!("cannot read the history of {channel}: {}", refused.describe()));
        }
    }
    true
}

pub(super) fn deliver(call: &Call, body: &Body, bot: Option<(&Api, &str)>, add_line: AddLine) {
    let sent = match (bot, &call.to.webhook) {
        (Some((api, channel)), _) => {
            let bot = Bot { api, client: &call.client, channel, deadline: call.deadline };
            ("bot", bot.post(body, None).map(drop))
        }
        (_, Ok(webhook)) => ("webhook", webhook::deliver(&call.client, webhook, body, call.deadline).map(drop)),
        _ => return,
    };
    match sent {
        (way, Ok(())) => add_line(Mark::Ok, way, "a test message was delivered"),
        (way, Err(undelivered)) => {
            add_line(Mark::Wrong(&format!("{way}: {}", undelivered.step())), way, &undelivered.to_string());
        }
    }
}
