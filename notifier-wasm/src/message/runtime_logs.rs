//! The link to the runtime logs: Loki in Grafana's Explore, or any system by a template.

use crate::contract::warning::{Code, Warning};
use serde::Serialize;

use crate::contract::setting::Setting;
use crate::facts::Facts;
use crate::text;
use crate::text::template::{self, Fault};
use crate::text::url::{SafeUrl, encode_value, unexpanded};

/// The query if `NOTIFIER_LOKI_QUERY` is not set: the labels of an Auto DevOps deployment.
pub(crate) const DEFAULT_QUERY: &str = r#"{namespace="%{KUBE_NAMESPACE}",app="%{CI_ENVIRONMENT_SLUG}"}"#;

/// Seconds shown before the deployment began, and after the message was made.
const BEFORE: i64 = 60;
const AFTER: i64 = 3600;

/// Returns `None` if no log system is configured, or if a setting gives no link (a warning then gives the reason).
pub(crate) fn link(facts: &Facts, warnings: &mut Vec<Warning>) -> Option<SafeUrl> {
    let (setting, link) = if let Some(template) = facts.context.setting(Setting::LOGS_URL) {
        ("NOTIFIER_LOGS_URL", facts.address(template))
    } else {
        let base = facts.context.setting(Setting::GRAFANA_URL)?;
        let template = facts.context.setting(Setting::LOKI_QUERY).unwrap_or(DEFAULT_QUERY);
        match SafeUrl::parse(base) {
            None => ("NOTIFIER_GRAFANA_URL", Err(Fault::NotAnAddress)),
            Some(base) => {
                ("NOTIFIER_LOKI_QUERY", query(facts, template).and_then(|query| explore(facts, &base, &query)))
            }
        }
    };
    link.map_err(|fault| {
        let text = format_args!("{fault}; the message has no link to the runtime logs");
        warnings.push(Warning::of(Code::BadTemplate, setting, text));
    })
    .ok()
}

/// Fills the placeholders of a query as LogQL string contents (grafana/loki, `pkg/logql/syntax/lex.go`).
fn query(facts: &Facts, template: &str) -> Result<String, Fault> {
    // Grafana's own variables begin with two underscores, such as `$__auto`.
    if let Some(variable) = unexpanded(template).filter(|it| !it.trim_start_matches(['$', '{']).starts_with("__")) {
        return Err(Fault::Unexpanded(text::shown(variable, 80)));
    }
    template::expand(template, |before, name| {
        if in_double_quotes(before) {
            Ok(escape(&facts.placeholder(name)?))
        } else {
            Err(Fault::Unquoted(name.to_owned()))
        }
    })
}

/// True if the text `before` in a query ends inside a double-quoted string. A backtick string is raw:
/// nothing could be escaped in it.
fn in_double_quotes(before: &str) -> bool {
    let mut quote = None;
    let mut characters = before.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '"' | '`') => quote = Some(character),
            (Some('"'), '\\') => drop(characters.next()),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    quote == Some('"')
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The panes of Explore, in the form of its address (Grafana docs, "Get started with Explore").
#[derive(Serialize)]
struct Panes<'a> {
    logs: Pane<'a>,
}

#[derive(Serialize)]
struct Pane<'a> {
    /// The UID, not the name; an empty one opens the default data source.
    datasource: &'a str,
    queries: [Query<'a>; 1],
    range: Range,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Query<'a> {
    ref_id: &'static str,
    datasource: Datasource<'a>,
    expr: &'a str,
    query_type: &'static str,
}

#[derive(Serialize)]
struct Datasource<'a> {
    uid: &'a str,
    r#type: &'static str,
}

/// Milliseconds since 1970 as strings, or relative times. Both ends are absolute if the times are known, so
/// that the link shows this deployment whenever it is opened.
#[derive(Serialize)]
struct Range {
    from: String,
    to: String,
}

