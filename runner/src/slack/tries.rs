//! At most two tries. The second needs certainty that the first was not delivered: a failed connection, a 429 with a short
//! `Retry-After`, or a 5xx. A timeout allows none: a late message is better than two.

use std::thread;
use std::time::Duration;

use crate::net::deadline::Deadline;
use crate::net::fault::Fault;
use crate::net::http::Answer;

/// The wait before a second try, if the server names none. Up to as much again is added at random.
const WAIT: Duration = Duration::from_millis(500);

/// Makes a request, and repeats it once if the first was surely not delivered and there is time.
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

/// Returns the wait before another try; `None` if there must be none.
pub(super) fn wait_before_next_try(result: &Result<Answer, Fault>) -> Option<Duration> {
    match result {
        Err(fault) => fault.is_before_sending().then(jittered),
        Ok(answer) if answer.status == 429 => {
            let seconds: f64 = answer.retry_after.as_deref()?.trim().parse().ok()?;
            Duration::try_from_secs_f64(seconds.ceil()).ok()
        }
        Ok(answer) => (answer.status >= 500).then(jittered),
    }
}

/// Returns [`WAIT`] plus a random part of it, so that jobs which failed together do not retry together.
fn jittered() -> Duration {
    let mut byte = [0; 1];
    // Without randomness all jobs wait alike.
    let _ = getrandom::getrandom(&mut byte);
    WAIT + WAIT * u32::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_surely_undelivered_request_is_retried() {
        assert!(wait_before_next_try(&Err(Fault::Connect("slack.com".into()))).is_some());
        assert!(wait_before_next_try(&Answer::of(503, None, "")).is_some());
        assert_eq!(wait_before_next_try(&Answer::of(429, Some("2"), "")), Some(Duration::from_secs(2)));
        for retry_after in [None, Some("-1"), Some("NaN"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
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
