//! Ends a call even if something hangs: when its time is over, or when it receives a signal to stop.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::{flag, low_level::pipe};

use crate::net::deadline::Deadline;
use crate::report::{Outcome, Report, Sink};

/// The time after the deadline in which the other parts may still report their own timeouts.
const GRACE: Duration = Duration::from_millis(250);

/// The time limit of the last lines.
const LAST_LINES: Duration = Duration::from_millis(200);

/// Ends the process shortly after the deadline, and at once on SIGTERM or SIGINT, with one warning and the last line. If no thread can
/// start, only the deadlines of the parts remain.
pub(crate) fn watch(deadline: Deadline, report: &Arc<Report>, strict: bool) {
    // A file that grows beyond the job's limit is an ordinary error and must not end the process.
    let _ = flag::register(SIGXFSZ, Arc::default());
    let stream = signals();
    let report = Arc::clone(report);
    let _ = thread::Builder::new().name("watchdog".into()).spawn(move || {
        let is_signal = wait(stream, deadline.remaining() + GRACE);
        let (warning, outcome) = if is_signal {
            ("the job received a signal to stop; a message may or may not have been delivered", "terminated")
        } else {
            ("the time limit NOTIFIER_TIMEOUT is over; the message may or may not have been delivered. Raise the limit if this happens often", "timeout")
        };
        let outcome = Outcome::failed(outcome);
        let status = outcome.exit_status(strict).into();
        // Writing a line never ends if stderr is a pipe that nobody reads.
        let _ = thread::Builder::new().name("last word".into()).spawn(move || {
            thread::sleep(LAST_LINES);
            process::exit(status);
        });
        report.warning(warning);
        report.end(&outcome, strict);
        process::exit(status);
    });
}

/// Returns a stream that gets a byte with each signal to stop.
fn signals() -> Option<UnixStream> {
    let (signals, sender) = UnixStream::pair().ok()?;
    pipe::register(SIGINT, sender.try_clone().ok()?).ok()?;
    pipe::register(SIGTERM, sender).ok()?;
    Some(signals)
}

/// Waits for a signal, or until the time is over. Returns whether there was a signal.
fn wait(signals: Option<UnixStream>, time: Duration) -> bool {
    if let Some(mut signals) = signals.filter(|signals| signals.set_read_timeout(Some(time)).is_ok()) {
        loop {
            match signals.read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.is_ok_and(|count| count > 0),
            }
        }
    }
    thread::sleep(time);
    false
}
