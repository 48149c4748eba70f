//! The secrets among the variables of this job, by their names and values. Most of them are the failed job's too.

use std::path::Path;

use super::known::{NAMES, WEAK_NAMES};
use super::secrets::{has_password_in_address, plain_names};
use crate::files::read_named;
use crate::net::secret::{Redactor, is_secret_name, parts_of};
use crate::variables::Variables;

/// Values that are in many logs, and a secret in none: the defaults of services.
const ORDINARY: [&str; 10] = [
    "password",
    "postgres",
    "postgresql",
    "production",
    "development",
    "localhost",
    "username",
    "database",
    "rabbitmq",
    "changeme",
];

/// The last words of names that say where a secret belongs: `DB_PASS_PROD`, `API_KEY_V2`.
const PLACES: [&str; 12] =
    ["prod", "production", "staging", "stage", "dev", "development", "test", "qa", "v1", "v2", "v3", "old"];

/// Names that end in a word for a secret without an underline before it.
const GLUED: [&str; 4] = ["sshpass", "dbpass", "pgpass", "userpass"];

/// The fewest bytes of a value whose name ends in `_KEY`, and of a part of a value. Shorter ones are names.
const MIN_PART: usize = 16;

/// The most lines of one value.
const MAX_LINES: usize = 1000;

/// Auto DevOps passes variables of this prefix to the application, secret or not
/// (<https://docs.gitlab.com/topics/autodevops/cicd_variables/#configure-application-secret-variables>).
const FOR_APPLICATION: &str = "K8S_SECRET_";

/// Returns a redactor that also knows these secrets.
pub(crate) fn with_own_secrets(variables: &Variables, mut redactor: Redactor) -> Redactor {
    let public: Vec<&str> = variables
        .names()
        .filter(|name| name.starts_with("CI_") && !is_secret_name(name))
        .filter_map(|name| variables.get(name))
        .collect();
    let is_ordinary = |part: &str| ORDINARY.contains(&part.to_ascii_lowercase().as_str()) || public.contains(&part);
    let mut texts = Vec::new();
    for name in variables.names() {
        let value = variables.get(name).unwrap_or_default();
        if is_secret(name, value) {
            texts.push(value.to_owned());
            // A path may be that of a File-type variable.
            texts.extend(value.starts_with('/').then(|| read_named(Path::new(value)).ok()).flatten());
        }
    }
    let mut parts: Vec<&str> = Vec::new();
    // A log has the lines of a key one by one, and one token of several.
    for line in texts.iter().flat_map(|text| text.lines().take(MAX_LINES)).map(str::trim) {
        parts.extend(parts_of(line));
        for part in line.split([',', ';', ' ', '"', '\'']) {
            parts.extend(parts_of(part).into_iter().filter(|it| it.len() >= MIN_PART || part.contains("://")));
        }
    }
    redactor.add_parts(parts.into_iter().filter(|part| !is_ordinary(part)));
    redactor
}

/// True if a variable may be a secret by its name or its value.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.strip_prefix(FOR_APPLICATION).unwrap_or(name);
    let plain = plain_names(name);
    let plain = plain.rsplit_once('_').filter(|(_, last)| PLACES.contains(last)).map_or(&*plain, |(rest, _)| rest);
    let ends_in = |word: &str| plain.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    let strong = NAMES.iter().filter(|word| !WEAK_NAMES.contains(word)).map(|word| word.trim_start_matches('_'));
    // The shell's directory is no password.
    let is_named =
        plain != "pwd" && (strong.into_iter().any(ends_in) || GLUED.iter().any(|it| ends_in(it)) || ends_in("pat"));
    is_secret_name(name) || is_named || ends_in("key") && value.len() >= MIN_PART || has_password_in_address(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names_and_forms() {
        let hides = |variables: &[(&str, &str)], line: &str| {
            with_own_secrets(&variables.iter().copied().collect(), Redactor::default()).finds(line)
        };
        for (name, value, line) in [
            ("DB_PASS_PROD", "plain word", "plain word"),
            ("API_KEY_V2", "plain word", "x plain word y"),
            ("SSHPASS", "plain word", "plain word"),
            ("GITHUB_PAT", "plain word", "plain word"),
            ("RAILS_MASTER_KEY", "0123456789abcdef0123", "key 0123456789abcdef0123"),
            ("API_TOKENS", "first-token-of-two,second-token-of-two", "with second-token-of-two"),
            ("DATABASE_URLS", "db://a:first-word@x db://b:second-word@y", "second-word"),
            ("DB_PASSWORD", "p4ss/w\"rd-abc9", r#"{"v":"p4ss/w\"rd-abc9"}"#),
            ("DB_PASSWORD", "p4ss/w\"rd-abc9", r#"{"v":"p4ss\/w\"rd-abc9"}"#),
            ("DB_PASSWORD", "p4ss/w rd-abc9", "q=p4ss%2fw+rd-abc9 q=p4ss%2fw%20rd-abc9"),
            ("DB_PASSWORD", "p4ss/w rd-abc9", "q=p4ss/w%20rd-abc9"),
            ("DB_URL", "db://me:p4ss%2Fword@x", "password p4ss/word"),
            ("K8S_SECRET_API_TOKEN", "plain word", "plain word"),
        ] {
            assert!(hides(&[(name, value)], line), "{name}: {line}");
        }
        for (name, value, line) in [
            ("POSTGRES_PASSWORD", "postgres", "connect ECONNREFUSED (postgres)"),
            ("DATABASE_URL", "postgres://postgres:postgres@postgres:5432/shop", "host postgres: refused"),
            ("K8S_SECRET_RAILS_ENV", "production", "release shop-api failed in production"),
            ("APP_SECRET", "shop-api", "/builds/shop/shop-api/src"),
            ("CACHE_KEY", "gradle-main", "cache gradle-main"),
            ("BYPASS", "plain word", "plain word"),
            ("OLDPWD", "/builds/shop", "cd /builds/shop"),
        ] {
            assert!(!hides(&[(name, value), ("CI_PROJECT_NAME", "shop-api")], line), "{name}: {line}");
        }
    }
}
