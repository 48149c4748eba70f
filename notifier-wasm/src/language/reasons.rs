//! The failure reasons of jobs as text (gitlab-org/gitlab, `app/models/concerns/enums/ci/commit_status.rb`).

use crate::contract::jobs::Job;
use crate::language::Language;
use crate::text;

/// The longest reason from GitLab that is shown, in characters.
const MAX_REASON: usize = 60;

/// A reason, and its text in English and in Korean.
type Reason = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const REASONS: [Reason; 55] = [
    ("script_failure", "script failed", "스크립트 실패"),
    ("runner_system_failure", "runner failed", "러너 장애"),
    ("job_execution_server_timeout", "timed out, GitLab ended it", "시간 초과로 GitLab이 종료"),
    ("server_timeout_running", "timed out, GitLab ended it", "시간 초과로 GitLab이 종료"),
    ("server_timeout_canceling", "timed out, GitLab ended it", "시간 초과로 GitLab이 종료"),
    ("no_updates_running", "runner went silent", "러너 응답 없음"),
    ("no_updates_canceling", "runner went silent", "러너 응답 없음"),
    ("trace_size_exceeded", "log too big", "로그 크기 초과"),
    ("job_token_expired", "job token expired", "작업 토큰 만료"),
    ("unknown_failure", "unknown failure", "알 수 없는 실패"),
    ("api_failure", "GitLab's API failed", "GitLab API 장애"),
    ("job_execution_timeout", "timed out", "시간 초과"),
    ("stuck_or_timeout_failure", "no runner took it", "작업을 실행할 러너 없음"),
    ("stuck_pending_no_matching_runners", "no runner took it", "작업을 실행할 러너 없음"),
    ("stuck_pending_with_matching_runners", "no runner took it", "작업을 실행할 러너 없음"),
    ("no_matching_runner", "no runner took it", "작업을 실행할 러너 없음"),
    ("runner_unsupported", "runner is too old", "러너 버전이 낮음"),
    ("ci_quota_exceeded", "no compute minutes left", "컴퓨팅 시간 소진"),
    ("stale_schedule", "delayed job never started", "지연 작업이 시작되지 않음"),
    ("scheduler_failure", "GitLab could not schedule it", "GitLab이 예약하지 못함"),
    ("data_integrity_failure", "broken data in GitLab", "GitLab 데이터 오류"),
    ("runner_configuration_error", "image or runner set up wrongly", "이미지 또는 러너 설정 오류"),
    ("image_pull_failure", "image could not be pulled", "이미지를 가져오지 못함"),
    ("runner_external_dependency_failure", "registry or network unreachable", "레지스트리 또는 네트워크 연결 실패"),
    ("runner_interrupted", "runner was shut down", "러너 종료됨"),
    ("missing_dependency_failure", "an artifact is gone", "아티팩트 없음"),
    ("unmet_prerequisites", "preparation failed", "사전 준비 실패"),
    ("environment_creation_failure", "bad environment name", "잘못된 환경 이름"),
    ("failed_outdated_deployment_job", "outdated deployment", "더 새로운 배포가 있음"),
    ("forward_deployment_failure", "outdated deployment", "더 새로운 배포가 있음"),
    ("protected_environment_failure", "environment is protected", "보호된 환경"),
    ("deployment_rejected", "deployment was rejected", "배포 승인 거부"),
    ("archived_failure", "pipeline is too old", "오래된 파이프라인"),
    ("builds_disabled", "CI/CD is switched off", "CI/CD 꺼짐"),
    ("project_deleted", "project was deleted", "프로젝트 삭제됨"),
    ("user_blocked", "user is blocked", "사용자 차단됨"),
    ("secrets_provider_not_found", "secrets provider not found", "시크릿 제공자 없음"),
    ("secrets_manager_access_denied", "no access to secrets", "시크릿 접근 거부"),
    ("ip_restriction_failure", "IP address not allowed", "허용되지 않은 IP 주소"),
    ("job_router_failure", "job router failed", "작업 라우터 장애"),
    ("id_token_burned_project_path", "project path not allowed in ID tokens", "ID 토큰에 쓸 수 없는 프로젝트 경로"),
    ("duo_workflow_not_allowed", "Duo workflow not allowed", "Duo 워크플로 허용 안 됨"),
    ("duo_workflow_connection_failure", "Duo workflow unreachable", "Duo 워크플로 연결 실패"),
    ("pipeline_loop_detected", "pipelines trigger each other", "파이프라인이 서로를 트리거함"),
    ("downstream_pipeline_creation_failed", "downstream pipeline not created", "다운스트림 파이프라인 생성 실패"),
    ("downstream_bridge_project_not_found", "downstream project not found", "다운스트림 프로젝트 없음"),
    ("upstream_bridge_project_not_found", "upstream project not found", "업스트림 프로젝트 없음"),
    ("insufficient_bridge_permissions", "not allowed to trigger it", "트리거 권한 없음"),
    ("insufficient_upstream_permissions", "not allowed to trigger it", "트리거 권한 없음"),
    ("invalid_bridge_trigger", "invalid trigger", "잘못된 트리거"),
    ("bridge_pipeline_is_child_pipeline", "a child pipeline cannot trigger it", "하위 파이프라인에서는 트리거 불가"),
    ("reached_max_descendant_pipelines_depth", "too many levels of child pipelines", "하위 파이프라인 단계 초과"),
    ("reached_max_pipeline_hierarchy_size", "too many downstream pipelines", "다운스트림 파이프라인 수 초과"),
    ("reached_downstream_pipeline_trigger_rate_limit", "triggered too often", "트리거 횟수 초과"),
    ("downstream_project_trigger_resolved_to_empty", "nothing to trigger", "트리거할 대상 없음"),
];

