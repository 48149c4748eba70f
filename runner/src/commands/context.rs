//! `context`: what a module would get.

use super::{Call, print};
use crate::cli::{Event, Job};
use crate::variables::Variables;

pub(super) fn run(event: Event, job: Job, variables: Variables) {
    let context = Call::begin(job, variables).context(event, true);
    let context: serde_json::Value = serde_json::from_slice(&context).unwrap_or_default();
    print(&format!("{context:#}\n"));
}
