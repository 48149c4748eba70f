//! Render: the module turns the context into a message.

use super::read_job::Call;
use crate::job::context::Context;
use crate::module::message::Message;
use crate::module::render::ModuleError;
use crate::report::Sink;

/// Renders a context with the call's module. Warnings go into the log.
pub(crate) fn render(call: &Call, context: &Context) -> Result<Message, ModuleError> {
    let (message, warning) = quietly(call, context);
    if let Some(warning) = warning {
        call.report.warning(&warning);
    }
    if let Ok(message) = &message {
        for warning in &message.warnings {
            call.report.warning(&warning.text);
        }
    }
    message
}

/// Renders without a line in the log. The second value is the problem of the pinned module.
pub(crate) fn quietly(call: &Call, context: &Context) -> (Result<Message, ModuleError>, Option<String>) {
    call.module.render(&context.encode(), &call.client, &call.variables, call.deadline)
}
