//! Route: the module names the environment, a reason to skip, and the people to look up.

use std::cell::RefCell;

use super::findings::Findings;
use super::read_job::Call;
use crate::cli::EventArgs;
use crate::module::route::Route;

/// The route of a message. Its warnings are the message's to give.
pub(crate) fn route(call: &Call, args: EventArgs, findings: &Findings) -> Route {
    let context = call.context(args, findings, &RefCell::default()).for_route();
    call.module.route(&context.encode(), &call.client, &call.variables, call.deadline)
}
