//! `context`: what a module would get.

use super::{Call, print};
use crate::cli::{Job, Told};
use crate::variables::Variables;

pub(super) fn run(told: Told, job: Job, variables: Variables) {
    print(&format!("{:#}\n", Call::begin(job, variables).context(told, true).json()));
}
