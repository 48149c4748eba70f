//! The logs of jobs (<https://docs.gitlab.com/api/jobs/#retrieve-a-job-log>). A job token may not read them.

use std::collections::VecDeque;
use std::io::Read;
use std::time::{Duration, Instant};

use super::api::Api;
use super::unknown::Unknown;
use crate::net::http::Opened;

/// The limits of a log. GitLab sends it from the beginning, and the end counts.
const MAX_LOG: u64 = 64 << 20;
const MAX_TAIL: usize = 64 << 10;

/// The end of a job's log.
pub(crate) enum Tail {
    /// Its last bytes, and true if there are others before them.
    Of(Vec<u8>, bool),
    /// It is longer than the limits of size or time.
    TooLong,
}

/// Reads the end of a job's log, within `time`.
pub(crate) fn tail(api: &Api, job: i64, time: Duration) -> Result<Tail, Unknown> {
    let asker = api.with_access_token()?;
    // One byte more than the limit shows that there is more.
    let Opened { mut body, end, .. } = asker.open(&format!("jobs/{job}/trace"), MAX_LOG + 1, time)?;
    let mut tail = VecDeque::with_capacity(MAX_TAIL);
    let (mut chunk, mut size) = (vec![0; 16 << 10], 0);
    loop {
        match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                size += read as u64;
                tail.extend(&chunk[..read]);
                tail.drain(..tail.len().saturating_sub(MAX_TAIL));
            }
            Err(_) if Instant::now() >= end => return Ok(Tail::TooLong),
            Err(_) => return Err(api.broken_off(end)),
        }
    }
    if size > MAX_LOG {
        return Ok(Tail::TooLong);
    }
    let is_cut = size > MAX_TAIL as u64;
    Ok(Tail::Of(tail.into(), is_cut))
}