fn known(failure_reason: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|(name, ..)| *name == failure_reason)
}

/// True if this release knows a reason of GitLab.
pub(crate) fn is_known(failure_reason: &str) -> bool {
    known(failure_reason).is_some()
}

/// Returns the failure reason of a job as text; an empty text means unknown. If the downstream pipeline of a trigger job failed, GitLab
/// gives `unknown_failure` or nothing.
pub(crate) fn describe(job: &Job, language: Language) -> String {
    let reason = job.failure_reason.as_str();
    if job.downstream_url.is_some() && ["", "unknown_failure"].contains(&reason) {
        return pick(language, "downstream pipeline failed", "다운스트림 파이프라인 실패").to_owned();
    }
    known(reason).map_or_else(
        || text::shown(reason, MAX_REASON).replace('_', " "),
        |(_, english, korean)| pick(language, english, korean).to_owned(),
    )
}

fn pick(language: Language, english: &'static str, korean: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::Korean => korean,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

    fn described(reason: &str, downstream: bool, language: Language) -> String {
        let url = if downstream { "https://gitlab.example/-/pipelines/7" } else { "" };
        let job =
            json!({"name": "x", "failure_reason": reason, "downstream_url": Some(url).filter(|url| !url.is_empty())});
        let context = context(json!({"event": "pipeline-finished", "failed_jobs": [job]}));
        describe(&context.jobs.failed.as_ref().unwrap()[0], language)
    }

    #[test]
    fn every_known_reason_has_a_text_in_each_language() {
        for (name, ..) in &REASONS {
            for language in [Language::English, Language::Korean] {
                assert!(
                    !described(name, false, language).is_empty() && !described(name, false, language).contains('_'),
                    "{name}"
                );
            }
            assert_eq!(REASONS.iter().filter(|(other, ..)| other == name).count(), 1, "{name}");
        }
        assert_eq!(described("invented_in_gitlab_21", false, Language::Korean), "invented in gitlab 21");
        assert_eq!(described("", false, Language::English), "");
        assert_eq!(described("unknown_failure", true, Language::English), "downstream pipeline failed");
        assert_eq!(described("pipeline_loop_detected", true, Language::English), "pipelines trigger each other");
    }
}
