//! The script's own lines in a job's log (<https://docs.gitlab.com/ci/jobs/job_logs/>).

use super::secrets::Masking;

/// The most characters of a line, and of all lines together.
const MAX_LINE: usize = 200;
const MAX_ALL: usize = 1500;

/// The spaces that replace a tab.
const TAB: &str = "    ";

/// The sections of GitLab Runner that are not the script (gitlab-org/gitlab-runner, `common/build.go`). Its script is in `step_script`,
/// or `build_script` before 13.1, and further steps are `step_…`.
const NOT_THE_SCRIPT: [&str; 14] = [
    "resolve_secrets",
    "prepare_executor",
    "prepare_script",
    "get_sources",
    "clear_worktree",
    "restore_cache",
    "download_artifacts",
    "after_script",
    "archive_cache",
    "archive_cache_on_success",
    "archive_cache_on_failure",
    "upload_artifacts_on_success",
    "upload_artifacts_on_failure",
    "cleanup_file_variables",
];

/// The lines of GitLab Runner that come after a script if the log has no sections.
const OF_RUNNER: [&str; 6] = [
    "Running after_script",
    "Running after script...",
    "Uploading artifacts for failed job",
    "Saving cache for failed job",
    "Cleaning up project directory",
    "Cleaning up file based variables",
];

/// The beginnings of its lines between the mark of the script and the script.
const PREAMBLE: [&str; 2] = ["Executing \"", "Using "];

/// The beginnings of lines that end many scripts' logs and say nothing about the failure: the advice of Maven, Gradle and npm.
const ADVICE: [&str; 10] = [
    "[ERROR] To see the full stack trace",
    "[ERROR] Re-run Maven",
    "[ERROR] For more information about the errors",
    "[ERROR] After correcting the problems",
    "[ERROR]   mvn <args>",
    "[ERROR] [Help ",
    "* Try:",
    "> Run with --",
    "npm ERR! A complete log of this run",
    "npm error A complete log of this run",
];

/// The words before the reason of a failed job, in the last line of its log.
const FAILED: &str = "ERROR: Job failed";

/// The end of a script, as people may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScriptLog {
    /// The last lines, the oldest first.
    pub(crate) lines: Vec<String>,
    pub(crate) exit_code: Option<i64>,
}

/// Reads the end of a log. `is_cut` is true if its beginning is missing. At most `count` lines are returned.
pub(crate) fn of_tail(tail: &[u8], is_cut: bool, count: usize) -> ScriptLog {
    let text = String::from_utf8_lossy(tail);
    let mut script = Script::default();
    // Half a line may hold half a secret.
    for line in joined(&text).into_iter().skip(usize::from(is_cut)) {
        script.read(&line);
    }
    ScriptLog { exit_code: script.exit_code, lines: last(script.lines, count) }
}

/// Returns the lines of a log without the timestamps of `FF_TIMESTAMPS`: `2026-11-20T00:13:00.123456Z 01O text`. A `+` in place of the
/// space continues the line before (gitlab-org/gitlab-runner, `common/buildlogger/internal/timestamper`).
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        match (without_timestamp(line), lines.last_mut()) {
            (Some((true, rest)), Some(last)) => last.push_str(rest),
            (Some((_, rest)), _) => lines.push(rest.to_owned()),
            (None, _) => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Returns the line behind a timestamp, and true if it continues the line before.
fn without_timestamp(line: &str) -> Option<(bool, &str)> {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000000Z hhk";
    let (head, behind) = line.split_at_checked(FORM.len())?;
    let fits = head.bytes().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        b'h' => byte.is_ascii_hexdigit(),
        b'k' => matches!(byte, b'O' | b'E'),
        form => byte == *form,
    });
    let continues = behind.starts_with('+');
    (fits && (continues || behind.starts_with(' '))).then(|| (continues, &behind[1..]))
}

/// The script's lines while a log is read.
#[derive(Default)]
struct Script {
    lines: Vec<String>,
    /// True after the script's end, and before its beginning.
    is_outside: bool,
    has_sections: bool,
    /// True until the script's first line: GitLab Runner names the image before it.
    is_preamble: bool,
    exit_code: Option<i64>,
}

impl Script {
    fn read(&mut self, line: &str) {
        let mut rest = line;
        while let Some((before, mark, behind)) = next_mark(rest) {
            if !before.is_empty() {
                self.add(before);
            }
            self.enter(&mark);
            rest = behind;
        }
        // A line of marks only is no line of the script.
        if !rest.is_empty() || rest.len() == line.len() {
            self.add(rest);
        }
    }

