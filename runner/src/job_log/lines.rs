//! The script's own lines in a job's log (<https://docs.gitlab.com/ci/jobs/job_logs/>).

use super::secrets;
use super::several_lines;
use super::terminal::{joined, visible};

/// The most characters of a line, and of all lines together.
const MAX_LINE: usize = 200;
const MAX_ALL: usize = 1500;

/// The sections of GitLab Runner with the script, and those after it (gitlab-org/gitlab-runner, `common/build.go`). The script was in
/// `build_script` before 13.1.
const SCRIPT: [&str; 3] = ["step_script", "build_script", "step_release"];
const AFTER_SCRIPT: [&str; 6] = [
    "after_script",
    "archive_cache",
    "archive_cache_on_failure",
    "upload_artifacts_on_success",
    "upload_artifacts_on_failure",
    "cleanup_file_variables",
];

/// The lines of GitLab Runner that come after a script if the log has no sections.
const OF_RUNNER: [&str; 7] = [
    "Running after_script",
    "Running after script...",
    "Uploading artifacts for failed job",
    "Uploading artifacts...",
    "Saving cache for failed job",
    "Cleaning up project directory",
    "Cleaning up file based variables",
];

/// The beginnings of its lines between the mark of the script and the script.
const PREAMBLE: [&str; 5] =
    ["Executing \"", "Using docker image", "Using Docker executor", "Using effective pull policy", "Using Kubernetes"];

/// The beginnings of lines that end many scripts' logs and say nothing about the failure: the advice of Maven, Gradle and npm.
const ADVICE: [&str; 12] = [
    "[ERROR] To see the full stack trace",
    "[ERROR] Re-run Maven",
    "[ERROR] For more information about the errors",
    "[ERROR] After correcting the problems",
    "[ERROR]   mvn <args>",
    "[ERROR] [Help ",
    "* Try:",
    "> Run with --",
    "> Get more help at",
    "info Visit https://yarnpkg.com",
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

/// Reads the end of a log. `is_cut` is true if its beginning is missing. At most `count` lines are returned. `has_known_secret` is true
/// for a line with a secret that the job knows.
pub(crate) fn of_tail(tail: &[u8], is_cut: bool, count: usize, has_known_secret: impl Fn(&str) -> bool) -> ScriptLog {
    let text = String::from_utf8_lossy(tail);
    // The page of a proxy or of a login is no log.
    if text
        .trim_start()
        .get(..5)
        .is_some_and(|start| ["<!doc", "<html"].iter().any(|it| start.eq_ignore_ascii_case(it)))
    {
        return ScriptLog::default();
    }
    let mut script = Script::default();
    // Half a line may hold half a secret.
    for line in joined(&text).into_iter().skip(usize::from(is_cut)) {
        script.read(&line);
    }
    ScriptLog { exit_code: script.exit_code, lines: last(&script.finish(is_cut), count, has_known_secret) }
}

/// The place in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before any mark of the script. The end of a log may begin in it.
    #[default]
    Unknown,
    Script,
    /// Between the script's end and the next section.
    Ended,
    /// In a section after the script. No script comes back.
    After,
}

/// The script's lines while a log is read.
#[derive(Default)]
struct Script {
    lines: Vec<String>,
    place: Place,
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

    /// Follows a mark of GitLab Runner. A script's own sections change nothing, also if they have names of Runner's.
    fn enter(&mut self, mark: &Mark) {
        let (is_script, is_after) = (SCRIPT.contains(&mark.name), AFTER_SCRIPT.contains(&mark.name));
        match (self.place, mark.is_start) {
            (Place::Unknown | Place::Ended, true) if is_script => {
                self.lines.clear();
                (self.place, self.is_preamble) = (Place::Script, true);
            }
            (Place::Unknown | Place::Script, false) if is_script => self.place = Place::Ended,
            (Place::Ended, true) if is_after => self.place = Place::After,
            // The beginning of this section is missing, and so is the script.
            (Place::Unknown, false) if is_after => {
                self.lines.clear();
                self.place = Place::After;
            }
            _ => {}
        }
    }

    fn add(&mut self, line: &str) {
        let line = visible(line);
        if self.place == Place::Unknown && OF_RUNNER.iter().any(|it| line.starts_with(it)) {
            self.place = Place::After;
        }
        let is_outside = matches!(self.place, Place::Ended | Place::After);
        if line.starts_with(FAILED) && self.place != Place::Script {
            self.exit_code = exit_code(&line);
        } else if !is_outside {
            self.is_preamble &= PREAMBLE.iter().any(|it| line.starts_with(it));
            if !self.is_preamble {
                self.lines.push(line);
            }
        }
    }

    /// Returns the lines. Without marks, GitLab Runner's own come before the first command, which it shows as `$ make`.
    fn finish(mut self, is_cut: bool) -> Vec<String> {
        let is_marked = self.place == Place::Script || self.place == Place::Ended;
        if let Some(first) = self.lines.iter().position(|line| line.starts_with("$ "))
            && !is_marked
            && !is_cut
        {
            self.lines.drain(..first);
        }
        self.lines
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

/// Returns the exit code of `ERROR: Job failed: exit code 1`, `… exit status 1` or `… command terminated with exit code 1`.
fn exit_code(line: &str) -> Option<i64> {
    let rest = ["exit code ", "exit status "].iter().find_map(|words| line.rsplit_once(words))?.1;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|code| (1..=i64::from(u32::MAX)).contains(code))
}

/// Returns the last lines within the limits, without secrets.
fn last(lines: &[String], count: usize, has_known_secret: impl Fn(&str) -> bool) -> Vec<String> {
    let says_something =
        |line: &str| !matches!(line.trim(), "" | "[ERROR]") && !ADVICE.iter().any(|advice| line.starts_with(advice));
    let masked = several_lines::parts_of_secrets(lines);
    let mut left = MAX_ALL;
    let mut kept = Vec::new();
    let shown = lines.iter().zip(masked).rev().filter(|(line, _)| says_something(line));
    for (line, is_masked) in shown.take(count) {
        let is_secret = is_masked || secrets::is_secret(line) || has_known_secret(line);
        let line = if is_secret { secrets::MASKED } else { line };
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
