//! One request over HTTP, bounded in time and size. Only this module and `slack` know the HTTP client.
//!
//! Every error becomes a [`Fault`]: the client's own can print an address, and an address can be a secret.

use std::cell::OnceCell;
use std::io::{Read, Take};

use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, BodyReader, Proxy};

use crate::net::address;
use crate::net::deadline::Deadline;
use crate::net::fault::{Fault, Way};
use crate::net::secret::Secret;
use crate::variables::Variables;

/// The time limit of the resolver: a dead name server is noticed early.
const RESOLVE: std::time::Duration = std::time::Duration::from_secs(3);

/// The buffer size for reads and writes, in bytes. All headers of an answer must fit.
const BUFFER: usize = 32 << 10;

/// An answer. A body that is too long or breaks off is cut: the status decides.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The value of `Retry-After`.
    pub(crate) retry_after: Option<String>,
    /// The value of `Location`. No redirect is followed automatically.
    #[cfg_attr(not(feature = "full"), expect(dead_code, reason = "for the download of a module"))]
    pub(crate) location: Option<String>,
    /// The value of `X-OAuth-Scopes`, a header of Slack's Web API.
    pub(crate) scopes: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// A connection for several requests, with one deadline for all of them.
pub(crate) struct Connection {
    agent: Agent,
    way: Way,
    deadline: Deadline,
}

impl Connection {
    /// Gets an address of the server, with a secret header. The body is read as it arrives, up to `max_answer` bytes, so that callers
    /// need not store all of it.
    pub(crate) fn get(&self, url: &str, (name, secret): (&str, &Secret), max_answer: u64) -> Result<Opened, Fault> {
        let request = self.agent.get(url).header(name, secret.expose());
        let request = request.config().timeout_global(Some(self.deadline.remaining())).build();
        let response = request.call().map_err(|error| Fault::of(&error, &self.way))?;
        let has_next_page = response.headers().get("x-next-page").map(|page| !page.is_empty());
        let status = response.status().as_u16();
        Ok(Opened { status, has_next_page, body: response.into_body().into_reader().take(max_answer) })
    }

    /// Returns the fault of an answer that breaks off.
    pub(crate) fn broken_off(&self) -> Fault {
        Fault::Timeout(self.way.far())
    }
}

/// An answer with its body unread.
pub(crate) struct Opened {
    pub(crate) status: u16,
    /// True if `X-Next-Page` names a page, as in GitLab's API (<https://docs.gitlab.com/api/rest/#pagination>); `None` without it.
    pub(crate) has_next_page: Option<bool>,
    pub(crate) body: Take<BodyReader<'static>>,
}

#[cfg(test)]
impl Answer {
    /// Builds an answer for tests of its handling.
    #[allow(clippy::unnecessary_wraps, reason = "what is tested takes the client's results")]
    pub(crate) fn of(status: u16, retry_after: Option<&str>, body: &str) -> Result<Self, Fault> {
        let retry_after = retry_after.map(str::to_owned);
        Ok(Self { status, retry_after, location: None, scopes: None, body: body.as_bytes().to_vec() })
    }
}

/// Makes requests with the proxy and the certificates of a job's environment.
pub(crate) struct Client {
    variables: Variables,
    /// Read once: a machine has more than a hundred certificates.
    roots: OnceCell<RootCerts>,
}

impl Client {
    pub(crate) fn new(variables: &Variables) -> Self {
        Self { variables: variables.clone(), roots: OnceCell::new() }
    }

    /// Returns the problems of the environment's certificates and proxy, for people.
    pub(crate) fn oddities(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.variables.get("SSL_CERT_FILE").is_some() && native_roots().is_empty() {
            found.push(
                "SSL_CERT_FILE holds no certificate, so the built-in authorities are used; set it to a PEM file"
                    .to_owned(),
            );
        }
        if let Some((name, _)) = self.proxy_variable("https").filter(|(_, value)| Proxy::new(value).is_err()) {
            found.push(format!("{name} is not a proxy address, so it is ignored; write http://host:port"));
        }
        found
    }

