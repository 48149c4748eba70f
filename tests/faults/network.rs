//! Names, connections, TLS and proxies.
#![allow(clippy::too_many_lines, reason = "a table")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use super::{Fault, Job, Nothing, SENT, Whole};
use crate::support::loopback::{Reply, Server};
use crate::support::tls::{Authority, Shown};

/// Starts a server that sends `reply` to every client; without one it sends nothing.
fn bare(reply: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut hello = [0; 4096];
                let _ = stream.read(&mut hello);
                match reply {
                    Some(reply) => drop(stream.write_all(reply)),
                    None => drop(stream.read_to_end(&mut Vec::new())),
                }
            });
        }
    });
    address
}

pub(super) fn faults() -> Vec<Fault> {
    let own = |name: &'static str, years: (i32, i32), ends: &'static str, warns: &'static str, arrives, known: bool| {
        move |title: &str| {
            Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
                let authority = Authority::new();
                let upstream = job.slack.as_ref().unwrap().url("");
                let address = authority.front(&Shown { name, years }, &upstream, false);
                let file = job.directory.join(".pipeline-notifier").join("authority.pem");
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, &authority.pem).unwrap();
                if known {
                    job.set("SSL_CERT_FILE", file.display().to_string());
                }
                job.at(&format!("https://localhost:{}", address.port()));
            })
        }
    };
    let raw = |title: &str, reply: Option<&'static [u8]>, ends, warns| {
        Fault::new(title, ends, warns, Nothing, move |job: &mut Job| {
            job.at(&format!("https://localhost:{}", bare(reply).port()));
        })
    };
    let proxy = |title: &str, reply: Reply, ends, warns: &'static str, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
            let server = Server::start([reply.clone()]);
            job.set("HTTPS_PROXY", server.url("").replace("://", "://user:s3cr3ts3cr3t@"));
            job.at("https://slack.invalid");
            job.others.push(server);
        })
    };
    vec![
        Fault::new(
            "a host name that does not resolve",
            "failed reason=dns",
            "the host name slack.invalid could not be resolved",
            Nothing,
            |job| {
                job.at("https://slack.invalid");
            },
        ),
        Fault::new(
            "a name server that does not answer",
            "failed reason=dns",
            "the host name slack.invalid could not be resolved",
            Nothing,
            |job| {
                // The notifier inherits the socket of this name server, and nothing reads it.
                const NAME_SERVER: &str = "import os,socket,sys
os.system('ip link set lo up; echo nameserver 127.0.0.1 >resolv; mount --bind resolv /etc/resolv.conf; rm resolv')
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',53)); s.set_inheritable(True)
os.execvp(sys.argv[1],sys.argv[1:])";
                job.under = vec!["unshare", "--mount", "--net", "/usr/bin/env", "python3", "-c", NAME_SERVER];
                job.set("PATH", std::env::var("PATH").unwrap());
                job.at("https://slack.invalid");
            },
        ),
        Fault::new(
            "a connection that is refused",
            "failed reason=connect",
            "the connection to 127.0.0.1",
            Nothing,
            |job| {
                let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
                job.at(&format!("http://{closed}"));
            },
        ),
        Fault::new(
            "a network that is unreachable",
            "failed reason=connect",
            "the connection to 10.77.0.2",
            Nothing,
            |job| {
                job.under = vec!["unshare", "--net"];
                job.at("https://10.77.0.2");
            },
        ),
        Fault::new(
            "packets that are dropped",
            "failed reason=timeout",
            "no connection to 10.77.0.2 within the time",
            Nothing,
            |job| {
                job.under = vec!["unshare", "--net"];
                job.set("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
                job.before = "ip link set lo up; ip link add v0 type veth peer name v1; ip addr add 10.77.0.1/24 dev v0; ip link set v0 up; \
                          ip link set v1 up; ip neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev v0"
                .into();
                job.at("https://10.77.0.2");
            },
        ),
        own("localhost", (2020, 2100), SENT, "", Whole, true)("an authority of the network's own, in SSL_CERT_FILE"),
        own("localhost", (2020, 2100), "failed reason=tls_untrusted", "the certificate of localhost", Nothing, false)(
            "a certificate of an unknown authority",
        ),
        own("localhost", (2020, 2021), "failed reason=tls_time", "expired", Nothing, true)(
            "a certificate that is expired",
        ),
        own("localhost", (2090, 2100), "failed reason=tls_time", "not valid yet", Nothing, true)(
            "a certificate that is not valid yet",
        ),
        own("other.example", (2020, 2100), "failed reason=tls_name", "for another name", Nothing, true)(
            "a certificate for another name",
        ),
        raw(
            "plain text where TLS should be",
            Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "failed reason=tls",
            "the TLS handshake with localhost",
        ),
        raw(
            "a server that speaks old TLS only",
            Some(b"\x15\x03\x02\x00\x02\x02\x46"),
            "failed reason=tls",
            "the TLS handshake with localhost",
        ),
        raw("a TLS handshake that hangs", None, "failed reason=timeout", "within the time"),
        Fault::new("an SSL_CERT_FILE with no certificate", SENT, "SSL_CERT_FILE holds no certificate", Whole, |job| {
            job.set("SSL_CERT_FILE", "/etc/hostname");
        }),
        Fault::new("a proxy that works", SENT, "", Whole, |job| {
            let authority = Authority::new();
            let upstream = job.slack.as_ref().unwrap().url("");
            let address = authority.front(&Shown { name: "slack.invalid", years: (2020, 2100) }, &upstream, true);
            let file = job.directory.join("authority.pem");
            fs::write(&file, &authority.pem).unwrap();
            job.set("SSL_CERT_FILE", file.display().to_string());
            job.set("HTTPS_PROXY", format!("http://{address}"));
            job.at("https://slack.invalid");
        }),
        proxy(
            "a proxy that wants other credentials",
            Reply::status(407, ""),
            "failed reason=proxy",
            "127.0.0.1 (the proxy of HTTPS_PROXY) refused",
            Nothing,
        ),
        proxy("a proxy that is not one", Reply::Garbage, "failed reason=protocol", "", Nothing)
            .warning("broke off or the answer was not HTTP"),
        proxy(
            "a proxy that breaks off",
            Reply::Drop,
            "failed reason=proxy",
            "127.0.0.1 (the proxy of HTTPS_PROXY) refused",
            Nothing,
        ),
        proxy(
            "a proxy that hangs",
            Reply::Hang,
            "failed reason=timeout",
            "no connection to 127.0.0.1 (the proxy of HTTPS_PROXY) within the time",
            Nothing,
        ),
        Fault::new(
            "a proxy variable that is no address",
            "failed reason=dns",
            "is not a proxy address",
            Nothing,
            |job| {
                job.set("HTTPS_PROXY", "://");
                job.at("https://slack.invalid");
            },
        ),
        Fault::new(
            "a proxy, and NO_PROXY for the host",
            "failed reason=dns",
            "the host name slack.invalid could not be resolved",
            Nothing,
            |job| {
                job.set("HTTPS_PROXY", "http://127.0.0.1:1");
                job.set("NO_PROXY", "slack.invalid");
                job.at("https://slack.invalid");
            },
        ),
    ]
}
