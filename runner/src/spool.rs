//! Messages that could not be delivered: kept in the project directory, and told late by the next call that can.
//!
//! What is kept is the event's context, in which secrets are masked, so that the message is rendered as late as it is. A
//! message is written down before its delivery is tried, under a name that says which process tries: whatever ends that
//! process, the message is there. A message belongs to the one process that renamed it, so none is told by two.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ci::Context;
use crate::project;
use crate::variables::Variables;

/// Where it is, in the notifier's directory.
const FOLDER: &str = "undelivered";

/// The most messages that are kept, and bytes in all; the oldest go first.
const MAX_MESSAGES: usize = 50;
const MAX_BYTES: u64 = 4 << 20;

/// Seconds after which a message is of no use to anybody.
const MAX_AGE: u64 = 24 * 3600;

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    Channel,
    Operators,
}

/// What is kept for a job.
pub(crate) struct Spool<'a> {
    /// Where the job works; outside of a project directory nothing is kept.
    variables: &'a Variables,
}

/// A message that this process, and no other, may deliver.
pub(crate) struct Claim {
    directory: PathBuf,
    /// Without what tells who delivers it.
    name: String,
    claimed: PathBuf,
    pub(crate) addressee: Addressee,
    pub(crate) context: Context,
    /// Whether it may have been delivered already.
    pub(crate) perhaps_told: bool,
}

impl<'a> Spool<'a> {
    pub(crate) fn of(variables: &'a Variables) -> Self {
        Self { variables }
    }

    fn directory(&self) -> PathBuf {
        project::kept(self.variables, FOLDER)
    }

    /// Writes a message down before its delivery is tried. Where nothing can be written the delivery goes on without.
    pub(crate) fn begin(&self, addressee: Addressee, context: &Context) -> Option<Claim> {
        self.variables.get("CI_PROJECT_DIR")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let to = match addressee {
            Addressee::Channel => "channel",
            Addressee::Operators => "operators",
        };
        let name = format!("{:012}-{:09}-{}.{to}", now.as_secs(), now.subsec_nanos(), process::id());
        let kept = format!("{FOLDER}/{}", claimed(&name, process::id()));
        project::keep(self.variables, &kept, &context.encode()).ok()?;
        let directory = self.directory();
        Some(Claim {
            claimed: project::kept(self.variables, &kept),
            directory,
            name,
            addressee,
            context: context.clone(),
            perhaps_told: false,
        })
    }

    /// Claims all that waits, oldest first. What is too old is dropped, and told as a line.
    pub(crate) fn take(&self, dropped: &mut Vec<String>) -> Vec<Claim> {
        let directory = self.directory();
        let mut claims: Vec<Claim> = files(&directory).iter().filter_map(|file| claim(&directory, file)).collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        claims.retain(|claim| {
            let since: u64 = claim.name.split('-').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
            let is_late = now.saturating_sub(since) > MAX_AGE;
            if is_late {
                dropped.push(format!(
                    "a message of {} hours ago was never delivered and is dropped",
                    (now - since) / 3600
                ));
                let _ = fs::remove_file(&claim.claimed);
            }
            !is_late
        });
        claims
    }
}

impl Claim {
    /// It was delivered, or never can be.
    pub(crate) fn done(self) {
        // A file that cannot be removed is claimed by this process for good, and told as perhaps told before.
        let _ = fs::remove_file(&self.claimed);
    }

    /// It waits for the next call. What no longer fits is dropped, and told as a line; so is what cannot be kept.
    pub(crate) fn keep(self, perhaps_told: bool, dropped: &mut Vec<String>) {
        let base = self.name.trim_end_matches(AGAIN);
        let name = if perhaps_told || self.perhaps_told { format!("{base}{AGAIN}") } else { base.to_owned() };
        if let Err(cause) = fs::rename(&self.claimed, self.directory.join(name)) {
            dropped.push(format!("the message could not be kept for later: {cause}"));
        }
        let mut waiting: Vec<_> =
            files(&self.directory).into_iter().filter(|file| process_of(file).is_none()).collect();
        let size = |file: &String| fs::metadata(self.directory.join(file)).map_or(0, |it| it.len());
        while waiting.len() > MAX_MESSAGES || waiting.iter().map(size).sum::<u64>() > MAX_BYTES {
            let oldest = waiting.remove(0);
            if fs::remove_file(self.directory.join(oldest)).is_ok() {
                dropped.push("more messages wait than are kept; the oldest is dropped".to_owned());
            }
        }
    }
}

/// The end of the name of a message that may have been delivered.
const AGAIN: &str = ".again";

