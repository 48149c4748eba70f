//! The end of a call's time, whatever hangs: name resolution, a handshake, a module's compilation.

use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::report::{Outcome, Report};

/// What everything that keeps the deadline itself is given beyond it to say so in its own words.
const GRACE: Duration = Duration::from_millis(250);

/// Ends the process shortly after the deadline, with one warning and the last line. Where no thread can be had, the
/// deadlines of the parts are all there is.
pub(crate) fn watch(deadline: Deadline, report: Arc<Report>, exit_status: i32) {
    let _ = thread::Builder::new().name("watchdog".into()).spawn(move || {
        thread::sleep(deadline.remaining() + GRACE);
        report.warning("the time of NOTIFIER_TIMEOUT is over; it may or may not have been delivered");
        report.outcome(&Outcome::failed("timeout"));
        process::exit(exit_status);
    });
}
