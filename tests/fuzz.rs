//! A short run of every fuzzer: the stored corpus, and mutations of it by a fixed sequence of numbers. `make fuzz` is the long run.

use std::fs;

use crate::support::harness::fixtures;
use crate::support::harness::root;

#[path = "../fuzz/targets.rs"]
mod targets;

/// The number of mutations of each seed.
const MUTATIONS: usize = 60;

/// Pseudo-random numbers, the same in each run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % limit.max(1)
    }
}

/// Bytes that often break parsers.
const PARTS: [&[u8]; 16] = [
    b"<!channel>",
    b"<https://evil.example|x>",
    b"@here",
    b"`",
    b"%{branch}",
    b"%{",
    b"\x1f",
    b"\\u0000",
    b"\xff",
    b"\xe2\x80\xae",
    b"&amp;",
    b"\n",
    b"\"",
    b"{",
    b"]",
    b"1e999",
];

fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes.truncate(at),
            2 => {
                let end = at + numbers.below(bytes.len() - at + 1);
                bytes.drain(at..end);
            }
            _ => drop(bytes.splice(at..at, PARTS[numbers.below(PARTS.len())].iter().copied())),
        }
    }
    bytes
}

/// Returns the stored inputs of a fuzzer.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(name);
    let seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty(), "{}", folder.display());
    seeds
}

fn run(name: &str, target: fn(&[u8]), mut seeds: Vec<Vec<u8>>) {
    seeds.extend(corpus(name));
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for seed in seeds {
        target(&seed);
        for _ in 0..MUTATIONS {
            target(&mutated(&seed, &mut numbers));
        }
    }
}

/// Returns this file of each fixture.
fn of_fixtures(file: &str) -> Vec<Vec<u8>> {
    let folders = fs::read_dir(fixtures().join("messages")).unwrap().map(|entry| entry.unwrap().path());
    folders.map(|folder| fs::read(folder.join(file)).unwrap()).filter(|bytes| bytes.len() < 20_000).collect()
}

#[test]
fn any_bytes_as_a_context() {
    run("context", targets::context, of_fixtures("context.json"));
}

#[test]
fn any_text_in_every_field() {
    run("text", targets::text, vec![]);
}

#[test]
fn any_text_as_settings() {
    run("settings", targets::settings, vec![]);
}

#[test]
fn any_bytes_as_a_message() {
    run("message", targets::message, of_fixtures("message.json"));
}

#[test]
fn any_bytes_as_an_answer() {
    run("answers", targets::answers, vec![]);
}

#[test]
fn any_text_in_the_log() {
    run("output", targets::output, vec![]);
}

#[test]
fn any_bytes_as_a_log() {
    run("log", targets::log, vec![]);
}

#[test]
fn every_fuzzer_has_its_corpus_and_its_run() {
    let listed = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(listed.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(include_str!("fuzz.rs").contains(&format!("run(\"{name}\", targets::{name}")), "{name}");
    }
}
