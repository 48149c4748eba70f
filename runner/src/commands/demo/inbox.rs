//! A loopback stand-in for Slack and GitLab, for the demonstration. It takes the posts of a webhook and a bot, and answers requests to
//! GitLab.
//!
//! The script names its GitLab [`GITLAB`], and a message links only to the GitLab of its job. So jobs get the inbox's address in its
//! place, and what arrived is shown with the name.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::workspace::Workspace;
use crate::gitlab::time::written;
use crate::job::context::now;

/// The size limit of a request, in bytes, and its time limit.
const MAX_REQUEST: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// The address of GitLab in the script and in what is shown.
const GITLAB: &str = "https://gitlab.example";

/// The content type of every answer except the webhook's.
const JSON: &str = "application/json";

/// An arrived message and its method of the Web API; `None` if it came by the webhook.
pub(crate) struct Arrived {
    pub(crate) method: Option<String>,
    pub(crate) body: Value,
}

/// Listens until it is dropped.
pub(crate) struct Inbox {
    address: SocketAddr,
    arrived: Receiver<Arrived>,
}

impl Inbox {
    /// Opens an inbox on a free port. `gitlab` has the answers of GitLab's API, by the beginning of the path within the project.
    pub(crate) fn open(gitlab: Vec<(String, Value)>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, arrived) = mpsc::channel();
        // A log is a text.
        let text = |known: &Value| known.as_str().map_or_else(|| with_times(&known.to_string(), now()), str::to_owned);
        let here = |known: &Value| text(known).replace(GITLAB, &format!("http://{address}"));
        let gitlab: Vec<(String, String)> = gitlab.iter().map(|(path, known)| (path.clone(), here(known))).collect();
        thread::Builder::new().name("inbox".into()).spawn(move || {
            let mut workspace = Workspace::default();
            for stream in listener.incoming().flatten() {
                // A request that breaks off is a message that does not arrive. The sender notices it without us.
                let _ = serve(stream, &gitlab, &mut workspace, &sender);
            }
        })?;
        Ok(Self { address, arrived })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a text of the script as jobs get it.
    pub(crate) fn here(&self, text: &str) -> String {
        text.replace(GITLAB, &format!("http://{}", self.address))
    }

    /// Returns a message as it is shown.
    pub(crate) fn as_named(&self, message: &Value) -> Value {
        let named = message.to_string().replace(&format!("http://{}", self.address), GITLAB);
        serde_json::from_str(&named).unwrap_or_default()
    }

    /// The next message that arrived, if there is one.
    pub(crate) fn next(&self) -> Option<Arrived> {
        self.arrived.try_recv().ok()
    }
}

/// Fills in times: `@-6h` is six hours ago.
fn with_times(text: &str, now: i64) -> String {
    let mut parts = text.split("@-");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hours, rest) = part.split_once('h').unwrap_or((part, ""));
        filled += &hours.parse::<i64>().map(|hours| written(now - hours * 3600)).unwrap_or_default();
        filled += rest;
    }
    filled
}

fn serve(
    mut stream: TcpStream,
    gitlab: &[(String, String)],
    workspace: &mut Workspace,
    inbox: &Sender<Arrived>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut received = Vec::new();
    let mut reader = stream.try_clone()?.take(MAX_REQUEST);
    let (target, is_get, body_starts, body_ends) = loop {
        let mut chunk = [0; 8192];
        let count = reader.read(&mut chunk)?;
        received.extend_from_slice(&chunk[..count]);
        if let Some(head) = head(&received) {
            break head;
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    while received.len() < body_ends {
        let mut chunk = [0; 8192];
        match reader.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => received.extend_from_slice(&chunk[..count]),
        }
    }
    if let Some((_, path)) = target.split_once("/projects/42/").filter(|_| is_get) {
        return match gitlab.iter().find(|(start, _)| path.starts_with(start)) {
            Some((_, known)) => answer(&mut stream, 200, JSON, known),
            None => answer(&mut stream, 404, JSON, r#"{"message":"404 Not Found"}"#),
        };
    }
    let body = if is_get { Value::Null } else { serde_json::from_slice(&received[body_starts..body_ends])? };
    let method = target.strip_prefix("/api/").map(|call| call.split_once('?').unwrap_or((call, "")));
    let reply = method.map(|(method, asked)| workspace.answer(method, asked, &body).to_string());
    if !is_get {
        // Recorded before the answer, so that a sender with an answer finds it here.
        let _ = inbox.send(Arrived { method: method.map(|(method, _)| method.to_owned()), body });
    }
    match reply {
        Some(reply) => answer(&mut stream, 200, JSON, &reply),
        None => answer(&mut stream, 200, "text/plain", "ok"),
    }
}

/// Returns the target, whether it is a GET, and the body's begin and end. `None` until the whole head is there.
fn head(received: &[u8]) -> Option<(String, bool, usize, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(starts)) = request.parse(received) else { return None };
    let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok()).unwrap_or(0);
    Some((request.path?.to_owned(), request.method == Some("GET"), starts, starts + length))
}

fn answer(stream: &mut TcpStream, status: u16, content_type: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
