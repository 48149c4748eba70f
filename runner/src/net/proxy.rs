//! The proxy of an address, by the variables that curl reads too.

use std::net::IpAddr;

use ureq::Proxy;

use crate::net::address;
use crate::net::fault::Way;
use crate::variables::Variables;

/// Returns the proxy for an address: the one of its scheme, else the one for all. This machine needs none.
pub(crate) fn proxy(variables: &Variables, url: &str) -> Option<(String, Proxy)> {
    if address::is_loopback(url) {
        return None;
    }
    let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
    let (variable, address) = proxy_variable(variables, scheme)?;
    let excepted = variables.get("no_proxy").or_else(|| variables.get("NO_PROXY")).unwrap_or_default();
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
pub(crate) fn way(variables: &Variables, url: &str) -> Way {
    let proxy = proxy(variables, url).map(|(variable, proxy)| {
        // A slash in the password breaks the address apart, and a part of the password may appear as the host.
        let behind = variables.get(&variable).and_then(|address| address.rsplit('@').next()).unwrap_or_default();
        (if behind.contains(proxy.host()) { proxy.host().to_owned() } else { "its host".to_owned() }, variable)
    });
    Way { host: address::shown(url).unwrap_or_else(|| "the server".to_owned()), proxy }
}

pub(crate) fn proxy_variable<'a>(variables: &'a Variables, scheme: &str) -> Option<(String, &'a str)> {
    let lower = format!("{scheme}_proxy");
    [lower.to_ascii_uppercase(), lower, "ALL_PROXY".to_owned(), "all_proxy".to_owned()]
        .into_iter()
        .find_map(|name| Some((name.clone(), variables.get(&name)?)))
}

/// Returns true if `NO_PROXY` excepts a host. It is read as in curl, so that the component's script and the notifier go the same way.
/// It is a lone `*`, or names that cover themselves and everything below (<https://curl.se/docs/manpage.html#--noproxy>).
fn is_excepted(host: &str, excepted: &str) -> bool {
    let is_below = |name: &str| {
        let name = name.strip_prefix('.').unwrap_or(name).trim_end_matches('.').to_ascii_lowercase();
        !name.is_empty() && host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let covers = |entry: &str| match address {
        Some(address) => is_in_network(address, entry),
        None => is_below(entry),
    };
    excepted == "*" || excepted.split(|c: char| c == ',' || c.is_whitespace()).any(covers)
}

/// Returns true if an entry is this address, or a network that has it: `10.0.0.0/8`, `fd00::/8`. curl reads both since 7.86.
fn is_in_network(address: IpAddr, entry: &str) -> bool {
    let (network, bits) = entry.split_once('/').map_or((entry, None), |(network, bits)| (network, Some(bits)));
    let Ok(network) = network.trim_matches(['[', ']']).parse::<IpAddr>() else { return false };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (u128::from(u32::from(one)), u128::from(u32::from(other)), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => (u128::from(one), u128::from(other), 128),
        _ => return false,
    };
    match bits.map_or(Ok(width), str::parse::<u32>) {
        Ok(0) => true,
        Ok(bits) if bits <= width => (address ^ network) >> (width - bits) == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_of_the_scheme_comes_first() {
        let job: Variables = [
            ("ALL_PROXY", "http://all.example:1"),
            ("https_proxy", "http://tls.example:2"),
            ("NO_PROXY", "direct.example"),
        ]
        .into_iter()
        .collect();
        assert_eq!(proxy(&job, "https://hooks.slack.com/x").map(|(_, it)| it.port()), Some(2));
        assert_eq!(proxy(&job, "http://other.example/x").map(|(_, it)| it.port()), Some(1));
        assert!(proxy(&job, "http://127.0.0.1/x").is_none());
        assert!(proxy(&job, "https://direct.example/x").is_none());
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

    /// The expected results are those of curl 7.88.
    #[test]
    fn networks_of_no_proxy_are_read_as_curl_reads_them() {
        for (host, excepted, expected) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "example.com 10.1.2.0/24", true),
            ("10.1.3.3", "10.1.2.0/24", false),
            ("10.1.2.3", "10.1.2.3/33", false),
            ("10.1.2.3", "0.0.0.0/0", true),
            ("[fd12::1]", "fd00::/8", true),
            ("[fe80::1]", "fd00::/8", false),
            ("[fd12::1]", "fd12::1", true),
            ("10.1.2.3", "2.3", false),
            ("gitlab.example", "10.0.0.0/8", false),
        ] {
            assert_eq!(is_excepted(host, excepted), expected, "{host} {excepted}");
        }
    }

    #[test]
    fn a_proxy_may_have_a_user_without_a_password() {
        let job: Variables = [("https_proxy", "http://user@tls.example:2")].into_iter().collect();
        assert_eq!(
            proxy(&job, "https://hooks.slack.com/x").and_then(|(_, it)| it.username().map(str::to_owned)).as_deref(),
            Some("user")
        );
        let torn: Variables = [("https_proxy", "http://s3cr3t/x@tls.example")].into_iter().collect();
        assert!(!way(&torn, "https://hooks.slack.com/x").far().contains("s3cr3t"));
    }
}
