//! The source of a pipeline: a branch, a tag or a merge request, and its cause.

use std::borrow::Cow;

use crate::contract::context::Context;
use crate::text::url::SafeUrl;

/// The ref of a pipeline, as people name it.
#[derive(Debug)]
pub(crate) enum Ref<'a> {
    Branch(&'a str),
    Tag(&'a str),
    /// Merge request pipelines have no `CI_COMMIT_BRANCH`; `branch` is the request's source.
    MergeRequest {
        iid: &'a str,
        title: Option<&'a str>,
        branch: &'a str,
        /// True if the branch is another project's.
        is_of_fork: bool,
        url: Option<SafeUrl>,
    },
}

impl<'a> Ref<'a> {
    /// Returns `None` if GitLab's variables name no ref at all.
    pub(crate) fn of(context: &'a Context) -> Option<Self> {
        let name = context.ci("CI_COMMIT_REF_NAME");
        if let Some(tag) = context.ci("CI_COMMIT_TAG") {
            return Some(Self::Tag(tag));
        }
        match (context.ci("CI_MERGE_REQUEST_IID"), context.ci("CI_COMMIT_BRANCH")) {
            (Some(iid), None) => Some(Self::MergeRequest {
                iid,
                title: context.ci("CI_MERGE_REQUEST_TITLE"),
                branch: context.ci("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").or(name)?,
                // Without a source, the fork is gone.
                is_of_fork: context
                    .ci("CI_MERGE_REQUEST_PROJECT_ID")
                    .is_some_and(|it| context.ci("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != Some(it)),
                url: context
                    .ci("CI_MERGE_REQUEST_PROJECT_URL")
                    .and_then(|project| context.gitlab_url(project))
                    .filter(|_| iid.chars().all(|c| c.is_ascii_digit()))
                    .and_then(|project| project.join(&format!("-/merge_requests/{iid}"))),
            }),
            (_, branch) => branch.or(name).map(Self::Branch),
        }
    }

    /// The name of the branch or the tag. A fork's branch is another branch, so the merge request's number stands for it.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        match self {
            Self::MergeRequest { iid, is_of_fork: true, .. } => format!("!{iid}").into(),
            Self::Branch(name) | Self::Tag(name) | Self::MergeRequest { branch: name, .. } => (*name).into(),
        }
    }

    /// True if this is the branch itself. A tag or a fork's merge request may have the name of a
    /// branch (`main`), but it is not that branch.
    pub(crate) fn is_branch(&self) -> bool {
        matches!(self, Self::Branch(_))
    }
}

/// The cause of a pipeline, except a push, a merge request or a person's click
/// (<https://docs.gitlab.com/ci/jobs/job_rules/#ci_pipeline_source-predefined-variable>).
#[derive(Debug)]
pub(crate) enum Cause<'a> {
    /// The schedule's description is known since GitLab 17.8.
    Schedule(Option<&'a str>),
    Trigger,
    Api,
    /// Another project's pipeline.
    Upstream,
    /// The parent of a child pipeline, if GitLab names it (`CI_UPSTREAM_PIPELINE_ID`).
    Parent {
        id: Option<&'a str>,
        url: Option<SafeUrl>,
    },
}

impl<'a> Cause<'a> {
    pub(crate) fn of(context: &'a Context) -> Option<Self> {
        match context.ci("CI_PIPELINE_SOURCE")? {
            "schedule" => Some(Self::Schedule(context.ci("CI_PIPELINE_SCHEDULE_DESCRIPTION"))),
            "trigger" => Some(Self::Trigger),
            "api" => Some(Self::Api),
            "pipeline" => Some(Self::Upstream),
            "parent_pipeline" => {
                let id = context.ci("CI_UPSTREAM_PIPELINE_ID").filter(|id| id.chars().all(|c| c.is_ascii_digit()));
                let project = context.ci("CI_PROJECT_URL").and_then(|project| context.gitlab_url(project));
                let url = id.zip(project).and_then(|(id, project)| project.join(&format!("-/pipelines/{id}")));
                Some(Self::Parent { id, url })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::context::context;

    #[test]
    fn each_kind_of_pipeline_names_its_ref() {
        let of = |ci: serde_json::Value| {
            let context = context(json!({ "ci": ci }));
            Ref::of(&context).map(|it| (it.name().into_owned(), it.is_branch()))
        };
        assert_eq!(of(json!({"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"})), Some(("main".into(), true)));
        assert_eq!(of(json!({"CI_COMMIT_TAG": "main", "CI_COMMIT_REF_NAME": "main"})), Some(("main".into(), false)));
        assert_eq!(
            of(json!({"CI_MERGE_REQUEST_IID": "318", "CI_COMMIT_REF_NAME": "main"})),
            Some(("main".into(), false))
        );
        assert_eq!(of(json!({"CI_COMMIT_BRANCH": "", "CI_COMMIT_REF_NAME": ""})), None);
    }

    #[test]
    fn a_merge_request_number_that_is_none_makes_no_link() {
        let context = context(json!({"ci": {
            "CI_MERGE_REQUEST_IID": "1/../../x", "CI_COMMIT_REF_NAME": "x", "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/g/p"}}));
        assert!(matches!(Ref::of(&context), Some(Ref::MergeRequest { url: None, .. })));
    }
}
