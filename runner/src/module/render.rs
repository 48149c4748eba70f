//! Rendering: with the built-in module, or with one that a team pinned by its digest.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::download::DownloadError;
use super::message::{BadMessage, Message};
use super::pin::{BUILT_IN, Pin, sha256};
use crate::files::read_at_most;
use crate::net::deadline::Deadline;
use crate::sandbox::{Guest, GuestError, LIMITS};

/// Why a module gave no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleError {
    /// The path is wrong, or the file is not there in this job.
    #[error("the file cannot be read: {0}")]
    Read(std::io::Error),
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// Larger or more tangled than there is time for.
    #[error("compiling it takes longer than the job's time allows")]
    Slow,
    /// Not the file that was pinned. It is not run.
    #[error("its SHA-256 is {found}, not the pinned one")]
    Digest { found: String },
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error(transparent)]
    Message(#[from] BadMessage),
}

impl ModuleError {
    /// The kind of fault, as one word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::Download(_) => "bad_module",
            Self::Slow => "deadline",
            Self::Digest { .. } => "checksum",
            Self::Guest(error) => error.word(),
            Self::Message(_) => "bad_output",
        }
    }

    /// What a guest that failed wrote to stderr, ready to follow the error.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Guest(GuestError::Exit { stderr, .. }) if !stderr.trim().is_empty() => {
                format!(", saying: {}", stderr.trim().chars().filter(|c| !c.is_control()).take(200).collect::<String>())
            }
            _ => String::new(),
        }
    }
}

/// Renders a context with the pinned module where there is one and it works, else with the built-in one. What went
/// wrong with the pinned one is the warning beside the message.
///
/// `fetch` gives the module of a pin that is an address; of `deadline` compiling it may take half of what is left.
pub(crate) fn render(
    context: &[u8],
    pin: Option<&Pin>,
    deadline: Deadline,
    fetch: impl Fn(&Pin) -> Result<Vec<u8>, DownloadError>,
) -> (Result<Message, ModuleError>, Option<String>) {
    let Some(pin) = pin.filter(|pin| pin.sha256 != BUILT_IN.0) else {
        return (render_built_in(context), None);
    };
    match render_pinned(context, pin, deadline, fetch) {
        Ok(message) => (Ok(message), None),
        Err(error) => {
            let warning = format!(
                "module {} ({}): {error}{}; the built-in module renders instead ({})",
                pin.source,
                &pin.sha256[..12],
                error.said(),
                error.word(),
            );
            (render_built_in(context), Some(warning))
        }
    }
}

fn render_built_in(context: &[u8]) -> Result<Message, ModuleError> {
    Ok(Message::decode(&Guest::built_in()?.run(context)?)?)
}

fn render_pinned(
    context: &[u8],
    pin: &Pin,
    deadline: Deadline,
    fetch: impl Fn(&Pin) -> Result<Vec<u8>, DownloadError>,
) -> Result<Message, ModuleError> {
    let wasm = if pin.is_address() { fetch(pin)? } else { read(Path::new(&pin.source))? };
    let found = sha256(&wasm);
    if found != pin.sha256 {
        return Err(ModuleError::Digest { found });
    }
    Ok(Message::decode(&compile(wasm, deadline.remaining() / 2)?.run(context)?)?)
}

/// Compiles a module in a thread of its own, for nothing else stops a compiler. Where there is no thread, the watchdog does.
fn compile(wasm: Vec<u8>, patience: Duration) -> Result<Guest, ModuleError> {
    let wasm = Arc::new(wasm);
    let (compiled, ready) = mpsc::channel();
    let shared = Arc::clone(&wasm);
    let thread = thread::Builder::new().name("compiler".into());
    match thread.spawn(move || compiled.send(Guest::from_wasm(&shared))) {
        Ok(_) => Ok(ready.recv_timeout(patience).map_err(|_| ModuleError::Slow)??),
        Err(_) => Ok(Guest::from_wasm(&wasm)?),
    }
}

/// Reads a module file, up to the size that a module may have and a byte more.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ModuleError> {
    read_at_most(path, LIMITS.module as u64 + 1).map_err(ModuleError::Read)
}

/// Draws messages with the built-in module, whichever module made them. `language` is that of the title.
pub(crate) fn picture(
    format: &str,
    title: &str,
    language: &str,
    messages: &[(String, serde_json::Value)],
) -> Result<String, GuestError> {
    let messages: Vec<_> =
        messages.iter().map(|(caption, message)| serde_json::json!({"caption": caption, "message": message})).collect();
    let request =
        serde_json::json!({"version": 1, "format": format, "title": title, "language": language, "messages": messages});
    let drawn = Guest::built_in()?.run(request.to_string().as_bytes())?;
    Ok(String::from_utf8_lossy(&drawn).into_owned())
}
