//! The link to what changed.

use crate::facts::Facts;
use crate::source::Ref;
use crate::url::SafeUrl;

/// The commit's page.
pub(crate) fn commit(facts: &Facts) -> Option<SafeUrl> {
    facts.url("CI_PROJECT_URL")?.join(&format!("-/commit/{}", sha(facts, "CI_COMMIT_SHA")?))
}

/// The merge request's diff, the comparison with what was on the branch before, or the commit: whichever holds.
/// `CI_COMMIT_BEFORE_SHA` is all zeros where there is nothing to compare with.
pub(crate) fn link(facts: &Facts) -> Option<SafeUrl> {
    if let Some(Ref::MergeRequest { url: Some(url), .. }) = &facts.git_ref {
        return url.join("diffs");
    }
    let compare = || {
        let before = sha(facts, "CI_COMMIT_BEFORE_SHA").filter(|sha| sha.bytes().any(|digit| digit != b'0'))?;
        let after = sha(facts, "CI_COMMIT_SHA").filter(|after| *after != before)?;
        facts.url("CI_PROJECT_URL")?.join(&format!("-/compare/{before}...{after}"))
    };
    compare().or_else(|| commit(facts))
}

fn sha<'a>(facts: &Facts<'a>, variable: &str) -> Option<&'a str> {
    facts.context.ci(variable).filter(|sha| sha.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::context::context;

    fn changes(extra: &Value) -> Option<String> {
        let mut ci = json!({"CI_PROJECT_URL": "https://gitlab.example/g/p", "CI_COMMIT_SHA": "b".repeat(40), "CI_COMMIT_REF_NAME": "main"});
        ci.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let context = context(json!({ "ci": ci }));
        link(&Facts::of(&context, &mut vec![])).map(|url| url.as_str().replace(&"b".repeat(40), "B"))
    }

    #[test]
    fn the_link_is_the_one_that_holds() {
        let compare = "https://gitlab.example/g/p/-/compare/aaaa...B";
        let commit = "https://gitlab.example/g/p/-/commit/B";
        assert_eq!(changes(&json!({"CI_COMMIT_BEFORE_SHA": "aaaa"})).unwrap(), compare);
        assert_eq!(changes(&json!({"CI_COMMIT_BEFORE_SHA": "0".repeat(40)})).unwrap(), commit);
        assert_eq!(changes(&json!({"CI_COMMIT_BEFORE_SHA": "b".repeat(40)})).unwrap(), commit);
        assert_eq!(changes(&json!({"CI_COMMIT_BEFORE_SHA": "../x"})).unwrap(), commit);
        let request =
            json!({"CI_MERGE_REQUEST_IID": "318", "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/g/p"});
        assert_eq!(changes(&request).unwrap(), "https://gitlab.example/g/p/-/merge_requests/318/diffs");
        assert_eq!(changes(&json!({"CI_COMMIT_SHA": "x"})), None);
    }
}
