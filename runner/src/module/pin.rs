//! The built-in module, and the pin by which a team chooses another one.

/// The built-in module's SHA-256 digest, 64 lower-case hexadecimal digits, and its size in bytes.
#[allow(clippy::unreadable_literal, reason = "made by the build script")]
pub(crate) const BUILT_IN_MODULE: (&str, usize) = include!(concat!(env!("OUT_DIR"), "/notifier.rs"));

/// The built-in module, as WebAssembly. The binary itself does not carry it: it runs the native code that was made of it.
#[must_use]
pub fn built_in_wasm() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/notifier.wasm"))
}

/// The SHA-256 digest of some bytes, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A module of a team's own choice.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    /// A path or an address.
    pub(crate) source: String,
    /// 64 lower-case hexadecimal digits.
    pub(crate) sha256: String,
}
