//! The engine, and what it takes as a module.

use wasmtime::{Engine, Module};

use super::GuestError;
use super::config::engine_config;

pub(super) fn new_engine() -> Result<Engine, GuestError> {
    Engine::new(&engine_config()).map_err(engine_error)
}

pub(super) fn engine_error(cause: wasmtime::Error) -> GuestError {
    GuestError::Engine { cause: format!("{cause:#}") }
}

/// Whether the engine takes these bytes as a module, without compiling them.
pub(super) fn validate(wasm: &[u8]) -> Result<(), GuestError> {
    Module::validate(&new_engine()?, wasm).map_err(|cause| GuestError::NotAModule { cause: format!("{cause:#}") })
}
