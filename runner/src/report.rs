//! What people read: warnings, the summary and the outcome on stderr, what a command was asked for on stdout. Nothing else
//! writes to either, but for the help and the usage errors of clap.

use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use serde::Deserialize;

use crate::module::skip::Skip;
use crate::net::secret::Redactor;
use crate::variables::is_invisible;

/// The longest line, in characters, and the most lines of one call.
const MAX_LINE: usize = 500;
const MAX_LINES: usize = 20;

/// How a notification ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    /// Nothing was tried, because the module says so.
    Skipped(Skip),
    /// Nothing was tried, because there is nowhere to send to.
    Nowhere {
        reason: String,
    },
    /// It was tried, or would have been but for a mistake.
    Failed {
        reason: String,
    },
}

impl Outcome {
    pub(crate) fn nowhere(reason: &str) -> Self {
        Self::Nowhere { reason: reason.to_owned() }
    }

    /// Which of the outcomes of several messages is that of the call: the worst, and else that of a message which was sent.
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

    /// The exit status: 0 whatever happened, so that no job fails. `strict` is content with nothing but a message that was sent,
    /// or held back by the settings on purpose; of wrong usage it says 2, as command lines do.
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

/// Something that is wrong with a setting or a variable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Warning {
    pub(crate) code: Code,
    /// The variable or the file that it is about.
    #[serde(default)]
    pub(crate) setting: Option<String>,
    /// What is wrong, why, and what to do.
    pub(crate) text: String,
}

impl Warning {
    pub(crate) fn about(code: Code, setting: &str, text: String) -> Self {
        Self { code, setting: Some(setting.to_owned()), text }
    }
}

/// The kinds of warnings that somebody judges by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Code {
    /// A bot without a channel, or a token or webhook that cannot be used.
    Destination,
    /// The operators' webhook cannot be used.
    OperatorsWebhook,
    /// The module does not know how the job went.
    NoJobStatus,
    /// Any other of the module's.
    OfModule(String),
}

impl From<String> for Code {
    fn from(code: String) -> Self {
        if code == "no_job_status" { Self::NoJobStatus } else { Self::OfModule(code) }
    }
}

/// Whoever receives warnings.
pub(crate) trait Sink {
    /// Something went wrong or is odd: cause and next step.
    fn warning(&self, text: &str);
}

/// Writes lines for people. Shared with the watchdog's thread.
#[derive(Default)]
pub(crate) struct Report {
    redactor: RwLock<Redactor>,
    lines: AtomicUsize,
}

impl Report {
    /// Keeps these secrets out of every line.
    pub(crate) fn redacting(redactor: Redactor) -> Self {
        Self { redactor: RwLock::new(redactor), lines: AtomicUsize::new(0) }
    }

    /// Keeps one more secret out of every line.
    pub(crate) fn redact(&self, secret: &str) {
        self.redactor.write().unwrap_or_else(PoisonError::into_inner).add(secret);
    }

    /// What was sent, in one line.
    pub(crate) fn message(&self, summary: &str) {
        self.line("message: ", summary);
    }

    /// The last line, for people and machines alike, and the exit status that goes with it.
    pub(crate) fn end(&self, outcome: &Outcome, strict: bool) -> u8 {
        match outcome {
            Outcome::Sent => self.line("notify: ", "sent"),
            Outcome::Skipped(skip) => self.line("notify: ", &format!("skipped reason={skip}")),
            Outcome::Nowhere { reason } => self.line("notify: ", &format!("skipped reason={reason}")),
            Outcome::Failed { reason } => self.line("notify: ", &format!("failed reason={reason}")),
        }
        outcome.exit_status(strict)
    }

    /// Any other line.
    pub(crate) fn line(&self, heading: &str, text: &str) {
        let redacted = self.redactor.read().unwrap_or_else(PoisonError::into_inner).redact(text);
        let line = format!("{heading}{}\n", one_line(&redacted));
        // A job whose log is gone has other worries.
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

/// Collects what is odd.
impl Sink for RefCell<Vec<String>> {
    fn warning(&self, text: &str) {
        self.borrow_mut().push(text.to_owned());
    }
}

/// Writes to stdout. A reader that went away is no reason to fail.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// One line that a terminal and GitLab's log viewer take as text: control characters, `section_start` escapes and
/// bidirectional overrides (CWE-150, CVE-2021-42574) are shown, not obeyed.
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
        // What a character becomes counts, not the character.
        assert!(one_line(&"\0".repeat(600)).chars().count() <= MAX_LINE + 6);
    }
}
