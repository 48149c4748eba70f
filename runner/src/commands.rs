//! The commands, one file each, and what they share: one call's settings, time and voice.

mod context;
mod demo;
mod doctor;
mod module;
mod render;
mod send;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::ci::{Context, Gathered};
use crate::cli::{Cli, Command, Event, Job, Module, Told};
use crate::deadline::Deadline;
use crate::destination::Destinations;
use crate::download;
use crate::error::Error;
use crate::gitlab;
use crate::http::Client;
use crate::message::Message;
use crate::module::{ModuleError, Pin};
use crate::people::{self, Directory};
use crate::report::{Outcome, Report};
use crate::secret::Redactor;
use crate::settings::{self, Settings};
use crate::settings_file::SettingsFile;
use crate::variables::Variables;
use crate::webhook;

/// Runs a command and returns the process's exit status. The one place that chooses it.
#[must_use]
pub fn run(cli: Cli, variables: Variables) -> ExitCode {
    let result = match cli.command {
        Command::Send { told, strict, annotations, job } => {
            return send::run(told, strict, annotations.as_deref(), job, variables);
        }
        Command::Render { told, format, job } => render::run(told, format, job, variables),
        Command::Context { told, job } => {
            context::run(told, job, variables);
            Ok(())
        }
        Command::Module(Module::Show { file }) => module::show(file.as_deref()),
        Command::Module(Module::Check { file }) => module::check(&file),
        Command::Doctor { send, job } => return doctor::run(send, job, variables),
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

/// Wrong usage, and the exit status of it: clap says what is wrong and how it is right. A `send` fails no job by a typing error,
/// unless it is `--strict`.
#[must_use]
pub fn refuse(usage: &clap::Error, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let _ = usage.print();
    if !usage.use_stderr() {
        // Help and version are what was asked for.
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<OsString> = arguments.skip(1).collect();
    let is_send = arguments.iter().find(|it| !it.as_encoded_bytes().starts_with(b"-")).is_some_and(|it| it == "send");
    if !is_send || arguments.iter().any(|it| it == "--strict") {
        return ExitCode::from(2);
    }
    let report = Report::default();
    report.warning(
        "`pipeline-notifier send` was called wrongly, as it says above; the job goes on without a notification",
    );
    report.outcome(&Outcome::failed("usage"));
    ExitCode::SUCCESS
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
    report.line("hint: ", error.hint());
}

/// Writes to stdout. A reader that went away is no reason to fail.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// One call: what it knows, how long it may take, and whom it tells.
struct Call {
    variables: Variables,
    settings: Settings,
    pass: Vec<String>,
    pin: Option<Pin>,
    to: Destinations,
    file: SettingsFile,
    redactor: Redactor,
    report: Arc<Report>,
    deadline: Deadline,
    client: Client,
}

impl Call {
    fn begin(job: Job, variables: Variables) -> Self {
        Self::begin_watched(job, variables, |_, _| {})
    }

    /// Begins a call; `watch` is told of its deadline before anything that could hang.
    fn begin_watched(job: Job, variables: Variables, watch: impl FnOnce(Deadline, &Arc<Report>)) -> Self {
        let settings = job.settings.or_from(&variables);
        let (timeout, odd_timeout) = settings.timeout();
        let timeout = timeout.saturating_sub(Duration::from_secs_f64(job.spent));
        let mut redactor = Redactor::of(&variables, webhook::variable(&settings));
        let report = Arc::new(Report::redacting(redactor.clone()));
        let deadline = Deadline::after(timeout);
        watch(deadline, &report);
        if let Some(warning) = odd_timeout {
            report.warning(&warning);
        }
        for name in settings.overruled(&variables) {
            report.warning(&format!(
                "{} is not used: what the component's input {name} says stands in the job's script, and no variable changes it",
                settings::variable(name)
            ));
        }
        let mut file_warnings = Vec::new();
        let file = SettingsFile::read(&variables, &mut file_warnings);
        for warning in file_warnings {
            report.warning(&warning);
        }
        let to = Destinations::find(&variables, &settings, &file);
        // A File-type variable's contents are not among the variables.
        for webhook in to.webhook.iter().chain(&to.ops_webhook) {
            redactor.add(webhook.url().expose());
            report.redact(webhook.url().expose());
        }
        let pin = job.module.zip(job.module_sha256).map(|(source, sha256)| Pin { source, sha256 });
        Self {
            pass: job.pass,
            pin,
            to,
            file,
            redactor,
            report,
            deadline,
            client: Client::new(&variables),
            variables,
            settings,
        }
    }

    /// The context of an event. Where `ask` is set, GitLab is asked which jobs failed, and Slack who is who, as far as the
    /// event is about that.
    fn context(&self, told: impl Into<Told>, ask: bool) -> Context {
        let Told { event, result } = told.into();
        let about_failed_jobs = event == Event::PipelineFinished;
        let failed_jobs =
            (ask && about_failed_jobs).then(|| gitlab::failed_jobs(&self.client, &self.variables, self.deadline));
        if let Some(Err(unknown)) = &failed_jobs {
            self.report.warning(&format!(
                "asking GitLab which jobs failed: {unknown}; the message links to the pipeline's failures instead"
            ));
        }
        let mut warnings = Vec::new();
        let mut people = people::of_map(&self.settings, &mut warnings);
        let unknown = people::unknown(&people, &self.variables, &self.mention_lists(), event);
        if let Some(api) = self.to.bot().filter(|_| ask && !unknown.is_empty()) {
            let directory = Directory { api, client: &self.client, deadline: self.deadline };
            directory.add_to(&mut people, &unknown, &mut warnings);
        }
        let gathered = Gathered {
            event,
            result,
            variables: &self.variables,
            settings: &self.settings,
            pass: &self.pass,
            failed_jobs: failed_jobs.and_then(Result::ok),
            people,
            updates: self.to.bot().is_some(),
            file: self.file.for_module(),
            redactor: &self.redactor,
        };
        let context = gathered.context(&mut warnings);
        for warning in warnings {
            self.report.warning(&warning);
        }
        context
    }

    /// Everything that says whom to mention, wherever it says so.
    fn mention_lists(&self) -> Vec<&str> {
        let lists = ["mention", "ops_mention"].into_iter().filter_map(|name| self.settings.get(name));
        lists.chain(self.file.mention_lists()).collect()
    }

    /// Renders a context, and tells what was wrong with the pinned module.
    fn render(&self, context: &Context) -> (Result<Message, ModuleError>, Option<String>) {
        crate::module::render(&context.encode(), self.pin.as_ref(), self.deadline, |pin| {
            download::module(&self.client, &self.variables, &pin.source, &pin.sha256, self.deadline)
        })
    }

    /// The message of a context, by the module that the call names.
    fn message(&self, context: &Context) -> Result<Message, ModuleError> {
        let (message, warning) = self.render(context);
        if let Some(warning) = warning {
            self.report.warning(&warning);
        }
        if let Ok(message) = &message {
            for warning in &message.warnings {
                self.report.warning(warning);
            }
        }
        message
    }
}
