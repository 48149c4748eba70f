//! The checks of a job's access to its GitLab.

use std::time::Duration;

use super::checklist::{Checklist, Topic};
use crate::explain::Explain;
use crate::gitlab::api::Api;
use crate::gitlab::tokens::unusable_token;
use crate::gitlab::unknown::Unknown;
use crate::gitlab::{changes, deployments, jobs, pipelines, test_reports, trace};
use crate::job::key::Key;
use crate::steps::ask_gitlab::git_ref;
use crate::steps::read_job::Call;

/// What a token may read, and the loss without it, in each language.
pub(super) type Route = [(&'static str, &'static str); 2];

const JOBS: Route = [
    (
        "this pipeline's jobs",
        "a failed pipeline's message links to its failures instead of naming them, and the number of a job's attempt stays unknown",
    ),
    (
        "이 파이프라인의 작업",
        "실패한 파이프라인의 메시지는 작업 이름 대신 실패 목록을 링크하고, 몇 번째 시도인지 알 수 없습니다",
    ),
];
const TRIGGER_JOBS: Route = [
    ("this pipeline's trigger jobs", "a failed one is only on the pipeline's page"),
    ("이 파이프라인의 트리거 작업", "실패한 트리거 작업은 파이프라인 페이지에만 나옵니다"),
];
const PIPELINES: Route = [
    (
        "the pipelines before this one",
        "only a bot that may read its channel reports `pipeline fixed` and `still failing`",
    ),
    ("이전 파이프라인", "채널을 읽을 수 있는 봇만 `파이프라인 복구됨`과 연속 실패를 보고합니다"),
];
const DEPLOYMENTS: Route = [
    (
        "deployments",
        "a deployment shows the changes of its push, a rollback is not recognized, and a closing job names environments by the branch",
    ),
    (
        "배포 기록",
        "배포 메시지는 이번 푸시의 변경 사항을 보여 주고, 롤백을 알아보지 못하며, 마무리 작업은 환경 이름을 브랜치로 정합니다",
    ),
];
const COMMITS: Route = [
    ("the commits between two deployments", "the commits since the last deployment are linked, but not listed"),
    ("두 배포 사이의 커밋", "지난 배포 이후의 커밋을 링크만 하고 목록은 보여 주지 않습니다"),
];

const REPORTS: Route =
    [("the test reports", "failed tests are not named"), ("테스트 보고서", "실패한 테스트 이름을 보여 주지 않습니다")];
const LOGS: Route = [
    ("the jobs' logs", "the ends of failed jobs' logs are not posted"),
    ("작업 로그", "실패한 작업의 로그의 끝부분을 게시하지 않습니다"),
];

/// The time limit of the log that is read as a test: that of the job itself.
const TIME_FOR_LOG: Duration = Duration::from_secs(2);

/// The most requests for one route.
const REQUESTS: u8 = 6;

/// Connects to GitLab's API for one route, since one `Api` has a limit of requests.
pub(super) fn connect(call: &Call) -> Result<Api, Unknown> {
    Api::of_job(&call.client, &call.variables, call.deadline.remaining() / 2, REQUESTS, call.deadline)
}

/// Adds the line of a route.
pub(super) fn check_route(list: &Checklist, [english, korean]: Route, known: Result<(), Unknown>) {
    let (route, missed) = list.say(english, korean);
    match known {
        Ok(()) => {
            list.ok(Topic::GitLab, &list.say(format!("can read {route}"), format!("{route}: 읽을 수 있습니다")));
        }
        Err(unknown) => list.note(Topic::GitLab, &format!("{route}: {}; {missed}", unknown.describe())),
    }
}

/// Checks each route that the tokens may read on this GitLab, and lists the loss without it.
pub(super) fn check(call: &Call, list: &Checklist) {
    let api = || connect(call);
    let check = |route, known| check_route(list, route, known);
    let nothing = |unknown: &Unknown| {
        let reason = unknown.describe();
        let detail = list.say(
            format!("{reason}; messages link to the pipeline's pages instead"),
            format!("{reason}. 메시지는 대신 파이프라인 페이지를 링크합니다"),
        );
        list.note(Topic::GitLab, &detail);
    };
    if let Err(unknown) = api() {
        return nothing(&unknown);
    }
    let start_job = call.settings.get_or_default(Key::START_JOB);
    let jobs = api().and_then(|api| jobs::unsuccessful(&api, start_job));
    if let Err(unknown @ Unknown::Fault(_)) = &jobs {
        return nothing(unknown);
    }
    let without_triggers = jobs.as_ref().ok().map(|jobs| jobs.without_triggers.clone());
    check(JOBS, jobs.map(drop));
    if let Some(without) = without_triggers {
        check(TRIGGER_JOBS, without.map_or(Ok(()), Err));
    }
    if let Some(git_ref) = git_ref(call) {
        check(PIPELINES, api().and_then(|api| pipelines::before(&api, &git_ref).map(drop)));
    }
    check(DEPLOYMENTS, api().and_then(|api| deployments::of_jobs(&api).map(drop)));
    check_of_access_token(call, list);
}

/// Checks the routes that take no job token, as far as the settings use them.
fn check_of_access_token(call: &Call, list: &Checklist) {
    let (commits, reports, logs) =
        (call.settings.is_on(Key::COMPARE), call.settings.is_on(Key::TESTS), call.settings.log_lines() > 0);
    let api = || connect(call);
    // A token that is useless has a warning of its own.
    if unusable_token(&call.variables).is_some() {
        return;
    }
    if api().is_ok_and(|api| matches!(api.with_access_token(), Err(Unknown::NeedsAccessToken))) {
        let routes = [(COMMITS, commits), (REPORTS, reports), (LOGS, logs)].into_iter().filter(|(_, is_on)| *is_on);
        let missed: Vec<&str> = routes.map(|([english, korean], _)| list.say(english.1, korean.1)).collect();
        if !missed.is_empty() {
            let detail = list.say(
                format!(
                    "NOTIFIER_GITLAB_TOKEN is not set (a project access token with read_api): {}",
                    missed.join("; ")
                ),
                format!(
                    "NOTIFIER_GITLAB_TOKEN(read_api가 있는 프로젝트 액세스 토큰)이 없습니다. {}",
                    missed.join(". ")
                ),
            );
            list.note(Topic::GitLab, &detail);
        }
        return;
    }
    if reports {
        check_route(list, REPORTS, api().and_then(|api| test_reports::summary(&api).map(drop)));
    }
    if logs {
        check_route(list, LOGS, api().and_then(|api| trace::tail(&api, api.job, TIME_FOR_LOG).map(drop)));
    }
    if commits {
        let sha = call.variables.get("CI_COMMIT_SHA").unwrap_or_default();
        check_route(list, COMMITS, api().and_then(|api| changes::between(&api, sha, sha, "").map(drop)));
    }
}
