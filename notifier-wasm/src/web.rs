//! The same logic for browsers, through wasm-bindgen.

use wasm_bindgen::prelude::*;

/// [`crate::render`] for browsers: context JSON in, message JSON out.
///
/// # Errors
/// The error as a sentence.
#[wasm_bindgen]
pub fn render(context: &str) -> Result<String, String> {
    as_text(crate::render(context.as_bytes()))
}

/// [`crate::picture`] for browsers: picture request JSON in, HTML or text out.
///
/// # Errors
/// The error as a sentence.
#[wasm_bindgen]
pub fn picture(request: &str) -> Result<String, String> {
    as_text(crate::picture(request.as_bytes()))
}

/// Returns the request body that posts a message, byte for byte as the notifier sends it: message JSON in.
///
/// # Errors
/// A sentence, if the input is not a message.
#[wasm_bindgen]
pub fn body(message: &str) -> Result<String, String> {
    let message: serde_json::Value =
        serde_json::from_str(message).map_err(|cause| format!("the output is no message: {cause}"))?;
    if message["version"] != crate::CONTRACT_VERSION {
        return Err(format!("the output has version {}, not {}", message["version"], crate::CONTRACT_VERSION));
    }
    if !message["message"].is_object() {
        return Err("the output has no object `message`".to_owned());
    }
    Ok(message["message"].to_string())
}

/// Returns everything in a request body that Slack would refuse, as sentences.
#[wasm_bindgen]
#[must_use]
pub fn faults(body: &str) -> Vec<String> {
    crate::message::limits::faults(&serde_json::from_str(body).unwrap_or_default())
}

fn as_text(answer: Result<Vec<u8>, crate::Error>) -> Result<String, String> {
    answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|error| error.to_string())
}
