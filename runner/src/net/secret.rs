//! Secrets, and their removal from everything that is written.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::variables::Variables;

/// The variables that hold secrets: GitLab's own, and ours.
const SECRET_VARIABLES: [&str; 13] = [
    "CI_JOB_TOKEN",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
    "CI_REGISTRY_PASSWORD",
    "CI_DEPLOY_PASSWORD",
    "CI_DEPENDENCY_PROXY_PASSWORD",
    "CI_REPOSITORY_URL",
    "CI_RUNNER_SHORT_TOKEN",
    "NOTIFIER_GITLAB_TOKEN",
    "SLACK_BOT_TOKEN",
    "SLACK_OPS_WEBHOOK_URL",
    "SLACK_WEBHOOK_URL",
];

/// The shortest value to redact. A text may well contain shorter ones, and GitLab masks nothing shorter either.
const SHORTEST: usize = 8;

/// A token or a webhook URL. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value, for the code that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Returns true if a variable of this name never reaches a module, even if `--pass` names it.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_VARIABLES.contains(&name.as_str())
        || ["TOKEN", "PASSWORD", "SECRET", "WEBHOOK", "PRIVATE_KEY", "_JWT"].iter().any(|part| name.contains(part))
}

/// Returns true if a part of a webhook's path looks like a token, not like a word: a run of letters and digits that is long, or has
/// digits or capitals among small letters.
fn is_token_like(part: &str) -> bool {
    part.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let has = |is: fn(&u8) -> bool| run.bytes().any(|byte| is(&byte));
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
            || has(u8::is_ascii_lowercase) && run.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
        run.len() >= 20 || run.len() >= SHORTEST && is_mixed
    })
}

/// Replaces secrets in text.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// Longest first. If a short part were replaced first, the longer secret would no longer match, and its rest would leak.
    needles: Vec<String>,
}

impl Redactor {
    /// Builds a redactor for the secrets of a job.
    pub(crate) fn of(variables: &Variables, webhook_variable: &str) -> Self {
        let mut redactor = Self::default();
        for name in SECRET_VARIABLES.into_iter().chain([webhook_variable]) {
            match variables.get(name) {
                // The clone address of a public project has no credentials in it, and everybody may see it.
                Some(url) if name == "CI_REPOSITORY_URL" && !url.contains('@') => {}
                Some(value) if name.contains("WEBHOOK") || name == webhook_variable => redactor.add(value),
                Some(value) => redactor.add_whole(value),
                None => {}
            }
            // The secret of a File-type variable is the text of its file. A byte order mark is not part of a secret.
            if let Some(Ok(secret)) = variables.secret(name) {
                redactor.add_whole(&secret);
            }
        }
        redactor
    }

    /// Adds a webhook URL, its path and its long segments.
    pub(crate) fn add(&mut self, secret: &str) {
        self.add_whole(secret);
        if let Some((host, path)) = secret.split_once("://").and_then(|(_, rest)| rest.split_once('/'))
            && !host.contains('@')
        {
            let segments = path.split(['/', '?', '&', '=']).chain([path]);
            self.add_parts(segments.filter(|it| is_token_like(it)));
        }
    }

    /// Adds a secret. For an address, its credentials are added too.
    fn add_whole(&mut self, secret: &str) {
        self.add_parts(parts_of(secret).into_iter());
    }

    /// Adds these in all written forms.
    pub(crate) fn add_parts<'a>(&mut self, parts: impl Iterator<Item = &'a str>) {
        self.needles.extend(parts.flat_map(written_forms).filter(|form| form.len() >= SHORTEST));
        self.needles.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        self.needles.dedup();
    }

    /// True if a text has a secret.
    pub(crate) fn finds(&self, text: &str) -> bool {
        self.needles.iter().any(|needle| text.contains(needle.as_str()))
    }

    pub(crate) fn redact(&self, text: &str) -> String {
        // A secret that is longer than the text cannot occur in it.
        let fitting = self.needles.iter().filter(|needle| needle.len() <= text.len());
        fitting.fold(text.to_owned(), |text, needle| {
            if text.contains(needle.as_str()) { text.replace(needle.as_str(), "[redacted]") } else { text }
        })
    }
}

/// Returns a secret, and the credentials and the password of an address.
pub(crate) fn parts_of(secret: &str) -> [&str; 3] {
    let authority = secret.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let credentials = authority.rsplit_once('@').map_or("", |(credentials, _)| credentials);
    [secret, credentials, credentials.rsplit(':').next().unwrap_or_default()]
}

