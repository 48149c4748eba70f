//! Shared parts of the tests: the binary, the servers that it connects to, and the directories that it runs in.

pub(crate) mod consumer;
pub(crate) mod ended;
pub(crate) mod gitlab;
pub(crate) mod harness;
pub(crate) mod loopback;
pub(crate) mod scratch;
pub(crate) mod slack_limits;
pub(crate) mod tls;
pub(crate) mod workspace;
