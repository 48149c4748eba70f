//! A loopback server with scripted answers: good, bad, slow or none. It replaces Slack and GitLab on real sockets and records its
//! requests.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::gitlab::GitLab;
use crate::support::workspace::Workspace;

/// The reaction of a server to one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, extra headers, body.
    Answer(u16, &'static str, String),
    /// Status 200 and these bytes.
    Bytes(Vec<u8>),
    /// Files by the end of their path; 404 for all others.
    Files(Vec<(String, Vec<u8>)>),
    /// GitLab's generic packages: takes uploads by PUT, and serves them by their path.
    Packages(Arc<Mutex<Packages>>),
    /// Limits the rate of messages as Slack does, for each path.
    Limited(Arc<Mutex<Limits>>),
    /// Slack's Web API.
    Workspace(Arc<Mutex<Workspace>>),
    /// GitLab's API.
    GitLab(Arc<Mutex<GitLab>>),
    /// GitLab's API, and files by the end of their path.
    Hosted(Vec<(String, Vec<u8>)>, Arc<Mutex<GitLab>>),
    /// Reads the request and never answers.
    Hang,
    /// Reads the request and closes.
    Drop,
    /// Answers 200 and never stops sending.
    Flood,
    /// Sends headers a byte at a time, without end.
    SlowHeaders,
    /// Sends a body a byte at a time, without end.
    SlowBody,
    /// Waits before this reply.
    Late(Duration, Box<Reply>),
    /// Sends bytes that are not HTTP.
    Garbage,
    /// Sends these bytes and closes.
    Raw(&'static [u8]),
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Self::status(200, "ok")
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::Answer(status, "", body.to_owned())
    }
}

/// Webhooks that take one message a second each, after a burst
/// (<https://docs.slack.dev/apis/web-api/rate-limits>).
#[derive(Default)]
pub(crate) struct Limits {
    /// The messages left for each webhook, and the time of the last request.
    buckets: BTreeMap<String, (f64, Option<Instant>)>,
    pub(crate) refused: usize,
}

impl Limits {
    const BURST: f64 = 3.0;

    fn takes(&mut self, path: &str) -> bool {
        let (left, since) = self.buckets.entry(path.to_owned()).or_insert((Self::BURST, None));
        let now = Instant::now();
        *left = (*left + since.map_or(0.0, |since| (now - since).as_secs_f64())).min(Self::BURST);
        *since = Some(now);
        let takes = *left >= 1.0;
        if takes {
            *left -= 1.0;
        } else {
            self.refused += 1;
        }
        takes
    }
}

/// A package registry and its faults.
#[derive(Default)]
pub(crate) struct Packages {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Refused files, by the end of their name, and the status of the refusal.
    pub(crate) refused: Option<(&'static str, u16)>,
    /// A file that is changed during the upload, by the end of its name.
    pub(crate) garbled: Option<&'static str>,
    /// The address that downloads redirect to.
    pub(crate) storage: Option<String>,
}

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    bytes: Vec<u8>,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A running server. Its thread ends with the test process.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers the first request with the first reply and so on; the last reply answers all further ones.
    pub(crate) fn start(replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let requests = Arc::clone(&server.requests);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let reply = replies[number.min(replies.len() - 1)].clone();
                let requests = Arc::clone(&requests);
                thread::spawn(move || serve(stream, &reply, &requests));
            }
        });
        server
    }

    /// Returns `http://127.0.0.1:PORT` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the request; fails unless there is exactly one.
    #[track_caller]
    pub(crate) fn only_request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

