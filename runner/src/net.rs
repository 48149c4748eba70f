//! The network, whoever is asked: one request over HTTP, how long it may take, where a secret may go, and what is kept out of
//! sight.

pub(crate) mod address;
pub(crate) mod deadline;
pub(crate) mod fault;
pub(crate) mod http;
pub(crate) mod secret;
