//! The built-in module: native code that is part of this program and runs in place.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{CustomCodeMemory, Engine, Module};

use super::config::engine_config;
use super::error::GuestError;
use super::guest::Guest;

/// Bytes with the alignment of code.
#[repr(C, align(64))]
struct Code<const SIZE: usize>([u8; SIZE]);

/// Native code of the built-in module for this target, made by the build script. It is part of the program's own code: executable, never
/// writable, and read from the disk as far as it runs. It needs no memory that is made executable.
#[allow(unsafe_code, reason = "names the section")]
#[unsafe(link_section = ".text.notifier")]
static NATIVE_CODE: Code<{ include_bytes!(concat!(env!("OUT_DIR"), "/notifier.cwasm")).len() }> =
    Code(*include_bytes!(concat!(env!("OUT_DIR"), "/notifier.cwasm")));

/// Code that is executable from the beginning.
struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        1
    }

    fn publish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// The loaded module: wasmtime takes code at one address only once.
static LOADED: Mutex<Option<Guest>> = Mutex::new(None);

impl Guest {
    /// Returns the built-in module. Nothing is compiled or copied.
    pub fn built_in() -> Result<Self, GuestError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guest) = &*loaded {
            return Ok(guest.clone());
        }
        let guest = Self::load_built_in()?;
        Ok(loaded.insert(guest).clone())
    }

    fn load_built_in() -> Result<Self, GuestError> {
        let mut config = engine_config();
        config.with_custom_code_memory(Some(Arc::new(InPlace)));
        let engine = Engine::new(&config).map_err(GuestError::of_engine)?;
        // SAFETY: these bytes are this build's own output, made by its build script with the engine's own configuration. They are part
        // of the binary, live as long as the process, and nothing can write there. Native code from anywhere else never comes here.
        #[allow(unsafe_code, reason = "the one place where native code is loaded, from inside the binary")]
        let module = unsafe { Module::deserialize_raw(&engine, NonNull::from(NATIVE_CODE.0.as_slice())) };
        Ok(Self { module: module.map_err(GuestError::of_engine)?, engine })
    }
}
