//! Route: the module names the environment, a reason to skip, and the people to look up.

use std::cell::RefCell;

use super::findings::Findings;
use super::read_job::Call;
use crate::cli::EventArgs;
use crate::module::route::Route;

/// Returns the route of a message. Its warnings are dropped: the message has them too.
pub(crate) fn route(call: &Call, args: EventArgs, findings: &Findings) -> Route {
    let context = call.context(args, findings, &RefCell::default()).for_route();
    call.module.route(&context.encode(), &call.client, &call.variables, call.deadline)
}
