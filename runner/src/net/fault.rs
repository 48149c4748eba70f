//! Why a request got no answer. The client's own errors can print an address, and an address can be a secret: none is printed.

use std::io;

use ureq::Timeout;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the host name could not be resolved")]
    Dns,
    #[error("the connection was refused or the network is unreachable")]
    Connect,
    #[error("no connection within the time")]
    ConnectTimeout,
    #[error("no answer within the time")]
    Timeout,
    #[error("the server's certificate is from an unknown authority")]
    TlsUntrusted,
    #[error("the server's certificate is expired or not valid yet")]
    TlsTime,
    #[error("the server's certificate is for another name")]
    TlsName,
    #[error("the TLS handshake failed")]
    Tls,
    #[error("the proxy refused the connection")]
    Proxy,
    #[error("the connection broke off or the answer was not HTTP")]
    Protocol,
}

impl Fault {
    /// The fault behind an error of the HTTP client.
    pub(crate) fn of(error: &ureq::Error) -> Self {
        match error {
            ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve) => Fault::Dns,
            ureq::Error::Timeout(Timeout::Connect) => Fault::ConnectTimeout,
            ureq::Error::Timeout(_) => Fault::Timeout,
            ureq::Error::ConnectionFailed => Fault::Connect,
            ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => Fault::Proxy,
            ureq::Error::Rustls(error) => tls_fault(error),
            ureq::Error::Tls(_) | ureq::Error::TlsRequired | ureq::Error::Pem(_) => Fault::Tls,
            ureq::Error::Io(error) => io_fault(error),
            _ => Fault::Protocol,
        }
    }

    /// The fault as one word of the job log.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::ConnectTimeout | Self::Timeout => "timeout",
            Self::TlsUntrusted => "tls_untrusted",
            Self::TlsTime => "tls_time",
            Self::TlsName => "tls_name",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Protocol => "protocol",
        }
    }

    /// Whether it is certain that no byte of the request went out, and another try may help.
    pub(crate) fn is_before_sending(self) -> bool {
        matches!(self, Self::Dns | Self::Connect)
    }

    /// The next step for people.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Dns => "check the host name and the resolver of the job's image and runner",
            Self::Connect | Self::ConnectTimeout => {
                "check that the runner may reach it; behind a proxy set HTTPS_PROXY"
            }
            Self::Timeout => "it may have been delivered; NOTIFIER_TIMEOUT gives it more time",
            Self::TlsUntrusted => "behind a proxy that inspects TLS set SSL_CERT_FILE to its authority's certificate",
            Self::TlsTime => "check the clock of the runner",
            Self::TlsName | Self::Tls | Self::Protocol => "check the address, and whether a proxy answers in its place",
            Self::Proxy => "check HTTPS_PROXY, its credentials and NO_PROXY",
        }
    }
}

fn io_fault(error: &io::Error) -> Fault {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut,
    };
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls_fault(tls);
    }
    match error.kind() {
        ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable => Fault::Connect,
        TimedOut => Fault::Timeout,
        // The resolver's errors have no kind of their own.
        _ if error.to_string().contains("lookup") => Fault::Dns,
        _ => Fault::Protocol,
    }
}

fn tls_fault(error: &rustls::Error) -> Fault {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(UnknownIssuer) => Fault::TlsUntrusted,
        rustls::Error::InvalidCertificate(
            Expired | NotValidYet | ExpiredContext { .. } | NotValidYetContext { .. },
        ) => Fault::TlsTime,
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => Fault::TlsName,
        _ => Fault::Tls,
    }
}
