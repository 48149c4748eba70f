//! The text of an error for people.

use std::borrow::Cow;

/// An error with a next step. Its `Display` has the event and the cause.
pub(crate) trait Explain: std::error::Error {
    /// Returns the next step; empty if there is none except reading on.
    fn step(&self) -> Cow<'_, str>;

    /// Returns the event, the cause and the next step in one line.
    fn describe(&self) -> String {
        let step = self.step();
        if step.is_empty() { self.to_string() } else { format!("{self}; {step}") }
    }
}
