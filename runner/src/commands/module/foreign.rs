//! Shows and checks a module from a file.

use std::path::Path;
use std::time::Duration;

use super::facts;
use crate::error::Error;
use crate::explain::Explain;
use crate::job::settings::Settings;
use crate::module::foreign::read;
use crate::module::pin::sha256;
use crate::module::render::render_foreign;
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::report::{one_line, print};
use crate::sandbox::{Guest, inspect};
use crate::slack::api::Api;
use crate::variables::Variables;

/// The time limit of Slack's check of one message.
const PATIENCE: Duration = Duration::from_secs(10);

/// The contexts of every fixture, by name, gathered by the build script.
const CONTEXTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/contexts.rs"));

/// Prints the facts of a module in a file.
pub(super) fn show(file: &Path) -> Result<(), Error> {
    let wasm = bytes(file)?;
    let found = inspect(&wasm).map_err(|error| not_a_module(file, error))?;
    facts::show(&file.display().to_string(), &found, (&sha256(&wasm), wasm.len()));
    Ok(())
}

/// Runs a module on every kind of context and prints each result: the message's text or its error. With `settings` it also asks Slack
/// about each message's blocks.
pub(super) fn check(file: &Path, settings: Option<&Settings>, variables: &Variables) -> Result<(), Error> {
    let guest = Guest::from_wasm(&bytes(file)?).map_err(|error| not_a_module(file, error))?;
    let api = match settings.map(|settings| Api::find(variables, settings)) {
        None => None,
        Some(Some(Ok(api))) => Some(api),
        Some(Some(Err(unusable))) => return Err(Error::Slack(unusable.describe())),
        Some(None) => return Err(Error::Slack("SLACK_BOT_TOKEN is not set".to_owned())),
    };
    let client = Client::new(variables);
    let mut failed = 0;
    for (name, context) in CONTEXTS {
        let message = render_foreign(&guest, context);
        let refused = message
            .as_ref()
            .ok()
            .zip(api.as_ref())
            .and_then(|(message, api)| api.refuses_blocks(&client, &message.body(), Deadline::after(PATIENCE)));
        let ended = match (message, refused) {
            (Ok(_), Some(word)) => {
                failed += 1;
                format!("FAIL  {name}: Slack refuses its blocks ({word})")
            }
            (Ok(message), None) => match &message.skip {
                Some(reason) => format!("ok    {name}: skipped, {reason}"),
                None => format!("ok    {name}: {}", one_line(&cut(message.body().text()))),
            },
            (Err(error), _) => {
                failed += 1;
                format!("FAIL  {name}: {}", one_line(&format!("{error} ({})", error.reason())))
            }
        };
        print(&format!("{ended}\n"));
    }
    print(&format!("{} contexts: {} passed, {failed} failed\n", CONTEXTS.len(), CONTEXTS.len() - failed));
    if failed > 0 { Err(Error::Check { path: file.to_owned(), failed }) } else { Ok(()) }
}

/// Cuts a text, to a length that still identifies the message.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    read(file).map_err(|error| not_a_module(file, error))
}

fn not_a_module(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Module { path: path.to_owned(), source: Box::new(source) }
}
