//! The end of a call, whatever hangs: when its time is over, or when it receives a signal to stop.

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

/// What everything that keeps the deadline itself is given beyond it to say so in its own words.
const GRACE: Duration = Duration::from_millis(250);

/// What the last lines may take.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Ends the process shortly after the deadline, and at once on SIGTERM or SIGINT, with one warning and the last line. Where no
/// thread can be had, the deadlines of the parts are all there is.
pub(crate) fn watch(deadline: Deadline, report: &Arc<Report>, strict: bool) {
    // A file that grows beyond the job's limit is an error like any other, and no reason to die.
    let _ = flag::register(SIGXFSZ, Arc::default());
    let stream = signals();
    let report = Arc::clone(report);
    let _ = thread::Builder::new().name("watchdog".into()).spawn(move || {
        let is_signal = wait(stream, deadline.remaining() + GRACE);
        let (warning, outcome) = if is_signal {
            ("the job was told to stop; a message on its way may or may not have been delivered", "terminated")
        } else {
            ("the time of NOTIFIER_TIMEOUT is over; the message may or may not have been delivered, and a larger one gives it more time", "timeout")
        };
        let outcome = Outcome::failed(outcome);
        let status = outcome.exit_status(strict).into();
        // Where stderr is a pipe that nobody reads, a line never ends.
        let _ = thread::Builder::new().name("last word".into()).spawn(move || {
            thread::sleep(LAST_WORDS);
            process::exit(status);
        });
        report.warning(warning);
        report.end(&outcome, strict);
        process::exit(status);
    });
}

/// A stream that gets a byte with each signal to stop.
fn signals() -> Option<UnixStream> {
    let (signals, sender) = UnixStream::pair().ok()?;
    pipe::register(SIGINT, sender.try_clone().ok()?).ok()?;
    pipe::register(SIGTERM, sender).ok()?;
    Some(signals)
}

/// Waits for a signal, or until the time is over.
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
