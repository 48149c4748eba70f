//! The words of a message, in each language.

use crate::state::State;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Korean,
}

/// The labels of links and details.
pub(crate) struct Labels {
    pub(crate) failed_job: &'static str,
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
    pub(crate) took: &'static str,
    /// The time since the pipeline began, in a message that is updated.
    pub(crate) so_far: &'static str,
    /// The link to the first message.
    pub(crate) message: &'static str,
    pub(crate) schedule: &'static str,
    /// A schedule whose description is not known.
    pub(crate) scheduled: &'static str,
    pub(crate) source: &'static str,
    pub(crate) trigger: &'static str,
    pub(crate) upstream: &'static str,
    pub(crate) parent: &'static str,
}

static ENGLISH: Labels = Labels {
    failed_job: "Failed job",
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
    took: "Took",
    so_far: "So far",
    message: "Message",
    schedule: "Schedule",
    scheduled: "scheduled",
    source: "Source",
    trigger: "trigger",
    upstream: "upstream pipeline",
    parent: "parent pipeline",
};

static KOREAN: Labels = Labels {
    failed_job: "실패한 작업",
    job: "작업",
    runtime_logs: "런타임 로그",
    open_site: "사이트 열기",
    changes: "변경 사항",
    pipeline: "파이프라인",
    branch: "브랜치",
    tag: "태그",
    merge_request: "머지 리퀘스트",
    commit: "커밋",
    by: "실행",
    cluster: "클러스터",
    took: "소요 시간",
    so_far: "경과",
    message: "메시지",
    schedule: "예약 실행",
    scheduled: "예약됨",
    source: "출처",
    trigger: "트리거",
    upstream: "업스트림 파이프라인",
    parent: "상위 파이프라인",
};

impl Language {
    /// The language of a code such as `ko`.
    pub(crate) fn of(code: &str) -> Option<Self> {
        match code {
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

    /// What happened, as the headline says it.
    pub(crate) fn state(self, state: State) -> &'static str {
        let (english, korean) = match state {
            State::PipelineStarted => ("pipeline started", "파이프라인 시작"),
            State::DeployStarted => ("deploy started", "배포 시작"),
            State::DeploySucceeded => ("deploy succeeded", "배포 성공"),
            State::DeployFailed => ("deploy failed", "배포 실패"),
            State::DeployCanceled => ("deploy canceled", "배포 취소"),
            State::DeployFinished => ("deploy finished", "배포 종료"),
            State::PipelineSucceeded => ("pipeline succeeded", "파이프라인 성공"),
            State::PipelineFailed => ("pipeline failed", "파이프라인 실패"),
            State::PipelineFixed => ("fixed", "복구됨"),
            State::PipelineFinished => ("pipeline finished", "파이프라인 종료"),
        };
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }

    /// The person behind the state, in the one-line text.
    pub(crate) fn by(self, person: &str) -> String {
        match self {
            Self::English => format!(", by {person}"),
            Self::Korean => format!(", 실행 {person}"),
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
