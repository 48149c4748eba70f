//! Modules from outside: read and checked before any of their code runs, and compiled. Only the full build has this.

use wasmparser::{Parser, Payload};
use wasmtime::{Engine, Module};

use super::config::engine_config;
use super::{Guest, GuestError, Import, LIMITS, ModuleFacts};

/// The name of the custom section that holds a module's version. `build.rs` writes it into ours.
const VERSION_SECTION: &str = "pipeline-notifier.version";

impl Guest {
    /// Validates and compiles a module. Takes some hundred milliseconds.
    pub fn from_wasm(wasm: &[u8]) -> Result<Self, GuestError> {
        let facts = inspect(wasm)?;
        if let Some(import) = facts.imports.into_iter().find(|import| !import.allowed) {
            return Err(GuestError::Import { import: import.name });
        }
        if !facts.has_start {
            return Err(GuestError::NoStart);
        }
        let engine = engine()?;
        let module =
            Module::from_binary(&engine, wasm).map_err(|cause| GuestError::NotAModule { cause: cause.to_string() })?;
        Ok(Self { engine, module })
    }
}

fn engine() -> Result<Engine, GuestError> {
    Engine::new(&engine_config()).map_err(GuestError::of_engine)
}

/// Validates a module and reads its imports, exports and version, without compiling it.
pub fn inspect(wasm: &[u8]) -> Result<ModuleFacts, GuestError> {
    if wasm.len() > LIMITS.module {
        return Err(GuestError::TooLarge { size: wasm.len(), limit: LIMITS.module });
    }
    let not_a_module = |cause: wasmparser::BinaryReaderError| GuestError::NotAModule { cause: cause.to_string() };
    Module::validate(&engine()?, wasm).map_err(|cause| GuestError::NotAModule { cause: format!("{cause:#}") })?;
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
