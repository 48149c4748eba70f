//! A module's facts about itself.

use super::wasi::ALLOWED_IMPORTS;
use super::{Guest, WASI};

/// A module, seen from outside.
#[derive(Debug)]
pub struct ModuleFacts {
    /// The module's own version, if it has one in a custom section `pipeline-notifier.version`.
    pub version: Option<String>,
    /// All its imports, in the module's order.
    pub imports: Vec<Import>,
    /// True if it is a WASI command.
    pub has_start: bool,
}

/// One import of a module.
#[derive(Debug)]
pub struct Import {
    /// `module::name`.
    pub name: String,
    /// True if the sandbox provides it.
    pub allowed: bool,
}

impl Import {
    pub(super) fn of(module: &str, name: &str, is_function: bool) -> Self {
        let allowed = is_function && module == WASI && ALLOWED_IMPORTS.contains(&name);
        Self { name: format!("{module}::{name}"), allowed }
    }
}

impl Guest {
    /// Returns its imports, and whether it is a command. The caller provides `version`.
    #[must_use]
    pub fn facts(&self, version: &str) -> ModuleFacts {
        let imports = self.module.imports().map(|import| {
            let is_function = import.ty().func().is_some();
            Import::of(import.module(), import.name(), is_function)
        });
        let has_start = self.module.get_export("_start").is_some_and(|export| export.func().is_some());
        ModuleFacts { version: Some(version.to_owned()), imports: imports.collect(), has_start }
    }
}
