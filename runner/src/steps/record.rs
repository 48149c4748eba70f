//! Record: the links for the job's page, and the message's location for later jobs.

use std::fs;
use std::path::Path;

use super::read_job::Call;
use crate::cli::Files;
use crate::files;
use crate::report::Sink;

/// Writes the files that a job asked for. `message` is the location of the bot's message.
pub(crate) fn record(call: &Call, asked_for: &Files, annotations: String, message: Option<Vec<u8>>) {
    let message = message.unwrap_or_else(|| b"{}".to_vec());
    for (path, flag, contents, consequence) in [
        (&asked_for.annotations, "annotations", annotations.into_bytes(), "the job's page gets no links"),
        (&asked_for.message_file, "message-file", message, "later jobs look for the message in the channel"),
    ] {
        if let Some(path) = path
            && let Err(cause) = write(path, &contents)
        {
            call.report.warning(&format!("writing --{flag} {}: {cause}; {consequence}", path.display()));
        }
    }
}

/// Writes a file that a job names. It follows no link, neither the file's own nor its folder's.
fn write(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
        if !fs::symlink_metadata(folder)?.is_dir() {
            return Err(std::io::Error::other("its folder is a link"));
        }
    }
    files::replace(path, 0o644, contents)
}
