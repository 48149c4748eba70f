/// The reason a guest gave no answer. It is the module's fault, except for [`GuestError::Input`] and [`GuestError::Engine`].
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// The context is larger than a module may get: the host's fault.
    #[error("the context has {size} bytes, a module is given at most {limit}")]
    Input {
        /// The context's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The file is larger than a module may be.
    #[error("the file has {size} bytes, a module may have at most {limit}")]
    TooLarge {
        /// The file's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The file is no WebAssembly module that the engine takes.
    #[error("it is not a WebAssembly module for WASI preview 1: {cause}")]
    NotAModule {
        /// The validator's message.
        cause: String,
    },
    /// The module wants something that no message needs.
    #[error("it imports {import}, which the sandbox does not give")]
    Import {
        /// Module and name of the import.
        import: String,
    },
    /// The module is a library.
    #[error("it exports no function `_start`: build it as a WASI command")]
    NoStart,
    /// Out of time.
    #[error("it ran longer than a module may")]
    Deadline,
    /// Out of memory or table elements.
    #[error("it wanted more {what} than a module may have")]
    Growth {
        /// Memory or table elements.
        what: &'static str,
    },
    /// The guest wrote more than a message can have.
    #[error("it wrote more than {limit} bytes to stdout")]
    Output {
        /// The limit in bytes.
        limit: usize,
    },
    /// The guest did something undefined.
    #[error("it trapped: {trap}")]
    Trap {
        /// The engine's name of the trap.
        trap: String,
    },
    /// The guest reported that it failed.
    #[error("it ended with exit status {status}{}", saying(.stderr))]
    Exit {
        /// The exit status.
        status: i32,
        /// Its stderr, up to the limit.
        stderr: String,
    },
    /// The engine could not run here at all: no memory, no executable pages, no thread.
    #[error("the sandbox does not work on this machine: {cause}")]
    Engine {
        /// The engine's message.
        cause: String,
    },
}

/// Formats a guest's stderr, to follow the description of its end.
fn saying(stderr: &str) -> String {
    let line: String = stderr.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    if line.is_empty() { line } else { format!(", saying: {line}") }
}

impl GuestError {
    pub(super) fn of_engine(cause: wasmtime::Error) -> Self {
        Self::Engine { cause: format!("{cause:#}") }
    }

    /// Returns the kind of fault, as one word.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Input { .. } => "input",
            Self::TooLarge { .. } | Self::NotAModule { .. } | Self::NoStart => "bad_module",
            Self::Import { .. } => "import",
            Self::Deadline => "deadline",
            Self::Growth { .. } => "memory",
            Self::Output { .. } => "output",
            Self::Trap { .. } => "trap",
            Self::Exit { .. } => "exit",
            Self::Engine { .. } => "engine",
        }
    }
}