impl Range {
    fn of(facts: &Facts) -> Self {
        let milliseconds = |seconds: i64| seconds.saturating_mul(1000).to_string();
        match (facts.began_at(), facts.context.now) {
            (Some(began), Some(now)) => {
                Self { from: milliseconds(began.saturating_sub(BEFORE)), to: milliseconds(now.saturating_add(AFTER)) }
            }
            _ => Self { from: "now-1h".to_owned(), to: "now".to_owned() },
        }
    }
}

fn explore(facts: &Facts, base: &SafeUrl, query: &str) -> Result<SafeUrl, Fault> {
    let uid = facts.context.setting(Setting::LOKI_DATASOURCE).unwrap_or_default();
    let is_number = |org: &&str| org.chars().all(|c| c.is_ascii_digit());
    let organisation = facts.context.setting(Setting::GRAFANA_ORG).filter(is_number).unwrap_or("1");
    let query = Query { ref_id: "A", datasource: Datasource { uid, r#type: "loki" }, expr: query, query_type: "range" };
    let panes = Panes { logs: Pane { datasource: uid, queries: [query], range: Range::of(facts) } };
    let panes = encode_value(&serde_json::to_string(&panes).unwrap_or_default());
    base.join(&format!("explore?panes={panes}&schemaVersion=1&orgId={organisation}")).ok_or(Fault::NotAnAddress)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;
    use crate::contract::warning::texts;

    fn logs(settings: serde_json::Value, branch: &str) -> (Option<String>, Vec<String>) {
        let context = context(json!({"now": 1_788_256_860, "settings": settings, "ci": {"CI_COMMIT_BRANCH": branch}}));
        let mut warnings = Vec::new();
        let link = link(&Facts::of(&context, &mut vec![]), &mut warnings);
        (link.map(|url| url.as_str().to_owned()), texts(warnings))
    }

    fn grafana(query: &str, branch: &str) -> (Option<String>, Vec<String>) {
        logs(
            json!({"grafana_url": "https://grafana.example/", "loki_datasource": "loki-prod", "loki_query": query}),
            branch,
        )
    }

    #[test]
    fn values_are_escaped_three_times() {
        let (link, warnings) = grafana(r#"{app="%{branch}"}"#, r#"a"b\c"#);
        let link = link.unwrap();
        assert_eq!(warnings, Vec::<String>::new());
        assert!(link.starts_with("https://grafana.example/explore?panes=%7B%22logs%22%3A"), "{link}");
        assert!(link.contains("%22%7Bapp%3D%5C%22a%5C%5C%5C%22b%5C%5C%5C%5Cc%5C%22%7D%22"), "{link}");
        assert!(link.contains("%22from%22%3A%221788256800000%22%2C%22to%22%3A%221788260460000%22"), "{link}");
        assert!(link.ends_with("&schemaVersion=1&orgId=1"), "{link}");
    }

    #[test]
    fn a_value_cannot_leave_its_string() {
        for query in ["{app=%{branch}}", "{app=`%{branch}`}", r#"{app="x\"" ,b=%{branch}}"#] {
            let (link, warnings) = grafana(query, "main");
            assert_eq!(link, None, "{query}");
            assert!(warnings[0].contains("must be inside"), "{warnings:?}");
        }
    }

    #[test]
    fn a_missing_value_is_named() {
        let (link, warnings) = logs(json!({"grafana_url": "https://grafana.example"}), "main");
        assert_eq!(link, None);
        assert_eq!(
            warnings,
            [
                "NOTIFIER_LOKI_QUERY: %{KUBE_NAMESPACE} has no value in this job; the message has no link to the runtime logs"
            ]
        );
    }

    #[test]
    fn any_other_log_system_is_a_template() {
        let settings = json!({"logs_url": "https://logs.example/d/app?var-branch=%{branch}", "grafana_url": "https://unused.example"});
        assert_eq!(logs(settings, "feature/x").0.unwrap(), "https://logs.example/d/app?var-branch=feature%2Fx");
    }
}
