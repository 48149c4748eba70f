//! What is known of secrets: how they begin, how they are called, and what stands in their place.

/// The beginnings of well-known tokens, and the fewest characters behind each (<https://docs.gitlab.com/security/tokens/#token-prefixes>,
/// <https://docs.slack.dev/authentication/tokens/>, <https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>,
/// and those of the other services).
#[rustfmt::skip]
pub(super) const TOKENS: [(&str, usize); 57] = [
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
    ("pypi-", 30), ("dckr_pat_", 20), ("dckr_oat_", 20), ("glsa_", 30), ("hvs.", 20), ("hvb.", 20), ("hvr.", 20), ("dop_v1_", 40),
    ("sk_live_", 16), ("rk_live_", 16), ("sk-ant-", 20), ("sk-proj-", 20), ("sk-", 40), ("SG.", 30), ("whsec_", 20), ("shpat_", 30),
    ("sntrys_", 20), ("rubygems_", 30), ("hf_", 30), ("AGE-SECRET-KEY-", 30), ("atlasv1.", 30),
];

/// The beginnings of an AWS access key ID, which has 16 more capitals and digits
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>).
pub(super) const AWS: [&str; 2] = ["AKIA", "ASIA"];

/// The last words of names whose value is a secret, in lower case, with `_` for `-`, `.` and blanks.
#[rustfmt::skip]
pub(super) const NAMES: [&str; 31] = [
    "password", "passwd", "passphrase", "passcode", "pwd", "_pass", "pass", "secret", "token", "api_key", "apikey", "access_key", "accesskey",
    "secret_key", "secret_key_base", "account_key", "accountkey", "private_key", "encryption_key", "signing_key", "app_key", "key_data",
    "tls_key", "signature", "sig", "authorization", "auth", "credentials", "cookie", "session", "license_key",
];

/// Names that have other uses: only a value of letters and digits counts.
pub(super) const WEAK_NAMES: [&str; 6] = ["auth", "credentials", "session", "sig", "pass", "signature"];

/// The beginnings of values that are none: masked ones, references to variables, expressions and addresses of memory.
#[rustfmt::skip]
pub(super) const NO_VALUES: [&str; 22] = [
    "[masked", "***", "xxxx", "<redacted", "[redacted", "<sensitive", "(", "<hidden", "$", "%", "{{", "`", "null", "none", "nil", "undefined",
    "true", "false", "0x", "<nil", "&", "os.",
];

/// Words that follow a name in a sentence.
#[rustfmt::skip]
pub(super) const WORDS: [&str; 24] = [
    "expired", "invalid", "required", "missing", "incorrect", "denied", "wrong", "unauthorized", "forbidden", "unexpected", "mismatch",
    "authentication", "length", "created", "deleted", "configured", "unchanged", "not", "rejected", "revoked", "disabled", "string", "opaque",
    "failed",
];

/// The schemes of an `Authorization` header (<https://www.iana.org/assignments/http-authschemes/>).
pub(super) const SCHEMES: [&str; 6] = ["basic", "bearer", "digest", "negotiate", "token", "apikey"];
