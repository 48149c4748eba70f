//! The numbers of a digest, as far as the host could read them.

use crate::contract::fields::Fields;

#[derive(Debug)]
pub(crate) struct Digest {
    pub(crate) days: i64,
    /// The environments, the most deployed first. `None` if unknown.
    pub(crate) environments: Option<Vec<Environment>>,
    pub(crate) more_environments: i64,
    /// All review environments together.
    pub(crate) review: Option<Deployments>,
    /// The default branch.
    pub(crate) branch: Option<Branch>,
    /// The names of the jobs that failed most, and how often.
    pub(crate) failed_jobs: Vec<(String, i64)>,
    /// The number of failed pipelines whose jobs were read for that.
    pub(crate) failed_pipelines_read: i64,
    /// Other projects, the worst first.
    pub(crate) projects: Option<Vec<Project>>,
}

/// A number of these days, and of as many days before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trend {
    pub(crate) these: i64,
    pub(crate) before: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Deployments {
    /// Those that succeeded or failed.
    pub(crate) ended: Trend,
    pub(crate) failed: Trend,
    pub(crate) rollbacks: Trend,
    /// The number that was read, if there were more.
    pub(crate) of_last: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) name: String,
    pub(crate) deployments: Deployments,
    /// The time and the commit of the last successful deployment.
    pub(crate) last: Option<(i64, String)>,
    /// The number of commits by which the default branch is ahead.
    pub(crate) ahead: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) pipelines: Trend,
    pub(crate) failed: Trend,
    /// How long it was red, and at most at a time, in seconds.
    pub(crate) red: Trend,
    pub(crate) longest_red: i64,
    pub(crate) is_red: bool,
    pub(crate) of_last: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) path: String,
    pub(crate) deployments: Option<Deployments>,
    pub(crate) branch: Option<Branch>,
}

impl Digest {
    #[inline(never)]
    pub(crate) fn read(mut fields: Fields) -> Self {
        let environment = |mut fields: Fields| Environment {
            name: fields.text("name"),
            last: fields.optional_object("last").map(last),
            ahead: fields.optional_integer("ahead"),
            deployments: Deployments::read(fields),
        };
        let project = |mut fields: Fields| Project {
            path: fields.text("path"),
            deployments: fields.optional_object("deployments").map(Deployments::read),
            branch: fields.optional_object("branch").map(Branch::read),
        };
        let job = |mut fields: Fields| (fields.text("name"), fields.optional_integer("count").unwrap_or_default());
        Self {
            days: fields.optional_integer("days").unwrap_or_default(),
            environments: fields.objects("environments").map(|it| it.into_iter().map(environment).collect()),
            more_environments: fields.optional_integer("more_environments").unwrap_or_default(),
            review: fields.optional_object("review").map(Deployments::read),
            branch: fields.optional_object("branch").map(Branch::read),
            failed_jobs: fields.objects("failed_jobs").unwrap_or_default().into_iter().map(job).collect(),
            failed_pipelines_read: fields.optional_integer("failed_pipelines_read").unwrap_or_default(),
            projects: fields.objects("projects").map(|it| it.into_iter().map(project).collect()),
        }
    }

    /// True if nothing could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.environments.is_none() && self.branch.is_none() && self.projects.is_none()
    }
}

fn last(mut fields: Fields) -> (i64, String) {
    (fields.optional_integer("at").unwrap_or_default(), fields.text("sha"))
}

/// Reads `[these, before]`.
fn trend(fields: &mut Fields, name: &str) -> Trend {
    let numbers = fields.integers(name).unwrap_or_default();
    Trend { these: numbers.first().copied().unwrap_or_default(), before: numbers.get(1).copied() }
}

impl Deployments {
    fn read(mut fields: Fields) -> Self {
        Self {
            ended: trend(&mut fields, "deployments"),
            failed: trend(&mut fields, "failed"),
            rollbacks: trend(&mut fields, "rollbacks"),
            of_last: fields.optional_integer("of_last"),
        }
    }
}

impl Branch {
    fn read(mut fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            pipelines: trend(&mut fields, "pipelines"),
            failed: trend(&mut fields, "failed"),
            red: trend(&mut fields, "red"),
            longest_red: fields.optional_integer("longest_red").unwrap_or_default(),
            is_red: fields.flag("is_red"),
            of_last: fields.optional_integer("of_last"),
        }
    }
}
