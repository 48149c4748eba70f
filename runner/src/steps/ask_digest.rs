//! Ask GitLab for a digest: what the last days of the project were like, or of several projects.

use super::read_job::Call;
use crate::explain::Explain;
use crate::gitlab::api::Api;
use crate::gitlab::digest::{self, Digest, Missing, Other, Period};
use crate::job::context::now;
use crate::job::key::Key;
use crate::job_log::is_secret;
use crate::report::Sink;

/// The most projects, with two requests each.
const MAX_PROJECTS: usize = 30;

const MASKED: &str = "[an entry that looks like a secret]";

/// Returns the numbers, and warns of those that are missing.
pub(super) fn ask(call: &Call, api: &Api) -> Digest {
    let period = Period { end: now(), days: call.settings.days() };
    let branch = branch_of(call);
    let (digest, missing) = match call.settings.get(Key::PROJECTS) {
        None => digest::of_project(api, branch, period),
        Some(_) if api.with_access_token().is_err() => {
            let needed = "NOTIFIER_PROJECTS needs NOTIFIER_GITLAB_TOKEN, a group access token with read_api, so the digest has no numbers";
            call.report.warning(needed);
            return Digest { days: period.days, ..Digest::default() };
        }
        Some(projects) => {
            let others = others(projects, branch, &*call.report);
            if others.is_empty() {
                call.report.warning("NOTIFIER_PROJECTS has no project, so the digest has no numbers");
            }
            digest::of_projects(api, &others, period)
        }
    };
    for (reason, parts) in by_reason(missing) {
        call.report.warning(&format!("the digest lacks {}: {reason}", parts.join(", ")));
    }
    digest
}

/// Returns the missing parts of each reason, in the order of the reasons.
fn by_reason(missing: Vec<Missing>) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (part, reason) in missing {
        let reason = reason.describe();
        match all.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, parts)) => parts.push(part),
            None => all.push((reason, vec![part])),
        }
    }
    all
}

/// Returns the branch whose pipelines count, unless an entry of `NOTIFIER_PROJECTS` names another.
pub(crate) fn branch_of(call: &Call) -> &str {
    call.variables.get("CI_DEFAULT_BRANCH").unwrap_or("main")
}

/// Returns the projects of `NOTIFIER_PROJECTS`, and warns of entries that are left out. `branch` is that of an entry without one.
pub(crate) fn others<'a>(list: &'a str, branch: &'a str, warnings: &dyn Sink) -> Vec<Other<'a>> {
    let entries = list.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let mut others = Vec::new();
    for entry in entries {
        let (path, branch) =
            entry.split_once('@').map_or((entry, branch), |(path, branch)| (path.trim(), branch.trim()));
        let other = Other { path, branch };
        if !is_path(path) || branch.is_empty() || is_secret(branch) {
            let entry: String = if is_secret(entry) { MASKED.to_owned() } else { entry.chars().take(80).collect() };
            warnings.warning(&format!(
                "NOTIFIER_PROJECTS: `{entry}` is not the path of a project, such as shop/web, and is left out"
            ));
        } else if !others.contains(&other) {
            others.push(other);
        }
    }
    if others.len() > MAX_PROJECTS {
        others.truncate(MAX_PROJECTS);
        warnings.warning(&format!("NOTIFIER_PROJECTS has more than {MAX_PROJECTS} projects; the others are left out"));
    }
    others
}

/// True for the path of a project (<https://docs.gitlab.com/user/reserved_names/#rules-for-usernames-project-and-group-names-and-slugs>).
fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let takes = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !name.is_empty() && !name.starts_with('.') && name.chars().all(takes)
    };
    path.contains('/') && path.split('/').all(is_name)
}
