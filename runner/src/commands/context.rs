//! `context`: what a module would get.

use super::{Call, print};
use crate::cli::{Event, Job};
use crate::variables::Variables;

pub(super) fn run(event: Event, job: Job, variables: Variables) {
    print(&format!("{:#}\n", Call::begin(job, variables).context(event, true).json()));
}
