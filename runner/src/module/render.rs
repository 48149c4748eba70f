//! Renders messages with the built-in module, or with one that a team pinned by its digest.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::foreign::{self, ForeignError};
use super::message::{BadMessage, Message};
use super::pin::{BUILT_IN_MODULE, Pin};
use super::route::Route;
use crate::explain::Explain;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::sandbox::{Guest, GuestError};
use crate::variables::Variables;

/// The reason a module gave no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleError {
    /// The pinned module is unavailable.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error(transparent)]
    Message(#[from] BadMessage),
}

impl ModuleError {
    /// Returns the kind of fault, as one word for the job log.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Foreign(error) => error.reason(),
            Self::Guest(error) => error.reason(),
            Self::Message(_) => "bad_output",
        }
    }
}

impl Explain for ModuleError {
    fn step(&self) -> Cow<'_, str> {
        match self {
            Self::Foreign(error) => error.step(),
            Self::Guest(_) | Self::Message(_) => "run `pipeline-notifier module check` to reproduce this".into(),
        }
    }
}

/// The module of a call: the pinned one, fetched and compiled once, else the built-in one.
pub(crate) struct Module {
    pin: Option<Pin>,
    /// The pinned module, or the warning about its absence.
    pinned: OnceCell<Result<Guest, String>>,
}

impl Module {
    pub(crate) fn of(pin: Option<Pin>) -> Self {
        Self { pin: pin.filter(|pin| pin.sha256 != BUILT_IN_MODULE.0), pinned: OnceCell::new() }
    }

    /// Returns the pin, unless it is the built-in module.
    pub(crate) fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// Renders a context with the pinned module if it works, else with the built-in one. The warning reports a failure of the pinned
    /// one.
    pub(crate) fn render(
        &self,
        context: &[u8],
        client: &Client,
        variables: &Variables,
        deadline: Deadline,
    ) -> (Result<Message, ModuleError>, Option<String>) {
        let warning = match self.pinned(client, variables, deadline) {
            None => None,
            Some(Err(warning)) => Some(warning.clone()),
            Some(Ok((pin, guest))) => match render_foreign(guest, context) {
                Ok(message) => return (Ok(message), None),
                Err(error) => Some(warning(pin, &error)),
            },
        };
        (render_built_in(context), warning)
    }

    /// Returns the route of a context: of the pinned module, else of the built-in one. Errors are ignored here, because rendering reports
    /// them.
    pub(crate) fn route(&self, context: &[u8], client: &Client, variables: &Variables, deadline: Deadline) -> Route {
        let of_pinned = match self.pinned(client, variables, deadline) {
            Some(Ok((_, guest))) => guest.run(context).ok().and_then(|output| Route::decode_foreign(&output)),
            _ => None,
        };
        let of_built_in = || Route::decode(&Guest::built_in().ok()?.run(context).ok()?);
        of_pinned.or_else(of_built_in).unwrap_or_default()
    }

    fn pinned(
        &self,
        client: &Client,
        variables: &Variables,
        deadline: Deadline,
    ) -> Option<Result<(&Pin, &Guest), &String>> {
        let pin = self.pin.as_ref()?;
        let fetch = || foreign::guest(pin, client, variables, deadline).map_err(|error| warning(pin, &error.into()));
        Some(self.pinned.get_or_init(fetch).as_ref().map(|guest| (pin, guest)))
    }
}

fn warning(pin: &Pin, error: &ModuleError) -> String {
    format!(
        "module {} ({}): {}; the built-in module renders instead ({})",
        pin.source,
        &pin.sha256[..12],
        error.describe(),
        error.reason(),
    )
}

fn render_built_in(context: &[u8]) -> Result<Message, ModuleError> {
    Ok(Message::decode(&Guest::built_in()?.run(context)?)?)
}

/// Renders the ends of logs with the built-in module: another one need not know the request, and might return a whole message.
pub(crate) fn render_logs(context: &[u8]) -> Result<Message, ModuleError> {
    render_built_in(context)
}

/// Renders a context with a team's own module.
pub(crate) fn render_foreign(guest: &Guest, context: &[u8]) -> Result<Message, ModuleError> {
    Ok(Message::decode_foreign(&guest.run(context)?)?)
}

/// Draws messages as text or HTML with the built-in module, even if another module made them. `language` is that of the title.
pub(crate) fn picture(
    format: &str,
    title: &str,
    language: &str,
    messages: &[(String, serde_json::Value)],
) -> Result<String, GuestError> {
    let messages: Vec<_> =
        messages.iter().map(|(caption, message)| serde_json::json!({"caption": caption, "message": message})).collect();
    let request =
        serde_json::json!({"version": 1, "format": format, "title": title, "language": language, "messages": messages});
    let drawn = Guest::built_in()?.run(request.to_string().as_bytes())?;
    Ok(String::from_utf8_lossy(&drawn).into_owned())
}
