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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::Instant;

    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::Resolver;
    use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
    use ureq::{Agent, Error};

    use super::*;

    /// A name with several addresses.
    #[derive(Debug)]
    struct Name(Vec<SocketAddr>);

    impl Resolver for Name {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut found = self.empty();
            self.0.iter().for_each(|address| found.push(*address));
            Ok(found)
        }
    }

    /// 127.0.0.2 and 127.0.0.3 have a listener whose queue is full, which drops packets. 127.0.0.1 answers.
    #[test]
    fn an_address_that_drops_packets_costs_little() {
        let answering = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = answering.local_addr().unwrap().port();
        let script = format!(
            "import socket, sys\nopen = []\nfor host in '127.0.0.2', '127.0.0.3':\n one = socket.socket(); one.bind((host, {port})); \
             one.listen(0); open.append(one)\n for _ in range(4):\n  it = socket.socket(); it.setblocking(False); \
             it.connect_ex((host, {port})); open.append(it)\nprint(flush=True); sys.stdin.read()"
        );
        let mut python = Command::new("python3");
        let mut dropping = python.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(dropping.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        thread::spawn(move || {
            for mut stream in answering.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            }
        });
        let addresses = |hosts: &[&str]| Name(hosts.iter().map(|it| format!("{it}:{port}").parse().unwrap()).collect());
        let config = || Config::builder().timeout_global(Some(Duration::from_secs(5))).build();
        let took = |agent: Agent| {
            let begun = Instant::now();
            assert_eq!(agent.get(format!("http://gitlab.example:{port}/")).call().unwrap().status(), 200);
            begun.elapsed()
        };
        for hosts in [&["127.0.0.2", "127.0.0.1"][..], &["127.0.0.2", "127.0.0.3", "127.0.0.1"]] {
            let ours = took(Agent::with_parts(config(), connector(), addresses(hosts)));
            // The client's own chain spends seconds on each such address.
            let usual = took(Agent::with_parts(config(), DefaultConnector::new(), addresses(hosts)));
            assert!(ours * 2 < usual, "{hosts:?}: {ours:?}, usually {usual:?}");
        }
        drop(dropping.stdin.take());
        dropping.wait().unwrap();
    }
}
