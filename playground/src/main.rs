//! Builds the playground: `cargo run --package playground -- DIRECTORY`. The directory is a static page, for any web server.

mod samples;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use wasm_bindgen_cli_support::Bindgen;

/// The part of the WASI shim that runs in a page, from the npm registry: `npm ci` in this folder brings it.
const SHIM: &str = "node_modules/@bjorn3/browser_wasi_shim";

fn main() -> ExitCode {
    let out = env::args_os().nth(1).map_or_else(|| root().join("target/playground"), PathBuf::from);
    match build(&out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn build(out: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    copy(&here().join("page"), out)?;
    fs::write(out.join("samples.json"), samples::json(&root())?)?;

    let shim = here().join(SHIM);
    if !shim.is_dir() {
        return Err(format!("{} is missing: run `npm ci` in playground/", shim.display()).into());
    }
    let target = out.join("browser_wasi_shim");
    copy(&shim.join("dist"), &target)?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(shim.join(licence), target.join(licence))?;
    }

    let wasm = module()?;
    Bindgen::new()
        .input_path(wasm)
        .out_name("notifier")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .generate(out)?;
    Ok(())
}

/// The module as a browser's library.
fn module() -> Result<PathBuf, Box<dyn Error>> {
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(["rustc", "--quiet", "--package", "notifier-wasm", "--lib", "--crate-type", "cdylib"])
        .args(["--profile", "module", "--target", "wasm32-unknown-unknown", "--target-dir", "target"])
        // wasm-bindgen reads from a section which features the code uses.
        .env("CARGO_PROFILE_MODULE_STRIP", "debuginfo")
        .status()?;
    if !built.success() {
        return Err("building the module for wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown)".into());
    }
    Ok(root().join("target/wasm32-unknown-unknown/module/notifier_wasm.wasm"))
}

/// Copies the files of a folder that a page can use.
fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let is_part = path.extension().is_some_and(|it| ["html", "css", "js"].iter().any(|part| it == *part));
        if let Some(name) = path.file_name().filter(|_| is_part) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn root() -> PathBuf {
    here().join("..")
}

#[allow(clippy::print_stderr, reason = "the one place of this tool that talks to people")]
fn complain(error: &dyn Error) {
    eprintln!("playground: {error}");
}