    /// Follows a mark of GitLab Runner. A script's own sections change nothing.
    fn enter(&mut self, mark: &Mark) {
        let is_script = mark.name == "build_script" || mark.name.starts_with("step_");
        self.has_sections |= is_script || NOT_THE_SCRIPT.contains(&mark.name);
        match (mark.is_start, is_script) {
            (true, true) => {
                self.lines.clear();
                (self.is_outside, self.is_preamble) = (false, true);
            }
            (false, true) => self.is_outside = true,
            (true, false) if NOT_THE_SCRIPT.contains(&mark.name) => self.is_outside = true,
            _ => {}
        }
    }

    fn add(&mut self, line: &str) {
        let line = visible(line);
        let is_of_runner = !self.has_sections && OF_RUNNER.iter().any(|it| line.starts_with(it));
        self.is_outside |= is_of_runner;
        if line.starts_with(FAILED) && (self.is_outside || !self.has_sections) {
            self.exit_code = exit_code(&line);
        } else if !self.is_outside {
            self.is_preamble &= PREAMBLE.iter().any(|it| line.starts_with(it));
            if !self.is_preamble {
                self.lines.push(line);
            }
        }
    }
}

/// A mark of a section: `section_start:1700000000:step_script[collapsed=true]`, a carriage return, and an escape that clears the line.
struct Mark<'a> {
    is_start: bool,
    name: &'a str,
}

/// Returns the text before the next mark, the mark, and the text behind it.
fn next_mark(line: &str) -> Option<(&str, Mark<'_>, &str)> {
    let mut from = 0;
    loop {
        let at = from + line[from..].find("section_")?;
        let inner = &line[at + "section_".len()..];
        let (is_start, inner) = match (inner.strip_prefix("start:"), inner.strip_prefix("end:")) {
            (Some(inner), _) => (true, inner),
            (_, Some(inner)) => (false, inner),
            _ => {
                from = at + 1;
                continue;
            }
        };
        let parsed = inner.split_once('\r').and_then(|(mark, behind)| {
            let (time, name) = mark.split_once(':')?;
            let name = name.split('[').next().unwrap_or(name);
            let is_mark = !time.is_empty() && time.bytes().all(|it| it.is_ascii_digit()) && !name.is_empty();
            is_mark.then_some((name, behind))
        });
        match parsed {
            Some((name, behind)) => {
                let before = line[..at].strip_suffix("\u{1b}[0K").unwrap_or(&line[..at]);
                return Some((before, Mark { is_start, name }, behind.strip_prefix("\u{1b}[0K").unwrap_or(behind)));
            }
            None => from = at + 1,
        }
    }
}

/// Returns a line as a terminal shows it: without escape sequences, and only the last text that overwrote others.
fn visible(line: &str) -> String {
    let plain = without_escapes(line);
    let shown = plain.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut visible = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            '\t' => visible.push_str(TAB),
            c if c.is_control() => {}
            c => visible.push(c),
        }
    }
    visible.truncate(visible.trim_end().len());
    visible
}

/// Removes the escape sequences of terminals (ECMA-48: CSI, OSC, and escapes of two characters).
fn without_escapes(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\u{1b}', Some('[')) => {
                characters.next();
                // Parameters, then one final character.
                while characters.next().is_some_and(|it| !('\u{40}'..='\u{7e}').contains(&it)) {}
            }
            ('\u{1b}', Some(']')) => {
                while let Some(it) = characters.next() {
                    if it == '\u{7}' || it == '\u{1b}' && characters.next_if_eq(&'\\').is_some() {
                        break;
                    }
                }
            }
            ('\u{1b}', _) => drop(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}

/// Returns the exit code of `ERROR: Job failed: exit code 1`, `… exit status 1` or `… command terminated with exit code 1`.
fn exit_code(line: &str) -> Option<i64> {
    let rest = ["exit code ", "exit status "].iter().find_map(|words| line.rsplit_once(words))?.1;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|code| (1..=255).contains(code))
}

/// Returns the last lines within the limits, without secrets.
fn last(lines: Vec<String>, count: usize) -> Vec<String> {
    let mut masking = Masking::default();
    let lines: Vec<String> = lines.into_iter().map(|line| masking.mask(line)).collect();
    let says_something = |line: &&String| {
        !matches!(line.trim(), "" | "[ERROR]") && !ADVICE.iter().any(|advice| line.starts_with(advice))
    };
    let mut left = MAX_ALL;
    let mut kept = Vec::new();
    for line in lines.iter().rev().filter(says_something).take(count) {
        let mut cut: String = line.chars().take(MAX_LINE).collect();
        if cut.len() < line.len() {
            cut.pop();
            cut.push('…');
        }
        let size = cut.chars().count() + 1;
        if size > left {
            break;
        }
        left -= size;
        kept.push(cut);
    }
    kept.reverse();
    kept
}