    /// Posts JSON to an address that may be a secret, with at most one secret header.
    pub(crate) fn post(
        &self,
        url: &Secret,
        header: Option<(&str, &Secret)>,
        body: &[u8],
        max_answer: u64,
        deadline: Deadline,
    ) -> Result<Answer, Fault> {
        let agent = self.agent(url.expose(), deadline);
        let mut request = agent.post(url.expose()).header("Content-Type", "application/json; charset=utf-8");
        if let Some((name, secret)) = header {
            request = request.header(name, secret.expose());
        }
        Ok(answer(request.send(body).map_err(|error| Fault::of(&error, &self.way(url.expose())))?, max_answer))
    }

    /// Gets an address, with at most one secret header.
    pub(crate) fn get(
        &self,
        url: &str,
        header: Option<(&str, &Secret)>,
        max_answer: u64,
        deadline: Deadline,
    ) -> Result<Answer, Fault> {
        let mut request = self.agent(url, deadline).get(url);
        if let Some((name, secret)) = header {
            request = request.header(name, secret.expose());
        }
        Ok(answer(request.call().map_err(|error| Fault::of(&error, &self.way(url)))?, max_answer))
    }

    /// Returns a connection for several requests to one server.
    pub(crate) fn connection(&self, url: &str, deadline: Deadline) -> Connection {
        Connection { agent: self.agent(url, deadline), way: self.way(url), deadline }
    }

