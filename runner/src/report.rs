//! The output for people: warnings, the summary and the outcome on stderr, and a command's result on stdout. Nothing else writes to
//! either, except clap's help and usage errors.

use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use serde::Deserialize;

use crate::module::skip::Skip;
use crate::net::secret::Redactor;
use crate::variables::is_invisible;

/// The length limit of a line, in characters, and the limit of lines for each call. Four lines are reserved: the notice of left-out
/// warnings, the summary, the operators' summary and the outcome.
const MAX_LINE: usize = 500;
const MAX_LINES: usize = 20;

/// The outcome of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    /// Nothing was tried, because the module has a reason to skip.
    Skipped(Skip),
    /// Nothing was tried, because there is no destination.
    Nowhere {
        reason: String,
    },
    /// A try failed, or a mistake prevented it.
    Failed {
        reason: String,
    },
}

impl Outcome {
    pub(crate) fn nowhere(reason: &str) -> Self {
        Self::Nowhere { reason: reason.to_owned() }
    }

    /// Returns the rank of an outcome. The highest rank decides for a call: a failure over a sent message, and that over an intended skip.
    pub(crate) fn severity(&self) -> u8 {
        match self {
            Self::Skipped(skip) if skip.is_on_purpose() => 0,
            Self::Sent => 1,
            Self::Skipped(_) => 2,
            Self::Nowhere { .. } => 3,
            Self::Failed { .. } => 4,
        }
    }

    pub(crate) fn failed(reason: &str) -> Self {
        Self::Failed { reason: reason.to_owned() }
    }

    /// Returns the exit status. Without `strict` it is 0, so that no job fails. With `strict`, 0 means sent, or
    /// skipped because the settings say so. Wrong usage is 2, as usual on command lines. Everything else is 1.
    pub(crate) fn exit_status(&self, strict: bool) -> u8 {
        match self {
            _ if !strict => 0,
            Self::Sent => 0,
            Self::Skipped(skip) if skip.is_on_purpose() => 0,
            Self::Failed { reason } if reason == "usage" => 2,
            Self::Skipped(_) | Self::Nowhere { .. } | Self::Failed { .. } => 1,
        }
    }
}

/// A problem with a setting or a variable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Warning {
    pub(crate) code: Code,
    /// The name of the variable or file.
    #[serde(default)]
    pub(crate) setting: Option<String>,
    /// The problem, its cause and the next step.
    pub(crate) text: String,
}

impl Warning {
    pub(crate) fn about(code: Code, setting: &str, text: String) -> Self {
        Self { code, setting: Some(setting.to_owned()), text }
    }
}

/// The kinds of warnings. Other code depends on them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Code {
    /// A bot without a channel, or a token or webhook that cannot be used.
    Destination,
    /// The operators' webhook cannot be used.
    OperatorsWebhook,
    /// The module does not know the job's status.
    NoJobStatus,
    /// The setting `deploy_jobs` leaves out this job.
    HookNotNamed,
    /// Any other warning of the module.
    OfModule(String),
}

impl From<String> for Code {
    fn from(code: String) -> Self {
        match code.as_str() {
            "no_job_status" => Self::NoJobStatus,
            "hook_not_named" => Self::HookNotNamed,
            _ => Self::OfModule(code),
        }
    }
}

/// A receiver of warnings.
pub(crate) trait Sink {
    /// Takes a warning: the cause and the next step.
    fn warning(&self, text: &str);
}

/// Writes lines for people. Shared with the watchdog's thread.
#[derive(Default)]
pub(crate) struct Report {
    redactor: RwLock<Redactor>,
    lines: AtomicUsize,
    /// True after the last line.
    has_ended: AtomicBool,
}

impl Report {
    /// Keeps these secrets out of every line.
    pub(crate) fn redacting(redactor: Redactor) -> Self {
        Self { redactor: RwLock::new(redactor), lines: AtomicUsize::new(0), has_ended: AtomicBool::new(false) }
    }

    /// Keeps one more secret out of every line.
    pub(crate) fn redact(&self, secret: &str) {
        self.redactor.write().unwrap_or_else(PoisonError::into_inner).add(secret);
    }

    /// Writes the summary of the sent message in one line.
    pub(crate) fn message(&self, summary: &str) {
        self.line("message: ", summary);
    }

    /// Writes the last line, for people and machines, and returns the exit status.
    pub(crate) fn end(&self, outcome: &Outcome, strict: bool) -> u8 {
        if self.has_ended.swap(true, Ordering::Relaxed) {
            return outcome.exit_status(strict);
        }
        match outcome {
            Outcome::Sent => self.line("notify: ", "sent"),
            Outcome::Skipped(skip) => self.line("notify: ", &format!("skipped reason={skip}")),
            Outcome::Nowhere { reason } => self.line("notify: ", &format!("skipped reason={reason}")),
            Outcome::Failed { reason } => self.line("notify: ", &format!("failed reason={reason}")),
        }
        outcome.exit_status(strict)
    }

    /// Writes any other line.
    pub(crate) fn line(&self, heading: &str, text: &str) {
        let redacted = self.redactor.read().unwrap_or_else(PoisonError::into_inner).redact(text);
        let line = format!("{heading}{}\n", one_line(&redacted));
        // If stderr fails, nobody can read an error.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

impl Sink for Report {
    fn warning(&self, text: &str) {
        match self.lines.fetch_add(1, Ordering::Relaxed) {
            count if count < MAX_LINES - 4 => self.line("warning: ", text),
            count if count == MAX_LINES - 4 => self.line("warning: ", "more warnings are left out"),
            _ => {}
        }
    }
}

/// Collects warnings.
impl Sink for RefCell<Vec<String>> {
    fn warning(&self, text: &str) {
        self.borrow_mut().push(text.to_owned());
    }
}

/// Writes to stdout, and ignores a reader that is gone.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Returns one line that a terminal and GitLab's log viewer treat as text. Control characters, `section_start` escapes and
/// bidirectional overrides are shown, not obeyed (CWE-150, CVE-2021-42574).
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for character in text.trim().chars() {
        if length >= MAX_LINE {
            line.push('…');
            break;
        }
        let before = line.len();
        match character {
            '\n' | '\t' => line.push(' '),
            c if c.is_control() || is_invisible(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
        length += line[before..].chars().count();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_take_over_a_log() {
        assert_eq!(one_line("a\u{1b}[31mb\rsection_start:0:x\n c"), "a\\u{1b}[31mb\\u{d}section_start:0:x  c");
        assert_eq!(one_line(&"x".repeat(600)).chars().count(), MAX_LINE + 1);
        assert_eq!(one_line(&"x".repeat(MAX_LINE)).chars().count(), MAX_LINE);
        // The limit counts the escaped characters, not the original ones.
        assert!(one_line(&"\0".repeat(600)).chars().count() <= MAX_LINE + 6);
    }
}
