//! `render`: prints the request body, or its look in Slack.

use std::path::Path;

use crate::cli::{EventArgs, Format, JobArgs};
use crate::error::Error;
use crate::files::read_at_most;
use crate::job::context::Context;
use crate::module::render::picture as draw;
use crate::report::{Sink, print};
use crate::steps::look_up;
use crate::steps::read_job::Call;
use crate::steps::render::render;
use crate::variables::Variables;

/// The limit for reading a file, in bytes.
const MAX_FILE: u64 = 16 << 20;

pub(super) fn run(
    args: EventArgs,
    file: Option<&Path>,
    format: Format,
    job: JobArgs,
    variables: Variables,
) -> Result<(), Error> {
    let call = Call::begin(job, variables);
    let contexts = match file {
        Some(file) => vec![read(file, args)?],
        None => look_up(&call, args, false).iter().map(|it| call.context(args, it, &*call.report)).collect(),
    };
    let mut shown = Vec::new();
    for context in &contexts {
        let message = render(&call, context).map_err(|error| match file {
            Some(file) => Error::Context { path: file.to_owned(), source: error.to_string().into() },
            None => error.into(),
        })?;
        if let Some(reason) = message.skip.as_ref().filter(|_| file.is_none()) {
            call.report.warning(&format!("`send` would post nothing: reason={reason}"));
        }
        shown.push((String::new(), message.body().json().clone()));
    }
    // The HTML page has only the message's text, so it has the message's language.
    let language = contexts.first().and_then(|it| it.json()["settings"]["language"].as_str()).unwrap_or_default();
    let picture = |format| draw(format, "pipeline-notifier", language, &shown);
    match format {
        Format::Slack => shown.iter().for_each(|(_, body)| print(&format!("{body}\n"))),
        Format::Text => print(&picture("text")?),
        Format::Html => print(&picture("html")?),
    }
    Ok(())
}

fn read(file: &Path, EventArgs { event, result }: EventArgs) -> Result<Context, Error> {
    // The limit is higher than the module's, so that the sandbox reports an input that is too large.
    let json = read_at_most(file, MAX_FILE).map_err(Into::into);
    let context = json.and_then(|json| Context::of_file(&json, event, result));
    context.map_err(|source| Error::Context { path: file.to_owned(), source })
}
