//! TLS with a GitLab of a private authority: certificates made by openssl, in the forms in which GitLab Runner hands them on.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, failed, gitlab};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::tls::front_of;

fn openssl(folder: &Path, arguments: &str) {
    let ended = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// A root, an intermediate authority, and certificates for `localhost` and for a client that it signed.
fn chain() -> PathBuf {
    let folder = scratch();
    fs::write(folder.join("ca.ext"), "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n").unwrap();
    fs::write(folder.join("leaf.ext"), "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&folder, &format!("req -x509 {key} -keyout root.key -out root.pem -subj /CN=Root -days 30"));
    for (name, issuer, extensions) in
        [("middle", "root", "ca.ext"), ("leaf", "middle", "leaf.ext"), ("client", "middle", "leaf.ext")]
    {
        openssl(&folder, &format!("req -new {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        let signed = format!("-CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -extfile {extensions} -days 30");
        openssl(&folder, &format!("x509 -req -in {name}.csr -out {name}.pem {signed}"));
    }
    folder
}

fn join(folder: &Path, parts: &[&str], name: &str) -> PathBuf {
    let text: String =
        parts.iter().map(|part| fs::read_to_string(folder.join(format!("{part}.pem"))).unwrap()).collect();
    fs::write(folder.join(name), text).unwrap();
    folder.join(name)
}

/// Closes a failed pipeline on a GitLab at this address.
fn close(gitlab: SocketAddr, settings: &[(&str, &Path)]) -> Ended {
    let slack = Server::start([Reply::ok()]);
    let server = format!("https://localhost:{}", gitlab.port());
    let notifier = Notifier::new(&["send", "pipeline-finished", "--result", "failed"])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .with("CI_API_V4_URL", format!("{server}/api/v4"))
        .with("CI_SERVER_URL", server);
    let text = |path: &Path| path.display().to_string();
    let ended = settings.iter().fold(notifier, |notifier, (name, path)| notifier.with(name, text(path))).run();
    assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
    ended
}

fn upstream() -> Server {
    let mut of = GitLab::new();
    of.jobs.push(failed(1, "compile", "build", "script_failure"));
    gitlab(of).0
}

fn names_the_job(ended: &Ended) -> bool {
    ended.stderr.contains("build failed (compile)")
}

#[test]
fn every_certificate_of_gitlabs_file_is_an_anchor() {
    let (folder, gitlab) = (chain(), upstream());
    let whole = join(&folder, &["leaf", "middle"], "whole");
    let none = folder.join("nothing");
    // The order of Runner's file, others, and a server that shows its own certificate only.
    for shown in [whole, folder.join("leaf.pem")] {
        let address = front_of(&shown, &folder.join("leaf.key"), None, &gitlab.url(""));
        for parts in [&["leaf", "middle", "root"][..], &["root", "middle"], &["middle"]] {
            let file = join(&folder, parts, "ca-file");
            // With the authorities of this machine, and in an image without any.
            for settings in [
                &[("CI_SERVER_TLS_CA_FILE", &*file)][..],
                &[("CI_SERVER_TLS_CA_FILE", &file), ("SSL_CERT_FILE", &none)],
            ] {
                let ended = close(address, settings);
                assert!(names_the_job(&ended), "{parts:?}: {}", ended.stderr);
            }
        }
        let ended = close(address, &[]);
        assert!(ended.stderr.contains("is from an unknown authority"), "{}", ended.stderr);
    }
}

#[test]
fn the_certificate_of_an_authority_is_no_servers() {
    let (folder, gitlab) = (scratch(), upstream());
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -addext subjectAltName=DNS:localhost";
    openssl(&folder, &format!("req -x509 {key} -keyout own.key -out own.pem -subj /CN=localhost -days 30"));
    let own = folder.join("own.pem");
    let address = front_of(&own, &folder.join("own.key"), None, &gitlab.url(""));
    let ended = close(address, &[("CI_SERVER_TLS_CA_FILE", &own)]);
    assert!(ended.stderr.contains("is that of an authority (CA:TRUE)"), "{}", ended.stderr);
}

#[test]
fn gitlab_gets_the_client_certificate() {
    let (folder, gitlab) = (chain(), upstream());
    let whole = join(&folder, &["leaf", "middle", "root"], "whole");
    let address = front_of(&whole, &folder.join("leaf.key"), Some(&whole), &gitlab.url(""));
    let client = join(&folder, &["client", "middle"], "client-chain");
    let key = folder.join("client.key");
    let files =
        [("CI_SERVER_TLS_CA_FILE", &*whole), ("CI_SERVER_TLS_CERT_FILE", &client), ("CI_SERVER_TLS_KEY_FILE", &key)];
    let ended = close(address, &files);
    assert!(names_the_job(&ended), "{}", ended.stderr);
    let ended = close(address, &files[..1]);
    assert!(ended.stderr.contains("asked for a client certificate"), "{}", ended.stderr);
}

/// A file that holds nothing usable costs its purpose, and never the message.
#[test]
fn a_client_certificate_that_cannot_be_used_is_named() {
    let (folder, gitlab) = (chain(), upstream());
    let whole = join(&folder, &["leaf", "middle", "root"], "whole");
    let address = front_of(&whole, &folder.join("leaf.key"), None, &gitlab.url(""));
    openssl(
        &folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout big.key -out big.pem -subj /CN=big",
    );
    let reversed = join(&folder, &["middle", "client"], "reversed");
    fs::write(folder.join("garbage"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (certificate, key) in [
        ("client.pem", "leaf.key"),
        ("big.pem", "client.key"),
        ("garbage", "client.key"),
        ("client.pem", "garbage"),
        ("client.pem", "nothing"),
        (reversed.file_name().unwrap().to_str().unwrap(), "client.key"),
    ] {
        let (certificate, key) = (folder.join(certificate), folder.join(key));
        let files = [
            ("CI_SERVER_TLS_CA_FILE", &*whole),
            ("CI_SERVER_TLS_CERT_FILE", &certificate),
            ("CI_SERVER_TLS_KEY_FILE", &key),
        ];
        let ended = close(address, &files);
        assert!(names_the_job(&ended), "{certificate:?} {key:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("are no certificate with its key"), "{certificate:?} {key:?}: {}", ended.stderr);
    }
    for odd in [folder.join("garbage"), folder.join("nothing"), folder.clone()] {
        let ended = close(address, &[("CI_SERVER_TLS_CA_FILE", &odd)]);
        let is_certificate = odd.ends_with("garbage");
        let named = ended.stderr.contains("CI_SERVER_TLS_CA_FILE holds no certificate");
        assert!(named || is_certificate, "{odd:?}: {}", ended.stderr);
    }
}

/// A certificate of the right authority that no server may show.
#[test]
fn a_certificate_that_is_no_servers_is_named() {
    let (folder, gitlab) = (chain(), upstream());
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for (name, extensions) in [
        ("usage", "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:localhost\n"),
        ("email", "extendedKeyUsage=emailProtection\nsubjectAltName=DNS:localhost\n"),
        ("unnamed", "basicConstraints=CA:FALSE\n"),
    ] {
        fs::write(folder.join("odd.ext"), extensions).unwrap();
        openssl(&folder, &format!("req -new {key} -keyout {name}.key -out {name}.csr -subj /CN=localhost"));
        let signed = "-CA root.pem -CAkey root.key -CAcreateserial -extfile odd.ext -days 30";
        openssl(&folder, &format!("x509 -req -in {name}.csr -out {name}.pem {signed}"));
        let files = ["pem", "key"].map(|it| folder.join(format!("{name}.{it}")));
        let address = front_of(&files[0], &files[1], None, &gitlab.url(""));
        let ended = close(address, &[("CI_SERVER_TLS_CA_FILE", &folder.join("root.pem"))]);
        let expected = if name == "unnamed" { "is for another name" } else { "is not one of a server" };
        let is_named = ended.stderr.contains(expected) && ended.stderr.contains("subjectAltName");
        assert!(is_named, "{name}: {}", ended.stderr);
    }
}

#[test]
fn only_regular_files_are_read() {
    let (folder, gitlab) = (chain(), upstream());
    let address = front_of(&folder.join("leaf.pem"), &folder.join("leaf.key"), None, &gitlab.url(""));
    let zero = Path::new("/dev/zero");
    for name in ["SSL_CERT_FILE", "CI_SERVER_TLS_CA_FILE", "CI_SERVER_TLS_CERT_FILE", "CI_SERVER_TLS_KEY_FILE"] {
        assert!(close(address, &[(name, zero)]).stderr.contains("is from an unknown authority"), "{name}");
    }
}
