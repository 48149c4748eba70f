//! The message logic of pipeline-notifier.
//!
//! Two pure functions from bytes to bytes:
//! - [`render`]: a pipeline's context (JSON) becomes a Slack message (JSON);
//! - [`picture()`]: a Slack message (JSON) becomes its picture for people (text or HTML).
//!
//! The crate has no clock, no randomness, no environment, no files and no network. Its only I/O is
//! `main.rs`, which reads stdin and writes stdout. A context that decodes always renders, whatever
//! text it holds.

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

/// The version of the context and the message that this module supports.
pub const CONTRACT_VERSION: u64 = 1;

/// Renders one event: context JSON (version 1) in, message JSON (version 1) out. If the context's `request` is `route`, only the
/// route comes out.
///
/// # Errors
/// Bytes that are not a version 1 context. The text inside a context is never an error.
pub fn render(context: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(answer_of(&contract::context::Context::decode(context)?))
}

/// Encodes the message of a context, or its route.
fn answer_of(context: &contract::context::Context) -> Vec<u8> {
    match context.request {
        contract::context::Request::Route => route::Route::of(context).encode(),
        contract::context::Request::Logs => message::Message::of_logs(context).encode(),
        contract::context::Request::Message | contract::context::Request::Test => {
            message::Message::of(context).encode()
        }
    }
}

/// Draws Slack messages for people: `{"version":1,"format":"text"|"html","messages":[…]}` in,
/// UTF-8 text or a whole HTML page out. Each entry is `{"caption":…,"message":{…}}`.
///
/// # Errors
/// Bytes that are not such a request.
pub fn picture(request: &[u8]) -> Result<Vec<u8>, Error> {
    picture::Request::decode(request).map(|request| request.draw().into_bytes())
}

/// Answers one request of the host: renders a context, or draws a picture request.
///
/// # Errors
/// As [`render`] and [`picture()`].
// The steps are `inline(never)`, here and below. A host that compiles the module needs memory for its largest function: 35 MiB if
// all steps are one function, less than half of that if they are separate.
#[inline(never)]
pub fn answer(request: &[u8]) -> Result<Vec<u8>, Error> {
    let fields = contract::fields::parse(request)?;
    Ok(if picture::Request::is(&fields) {
        picture::Request::of(fields)?.draw().into_bytes()
    } else {
        answer_of(&contract::context::Context::of(fields)?)
    })
}
