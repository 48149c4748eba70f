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
    let body = call.message(&ask::context(&call, told, true))?.body();
    // The page has no other words than the message's.
    let language = call.settings.get("language").unwrap_or_default();
    let picture = |format| draw(format, "pipeline-notifier", language, &[(String::new(), body.json().clone())]);
    match format {
        Format::Slack => print(&format!("{}\n", body.json())),
        Format::Text => print(&picture("text")?),
        Format::Html => print(&picture("html")?),
    }
    Ok(())
}
