//! The built-in module, and a team's pin of another one.

/// The built-in module's SHA-256 digest, 64 lower-case hexadecimal digits, and its size in bytes.
#[allow(clippy::unreadable_literal, reason = "made by the build script")]
pub(crate) const BUILT_IN_MODULE: (&str, usize) = include!(concat!(env!("OUT_DIR"), "/notifier.rs"));

/// Returns the built-in module as WebAssembly. The binary itself does not contain it: it runs native code made from it.
#[must_use]
pub fn built_in_wasm() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/notifier.wasm"))
}

/// Returns the SHA-256 digest of some bytes, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A module that a team chose.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    /// A path or an address.
    pub(crate) source: String,
    /// 64 lower-case hexadecimal digits.
    pub(crate) sha256: String,
}
