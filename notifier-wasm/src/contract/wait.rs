//! What a pipeline waits for.

/// The cause of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Somebody must start the job.
    Manual,
    /// Somebody must approve the deployment.
    Approval,
    /// The job's resource group is taken.
    Turn,
    /// The job starts after a delay.
    Delay,
}
