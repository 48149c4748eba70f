//! `render`: the request body, or what people would see of it.

use super::ask;
use super::call::Call;
use crate::cli::{Format, Job, Told};
use crate::error::Error;
use crate::module::render::picture as draw;
use crate::report::print;
use crate::variables::Variables;

pub(super) fn run(told: Told, format: Format, job: Job, variables: Variables) -> Result<(), Error> {
    let call = Call::begin(job, variables);
    let mut shown = Vec::new();
    for (context, _) in ask::learn(&call, told, true) {
        shown.push((String::new(), call.message(&context)?.body().json().clone()));
    }
    // The page has no other words than the message's.
    let language = call.settings.get("language").unwrap_or_default();
    let picture = |format| draw(format, "pipeline-notifier", language, &shown);
    match format {
        Format::Slack => shown.iter().for_each(|(_, body)| print(&format!("{body}\n"))),
        Format::Text => print(&picture("text")?),
        Format::Html => print(&picture("html")?),
    }
    Ok(())
}
