//! Sends a thousand messages, fifty at a time, to a Slack that takes one a second for each channel. None arrives twice, and a job's
//! log reports each message that does not arrive.
#![allow(clippy::print_stdout, reason = "the figures of docs/scale.md")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::ended::Ended;
use crate::support::harness::Notifier;
use crate::support::loopback::{Limits, Reply, Server};

const MESSAGES: usize = 1000;
const AT_A_TIME: usize = 50;
const CHANNELS: usize = 20;

fn send(server: &Server, runner: usize, number: usize) -> Ended {
    // The path is as long as a real one, and no output may show it.
    let path = format!("/services/T0SECRET01/B0SECRET02/s3cr3ts3cr3tchannel{:05}", runner % CHANNELS);
    Notifier::new(&["send", "deploy-started"])
        .job("gitlab-18-deploy-on-main")
        .with("CI_COMMIT_TITLE", format!("message-{number:04}"))
        .with("SLACK_WEBHOOK_URL", server.url(&path))
        .with("NOTIFIER_TIMEOUT", "4")
        .run()
}

#[test]
#[ignore = "takes minutes: make measure"]
fn a_thousand_rate_limited_messages_arrive_once_or_are_reported() {
    let limits = Arc::new(Mutex::new(Limits::default()));
    let server = Server::start([Reply::Limited(Arc::clone(&limits))]);
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for runner in 0..AT_A_TIME {
            let (server, next, failed) = (&server, &next, &failed);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MESSAGES {
                        break;
                    }
                    let ended = send(server, runner, number);
                    assert_eq!(ended.status, 0, "{}", ended.stderr);
                    failed.fetch_add(usize::from(ended.last_line() != "notify: sent"), Ordering::Relaxed);
                }
            });
        }
    });
    let mut reported: BTreeMap<String, usize> = BTreeMap::new();
    for body in server.requests().iter().map(|it| it.body.clone()) {
        let number = body.split("message-").nth(1).map(|rest| rest[..4].to_owned()).unwrap();
        *reported.entry(number).or_default() += 1;
    }
    let twice = reported.values().filter(|count| **count > 1).count();
    let refused = limits.lock().unwrap().refused;
    println!(
        "{MESSAGES} messages, {AT_A_TIME} at a time, {CHANNELS} channels: {} delivered, {} not, {twice} twice; {refused} answers of 429",
        reported.len(),
        MESSAGES - reported.len(),
    );
    assert!(refused > 0, "the limit was never met");
    assert_eq!((reported.len() + failed.load(Ordering::Relaxed), twice), (MESSAGES, 0));
}
