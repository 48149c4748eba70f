//! `settings`: the list of all settings.

use crate::job::setting::{SETTINGS, Setting};
use crate::job::settings::variable;
use crate::report::print;

pub(super) fn run() {
    for Setting { name, value, default, help, .. } in &SETTINGS {
        let default = if default.is_empty() { String::new() } else { format!("  [default: {default}]") };
        print(&format!("--{} {value}  [env: {}]{default}\n    {help}\n", name.replace('_', "-"), variable(name)));
    }
}
