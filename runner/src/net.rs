//! The network, for every server: one HTTP request, its time limit, the addresses that may get a secret, and the hiding of secrets.

pub(crate) mod address;
pub(crate) mod connect;
pub(crate) mod deadline;
pub(crate) mod fault;
pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod secret;
pub(crate) mod trust;
