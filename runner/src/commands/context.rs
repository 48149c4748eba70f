//! `context`: what a module would get.

use super::ask;
use super::call::Call;
use crate::cli::{Job, Told};
use crate::report::print;
use crate::variables::Variables;

pub(super) fn run(told: Told, job: Job, variables: Variables) {
    for (context, _) in ask::learn(&Call::begin(job, variables), told, true) {
        print(&format!("{:#}\n", context.json()));
    }
}