/// The number of API requests of each GitLab, by its port.
pub(crate) fn asked_of_gitlab() -> MutexGuard<'static, BTreeMap<u16, usize>> {
    static ASKED: Mutex<BTreeMap<u16, usize>> = Mutex::new(BTreeMap::new());
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: TcpStream, reply: &Reply, requests: &Mutex<Vec<Request>>) {
    if let Reply::Late(wait, reply) = reply {
        thread::sleep(*wait);
        return serve(stream, reply, requests);
    }
    let Some(request) = read(&stream) else { return };
    if let Reply::Limited(limits) = reply
        && !limits.lock().unwrap().takes(&request.target)
    {
        let refusal = "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return drop(stream.write_all(refusal.as_bytes()));
    }
    requests.lock().unwrap().push(request.clone());
    if matches!(reply, Reply::GitLab(_) | Reply::Hosted(..)) && request.target.contains("/api/v4/projects/") {
        *asked_of_gitlab().entry(stream.local_addr().map_or(0, |it| it.port())).or_default() += 1;
    }
    // Clients disconnect early in some tests, so errors are ignored.
    let _ = match reply {
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
            )
        }
        Reply::Bytes(bytes) => send_bytes(&mut stream, bytes),
        Reply::Files(files) => match files.iter().find(|(path, _)| request.target.ends_with(path)) {
            Some((_, bytes)) => send_bytes(&mut stream, bytes),
            None => send_status(&mut stream, 404),
        },
        Reply::Limited(_) => send_bytes(&mut stream, b"ok"),
        Reply::Packages(packages) => serve_packages(&mut stream, &mut packages.lock().unwrap(), &request),
        Reply::Workspace(workspace) => send_answer(&mut stream, &workspace.lock().unwrap().answer(&request)),
        Reply::Hosted(files, gitlab) => match files.iter().find(|(path, _)| request.target.ends_with(path)) {
            Some((_, bytes)) => send_bytes(&mut stream, bytes),
            None => send_answer(&mut stream, &gitlab.lock().unwrap().answer(&request)),
        },
        Reply::GitLab(gitlab) => {
            let raw = gitlab.lock().unwrap().raw_answer(&request).map(<[u8]>::to_vec);
            match raw {
                Some(raw) => {
                    let hangs = gitlab.lock().unwrap().hangs_after.is_some_and(|it| request.target.ends_with(it));
                    stream.write_all(&raw).and_then(|()| if hangs { stream.read(&mut [0]).map(drop) } else { Ok(()) })
                }
                None => send_answer(&mut stream, &gitlab.lock().unwrap().answer(&request)),
            }
        }
        Reply::Hang => stream.read(&mut [0]).map(drop),
        Reply::Drop => Ok(()),
        Reply::Flood => flood(&mut stream),
        Reply::SlowHeaders => slowly(&mut stream, b"HTTP/1.1 200 OK\r\nX-Slow: "),
        Reply::SlowBody => slowly(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n"),
        Reply::Late(..) => unreachable!("served above"),
        Reply::Raw(bytes) => stream.write_all(bytes),
        Reply::Garbage => stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n"),
    };
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace().map(str::to_owned);
    let (method, target) = (parts.next()?, parts.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    // A client may wait a second for this status before it sends a body.
    if headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("expect") && value == "100-continue") {
        (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut bytes = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut bytes).ok()?;
    Some(Request { method, target, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes })
}

fn send_answer(stream: &mut TcpStream, (status, headers, body): &(u16, String, String)) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}")
}

fn send_bytes(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len())?;
    stream.write_all(bytes)
}

fn send_status(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn serve_packages(stream: &mut TcpStream, packages: &mut Packages, request: &Request) -> std::io::Result<()> {
    let path = &request.target;
    match (request.method.as_str(), packages.refused) {
        ("PUT", Some((name, status))) if path.ends_with(name) => send_status(stream, status),
        ("PUT", _) => {
            let mut file = request.bytes.clone();
            if packages.garbled.is_some_and(|name| path.ends_with(name)) {
                file[0] ^= 1;
            }
            packages.files.insert(path.clone(), file);
            send_status(stream, 201)
        }
        _ => match (packages.files.get(path), &packages.storage) {
            (Some(_), Some(storage)) => {
                write!(
                    stream,
                    "HTTP/1.1 302 X\r\nLocation: {storage}{path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            }
            (Some(file), None) => send_bytes(stream, file),
            (None, _) => send_status(stream, 404),
        },
    }
}

fn flood(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    loop {
        stream.write_all(chunk.as_bytes())?;
    }
}

fn slowly(stream: &mut TcpStream, start: &[u8]) -> std::io::Result<()> {
    stream.write_all(start)?;
    loop {
        stream.write_all(b"x")?;
        thread::sleep(Duration::from_millis(50));
    }
}
