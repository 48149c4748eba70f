//! What a module says of itself, read without compiling or running it.

use wasmparser::{Parser, Payload};

use super::engine::validate;
use super::{ALLOWED_IMPORTS, GuestError, LIMITS, WASI};

/// The name of the custom section that holds a module's version. `build.rs` writes it into ours.
const VERSION_SECTION: &str = "pipeline-notifier.version";

/// A module, seen from outside.
#[derive(Debug)]
pub struct ModuleFacts {
    /// The module's own version, where it bears one in a custom section `pipeline-notifier.version`.
    pub version: Option<String>,
    /// Everything that it imports, in the module's order.
    pub imports: Vec<Import>,
    /// Whether it is a WASI command.
    pub has_start: bool,
}

/// One import of a module.
#[derive(Debug)]
pub struct Import {
    /// `module::name`.
    pub name: String,
    /// Whether the sandbox gives it.
    pub allowed: bool,
}

impl Import {
    pub(super) fn of(module: &str, name: &str, is_function: bool) -> Self {
        let allowed = is_function && module == WASI && ALLOWED_IMPORTS.contains(&name);
        Self { name: format!("{module}::{name}"), allowed }
    }
}

/// Validates a module and reads its imports, exports and version.
pub fn inspect(wasm: &[u8]) -> Result<ModuleFacts, GuestError> {
    if wasm.len() > LIMITS.module {
        return Err(GuestError::TooLarge { size: wasm.len(), limit: LIMITS.module });
    }
    let not_a_module = |cause: wasmparser::BinaryReaderError| GuestError::NotAModule { cause: cause.to_string() };
    validate(wasm)?;
    let mut facts = ModuleFacts { version: None, imports: Vec::new(), has_start: false };
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(not_a_module)? {
            Payload::ImportSection(imports) => {
                for import in imports {
                    let import = import.map_err(not_a_module)?;
                    let is_function = matches!(import.ty, wasmparser::TypeRef::Func(_));
                    facts.imports.push(Import::of(import.module, import.name, is_function));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(not_a_module)?;
                    let is_function = export.kind == wasmparser::ExternalKind::Func;
                    facts.has_start |= is_function && export.name == "_start";
                }
            }
            Payload::CustomSection(section) if section.name() == VERSION_SECTION => {
                facts.version = std::str::from_utf8(section.data()).ok().map(str::to_owned);
            }
            _ => {}
        }
    }
    Ok(facts)
}
