//! The changes of a deployment or a pipeline.

use crate::contract::state::State;
use crate::facts::Facts;
use crate::facts::source::Ref;
use crate::message::block_kit::Mrkdwn;
use crate::message::mrkdwn;
use crate::text;
use crate::text::url::SafeUrl;

/// The longest title and the longest name of a person, in characters.
pub(crate) const MAX_TITLE: usize = 72;
pub(crate) const MAX_AUTHOR: usize = 40;
/// The longest text that Slack is known to take, in bytes.
const MAX_TOTAL: usize = 2900;

/// Returns the address of the commit's page.
pub(crate) fn commit(facts: &Facts) -> Option<SafeUrl> {
    facts.url("CI_PROJECT_URL")?.join(&format!("-/commit/{}", sha(facts, "CI_COMMIT_SHA")?))
}

/// Returns the link to the changes, with its label.
///
/// A deployment is compared with the last successful one of its environment. If that is unknown, and for a pipeline, the link is the
/// first of these that applies: the merge request's diff, the comparison with the branch's previous state, the commit.
/// `CI_COMMIT_BEFORE_SHA` is all zeros if there is nothing to compare with.
pub(crate) fn link(facts: &Facts) -> Option<(&'static str, SafeUrl)> {
    let labels = facts.language.labels();
    let compare = |before: &str| {
        let after = sha(facts, "CI_COMMIT_SHA").filter(|after| *after != before)?;
        facts.url("CI_PROJECT_URL")?.join(&format!("-/compare/{before}...{after}"))
    };
    let is_deployment = facts.state.is_deployed();
    if let Some(last) = facts.context.history.last_deployment.as_ref().filter(|_| is_deployment) {
        return Some((labels.changes, compare(last.sha.as_deref().filter(|sha| is_sha(sha))?)?));
    }
    if let Some(Ref::MergeRequest { url: Some(url), .. }) = &facts.git_ref {
        return Some((labels.changes, url.join("diffs")?));
    }
    let before = sha(facts, "CI_COMMIT_BEFORE_SHA").filter(|sha| sha.bytes().any(|digit| digit != b'0'));
    Some((if is_deployment { labels.push } else { labels.changes }, before.and_then(compare)?))
}

/// Lists the number of commits since the last deployment, the first of them and their merge requests, as the context has them.
#[inline(never)]
pub(crate) fn since(facts: &Facts) -> Option<Mrkdwn> {
    let changes =
        facts.context.history.changes.as_ref().filter(|it| facts.state == State::DeploySucceeded && it.count > 0)?;
    let mut lines = vec![facts.language.commits(changes.count)];
    let shown = changes.commits.iter().filter(|(title, _)| !title.trim().is_empty());
    lines.extend(shown.map(|(title, author)| {
        let by = if author.is_empty() { String::new() } else { format!(" ({})", text::shown(author, MAX_AUTHOR)) };
        format!("• {}", mrkdwn::literal(&format!("{}{by}", text::shown(title, MAX_TITLE))))
    }));
    let more = changes.count.saturating_sub(changes.commits.len());
    lines.extend((more > 0).then(|| facts.language.and_more(Some(more))));
    let project = facts.url("CI_PROJECT_URL");
    let request = |iid: &i64| {
        let url = project.as_ref().and_then(|project| project.join(&format!("-/merge_requests/{iid}")));
        url.map_or_else(|| format!("!{iid}"), |url| mrkdwn::link(&url, &format!("!{iid}")))
    };
    let requests: Vec<String> = changes.merge_requests.iter().map(request).collect();
    lines.extend((!requests.is_empty()).then(|| requests.join(" ")));
    // Escaping may make a title five times as long.
    while lines.iter().map(|line| line.len() + 1).sum::<usize>() > MAX_TOTAL {
        lines.pop();
    }
    Some(Mrkdwn { text: lines.join("\n"), verbatim: true })
}

