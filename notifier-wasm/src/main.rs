//! The WASI command: one request on stdin, one answer on stdout, exit 0.
//! A refused request: one line on stderr, exit 1, empty stdout.

use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut request = Vec::new();
    let answer = match std::io::stdin().read_to_end(&mut request) {
        Ok(_) => notifier_wasm::answer(&request).map_err(|error| error.to_string()),
        Err(error) => Err(format!("reading the context from stdin: {error}")),
    };
    match answer {
        Ok(bytes) if std::io::stdout().write_all(&bytes).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(line) => {
            let _ = writeln!(std::io::stderr(), "{line}");
            ExitCode::FAILURE
        }
    }
}
