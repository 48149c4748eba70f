//! The engine's only configuration, for the binary and for its build script. Native code loads only into an engine with the
//! configuration of the one that compiled it.

use wasmtime::{Config, WasmBacktraceDetails};

/// Turns off everything that a message does not need. Each proposal that is off is one less to have a bug in.
pub(super) fn engine_config() -> Config {
    let mut config = Config::new();
    config
        // Epochs bound the time. Fuel would bound it too, for 80 KB of each job's download.
        .epoch_interruption(true)
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_component_model(false)
        .max_wasm_stack(512 << 10)
        // The default reserves 4 GiB of address space for each memory, which fails under `ulimit -v`.
        .memory_reservation(0)
        .memory_reservation_for_growth(1 << 20)
        .memory_guard_size(64 << 10)
        .memory_init_cow(false)
        // Nobody reads a guest's backtrace; without its tables the code is smaller.
        .wasm_backtrace(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .native_unwind_info(false)
        .generate_address_map(false);
    config
}
