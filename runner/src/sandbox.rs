//! The sandbox that a module runs in, and the only place that names wasmtime.
//!
//! Entry points: [`Guest::built_in`] and [`Guest::from_wasm`] load a module, [`Guest::run`] gives it its input and
//! returns its output; [`inspect()`] describes a module without compiling it.
//!
//! What a guest can *not* do: open a file, see an environment variable or an argument, open a socket, read a clock,
//! sleep, get real randomness; use more than [`Limits`] says. It has stdin, stdout, stderr and an exit status.

mod config;
mod engine;
mod error;
mod guest;
mod inspect;
mod stdio;

pub use error::GuestError;
pub use guest::Guest;
pub use inspect::{Import, ModuleFacts, inspect};

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

/// All that a module may import: what a Rust program that reads stdin and writes stdout needs. Arguments and
/// environment are empty; randomness is a fixed sequence, so that equal input gives equal output.
const ALLOWED_IMPORTS: [&str; 8] = [
    "args_get",
    "args_sizes_get",
    "environ_get",
    "environ_sizes_get",
    "fd_read",
    "fd_write",
    "proc_exit",
    "random_get",
];
