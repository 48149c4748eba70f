//! The texts of a message in each language.

pub(crate) mod digest;
pub(crate) mod reasons;

use crate::contract::action::Action;
use crate::contract::state::State;
use crate::contract::wait::Wait;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Korean,
}

/// The labels of links and details: a name, and its text in English and in Korean.
macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $korean:literal;)*) => {
        pub(crate) struct Labels {
            $($(#[$doc])* pub(crate) $name: &'static str,)*
        }
        static ENGLISH: Labels = Labels { $($name: $english,)* };
        static KOREAN: Labels = Labels { $($name: $korean,)* };
    };
}

labels! {
    failed_job: "Failed job", "실패한 작업";
    failed_jobs: "Failed jobs", "실패한 작업";
    job: "Job", "작업";
    runtime_logs: "Runtime logs", "런타임 로그";
    open_site: "Open site", "사이트 열기";
    changes: "Changes", "변경 사항";
    /// The changes of one push, if those since the last deployment are unknown.
    push: "Changes of this push", "이번 푸시의 변경 사항";
    first_deployment: "First deployment", "첫 배포";
    pipeline: "Pipeline", "파이프라인";
    branch: "Branch", "브랜치";
    tag: "Tag", "태그";
    merge_request: "Merge request", "머지 리퀘스트";
    commit: "Commit", "커밋";
    triggered_by: "Triggered by", "실행자";
    author: "Author", "작성자";
    cluster: "Cluster", "클러스터";
    /// The duration of the deployment, of a job that is none, of the pipeline.
    deploy_took: "Deploy took", "배포 소요 시간";
    job_took: "Job took", "작업 소요 시간";
    stages: "Stages", "단계";
    pipeline_took: "Pipeline took", "파이프라인 소요 시간";
    /// The time since the pipeline began, in a living message and in a late one.
    so_far: "So far", "경과";
    started: "Started", "시작";
    /// The link to the first message.
    message: "Message", "메시지";
    schedule: "Schedule", "예약 실행";
    /// The source of a pipeline whose schedule has no known description.
    scheduled: "schedule", "예약 실행";
    source: "Source", "실행 경로";
    trigger: "trigger", "트리거";
    upstream: "upstream pipeline", "업스트림 파이프라인";
    parent: "parent pipeline", "상위 파이프라인";
}

impl Language {
    /// Returns the language of a code such as `ko`.
    pub(crate) fn of(code: &str) -> Option<Self> {
        match code.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "ko" => Some(Self::Korean),
            _ => None,
        }
    }

    /// Returns a text in this language, with values in place of its `{}`. A shared function keeps the module small.
    #[inline(never)]
    pub(crate) fn say(self, english: &str, korean: &str, values: &[&str]) -> String {
        let text = match self {
            Self::English => english,
            Self::Korean => korean,
        };
        let mut said = String::new();
        let mut values = values.iter();
        for (at, part) in text.split("{}").enumerate() {
            said.extend((at > 0).then(|| *values.next().unwrap_or(&"")));
            said += part;
        }
        said
    }

    pub(crate) fn labels(self) -> &'static Labels {
        match self {
            Self::English => &ENGLISH,
            Self::Korean => &KOREAN,
        }
    }

    /// Returns the status in the headline. `about` is the name of a job that is no deployment, or the commit of a rollback.
    pub(crate) fn state(self, state: State, action: Action, about: &str) -> String {
        let (english, korean) = match (state, action) {
            (State::PipelineStarted, _) => ("pipeline started", "파이프라인 시작"),
            (State::DeployStarted, Action::Deploy) => ("deploy started", "배포 시작"),
            (State::DeploySucceeded, Action::Deploy) => ("deploy succeeded", "배포 성공"),
            (State::DeployAgain, _) => ("deployed again", "다시 배포됨"),
            (State::DeployRolledBack, _) => ("rolled back to", "커밋으로 롤백됨"),
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
            (State::PipelineStillFailing, _) => ("still failing", "계속 실패 중"),
            (State::PipelineFixed, _) => ("pipeline fixed", "파이프라인 복구됨"),
            (State::PipelineCanceled, _) => ("pipeline canceled", "파이프라인 취소됨"),
            (State::PipelineWaiting, _) => ("waiting", "대기 중"),
            // A digest has a headline of its own.
            (State::Digest, _) => ("", ""),
            (State::PipelineFinished, _) => ("pipeline finished", "파이프라인 끝남 (결과 미확인)"),
        };
        let text = match self {
            Self::English => english,
            Self::Korean => korean,
        };
        let is_behind = state == State::DeployRolledBack && self == Self::English;
        match (about, is_behind) {
            ("", _) => text.to_owned(),
            (about, true) => format!("{text} {about}"),
            (about, false) => format!("{about} {text}"),
        }
    }

    /// Returns the status of a message that only tries out Slack.
    pub(crate) fn test(self) -> &'static str {
        match self {
            Self::English => "a test of pipeline-notifier, nothing was deployed",
            Self::Korean => "pipeline-notifier 시험 메시지, 배포된 것 없음",
        }
    }

    /// Returns the status of a pipeline that a closing job found running.
    pub(crate) fn still_running(self) -> &'static str {
        match self {
            Self::English => "pipeline still running",
            Self::Korean => "파이프라인 아직 실행 중",
        }
    }

    /// Returns the status of a waiting pipeline: `waiting for manual job deploy-prod`. `names` are those of the jobs, or of the environments
    /// that need approval.
    pub(crate) fn waiting(self, wait: Wait, names: &str) -> String {
        let (english, korean) = match wait {
            Wait::Manual => ("waiting for manual job {}", "수동 작업 {} 실행 대기 중"),
            Wait::Approval => ("waiting for approval of {}", "{} 승인 대기 중"),
            Wait::Turn => ("waiting for its turn: {}", "{} 순서 대기 중"),
            Wait::Delay => ("delayed: {}", "지연 작업 {} 시작 대기 중"),
        };
        self.say(english, korean, &[names])
    }

    /// Returns the person after the state, in the one-line text.
    pub(crate) fn by(self, person: &str) -> String {
        self.say(", by {}", " · 실행자 {}", &[person])
    }

    /// Returns the status of a failed stage: `build failed`.
    pub(crate) fn stage_failed(self, stage: &str) -> String {
        match (self, stage) {
            (Self::English, _) => format!("{stage} failed"),
            (Self::Korean, "build") => "빌드 실패".to_owned(),
            (Self::Korean, "test") => "테스트 실패".to_owned(),
            (Self::Korean, "deploy") => "배포 실패".to_owned(),
            (Self::Korean, _) => format!("{stage} 실패"),
        }
    }

    /// Returns the end of a list that was cut. The count is not always known.
    pub(crate) fn and_more(self, count: Option<usize>) -> String {
        match count {
            Some(count) => self.say("and {} more", "외 {}개", &[&count.to_string()]),
            None => self.say("and more", "외 여러 개", &[]),
        }
    }

    /// Returns the end of a list of mentions that was cut.
    pub(crate) fn and_more_people(self, count: usize) -> String {
        self.say("and {} more", "외 {}개 대상", &[&count.to_string()])
    }

    /// Returns whether a failed job failed in the previous pipeline too.
    pub(crate) fn failed_before(self, before: Option<i64>) -> String {
        match before {
            None => self.say("new", "새로운 실패", &[]),
            Some(pipeline) => self.say("also failed in #{}", "#{}에서도 실패", &[&pipeline.to_string()]),
        }
    }

    /// Returns the texts before and after the first of the pipelines that failed in a row.
    pub(crate) fn red_since(self, age: Option<&str>, count: Option<u64>) -> (&'static str, String) {
        let count = |before: &str, after: &str| count.map_or_else(String::new, |it| format!(" ({before}{it}{after})"));
        match self {
            Self::English => {
                let age = age.map_or_else(String::new, |age| format!(", {age}"));
                ("Red since ", age + &count("", " pipelines"))
            }
            Self::Korean => {
                let age = age.map_or_else(String::new, |age| format!("({age})"));
                ("", format!("{age}부터 계속 실패{}", count("파이프라인 ", "개")))
            }
        }
    }

    /// Returns the text between that pipeline and its commit.
    pub(crate) fn started_with(self) -> &'static str {
        match self {
            Self::English => ", started with ",
            Self::Korean => " · 첫 실패 커밋 ",
        }
    }

    /// Returns the author of a commit, after its title.
    pub(crate) fn written_by(self, author: &str) -> String {
        self.say(" by {}", " · 작성자 {}", &[author])
    }

    /// Returns the line about failures that go further back than was read.
    pub(crate) fn red_for_more_than(self, count: u64) -> String {
        self.say("Red for more than {} pipelines", "파이프라인 {}개 넘게 계속 실패", &[&count.to_string()])
    }

    /// Returns the exit code of a script, after the reason of the failure.
    pub(crate) fn exit_code(self, code: i64) -> String {
        self.say(", exit code {}", ", 종료 코드 {}", &[&code.to_string()])
    }

    /// Returns the number of failed tests: `Tests: 3 of 412 failed`.
    pub(crate) fn tests_failed(self, failed: u64, total: u64) -> String {
        let (failed, total) = (failed.to_string(), total.to_string());
        match self {
            Self::English => self.say("Tests: {} of {} failed", "", &[&failed, &total]),
            Self::Korean => self.say("", "테스트: {}개 중 {}개 실패", &[&total, &failed]),
        }
    }

    /// Returns the number of tests, if all passed.
    pub(crate) fn tests_passed(self, total: u64) -> String {
        let english = if total == 1 { "{} test passed" } else { "{} tests passed" };
        self.say(english, "테스트 {}개 통과", &[&total.to_string()])
    }

    /// Returns the suites whose reports GitLab could not parse.
    pub(crate) fn reports_unreadable(self, suites: &str) -> String {
        self.say("Test reports not readable: {}", "읽을 수 없는 테스트 보고서: {}", &[suites])
    }

    /// Returns the title of the end of a job's log.
    pub(crate) fn log_of(self, job: &str) -> String {
        self.say("log of {}", "{} 로그", &[job])
    }

    /// Returns the same for a log that was not read.
    pub(crate) fn log_is_too_long(self, job: &str) -> String {
        self.say("log of {}: too long to show", "{} 로그: 너무 길어 표시하지 않음", &[job])
    }

    /// Returns the number of an attempt: `2nd attempt`.
    pub(crate) fn attempt(self, number: u64) -> String {
        match self {
            Self::English => format!("{} attempt", ordinal(number)),
            Self::Korean => format!("{number}번째 시도"),
        }
    }

    /// Returns the number of failures in a row, which stands after the status: `3rd in a row`. In Korean the status has it.
    pub(crate) fn in_a_row(self, number: u64) -> Option<String> {
        (self == Self::English).then(|| format!("{} in a row", ordinal(number)))
    }

    /// Returns the status with the number of failures in a row, in Korean.
    pub(crate) fn failed_in_a_row(self, number: u64) -> Option<String> {
        (self == Self::Korean).then(|| format!("{number}회 연속 실패"))
    }

    /// Returns the status of the operators' all-clear.
    pub(crate) fn fixed(self) -> &'static str {
        match self {
            Self::English => "fixed",
            Self::Korean => "복구됨",
        }
    }

    /// Returns the earlier status: `was: build failed`.
    pub(crate) fn was(self, text: &str) -> String {
        self.say("was: {}", "이전: {}", &[text])
    }

    /// Returns the number of commits as text.
    pub(crate) fn commits(self, count: usize) -> String {
        let english =
            if count == 1 { "{} commit since the last deployment" } else { "{} commits since the last deployment" };
        self.say(english, "지난 배포 이후 커밋 {}개", &[&count.to_string()])
    }

    /// Returns the time since something happened.
    pub(crate) fn ago(self, seconds: u64) -> String {
        let duration = self.duration(seconds);
        match self {
            Self::English => format!("{duration} ago"),
            Self::Korean => format!("{duration} 전"),
        }
    }

    /// Returns an age in its largest unit: `3 h ago`.
    pub(crate) fn roughly_ago(self, seconds: u64) -> String {
        let (minutes, hours) = ((seconds / 60).max(1), seconds / 3600);
        let (english, korean, count) = match hours {
            0 => ("{} min ago", "{}분 전", minutes),
            1..48 => ("{} h ago", "{}시간 전", hours),
            _ => ("{} days ago", "{}일 전", hours / 24),
        };
        self.say(english, korean, &[&count.to_string()])
    }

    /// Returns a duration as people write it: `42s`, `2m 14s`, `1h 03m`.
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

/// `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`.
fn ordinal(number: u64) -> String {
    let suffix = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
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

    #[test]
    fn ordinals_are_english() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111];
        let expected = ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd", "111th"];
        assert_eq!(numbers.map(ordinal), expected);
    }
}
