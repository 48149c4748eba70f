//! The environment and the cluster that a job deploys to.

use std::borrow::Cow;

use crate::contract::context::Context;
use crate::contract::setting::Setting;
use crate::contract::warning::{Code, Warning};
use crate::facts::source::Ref;
use crate::text;
use crate::text::glob;
use crate::text::template::{self, Fault};
use crate::text::url::unexpanded;

/// The mapping if the setting is not set. The component has it as the input's default.
const DEFAULT_ENVIRONMENTS: &str = "main=prod,development=dev";

/// The prefix of Auto DevOps' review environments. They are named by their branch.
const REVIEW: &str = "review/";

/// Separates several environments of one message.
const SEPARATOR: &str = ", ";

/// The longest environment or cluster name that is shown, in characters.
const MAX_NAME: usize = 80;

/// The environment and the cluster of an entry.
type Target = (String, Option<String>);

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) name: Option<String>,
    pub(crate) cluster: Option<String>,
}

impl Environment {
    /// Returns the first of these that is set:
    /// - `DEPLOY_ENVIRONMENT` and `DEPLOY_CLUSTER`, which the routing component sets;
    /// - the environment by GitLab's name, except a review environment;
    /// - the first entry of `NOTIFIER_ENVIRONMENTS` that matches the ref;
    /// - the name of the branch.
    ///
    /// The cluster is that of the entry with this environment.
    #[inline(never)]
    pub(crate) fn of(
        context: &Context,
        git_ref: Option<&Ref>,
        deployed_to: &[&str],
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let shown = |name: &str| text::shown(name, MAX_NAME);
        let setting = context.setting_or(Setting::ENVIRONMENTS, DEFAULT_ENVIRONMENTS);
        let mapped = git_ref.map_or_else(Vec::new, |git_ref| {
            Self::mapped(setting, context, git_ref).unwrap_or_else(|fault| {
                let text = format_args!("{fault}; the setting is ignored");
                warnings.push(Warning::of(Code::BadTemplate, "NOTIFIER_ENVIRONMENTS", text));
                Self::mapped(DEFAULT_ENVIRONMENTS, context, git_ref).unwrap_or_default()
            })
        });
        let mut names: Vec<String> =
            deployed_to.iter().filter(|name| !name.starts_with(REVIEW)).map(|name| shown(name)).collect();
        names.dedup();
        let of_job = (!names.is_empty()).then(|| names.join(SEPARATOR));
        if let (Some(of_job), Some((of_setting, _))) = (&of_job, mapped.first())
            && setting != DEFAULT_ENVIRONMENTS
            && context.ci("DEPLOY_ENVIRONMENT").is_none()
            && of_job != of_setting
        {
            let text = format_args!(
                "it maps this branch to `{of_setting}`, but GitLab's environment is `{of_job}`, which is shown; channels and mentions follow it"
            );
            warnings.push(Warning::of(Code::OtherEnvironment, "NOTIFIER_ENVIRONMENTS", text));
        }
        let name = context.ci("DEPLOY_ENVIRONMENT").map(shown).or(of_job);
        let name = name.or_else(|| match mapped.first() {
            Some((name, _)) => Some(name.clone()),
            None => git_ref.map(|git_ref| shown(&git_ref.name())),
        });
        let cluster = mapped.into_iter().find(|(it, _)| Some(it) == name.as_ref()).and_then(|(_, cluster)| cluster);
        Self { cluster: context.ci("DEPLOY_CLUSTER").map(shown).or(cluster), name }
    }

