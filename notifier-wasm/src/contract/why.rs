//! Why a pipeline failed, as far as the host could read it.

use crate::contract::fields::Fields;

#[derive(Debug)]
pub(crate) struct Why {
    /// The stages in the order in which they ran.
    pub(crate) stages: Vec<(String, StageState)>,
    pub(crate) tests: Option<Tests>,
    pub(crate) logs: Vec<Log>,
}

/// The state of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageState {
    Skipped,
    Done,
    Running,
    Waiting,
    Canceled,
    Failed,
}

/// The tests of a pipeline.
#[derive(Debug)]
pub(crate) struct Tests {
    pub(crate) total: u64,
    pub(crate) failed: u64,
    /// The names of suites that GitLab could not parse.
    pub(crate) unreadable: Vec<String>,
    /// The first failed tests.
    pub(crate) named: Vec<Test>,
}

#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) class: String,
    pub(crate) name: String,
    /// True if it did not fail in the previous pipeline, which failed.
    pub(crate) is_new: bool,
}

/// The end of a failed job's log.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) job_id: Option<i64>,
    pub(crate) job: String,
    /// The script's last lines, the oldest first.
    pub(crate) lines: Vec<String>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) is_too_long: bool,
}

impl Why {
    #[inline(never)]
    pub(crate) fn read(mut fields: Fields) -> Self {
        Self {
            stages: fields.objects("stages").unwrap_or_default().into_iter().map(stage).collect(),
            tests: fields.optional_object("tests").map(Tests::read),
            logs: fields.objects("logs").unwrap_or_default().into_iter().map(Log::read).collect(),
        }
    }
}

fn stage(mut fields: Fields) -> (String, StageState) {
    let words = [
        ("skipped", StageState::Skipped),
        ("done", StageState::Done),
        ("running", StageState::Running),
        ("waiting", StageState::Waiting),
        ("canceled", StageState::Canceled),
        ("failed", StageState::Failed),
    ];
    let state = fields.required_word("state", &words, "skipped, done, running, waiting, canceled or failed");
    (fields.string("name"), state.unwrap_or(StageState::Skipped))
}

impl Tests {
    fn read(mut fields: Fields) -> Self {
        let test = |mut fields: Fields| Test {
            class: fields.text("class"),
            name: fields.text("name"),
            is_new: fields.flag("is_new"),
        };
        let mut count = |name| fields.optional_integer(name).and_then(|it| u64::try_from(it).ok()).unwrap_or_default();
        Self {
            total: count("total"),
            failed: count("failed"),
            unreadable: fields.strings("unreadable").unwrap_or_default(),
            named: fields.objects("named").unwrap_or_default().into_iter().map(test).collect(),
        }
    }
}

impl Log {
    fn read(mut fields: Fields) -> Self {
        Self {
            job_id: fields.optional_integer("job_id"),
            job: fields.text("job"),
            lines: fields.strings("lines").unwrap_or_default(),
            exit_code: fields.optional_integer("exit_code"),
            is_too_long: fields.flag("is_too_long"),
        }
    }
}
