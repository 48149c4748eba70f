//! `module show`: what a module is, before it is trusted.

use std::fmt::Write;
use std::path::Path;

use super::print;
use crate::error::Error;
use crate::module::{built_in_wasm, read, sha256};
use crate::sandbox::{LIMITS, inspect};

pub(super) fn run(file: Option<&Path>) -> Result<(), Error> {
    let path = file.unwrap_or(Path::new("(built-in)"));
    let fail = |source| Error::Module { path: path.to_owned(), source };
    let wasm = match file {
        Some(file) => read(file).map_err(|error| fail(Box::new(error)))?,
        None => built_in_wasm().to_vec(),
    };
    let facts = inspect(&wasm).map_err(|error| fail(Box::new(error)))?;

    let mut shown = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(shown, "{name:<8} {value}");
    };
    line("module", &path.display().to_string());
    line("version", facts.version.as_deref().unwrap_or("(none given)"));
    line("sha256", &sha256(&wasm));
    line("size", &format!("{} bytes", wasm.len()));
    line("command", if facts.has_start { "yes" } else { "no: it exports no `_start`" });
    for import in &facts.imports {
        line("import", &format!("{}{}", import.name, if import.allowed { "" } else { "  refused" }));
    }
    line(
        "limits",
        &format!(
            "{} MiB of memory, {} million units of fuel, {} s, input {} KiB, output {} KiB",
            LIMITS.memory >> 20,
            LIMITS.fuel / 1_000_000,
            LIMITS.time.as_secs(),
            LIMITS.stdin >> 10,
            LIMITS.stdout >> 10
        ),
    );
    print(&shown);
    Ok(())
}
