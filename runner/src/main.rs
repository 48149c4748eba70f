//! `pipeline-notifier`: parse, run, exit.

use std::process::ExitCode;

use clap::Parser;
use pipeline_notifier::cli::Cli;
use pipeline_notifier::variables::Variables;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => pipeline_notifier::run(cli, Variables::of_process()),
        Err(usage) => pipeline_notifier::refuse(&usage, std::env::args_os()),
    }
}
