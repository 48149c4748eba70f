//! `context`: what a module would get.

use super::ask;
use super::call::Call;
use crate::cli::{Job, Told};
use crate::report::print;
use crate::variables::Variables;

pub(super) fn run(told: Told, job: Job, variables: Variables) {
    print(&format!("{:#}\n", ask::context(&Call::begin(job, variables), told, true).json()));
}
