//! Lines that look like secrets.

/// The replacement of such a line.
const MASKED: &str = "[a line that looks like a secret]";

/// The beginnings of well-known tokens, and the fewest characters behind each (<https://docs.gitlab.com/security/tokens/#token-prefixes>,
/// <https://docs.slack.dev/authentication/tokens/>, <https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>,
/// and those of the other services).
#[rustfmt::skip]
const TOKENS: [(&str, usize); 56] = [
    // GitLab
    ("glpat-", 15), ("gloas-", 20), ("gldt-", 15), ("glrt-", 15), ("glrtr-", 15), ("glcbt-", 10), ("glptt-", 15), ("glft-", 15),
    ("glimt-", 15), ("glagent-", 15), ("glwt-", 15), ("glsoat-", 15), ("glffct-", 15), ("GR1348941", 15),
    // Slack
    ("xoxb-", 8), ("xoxp-", 8), ("xoxa-", 8), ("xoxr-", 8), ("xoxs-", 8), ("xoxe-", 8), ("xoxe.", 8), ("xoxc-", 8), ("xoxd-", 8),
    ("xapp-", 8), ("xwfp-", 8),
    // Google, GitHub, npm
    ("AIza", 30), ("ya29.", 20), ("GOCSPX-", 20), ("1//0", 30),
    ("ghp_", 30), ("gho_", 30), ("ghu_", 30), ("ghs_", 30), ("ghr_", 30), ("github_pat_", 30), ("npm_", 30),
    // Others that build jobs use
    ("pypi-", 30), ("dckr_pat_", 20), ("dckr_oat_", 20), ("glsa_", 30), ("hvs.", 20), ("hvb.", 20), ("hvr.", 20), ("dop_v1_", 40), ("sk_live_", 16),
    ("rk_live_", 16), ("sk-ant-", 20), ("sk-proj-", 20), ("SG.", 30), ("whsec_", 20), ("shpat_", 30), ("sntrys_", 20), ("rubygems_", 30),
    ("hf_", 30), ("AGE-SECRET-KEY-", 30), ("atlasv1.", 30),
];

/// The beginnings of an AWS access key ID, which has 16 more capitals and digits
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>).
const AWS: [&str; 2] = ["AKIA", "ASIA"];

/// The last words of names whose value is a secret, in lower case, with `_` for `-`, `.` and blanks.
const NAMES: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "secret_key",
    "account_key",
    "accountkey",
    "private_key",
    "authorization",
    "auth",
    "credentials",
];

/// The beginnings of values that are none: masked ones, and references to variables.
const NO_VALUES: [&str; 17] = [
    "[masked",
    "***",
    "xxxx",
    "<redacted",
    "[redacted",
    "<sensitive",
    "(sensitive",
    "<hidden",
    "$",
    "%",
    "{{",
    "null",
    "none",
    "nil",
    "undefined",
    "true",
    "false",
];

/// The fewest characters of a line that is nothing but Base64: a part of a key.
const MIN_BASE64: usize = 60;

/// Replaces lines in their order. A private key takes several lines.
#[derive(Default)]
pub(super) struct Masking {
    is_in_key: bool,
}

impl Masking {
    pub(super) fn mask(&mut self, line: String) -> String {
        let begins = line.contains("-----BEGIN ") && line.contains("PRIVATE KEY");
        let is_secret = self.is_in_key || begins || is_secret(&line);
        self.is_in_key = (self.is_in_key || begins) && !line.contains("-----END ");
        if is_secret { MASKED.to_owned() } else { line }
    }
}

fn is_secret(line: &str) -> bool {
    TOKENS.iter().any(|(prefix, min)| has_token(line, prefix, *min, |c| c.is_ascii_alphanumeric() || "_-.".contains(c)))
        || AWS.iter().any(|prefix| has_token(line, prefix, 16, |c| c.is_ascii_uppercase() || c.is_ascii_digit()))
        || has_jwt(line)
        || has_password_in_address(line)
        || has_webhook(line)
        || has_named_secret(line)
        || has_bearer(line)
        || has_user_option(line)
        || is_base64(line.trim())
}

/// True if the line has a word that begins with `prefix` and goes on for at least `min` characters.
fn has_token(line: &str, prefix: &str, min: usize, is_part: impl Fn(char) -> bool) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        let is_word = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        is_word && line[at + prefix.len()..].chars().take_while(|c| is_part(*c)).count() >= min
    })
}

/// True if the line has a JSON Web Token: three parts of Base64, the first two of which are JSON objects (RFC 7519).
fn has_jwt(line: &str) -> bool {
    let part = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).count();
    line.match_indices("eyJ").any(|(at, _)| {
        let first = part(&line[at..]);
        let behind = &line[at + first..];
        first >= 12
            && behind.strip_prefix('.').is_some_and(|rest| part(rest) >= 8 && rest[part(rest)..].starts_with('.'))
    })
}

/// True if an address has a password: `https://user:password@host`.
fn has_password_in_address(line: &str) -> bool {
    line.match_indices("://").any(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let authority = rest.split(|c: char| c.is_whitespace() || "/?#\"'<>`".contains(c)).next().unwrap_or_default();
        let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        password.is_some_and(|(_, password)| is_value(password))
    })
}

