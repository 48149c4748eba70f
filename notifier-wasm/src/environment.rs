//! Which environment a pipeline deploys to, and which cluster: by its branch.

use crate::context::Context;
use crate::glob;
use crate::source::Ref;
use crate::template::{self, Fault};
use crate::text;

/// The mapping of `NOTIFIER_ENVIRONMENTS` where none is set.
pub(crate) const DEFAULT_ENVIRONMENTS: &str = "main=prod@eks-dev,development=dev@eks-dev,*=%{branch}@play";

/// The longest environment or cluster name that is shown, in characters.
const MAX_NAME: usize = 80;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) name: Option<String>,
    pub(crate) cluster: Option<String>,
}

impl Environment {
    /// `DEPLOY_ENVIRONMENT` and `DEPLOY_CLUSTER` where the routing component set them, else the first
    /// entry of the mapping that matches the ref.
    pub(crate) fn of(context: &Context, git_ref: Option<&Ref>, warnings: &mut Vec<String>) -> Self {
        let mapped = git_ref.map_or_else(Self::default, |git_ref| {
            let mapping = context.setting("environments").unwrap_or(DEFAULT_ENVIRONMENTS);
            Self::mapped(mapping, git_ref).unwrap_or_else(|fault| {
                warnings.push(format!("NOTIFIER_ENVIRONMENTS: {fault}; using {DEFAULT_ENVIRONMENTS}"));
                Self::mapped(DEFAULT_ENVIRONMENTS, git_ref).unwrap_or_default()
            })
        });
        let shown = |name: &str| text::shown(name, MAX_NAME);
        Self {
            name: context.ci("DEPLOY_ENVIRONMENT").map(shown).or(mapped.name),
            cluster: context.ci("DEPLOY_CLUSTER").map(shown).or(mapped.cluster),
        }
    }

    /// `pattern=environment[@cluster]`, separated by commas. A pattern without `*` names a branch: neither a
    /// tag nor a merge request from a branch of that name matches it.
    fn mapped(mapping: &str, git_ref: &Ref) -> Result<Self, String> {
        let mut found = None;
        for entry in mapping.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (pattern, target) =
                entry.split_once('=').ok_or_else(|| format!("`{}` has no `=`", text::shown(entry, MAX_NAME)))?;
            let (name, cluster) =
                target.split_once('@').map_or((target, None), |(name, cluster)| (name, Some(cluster)));
            if name.trim().is_empty() {
                return Err(format!("`{}` names no environment", text::shown(entry, MAX_NAME)));
            }
            let matches =
                glob::matches(pattern.trim(), git_ref.name()) && (pattern.contains('*') || git_ref.is_branch());
            let fill = |template: &str| {
                template::expand(template.trim(), |_, name| match name {
                    "branch" => Ok(git_ref.name().to_owned()),
                    other => Err(Fault::Missing(other.to_owned())),
                })
                .map(|filled| text::shown(&filled, MAX_NAME))
                .map_err(|fault| fault.to_string())
            };
            // Every entry is read, so that a wrong one is told on any branch.
            let target = Self {
                name: Some(fill(name)?),
                cluster: cluster.map(fill).transpose()?.filter(|name| !name.is_empty()),
            };
            if matches && found.is_none() {
                found = Some(target);
            }
        }
        Ok(found.unwrap_or_else(|| Self { name: Some(text::shown(git_ref.name(), MAX_NAME)), cluster: None }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::context;

    fn environment(ci: serde_json::Value, mapping: &str) -> (Option<String>, Option<String>, Vec<String>) {
        let context = context(json!({"ci": ci, "settings": {"environments": mapping}}));
        let mut warnings = Vec::new();
        let Environment { name, cluster } = Environment::of(&context, Ref::of(&context).as_ref(), &mut warnings);
        (name, cluster, warnings)
    }

    fn on(branch: &str, mapping: &str) -> (Option<String>, Option<String>, Vec<String>) {
        environment(json!({"CI_COMMIT_BRANCH": branch, "CI_COMMIT_REF_NAME": branch}), mapping)
    }

    fn found(name: &str, cluster: &str) -> (Option<String>, Option<String>, Vec<String>) {
        (Some(name.into()), Some(cluster.into()).filter(|c: &String| !c.is_empty()), vec![])
    }

    #[test]
    fn the_default_mapping_follows_the_branch() {
        assert_eq!(on("main", ""), found("prod", "eks-dev"));
        assert_eq!(on("development", ""), found("dev", "eks-dev"));
        assert_eq!(on("feature/x", ""), found("feature/x", "play"));
    }

    #[test]
    fn a_tag_or_merge_request_named_like_a_branch_is_not_that_branch() {
        assert_eq!(
            environment(json!({"CI_COMMIT_TAG": "main", "CI_COMMIT_REF_NAME": "main"}), ""),
            found("main", "play")
        );
        assert_eq!(
            environment(json!({"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_REF_NAME": "main"}), ""),
            found("main", "play")
        );
    }

    #[test]
    fn the_first_match_wins_and_nothing_matching_is_the_branch() {
        let mapping = "release/*=staging@eks-dev, release/1=never, main = prod ";
        assert_eq!(on("release/1", mapping), found("staging", "eks-dev"));
        assert_eq!(on("main", mapping), found("prod", ""));
        assert_eq!(on("x", mapping), found("x", ""));
    }

    #[test]
    fn a_mapping_that_does_not_parse_is_told_and_the_default_used() {
        for wrong in ["main", "main=", "main=@play", "main=%{branch", "*=%{CI_JOB_ID}"] {
            let (name, cluster, warnings) = on("main", wrong);
            assert_eq!((name.as_deref(), cluster.as_deref()), (Some("prod"), Some("eks-dev")), "{wrong}");
            assert!(warnings[0].starts_with("NOTIFIER_ENVIRONMENTS: "), "{warnings:?}");
        }
    }

    #[test]
    fn the_routing_component_is_believed_first() {
        let ci = json!({"CI_COMMIT_BRANCH": "main", "DEPLOY_ENVIRONMENT": "production", "DEPLOY_CLUSTER": "eks-main"});
        assert_eq!(environment(ci, ""), found("production", "eks-main"));
    }
}
