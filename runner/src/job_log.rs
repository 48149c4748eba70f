//! The end of a job's log, for people: the script's own last lines, without secrets.
//!
//! A log is text from outside, and anybody may read a channel. So the script's lines are found by GitLab Runner's marks, and a line that
//! looks like a secret is replaced as a whole. GitLab masks only exact values of masked variables.

mod known;
mod lines;
mod own_secrets;
mod secrets;
mod several_lines;
mod terminal;

pub(crate) use lines::of_tail;
pub(crate) use own_secrets::with_own_secrets;
pub(crate) use secrets::is_secret;
