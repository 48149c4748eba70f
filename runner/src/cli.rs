//! The command line. The doc comments are the help.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};

use crate::job::event::{Event, Verdict, source_of_outcome};
use crate::job::settings::Settings;

/// The version and the build, `full` or `slim`.
const VERSION: &str = if cfg!(feature = "full") {
    concat!(env!("CARGO_PKG_VERSION"), " full")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " slim")
};

/// Posts GitLab pipeline and deployment updates to Slack.
///
/// It reads a job's environment: GitLab's predefined variables, the secret `SLACK_WEBHOOK_URL`, and the settings.
/// `pipeline-notifier settings` lists them.
#[derive(Debug, Parser)]
#[command(name = "pipeline-notifier", version = VERSION, max_term_width = 120)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Renders the message of an event and delivers it. Exits with 0 even if that fails, unless --strict is given
    Send {
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        event: EventArgs,
        /// Exit with 1 if the message was not delivered.
        #[arg(long)]
        strict: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        files: Files,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    /// Prints the request body that `send` would post
    Render {
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        event: EventArgs,
        /// Render a context that the command `context` printed. The job's own variables and settings are ignored.
        #[arg(long, value_name = "FILE")]
        context: Option<PathBuf>,
        /// The request body, or what people would see in Slack.
        #[arg(long, value_enum, default_value_t = Format::Slack)]
        format: Format,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    /// Prints the context that the module gets
    Context {
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        event: EventArgs,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    /// Lists every setting: its flag, its variable, its values and its default
    Settings,
    /// Shows and checks message modules
    #[command(subcommand)]
    Module(Module),
    /// Checks the settings and prints the next step for each problem. Sends nothing without --send
    Doctor {
        /// Also send one test message.
        #[arg(long)]
        send: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    #[cfg(feature = "full")]
    /// Plays a whole pipeline against a built-in Slack and writes the messages to an HTML page
    Demo {
        /// Deliver to `SLACK_WEBHOOK_URL` instead.
        #[arg(long)]
        send: bool,
        /// Path of the page.
        #[arg(long, value_name = "FILE", default_value = "demo.html")]
        out: PathBuf,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
}

/// Shows and checks message modules.
#[derive(Debug, Subcommand)]
pub enum Module {
    /// Prints the version, digest, imports and limits of a module
    Show {
        /// Path of the module. Default: the built-in one.
        file: Option<PathBuf>,
    },
    /// Runs a module on every kind of context, within the limits, and validates its messages
    Check {
        /// Path of the module.
        file: PathBuf,
        /// Also ask Slack whether it accepts the blocks of each message. Needs `SLACK_BOT_TOKEN`; sends nothing.
        #[arg(long)]
        slack: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        settings: Settings,
    },
}

/// The arguments that describe the job.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct JobArgs {
    /// Render with this module instead of the built-in one.
    #[arg(long, value_name = "FILE|URL", requires = "module_sha256")]
    pub module: Option<String>,
    /// SHA-256 of the module, 64 hexadecimal digits. A module with another digest does not run.
    #[arg(long, value_name = "HEX", requires = "module", value_parser = sha256)]
    pub module_sha256: Option<String>,
    /// Pass one more variable to the module. Repeat it for several.
    #[arg(long, value_name = "NAME")]
    pub pass: Vec<String>,
    /// Seconds of `NOTIFIER_TIMEOUT` that are already used, for example by the component's download.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, value_parser = seconds, hide = true)]
    pub spent: f64,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// The files that a job asks for.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Files {
    /// Write the message's links to this file, for `artifacts:reports:annotations`.
    #[arg(long, value_name = "FILE")]
    pub annotations: Option<PathBuf>,
    /// Record the bot message's location in this file, for later jobs.
    #[arg(long, value_name = "FILE")]
    pub message_file: Option<PathBuf>,
}

/// The event.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct EventArgs {
    /// The event to report.
    #[arg(value_parser = EventParser)]
    pub event: Event,
    /// How the pipeline ended: failed or success. Only for pipeline-finished; the component's closing jobs set it.
    #[arg(long, value_enum, hide_possible_values = true)]
    pub result: Option<Verdict>,
}

impl From<Event> for EventArgs {
    fn from(event: Event) -> Self {
        Self { event, result: None }
    }
}

/// The output format of `render`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The request body.
    Slack,
    /// Readable text.
    Text,
    /// A page that shows it as Slack would.
    Html,
}

/// Reads an event. `deploy-failed` is not an event: the error explains where the outcome comes from.
#[derive(Clone)]
struct EventParser;

impl TypedValueParser for EventParser {
    type Value = Event;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&clap::Arg>, word: &OsStr) -> Result<Event, clap::Error> {
        match word.to_str().and_then(source_of_outcome) {
            Some(source) => (move |_: &str| Err::<Event, _>(source)).parse_ref(command, arg, word),
            None => EnumValueParser::<Event>::new().parse_ref(command, arg, word),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Event::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=300.0).contains(seconds));
    seconds.ok_or_else(|| "not a number of seconds from 0 to 300".to_owned())
}

fn sha256(hex: &str) -> Result<String, String> {
    if hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        Ok(hex.to_ascii_lowercase())
    } else {
        Err("a SHA-256 digest has 64 hexadecimal digits, as `sha256sum FILE` prints it".to_owned())
    }
}
