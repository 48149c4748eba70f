//! The sandbox that a module runs in. No other part of the host names wasmtime.
//!
//! Entry points: [`Guest::built_in`] loads the module of this build, and in the full build `Guest::from_wasm` loads any other one.
//! [`Guest::run`] passes the input and returns the output. `inspect` describes a module without compiling it.
//!
//! A guest can *not* open a file or a socket, see an environment variable or an argument, read a clock, sleep, or get real
//! randomness. It cannot exceed the [`Limits`]. It has stdin, stdout, stderr and an exit status.

mod built_in;
mod config;
mod error;
mod facts;
#[cfg(feature = "full")]
mod foreign;
mod guest;
mod stdio;
mod wasi;

pub use error::GuestError;
pub use facts::{Import, ModuleFacts};
#[cfg(feature = "full")]
pub use foreign::inspect;
pub use guest::Guest;
#[cfg(test)]
pub(crate) use guest::RUNS;

use std::time::Duration;

/// The limits of a guest. Past any of these it is ended and its output is discarded.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of a module file, in bytes.
    pub module: usize,
    /// Time by the clock. The built-in module needs a few milliseconds.
    pub time: Duration,
    /// Linear memory, in bytes.
    pub memory: usize,
    /// Elements of each of at most two tables.
    pub table_elements: usize,
    /// Input, in bytes.
    pub stdin: usize,
    /// Output, in bytes. A guest that writes more gets an error from its `fd_write`.
    pub stdout: usize,
    /// Stderr, in bytes. The rest is dropped without an error: most guests handle one badly.
    pub stderr: usize,
}

/// The limits of every run.
pub const LIMITS: Limits = Limits {
    module: 4 << 20,
    time: Duration::from_secs(1),
    memory: 16 << 20,
    table_elements: 10_000,
    stdin: 256 << 10,
    stdout: 64 << 10,
    stderr: 4 << 10,
};

/// The module name of WASI preview 1.
const WASI: &str = "wasi_snapshot_preview1";