/// True if the line has the address of a Slack webhook, or of one like it.
fn has_webhook(line: &str) -> bool {
    let hosts = ["hooks.slack.com/", "hooks.slack-gov.com/", "discord.com/api/webhooks/", "webhook.office.com/"];
    hosts.iter().any(|host| line.split_once(host).is_some_and(|(_, rest)| rest.len() >= 12))
}

/// True if a name of [`NAMES`] has a value: `DB_PASSWORD=…`, `"token": "…"`, `Authorization: Basic …` or `--password …`.
fn has_named_secret(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let plain = lower.replace(['-', '.', ' '], "_");
    NAMES.iter().any(|name| {
        plain.match_indices(name).any(|(at, _)| {
            let behind = &line[at + name.len()..];
            let is_option = line[..at].ends_with("--") && behind.starts_with(' ');
            if is_option {
                let value = behind.trim_start();
                return is_value(value) && !value.starts_with('-');
            }
            let closed = behind.strip_prefix(['"', '\'']).unwrap_or(behind).trim_start();
            let (value, is_assigned) =
                match (closed.strip_prefix("=>"), closed.strip_prefix('='), closed.strip_prefix(':')) {
                    (Some(value), _, _) => (value, true),
                    (_, Some(value), _) if !value.starts_with(['=', '~']) => (value, true),
                    (_, _, Some(value)) if !value.starts_with([':', '/']) => (value, false),
                    _ => return false,
                };
            is_named_value(name, value.trim_start(), is_assigned)
        })
    })
}

/// True if a text behind a name is a secret. After a colon it may be the rest of a sentence.
fn is_named_value(name: &str, value: &str, is_assigned: bool) -> bool {
    let quoted = value.strip_prefix(['"', '\'']);
    let word = quoted.unwrap_or(value);
    let end = |c: char| if quoted.is_some() { "\"'".contains(c) } else { c.is_whitespace() || ",;&)}\"'".contains(c) };
    let (word, rest) = word.split_once(end).unwrap_or((word, ""));
    if !is_value(word) || name == "pwd" && word.starts_with('/') {
        return false;
    }
    let is_random = word.len() >= 6
        && word.bytes().any(|it| it.is_ascii_digit())
        && word.bytes().any(|it| it.is_ascii_alphabetic());
    match name {
        // A scheme, then the credentials.
        "authorization" => is_random || is_value(rest.trim()) && rest.trim().len() >= 8,
        // A count of tokens.
        "token" if word.len() <= 6 && word.bytes().all(|it| it.is_ascii_digit()) => false,
        // These words have other uses.
        "auth" | "credentials" => is_random,
        _ => is_assigned || quoted.is_some() || is_random,
    }
}

/// True if the line has `Bearer` and a token.
fn has_bearer(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.match_indices("bearer ").any(|(at, word)| {
        let value = line[at + word.len()..].split_whitespace().next().unwrap_or_default();
        value.len() >= 16 && is_value(value)
    })
}

/// True if the line has the option of curl for a name and a password: `-u name:password`.
fn has_user_option(line: &str) -> bool {
    ["-u ", "--user ", "--proxy-user "].iter().any(|option| {
        line.match_indices(option).any(|(at, _)| {
            let is_word = at == 0 || line[..at].ends_with(char::is_whitespace);
            let value = line[at + option.len()..].split_whitespace().next().unwrap_or_default();
            let password = value.trim_matches(['"', '\'']).split_once(':').map(|(_, password)| password);
            // A user and a group of numbers, as Docker takes them.
            is_word && password.is_some_and(|it| is_value(it) && it.bytes().any(|it| !it.is_ascii_digit()))
        })
    })
}

/// True if a text may be a secret: neither empty, masked nor a reference to a variable.
fn is_value(text: &str) -> bool {
    let lower = text.trim_start_matches(['"', '\'']).to_ascii_lowercase();
    lower.len() >= 3 && !NO_VALUES.iter().any(|it| lower.starts_with(it))
}

fn is_base64(line: &str) -> bool {
    let is = |is_kind: fn(&u8) -> bool| line.as_bytes().iter().any(is_kind);
    line.len() >= MIN_BASE64
        && line.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=_-".contains(&it))
        && is(u8::is_ascii_uppercase)
        && is(u8::is_ascii_lowercase)
        && is(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins the parts of an example, so that no scanner takes their file for a leak.
    fn masked(parts: &str) -> bool {
        Masking::default().mask(parts.replace('|', "")) == MASKED
    }

    #[test]
    fn lines_with_secrets_are_replaced() {
        let (secrets, harmless) = (
            include_str!("../../../tests/fixtures/logs/secrets.txt"),
            include_str!("../../../tests/fixtures/logs/harmless.txt"),
        );
        assert!(secrets.lines().count() >= 40 && harmless.lines().count() >= 40);
        for line in secrets.lines() {
            assert!(masked(line), "{line}");
        }
        for line in harmless.lines() {
            assert!(!masked(line), "{line}");
        }
    }

    #[test]
    fn a_private_key_is_replaced_to_its_end() {
        let mut masking = Masking::default();
        let mut mask = |line: &str| masking.mask(line.replace('|', "")) == MASKED;
        assert!(!mask("before"));
        assert!(
            mask("-----BEGIN| PRIVATE KEY-----") && mask("short") && mask("") && mask("-----END| PRIVATE KEY-----")
        );
        assert!(!mask("after"));
    }
}