    fn agent(&self, url: &str, deadline: Deadline) -> Agent {
        let left = deadline.remaining();
        let mut config = Agent::config_builder()
            .user_agent(concat!("pipeline-notifier/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Messages and answers have a few kilobytes. The client's own buffers of 128 KiB each would waste memory.
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(self.proxy(url).map(|(_, proxy)| proxy))
            .timeout_global(Some(left))
            // A time limit makes the client resolve in a thread of its own; an IP address needs no resolving.
            .timeout_resolve(Some(left.min(RESOLVE)).filter(|_| address::ip(url).is_none()))
            // A little less than the whole time, to distinguish a failed connection from a missing answer.
            .timeout_connect(Some(left.saturating_sub(left / 20)));
        if url.starts_with("https://") {
            config = config.tls_config(TlsConfig::builder().root_certs(self.roots()).build());
        }
        config.build().new_agent()
    }

    fn roots(&self) -> RootCerts {
        self.roots.get_or_init(|| self.read_roots()).clone()
    }

    /// Reads the machine's certificates and GitLab's own authority, or the built-in certificates if the machine has none.
    fn read_roots(&self) -> RootCerts {
        let mut roots = native_roots();
        if roots.is_empty() {
            return RootCerts::WebPki;
        }
        let pem = self.variables.get("CI_SERVER_TLS_CA_FILE").and_then(|path| std::fs::read(path).ok());
        if let Some(Ok(authority)) = pem.map(|pem| Certificate::from_pem(&pem)) {
            roots.push(authority);
        }
        RootCerts::new_with_certs(&roots)
    }

    /// Returns the proxy for an address: the one of its scheme, else the one for all. This machine needs none.
    fn proxy(&self, url: &str) -> Option<(String, Proxy)> {
        if address::is_loopback(url) {
            return None;
        }
        let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
        let (variable, address) = self.proxy_variable(scheme)?;
        let excepted = self.variables.get("no_proxy").or_else(|| self.variables.get("NO_PROXY")).unwrap_or_default();
        if address::host(url).is_some_and(|host| is_excepted(&host, excepted)) {
            return None;
        }
        let proxy = Proxy::new(address).ok()?;
        let mut builder = Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
        if let Some(user) = proxy.username() {
            builder = builder.username(user).password(proxy.password().unwrap_or_default());
        }
        Some((variable, builder.build().ok()?))
    }

    /// Returns the target of a request to an address.
    fn way(&self, url: &str) -> Way {
        let proxy = self.proxy(url).map(|(variable, proxy)| {
            // A slash in the password breaks the address apart, and a part of the password may appear as the host.
            let behind =
                self.variables.get(&variable).and_then(|address| address.rsplit('@').next()).unwrap_or_default();
            (if behind.contains(proxy.host()) { proxy.host().to_owned() } else { "its host".to_owned() }, variable)
        });
        Way { host: address::shown(url).unwrap_or_else(|| "the server".to_owned()), proxy }
    }

    fn proxy_variable(&self, scheme: &str) -> Option<(String, &str)> {
        let lower = format!("{scheme}_proxy");
        [lower.to_ascii_uppercase(), lower, "ALL_PROXY".to_owned(), "all_proxy".to_owned()]
            .into_iter()
            .find_map(|name| Some((name.clone(), self.variables.get(&name)?)))
    }
}

/// Returns true if `NO_PROXY` excepts a host. It is read as in curl, so that the component's script and the notifier go the same way.
/// It is a lone `*`, or names that cover themselves and everything below (<https://curl.se/docs/manpage.html#--noproxy>).
fn is_excepted(host: &str, excepted: &str) -> bool {
    let is_below = |name: &str| {
        let name = name.strip_prefix('.').unwrap_or(name).trim_end_matches('.').to_ascii_lowercase();
        !name.is_empty() && host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    excepted == "*" || excepted.split(|c: char| c == ',' || c.is_whitespace()).any(is_below)
}

fn native_roots() -> Vec<Certificate<'static>> {
    load_native_certs().certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
}

fn answer(response: http::Response<ureq::Body>, max_answer: u64) -> Answer {
    let status = response.status().as_u16();
    let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let (retry_after, location, scopes) = (header("retry-after"), header("location"), header("x-oauth-scopes"));
    let mut body = Vec::new();
    // A body that breaks off or comes too slowly does not change the status.
    let _ = response.into_body().into_reader().take(max_answer).read_to_end(&mut body);
    Answer { status, retry_after, location, scopes, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_of_the_scheme_comes_first() {
        let client = Client::new(
            &[
                ("ALL_PROXY", "http://all.example:1"),
                ("https_proxy", "http://tls.example:2"),
                ("NO_PROXY", "direct.example"),
            ]
            .into_iter()
            .collect(),
        );
        assert_eq!(client.proxy("https://hooks.slack.com/x").map(|(_, it)| it.port()), Some(2));
        assert_eq!(client.proxy("http://other.example/x").map(|(_, it)| it.port()), Some(1));
        assert!(client.proxy("http://127.0.0.1/x").is_none());
        assert!(client.proxy("https://direct.example/x").is_none());
    }

    /// The expected results are those of curl 7.88.
    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (excepted, expected) in [
            ("slack.com", true),
            (".slack.com", true),
            ("HOOKS.slack.COM", true),
            ("slack.com.", true),
            ("*", true),
            ("a, slack.com", true),
            ("a slack.com", true),
            ("*.slack.com", false),
            ("hooks.slack.com:443", false),
            ("lack.com", false),
            ("foo *", false),
            ("", false),
        ] {
            assert_eq!(is_excepted("hooks.slack.com", excepted), expected, "{excepted}");
        }
    }

    #[test]
    fn a_proxy_may_have_a_user_without_a_password() {
        let client = Client::new(&[("https_proxy", "http://user@tls.example:2")].into_iter().collect());
        assert_eq!(
            client.proxy("https://hooks.slack.com/x").and_then(|(_, it)| it.username().map(str::to_owned)).as_deref(),
            Some("user")
        );
        let torn = Client::new(&[("https_proxy", "http://s3cr3t/x@tls.example")].into_iter().collect());
        assert!(!torn.way("https://hooks.slack.com/x").far().contains("s3cr3t"));
    }
}
