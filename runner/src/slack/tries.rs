//! At most two tries in all, and the second only where it is certain that the first was not delivered: a failed connection, 429
//! with a short `Retry-After`, 5xx. Never after a time-out: a late message is better than two.

use std::thread;
use std::time::Duration;

use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::Answer;

/// The longest `Retry-After` that is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The wait before a second try where the server names none; up to as much again is added by chance.
const WAIT: Duration = Duration::from_millis(500);

/// Makes a request, and once more where the first was surely not taken and there is time.
pub(super) fn patiently(deadline: Deadline, request: impl Fn() -> Result<Answer, Fault>) -> Result<Answer, Fault> {
    let result = request();
    match wait_before_next_try(&result) {
        Some(wait) if wait < deadline.remaining() => {
            thread::sleep(wait);
            request()
        }
        _ => result,
    }
}

/// How long to wait before trying again, where that is allowed at all.
pub(super) fn wait_before_next_try(result: &Result<Answer, Fault>) -> Option<Duration> {
    match result {
        Err(fault) => fault.is_before_sending().then(jittered),
        Ok(answer) if answer.status == 429 => {
            let seconds: u64 = answer.retry_after.as_deref()?.trim().parse().ok()?;
            Some(Duration::from_secs(seconds)).filter(|wait| *wait <= LONGEST_WAIT)
        }
        Ok(answer) => (answer.status >= 500).then(jittered),
    }
}

/// [`WAIT`] and a random part of it, so that jobs which failed together do not come back together.
fn jittered() -> Duration {
    let mut byte = [0; 1];
    // Without randomness all wait alike.
    let _ = getrandom::getrandom(&mut byte);
    WAIT + WAIT * u32::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_surely_not_delivered_is_tried_again() {
        assert!(wait_before_next_try(&Err(Fault::Connect("slack.com".into()))).is_some());
        assert!(wait_before_next_try(&Answer::of(503, None, "")).is_some());
        assert_eq!(wait_before_next_try(&Answer::of(429, Some("2"), "")), Some(Duration::from_secs(2)));
        for retry_after in [None, Some("3600"), Some("-1"), Some("NaN"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
            assert_eq!(wait_before_next_try(&Answer::of(429, retry_after, "")), None, "{retry_after:?}");
        }
        for result in [
            Err(Fault::Timeout("slack.com".into())),
            Err(Fault::Protocol("slack.com".into())),
            Err(Fault::TlsName("slack.com".into())),
            Answer::of(200, None, ""),
            Answer::of(404, None, "no_service"),
        ] {
            assert_eq!(wait_before_next_try(&result), None, "{result:?}");
        }
    }
}