fn claimed(name: &str, process: u32) -> String {
    format!("{name}.sending-{process}")
}

/// The process that delivers a message, where one does.
fn process_of(file: &str) -> Option<u32> {
    file.rsplit_once(".sending-")?.1.parse().ok()
}

/// The names of all messages, oldest first.
fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    files.sort();
    files
}

/// Makes a message this process's. One that another process claimed and did not live to deliver may have been delivered.
fn claim(directory: &Path, file: &str) -> Option<Claim> {
    let (name, died) = match process_of(file) {
        None => (file, false),
        Some(process) if Path::new("/proc").join(process.to_string()).exists() => return None,
        Some(_) => (file.rsplit_once(".sending-")?.0, true),
    };
    let addressee = match name.trim_end_matches(AGAIN).rsplit_once('.')?.1 {
        "channel" => Addressee::Channel,
        "operators" => Addressee::Operators,
        _ => return None,
    };
    let claimed = directory.join(claimed(name, process::id()));
    // Of all processes that try, one has the file to rename.
    fs::rename(directory.join(file), &claimed).ok()?;
    let context = match fs::read(&claimed) {
        Ok(bytes) => Context::decode(&bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(_) => None,
    };
    let Some(context) = context else {
        // Cut off by a full disk, or somebody else's: nobody can tell it.
        let _ = fs::remove_file(&claimed);
        return None;
    };
    let perhaps_told = died || name.ends_with(AGAIN);
    Some(Claim { directory: directory.to_owned(), name: name.to_owned(), claimed, addressee, context, perhaps_told })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A job of a test's own, and where its messages wait.
    fn job(name: &str) -> (Variables, PathBuf) {
        let directory = std::env::temp_dir().join(format!("spool-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let variables = [("CI_PROJECT_DIR", directory.to_str().unwrap())].into_iter().collect();
        (variables, directory.join(".pipeline-notifier/undelivered"))
    }

    fn context(number: usize) -> Context {
        Context::decode(json!({"version": 1, "number": number}).to_string().as_bytes()).unwrap()
    }

    fn numbers(claims: &[Claim]) -> Vec<(u64, bool)> {
        claims.iter().map(|claim| (claim.context.json()["number"].as_u64().unwrap(), claim.perhaps_told)).collect()
    }

    #[test]
    fn what_was_kept_is_taken_once_and_in_order() {
        let (job, directory) = job("order");
        let spool = Spool::of(&job);
        let mut dropped = Vec::new();
        for number in 0..3 {
            spool.begin(Addressee::Channel, &context(number)).unwrap().keep(number == 1, &mut dropped);
        }
        let claims = spool.take(&mut dropped);
        assert_eq!(numbers(&claims), [(0, false), (1, true), (2, false)]);
        // They are this process's, which lives.
        assert!(spool.take(&mut dropped).is_empty());
        claims.into_iter().for_each(Claim::done);
        assert_eq!((files(&directory).len(), dropped.len()), (0, 0));
    }

    #[test]
    fn what_a_process_did_not_live_to_deliver_may_have_been_told() {
        let (job, directory) = job("died");
        let spool = Spool::of(&job);
        let claim = spool.begin(Addressee::Operators, &context(7)).unwrap();
        // No process has this number: it is above the greatest that Linux gives.
        fs::rename(&claim.claimed, directory.join(claimed(&claim.name, 4_194_305))).unwrap();
        let claims = spool.take(&mut Vec::new());
        assert_eq!(numbers(&claims), [(7, true)]);
        assert_eq!(claims[0].addressee, Addressee::Operators);
    }

    #[test]
    fn what_is_too_old_too_much_or_broken_is_dropped() {
        let (job, directory) = job("bounds");
        let spool = Spool::of(&job);
        let mut dropped = Vec::new();
        for number in 0..MAX_MESSAGES + 2 {
            spool.begin(Addressee::Channel, &context(number)).unwrap().keep(false, &mut dropped);
        }
        assert_eq!((files(&directory).len(), dropped.len()), (MAX_MESSAGES, 2));
        fs::write(directory.join("000000000001-000000000-1.channel"), r#"{"version":1}"#).unwrap();
        fs::write(directory.join("999999999999-000000000-1.channel"), r#"{"version":"#).unwrap();
        fs::write(directory.join("notes.txt"), "somebody else's").unwrap();
        let claims = spool.take(&mut dropped);
        assert_eq!(claims.len(), MAX_MESSAGES);
        assert!(dropped[2].contains("hours ago was never delivered"), "{dropped:?}");
        assert!(directory.join("notes.txt").exists());
    }
}
