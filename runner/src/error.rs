use std::borrow::Cow;
#[cfg(feature = "full")]
use std::io;
use std::path::PathBuf;

use crate::explain::Explain;
use crate::module::render::ModuleError;
use crate::sandbox::GuestError;

/// Why a command other than `send` gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The built-in module gave no message: our fault, or a machine on which the sandbox does not work.
    #[error("rendering the message")]
    Render(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The user's file is not there, or no module.
    #[error("reading the module {path}", path = .path.display())]
    Module {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The slim build was asked for what only the full one does.
    #[cfg(not(feature = "full"))]
    #[error("reading the module {path}: this is the slim notifier, which knows its own module alone", path = .path.display())]
    Slim {
        /// The file.
        path: PathBuf,
    },
    /// The user's file is not there, or no context.
    #[error("reading the context {path}", path = .path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The user's module did not give a message for every context.
    #[error("checking the module {path}: {failed} contexts failed", path = .path.display())]
    Check {
        /// The file.
        path: PathBuf,
        /// How many.
        failed: usize,
    },
    /// The user's path, or their disk.
    #[cfg(feature = "full")]
    #[error("writing {path}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Slack was to be asked, and there is no token for it.
    #[error("asking Slack about the messages: {0}")]
    Slack(String),
    /// No socket on this machine's own address: its fault.
    #[cfg(feature = "full")]
    #[error("opening an inbox on 127.0.0.1")]
    Inbox(#[source] io::Error),
    /// The user asked to send, and there is nowhere to send to.
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
            Self::Check { .. } => "docs/modules.md tells what a module is given and what it may return",
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
