//! The checks of a digest's job: what its tokens may read of its own project, or of others.

use super::checklist::{Checklist, Topic};
use super::gitlab::{Route, check_route, connect};
use crate::explain::Explain;
use crate::gitlab::unknown::Unknown;
use crate::gitlab::{changes, digest, jobs};
use crate::job::key::Key;
use crate::job::settings::variable;
use crate::steps::ask_digest::{branch_of, others};
use crate::steps::read_job::Call;

const DEPLOYMENTS: Route =
    [("deployments", "the digest lacks environments"), ("배포 기록", "요약에 환경이 나오지 않습니다")];
const PIPELINES: Route = [
    ("pipelines", "the digest lacks the default branch and the jobs that failed most"),
    ("파이프라인", "요약에 기본 브랜치와 많이 실패한 작업이 나오지 않습니다"),
];
const JOBS: Route = [
    ("the jobs of a pipeline", "the digest lacks the jobs that failed most"),
    ("파이프라인의 작업", "요약에 많이 실패한 작업이 나오지 않습니다"),
];
const COMMITS: Route = [
    ("the commits between two commits", "the digest lacks how far the default branch is ahead"),
    ("커밋 비교", "요약에 기본 브랜치가 얼마나 앞서 있는지 나오지 않습니다"),
];

/// True in the job of the component `digest`: it has the number of days, and none of `notify`'s variables.
pub(super) fn is_its_job(call: &Call) -> bool {
    // An invalid number of days counts as not set.
    call.variables.get(&variable(Key::DAYS.name())).is_some() && call.settings.get(Key::START_JOB).is_none()
}

/// Checks each list that the digest reads.
pub(super) fn check(call: &Call, list: &mut Checklist) {
    let has_numbers = match call.settings.get(Key::PROJECTS) {
        Some(projects) => check_others(call, projects, list),
        None => check_own(call, list),
    };
    if !has_numbers {
        let step = list.say(
            "digest: set NOTIFIER_GITLAB_TOKEN to an access token that may read them",
            "요약: 이를 읽을 수 있는 액세스 토큰을 NOTIFIER_GITLAB_TOKEN에 등록하세요",
        );
        let detail = list.say("the digest has no numbers, so it is not sent", "요약할 수치가 없어 보내지 않습니다");
        list.wrong(Topic::GitLab, detail, step);
    }
}

/// Returns whether a list can be read.
fn check_own(call: &Call, list: &Checklist) -> bool {
    let mut has_numbers = false;
    for (route, of) in [(DEPLOYMENTS, "deployments"), (PIPELINES, "pipelines")] {
        let known = connect(call).and_then(|api| digest::check_own(&api, of));
        has_numbers |= known.is_ok();
        check_route(list, route, known);
    }
    check_route(list, JOBS, connect(call).and_then(|api| jobs::names(&api).map(drop)));
    let sha = call.variables.get("CI_COMMIT_SHA").unwrap_or_default();
    check_route(
        list,
        COMMITS,
        connect(call).and_then(|api| changes::between(&api, sha, branch_of(call), "").map(drop)),
    );
    has_numbers
}

/// Returns whether a project can be read.
fn check_others(call: &Call, projects: &str, list: &Checklist) -> bool {
    if connect(call).is_ok_and(|api| api.with_access_token().is_err()) {
        let detail = list.say(
            "NOTIFIER_PROJECTS needs NOTIFIER_GITLAB_TOKEN, a group access token with read_api",
            "NOTIFIER_PROJECTS를 쓰려면 NOTIFIER_GITLAB_TOKEN에 read_api 범위의 그룹 액세스 토큰을 등록해야 합니다",
        );
        list.note(Topic::GitLab, detail);
        return false;
    }
    let mut has_numbers = false;
    for other in others(projects, branch_of(call), &*call.report) {
        let path = other.path;
        match connect(call).and_then(|api| digest::check_other(&api, other)) {
            Ok(()) => {
                has_numbers = true;
                list.ok(Topic::GitLab, &list.say(format!("can read {path}"), format!("{path}: 읽을 수 있습니다")));
            }
            Err(unknown) => {
                has_numbers |= matches!(unknown, Unknown::NoPipelines(_));
                list.note(Topic::GitLab, &format!("{path}: {}", unknown.describe()));
            }
        }
    }
    has_numbers
}
