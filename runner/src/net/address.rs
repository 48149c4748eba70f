//! Where a secret may go. The one place that decides it: for webhooks, the Web API, GitLab's API and its package registry alike.

use std::net::IpAddr;

use ::http::Uri;

/// The port of https.
const HTTPS_PORT: u16 = 443;

/// Why a secret does not go to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not a URL of http or https without credentials in it.
    NotAnAddress,
    /// Unencrypted.
    NotHttps,
    /// A host that nobody named.
    Host,
}

/// Whether a secret may go to `url`: over https, to one of the hosts `own`, or to one of the comma-separated list `allowed`. A host
/// of `own` means https' own port, unless it has another (`host:8443`); one of `allowed` means any port, unless it has one. This
/// very machine may have it anyway: who listens here could read the job's environment.
pub(crate) fn check(url: &str, own: &[&str], allowed: &str) -> Result<(), Refused> {
    let (scheme, host, port) = origin(url).ok_or(Refused::NotAnAddress)?;
    if is_loopback(url) {
        return Ok(());
    }
    match scheme.as_str() {
        "https" => {}
        "http" => return Err(Refused::NotHttps),
        _ => return Err(Refused::NotAnAddress),
    }
    let (is_host, is_place) = (
        |entry: &str| entry.eq_ignore_ascii_case(&host),
        |entry: &str| entry.eq_ignore_ascii_case(&place(&host, port)),
    );
    let is_own = |entry: &&str| is_place(entry) || is_host(entry) && port.is_none_or(|port| port == HTTPS_PORT);
    if own.iter().any(is_own) || is_named(url, allowed) { Ok(()) } else { Err(Refused::Host) }
}

/// Whether the host of `url` is one of a comma-separated list.
pub(crate) fn is_named(url: &str, allowed: &str) -> bool {
    let Some((_, host, port)) = origin(url) else { return false };
    allowed.split(',').map(str::trim).any(|entry| is_entry(entry, &host, port))
}

/// Whether a host is meant by an entry as people write it: with a port or for any, also with its scheme and a slash behind it.
fn is_entry(entry: &str, host: &str, port: Option<u16>) -> bool {
    let entry = entry.strip_prefix("https://").unwrap_or(entry).trim_end_matches('/');
    entry.eq_ignore_ascii_case(host) || entry.eq_ignore_ascii_case(&place(host, port))
}

/// Whether `url` lies below `base`, which is at the very host and port of `server`, and may have a secret.
pub(crate) fn is_below(url: &str, base: &str, server: &str) -> bool {
    let (Some(of_base), Some(of_server)) = (origin(base), origin(server)) else { return false };
    of_base == of_server
        && check(base, &[&place(&of_server.1, of_server.2)], "").is_ok()
        && url.strip_prefix(base.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// A host and the port that it is asked at over https.
fn place(host: &str, port: Option<u16>) -> String {
    format!("{host}:{}", port.unwrap_or(HTTPS_PORT))
}

/// Scheme, host and port of an address with no credentials in it.
fn origin(url: &str) -> Option<(String, String, Option<u16>)> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    Some((uri.scheme_str()?.to_owned(), authority.host().to_ascii_lowercase(), authority.port_u16()))
}

/// The host of a URL, in lower case.
pub(crate) fn host(url: &str) -> Option<String> {
    Some(origin(url)?.1)
}

/// The host of a URL as people may read it, with its port where it has one of its own.
pub(crate) fn shown(url: &str) -> Option<String> {
    let (_, host, port) = origin(url)?;
    Some(port.map_or(host.clone(), |port| format!("{host}:{port}")))
}

/// The host of a URL where it is no name.
pub(crate) fn ip(url: &str) -> Option<IpAddr> {
    origin(url)?.1.trim_matches(['[', ']']).parse().ok()
}

/// Whether an address names this very machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    ip(url).is_some_and(|ip| ip.is_loopback()) || origin(url).is_some_and(|(_, host, _)| host == "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_only() {
        for url in ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:1/", "http://127.8.9.1/"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["http://127.0.0.1.evil.example/", "http://localhost@evil.example/", "http://10.0.0.1/", "x"] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn a_secret_goes_to_named_hosts_over_https() {
        let of = |url| check(url, &["slack.com", "own.example:8443"], "https://chat.example/, Port.example:8065");
        for url in [
            "https://slack.com/api",
            "https://SLACK.com:443/api",
            "https://own.example:8443/",
            "https://chat.example/hooks",
            "https://chat.example:9443/hooks",
            "https://port.example:8065/hooks",
            "http://127.0.0.1:8065/",
        ] {
            assert_eq!(of(url), Ok(()), "{url}");
        }
        for (url, refused) in [
            ("http://slack.com/api", Refused::NotHttps),
            ("http://chat.example/", Refused::NotHttps),
            ("https://slack.com:8443/api", Refused::Host),
            ("https://own.example/", Refused::Host),
            ("https://port.example/", Refused::Host),
            ("https://slack.com.evil.example/", Refused::Host),
            ("https://evil.example/slack.com", Refused::Host),
            ("https://slack.com@evil.example/", Refused::NotAnAddress),
            ("ftp://slack.com/", Refused::NotAnAddress),
            ("slack.com/api", Refused::NotAnAddress),
        ] {
            assert_eq!(of(url), Err(refused), "{url}");
        }
        assert_eq!(check("https://evil.example/", &[], ""), Err(Refused::Host));
    }

    #[test]
    fn gitlabs_token_goes_below_the_api_of_the_jobs_own_server() {
        let own = |base: &str, server: &str| is_below(&format!("{base}/projects"), base, server);
        assert!(own("https://gitlab.example/api/v4", "https://gitlab.example"));
        assert!(own("https://gitlab.example:8443/api/v4", "https://gitlab.example:8443"));
        assert!(own("http://127.0.0.1:5000/api/v4", "http://127.0.0.1:5000"));
        assert!(!own("http://127.0.0.1:5000/api/v4", "http://127.0.0.1:5001"));
        assert!(!own("https://evil.example/api/v4", "https://gitlab.example"));
        assert!(!own("http://gitlab.example/api/v4", "http://gitlab.example"));
        assert!(!own("https://gitlab.example@evil.example/api/v4", "https://gitlab.example"));
        assert!(!own("https://gitlab.example/api/v4", ""));
        let api = "https://gitlab.example/api/v4";
        assert!(!is_below("https://gitlab.example/api/v4evil", api, "https://gitlab.example"));
        assert!(!is_below("https://evil.example/", api, "https://gitlab.example"));
    }
}
