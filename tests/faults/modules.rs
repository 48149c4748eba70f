//! Faulty modules of a team.
#![allow(clippy::too_many_lines, reason = "a table")]

use std::sync::{Arc, Mutex};

use pipeline_notifier::module::pin::{built_in_wasm, sha256};

use super::{Fault, Job, SENT, Whole};
use crate::sandbox::guest;
use crate::support::loopback::{Packages, Reply, Server};

/// Returns faults after which the built-in module renders instead.
pub(super) fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = [
        ("loops-forever", "(deadline)"),
        ("recurses-forever", "(trap)"),
        ("grows-memory", "(memory)"),
        ("starts-with-much-memory", "(memory)"),
        ("grows-a-table", "(memory)"),
        ("reaches-unreachable", "(trap)"),
        ("divides-by-zero", "(trap)"),
        ("reads-out-of-bounds", "(trap)"),
        ("exits-with-seven", "(exit)"),
        ("exits-with-four-billion", "(trap)"),
        ("floods-stdout", "(output)"),
        ("floods-stderr", "(exit)"),
        ("sleeps", "(import)"),
        ("yields", "(import)"),
        ("opens-a-file", "(import)"),
        ("reads-the-clock", "(import)"),
        ("wants-preview-0", "(import)"),
        ("has-no-start", "(bad_module)"),
        ("uses-simd", "(bad_module)"),
        ("is-a-component", "(bad_module)"),
        ("says-nothing", "(bad_output)"),
        ("says-what-it-reads", "(bad_output)"),
        ("says-it-in-another-version", "(bad_output)"),
        ("says-invalid-utf-8", "(bad_output)"),
        ("says-too-deep", "(bad_output)"),
        ("names-a-channel", "(bad_output)"),
    ]
    .into_iter()
    .map(|(name, word)| {
        let title = format!("a module that {}", name.replace('-', " "));
        Fault::new(title, SENT, word, Whole, move |job: &mut Job| {
            job.module(&guest(name));
            job.set("NOTIFIER_TIMEOUT", "5");
        })
    })
    .collect();
    faults.extend([
        Fault::new("a module that is cut short", SENT, "(bad_module)", Whole, |job| {
            job.module(&built_in_wasm()[..1000]);
        }),
        Fault::new("a module that takes long to compile", SENT, "(deadline)", Whole, |job| {
            // The loops share their variables: on any machine, compile time grows faster than the number of loops.
            let step = |number: usize| {
                let [one, other, result] = [number * 7, number * 13 + 1, number * 5 + 2].map(|it| it % 200);
                format!("loop local.get {one} local.get {other} i32.add local.tee {result} br_if 0 end ")
            };
            let (variables, body) = ("i32 ".repeat(200), (0..100_000).map(step).collect::<String>());
            let text = format!(
                "(module (memory (export \"memory\") 1) (func (export \"_start\") (local {variables}) {body}))"
            );
            job.module(&wat::parse_str(text).unwrap());
        }),
        Fault::new("a module of 5 MB", SENT, "(checksum)", Whole, |job| job.module(&vec![0; 5 << 20])),
        Fault::new("a module that is empty", SENT, "(bad_module)", Whole, |job| job.module(&[])),
        Fault::new("a module that is not there", SENT, "(bad_module)", Whole, |job| {
            job.pin("/nonexistent.wasm", &"0".repeat(64));
        }),
        Fault::new("a module that is a device", SENT, "(bad_module)", Whole, |job| {
            job.pin("/dev/zero", &"0".repeat(64));
        }),
        Fault::new("a module with a flipped bit", SENT, "(checksum)", Whole, |job| {
            let mut flipped = built_in_wasm().to_vec();
            flipped[100_000] ^= 1;
            job.module(&flipped);
            job.arguments.truncate(4);
            let digest = sha256(&guest("says-hello"));
            job.arguments.extend(["--module-sha256".to_owned(), digest]);
        }),
        Fault::new("a registry without the module", SENT, "(bad_module)", Whole, |job| {
            let server = Server::start([Reply::Packages(Arc::new(Mutex::new(Packages::default())))]);
            job.pin(&server.url("/notifier.wasm"), &"0".repeat(64));
            job.others.push(server);
        }),
        Fault::new("a registry that hangs", SENT, "(bad_module)", Whole, |job| {
            let server = Server::start([Reply::Hang]);
            job.pin(&server.url("/notifier.wasm"), &"0".repeat(64));
            job.others.push(server);
        }),
    ]);
    faults
}