pub(crate) fn is_sha(sha: &str) -> bool {
    !sha.is_empty() && sha.chars().all(|c| c.is_ascii_hexdigit())
}

fn sha<'a>(facts: &Facts<'a>, variable: &str) -> Option<&'a str> {
    facts.context.ci(variable).filter(|sha| is_sha(sha))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::contract::context::context;

    fn changes(event: &str, extra: &Value, history: &Value) -> Option<String> {
        let mut ci = json!({
            "CI_SERVER_URL": "https://gitlab.example", "CI_PROJECT_URL": "https://gitlab.example/g/p", "CI_COMMIT_SHA": "b".repeat(40), "CI_COMMIT_REF_NAME": "main",
            "CI_JOB_STATUS": "success", "CI_PIPELINE_ID": "90",
        });
        ci.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let context = context(json!({"event": event, "ci": ci, "history": history}));
        let (label, url) = link(&Facts::of(&context, &mut vec![]))?;
        Some(format!("{label}: {}", url.as_str().replace(&"b".repeat(40), "B")))
    }

    #[test]
    fn the_link_is_the_one_that_holds_by_its_right_name() {
        let of = |extra: Value| changes("deploy-finished", &extra, &json!({}));
        let compare = "Changes of this push: https://gitlab.example/g/p/-/compare/aaaa...B";
        assert_eq!(of(json!({"CI_COMMIT_BEFORE_SHA": "aaaa"})).unwrap(), compare);
        // Without a commit before there are no changes. The details link to the commit.
        for before in ["0".repeat(40), "b".repeat(40), "../x".to_owned()] {
            assert_eq!(of(json!({"CI_COMMIT_BEFORE_SHA": before})), None);
        }
        let request =
            json!({"CI_MERGE_REQUEST_IID": "318", "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/g/p"});
        assert_eq!(of(request).unwrap(), "Changes: https://gitlab.example/g/p/-/merge_requests/318/diffs");
        assert_eq!(of(json!({"CI_COMMIT_SHA": "x"})), None);
        let of_pipeline = changes("pipeline-finished", &json!({"CI_COMMIT_BEFORE_SHA": "aaaa"}), &json!({}));
        assert_eq!(of_pipeline.unwrap(), "Changes: https://gitlab.example/g/p/-/compare/aaaa...B");
    }

    #[test]
    fn a_deployment_is_compared_with_the_last_one() {
        let of = |last: Value| {
            changes("deploy-finished", &json!({"CI_COMMIT_BEFORE_SHA": "aaaa"}), &json!({"last_deployment": last}))
        };
        let since = "Changes: https://gitlab.example/g/p/-/compare/cccc...B";
        assert_eq!(of(json!({"sha": "cccc", "pipeline_id": 89})).unwrap(), since);
        // The first deployment, the same commit, and an invalid commit.
        for nothing in [json!({}), json!({"sha": "b".repeat(40)}), json!({"sha": "../x"})] {
            assert_eq!(of(nothing), None);
        }
    }

    #[test]
    fn commits_are_counted_listed_and_escaped() {
        let commits: Vec<Value> =
            (0..5).map(|n| json!({"title": format!("*{n}* <!here>"), "author": "Kim & Co"})).collect();
        let context = context(json!({
            "event": "deploy-finished", "ci": {"CI_SERVER_URL": "https://gitlab.example", "CI_JOB_STATUS": "success", "CI_PROJECT_URL": "https://gitlab.example/g/p"},
            "history": {"changes": {"count": 7, "commits": commits, "merge_requests": [318]}},
        }));
        let said = since(&Facts::of(&context, &mut vec![])).unwrap().text;
        assert_eq!(said.lines().count(), 8, "{said}");
        assert!(
            said.starts_with("7 commits since the last deployment\n• ∗0∗ &lt;!here&gt; (Kim &amp; Co)\n"),
            "{said}"
        );
        assert!(said.ends_with("and 2 more\n<https://gitlab.example/g/p/-/merge_requests/318|!318>"), "{said}");
    }
}
