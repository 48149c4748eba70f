//! The ref of a pipeline: a branch, a tag or a merge request.

use crate::variables::Variables;

/// The ref of a pipeline (<https://docs.gitlab.com/ci/variables/predefined_variables/>).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GitRef<'a> {
    Branch(&'a str),
    Tag(&'a str),
    /// Pipelines of merge requests have no `CI_COMMIT_BRANCH`.
    MergeRequest {
        iid: &'a str,
        /// The source branch, if the pipeline runs in a fork: its project has no ref of the merge request.
        in_fork: Option<&'a str>,
        /// The kind of merge for the pipeline, as the last part of the ref's name.
        kind: &'static str,
    },
}

impl<'a> GitRef<'a> {
    /// `None` if GitLab's variables name no ref at all.
    pub(crate) fn of(variables: &'a Variables) -> Option<Self> {
        let of = |name| variables.get(name);
        if let Some(tag) = of("CI_COMMIT_TAG") {
            return Some(Self::Tag(tag));
        }
        match (of("CI_MERGE_REQUEST_IID"), of("CI_COMMIT_BRANCH")) {
            (Some(iid), None) => {
                let kind = match of("CI_MERGE_REQUEST_EVENT_TYPE") {
                    Some("merged_result") => "merge",
                    Some("merge_train") => "train",
                    _ => "head",
                };
                let is_in_fork = of("CI_MERGE_REQUEST_PROJECT_ID")
                    .is_some_and(|id| of("CI_PROJECT_ID").is_some_and(|ours| ours != id));
                let in_fork = of("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").filter(|_| is_in_fork);
                Some(Self::MergeRequest { iid, in_fork, kind })
            }
            (_, branch) => branch.or(of("CI_COMMIT_REF_NAME")).map(Self::Branch),
        }
    }

    /// Returns the ref's name in GitLab's API (<https://docs.gitlab.com/ci/pipelines/merge_request_pipelines/>).
    pub(crate) fn of_api(&self) -> String {
        match self {
            Self::Branch(name) | Self::Tag(name) => (*name).to_owned(),
            Self::MergeRequest { in_fork: Some(branch), .. } => (*branch).to_owned(),
            Self::MergeRequest { iid, kind, .. } => format!("refs/merge-requests/{iid}/{kind}"),
        }
    }

    /// Returns a text that the next pipeline of the same ref has too, and no other pipeline.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Branch(name) => (*name).to_owned(),
            Self::Tag(name) => format!("tags/{name}"),
            Self::MergeRequest { iid, .. } => format!("!{iid}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_ref_has_its_names() {
        for (variables, of_api, key) in [
            (&[("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_REF_NAME", "main")][..], "main", "main"),
            (&[("CI_COMMIT_REF_NAME", "main")], "main", "main"),
            (&[("CI_COMMIT_TAG", "v1"), ("CI_COMMIT_REF_NAME", "v1")], "v1", "tags/v1"),
            (&[("CI_MERGE_REQUEST_IID", "7"), ("CI_COMMIT_REF_NAME", "x")], "refs/merge-requests/7/head", "!7"),
            (
                &[("CI_MERGE_REQUEST_IID", "7"), ("CI_MERGE_REQUEST_EVENT_TYPE", "merge_train")],
                "refs/merge-requests/7/train",
                "!7",
            ),
            (
                &[
                    ("CI_MERGE_REQUEST_IID", "7"),
                    ("CI_PROJECT_ID", "9"),
                    ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
                    ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix"),
                ],
                "fix",
                "!7",
            ),
            // A branch pipeline may know of a merge request.
            (&[("CI_MERGE_REQUEST_IID", "7"), ("CI_COMMIT_BRANCH", "x")], "x", "x"),
        ] {
            let variables = variables.iter().copied().collect();
            let git_ref = GitRef::of(&variables).unwrap();
            assert_eq!((git_ref.of_api().as_str(), git_ref.key().as_str()), (of_api, key));
        }
        assert_eq!(GitRef::of(&Variables::default()), None);
    }
}
