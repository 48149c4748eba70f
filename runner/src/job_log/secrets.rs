//! Lines that look like secrets. A secret that is shown is worse than a harmless line that is not.

use super::known::{AWS, NAMES, NO_VALUES, SCHEMES, TOKENS, WEAK_NAMES, WORDS};

/// The replacement of such a line.
pub(super) const MASKED: &str = "[a line that looks like a secret]";

/// The most bytes of a line to search. Fewer characters are shown, and a secret that begins among them ends before this.
const MAX_SEARCHED: usize = 2000;

/// Returns a text in the form of [`NAMES`].
pub(super) fn plain_names(text: &str) -> String {
    text.to_ascii_lowercase().replace(['-', '.', ' '], "_")
}

/// True if a line has a secret.
pub(crate) fn is_secret(line: &str) -> bool {
    // The forms of JSON in a string, and of addresses.
    let line = line.get(..line.floor_char_boundary(MAX_SEARCHED)).unwrap_or(line);
    let line =
        &line.replace("\\\"", "\"").replace("%3D", "=").replace("%3d", "=").replace("%3A", ":").replace("%3a", ":");
    TOKENS.iter().any(|(prefix, min)| has_token(line, prefix, *min, |c| c.is_ascii_alphanumeric() || "_-.".contains(c)))
        || AWS.iter().any(|prefix| has_token(line, prefix, 16, |c| c.is_ascii_uppercase() || c.is_ascii_digit()))
        || has_jwt(line)
        || has_password_in_address(line)
        || has_webhook(line)
        || has_named_secret(line)
        || has_scheme(line)
        || has_option(line)
        || is_base64(line.trim())
}

/// True if the line has a word that begins with `prefix` and goes on for at least `min` characters.
fn has_token(line: &str, prefix: &str, min: usize, is_part: impl Fn(char) -> bool) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        // A prefix with a sign of its own is no part of a word.
        let is_word = prefix.len() >= 5 || !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        is_word && line[at + prefix.len()..].chars().take(min).filter(|c| is_part(*c)).count() == min
    })
}

/// True if the line has a JSON Web Token: three parts of Base64, the first two of which are JSON objects (RFC 7519).
fn has_jwt(line: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    line.split(|c| !is_part(c) && c != '.').any(|word| {
        let mut parts = word.split('.');
        let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        first.contains("eyJ") && first.len() >= 12 && second.len() >= 8 && parts.next().is_some()
    })
}

/// True if an address has a password, or a token as its user: `https://user:password@host`, `https://0f1e2d3c4b5a69788796@host`.
pub(super) fn has_password_in_address(line: &str) -> bool {
    line.match_indices("//").any(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let address = rest.split(|c: char| c.is_whitespace() || "\"'<>`".contains(c)).next().unwrap_or_default();
        let Some((user, _)) = address.rsplit_once('@') else { return false };
        match user.split_once(':') {
            // A port, then a path with an @.
            Some((_, rest))
                if rest
                    .split('/')
                    .next()
                    .is_some_and(|port| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()))
                    && rest.contains('/') =>
            {
                false
            }
            Some((_, password)) => is_value(password),
            None => user.len() >= 16 && !user.contains('/') && is_random(user),
        }
    }) || line.split_once(":thin:").is_some_and(|(_, rest)| {
        rest.split_once('@').is_some_and(|(user, _)| user.contains('/') && !user.contains(char::is_whitespace))
    })
}

/// True if the line has the address of a webhook, which needs no other secret.
fn has_webhook(line: &str) -> bool {
    let hosts = [
        "hooks.slack.com/",
        "hooks.slack-gov.com/",
        "discord.com/api/webhooks/",
        "discordapp.com/api/webhooks/",
        "webhook.office.com/",
    ];
    hosts.iter().any(|host| line.split_once(host).is_some_and(|(_, rest)| rest.len() >= 12))
}

