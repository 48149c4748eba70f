//! A loopback stand-in for Slack and GitLab, for the demonstration: it takes webhook posts, and lists failed jobs.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The most that a request may have, in bytes, and the longest that one is waited for.
const MAX_REQUEST: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens until it is dropped.
pub(crate) struct Inbox {
    address: SocketAddr,
    bodies: Receiver<Value>,
}

impl Inbox {
    /// Opens an inbox on a free port. `failed_jobs` is what it answers where GitLab would list failed jobs.
    pub(crate) fn open(failed_jobs: Value) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, bodies) = mpsc::channel();
        thread::Builder::new().name("inbox".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                // A request that breaks off is a message that does not arrive: the sender notices by itself.
                let _ = serve(stream, &failed_jobs, &sender);
            }
        })?;
        Ok(Self { address, bodies })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next message that arrived, if there is one.
    pub(crate) fn next(&self) -> Option<Value> {
        self.bodies.try_recv().ok()
    }
}

fn serve(mut stream: TcpStream, failed_jobs: &Value, bodies: &Sender<Value>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut received = Vec::new();
    let mut reader = stream.try_clone()?.take(MAX_REQUEST);
    let (method, body_starts, body_ends) = loop {
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
    if method == "GET" {
        return answer(&mut stream, "application/json", &failed_jobs.to_string());
    }
    let body = serde_json::from_slice(&received[body_starts..body_ends])?;
    // Kept before it is answered, so that a sender that was answered finds it here.
    let _ = bodies.send(body);
    answer(&mut stream, "text/plain", "ok")
}

/// Method, and where the body begins and ends, once the whole head is there.
fn head(received: &[u8]) -> Option<(String, usize, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(starts)) = request.parse(received) else { return None };
    let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok()).unwrap_or(0);
    Some((request.method.unwrap_or_default().to_owned(), starts, starts + length))
}

fn answer(stream: &mut TcpStream, content_type: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
