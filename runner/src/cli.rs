//! The command line. The doc comments are the help.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};

use crate::job::event::{Event, Verdict, source_of_outcome};
use crate::job::settings::Settings;

/// The version, and which of the two builds this is.
const VERSION: &str = if cfg!(feature = "full") {
    concat!(env!("CARGO_PKG_VERSION"), " full")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " slim")
};

/// Tells a team's Slack what its GitLab pipelines and deployments do.
///
/// Everything that a job knows comes from its environment: GitLab's predefined variables, the secret
/// `SLACK_WEBHOOK_URL`, and the settings, which the help of `send` lists.
#[derive(Debug, Parser)]
#[command(name = "pipeline-notifier", version = VERSION, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Renders an event's message and delivers it. Ends with 0 whatever happens, unless --strict is given
    Send {
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        event: EventArgs,
        /// End with 1 where the message could not be delivered.
        #[arg(long)]
        strict: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        files: Files,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    /// Prints the request body that send would post
    Render {
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        event: EventArgs,
        /// Render this context, as the command context prints it, as one of this event. Nothing else of this job counts, its settings
        /// neither.
        #[arg(long, value_name = "FILE")]
        context: Option<PathBuf>,
        /// The body as Slack takes it, or as people would see it.
        #[arg(long, value_enum, default_value_t = Format::Slack)]
        format: Format,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    /// Prints the context that the module would get
    Context {
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        event: EventArgs,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    /// Tells about message modules
    #[command(subcommand)]
    Module(Module),
    /// Checks what is set and what is missing; sends nothing, unless told to
    Doctor {
        /// Send one test message too.
        #[arg(long)]
        send: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
    #[cfg(feature = "full")]
    /// Plays every moment of a pipeline against a built-in inbox and writes what arrives to a page
    Demo {
        /// Deliver to `SLACK_WEBHOOK_URL` instead.
        #[arg(long)]
        send: bool,
        /// The page.
        #[arg(long, value_name = "FILE", default_value = "demo.html")]
        out: PathBuf,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        job: JobArgs,
    },
}

/// Tells about message modules.
#[derive(Debug, Subcommand)]
pub enum Module {
    /// Prints version, digest, imports and limits of a module
    Show {
        /// The module; without it the built-in one.
        file: Option<PathBuf>,
    },
    /// Runs a module on every kind of context, within the limits, and validates what it returns
    Check {
        /// The module.
        file: PathBuf,
        /// Ask Slack too whether it would take the blocks of each message; needs `SLACK_BOT_TOKEN`. Nothing is sent.
        #[arg(long)]
        slack: bool,
        #[command(flatten)]
        #[allow(missing_docs, reason = "its fields are the help")]
        settings: Settings,
    },
}

/// How a message is rendered, whatever is done with it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct JobArgs {
    /// Render with this module instead of the built-in one. One with the built-in one's digest is not even fetched.
    #[arg(long, value_name = "FILE|URL", requires = "module_sha256")]
    pub module: Option<String>,
    /// SHA-256 of the module, 64 hexadecimal digits. A module that does not match is not run.
    #[arg(long, value_name = "HEX", requires = "module", value_parser = sha256)]
    pub module_sha256: Option<String>,
    /// Let the module see one more variable; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub pass: Vec<String>,
    /// Seconds of `NOTIFIER_TIMEOUT` that the job has spent on the notifier already, as the component's download does.
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
    /// Write where a bot's message is to this file, for the jobs that come later.
    #[arg(long, value_name = "FILE")]
    pub message_file: Option<PathBuf>,
}

/// The event.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct EventArgs {
    /// Which event.
    #[arg(value_parser = EventParser)]
    pub event: Event,
    /// How the pipeline ended, for pipeline-finished: the component's closing jobs know.
    #[arg(long, value_enum)]
    pub result: Option<Verdict>,
}

impl From<Event> for EventArgs {
    fn from(event: Event) -> Self {
        Self { event, result: None }
    }
}

/// How `render` prints a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The request body.
    Slack,
    /// Readable text.
    Text,
    /// A page that shows it as Slack would.
    Html,
}

/// Reads an event. A word that says how it ended is told where that comes from.
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
