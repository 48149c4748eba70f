//! A GitLab that does not list the failed jobs.
#![allow(clippy::too_many_lines, reason = "a table")]

use super::{Fault, SENT, Whole};
use crate::support::loopback::Reply;

/// Returns faults in which the message links to GitLab's list of failed jobs instead.
pub(super) fn faults() -> Vec<Fault> {
    let replies = [
        ("401", Reply::status(401, "{}")),
        ("403", Reply::status(403, "{}")),
        ("404", Reply::status(404, "{}")),
        ("429", Reply::status(429, "")),
        ("500", Reply::status(500, "")),
        ("a page", Reply::status(200, "<html>")),
        ("an empty list", Reply::status(200, "[]")),
        ("jobs without names", Reply::status(200, r#"[{"id":1}]"#)),
        ("a redirect to the sign-in page", Reply::Answer(302, "Location: /users/sign_in\r\n", String::new())),
        ("nothing", Reply::Hang),
        ("nothing, and breaks off", Reply::Drop),
        ("without an end", Reply::Flood),
    ];
    let answered = replies.map(|(what, reply)| {
        Fault::new(
            format!("GitLab answers {what}"),
            SENT,
            "GitLab's list of failed jobs is unknown",
            Whole,
            move |job| {
                job.gitlab(reply.clone());
            },
        )
    });
    let mut faults = Vec::from(answered);
    faults.push(Fault::new("GitLab's address was overridden", SENT, "does not point at the GitLab", Whole, |job| {
        job.gitlab(Reply::status(200, "[]"));
        job.set("CI_API_V4_URL", "https://evil.example/api/v4");
    }));
    faults.push(Fault::new("a hundred failed jobs of hostile names", SENT, "", Whole, |job| {
        let hostile = |id: u32| {
            format!(
                r#"{{"id":{id},"name":"<!channel> {}","stage":"build","status":"failed","web_url":"javascript:alert(1)"}}"#,
                "x".repeat(255)
            )
        };
        let jobs: Vec<String> = (1..=99).map(hostile).chain([r#"{"id":711002,"name":"notify-finish"}"#.into()]).collect();
        job.gitlab(Reply::status(200, &format!("[{}]", jobs.join(","))));
    }));
    faults
}
