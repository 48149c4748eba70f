//! The texts of a digest in each language.

use super::Language;

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Deployments,
    Pipelines,
    Failed,
    Rollbacks,
}

impl Language {
    pub(crate) fn last_days(self, days: i64) -> String {
        match days {
            1 => self.say("last 24 hours", "지난 24시간", &[]),
            _ => self.say("last {} days", "지난 {}일", &[&days.to_string()]),
        }
    }

    pub(crate) fn nothing_happened(self) -> String {
        self.say("no deployments and no pipelines", "배포와 파이프라인 없음", &[])
    }

    /// Returns a number with what it counts: `12 deployments`.
    #[inline(never)]
    pub(crate) fn counted(self, what: Unit, count: i64) -> String {
        let [none, one, many, korean_none, korean] = match what {
            Unit::Deployments => ["no deployments", "1 deployment", "{} deployments", "배포 없음", "배포 {}회"],
            Unit::Pipelines => ["no pipelines", "1 pipeline", "{} pipelines", "파이프라인 없음", "파이프라인 {}개"],
            Unit::Failed => ["0 failed", "1 failed", "{} failed", "실패 없음", "실패 {}회"],
            Unit::Rollbacks => ["no rollbacks", "1 rollback", "{} rollbacks", "롤백 없음", "롤백 {}회"],
        };
        let (english, korean) = match count {
            0 => (none, korean_none),
            1 => (one, korean),
            _ => (many, korean),
        };
        self.say(english, korean, &[&grouped(count)])
    }

    /// Returns the limit of what was read: `of the last 1,000 deployments`.
    pub(crate) fn of_last(self, what: Unit, count: i64) -> String {
        self.say("of the last {}", "최근 {} 기준", &[&self.counted(what, count)])
    }

    /// Returns the text before the commit of the last successful deployment.
    pub(crate) fn last_one(self, age: &str) -> String {
        self.say("last success {}: ", "마지막 성공 {}: ", &[age])
    }

    /// Returns how far the default branch is ahead of an environment.
    pub(crate) fn ahead(self, branch: &str, commits: i64) -> String {
        let (english, korean) = match commits {
            0 => ("{} is not ahead", "{} 브랜치에 새 커밋 없음"),
            1 => ("{} is 1 commit ahead", "{} 브랜치가 커밋 1개 앞섬"),
            _ => ("{} is {} commits ahead", "{} 브랜치가 커밋 {}개 앞섬"),
        };
        self.say(english, korean, &[branch, &grouped(commits)])
    }

    pub(crate) fn review_environments(self) -> String {
        self.say("review environments", "리뷰 환경", &[])
    }

    pub(crate) fn and_more_environments(self, count: i64) -> String {
        let english = if count == 1 { "and 1 more environment" } else { "and {} more environments" };
        self.say(english, "그 외 환경 {}개", &[&count.to_string()])
    }

    /// Returns how long a branch was red: `red for about 5 h`.
    pub(crate) fn red_for(self, seconds: i64) -> String {
        self.say("red for about {}", "약 {} 동안 실패 상태", &[&self.about(seconds)])
    }

    /// Returns the longest of these times.
    pub(crate) fn at_most(self, seconds: i64) -> String {
        self.say("at most {} at a time", "최장 {}", &[&self.about(seconds)])
    }

    pub(crate) fn red_now(self) -> String {
        self.say("red now", "현재 실패 중", &[])
    }

    /// Returns the jobs that failed most: `Failed most: unit 6×, lint 2× (in 9 failed pipelines)`.
    pub(crate) fn failed_most(self, jobs: &str, pipelines: i64) -> String {
        let (english, korean) = match pipelines {
            1 => ("Failed: {} (in 1 failed pipeline)", "실패한 작업: {} (실패한 파이프라인 1개)"),
            _ => ("Failed most: {} (in {} failed pipelines)", "많이 실패한 작업: {} (실패한 파이프라인 {}개 중)"),
        };
        self.say(english, korean, &[jobs, &pipelines.to_string()])
    }

    /// Returns a job with the number of its failures.
    pub(crate) fn times(self, job: &str, count: i64) -> String {
        self.say("{} {}×", "{} {}회", &[job, &count.to_string()])
    }

    pub(crate) fn and_more_projects(self, count: usize) -> String {
        let english = if count == 1 { "and 1 more project" } else { "and {} more projects" };
        self.say(english, "그 외 프로젝트 {}개", &[&count.to_string()])
    }

    /// Returns what could not be read of a project: all, or one of its parts.
    pub(crate) fn not_readable(self, what: Option<Unit>) -> String {
        let (english, korean) = match what {
            None => ("could not be read", "조회하지 못함"),
            Some(Unit::Deployments) => ("deployments could not be read", "배포는 조회하지 못함"),
            Some(_) => ("pipelines could not be read", "파이프라인은 조회하지 못함"),
        };
        self.say(english, korean, &[])
    }

    /// Returns a duration in its largest unit, rounded.
    #[inline(never)]
    fn about(self, seconds: i64) -> String {
        let (minutes, hours) = ((seconds + 30) / 60, (seconds + 1800) / 3600);
        let (english, korean, count) = match hours {
            _ if minutes < 90 => ("{} min", "{}분", minutes),
            0..48 => ("{} h", "{}시간", hours),
            _ => ("{} days", "{}일", (hours + 12) / 24),
        };
        self.say(english, korean, &[&count.to_string()])
    }
}

/// `1,000`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    match digits.len().checked_sub(3) {
        Some(cut @ 1..) if number > 0 => format!("{},{}", grouped(number / 1000), &digits[cut..]),
        _ => digits,
    }
}
