//! Ask GitLab for a digest: what the last days of the project were like, or of several projects.

use super::read_job::Call;
use crate::explain::Explain;
use crate::gitlab::api::Api;
use crate::gitlab::digest::{self, Digest, Period};
use crate::job::context::now;
use crate::job::key::Key;
use crate::report::Sink;

/// The most projects, with two requests each.
const MAX_PROJECTS: usize = 30;

/// Returns the numbers, and warns of those that are unknown.
pub(super) fn ask(call: &Call, api: &Api) -> Digest {
    let period = Period { end: now(), days: call.settings.days() };
    let branch = call.variables.get("CI_DEFAULT_BRANCH").unwrap_or("main");
    let (digest, unknown) = match call.settings.get(Key::PROJECTS) {
        None => {
            let project = call.variables.get("CI_PROJECT_PATH").unwrap_or_default();
            digest::of_project(api, branch, project, period, call.version())
        }
        Some(projects) => {
            let projects = projects_of(projects, &*call.report);
            let Some(asker) = api.with_access_token() else {
                let needed = "NOTIFIER_PROJECTS needs NOTIFIER_GITLAB_TOKEN, a group access token with read_api, so the digest has no numbers";
                call.report.warning(needed);
                return Digest { days: period.days, ..Digest::default() };
            };
            digest::of_projects(asker, &projects, branch, period)
        }
    };
    for (what, reason) in unknown {
        call.report.warning(&format!("the digest lacks {what}: {}", reason.describe()));
    }
    digest
}

/// Returns the paths of `NOTIFIER_PROJECTS` and their branches, and warns of entries that are left out.
pub(crate) fn projects_of<'a>(list: &'a str, warnings: &dyn Sink) -> Vec<(&'a str, Option<&'a str>)> {
    let entries = list.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let mut projects = Vec::new();
    for entry in entries {
        let project @ (path, branch) = digest::path_of(entry);
        if !is_path(path) || branch == Some("") {
            let entry: String = entry.chars().take(80).collect();
            warnings.warning(&format!(
                "NOTIFIER_PROJECTS: `{entry}` is not the path of a project, such as shop/web, and is left out"
            ));
        } else if !projects.contains(&project) {
            projects.push(project);
        }
    }
    if projects.len() > MAX_PROJECTS {
        projects.truncate(MAX_PROJECTS);
        warnings.warning(&format!("NOTIFIER_PROJECTS has more than {MAX_PROJECTS} projects; the others are left out"));
    }
    projects
}

/// True for the path of a project (<https://docs.gitlab.com/user/reserved_names/#rules-for-usernames-project-and-group-names-and-slugs>).
fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let takes = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !name.is_empty() && !name.starts_with('.') && name.chars().all(takes)
    };
    path.contains('/') && path.split('/').all(is_name)
}