/// True if a name of [`NAMES`] has a value: `DB_PASSWORD=…`, `"token": "…"`, `Authorization: Basic …` or `--password …`.
fn has_named_secret(line: &str) -> bool {
    let plain = plain_names(line);
    NAMES.iter().any(|name| {
        plain.match_indices(name).any(|(at, _)| {
            let (before, behind) = (&line[..at], &line[at + name.len()..]);
            // `bypass:` has no password, and `config:` no signature.
            let is_word =
                name.len() > 4 || name.starts_with('_') || !before.ends_with(|c: char| c.is_ascii_alphanumeric());
            is_word && is_assigned_secret(name, before, behind)
        })
    })
}

/// True if a name is followed by a secret.
fn is_assigned_secret(name: &str, before: &str, behind: &str) -> bool {
    if before.ends_with("--") && behind.starts_with(' ') {
        let value = behind.trim_start();
        return is_value(value) && !value.starts_with('-');
    }
    // netrc, and a sentence.
    if name == "password" {
        let sentence = behind.strip_prefix(" is ").or_else(|| behind.strip_prefix(" is: "));
        let of_netrc = behind.strip_prefix(' ').filter(|_| before.contains("login "));
        let word = sentence.or(of_netrc).and_then(|rest| rest.split_whitespace().next());
        if word.is_some_and(|word| is_random(word) || of_netrc.is_some() && is_value(word)) {
            return true;
        }
    }
    let closed = behind.trim_start_matches(['"', '\'']);
    let is_closed = closed.len() < behind.len();
    let closed = closed.trim_start();
    let attribute = closed.strip_prefix("value=").filter(|_| is_closed);
    let assigned = attribute.or_else(|| closed.strip_prefix("=>")).or_else(|| closed.strip_prefix(":="));
    let assigned = assigned.or_else(|| closed.strip_prefix('=').filter(|value| !value.starts_with(['=', '~'])));
    let element = behind.strip_prefix('>').filter(|_| before.contains('<'));
    let after_colon = closed.strip_prefix(':').filter(|value| !value.starts_with([':', '/']));
    match (assigned.or(element), after_colon) {
        (Some(value), _) => is_named_value(name, value.trim_start(), true),
        (None, Some(value)) => is_named_value(name, value.trim_start(), false),
        (None, None) => false,
    }
}

/// True if a text behind a name is a secret. After a colon it may be the rest of a sentence.
fn is_named_value(name: &str, value: &str, is_assigned: bool) -> bool {
    let quoted = value.strip_prefix(['"', '\'']);
    let text = quoted.unwrap_or(value);
    let end = |c: char| if quoted.is_some() { "\"'".contains(c) } else { c.is_whitespace() || ",;&)}\"'<".contains(c) };
    let (word, rest) = text.split_once(end).unwrap_or((text, ""));
    if name == "authorization" {
        let has_scheme = SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        return has_scheme && is_value(rest.trim()) || is_random(word);
    }
    let lower = word.to_ascii_lowercase();
    let is_word = WORDS.iter().any(|it| lower.trim_end_matches(['.', ':', '!']).starts_with(it));
    let is_path = word.starts_with(['/', '.']) || name == "pwd" && word.starts_with('~');
    if !is_value(word) || is_word || is_path {
        return false;
    }
    // An expression of a program: `getToken()`, `req.body.password`, `type=service`.
    let is_expression = quoted.is_none()
        && (word.contains('(')
            || rest.starts_with('(')
            || word.contains('=') && !word.ends_with('=')
            || text[word.len()..].starts_with(';') && word.contains('.'));
    if is_expression {
        return false;
    }
    if WEAK_NAMES.contains(&name) {
        return is_random(word);
    }
    match name {
        // A count of tokens.
        "token" if word.len() <= 6 && word.bytes().all(|it| it.is_ascii_digit()) => false,
        "cookie" => word.contains('='),
        _ => is_assigned || quoted.is_some() || is_random(word) || word.len() >= 8 && rest.trim().is_empty(),
    }
}

/// True if a text has the look of chance: letters and digits, or capitals among small letters.
fn is_random(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_camel = has(u8::is_ascii_lowercase) && text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    text.len() >= 6 && is_mixed && is_value(text) || text.len() >= 16 && is_camel && !text.contains(['(', '.', ' '])
}

