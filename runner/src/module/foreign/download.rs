//! A module from an address: fetched once, stored by its digest, and checked again at every use.

use std::borrow::Cow;
use std::time::Duration;

use crate::explain::Explain;
use crate::gitlab::tokens::token_for;
use crate::job::job_state;
use crate::module::pin::sha256;
use crate::net::address;
use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::{Answer, Client};
use crate::net::secret::Secret;
use crate::sandbox::LIMITS;
use crate::variables::Variables;

/// The time limit of a download: the message itself matters more.
const TIME: Duration = Duration::from_secs(5);

/// The reason a module could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    /// A module is code: it does not travel unencrypted, except within this machine.
    #[error("the address is not https, and code does not travel unencrypted")]
    NotHttps,
    #[error("fetching it: {0}")]
    Fault(#[from] Fault),
    /// The module is not there, or this job may not read it.
    #[error("fetching it: the server answered {0}")]
    Status(u16),
}

impl Explain for DownloadError {
    fn step(&self) -> Cow<'_, str> {
        match self {
            // Downloads have a time limit of their own, which no setting extends.
            Self::NotHttps | Self::Fault(Fault::Timeout(_)) => "".into(),
            Self::Fault(fault) => fault.step(),
            Self::Status(_) => "check the address, and that this job may read that project's packages (Job token permissions of that project)".into(),
        }
    }
}

/// Returns the module at `url`, from the job state, or fetched and stored there. The caller compares its digest with the pin.
pub(crate) fn module(
    client: &Client,
    variables: &Variables,
    url: &str,
    pinned: &str,
    deadline: Deadline,
) -> Result<Vec<u8>, DownloadError> {
    let name = format!("{pinned}.wasm");
    if let Some(wasm) = job_state::load(variables, &name, LIMITS.module as u64).filter(|wasm| sha256(wasm) == pinned) {
        return Ok(wasm);
    }
    let wasm = fetch(client, variables, url, deadline)?;
    if sha256(&wasm) == pinned {
        // If the directory cannot be written, the next call downloads again.
        let _ = job_state::save(variables, &name, &wasm);
    }
    Ok(wasm)
}

/// Makes one request, and one more after a redirect, as from a package registry with object storage. The job token goes to the GitLab of
/// this job, and never along with a redirect.
fn fetch(client: &Client, variables: &Variables, url: &str, deadline: Deadline) -> Result<Vec<u8>, DownloadError> {
    let deadline = deadline.at_most(TIME.min(deadline.remaining() / 2));
    let token = token_for(url, variables);
    let first = get(client, url, token.as_ref().map(|(header, token)| (*header, token)), deadline)?;
    let answer = match (first.status, &first.location) {
        (301..=308, Some(location)) => get(client, location, None, deadline)?,
        _ => first,
    };
    if answer.status == 200 { Ok(answer.body) } else { Err(DownloadError::Status(answer.status)) }
}

fn get(
    client: &Client,
    url: &str,
    header: Option<(&str, &Secret)>,
    deadline: Deadline,
) -> Result<Answer, DownloadError> {
    if !url.starts_with("https://") && !address::is_loopback(url) {
        return Err(DownloadError::NotHttps);
    }
    Ok(client.get(url, header, LIMITS.module as u64 + 1, deadline)?)
}
