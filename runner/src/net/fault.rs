//! Requests without an answer. The client's own errors can print an address, and an address can be a secret: none is printed.

use std::borrow::Cow;
use std::io;

use ureq::Timeout;

use crate::explain::Explain;

/// The reason there was no answer, and the host. It has nothing else of an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the host name {0} could not be resolved")]
    Dns(String),
    #[error("the connection to {0} was refused or the network is unreachable")]
    Connect(String),
    #[error("no connection to {0} within the time limit")]
    ConnectTimeout(String),
    #[error("no answer from {0} within the time limit")]
    Timeout(String),
    #[error("the certificate of {0} is from an unknown authority")]
    TlsUntrusted(String),
    #[error("the certificate of {0} is expired or not valid yet")]
    TlsTime(String),
    #[error("the certificate of {0} is for another name")]
    TlsName(String),
    #[error("the certificate of {0} is that of an authority (CA:TRUE), and no server may use one")]
    TlsAuthority(String),
    #[error("the certificate of {0} is not one of a server, as TLS wants it")]
    TlsCertificate(String),
    #[error("{0} asked for a client certificate that this job does not have, or refused it")]
    TlsClient(String),
    #[error("the TLS handshake with {0} failed")]
    Tls(String),
    #[error("{0} refused the connection")]
    Proxy(String),
    #[error("the connection to {0} broke off or the answer was not HTTP")]
    Protocol(String),
}

/// The target of a request, as people may read it.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) host: String,
    /// The proxy in between, and the variable that names it.
    pub(crate) proxy: Option<(String, String)>,
}

impl Way {
    /// Returns the peer of the connection.
    fn near(&self) -> String {
        match &self.proxy {
            Some((proxy, variable)) => format!("{proxy} (the proxy of {variable})"),
            None => self.host.clone(),
        }
    }

    /// Returns the server that should answer.
    pub(crate) fn far(&self) -> String {
        match &self.proxy {
            Some((proxy, _)) => format!("{} (by the proxy {proxy})", self.host),
            None => self.host.clone(),
        }
    }
}

impl Fault {
    /// Maps an error of the HTTP client to a fault.
    pub(crate) fn of(error: &ureq::Error, way: &Way) -> Self {
        let kind: Kind = match error {
            ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve) => Fault::Dns,
            ureq::Error::Timeout(Timeout::Connect) => Fault::ConnectTimeout,
            ureq::Error::Timeout(_) => Fault::Timeout,
            ureq::Error::ConnectionFailed => Fault::Connect,
            ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => Fault::Proxy,
            ureq::Error::Rustls(error) => tls_fault(error),
            ureq::Error::Tls(_) | ureq::Error::TlsRequired | ureq::Error::Pem(_) => Fault::Tls,
            ureq::Error::Io(error) => io_fault(error),
            _ => Fault::Protocol,
        };
        // A proxy resolves the host and connects by itself.
        match kind(String::new()) {
            Fault::Dns(_) | Fault::Connect(_) | Fault::ConnectTimeout(_) | Fault::Proxy(_) => kind(way.near()),
            _ => kind(way.far()),
        }
    }

    /// Returns the fault as one word for the job log.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Connect(_) => "connect",
            Self::ConnectTimeout(_) | Self::Timeout(_) => "timeout",
            Self::TlsUntrusted(_) => "tls_untrusted",
            Self::TlsTime(_) => "tls_time",
            Self::TlsName(_) => "tls_name",
            Self::TlsAuthority(_) => "tls_authority",
            Self::TlsCertificate(_) => "tls_certificate",
            Self::TlsClient(_) => "tls_client",
            Self::Tls(_) => "tls",
            Self::Proxy(_) => "proxy",
            Self::Protocol(_) => "protocol",
        }
    }

    /// Returns true if surely no byte of the request went out and another try may help.
    pub(crate) fn is_before_sending(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Connect(_))
    }
}

impl Explain for Fault {
    fn step(&self) -> Cow<'_, str> {
        let step = match self {
            Self::Dns(_) => "check the name, and the resolver of the job's image and runner",
            Self::Connect(_) | Self::ConnectTimeout(_) => {
                "check the runner's network, and HTTPS_PROXY if there is a proxy"
            }
            Self::Timeout(_) => "raise NOTIFIER_TIMEOUT to wait longer",
            Self::TlsUntrusted(_) => "if a proxy inspects TLS, set SSL_CERT_FILE to its CA certificate",
            Self::TlsTime(_) => "check the clock of the runner, and the certificate",
            Self::TlsAuthority(_) => "issue a certificate for the server, with CA:FALSE, and trust its authority",
            Self::TlsCertificate(_) => {
                "issue one of version 3 with a subjectAltName, for servers, with an RSA, P-256 or P-384 key"
            }
            Self::TlsClient(_) => "set tls-cert-file and tls-key-file of the runner, which reach only GitLab",
            Self::TlsName(_) => {
                "check the address, the names in the certificate's subjectAltName, and whether a proxy answers in its place"
            }
            Self::Tls(_) | Self::Protocol(_) => "check the address, and whether a proxy answers in its place",
            Self::Proxy(_) => "check its address and credentials there, and NO_PROXY",
        };
        step.into()
    }
}

/// Builds a fault for a host.
type Kind = fn(String) -> Fault;

fn io_fault(error: &io::Error) -> Kind {
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

fn tls_fault(error: &rustls::Error) -> Kind {
    use rustls::AlertDescription;
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext, Other,
        UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(UnknownIssuer) => Fault::TlsUntrusted,
        rustls::Error::InvalidCertificate(
            Expired | NotValidYet | ExpiredContext { .. } | NotValidYetContext { .. },
        ) => Fault::TlsTime,
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => Fault::TlsName,
        // The error of webpki has no name in rustls.
        rustls::Error::InvalidCertificate(Other(cause)) if cause.to_string().contains("CaUsedAsEndEntity") => {
            Fault::TlsAuthority
        }
        rustls::Error::InvalidCertificate(_) => Fault::TlsCertificate,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => Fault::TlsClient,
        _ => Fault::Tls,
    }
}
