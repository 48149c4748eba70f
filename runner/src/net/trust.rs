//! The trust chain for TLS: the authorities of the machine, those of this GitLab, and GitLab's client certificate.

use std::path::Path;

use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::files::read_at_most;
use crate::net::address;
use crate::variables::Variables;

/// The size limit of a PEM file, in bytes. A machine's whole list has 230 KB.
const MAX_PEM: u64 = 2 << 20;

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
}

impl Trust {
    pub(crate) fn of(variables: &Variables) -> Self {
        let pem = |name| variables.get(name).and_then(|path| read_at_most(Path::new(path), MAX_PEM).ok());
        let chain = pem("CI_SERVER_TLS_CERT_FILE").map(|pem| certificates(&pem)).unwrap_or_default();
        let key = pem("CI_SERVER_TLS_KEY_FILE").and_then(|pem| PrivateKey::from_pem(&pem).ok());
        Self {
            machine: match variables.get("SSL_CERT_FILE") {
                Some(_) => pem("SSL_CERT_FILE").map(|pem| certificates(&pem)).unwrap_or_default(),
                None => load_native_certs().certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect(),
            },
            gitlab: pem("CI_SERVER_TLS_CA_FILE").map(|pem| certificates(&pem)).unwrap_or_default(),
            client: key.filter(|_| !chain.is_empty()).map(|key| ClientCert::new_with_certs(&chain, key)),
            server: variables.get("CI_SERVER_URL").unwrap_or_default().to_owned(),
        }
    }

    /// Returns true if the machine has no authorities of its own.
    pub(crate) fn is_built_in(&self) -> bool {
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

/// Returns every certificate of a PEM file. Other items are skipped.
fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem).filter_map(Result::ok);
    items
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect()
}
