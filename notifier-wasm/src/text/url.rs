//! Addresses that are safe to click.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but `A-Z a-z 0-9 - . _ ~` (RFC 3986, unreserved).
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters that would end an address in mrkdwn or HTML, or that no address has. `%` stays, because `%XX` is already encoded.
const UNFIT: &AsciiSet =
    &CONTROLS.add(b' ').add(b'<').add(b'>').add(b'|').add(b'"').add(b'`').add(b'\'').add(b'{').add(b'}').add(b'^');

/// The longest address that a message carries, in bytes. Slack documents 3,000 for a button's address.
const MAX_LENGTH: usize = 2_500;

/// An absolute http or https address with a plain ASCII host and no credentials in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SafeUrl(String);

impl SafeUrl {
    /// Returns `None` for an address that could mislead a reader, or that a client could not open.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let address = address.trim();
        let (scheme, rest) = address.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let host_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(host_ends);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        // Browsers read a backslash as a slash, so it could hide the real host.
        if host.is_empty() || host.starts_with(':') || !host.chars().all(plain) || address.contains('\\') {
            return None;
        }
        // Refuse an empty label. An empty variable before the first dot makes one.
        let (name, port) = if host.starts_with('[') { ("ip", "") } else { host.split_once(':').unwrap_or((host, "")) };
        let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        if !name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
            || !port.bytes().all(|it| it.is_ascii_digit())
        {
            return None;
        }
        if path.chars().any(char::is_control) || unexpanded(address).is_some() {
            return None;
        }
        let url = format!("{}://{host}{}", scheme.to_ascii_lowercase(), utf8_percent_encode(path, UNFIT));
        (url.len() <= MAX_LENGTH).then_some(Self(url))
    }

    /// Appends a path to this address, with exactly one slash between them.
    pub(crate) fn join(&self, path: &str) -> Option<Self> {
        Self::parse(&format!("{}/{}", self.0.trim_end_matches('/'), path.trim_start_matches('/')))
    }

    /// Returns true if both addresses have the same scheme, host and port.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        let scheme = |url: &Self| url.0.starts_with("https:");
        let host = |url: &Self| {
            let usual = if scheme(url) { ":443" } else { ":80" };
            url.host().trim_end_matches(usual).to_ascii_lowercase()
        };
        scheme(self) == scheme(other) && host(self) == host(other)
    }

    /// Returns the host, with its port if there is one.
    pub(crate) fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Finds an unexpanded variable, `$NAME` or `${NAME}`: GitLab leaves unknown variables as they are. Any other `$` is
/// text.
pub(crate) fn unexpanded(address: &str) -> Option<&str> {
    address.match_indices('$').find_map(|(at, _)| {
        let behind = &address[at + 1..];
        let braced = behind.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let name = braced
            .map_or_else(|| &behind[..behind.find(|c: char| !is_of_name(c)).unwrap_or(behind.len())], |(name, _)| name);
        let is_name =
            !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() && name.chars().all(is_of_name);
        let length = name.len() + if braced.is_some() { "${}".len() } else { "$".len() };
        is_name.then(|| &address[at..at + length])
    })
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Encodes a value as one piece of an address: separators in it lose their meaning.
pub(crate) fn encode_value(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misleading_addresses_are_refused() {
        for address in [
            "",
            "gitlab.example",
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "data:text/html,x",
            "https://",
            "https:///x",
            "https://:80/",
            "https://gitlab.example@evil.example/",
            "https://gitlab.example\\@evil.example/",
            "https://gitlab.example\\.evil.example",
            "https://g\u{0456}tlab.example/",
            "https://a b/",
            "https://a<b/",
            "https://a.example/\u{7}",
            "ftp://a.example/",
            "https://.apps.example",
            "https://a..example/",
            "https://shop-.example",
            "https://-.shop.example",
            "https://shop.example:port",
            "https://.",
            "https://dss.$DSS_ENV.data.example",
            "https://shop.example/$PATH_PART",
            "https://shop.example/${PATH_PART}/x",
        ] {
            assert_eq!(SafeUrl::parse(address), None, "{address}");
        }
        assert_eq!(SafeUrl::parse(&format!("https://a.example/{}", "x".repeat(MAX_LENGTH))), None);
    }

    #[test]
    fn delimiters_of_links_are_percent_encoded() {
        let url = SafeUrl::parse(" HTTPS://a.example:8443/x|y>z<\"`?q=a b%20c&d=가 ").unwrap();
        assert_eq!(url.as_str(), "https://a.example:8443/x%7Cy%3Ez%3C%22%60?q=a%20b%20c&d=%EA%B0%80");
    }

    #[test]
    fn a_variable_that_nobody_expanded_is_named() {
        assert_eq!(unexpanded("https://dss.$DSS_ENV.data.example"), Some("$DSS_ENV"));
        assert_eq!(unexpanded("https://shop.example/${PATH_PART}/x"), Some("${PATH_PART}"));
        for text in
            ["https://a.example/?price=$5", "https://a.example/$", "https://a.example/${", "https://a.example/$(x)"]
        {
            assert_eq!(unexpanded(text), None, "{text}");
        }
        assert!(SafeUrl::parse("https://a.example./?price=$5").is_some());
    }

    #[test]
    fn joining_leaves_one_slash() {
        let base = SafeUrl::parse("https://a.example/group/").unwrap();
        assert_eq!(base.join("/-/x").unwrap().as_str(), "https://a.example/group/-/x");
    }
}
