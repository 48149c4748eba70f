//! `pipeline-notifier`: parse, run, exit.

use std::process::ExitCode;

use clap::Parser;
use pipeline_notifier::cli::Cli;
use pipeline_notifier::variables::Variables;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    // Wrong usage: clap says what and how, and ends with 2.
    pipeline_notifier::run(Cli::parse(), Variables::of_process())
}
