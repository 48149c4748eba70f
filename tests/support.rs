//! What the tests have in common: the binary, the servers that it talks to, and where it runs.

pub(crate) mod consumer;
pub(crate) mod ended;
pub(crate) mod gitlab;
pub(crate) mod harness;
pub(crate) mod loopback;
pub(crate) mod scratch;
pub(crate) mod slack_limits;
pub(crate) mod tls;
pub(crate) mod workspace;
