//! The checks of the job, its settings, and the message of a finished deployment.

use super::checklist::{Checklist, Topic};
use super::digest;
use crate::job::context::Context;
use crate::job::event::Event;
use crate::job::key::Key;
use crate::job::unknown::unknown;
use crate::module::message::Message;
use crate::module::pin::BUILT_IN_MODULE;
use crate::steps::findings::Findings;
use crate::steps::read_job::Call;
use crate::steps::render::quietly;

/// Names the settings that are ignored.
pub(super) fn check_settings(call: &Call, list: &mut Checklist) {
    let ignored = call.settings.timeout().1.into_iter().chain(call.settings.refused());
    for text in ignored.chain(unknown(&call.variables)) {
        let name = text.split(' ').next().unwrap_or_default();
        let step =
            list.say(format!("set {name} right, as its line says"), format!("위의 설명대로 {name}을(를) 바로잡으세요"));
        list.wrong(Topic::Settings, &text, &step);
    }
}

pub(super) fn check(call: &Call, list: &Checklist) {
    match (call.variables.get("CI_PROJECT_NAME"), call.variables.get("CI_COMMIT_REF_NAME")) {
        (Some(project), Some(git_ref)) => {
            let detail =
                list.say(format!("project {project}, ref {git_ref}"), format!("프로젝트 {project}, ref {git_ref}"));
            list.ok(Topic::Job, &detail);
        }
        _ => list.note(
            Topic::Job,
            list.say(
                "CI_PROJECT_NAME or CI_COMMIT_REF_NAME is not set: is this a GitLab job?",
                "CI_PROJECT_NAME이나 CI_COMMIT_REF_NAME이 없습니다. GitLab 작업이 맞습니까?",
            ),
        ),
    }
    // As GitLab Runner reads it (gitlab-org/gitlab-runner, `spec/variables.go`).
    let is_on = |value| ["1", "t", "T", "true", "TRUE", "True"].contains(&value);
    if call.variables.get("CI_DEBUG_TRACE").is_some_and(is_on) {
        list.note(
            Topic::Job,
            list.say(
                "CI_DEBUG_TRACE is on: GitLab prints every variable of this job to its log, secrets included",
                "CI_DEBUG_TRACE가 켜져 있습니다. GitLab이 이 작업의 모든 변수를 비밀 값까지 로그에 출력합니다",
            ),
        );
    }
}

/// Returns the context of a message with every part.
fn finished_deployment(call: &Call) -> Context {
    let findings = Findings { people: call.people(), ..Findings::of_job(&call.variables) };
    call.context(Event::DeployFinished.into(), &findings, &*call.report)
}

/// Renders the same message, marked as a test.
pub(super) fn test_message(call: &Call) -> Option<Message> {
    quietly(call, &finished_deployment(call).for_test()).0.ok()
}

/// Renders once. Returns the message if that worked.
pub(super) fn check_module(call: &Call, list: &mut Checklist) -> Option<Message> {
    let rendered = match call.module.pin() {
        Some(pin) => format!("pinned {} from {}", &pin.sha256[..12], pin.source),
        None => format!("built-in {} ({})", env!("CARGO_PKG_VERSION"), &BUILT_IN_MODULE.0[..12]),
    };
    let (message, warning) = quietly(call, &finished_deployment(call));
    let is_replaced = warning.is_some();
    if let Some(warning) = warning {
        let step = list.say("fix the pinned module, as its line says", "위의 설명대로 고정한 모듈을 바로잡으세요");
        list.wrong(Topic::Module, &warning, step);
    }
    match message {
        Err(error) => {
            let step = list.say(
                "try another runner or image, and report it with this output",
                "다른 러너나 이미지에서 해 보고, 이 출력과 함께 메인테이너에게 알려 주세요",
            );
            list.wrong(Topic::Module, &error.to_string(), step);
            None
        }
        Ok(message) => {
            if !is_replaced {
                list.ok(Topic::Module, &rendered);
            }
            if !digest::is_its_job(call) {
                list.ok(Topic::Message, &message.summary);
                note_what_is_left_out(call, list);
            }
            Some(message)
        }
    }
}

/// Names the settings without which a message has less.
fn note_what_is_left_out(call: &Call, list: &Checklist) {
    let is_unset = |key: Key| call.settings.get(key).is_none();
    let notes = [
        (
            !call.mentions_somebody(),
            "NOTIFIER_MENTION is not set: nobody is mentioned when something fails",
            "NOTIFIER_MENTION이 없어, 실패해도 아무도 멘션하지 않습니다",
        ),
        (
            is_unset(Key::APP_URL),
            "NOTIFIER_APP_URL is not set: the site's link comes from the deploy job or its environment",
            "NOTIFIER_APP_URL이 없어, 사이트 링크는 배포 작업이나 그 환경의 주소를 씁니다",
        ),
        (
            is_unset(Key::GRAFANA_URL) && is_unset(Key::LOGS_URL),
            "neither NOTIFIER_GRAFANA_URL nor NOTIFIER_LOGS_URL is set: messages have no link to runtime logs",
            "NOTIFIER_GRAFANA_URL도 NOTIFIER_LOGS_URL도 없어, 메시지에 런타임 로그 링크가 없습니다",
        ),
    ];
    for (_, english, korean) in notes.into_iter().filter(|(is_left_out, ..)| *is_left_out) {
        list.note(Topic::Settings, list.say(english, korean));
    }
}
