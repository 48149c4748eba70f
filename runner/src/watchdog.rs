//! The end of a call, whatever hangs: when its time is over, or when it is told to stop.

use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::deadline::Deadline;
use crate::report::{Outcome, Report};

/// What everything that keeps the deadline itself is given beyond it to say so in its own words.
const GRACE: Duration = Duration::from_millis(250);

/// Ends the process shortly after the deadline, and at once on SIGTERM or SIGINT, with one warning and the last line. What was
/// being delivered then is written down already (`spool.rs`). Where no thread can be had, the deadlines of the parts are
/// all there is.
pub(crate) fn watch(deadline: Deadline, report: &Arc<Report>, exit_status: i32) {
    let over = Arc::clone(report);
    let _ = thread::Builder::new().name("watchdog".into()).spawn(move || {
        thread::sleep(deadline.remaining() + GRACE);
        over.warning("the time of NOTIFIER_TIMEOUT is over; it may or may not have been delivered");
        over.outcome(&Outcome::failed("timeout"));
        process::exit(exit_status);
    });
    // A file that grows beyond the job's limit is an error like any other, and no reason to die.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    let Ok(mut signals) = Signals::new([SIGTERM, SIGINT]) else { return };
    let told = Arc::clone(report);
    let _ = thread::Builder::new().name("signals".into()).spawn(move || {
        if signals.forever().next().is_some() {
            told.warning("the job was told to stop; a message on its way is kept for later");
            told.outcome(&Outcome::failed("terminated"));
            process::exit(exit_status);
        }
    });
}
