//! Rendering: with the built-in module, or with one that a team pinned by its digest.

use super::foreign::{self, ForeignError};
use super::message::{BadMessage, Message};
use super::pin::{BUILT_IN, Pin};
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::sandbox::{Guest, GuestError};
use crate::variables::Variables;

/// Why a module gave no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleError {
    /// The pinned module cannot be had.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error(transparent)]
    Message(#[from] BadMessage),
}

impl ModuleError {
    /// The kind of fault, as one word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Foreign(error) => error.word(),
            Self::Guest(error) => error.word(),
            Self::Message(_) => "bad_output",
        }
    }

    /// The next step where the module ran, ready to follow the error; the others say it themselves.
    fn step(&self) -> &'static str {
        if matches!(self, Self::Foreign(_)) { "" } else { "; `pipeline-notifier module check` shows the same" }
    }

    /// What a guest that failed wrote to stderr, ready to follow the error.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Guest(GuestError::Exit { stderr, .. }) if !stderr.trim().is_empty() => {
                format!(", saying: {}", stderr.trim().chars().filter(|c| !c.is_control()).take(200).collect::<String>())
            }
            _ => String::new(),
        }
    }
}

/// Renders a context with the pinned module where there is one and it works, else with the built-in one. What went
/// wrong with the pinned one is the warning beside the message.
pub(crate) fn render(
    context: &[u8],
    pin: Option<&Pin>,
    client: &Client,
    variables: &Variables,
    deadline: Deadline,
) -> (Result<Message, ModuleError>, Option<String>) {
    let Some(pin) = pin.filter(|pin| pin.sha256 != BUILT_IN.0) else {
        return (render_built_in(context), None);
    };
    let foreign = foreign::guest(pin, client, variables, deadline);
    match foreign.map_err(ModuleError::from).and_then(|guest| render_foreign(&guest, context)) {
        Ok(message) => (Ok(message), None),
        Err(error) => {
            let warning = format!(
                "module {} ({}): {error}{}{}; the built-in module renders instead ({})",
                pin.source,
                &pin.sha256[..12],
                error.said(),
                error.step(),
                error.word(),
            );
            (render_built_in(context), Some(warning))
        }
    }
}

fn render_built_in(context: &[u8]) -> Result<Message, ModuleError> {
    Ok(Message::decode(&Guest::built_in()?.run(context)?)?)
}

/// What a module of a team's own makes of a context.
pub(crate) fn render_foreign(guest: &Guest, context: &[u8]) -> Result<Message, ModuleError> {
    Ok(Message::decode_foreign(&guest.run(context)?)?)
}

/// Draws messages with the built-in module, whichever module made them. `language` is that of the title.
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
