//! Builds the built-in module: `notifier.wasm` from the neighbouring crate, and its native code for the target. A run
//! with the built-in module then compiles nothing.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::build::elf::SectionData;
use wasm_encoder::{CustomSection, Section};

#[path = "src/sandbox/config.rs"]
mod config;
#[path = "../release/remap.rs"]
mod remap;

/// The name of the custom section that holds the module's version.
const VERSION_SECTION: &str = "pipeline-notifier.version";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let workspace = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    for path in ["notifier-wasm/src", "notifier-wasm/Cargo.toml", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    println!("cargo::rerun-if-changed=src/sandbox/config.rs");
    println!("cargo::rerun-if-changed=../release/remap.rs");
    println!("cargo::rerun-if-changed=build.rs");

    let mut wasm = fs::read(build_module(&workspace, &out)?)?;
    let version = env::var("CARGO_PKG_VERSION")?;
    CustomSection { name: VERSION_SECTION.into(), data: version.as_bytes().into() }.append_to(&mut wasm);
    let native = compile(&wasm, &env::var("TARGET")?)?;
    fs::write(out.join("notifier.wasm"), &wasm)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &wasm);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(out.join("notifier.rs"), format!("({digest:?}, {})", wasm.len()))?;
    fs::write(out.join("notifier.cwasm"), native)?;
    if cfg!(feature = "full") {
        fs::write(out.join("contexts.rs"), contexts(&workspace.join("tests/fixtures/messages"))?)?;
    }
    Ok(())
}

/// Returns the contexts of `module check`, which are those of the tests' fixtures, as an expression: a slice of names
/// and bytes.
fn contexts(fixtures: &Path) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", fixtures.display());
    let mut folders = fs::read_dir(fixtures)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, io::Error>>()?;
    folders.sort();
    let mut expression = String::from("&[\n");
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let context = folder.join("context.json").display().to_string();
        writeln!(expression, "    ({name:?}, include_bytes!({context:?})),")?;
    }
    Ok(expression + "]\n")
}

/// Builds `notifier.wasm` and returns its path. Paths of this machine are mapped away, so that the same source gives
/// the same bytes anywhere.
fn build_module(workspace: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    // All runs of this script share one directory beside its own. Cargo's own directory is locked while we run.
    let target_dir = out.ancestors().nth(3).unwrap_or(out).join("module");
    let cargo_home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(workspace)
        .args(["build", "--package", "notifier-wasm", "--bin", "notifier"])
        .args(["--profile", "module", "--target", "wasm32-wasip1", "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", remap::flags(&env::var("RUSTC")?, &cargo_home, workspace)?);
    // Meant for the binary's build, not for the module's.
    for variable in
        ["RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_BOOTSTRAP"]
    {
        cargo.env_remove(variable);
    }
    let output = cargo.output()?;
    if !output.status.success() {
        let cause = String::from_utf8_lossy(&output.stderr);
        let hint = if cause.contains("may not be installed") {
            "hint: rustup target add wasm32-wasip1"
        } else {
            "hint: cargo build -p notifier-wasm --target wasm32-wasip1"
        };
        return Err(format!("building the module for wasm32-wasip1\n{cause}\n{hint}").into());
    }
    Ok(target_dir.join("wasm32-wasip1/module/notifier.wasm"))
}

/// Returns the module's native code. The target is always named: otherwise Cranelift would use the features of the
/// building machine's processor, and older processors would refuse the code.
fn compile(wasm: &[u8], target: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut config = config::engine_config();
    // The code is a part of each job's download.
    config.cranelift_opt_level(wasmtime::OptLevel::SpeedAndSize);
    config.target(target).map_err(|cause| {
        format!("compiling the module for {target}: {cause:#}\nhint: build on a machine of that architecture")
    })?;
    let native = wasmtime::Engine::new(&config)?.precompile_module(wasm)?;
    Ok(without_symbols(&native)?)
}

/// Returns an ELF file without its symbols and their names. Only a profiler reads them, and they are a fiftieth of each job's download.
fn without_symbols(elf: &[u8]) -> Result<Vec<u8>, object::build::Error> {
    let mut builder = object::build::elf::Builder::read(elf)?;
    for section in &mut builder.sections {
        section.delete = matches!(section.data, SectionData::Symbol | SectionData::String);
    }
    for symbol in &mut builder.symbols {
        symbol.delete = true;
    }
    let mut stripped = Vec::new();
    builder.write(&mut stripped)?;
    Ok(stripped)
}
