//! The result of a run of any program.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::docs::assert_documented;

pub(crate) struct Ended {
    /// The exit status; after a signal, 128 plus its number, as in a shell.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ended {
    /// Asserts that both outputs are UTF-8, as a job's log is, and that the docs have an entry for each warning.
    #[track_caller]
    pub(crate) fn of(output: &Output, took: Duration) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let status = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or_default());
        let ended = Self { status, stdout: text(&output.stdout), stderr: text(&output.stderr), took };
        assert_documented(&ended.stderr);
        ended
    }

    /// Returns stdout and stderr.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Returns the last line of stderr, which scripts may rely on.
    pub(crate) fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// Asserts that a `send` did not deliver: exit status 0, this last line, and this warning.
    #[track_caller]
    pub(crate) fn failed_with(&self, last_line: &str, warning: &str) {
        assert_eq!((self.status, self.last_line()), (0, last_line), "{}", self.stderr);
        let warned = self.stderr.lines().any(|line| line.starts_with("warning: ") && line.contains(warning));
        assert!(warned, "no warning says `{warning}`:\n{}", self.stderr);
    }
}
