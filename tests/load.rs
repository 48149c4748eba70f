//! A thousand messages, fifty at a time, to a Slack that takes one a second for each channel: none lost, none twice.
#![allow(clippy::print_stdout, reason = "the figures of docs/scale.md")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use crate::harness::{Ended, Notifier, scratch};
use crate::loopback::{Limits, Reply, Server};

const MESSAGES: usize = 1000;
const AT_A_TIME: usize = 50;
const CHANNELS: usize = 20;

fn send(server: &Server, runner: usize, directory: &Path, number: usize, events: &str) -> Ended {
    // A path as long as a real one, that no output may show.
    let path = format!("/services/T0SECRET01/B0SECRET02/s3cr3ts3cr3tchannel{:05}", runner % CHANNELS);
    Notifier::new(&["send", "deploy-started"])
        .job("gitlab-18-deploy-on-main")
        .without("CI_API_V4_URL")
        .with("CI_PROJECT_DIR", directory.to_str().unwrap())
        .with("CI_COMMIT_TITLE", format!("message-{number:04}"))
        .with("SLACK_WEBHOOK_URL", server.url(&path))
        .with("NOTIFIER_TIMEOUT", "4")
        .with("NOTIFIER_EVENTS", events)
        .run()
}

fn waiting(directory: &Path) -> usize {
    fs::read_dir(directory.join(".pipeline-notifier/undelivered")).map_or(0, Iterator::count)
}

#[test]
fn a_thousand_messages_arrive_once_each_through_a_rate_limit() {
    let limits = Arc::new(Mutex::new(Limits::default()));
    let server = Server::start([Reply::Limited(Arc::clone(&limits))]);
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Each runner works in a directory of its own, and one after the other of its jobs goes to one channel.
    let directories: Vec<_> = (0..AT_A_TIME).map(|_| scratch()).collect();
    thread::scope(|scope| {
        for (runner, directory) in directories.iter().enumerate() {
            let (server, next, failed) = (&server, &next, &failed);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MESSAGES {
                        break;
                    }
                    let ended = send(server, runner, directory, number, "");
                    assert_eq!(ended.status, 0, "{}", ended.stderr);
                    failed.fetch_add(usize::from(ended.last_line() != "notify: sent"), Ordering::Relaxed);
                }
                // What still waits is told by calls that have nothing to say of their own.
                for _ in 0..60 {
                    if waiting(directory) == 0 {
                        break;
                    }
                    send(server, runner, directory, MESSAGES, "pipeline-finished");
                }
            });
        }
    });
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let mut late = 0;
    for body in server.requests().iter().map(|it| it.body.clone()) {
        let number = body.split("message-").nth(1).map(|rest| rest[..4].to_owned()).unwrap();
        late += usize::from(body.contains("(late"));
        *told.entry(number).or_default() += 1;
    }
    let twice = told.values().filter(|count| **count > 1).count();
    let refused = limits.lock().unwrap().refused;
    println!(
        "{MESSAGES} messages, {AT_A_TIME} at a time, {CHANNELS} channels: {} delivered, {late} of them late, {} lost, {twice} twice; {refused} answers of 429, {} calls that ended without",
        told.len(),
        MESSAGES - told.len(),
        failed.load(Ordering::Relaxed)
    );
    assert!(refused > 0, "the limit was never met");
    assert_eq!((told.len(), twice), (MESSAGES, 0));
    assert!(directories.iter().all(|directory| waiting(directory) == 0));
}
