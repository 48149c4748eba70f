//! TLS in front of a loopback server. We make the certificates: good ones, and each kind of bad one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A certificate that a server shows.
pub(crate) struct Shown<'a> {
    pub(crate) name: &'a str,
    /// The years in which its validity begins and ends.
    pub(crate) years: (i32, i32),
}

/// A certificate authority that a client trusts only if it has its certificate.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The certificate for `SSL_CERT_FILE`.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn config(&self, shown: &Shown) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![shown.name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(shown.years.0, 1, 1);
        params.not_after = date_time_ymd(shown.years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap())
    }

    /// Starts a TLS server that passes each request on to `upstream`. If `proxy` is set, it takes CONNECT first.
    pub(crate) fn front(&self, shown: &Shown, upstream: &str, proxy: bool) -> SocketAddr {
        front(self.config(shown), upstream, proxy)
    }
}

/// Starts a TLS server with the certificates and the key of these PEM files. With `clients` it asks for a certificate that these
/// authorities signed.
pub(crate) fn front_of(chain: &Path, key: &Path, clients: Option<&Path>, upstream: &str) -> SocketAddr {
    let certificates = |path: &Path| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates(path));
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            config.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    front(Arc::new(config.with_single_cert(certificates(chain), key).unwrap()), upstream, false)
}

fn front(config: Arc<ServerConfig>, upstream: &str, proxy: bool) -> SocketAddr {
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, upstream) = (Arc::clone(&config), upstream.clone());
            // A client that rejects the certificate disconnects.
            thread::spawn(move || pass_on(stream, config, &upstream, proxy));
        }
    });
    address
}

fn pass_on(mut stream: TcpStream, config: Arc<ServerConfig>, upstream: &str, proxy: bool) -> Option<()> {
    if proxy {
        read_head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    }
    let mut client = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let mut request = read_head(&mut client)?;
    let text = String::from_utf8_lossy(&request).to_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let length: usize = length.unwrap_or(0);
    let head = request.len();
    request.resize(head + length, 0);
    client.read_exact(&mut request[head..]).ok()?;
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(&request).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()?;
    client.conn.send_close_notify();
    client.flush().ok()
}

fn read_head(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(head)
}
