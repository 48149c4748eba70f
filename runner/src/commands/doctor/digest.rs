//! The projects of a digest, which only `NOTIFIER_GITLAB_TOKEN` may read.

use super::checklist::{Checklist, Topic};
use super::gitlab::connect;
use crate::explain::Explain;
use crate::gitlab::digest;
use crate::job::key::Key;
use crate::steps::ask_digest::projects_of;
use crate::steps::read_job::Call;

/// Checks each project of `NOTIFIER_PROJECTS`.
pub(super) fn check(call: &Call, list: &Checklist) {
    let Some(projects) = call.settings.get(Key::PROJECTS) else { return };
    for (path, _) in projects_of(projects, &*call.report) {
        match connect(call).and_then(|api| digest::check(&api, path)) {
            Ok(()) => {
                list.ok(Topic::GitLab, &list.say(format!("can read {path}"), format!("{path}: 읽을 수 있습니다")));
            }
            Err(unknown) => list.note(Topic::GitLab, &format!("{path}: {}", unknown.describe())),
        }
    }
}
