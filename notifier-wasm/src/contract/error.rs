/// The reason why a request was refused. The sender is always at fault: the host, or the author of the context.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not JSON.
    #[error("reading the request as JSON: {0}")]
    Json(serde_json::Error),
    /// A field is missing, or does not have the shape that the contract requires.
    #[error("reading the request: {field} is not {expected}")]
    Field {
        /// The field, in backticks.
        field: String,
        /// The shape that it should have.
        expected: &'static str,
    },
    /// The request has another version of the contract.
    #[error(
        "the request has version {found}, this module speaks version {known}: \
         use a module and a binary of one release"
    )]
    Version {
        /// The version that the request gives.
        found: u64,
        /// The version that this module supports.
        known: u64,
    },
}

impl Error {
    pub(crate) fn field(field: impl Into<String>, expected: &'static str) -> Self {
        Self::Field { field: field.into(), expected }
    }
}
