//! `doctor`: prints a checklist of set and missing settings, and the next step.

mod checklist;
mod digest;
mod events;
mod gitlab;
mod job;
mod owners;
mod slack;

use crate::cli::JobArgs;
use crate::module::message::Message;
use crate::report::{Code, Warning};
use crate::slack::webhook_url;
use crate::steps::read_job::Call;
use crate::variables::Variables;
use checklist::{Checklist, Topic};

/// Runs the checks. Returns whether everything works.
pub(super) fn run(send: bool, job: JobArgs, mut variables: Variables) -> bool {
    // A finished deployment's message has every part. Outside an after_script, no variable has the job's result.
    if variables.get("CI_JOB_STATUS").is_none() {
        variables.set("CI_JOB_STATUS", "success");
    }
    let call = Call::begin(job, variables);
    let mut list = Checklist::new(&call);
    job::check(&call, &list);
    job::check_settings(&call, &mut list);
    let message = job::check_module(&call, &mut list);
    events::check(&call, &mut list);
    if digest::is_its_job(&call) {
        digest::check(&call, &mut list);
    } else {
        gitlab::check(&call, &list);
        owners::check(&call, &list);
    }
    for oddity in call.client.oddities() {
        list.note(Topic::Network, &oddity);
    }
    destinations(&call, message.as_ref(), send, &mut list);
    list.end(send)
}

/// Checks the bot and the webhooks. Sends a test message if `send` is true.
fn destinations(call: &Call, message: Option<&Message>, send: bool, list: &mut Checklist) {
    // The operators' webhook has a line of its own below.
    for warning in call.to.warnings.iter().filter(|warning| warning.code != Code::OperatorsWebhook) {
        if call.to.is_somewhere() {
            list.note(Topic::Slack, &warning.text);
        } else {
            list.wrong(Topic::Slack, &warning.text, &step_of(warning, list));
        }
    }
    let environment = message.and_then(Message::environment);
    let bot = call.to.bot_for(environment).filter(|(api, channel)| slack::check_bot(call, api, channel, list));
    if let (Some((api, _)), Some(message)) = (bot, message) {
        slack::check_blocks(call, api, &message.body(), list);
    }
    match &call.to.webhook {
        // With a bot, a webhook is optional.
        Err(unusable) if call.to.bot().is_some() && unusable.is_unset() => {}
        Err(unusable) => list.unusable_webhook(Topic::Webhook, unusable),
        Ok(_) if send && bot.is_none() => {}
        Ok(_) => {
            let variable = webhook_url::variable(&call.settings);
            let detail = list.say(
                format!("{variable} is set and usable; nothing was sent"),
                format!("{variable}이(가) 설정되어 있고 쓸 수 있습니다. 아무것도 보내지 않았습니다"),
            );
            list.ok(Topic::Webhook, &detail);
        }
    }
    match webhook_url::of_operators(&call.variables, &call.settings) {
        Some(Err(unusable)) => list.unusable_webhook(Topic::Operators, &unusable),
        Some(Ok(_)) => list.ok(
            Topic::Operators,
            list.say("SLACK_OPS_WEBHOOK_URL is set and usable", "SLACK_OPS_WEBHOOK_URL이 설정되어 있고 쓸 수 있습니다"),
        ),
        None => {}
    }
    if send && let Some(message) = job::test_message(call) {
        slack::deliver(call, &message.body(), bot, list);
    }
}

/// Returns the next step for a warning, by the setting that it names.
fn step_of(warning: &Warning, list: &Checklist) -> String {
    match &warning.setting {
        Some(setting) => list.say(
            format!("set {setting} right, as its line says"),
            format!("위의 설명대로 {setting}을(를) 바로잡으세요"),
        ),
        None => list.say("do as that line says", "위의 설명대로 하세요").to_owned(),
    }
}