    /// Returns each environment, if a closing job reports several.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.name.as_deref().unwrap_or_default().split(SEPARATOR).collect()
    }

    /// Returns the targets of all entries that match the ref. An entry is `pattern=environment[@cluster]`. A pattern without `*` names a branch.
    /// A tag of that name, or a merge request from a branch of that name, does not match it.
    fn mapped(mapping: &str, context: &Context, git_ref: &Ref) -> Result<Vec<Target>, String> {
        let mut found = Vec::new();
        for entry in mapping.split([',', ';', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
            let (pattern, target) =
                entry.split_once('=').ok_or_else(|| format!("`{}` has no `=`", text::shown(entry, MAX_NAME)))?;
            let (name, cluster) =
                target.split_once('@').map_or((target, None), |(name, cluster)| (name, Some(cluster)));
            if name.trim().is_empty() {
                return Err(format!("`{}` names no environment", text::shown(entry, MAX_NAME)));
            }
            let pattern = pattern.trim().trim_start_matches("refs/heads/");
            if !glob::may_name_a_ref(pattern) || target.starts_with('>') {
                return Err(format!(
                    "`{}` matches no branch; write PATTERN=ENVIRONMENT, with * as a glob",
                    text::shown(entry, MAX_NAME)
                ));
            }
            if let Some(variable) = unexpanded(target) {
                return Err(format!("GitLab does not expand {variable} here; write %{{branch}} or %{{NAME}}"));
            }
            let matches = glob::matches(pattern, &git_ref.name()) && (pattern.contains('*') || git_ref.is_branch());
            let fill = |template: &str| {
                template::expand(template.trim(), |_, name| {
                    let value = if name == "branch" { Some(git_ref.name()) } else { context.ci(name).map(Cow::from) };
                    value.map(Cow::into_owned).ok_or_else(|| Fault::Missing(name.to_owned()))
                })
                .map(|filled| text::shown(&filled, MAX_NAME))
                .map_err(|fault| fault.to_string())
            };
            // Read every entry, so that a wrong one causes a warning on any branch.
            let target = (fill(name)?, cluster.map(fill).transpose()?.filter(|name| !name.is_empty()));
            if matches {
                found.push(target);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;
    use crate::contract::warning::texts;

    /// `default` is a setting that is not set.
    fn environment(ci: serde_json::Value, mapping: &str) -> (Option<String>, Option<String>, Vec<String>) {
        let settings = if mapping == "default" { json!({}) } else { json!({"environments": mapping}) };
        let context = context(json!({"ci": ci, "settings": settings}));
        let mut warnings = Vec::new();
        let Environment { name, cluster } = Environment::of(
            &context,
            Ref::of(&context).as_ref(),
            &context.ci("CI_ENVIRONMENT_NAME").into_iter().collect::<Vec<_>>(),
            &mut warnings,
        );
        (name, cluster, texts(warnings))
    }

    fn on(branch: &str, mapping: &str) -> (Option<String>, Option<String>, Vec<String>) {
        environment(json!({"CI_COMMIT_BRANCH": branch, "CI_COMMIT_REF_NAME": branch}), mapping)
    }

    fn found(name: &str, cluster: &str) -> (Option<String>, Option<String>, Vec<String>) {
        (Some(name.into()), Some(cluster.into()).filter(|c: &String| !c.is_empty()), vec![])
    }

    #[test]
    fn the_default_mapping_follows_the_branch() {
        assert_eq!(on("main", "default"), found("prod", ""));
        assert_eq!(on("development", "default"), found("dev", ""));
        assert_eq!(on("feature/x", "default"), found("feature/x", ""));
        // Set to nothing, it maps no branch.
        assert_eq!(on("main", ""), found("main", ""));
    }

    #[test]
    fn the_environment_of_a_job_comes_before_its_branch() {
        let of = |branch: &str, name: &str, mapping: &str| {
            environment(json!({"CI_COMMIT_BRANCH": branch, "CI_ENVIRONMENT_NAME": name}), mapping)
        };
        assert_eq!(of("main", "staging", "default"), found("staging", ""));
        assert_eq!(of("main", "production", "default"), found("production", ""));
        assert_eq!(of("master", "production", "default"), found("production", ""));
        // A setting of another name causes a warning, and its cluster is another environment's.
        let (name, cluster, warnings) = of("main", "staging", "main=live@eks");
        assert_eq!((name.as_deref(), cluster, warnings.len()), (Some("staging"), None, 1));
        assert!(
            warnings[0].contains("maps this branch to `live`, but GitLab's environment is `staging`"),
            "{warnings:?}"
        );
        assert_eq!(of("main", "live", "main=live@eks"), found("live", "eks"));
        assert_eq!(of("feature/x", "staging", "main=live@eks"), found("staging", ""));
        // Each of several deployments of a branch has its own cluster.
        let (name, cluster, _) = of("main", "live-us", "main=live@eks, main=live-us@us");
        assert_eq!((name.as_deref(), cluster.as_deref()), (Some("live-us"), Some("us")));
        // Review environments are named by their branch.
        assert_eq!(of("main", "review/main", "default"), found("prod", ""));
        assert_eq!(of("feature/x", "review/feature-x", "default"), found("feature/x", ""));
    }

    #[test]
    fn a_tag_or_merge_request_named_like_a_branch_is_not_that_branch() {
        assert_eq!(
            environment(json!({"CI_COMMIT_TAG": "main", "CI_COMMIT_REF_NAME": "main"}), "default"),
            found("main", "")
        );
        assert_eq!(
            environment(json!({"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_REF_NAME": "main"}), "default"),
            found("main", "")
        );
        // A fork's branch is another one.
        let fork = json!({
            "CI_MERGE_REQUEST_IID": "318", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "main", "CI_MERGE_REQUEST_PROJECT_ID": "1",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9", "CI_COMMIT_REF_NAME": "main",
        });
        assert_eq!(environment(fork, "default"), found("!318", ""));
    }

    #[test]
    fn the_first_match_wins_and_nothing_matching_is_the_default() {
        let mapping = "release/*=staging@eks-dev, release/1=never, main = live ";
        assert_eq!(on("release/1", mapping), found("staging", "eks-dev"));
        assert_eq!(on("main", mapping), found("live", ""));
        assert_eq!(on("x", mapping), found("x", ""));
        assert_eq!(on("development", mapping), found("development", ""));
        assert_eq!(on("development", "main=live; development=staging"), found("staging", ""));
        assert_eq!(on("development", "main=live\nrefs/heads/development=staging"), found("staging", ""));
        let region = json!({"CI_COMMIT_BRANCH": "main", "CI_JOB_NAME": "deploy-eu"});
        assert_eq!(environment(region, "main=prod@%{CI_JOB_NAME}"), found("prod", "deploy-eu"));
    }

    #[test]
    fn an_invalid_mapping_is_warned_of_and_ignored() {
        let odd = ["main=>prod", "*=$CI_COMMIT_BRANCH", "^main$=prod", "/^main$/=prod", "main|master=prod", "=prod"];
        for wrong in ["main", "main=", "main=@play", "main=%{branch", "*=%{CI_JOB_ID}"].into_iter().chain(odd) {
            let (name, cluster, warnings) = on("main", wrong);
            assert_eq!((name.as_deref(), cluster.as_deref()), (Some("prod"), None), "{wrong}");
            assert!(warnings[0].starts_with("NOTIFIER_ENVIRONMENTS: "), "{warnings:?}");
        }
    }

    #[test]
    fn the_routing_component_is_believed_first() {
        let ci = json!({
            "CI_COMMIT_BRANCH": "main", "CI_ENVIRONMENT_NAME": "staging", "DEPLOY_ENVIRONMENT": "production",
            "DEPLOY_CLUSTER": "eks-main",
        });
        assert_eq!(environment(ci, "main=live"), found("production", "eks-main"));
    }
}
