//! The words of a message, in each language.

use crate::state::{Action, State};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Korean,
}

/// The labels of links and details.
pub(crate) struct Labels {
    pub(crate) failed_job: &'static str,
    pub(crate) failed_jobs: &'static str,
    pub(crate) job: &'static str,
    pub(crate) runtime_logs: &'static str,
    pub(crate) open_site: &'static str,
    pub(crate) changes: &'static str,
    pub(crate) pipeline: &'static str,
    pub(crate) branch: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) merge_request: &'static str,
    pub(crate) commit: &'static str,
    pub(crate) by: &'static str,
    pub(crate) cluster: &'static str,
    /// How long the deployment took, the job that is none, the pipeline.
    pub(crate) deploy_took: &'static str,
    pub(crate) job_took: &'static str,
    pub(crate) pipeline_took: &'static str,
    /// The time since the pipeline began, in a message that is updated.
    pub(crate) so_far: &'static str,
    /// The link to the first message.
    pub(crate) message: &'static str,
    pub(crate) schedule: &'static str,
    /// A schedule whose description is not known, as what set the pipeline off.
    pub(crate) scheduled: &'static str,
    pub(crate) source: &'static str,
    pub(crate) trigger: &'static str,
    pub(crate) upstream: &'static str,
    pub(crate) parent: &'static str,
}

static ENGLISH: Labels = Labels {
    failed_job: "Failed job",
    failed_jobs: "Failed jobs",
    job: "Job",
    runtime_logs: "Runtime logs",
    open_site: "Open site",
    changes: "Changes",
    pipeline: "Pipeline",
    branch: "Branch",
    tag: "Tag",
    merge_request: "Merge request",
    commit: "Commit",
    by: "By",
    cluster: "Cluster",
    deploy_took: "Deploy took",
    job_took: "Job took",
    pipeline_took: "Pipeline took",
    so_far: "So far",
    message: "Message",
    schedule: "Schedule",
    scheduled: "schedule",
    source: "Source",
    trigger: "trigger",
    upstream: "upstream pipeline",
    parent: "parent pipeline",
};

static KOREAN: Labels = Labels {
    failed_job: "실패한 작업",
    failed_jobs: "실패한 작업",
    job: "작업",
    runtime_logs: "런타임 로그",
    open_site: "사이트 열기",
    changes: "변경 사항",
    pipeline: "파이프라인",
    branch: "브랜치",
    tag: "태그",
    merge_request: "머지 리퀘스트",
    commit: "커밋",
    by: "실행자",
    cluster: "클러스터",
    deploy_took: "배포 소요 시간",
    job_took: "작업 소요 시간",
    pipeline_took: "파이프라인 소요 시간",
    so_far: "경과",
    message: "메시지",
    schedule: "예약 실행",
    scheduled: "예약 실행",
    source: "실행 경로",
    trigger: "트리거",
    upstream: "업스트림 파이프라인",
    parent: "상위 파이프라인",
};

