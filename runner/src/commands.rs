//! The commands, one file each, and the exit status of each. They share a `Call`.

mod context;
#[cfg(feature = "full")]
mod demo;
mod doctor;
mod language;
mod module;
mod render;
mod send;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::explain::Explain;
use crate::report::{Outcome, Report, Sink};
use crate::variables::Variables;

/// Runs a command and returns the process's exit status.
#[must_use]
pub fn run(cli: Cli, variables: Variables) -> ExitCode {
    let result = match cli.command {
        Command::Send { event, strict, files, job } => {
            return ExitCode::from(send::run(event, strict, &files, job, variables));
        }
        Command::Render { event, context, format, job } => {
            render::run(event, context.as_deref(), format, job, variables)
        }
        Command::Context { event, job } => {
            context::run(event, job, variables);
            Ok(())
        }
        Command::Settings => {
            settings::run();
            Ok(())
        }
        Command::Module(command) => module::run(command, &variables),
        Command::Doctor { send, job } => {
            return if doctor::run(send, job, variables) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        #[cfg(feature = "full")]
        Command::Demo { send, out, job } => demo::run(send, &out, &job, &variables),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints clap's explanation of wrong usage and returns the exit status. A typing error in `send` fails no job, except with `--strict`.
#[must_use]
pub fn refuse(usage: &clap::Error, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let _ = usage.print();
    if !usage.use_stderr() {
        // The user asked for the help or the version.
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<OsString> = arguments.skip(1).collect();
    let is_send = arguments.iter().find(|it| !it.as_encoded_bytes().starts_with(b"-")).is_some_and(|it| it == "send");
    let outcome = Outcome::failed("usage");
    if !is_send {
        return ExitCode::from(outcome.exit_status(true));
    }
    let is_strict = arguments.iter().any(|it| it == "--strict");
    let report = Report::default();
    report.warning("the arguments of `pipeline-notifier send` are invalid (see above); nothing was sent");
    ExitCode::from(report.end(&outcome, is_strict))
}

/// Prints an error, its causes and the next step.
fn complain(error: &Error) {
    let report = Report::default();
    report.line("error: ", &error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        report.line("caused by: ", &error.to_string());
        cause = error.source();
    }
    report.line("hint: ", &error.step());
}
