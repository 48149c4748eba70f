//! A module that a team pinned: taken from its file or address, checked by its digest, and compiled. Only the full build has
//! this.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::download::{self, DownloadError};
use super::pin::{Pin, sha256};
use crate::files::read_at_most;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::sandbox::{Guest, GuestError, LIMITS};
use crate::variables::Variables;

/// Why a module from outside cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForeignError {
    /// The path is wrong, or the file is not there in this job.
    #[error("the file cannot be read: {0}")]
    Read(std::io::Error),
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// Larger or more tangled than there is time for.
    #[error("compiling it takes longer than the job's time allows (NOTIFIER_TIMEOUT)")]
    Slow,
    /// Not the file that was pinned. It is not run.
    #[error("its SHA-256 is {found}, not the pinned one: find out who changed the file, or pin that digest")]
    Digest { found: String },
    #[error(transparent)]
    Guest(#[from] GuestError),
}

impl ForeignError {
    /// The kind of fault, as one word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::Download(_) => "bad_module",
            Self::Slow => "deadline",
            Self::Digest { .. } => "checksum",
            Self::Guest(error) => error.word(),
        }
    }
}

/// The pinned module, ready to run. Of `deadline` compiling it may take half of what is left.
pub(super) fn guest(
    pin: &Pin,
    client: &Client,
    variables: &Variables,
    deadline: Deadline,
) -> Result<Guest, ForeignError> {
    let is_address = pin.source.starts_with("https://") || pin.source.starts_with("http://");
    let wasm = if is_address {
        download::module(client, variables, &pin.source, &pin.sha256, deadline)?
    } else {
        read(Path::new(&pin.source))?
    };
    let found = sha256(&wasm);
    if found != pin.sha256 {
        return Err(ForeignError::Digest { found });
    }
    compile(wasm, deadline.remaining() / 2)
}

/// Compiles a module in a thread of its own, for nothing else stops a compiler. Where there is no thread, the watchdog does.
fn compile(wasm: Vec<u8>, patience: Duration) -> Result<Guest, ForeignError> {
    let wasm = Arc::new(wasm);
    let (compiled, ready) = mpsc::channel();
    let shared = Arc::clone(&wasm);
    let thread = thread::Builder::new().name("compiler".into());
    match thread.spawn(move || compiled.send(Guest::from_wasm(&shared))) {
        Ok(_) => Ok(ready.recv_timeout(patience).map_err(|_| ForeignError::Slow)??),
        Err(_) => Ok(Guest::from_wasm(&wasm)?),
    }
}

/// Reads a module file, up to the size that a module may have and a byte more.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ForeignError> {
    read_at_most(path, LIMITS.module as u64 + 1).map_err(ForeignError::Read)
}
