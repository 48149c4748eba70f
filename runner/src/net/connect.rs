//! TCP connections: an address that drops packets costs 300 ms, not most of the time (RFC 8305).

use std::fmt;
use std::time::Duration;

use ureq::Timeout;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, RustlsConnector, TcpConnector, Transport,
};

/// The time for each address before the next one is tried.
const HEAD_START: Duration = Duration::from_millis(300);

/// Returns the client's usual chain: the proxy, else TCP; then TLS.
pub(crate) fn connector() -> impl Connector<(), Out = impl Transport> {
    ().chain(ConnectProxyConnector::default()).chain(EachAddress::default()).chain(RustlsConnector::default())
}

/// Tries each address for a short time, and then all of them for the rest of the time.
#[derive(Default)]
struct EachAddress(TcpConnector);

impl<In: Transport> Connector<In> for EachAddress {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        if chained.is_some() || details.addrs.len() < 2 {
            return self.0.connect(details, chained);
        }
        for address in &details.addrs {
            let mut addrs = ResolvedSocketAddrs::from_fn(|_| *address);
            addrs.push(*address);
            let mut timeout = details.timeout;
            (timeout.after, timeout.reason) = (HEAD_START.into(), Timeout::Connect);
            let details = ConnectionDetails {
                uri: details.uri,
                addrs,
                config: details.config,
                request_level: details.request_level,
                resolver: details.resolver,
                now: (details.current_time)(),
                timeout,
                current_time: details.current_time.clone(),
                run_connector: details.run_connector.clone(),
                register_shutdown: details.register_shutdown.clone(),
            };
            if let Ok(connected) = self.0.connect(&details, None::<In>) {
                return Ok(connected);
            }
        }
        self.0.connect(details, None::<In>)
    }
}

impl fmt::Debug for EachAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EachAddress")
    }
}
