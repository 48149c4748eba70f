//! A guest's stdout and stderr: pipes with a limit. wasi-common's own grow without bound.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A pipe that keeps at most `limit` bytes. Clones share the written bytes.
#[derive(Clone)]
pub(super) struct BoundedPipe {
    written: Arc<Mutex<Written>>,
    limit: usize,
    /// True if a write past the limit fails; otherwise the bytes are dropped.
    refuses: bool,
}

#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    overflowed: bool,
}

impl BoundedPipe {
    /// Builds a pipe that fails at writes past the limit.
    pub(super) fn refusing(limit: usize) -> Self {
        Self { written: Arc::default(), limit, refuses: true }
    }

    /// Builds a pipe that accepts writes past the limit and drops them.
    pub(super) fn dropping(limit: usize) -> Self {
        Self { written: Arc::default(), limit, refuses: false }
    }

    /// Takes the written bytes; `None` if they are more than a refusing pipe's limit.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = std::mem::take(&mut written.bytes);
        (!(written.overflowed && self.refuses)).then_some(bytes)
    }
}

impl Write for BoundedPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = bytes.len().min(self.limit - written.bytes.len());
        written.bytes.extend_from_slice(&bytes[..fitting]);
        if fitting == bytes.len() {
            return Ok(fitting);
        }
        written.overflowed = true;
        if self.refuses { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
