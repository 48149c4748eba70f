//! The sandbox that a module runs in, and the only place that names wasmtime.
//!
//! Entry points: [`Guest::built_in`] loads the module of this build, `Guest::from_wasm` any other one, where the build is the full
//! one; [`Guest::run`] gives it its input and returns its output; `inspect` describes a module without compiling it.
//!
//! What a guest can *not* do: open a file, see an environment variable or an argument, open a socket, read a clock,
//! sleep, get real randomness; use more than [`Limits`] says. It has stdin, stdout, stderr and an exit status.

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

/// What a guest may use. Past any of these it is ended and nothing of its output counts.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of a module file, in bytes.
    pub module: usize,
    /// Instructions, roughly. The built-in module needs well under a hundredth of it.
    pub fuel: u64,
    /// Time by the clock: fuel does not see how long one instruction takes.
    pub time: Duration,
    /// Linear memory, in bytes.
    pub memory: usize,
    /// Elements of each of at most two tables.
    pub table_elements: usize,
    /// Input, in bytes.
    pub stdin: usize,
    /// Output, in bytes. A guest that writes more gets an error from its `fd_write`.
    pub stdout: usize,
    /// What is kept of the guest's stderr, in bytes. The rest is dropped without an error: most guests take one badly.
    pub stderr: usize,
}

/// The limits of every run.
pub const LIMITS: Limits = Limits {
    module: 4 << 20,
    fuel: 200_000_000,
    time: Duration::from_secs(1),
    memory: 16 << 20,
    table_elements: 10_000,
    stdin: 256 << 10,
    stdout: 64 << 10,
    stderr: 4 << 10,
};

/// The module name of WASI preview 1.
const WASI: &str = "wasi_snapshot_preview1";
