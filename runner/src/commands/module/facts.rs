//! The facts of a module, for people.

use std::fmt::Write;

use crate::report::print;
use crate::sandbox::{LIMITS, ModuleFacts};

/// Prints a module's own facts, its digest and its size.
pub(super) fn show(name: &str, facts: &ModuleFacts, (digest, size): (&str, usize)) {
    let mut shown = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(shown, "{name:<8} {value}");
    };
    line("module", name);
    line("version", facts.version.as_deref().unwrap_or("(none given)"));
    line("sha256", digest);
    line("size", &format!("{size} bytes"));
    line("command", if facts.has_start { "yes" } else { "no: it exports no `_start`" });
    for import in &facts.imports {
        line("import", &format!("{}{}", import.name, if import.allowed { "" } else { "  refused" }));
    }
    line(
        "limits",
        &format!(
            "{} MiB of memory, {} s, input {} KiB, output {} KiB",
            LIMITS.memory >> 20,
            LIMITS.time.as_secs(),
            LIMITS.stdin >> 10,
            LIMITS.stdout >> 10
        ),
    );
    print(&shown);
}
