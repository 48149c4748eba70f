//! The checks that ask Slack itself: the bot's scopes, the message's blocks, and a test message.

use super::checklist::{Checklist, Topic};
use crate::explain::Explain;
use crate::module::message::Body;
use crate::slack::api::Api;
use crate::slack::channel::Bot;
use crate::slack::webhook;
use crate::steps::read_job::Call;

/// Asks Slack itself whether it accepts the message's blocks.
pub(super) fn check_blocks(call: &Call, api: &Api, body: &Body, list: &mut Checklist) {
    if let Some(word) = api.refuses_blocks(&call.client, body, call.deadline) {
        let step = list.say(
            "run `pipeline-notifier module check --slack` for your own module, or report it",
            "직접 만든 모듈이라면 `pipeline-notifier module check --slack`을 실행하고, 아니라면 메인테이너에게 알려 주세요",
        );
        let detail = list.say(
            format!("Slack refuses the message's blocks ({word}); only its text would arrive"),
            format!("Slack이 메시지의 블록을 거부합니다({word}). 텍스트만 도착합니다"),
        );
        list.wrong(Topic::Message, &detail, step);
    }
}

/// The scopes of a classic app (<https://docs.slack.dev/legacy/legacy-bot-users/>).
const CLASSIC: [&str; 2] = ["bot", "bot:basic"];

/// A scope without which a bot does less: the names that grant it, its name, and the loss in each language.
type Scope = (&'static [&'static str], &'static str, &'static str, &'static str);

const OPTIONAL: [Scope; 3] = [
    (
        &["chat:write.public"],
        "chat:write.public",
        "it posts only where it was invited (/invite)",
        "초대받은 채널에만 게시합니다(/invite)",
    ),
    (
        &["channels:history", "groups:history"],
        "channels:history (groups:history for private channels)",
        "later jobs find the pipeline's message only by the start job's artifact, a job before the start job posts a second one, and a failure may be reported twice",
        "나중 작업이 시작 작업의 아티팩트로만 파이프라인의 메시지를 찾고, 시작 작업보다 먼저 실행된 작업은 메시지를 하나 더 게시하며, 실패가 두 번 게시될 수 있습니다",
    ),
    (
        &["users:read.email"],
        "users:read.email (with users:read)",
        "people are mentioned, and get direct messages, only by the user map",
        "사용자 맵에 있는 사람만 멘션하고 다이렉트 메시지를 받습니다",
    ),
];

/// Checks the bot's scopes one by one. Returns whether it can post at all.
pub(super) fn check_bot(call: &Call, api: &Api, channel: &str, list: &mut Checklist) -> bool {
    let scopes = match api.scopes(&call.client, call.deadline) {
        Ok(scopes) => scopes,
        Err(refused) => {
            list.wrong(Topic::Bot, &refused.to_string(), &format!("bot: {}", refused.step()));
            return false;
        }
    };
    let has = |wanted: &[&str]| wanted.iter().any(|wanted| scopes.iter().any(|scope| scope == wanted));
    let add = list.say(
        "add it on the Slack app's page OAuth & Permissions and reinstall the app",
        "Slack 앱의 OAuth & Permissions 페이지에서 추가하고 앱을 다시 설치하세요",
    );
    if !has(&["chat:write", "chat:write:bot"]) && !has(&CLASSIC) {
        let detail = list.say(
            "the scope chat:write is missing, without which it posts nothing",
            "범위 chat:write가 없어 아무것도 게시할 수 없습니다",
        );
        list.wrong(Topic::Bot, detail, &format!("chat:write: {add}"));
        return false;
    }
    list.ok(Topic::Bot, &list.say(format!("posts to {channel}"), format!("{channel}에 게시합니다")));
    for (granting, name, english, korean) in OPTIONAL {
        if !has(granting) {
            let detail = list.say(
                format!("without the scope {name} {english}; {add}"),
                format!("범위 {name}이(가) 없어, {korean}. {add}"),
            );
            list.note(Topic::Bot, &detail);
        }
    }
    if has(&["channels:history", "groups:history"]) || has(&CLASSIC) {
        let bot = Bot::new(api, &call.client, channel, call.deadline);
        if let Err(refused) = bot.reads_history() {
            let reason = refused.describe();
            let detail = list.say(
                format!("cannot read the history of {channel}: {reason}"),
                format!("{channel}의 기록을 읽을 수 없습니다: {reason}"),
            );
            list.note(Topic::Bot, &detail);
        }
    }
    true
}

pub(super) fn deliver(call: &Call, body: &Body, bot: Option<(&Api, &str)>, list: &mut Checklist) {
    let (topic, sent) = match (bot, &call.to.webhook) {
        (Some((api, channel)), _) => {
            let bot = Bot::new(api, &call.client, channel, call.deadline);
            (Topic::Bot, bot.post(body, None).map(drop))
        }
        (_, Ok(webhook)) => (Topic::Webhook, webhook::deliver(&call.client, webhook, body, call.deadline).map(drop)),
        _ => return,
    };
    match sent {
        Ok(()) => list.ok(topic, list.say("a test message was delivered", "시험 메시지가 도착했습니다")),
        Err(undelivered) => list.wrong(topic, &undelivered.to_string(), &undelivered.step()),
    }
}
