//! The only check of a secret's destination: for webhooks, the Web API, GitLab's API and its package registry.

use std::net::IpAddr;

use ::http::Uri;

/// The port of https.
const HTTPS_PORT: u16 = 443;

/// The reason an address may not get a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not a URL of http or https without credentials.
    NotAnAddress,
    /// Unencrypted.
    NotHttps,
    /// A host that no list names.
    Host,
}

/// Checks if a secret may go to `url`: over https, to a host of `own` or of the comma-separated list `allowed`. A host of `own` means
/// the port of https, unless it names another (`host:8443`). A host of `allowed` means any port, unless it names one. This machine is
/// always allowed: a listener here could read the job's environment anyway.
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
    let (is_host, is_host_and_port) = (
        |entry: &str| entry.eq_ignore_ascii_case(&host),
        |entry: &str| entry.eq_ignore_ascii_case(&host_and_port(&host, port)),
    );
    let is_own = |entry: &&str| is_host_and_port(entry) || is_host(entry) && port.is_none_or(|port| port == HTTPS_PORT);
    if own.iter().any(is_own) || is_named(url, allowed) { Ok(()) } else { Err(Refused::Host) }
}

/// Returns true if a comma-separated list names the host of `url`.
pub(crate) fn is_named(url: &str, allowed: &str) -> bool {
    let Some((_, host, port)) = origin(url) else { return false };
    allowed.split(',').map(str::trim).any(|entry| is_entry(entry, &host, port))
}

/// Returns true if an entry names the host. People write it with or without the port, the scheme and a trailing slash.
fn is_entry(entry: &str, host: &str, port: Option<u16>) -> bool {
    let entry = entry.strip_prefix("https://").unwrap_or(entry).trim_end_matches('/');
    entry.eq_ignore_ascii_case(host) || entry.eq_ignore_ascii_case(&host_and_port(host, port))
}

/// Returns true if both addresses have the same scheme, host and port.
pub(crate) fn is_same_origin(url: &str, other: &str) -> bool {
    origin(url).is_some_and(|found| origin(other) == Some(found))
}

/// Returns true if an address is at a host or below it, over https and at its port, without credentials.
pub(crate) fn is_below_host(url: &str, host: &str) -> bool {
    origin(url).is_some_and(|(scheme, found, port)| {
        let is_below = found.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        scheme == "https" && is_below && port.is_none_or(|port| port == HTTPS_PORT)
    })
}

/// Returns true if `url` is below `base`, and `base` has exactly the host and port of `server` and may get a secret.
pub(crate) fn is_below(url: &str, base: &str, server: &str) -> bool {
    let (Some(of_base), Some(of_server)) = (origin(base), origin(server)) else { return false };
    of_base == of_server
        && check(base, &[&host_and_port(&of_server.1, of_server.2)], "").is_ok()
        && url.strip_prefix(base.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns a host and its port over https.
fn host_and_port(host: &str, port: Option<u16>) -> String {
    format!("{host}:{}", port.unwrap_or(HTTPS_PORT))
}

/// Returns scheme, host and port of an address without credentials.
fn origin(url: &str) -> Option<(String, String, Option<u16>)> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    Some((uri.scheme_str()?.to_owned(), authority.host().to_ascii_lowercase(), authority.port_u16()))
}

/// Returns the host of a URL, in lower case.
pub(crate) fn host(url: &str) -> Option<String> {
    Some(origin(url)?.1)
}

/// Returns the host of a URL for people, with its port if the URL names one.
pub(crate) fn shown(url: &str) -> Option<String> {
    let (_, host, port) = origin(url)?;
    Some(port.map_or(host.clone(), |port| format!("{host}:{port}")))
}

/// Returns the host of a URL if it is an IP address.
pub(crate) fn ip(url: &str) -> Option<IpAddr> {
    origin(url)?.1.trim_matches(['[', ']']).parse().ok()
}

/// Returns true if an address names this machine.
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
    fn a_workspace_is_below_slacks_host() {
        for url in [
            "https://slack.com/archives",
            "https://shop.slack.com/archives/C1/p2",
            "https://a.enterprise.SLACK.com:443/",
        ] {
            assert!(is_below_host(url, "slack.com"), "{url}");
        }
        for url in [
            "http://shop.slack.com/",
            "https://shop.slack.com:8443/",
            "https://evilslack.com/",
            "https://slack.com.evil.example/",
            "https://shop.slack.com@evil.example/",
            "https://u:p@shop.slack.com/",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!is_below_host(url, "slack.com"), "{url}");
        }
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
