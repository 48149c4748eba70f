//! Variables that look like settings and are none.

use super::setting::SETTINGS;
use super::settings::variable;
use crate::variables::Variables;

/// Other variables with the prefix of the settings: one that the component's script reads, one that chooses the digest's schedule, and the
/// token for GitLab's API.
const OTHERS: [&str; 3] = ["NOTIFIER_PACKAGE_URL", "NOTIFIER_DIGEST", "NOTIFIER_GITLAB_TOKEN"];

/// The secrets, which have another prefix.
const SECRETS: [&str; 3] = ["SLACK_WEBHOOK_URL", "SLACK_BOT_TOKEN", "SLACK_OPS_WEBHOOK_URL"];

/// Returns a warning for each variable that begins with `NOTIFIER_` and that nobody reads. The warning suggests the nearest known name.
pub(crate) fn unknown(variables: &Variables) -> Vec<String> {
    let known: Vec<String> =
        SETTINGS.iter().map(|setting| variable(setting.name)).chain(OTHERS.map(str::to_owned)).collect();
    let is_unknown = |name: &&str| name.starts_with("NOTIFIER_") && known.iter().all(|it| it != name);
    let warning = |name: &str| {
        let nearest = known.iter().min_by_key(|it| strsim::damerau_levenshtein(it, name));
        let near = nearest.filter(|it| strsim::damerau_levenshtein(it, name) <= 3).cloned();
        let of_slack = name.replace("NOTIFIER_", "SLACK_").replace("SLACK_SLACK_", "SLACK_");
        let near = near.or_else(|| SECRETS.contains(&of_slack.as_str()).then_some(of_slack));
        let instead = near.map_or_else(String::new, |it| format!("; did you mean {it}?"));
        format!("{name} is not a setting of the notifier and has no effect{instead}")
    };
    variables.names().filter(is_unknown).map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_nobody_reads_is_named_with_the_nearest_one() {
        let job = [
            ("NOTIFIER_LANGUGE", "ko"),
            ("NOTIFIER_MENTION", "here"),
            ("NOTIFIER_GITLAB_TOKEN", "x"),
            ("NOTIFIER_WEBHOOK_URL", "1"),
        ];
        let suggestions = unknown(&job.into_iter().collect());
        assert_eq!(suggestions.len(), 2);
        assert!(
            suggestions[0].starts_with("NOTIFIER_LANGUGE is not a setting")
                && suggestions[0].contains("NOTIFIER_LANGUAGE?"),
            "{suggestions:?}"
        );
        assert!(suggestions[1].contains("did you mean SLACK_WEBHOOK_URL?"), "{suggestions:?}");
    }
}
