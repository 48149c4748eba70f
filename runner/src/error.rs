use std::borrow::Cow;
#[cfg(feature = "full")]
use std::io;
use std::path::PathBuf;

use crate::explain::Explain;
use crate::module::render::ModuleError;
use crate::sandbox::GuestError;

/// The error of a command other than `send`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The built-in module gave no message. The fault is ours, or the sandbox does not work on this machine.
    #[error("rendering the message")]
    Render(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The user's file is missing or is no module.
    #[error("reading the module {path}", path = .path.display())]
    Module {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The user asked the slim build for a feature of the full one.
    #[cfg(not(feature = "full"))]
    #[error("reading the module {path}: this is the slim notifier, which runs only its own module", path = .path.display())]
    Slim {
        /// The file.
        path: PathBuf,
    },
    /// The user's file is missing or is no context.
    #[error("reading the context {path}", path = .path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The user's module did not give a message for every context.
    #[error("checking the module {path}: {failed} contexts failed", path = .path.display())]
    Check {
        /// The file.
        path: PathBuf,
        /// The number of failed contexts.
        failed: usize,
    },
    /// The file cannot be written. The fault is the user's path or disk.
    #[cfg(feature = "full")]
    #[error("writing {path}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The user asked for a check with Slack, and there is no token for it.
    #[error("asking Slack about the messages: {0}")]
    Slack(String),
    /// The machine gives no socket on its own address. The fault is the machine's.
    #[cfg(feature = "full")]
    #[error("opening an inbox on 127.0.0.1")]
    Inbox(#[source] io::Error),
    /// The user asked to send, and there is no destination.
    #[cfg(feature = "full")]
    #[error("sending the demonstration: {0}")]
    Send(String),
}

impl Explain for Error {
    fn step(&self) -> Cow<'_, str> {
        let step = match self {
            Self::Render(_) => "run `pipeline-notifier doctor`; if it finds nothing, please report this",
            Self::Module { .. } => "give the path of a .wasm file that was built for wasm32-wasip1",
            #[cfg(not(feature = "full"))]
            Self::Slim { .. } => {
                "use the full notifier, pipeline-notifier-full-x86_64-linux or -aarch64-linux of the same release"
            }
            Self::Context { .. } => {
                "give a regular file with what `pipeline-notifier context EVENT` prints in a job, as tests/fixtures/messages/*/context.json are"
            }
            Self::Check { .. } => "see docs/modules.md for the input and the output of a module",
            #[cfg(feature = "full")]
            Self::Write { .. } => "choose another place with --out",
            Self::Slack(_) => "set SLACK_BOT_TOKEN to a bot's token, of any workspace and scope, or leave --slack out",
            #[cfg(feature = "full")]
            Self::Inbox(_) => "check that this machine has a loopback interface",
            #[cfg(feature = "full")]
            Self::Send(_) => {
                "set SLACK_WEBHOOK_URL to a webhook that takes messages, or leave --send out to play against the built-in inbox"
            }
        };
        step.into()
    }
}

impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Self {
        Self::Render(Box::new(error))
    }
}

impl From<GuestError> for Error {
    fn from(error: GuestError) -> Self {
        Self::Render(Box::new(error))
    }
}
