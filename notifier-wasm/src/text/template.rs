//! Templates with `%{NAME}` placeholders, in settings.

use std::fmt;

/// The reason why a template gives nothing. People see it after the name of the setting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The placeholder's name has no value in this job.
    Missing(String),
    /// A `%{` without its `}`.
    Unclosed,
    /// A placeholder outside a double-quoted string of a query.
    Unquoted(String),
    /// A `$NAME` that GitLab did not expand.
    Unexpanded(String),
    /// The result is not an http or https address that is safe to click.
    NotAnAddress,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) if is_predefined(name) => write!(f, "%{{{name}}} has no value in this job"),
            Self::Missing(name) => write!(
                f,
                "%{{{name}}} has no value in this job; only predefined variables are known here, and others by --pass {name} in a call of your own"
            ),
            Self::Unclosed => write!(f, "a %{{ has no closing }}"),
            Self::Unquoted(name) => write!(f, "%{{{name}}} must be inside \"double quotes\" of the query"),
            Self::Unexpanded(name) => write!(f, "GitLab does not expand {name} here; write a placeholder, %{{NAME}}"),
            Self::NotAnAddress => write!(f, "the result is not an http or https address"),
        }
    }
}

/// True if a variable of this name reaches the module if it is set.
fn is_predefined(name: &str) -> bool {
    ["CI_", "GITLAB_", "KUBE_NAMESPACE", "DEPLOY_"].iter().any(|start| name.starts_with(start))
        || ["project", "environment", "cluster", "branch"].contains(&name)
}

/// Replaces each placeholder by `value(text before it, its name)`.
pub(crate) fn expand(template: &str, value: impl Fn(&str, &str) -> Result<String, Fault>) -> Result<String, Fault> {
    let mut expanded = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find("%{") {
        expanded.push_str(&rest[..at]);
        let (name, behind) = rest[at + 2..].split_once('}').ok_or(Fault::Unclosed)?;
        let before = &template[..template.len() - rest.len() + at];
        expanded.push_str(&value(before, name)?);
        rest = behind;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(before: &str, name: &str) -> Result<String, Fault> {
        if name == "gone" { Err(Fault::Missing(name.into())) } else { Ok(format!("<{before}|{name}>")) }
    }

    #[test]
    fn placeholders_are_replaced_and_know_the_text_before_them() {
        assert_eq!(expand("a%{b}c%{d}", value).unwrap(), "a<a|b>c<a%{b}c|d>");
        assert_eq!(expand("100% {b} $x", value).unwrap(), "100% {b} $x");
    }

    #[test]
    fn faults_name_the_placeholder() {
        assert_eq!(
            expand("%{gone}", value).unwrap_err().to_string(),
            "%{gone} has no value in this job; only predefined variables are known here, and others by --pass gone in a call of your own"
        );
        assert_eq!(expand("%{b", value), Err(Fault::Unclosed));
    }
}
