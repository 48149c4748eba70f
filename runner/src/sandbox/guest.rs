//! A module that is ready to run, and one run of it.

use std::io::Cursor;
use std::sync::mpsc;
use std::thread;

use wasi_common::clocks::WasiClocks;
use wasi_common::pipe::{ReadPipe, WritePipe};
use wasi_common::random::Deterministic;
use wasi_common::sync::sched::SyncSched;
use wasi_common::sync::snapshots::preview_1::add_wasi_snapshot_preview1_to_linker;
use wasi_common::{I32Exit, Table, WasiCtx};
use wasmtime::{Engine, Linker, Module, ResourceLimiter, Store, Trap};

use super::engine::{engine_error, new_engine};
use super::stdio::BoundedPipe;
use super::{ALLOWED_IMPORTS, GuestError, Import, LIMITS, ModuleFacts, WASI, inspect};

/// Native code of the built-in module for this target, made by the build script.
static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/notifier.cwasm"));

/// A compiled module.
pub struct Guest {
    engine: Engine,
    module: Module,
}

impl Guest {
    /// The built-in module. Nothing is compiled.
    pub fn built_in() -> Result<Self, GuestError> {
        let engine = new_engine()?;
        // SAFETY: these bytes are this very build's own output, made by its build script with the engine's own
        // configuration, and part of the binary. Native code from anywhere else never comes here.
        #[allow(unsafe_code, reason = "the one place where native code is loaded, from inside the binary")]
        let module = unsafe { Module::deserialize(&engine, BUILT_IN) };
        Ok(Self { module: module.map_err(engine_error)?, engine })
    }

    /// Validates and compiles any other module. Takes some hundred milliseconds.
    pub fn from_wasm(wasm: &[u8]) -> Result<Self, GuestError> {
        let facts = inspect(wasm)?;
        if let Some(import) = facts.imports.into_iter().find(|import| !import.allowed) {
            return Err(GuestError::Import { import: import.name });
        }
        if !facts.has_start {
            return Err(GuestError::NoStart);
        }
        let engine = new_engine()?;
        let module =
            Module::from_binary(&engine, wasm).map_err(|cause| GuestError::NotAModule { cause: cause.to_string() })?;
        Ok(Self { engine, module })
    }

    /// What it imports, and whether it is a command; `version` is for the caller to know.
    #[must_use]
    pub fn facts(&self, version: &str) -> ModuleFacts {
        let imports = self.module.imports().map(|import| {
            let is_function = import.ty().func().is_some();
            Import::of(import.module(), import.name(), is_function)
        });
        let has_start = self.module.get_export("_start").is_some_and(|export| export.func().is_some());
        ModuleFacts { version: Some(version.to_owned()), imports: imports.collect(), has_start }
    }

    /// Runs the module once: `input` on its stdin, its stdout back.
    pub fn run(&self, input: &[u8]) -> Result<Vec<u8>, GuestError> {
        if input.len() > LIMITS.stdin {
            return Err(GuestError::Input { size: input.len(), limit: LIMITS.stdin });
        }
        let stdout = BoundedPipe::refusing(LIMITS.stdout);
        let stderr = BoundedPipe::dropping(LIMITS.stderr);
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
        store.set_fuel(LIMITS.fuel)?;
        store.set_epoch_deadline(1);
        let linker = self.linker(&mut store)?;
        let _alarm = self.alarm();
        let instance = linker.instantiate(&mut store, &self.module)?;
        instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
    }

    /// WASI preview 1, with a trap in place of each function that is not allowed: the second line behind the check
    /// of the imports.
    fn linker(&self, store: &mut Store<State>) -> wasmtime::Result<Linker<State>> {
        let mut linker = Linker::new(&self.engine);
        add_wasi_snapshot_preview1_to_linker(&mut linker, |state: &mut State| &mut state.wasi)?;
        linker.allow_shadowing(true);
        let denied: Vec<_> = linker
            .iter(&mut *store)
            .filter(|(module, name, _)| *module != WASI || !ALLOWED_IMPORTS.contains(name))
            .map(|(module, name, item)| (module.to_owned(), name.to_owned(), item))
            .collect();
        for (module, name, item) in denied {
            if let Some(ty) = item.ty(&*store).func() {
                let import = format!("{module}::{name}");
                linker.func_new(
                    &module,
                    &name,
                    ty.clone(),
                    move |_, _, _| Err(Fault::Denied(import.clone()).into()),
                )?;
            }
        }
        Ok(linker)
    }

    /// Ends the guest after [`LIMITS`]`.time`, unless what is returned is dropped before. Where no thread can be had,
    /// fuel alone bounds the guest.
    fn alarm(&self) -> mpsc::Sender<()> {
        let (running, ended) = mpsc::channel::<()>();
        let engine = self.engine.clone();
        let _ = thread::Builder::new().name("guest-alarm".into()).spawn(move || {
            if ended.recv_timeout(LIMITS.time) == Err(mpsc::RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        running
    }
}

struct State {
    wasi: WasiCtx,
}

/// What our own parts of the sandbox end a guest for.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("too much {0}")]
    Growth(&'static str),
    #[error("{0} is not allowed")]
    Denied(String),
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > LIMITS.memory { Err(Fault::Growth("memory").into()) } else { Ok(true) }
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > LIMITS.table_elements { Err(Fault::Growth("table elements").into()) } else { Ok(true) }
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

/// What a guest's end means.
fn ended(error: &wasmtime::Error, stderr: &BoundedPipe) -> GuestError {
    if let Some(I32Exit(status)) = error.downcast_ref() {
        let stderr = String::from_utf8_lossy(&stderr.take().unwrap_or_default()).into_owned();
        return GuestError::Exit { status: *status, stderr };
    }
    match error.downcast_ref() {
        Some(Fault::Growth(what)) => return GuestError::Growth { what },
        Some(Fault::Denied(import)) => return GuestError::Import { import: import.clone() },
        None => {}
    }
    match error.downcast_ref() {
        Some(Trap::OutOfFuel) => GuestError::Fuel,
        Some(Trap::Interrupt) => GuestError::Deadline,
        Some(trap) => GuestError::Trap { trap: trap.to_string() },
        // `proc_exit` of 126 and above, and whatever else the engine says.
        None => GuestError::Trap { trap: error.root_cause().to_string() },
    }
}
