//! `context`: prints the input of a module.

use crate::cli::{EventArgs, JobArgs};
use crate::report::print;
use crate::steps::look_up;
use crate::steps::read_job::Call;
use crate::variables::Variables;

pub(super) fn run(args: EventArgs, job: JobArgs, variables: Variables) {
    let call = Call::begin(job, variables);
    for findings in look_up(&call, args, false) {
        print(&format!("{:#}\n", call.context(args, &findings, &*call.report).json()));
    }
}
