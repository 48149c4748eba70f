//! The action of a job.

/// The action of a job on its environment
/// (<https://docs.gitlab.com/ci/yaml/#environmentaction>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Deploy,
    Stop,
    /// No deployment: `prepare`, `verify`, `access`.
    Other,
}
