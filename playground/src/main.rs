//! Builds the playground: `cargo run --package playground -- DIRECTORY`. The directory is a static site for any web server.

/// The module for browsers has the same bytes on any machine, as the one of jobs.
#[path = "../../release/remap.rs"]
mod remap;
mod samples;
/// The host's table of settings: the playground passes the same settings to the module as a job.
#[allow(dead_code, unreachable_pub, reason = "the host uses all of it")]
#[path = "../../runner/src/job/setting.rs"]
mod setting;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use wasm_bindgen_cli_support::Bindgen;

/// The npm packages of the playground, which `npm ci` in this folder installs. Each has a name, a part that runs in browsers, the
/// playground's folder for that part, and licences.
const PACKAGES: [(&str, &str, &str, &[&str]); 3] = [
    ("@bjorn3/browser_wasi_shim", "dist", "browser_wasi_shim", &["LICENSE-APACHE", "LICENSE-MIT"]),
    ("diff", "libesm", "diff", &["LICENSE"]),
    ("yaml", "browser/dist", "yaml", &["LICENSE"]),
];

/// The fonts of the playground and of its pictures, so that both look the same on any machine. Each has a package and its style
/// sheets. A browser loads only the parts that it shows.
const FONTS: [(&str, &[&str]); 5] = [
    ("@fontsource/lato", &["400.css", "700.css", "900.css"]),
    ("@fontsource/noto-sans-kr", &["400.css", "700.css"]),
    // Chromium and Firefox draw this format. Other browsers take the emoji of their machine.
    ("@infolektuell/noto-color-emoji", &["index.css"]),
    ("@fontsource/noto-sans-mono", &["400.css"]),
    // The signs of the stages.
    ("@fontsource/noto-sans-symbols-2", &["400.css"]),
];

/// The rules that come after the fonts themselves.
const FONT_RULES: &str = r#"
body { font-family: Lato, "Noto Sans KR", "Noto Sans Symbols 2", "Noto Color Emoji", sans-serif; }
code, pre, textarea, .input input { font-family: "Noto Sans Mono", "Noto Sans KR", "Noto Color Emoji", monospace; }
"#;

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

    for (name, part, folder, licences) in PACKAGES {
        let package = npm_package(name)?;
        let target = out.join(folder);
        copy(&package.join(part), &target)?;
        for licence in licences {
            fs::copy(package.join(licence), target.join(licence))?;
        }
    }

    fonts(out)?;

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

/// Returns the folder of a package that `npm ci` installed.
fn npm_package(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let package = here().join("node_modules").join(name);
    if !package.is_dir() {
        return Err(format!("{} is missing: run `npm ci` in playground/", package.display()).into());
    }
    Ok(package)
}

/// Writes `fonts.css` and the files that it names. It takes the first format of a font, which every current browser reads.
fn fonts(out: &Path) -> Result<(), Box<dyn Error>> {
    let target = out.join("fonts");
    fs::create_dir_all(&target)?;
    let mut css = String::new();
    for (name, sheets) in FONTS {
        let package = npm_package(name)?;
        let prefix = name.rsplit('/').next().unwrap_or(name);
        fs::copy(package.join("LICENSE"), target.join(format!("{prefix}.LICENSE")))?;
        for sheet in sheets {
            for line in
                fs::read_to_string(package.join(sheet))?.replace("font-display: swap", "font-display: block").lines()
            {
                if let Some((_, rest)) = line.split_once("url(./files/") {
                    let (file, format) = rest.split_once(')').ok_or("a style sheet of a font names no file")?;
                    let format = format.split([',', ';']).next().unwrap_or_default();
                    let copied = format!("{prefix}-{file}");
                    fs::copy(package.join("files").join(file), target.join(&copied))?;
                    css += &format!("  src: url(fonts/{copied}){format};\n");
                } else {
                    css += &format!("{line}\n");
                }
            }
        }
    }
    fs::write(out.join("fonts.css"), css + FONT_RULES)?;
    Ok(())
}

/// Builds the module as a library for browsers.
fn module() -> Result<PathBuf, Box<dyn Error>> {
    let cargo_home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let flags = remap::flags("rustc", &cargo_home, &root().canonicalize()?)?;
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(["rustc", "--quiet", "--package", "notifier-wasm", "--lib", "--crate-type", "cdylib"])
        .args(["--profile", "module", "--target", "wasm32-unknown-unknown", "--target-dir", "target"])
        // wasm-bindgen reads the features that the code uses from a section.
        .env("CARGO_PROFILE_MODULE_STRIP", "debuginfo")
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .status()?;
    if !built.success() {
        return Err("building the module for wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown)".into());
    }
    Ok(root().join("target/wasm32-unknown-unknown/module/notifier_wasm.wasm"))
}

/// Copies the web files of a folder and of the folders in it.
fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else if path.extension().is_some_and(|it| ["html", "css", "js"].iter().any(|part| it == *part)) {
            fs::copy(&path, target)?;
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
