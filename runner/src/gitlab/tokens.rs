//! The tokens of a job for GitLab's API: its own, and the project's or the group's access token.

use crate::net::address;
use crate::net::secret::Secret;
use crate::variables::{Variables, after_unexpanded};

/// Returns the header and the token for an address below the API of this job's GitLab. A pipeline variable can override `CI_API_V4_URL`,
/// so it must agree with the server. A token never goes unencrypted.
#[cfg_attr(not(feature = "full"), expect(dead_code, reason = "for the download of a module"))]
pub(crate) fn token_for(url: &str, variables: &Variables) -> Option<(&'static str, Secret)> {
    if !address::is_below(url, variables.get("CI_API_V4_URL")?, variables.get("CI_SERVER_URL")?) {
        return None;
    }
    access_token(variables).or_else(|| job_token(variables))
}

/// The header of an access token (<https://docs.gitlab.com/api/rest/authentication/>).
pub(super) const ACCESS: &str = "PRIVATE-TOKEN";
const ACCESS_TOKEN: &str = "NOTIFIER_GITLAB_TOKEN";

pub(super) fn job_token(variables: &Variables) -> Option<(&'static str, Secret)> {
    Some(("JOB-TOKEN", Secret::new(variables.secret("CI_JOB_TOKEN")?.ok()?)))
}

pub(super) fn access_token(variables: &Variables) -> Option<(&'static str, Secret)> {
    Some((ACCESS, Secret::new(find_access_token(variables)?.ok()?)))
}

/// Returns the reason why an access token is set, but useless.
pub(crate) fn unusable_token(variables: &Variables) -> Option<String> {
    let problem = find_access_token(variables)?.err()?;
    Some(format!("{ACCESS_TOKEN} {problem}; only the job token is used"))
}

/// Returns the access token, or the problem with it as the rest of a sentence. `None` if it is not set.
fn find_access_token(variables: &Variables) -> Option<Result<String, String>> {
    // As in every setting.
    variables.get(ACCESS_TOKEN).filter(|value| *value != "-")?;
    let token = match variables.secret(ACCESS_TOKEN)? {
        Ok(token) => token,
        Err(error) => return Some(Err(format!("names a file that cannot be read ({})", error.kind()))),
    };
    let problem = if token.is_empty() {
        "names an empty file"
    } else if after_unexpanded(&token).is_some() {
        "holds a variable that GitLab did not expand, because this job does not have it"
    } else if token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        "has a blank, a line break or a control character inside"
    } else {
        return Some(Ok(token));
    };
    Some(Err(problem.to_owned()))
}
