//! `module show` and `module check`: what a module is and what it does, before it is trusted.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::job::settings::Settings;
use crate::module::message::Message;
use crate::module::pin::{BUILT_IN, sha256};
use crate::module::render::{ModuleError, read};
use crate::net::deadline::Deadline;
use crate::net::http::Client;
use crate::report::{one_line, print};
use crate::sandbox::{Guest, LIMITS, inspect};
use crate::slack::api::Api;
use crate::variables::Variables;

/// How long Slack may take over one message.
const PATIENCE: Duration = Duration::from_secs(10);

/// The contexts of every fixture, by name, gathered by the build script.
const CONTEXTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/contexts.rs"));

/// Prints what a module says of itself. Without a file it is the built-in one.
pub(super) fn show(file: Option<&Path>) -> Result<(), Error> {
    let path = file.unwrap_or(Path::new("(built-in)"));
    let (facts, digest, size) = match file {
        None => (Guest::built_in()?.facts(env!("CARGO_PKG_VERSION")), BUILT_IN.0.to_owned(), BUILT_IN.1),
        Some(file) => {
            let wasm = bytes(file)?;
            let facts = inspect(&wasm).map_err(|error| not_a_module(path, error.into()))?;
            (facts, sha256(&wasm), wasm.len())
        }
    };

    let mut shown = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(shown, "{name:<8} {value}");
    };
    line("module", &path.display().to_string());
    line("version", facts.version.as_deref().unwrap_or("(none given)"));
    line("sha256", &digest);
    line("size", &format!("{size} bytes"));
    line("command", if facts.has_start { "yes" } else { "no: it exports no `_start`" });
    for import in &facts.imports {
        line("import", &format!("{}{}", import.name, if import.allowed { "" } else { "  refused" }));
    }
    line(
        "limits",
        &format!(
            "{} MiB of memory, {} million units of fuel, {} s, input {} KiB, output {} KiB",
            LIMITS.memory >> 20,
            LIMITS.fuel / 1_000_000,
            LIMITS.time.as_secs(),
            LIMITS.stdin >> 10,
            LIMITS.stdout >> 10
        ),
    );
    print(&shown);
    Ok(())
}

/// Runs a module on every kind of context and prints how each run ended: the message's text, or what is wrong with it. With
/// `settings` Slack is asked about each message's blocks.
pub(super) fn check(file: &Path, settings: Option<&Settings>, variables: &Variables) -> Result<(), Error> {
    let guest = Guest::from_wasm(&bytes(file)?).map_err(|error| not_a_module(file, error.into()))?;
    let api = match settings.map(|settings| Api::find(variables, settings)) {
        None => None,
        Some(Some(Ok(api))) => Some(api),
        Some(Some(Err(unusable))) => return Err(Error::Slack(unusable.to_string())),
        Some(None) => return Err(Error::Slack("SLACK_BOT_TOKEN is not set".to_owned())),
    };
    let client = Client::new(variables);
    let mut failed = 0;
    for (name, context) in CONTEXTS {
        let message = guest.run(context).map_err(ModuleError::from).and_then(|output| Ok(Message::decode(&output)?));
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
                format!("FAIL  {name}: {}", one_line(&format!("{error} ({}){}", error.word(), error.said())))
            }
        };
        print(&format!("{ended}\n"));
    }
    print(&format!("{} contexts: {} passed, {failed} failed\n", CONTEXTS.len(), CONTEXTS.len() - failed));
    if failed > 0 { Err(Error::Check { path: file.to_owned(), failed }) } else { Ok(()) }
}

/// Enough to know a message by.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    read(file).map_err(|error| not_a_module(file, error))
}

fn not_a_module(path: &Path, source: ModuleError) -> Error {
    Error::Module { path: path.to_owned(), source: Box::new(source) }
}
