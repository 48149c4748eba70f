//! The message logic of pipeline-notifier.
//!
//! Two pure functions from bytes to bytes:
//! - [`render`]: a pipeline's context (JSON) becomes a Slack message (JSON);
//! - [`picture()`]: a Slack message (JSON) becomes what a person would see (text or HTML).
//!
//! What is *not* here: no clock, no randomness, no environment, no files, no network. The only I/O
//! of the whole crate is `main.rs` reading stdin and writing stdout. A context that decodes always
//! renders, whatever the text in it.

mod contract;
mod facts;
mod language;
mod message;
mod picture;
mod route;
mod text;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub mod web;

pub use contract::error::Error;

/// The version of the context and of the message that this module speaks.
pub const CONTRACT_VERSION: u64 = 1;

/// Renders one event: context JSON (version 1) in, message JSON (version 1) out; where the context's `request` is `route`, the route
/// alone.
///
/// # Errors
/// Only for bytes that are not a version 1 context; never for the text inside one.
pub fn render(context: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(answer_of(&contract::context::Context::decode(context)?))
}

/// The message of a context, or its route.
fn answer_of(context: &contract::context::Context) -> Vec<u8> {
    if context.wants_route { route::Route::of(context).encode() } else { message::Message::of(context).encode() }
}

/// Draws Slack messages for people: `{"version":1,"format":"text"|"html","messages":[…]}` in,
/// UTF-8 text or a whole HTML page out. Each entry is `{"caption":…,"message":{…}}`.
///
/// # Errors
/// Only for bytes that are not such a request.
pub fn picture(request: &[u8]) -> Result<Vec<u8>, Error> {
    picture::Request::decode(request).map(|request| request.draw().into_bytes())
}

/// Answers one request of the host: a context is rendered, a picture request is drawn.
///
/// # Errors
/// As [`render`] and [`picture()`].
// The steps of it are `inline(never)`, here and below: a host that compiles the module needs memory for its largest function, 35 MiB
// where they are all one, and less than half of it so.
#[inline(never)]
pub fn answer(request: &[u8]) -> Result<Vec<u8>, Error> {
    let fields = contract::fields::parse(request)?;
    Ok(if picture::Request::is(&fields) {
        picture::Request::of(fields)?.draw().into_bytes()
    } else {
        answer_of(&contract::context::Context::of(fields)?)
    })
}