impl Language {
    /// The language of a code such as `ko`.
    pub(crate) fn of(code: &str) -> Option<Self> {
        match code.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "ko" => Some(Self::Korean),
            _ => None,
        }
    }

    pub(crate) fn labels(self) -> &'static Labels {
        match self {
            Self::English => &ENGLISH,
            Self::Korean => &KOREAN,
        }
    }

    /// What happened, as the headline says it. `job` is the name of a job that is no deployment.
    pub(crate) fn state(self, state: State, action: Action, job: &str) -> String {
        let (english, korean) = match (state, action) {
            (State::PipelineStarted, _) => ("pipeline started", "파이프라인 시작"),
            (State::DeployStarted, Action::Deploy) => ("deploy started", "배포 시작"),
            (State::DeploySucceeded, Action::Deploy) => ("deploy succeeded", "배포 성공"),
            (State::DeployFailed, Action::Deploy) => ("deploy failed", "배포 실패"),
            (State::DeployCanceled, Action::Deploy) => ("deploy canceled", "배포 취소"),
            (State::DeployFinished, Action::Deploy) => ("deploy finished", "배포 끝남"),
            (State::DeployStarted, Action::Stop) => ("environment stopping", "환경 중지 시작"),
            (State::DeployStopped, _) | (State::DeploySucceeded, Action::Stop) => {
                ("environment stopped", "환경 중지됨")
            }
            (State::DeployFailed, Action::Stop) => ("stop failed", "중지 실패"),
            (State::DeployCanceled, Action::Stop) => ("stop canceled", "중지 취소"),
            (State::DeployFinished, Action::Stop) => ("stop finished", "중지 작업 끝남"),
            (State::DeployStarted, Action::Other) => ("started", "시작"),
            (State::DeploySucceeded, Action::Other) => ("succeeded", "성공"),
            (State::DeployFailed, Action::Other) => ("failed", "실패"),
            (State::DeployCanceled, Action::Other) => ("canceled", "취소"),
            (State::DeployFinished, Action::Other) => ("finished", "끝남"),
            (State::PipelineSucceeded, _) => ("pipeline succeeded", "파이프라인 성공"),
            (State::PipelineFailed, _) => ("pipeline failed", "파이프라인 실패"),
            (State::PipelineFixed, _) => ("fixed", "복구됨"),
            (State::PipelineFinished, _) => ("pipeline finished", "파이프라인 끝남 (결과 미확인)"),
        };
        let words = match self {
            Self::English => english,
            Self::Korean => korean,
        };
        if job.is_empty() { words.to_owned() } else { format!("{job} {words}") }
    }

    /// The person behind the state, in the one-line text.
    pub(crate) fn by(self, person: &str) -> String {
        match self {
            Self::English => format!(", by {person}"),
            Self::Korean => format!(" · 실행자 {person}"),
        }
    }

    /// Why a job failed, in words: GitLab's `failure_reason`
    /// (gitlab-org/gitlab, `app/models/concerns/enums/ci/commit_status.rb`). One that is not known is shown as GitLab names it.
    pub(crate) fn reason(self, failure_reason: &str) -> String {
        let (english, korean) = match failure_reason {
            "script_failure" => ("script failed", "스크립트 실패"),
            "job_execution_timeout" => ("timed out", "시간 초과"),
            "job_execution_server_timeout" | "server_timeout_running" | "server_timeout_canceling" => {
                ("timed out, GitLab ended it", "시간 초과로 GitLab이 종료")
            }
            "runner_system_failure" => ("runner failed", "러너 장애"),
            "runner_configuration_error" | "image_pull_failure" => {
                ("image or runner set up wrongly", "이미지 또는 러너 설정 오류")
            }
            "runner_external_dependency_failure" => {
                ("registry or network unreachable", "레지스트리 또는 네트워크 연결 실패")
            }
            "runner_interrupted" => ("runner was shut down", "러너 종료됨"),
            "stuck_or_timeout_failure"
            | "stuck_pending_no_matching_runners"
            | "stuck_pending_with_matching_runners"
            | "no_matching_runner" => ("no runner took it", "러너 대기 시간 초과"),
            "no_updates_running" | "no_updates_canceling" => ("runner went silent", "러너 응답 없음"),
            "runner_unsupported" => ("runner is too old", "러너 버전이 낮음"),
            "missing_dependency_failure" => ("an artifact is gone", "아티팩트 없음"),
            "protected_environment_failure" => ("environment is protected", "보호된 환경"),
            "failed_outdated_deployment_job" | "forward_deployment_failure" => {
                ("outdated deployment", "더 새로운 배포가 있음")
            }
            "deployment_rejected" => ("deployment was rejected", "배포 승인 거부"),
            "environment_creation_failure" => ("bad environment name", "잘못된 환경 이름"),
            "unmet_prerequisites" => ("preparation failed", "사전 준비 실패"),
            "ci_quota_exceeded" => ("no compute minutes left", "컴퓨팅 시간 소진"),
            "archived_failure" => ("pipeline is too old", "오래된 파이프라인"),
            "downstream_pipeline_creation_failed" => {
                ("downstream pipeline not created", "다운스트림 파이프라인 생성 실패")
            }
            other => return other.replace('_', " "),
        };
        match self {
            Self::English => english.to_owned(),
            Self::Korean => korean.to_owned(),
        }
    }

    /// That a stage failed, by its name: `build failed`.
    pub(crate) fn stage_failed(self, stage: &str) -> String {
        match (self, stage) {
            (Self::English, _) => format!("{stage} failed"),
            (Self::Korean, "build") => "빌드 실패".to_owned(),
            (Self::Korean, "test") => "테스트 실패".to_owned(),
            (Self::Korean, "deploy") => "배포 실패".to_owned(),
            (Self::Korean, _) => format!("{stage} 실패"),
        }
    }

    /// What follows a list that was cut.
    pub(crate) fn and_more(self, count: usize) -> String {
        match self {
            Self::English => format!("and {count} more"),
            Self::Korean => format!("외 {count}개"),
        }
    }

    /// A duration as people say it: `42s`, `2m 14s`, `1h 03m`.
    pub(crate) fn duration(self, seconds: u64) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match (self, hours, minutes) {
            (Self::English, 0, 0) => format!("{rest}s"),
            (Self::English, 0, _) => format!("{minutes}m {rest:02}s"),
            (Self::English, _, _) => format!("{hours}h {minutes:02}m"),
            (Self::Korean, 0, 0) => format!("{rest}초"),
            (Self::Korean, 0, _) => format!("{minutes}분 {rest}초"),
            (Self::Korean, _, _) => format!("{hours}시간 {minutes}분"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        for (seconds, english, korean) in [
            (0, "0s", "0초"),
            (42, "42s", "42초"),
            (134, "2m 14s", "2분 14초"),
            (125, "2m 05s", "2분 5초"),
            (3780, "1h 03m", "1시간 3분"),
        ] {
            assert_eq!(Language::English.duration(seconds), english);
            assert_eq!(Language::Korean.duration(seconds), korean);
        }
    }
}
