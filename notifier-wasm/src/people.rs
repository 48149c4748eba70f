//! Whom a message mentions.

use crate::block_kit::Element;
use crate::facts::Facts;
use crate::text;

/// Whom to call, as `NOTIFIER_MENTION` says; only on failure, so that a muted channel stays useful.
pub(crate) fn mentions(facts: &Facts, warnings: &mut Vec<String>) -> Vec<Element> {
    let Some(list) = facts.context.setting("mention").filter(|_| facts.state.is_failure()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let element = match entry.split_once(':') {
            Some(("subteam", id)) if is_slack_id(id, 'S') => Element::Usergroup { usergroup_id: id.to_owned() },
            Some(("user", id)) if is_user_id(id) => Element::User { user_id: id.to_owned() },
            None if entry == "here" => Element::Broadcast { range: "here" },
            None if entry == "channel" => Element::Broadcast { range: "channel" },
            // An author who is not in the map is named in the details and mentioned by nobody.
            None if entry == "author" => match author(facts) {
                Some(id) => Element::User { user_id: id.to_owned() },
                None => continue,
            },
            _ => {
                let entry = text::shown(entry, 40);
                warnings.push(format!("NOTIFIER_MENTION: `{entry}` is not subteam:S…, user:U…, here, channel or author; nobody is mentioned for it"));
                continue;
            }
        };
        if !found.contains(&element) {
            found.push(element);
        }
    }
    found
}

/// The Slack ID of the commit's author, else of the person who ran the pipeline.
fn author<'a>(facts: &'a Facts) -> Option<&'a str> {
    let commit_email =
        facts.context.ci("CI_COMMIT_AUTHOR").and_then(|author| author.rsplit_once('<')?.1.strip_suffix('>'));
    commit_email
        .into_iter()
        .chain(facts.context.ci("GITLAB_USER_LOGIN"))
        .chain(facts.context.ci("GITLAB_USER_EMAIL"))
        .find_map(|key| facts.context.slack_id(key))
        .filter(|id| is_user_id(id))
}

/// User IDs begin with U, or W in an Enterprise Grid.
fn is_user_id(id: &str) -> bool {
    is_slack_id(id, 'U') || is_slack_id(id, 'W')
}

fn is_slack_id(id: &str, kind: char) -> bool {
    (3..=24).contains(&id.len())
        && id.starts_with(kind)
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::context;

    fn mentioned(mention: &str, status: &str) -> (String, usize) {
        let context = context(json!({
            "event": "deploy-finished", "settings": {"mention": mention}, "people": {"Minsu@example.com": "U0MINSU", "jiwoo": "not an id"},
            "ci": {"CI_JOB_STATUS": status, "CI_COMMIT_AUTHOR": "Kim Minsu <minsu@example.com>", "GITLAB_USER_LOGIN": "jiwoo"},
        }));
        let mut warnings = Vec::new();
        let elements = mentions(&Facts::of(&context, &mut vec![]), &mut warnings);
        (serde_json::to_string(&elements).unwrap(), warnings.len())
    }

    #[test]
    fn only_a_failure_mentions() {
        assert_eq!(mentioned("here", "success"), ("[]".into(), 0));
        assert_eq!(mentioned("here", "canceled"), ("[]".into(), 0));
        assert_eq!(mentioned("here", "failed"), (r#"[{"type":"broadcast","range":"here"}]"#.into(), 0));
    }

    #[test]
    fn groups_users_and_authors_are_mentioned_once_each() {
        let (elements, warnings) = mentioned("subteam:SAZ94GDB8, user:U0MINSU,author", "failed");
        assert_eq!(
            elements,
            r#"[{"type":"usergroup","usergroup_id":"SAZ94GDB8"},{"type":"user","user_id":"U0MINSU"}]"#
        );
        assert_eq!(warnings, 0);
    }

    #[test]
    fn what_is_no_mention_is_told() {
        assert_eq!(mentioned("@ops,user:minsu,subteam:U0MINSU,everyone", "failed"), ("[]".into(), 4));
    }
}
