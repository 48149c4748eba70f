//! A module that a team pinned: read from its file or address, checked by its digest, and compiled. The slim build has no compiler and
//! refuses every one.

#[cfg(feature = "full")]
mod download;

use std::borrow::Cow;

use super::pin::Pin;
use crate::explain::Explain;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::sandbox::Guest;
use crate::variables::Variables;
#[cfg(feature = "full")]
use {
    super::pin::sha256,
    crate::files::read_at_most,
    crate::sandbox::{GuestError, LIMITS},
    download::DownloadError,
    std::path::Path,
    std::sync::{Arc, mpsc},
    std::thread,
    std::time::Duration,
};

/// The reason a module from outside is unavailable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForeignError {
    #[cfg(not(feature = "full"))]
    #[error("this is the slim notifier, which runs its own module only")]
    Slim,
    /// The path is wrong, or this job does not have the file.
    #[cfg(feature = "full")]
    #[error("the file cannot be read: {0}")]
    Read(std::io::Error),
    #[cfg(feature = "full")]
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The module is too large or too complex for the time.
    #[cfg(feature = "full")]
    #[error("compiling it takes longer than the job's time allows (NOTIFIER_TIMEOUT)")]
    Slow,
    /// The file is not the pinned one. It is not run.
    #[cfg(feature = "full")]
    #[error("its SHA-256 is {found}, not the pinned one")]
    Digest { found: String },
    #[cfg(feature = "full")]
    #[error(transparent)]
    Guest(#[from] GuestError),
}

impl ForeignError {
    /// Returns the kind of fault, as one word for the job log.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            #[cfg(not(feature = "full"))]
            Self::Slim => "slim",
            #[cfg(feature = "full")]
            Self::Read(_) | Self::Download(_) => "bad_module",
            #[cfg(feature = "full")]
            Self::Slow => "deadline",
            #[cfg(feature = "full")]
            Self::Digest { .. } => "checksum",
            #[cfg(feature = "full")]
            Self::Guest(error) => error.reason(),
        }
    }
}

impl Explain for ForeignError {
    fn step(&self) -> Cow<'_, str> {
        match self {
            #[cfg(not(feature = "full"))]
            Self::Slim => "use the full notifier".into(),
            #[cfg(feature = "full")]
            Self::Download(error) => error.step(),
            #[cfg(feature = "full")]
            Self::Digest { .. } => "find out who changed the file, or pin that digest".into(),
            #[cfg(feature = "full")]
            Self::Read(_) | Self::Slow | Self::Guest(_) => "".into(),
        }
    }
}

/// Refuses the pinned module: the slim build runs none.
#[cfg(not(feature = "full"))]
pub(super) fn guest(_: &Pin, _: &Client, _: &Variables, _: Deadline) -> Result<Guest, ForeignError> {
    Err(ForeignError::Slim)
}

/// Returns the pinned module, ready to run. Compilation may take half of the time left.
#[cfg(feature = "full")]
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

/// Compiles a module in a thread of its own, because nothing else stops a compiler. Without a thread, the watchdog does.
#[cfg(feature = "full")]
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

/// Reads a module file, up to the size limit of a module and one byte more.
#[cfg(feature = "full")]
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ForeignError> {
    read_at_most(path, LIMITS.module as u64 + 1).map_err(ForeignError::Read)
}
