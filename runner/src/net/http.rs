//! One request over HTTP, bounded in time and size. Only this module and `slack` know the HTTP client.
//!
//! Every error becomes a [`Fault`]: the client's own can print an address, and an address can be a secret.

use std::cell::{OnceCell, RefCell};
use std::io::{Read, Take};
use std::time::{Duration, Instant};

use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, BodyReader, Proxy};

use crate::net::address;
use crate::net::connect::connector;
use crate::net::deadline::Deadline;
use crate::net::fault::{Fault, Way};
use crate::net::proxy::{proxy, proxy_variable, way};
use crate::net::secret::Secret;
use crate::net::trust::{FILES, Trust};
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
    /// One for each configuration of TLS; the first one that the server's certificate allows stays.
    agents: RefCell<Vec<Agent>>,
    way: Way,
    deadline: Deadline,
}

impl Connection {
    /// Gets an address of the server, with a secret header. The body is read as it arrives, up to `max_answer` bytes, so that callers
    /// need not store all of it. `time` limits this answer alone.
    pub(crate) fn get(
        &self,
        url: &str,
        (name, secret): (&str, &Secret),
        max_answer: u64,
        time: Duration,
    ) -> Result<Opened, Fault> {
        let time = time.min(self.deadline.remaining());
        let end = Instant::now() + time;
        let mut agents = self.agents.borrow_mut();
        let response = loop {
            let request = agents[0].get(url).header(name, secret.expose());
            let request = request.config().timeout_global(Some(time)).build();
            match request.call().map_err(|error| Fault::of(&error, &self.way)) {
                Err(Fault::TlsUntrusted(_)) if agents.len() > 1 => agents.remove(0),
                result => break result?,
            };
        };
        let has_next_page = response.headers().get("x-next-page").map(|page| !page.is_empty());
        let is_encoded = response.headers().get("content-encoding").is_some_and(|it| it != "identity");
        let status = response.status().as_u16();
        Ok(Opened { status, has_next_page, is_encoded, end, body: response.into_body().into_reader().take(max_answer) })
    }

    /// Returns the fault of an answer that breaks off, whose time is over at `end`.
    pub(crate) fn broken_off(&self, end: Instant) -> Fault {
        if Instant::now() >= end { Fault::Timeout(self.way.far()) } else { Fault::Protocol(self.way.far()) }
    }
}

/// An answer with its body unread.
pub(crate) struct Opened {
    pub(crate) status: u16,
    /// True if `X-Next-Page` names a page, as in GitLab's API (<https://docs.gitlab.com/api/rest/#pagination>); `None` without it.
    pub(crate) has_next_page: Option<bool>,
    /// True if the body is compressed, although nobody asked for it.
    pub(crate) is_encoded: bool,
    /// The end of its time.
    pub(crate) end: Instant,
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
    trust: OnceCell<Trust>,
}

impl Client {
    pub(crate) fn new(variables: &Variables) -> Self {
        Self { variables: variables.clone(), trust: OnceCell::new() }
    }

    /// Returns the problems of the environment's certificates and proxy, for people.
    pub(crate) fn oddities(&self) -> Vec<String> {
        let is_set = FILES.iter().any(|name| self.variables.get(name).is_some());
        let of_files = if is_set { &self.trust().oddities[..] } else { &[] };
        let mut found: Vec<String> = of_files.iter().map(|it| (*it).to_owned()).collect();
        if let Some((name, _)) =
            proxy_variable(&self.variables, "https").filter(|(_, value)| Proxy::new(value).is_err())
        {
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
        let response = self.with_each_trust(url.expose(), deadline, |agent| {
            let mut request = agent.post(url.expose()).header("Content-Type", "application/json; charset=utf-8");
            if let Some((name, secret)) = header {
                request = request.header(name, secret.expose());
            }
            request.send(body)
        });
        Ok(answer(response?, max_answer))
    }

    /// Gets an address, with at most one secret header.
    pub(crate) fn get(
        &self,
        url: &str,
        header: Option<(&str, &Secret)>,
        max_answer: u64,
        deadline: Deadline,
    ) -> Result<Answer, Fault> {
        let response = self.with_each_trust(url, deadline, |agent| {
            let mut request = agent.get(url);
            if let Some((name, secret)) = header {
                request = request.header(name, secret.expose());
            }
            request.call()
        });
        Ok(answer(response?, max_answer))
    }

    /// Makes a request, and again with the next authorities while none of them knows the server's. Nothing is sent before.
    fn with_each_trust<T>(
        &self,
        url: &str,
        deadline: Deadline,
        request: impl Fn(&Agent) -> Result<T, ureq::Error>,
    ) -> Result<T, Fault> {
        let mut agents = self.agents(url, deadline).into_iter().peekable();
        loop {
            let Some(agent) = agents.next() else { return Err(Fault::Tls(way(&self.variables, url).far())) };
            match request(&agent).map_err(|error| Fault::of(&error, &way(&self.variables, url))) {
                Err(Fault::TlsUntrusted(_)) if agents.peek().is_some() => {}
                result => return result,
            }
        }
    }

    /// Returns a connection for several requests to one server.
    pub(crate) fn connection(&self, url: &str, deadline: Deadline) -> Connection {
        Connection { agents: RefCell::new(self.agents(url, deadline)), way: way(&self.variables, url), deadline }
    }

    /// Returns one agent for each configuration of TLS to try, the likely one first.
    fn agents(&self, url: &str, deadline: Deadline) -> Vec<Agent> {
        if !url.starts_with("https://") {
            return vec![self.agent(url, deadline, None)];
        }
        self.trust().configs(url).into_iter().map(|tls| self.agent(url, deadline, Some(tls))).collect()
    }

    fn agent(&self, url: &str, deadline: Deadline, tls: Option<TlsConfig>) -> Agent {
        let left = deadline.remaining();
        let mut config = Agent::config_builder()
            .user_agent(concat!("pipeline-notifier/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Messages and answers have a few kilobytes. The client's own buffers of 128 KiB each would waste memory.
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy(&self.variables, url).map(|(_, proxy)| proxy))
            .timeout_global(Some(left))
            // A time limit makes the client resolve in a thread of its own; an IP address needs no resolving.
            .timeout_resolve(Some(left.min(RESOLVE)).filter(|_| address::ip(url).is_none()))
            // A little less than the whole time, to distinguish a failed connection from a missing answer.
            .timeout_connect(Some(left.saturating_sub(left / 20)));
        if let Some(tls) = tls {
            config = config.tls_config(tls);
        }
        Agent::with_parts(config.build(), connector(), DefaultResolver::default())
    }

    fn trust(&self) -> &Trust {
        self.trust.get_or_init(|| Trust::of(&self.variables))
    }
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