/// Returns the forms in which tools write a text: raw, decoded, as JSON, and in addresses.
fn written_forms(text: &str) -> Vec<String> {
    let json = text.replace('\\', "\\\\").replace('"', "\\\"");
    let encoded = percent_encoded(text);
    let small = lower_hex(&encoded);
    let of_address = [&encoded, &small].into_iter().flat_map(|it| {
        let spaced = it.replace("%20", "+");
        [it.replace("%2F", "/").replace("%2f", "/"), spaced]
    });
    let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut forms: Vec<String> = of_address.collect();
    forms.extend([text.to_owned(), decoded, json.replace('/', "\\/"), json, encoded, small]);
    forms
}

/// Returns a percent-encoded text with small letters in its codes.
fn lower_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (code, rest) = part.split_at(2.min(part.len()));
        text + "%" + &code.to_ascii_lowercase() + rest
    })
}

/// Every byte but the unreserved ones of RFC 3986.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes every byte except the unreserved ones of RFC 3986.
pub(crate) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_redacted_in_every_form() {
        let mut redactor = Redactor::default();
        redactor.add("https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx");
        for leak in [
            "posting to https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx failed",
            "/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
            "https%3A%2F%2Fhooks.slack.com%2Fservices%2FT00000000%2FB00000000%2Fabcdefghijklmnopqrstuvwx",
            r"https:\/\/hooks.slack.com\/services\/T00000000\/B00000000\/abcdefghijklmnopqrstuvwx",
            "abcdefghijklmnopqrstuvwx",
        ] {
            let shown = redactor.redact(leak);
            assert!(!shown.contains("abcdefgh") && !shown.contains("T0000"), "{shown}");
        }
        assert_eq!(redactor.redact("hooks.slack.com services"), "hooks.slack.com services");
    }

    #[test]
    fn only_token_like_parts_of_a_webhook_are_secrets() {
        for (webhook, words, token) in [
            (
                "https://zulip.example/api/v1/external/slack_incoming?api_key=aB3dE6gH9jK2&stream=deployments&topic=storefront",
                "slack_incoming external deployments storefront",
                "aB3dE6gH9jK2",
            ),
            ("https://relay.example/relay/production?token=f3a9c1d27b", "relay/production production", "f3a9c1d27b"),
            ("https://mm.example/hooks/xk9q8w7e6r5t4y3u2i1o0p9a8s", "hooks mm.example", "xk9q8w7e6r5t4y3u2i1o0p9a8s"),
            (
                "https://chat.example/550e8400-e29b-41d4-a716-446655440000/team-2024-deployments",
                "team-2024-deployments",
                "550e8400-e29b-41d4-a716-446655440000",
            ),
        ] {
            let mut redactor = Redactor::default();
            redactor.add(webhook);
            assert_eq!(redactor.redact(words), words, "{webhook}");
            assert_eq!(redactor.redact(token), "[redacted]", "{webhook}");
        }
    }

    #[test]
    fn credentials_in_an_address_are_redacted() {
        let mut redactor = Redactor::default();
        redactor.add("https://gitlab-ci-token:glcbt-64_abcdefghij@gitlab.example/g/p.git");
        assert_eq!(redactor.redact("glcbt-64_abcdefghij"), "[redacted]");
    }

    #[test]
    fn the_address_of_a_public_clone_is_no_secret() {
        let shown = |url| {
            let job = [("CI_REPOSITORY_URL", url)].into_iter().collect();
            Redactor::of(&job, "SLACK_WEBHOOK_URL").redact("https://gitlab.example/commerce/storefront/-/jobs/7")
        };
        assert!(shown("https://gitlab.example/commerce/storefront.git").contains("/commerce/storefront/-/jobs/7"));
        assert!(shown("https://ci:glcbt-64_abc@gitlab.example/commerce/storefront.git").contains("/commerce/"));
    }

    #[test]
    fn names_of_secrets_are_known() {
        for name in ["CI_JOB_TOKEN", "ci_registry_password", "MY_SECRET", "TEAM_WEBHOOK_URL", "CI_JOB_JWT_V2"] {
            assert!(is_secret_name(name), "{name}");
        }
        assert!(!is_secret_name("CI_COMMIT_TITLE"));
        assert!(!format!("{:?}", Secret::new("hunter2hunter2")).contains("hunter2"));
    }
}
