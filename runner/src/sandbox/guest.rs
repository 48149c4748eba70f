//! A module that is ready to run, and one run of it.

use std::io::{self, Cursor};
use std::sync::mpsc;
use std::thread;

use wasi_common::clocks::WasiClocks;
use wasi_common::pipe::{ReadPipe, WritePipe};
use wasi_common::random::Deterministic;
use wasi_common::sync::sched::SyncSched;
use wasi_common::{I32Exit, Table, WasiCtx};
use wasmtime::{Engine, Linker, Module, ResourceLimiter, Store, Trap};

use super::stdio::BoundedPipe;
use super::{GuestError, LIMITS, wasi};

#[cfg(test)]
thread_local! {
    /// The inputs of this thread's guests, for tests that count.
    pub(crate) static RUNS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// A compiled module.
#[derive(Clone)]
pub struct Guest {
    pub(super) engine: Engine,
    pub(super) module: Module,
}

impl Guest {
    /// Runs the module once: `input` goes to its stdin, and its stdout is returned.
    pub fn run(&self, input: &[u8]) -> Result<Vec<u8>, GuestError> {
        #[cfg(test)]
        RUNS.with_borrow_mut(|runs| runs.push(String::from_utf8_lossy(input).into_owned()));
        if input.len() > LIMITS.stdin {
            return Err(GuestError::Input { size: input.len(), limit: LIMITS.stdin });
        }
        let stdout = BoundedPipe::refusing(LIMITS.stdout);
        let stderr = BoundedPipe::dropping(LIMITS.stderr);
        let _alarm = self.alarm().map_err(|cause| GuestError::Engine { cause: cause.to_string() })?;
        let ended = self.call(input, &stdout, &stderr);
        let output = stdout.take().ok_or(GuestError::Output { limit: LIMITS.stdout })?;
        match ended.map_err(|error| self::ended(&error, &stderr)) {
            Ok(()) | Err(GuestError::Exit { status: 0, .. }) => Ok(output),
            Err(error) => Err(error),
        }
    }

    fn call(&self, input: &[u8], stdout: &BoundedPipe, stderr: &BoundedPipe) -> wasmtime::Result<()> {
        // No clocks, no preopened directory, no argument, no variable; a fixed sequence for randomness.
        let random = Box::new(Deterministic::new(vec![0]));
        let wasi = WasiCtx::new(random, WasiClocks::new(), Box::new(SyncSched::new()), Table::new());
        wasi.set_stdin(Box::new(ReadPipe::new(Cursor::new(input.to_vec()))));
        wasi.set_stdout(Box::new(WritePipe::new(stdout.clone())));
        wasi.set_stderr(Box::new(WritePipe::new(stderr.clone())));

        let mut store = Store::new(&self.engine, State { wasi });
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        let mut linker = Linker::new(&self.engine);
        wasi::link(&mut linker, |state: &mut State| &mut state.wasi)?;
        let instance = linker.instantiate(&mut store, &self.module)?;
        instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
    }

    /// Ends the guest after [`LIMITS`]`.time`, unless the returned sender is dropped before. Without a thread nothing would end it, so it
    /// does not run.
    fn alarm(&self) -> io::Result<mpsc::Sender<()>> {
        let (running, ended) = mpsc::channel::<()>();
        let engine = self.engine.clone();
        thread::Builder::new().name("guest-alarm".into()).spawn(move || {
            if ended.recv_timeout(LIMITS.time) == Err(mpsc::RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        })?;
        Ok(running)
    }
}

struct State {
    wasi: WasiCtx,
}

/// The reason our own part of the sandbox ends a guest.
#[derive(Debug, thiserror::Error)]
#[error("too much {0}")]
struct Growth(&'static str);

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > LIMITS.memory { Err(Growth("memory").into()) } else { Ok(true) }
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > LIMITS.table_elements { Err(Growth("table elements").into()) } else { Ok(true) }
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        2
    }

    fn memories(&self) -> usize {
        1
    }
}

/// Maps a guest's end to an error.
fn ended(error: &wasmtime::Error, stderr: &BoundedPipe) -> GuestError {
    if let Some(I32Exit(status)) = error.downcast_ref() {
        let stderr = String::from_utf8_lossy(&stderr.take().unwrap_or_default()).into_owned();
        return GuestError::Exit { status: *status, stderr };
    }
    if let Some(Growth(what)) = error.downcast_ref() {
        return GuestError::Growth { what };
    }
    match error.downcast_ref() {
        Some(Trap::Interrupt) => GuestError::Deadline,
        Some(trap) => GuestError::Trap { trap: trap.to_string() },
        // `proc_exit` of 126 and above, and any other error of the engine.
        None => GuestError::Trap { trap: error.root_cause().to_string() },
    }
}
