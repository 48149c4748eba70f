//! The trust chain for TLS: the authorities of the machine, those of this GitLab, and GitLab's client certificate.

use std::path::Path;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::files::read_at_most;
use crate::net::address;
use crate::variables::Variables;

/// The size limit of a PEM file, in bytes. A machine's whole list has 230 KB.
const MAX_PEM: u64 = 2 << 20;

/// The variables with the paths of such files.
pub(crate) const FILES: [&str; 4] =
    ["SSL_CERT_FILE", "CI_SERVER_TLS_CA_FILE", "CI_SERVER_TLS_CERT_FILE", "CI_SERVER_TLS_KEY_FILE"];

/// The authorities and the client certificate of a job.
pub(crate) struct Trust {
    /// From `SSL_CERT_FILE`, else the machine's own. The built-in ones are used if there are none.
    machine: Vec<Certificate<'static>>,
    /// Every certificate of `CI_SERVER_TLS_CA_FILE`. GitLab Runner writes the whole chain into it (gitlab-org/gitlab-runner,
    /// `helpers/certificate/ca_chain/builder.go`).
    gitlab: Vec<Certificate<'static>>,
    /// `CI_SERVER_TLS_CERT_FILE` and `CI_SERVER_TLS_KEY_FILE`, which only GitLab gets.
    client: Option<ClientCert>,
    server: String,
    /// The files that are set and hold nothing usable, for people.
    pub(crate) oddities: Vec<&'static str>,
}

impl Trust {
    pub(crate) fn of(variables: &Variables) -> Self {
        let pem = |name| variables.get(name).and_then(|path| read_at_most(Path::new(path), MAX_PEM).ok());
        let all_in = |name| pem(name).map(|pem| certificates(&pem)).unwrap_or_default();
        let machine = match variables.get("SSL_CERT_FILE") {
            Some(_) => all_in("SSL_CERT_FILE"),
            None => load_native_certs().certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect(),
        };
        let gitlab = all_in("CI_SERVER_TLS_CA_FILE");
        let key = pem("CI_SERVER_TLS_KEY_FILE").and_then(|pem| PrivateKey::from_pem(&pem).ok());
        let client = key.and_then(|key| client(&all_in("CI_SERVER_TLS_CERT_FILE"), key));
        let is_set = |name| variables.get(name).is_some();
        let oddities = [
            (
                is_set("SSL_CERT_FILE") && machine.is_empty(),
                "SSL_CERT_FILE holds no certificate, so the built-in authorities are used; set it to a PEM file",
            ),
            (
                is_set("CI_SERVER_TLS_CA_FILE") && gitlab.is_empty(),
                "CI_SERVER_TLS_CA_FILE holds no certificate, so it is ignored; set tls-ca-file of the runner to a PEM file",
            ),
            (
                (is_set("CI_SERVER_TLS_CERT_FILE") || is_set("CI_SERVER_TLS_KEY_FILE")) && client.is_none(),
                "CI_SERVER_TLS_CERT_FILE and CI_SERVER_TLS_KEY_FILE are no certificate with its key, so GitLab gets none; check tls-cert-file and tls-key-file of the runner",
            ),
        ];
        Self {
            machine,
            gitlab,
            client,
            server: variables.get("CI_SERVER_URL").unwrap_or_default().to_owned(),
            oddities: oddities.into_iter().filter_map(|(is_odd, text)| is_odd.then_some(text)).collect(),
        }
    }

    /// Returns true if the machine has no authorities of its own.
    fn is_built_in(&self) -> bool {
        self.machine.is_empty()
    }

    /// Returns the configurations to try for an address, the likely one first. The built-in authorities cannot be joined with others, so
    /// they are a configuration of their own. No request is sent before one of them trusts the server.
    pub(crate) fn configs(&self, url: &str) -> Vec<TlsConfig> {
        let is_gitlab = address::is_same_origin(url, &self.server);
        let client = self.client.clone().filter(|_| is_gitlab);
        let of_gitlab = (!self.gitlab.is_empty()).then(|| RootCerts::new_with_certs(&self.gitlab));
        let roots = match (self.is_built_in(), of_gitlab) {
            (false, _) => vec![RootCerts::new_with_certs(&[&self.machine[..], &self.gitlab].concat())],
            (true, None) => vec![RootCerts::WebPki],
            (true, Some(of_gitlab)) if is_gitlab => vec![of_gitlab, RootCerts::WebPki],
            (true, Some(of_gitlab)) => vec![RootCerts::WebPki, of_gitlab],
        };
        let config = |roots| TlsConfig::builder().root_certs(roots).client_cert(client.clone()).build();
        roots.into_iter().map(config).collect()
    }
}

/// Returns a client certificate that TLS can use, the leaf first. The HTTP client would panic on any other.
fn client(chain: &[Certificate<'static>], key: PrivateKey<'static>) -> Option<ClientCert> {
    let ders = chain.iter().map(|it| CertificateDer::from(it.der().to_vec())).collect();
    let key_der = PrivateKeyDer::try_from(key.der().to_vec()).ok()?;
    CertifiedKey::from_der(ders, key_der, &default_provider()).ok()?;
    Some(ClientCert::new_with_certs(chain, key))
}

/// Returns every certificate of a PEM file. Other items are skipped.
fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem).filter_map(Result::ok);
    items
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect()
}