/// True if the line has a scheme of HTTP and credentials: `Bearer …`, `Basic …`.
fn has_scheme(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["bearer", "basic"].iter().any(|scheme| {
        lower.match_indices(scheme).any(|(at, _)| {
            let value = line[at + scheme.len()..].trim_start_matches([' ', ':']);
            let word = value.split(|c: char| c.is_whitespace() || "\"',".contains(c)).next().unwrap_or_default();
            word.len() >= 16 && is_random(word) && value.len() < line[at + scheme.len()..].len()
        })
    })
}

/// True if a command has a password as an option: `-u name:password`, `docker login -p …`, `mysql -p…`.
fn has_option(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let words: Vec<&str> = line.split_whitespace().collect();
    let with_next = |option: &str| {
        let next = words.windows(2).find(|pair| pair[0] == option).map(|pair| pair[1]);
        let attached = words.iter().find_map(|word| word.strip_prefix(option).filter(|value| !value.is_empty()));
        next.into_iter().chain(attached.map(|value| value.trim_start_matches('='))).collect::<Vec<_>>()
    };
    let is_password = |value: &&str| {
        is_value(value) && !value.starts_with(['-', '/']) && value.bytes().any(|it| !it.is_ascii_digit())
    };
    let pairs = ["-u", "--user", "--proxy-user"]
        .into_iter()
        .filter(|_| !lower.contains("docker run") && !lower.contains("rsync"));
    let of_pairs =
        pairs.flat_map(with_next).filter_map(|value| value.trim_matches(['"', '\'']).split_once(':').map(|(_, it)| it));
    if of_pairs.into_iter().any(|password| is_password(&password) && !password.contains(':')) {
        return true;
    }
    let has = |names: &[&str]| names.iter().any(|name| lower.contains(name));
    let options: &[&str] = match () {
        () if has(&["sshpass", " login ", "mysql", "mariadb", "registry login"]) => &["-p"],
        () if has(&["redis-cli"]) => &["-a"],
        () => &[],
    };
    options.iter().flat_map(|option| with_next(option)).any(|value| is_password(&value))
}

/// True if a text may be a secret: neither empty, masked, nor a reference to a variable.
fn is_value(text: &str) -> bool {
    let lower = text.trim_start_matches(['"', '\'']).to_ascii_lowercase();
    lower.len() >= 3 && !NO_VALUES.iter().any(|it| lower.starts_with(it))
}

/// True if a line is nothing but Base64: a part of a key, or a value of a Kubernetes secret.
fn is_base64(line: &str) -> bool {
    let count = |is: fn(&u8) -> bool| line.as_bytes().iter().filter(|byte| is(byte)).count();
    line.len() >= 60
        && line.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=".contains(&it))
        && count(u8::is_ascii_uppercase) >= 8
        && count(u8::is_ascii_lowercase) >= 8
        && count(u8::is_ascii_digit) >= 3
}

#[cfg(test)]
mod tests {
    use super::super::several_lines::parts_of_secrets;
    use super::*;

    /// Joins the parts of an example, so that no scanner takes their file for a leak.
    fn is_masked(parts: &str) -> bool {
        let line = parts.replace('|', "");
        is_secret(&line) || parts_of_secrets(&[line])[0]
    }

    #[test]
    fn lines_with_secrets_are_replaced() {
        let (secrets, harmless) = (
            include_str!("../../../tests/fixtures/logs/secrets.txt"),
            include_str!("../../../tests/fixtures/logs/harmless.txt"),
        );
        assert!(secrets.lines().count() >= 40 && harmless.lines().count() >= 40);
        let shown: Vec<&str> = secrets.lines().filter(|line| !is_masked(line)).collect();
        let hidden: Vec<&str> = harmless.lines().filter(|line| is_masked(line)).collect();
        assert!(shown.is_empty() && hidden.is_empty(), "shown: {shown:#?}\nhidden: {hidden:#?}");
    }
}
