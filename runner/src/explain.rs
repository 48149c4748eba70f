//! What every error tells people.

use std::borrow::Cow;

/// An error that says what to do. `Display` says what happened and why.
pub(crate) trait Explain: std::error::Error {
    /// The next step; empty if there is none but to read on.
    fn step(&self) -> Cow<'_, str>;

    /// What happened, why, and what to do, in one line.
    fn describe(&self) -> String {
        let step = self.step();
        if step.is_empty() { self.to_string() } else { format!("{self}; {step}") }
    }
}
