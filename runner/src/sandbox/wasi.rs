//! The functions of WASI preview 1 that a guest gets. They are wasi-common's own; all others are not even linked.

use wasi_common::WasiCtx;
use wasi_common::snapshots::preview_1::wasi_snapshot_preview1 as preview_1;
use wasmtime::{AsContextMut, Caller, Linker};
use wiggle::{GuestMemory, run_in_dummy_executor};

use super::WASI;

/// Gives a linker the functions of the list, with names and arguments, and lists their names.
macro_rules! functions {
    ($($name:ident($($argument:ident),*) -> $result:ty;)*) => {
        /// All imports that a module may have: a Rust program that reads stdin and writes stdout needs no more. Arguments and
        /// environment are empty. Randomness is a fixed sequence, so that equal input gives equal output.
        pub(super) const ALLOWED_IMPORTS: &[&str] = &[$(stringify!($name)),*];

        /// Links the functions. `context` finds the state of WASI in a guest's state.
        pub(super) fn link<T: 'static>(linker: &mut Linker<T>, context: fn(&mut T) -> &mut WasiCtx) -> wasmtime::Result<()> {
            $(linker.func_wrap(
                WASI,
                stringify!($name),
                move |mut caller: Caller<'_, T>, $($argument: i32),*| -> wasmtime::Result<$result> {
                    let fuel = caller.as_context_mut().hostcall_fuel();
                    let memory = caller.get_export("memory").and_then(|export| export.into_memory());
                    let memory = memory.ok_or_else(|| wasmtime::Error::msg("it exports no memory"))?;
                    let (memory, state) = memory.data_and_store_mut(&mut caller);
                    let context = context(state);
                    preview_1::WasiSnapshotPreview1::set_hostcall_fuel(context, fuel);
                    let mut memory = GuestMemory::Unshared(memory);
                    run_in_dummy_executor(preview_1::$name(context, &mut memory, $($argument),*))?
                },
            )?;)*
            Ok(())
        }
    };
}

functions! {
    args_get(argv, argv_buf) -> i32;
    args_sizes_get(argc, argv_buf_size) -> i32;
    environ_get(environ, environ_buf) -> i32;
    environ_sizes_get(environc, environ_buf_size) -> i32;
    fd_read(fd, iovs, iovs_len, nread) -> i32;
    fd_write(fd, iovs, iovs_len, nwritten) -> i32;
    proc_exit(code) -> ();
    random_get(buf, buf_len) -> i32;
}
