//! Runs a WASI program with this process's stdio and arguments. `cargo test --target wasm32-wasip1` runs the module's unit tests
//! with it.

use std::process::ExitCode;

use wasi_common::I32Exit;
use wasi_common::sync::{WasiCtxBuilder, add_to_linker};
use wasmtime::{Engine, Linker, Module, Result, Store};

fn main() -> Result<ExitCode> {
    let program = std::env::args().nth(1).unwrap_or_default();
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |wasi| wasi)?;
    let wasi = WasiCtxBuilder::new().inherit_stdio().args(&std::env::args().skip(1).collect::<Vec<_>>())?.build();
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &Module::from_file(&engine, program)?)?;
    match instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => match error.downcast_ref() {
            Some(I32Exit(0)) => Ok(ExitCode::SUCCESS),
            Some(I32Exit(_)) => Ok(ExitCode::FAILURE),
            None => Err(error),
        },
    }
}
