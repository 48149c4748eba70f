//! The browser's door to the same logic, by wasm-bindgen.

use wasm_bindgen::prelude::*;

/// [`crate::render`] for a page: context JSON in, message JSON out.
///
/// # Errors
/// The refusal as a sentence.
#[wasm_bindgen]
pub fn render(context: &str) -> Result<String, String> {
    as_text(crate::render(context.as_bytes()))
}

/// [`crate::picture`] for a page: picture request JSON in, HTML or text out.
///
/// # Errors
/// The refusal as a sentence.
#[wasm_bindgen]
pub fn picture(request: &str) -> Result<String, String> {
    as_text(crate::picture(request.as_bytes()))
}

fn as_text(answer: Result<Vec<u8>, crate::Error>) -> Result<String, String> {
    answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|error| error.to_string())
}
