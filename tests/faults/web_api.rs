//! Answers of the Web API to a bot.
#![allow(clippy::too_many_lines, reason = "a table")]

use super::{Fault, Job, Nothing, SENT, Whole};
use crate::support::loopback::{Reply, Server};
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace};

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    for (word, ends) in [
        ("invalid_auth", "failed reason=invalid_auth"),
        ("token_revoked", "failed reason=token_revoked"),
        ("account_inactive", "failed reason=account_inactive"),
        ("not_in_channel", "failed reason=not_in_channel"),
        ("channel_not_found", "failed reason=channel_not_found"),
        ("is_archived", "failed reason=is_archived"),
        ("restricted_action_read_only_channel", "failed reason=restricted_action_read_only_channel"),
        ("fatal_error", "failed reason=fatal_error"),
    ] {
        faults.push(Fault::new(format!("chat.postMessage: {word}"), ends, word, Nothing, move |job| {
            let mut workspace = Workspace::new();
            workspace.refused.insert("chat.postMessage", word);
            job.bot(workspace);
        }));
    }
    let api = |title: &str, reply: Reply, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| {
            job.bot(Workspace::new());
            let server = Server::start([reply.clone()]);
            job.set("SLACK_API_URL", server.url("/api"));
            // The notifier does not read the history of a channel that is set by name.
            job.set("NOTIFIER_CHANNEL", "#deploys");
            job.slack = Some(server);
        })
    };
    faults.extend([
        Fault::new(
            "a bot without chat:write",
            "failed reason=missing_scope",
            "lacks the scope chat:write",
            Nothing,
            |job| {
                job.bot(Workspace::new().without("chat:write"));
                job.set("NOTIFIER_CHANNEL", "#deploys");
            },
        ),
        Fault::new("a bot without the channel's history", SENT, "lacks the scope channels:history", Whole, |job| {
            job.bot(Workspace::new().without("channels:history"));
        }),
        api(
            "a Web API that answers a page",
            Reply::status(200, "<html>"),
            "failed reason=bad_reply",
            "not `ok`",
            Nothing,
        ),
        api(
            "a Web API that answers a list",
            Reply::status(200, "[true]"),
            "failed reason=bad_reply",
            "not `ok`",
            Nothing,
        ),
        api("a Web API that hangs", Reply::Hang, "failed reason=timeout", "no answer from 127.0.0.1", Nothing),
        api(
            "a Web API that redirects",
            Reply::Answer(302, "Location: http://169.254.169.254/\r\n", String::new()),
            "failed reason=redirect",
            "is not followed",
            Nothing,
        ),
        Fault::new("a Web API at a foreign host", SENT, "the token goes nowhere else", Whole, |job| {
            job.set("SLACK_BOT_TOKEN", TOKEN);
            job.set("SLACK_API_URL", "https://evil.example/api");
            job.set("NOTIFIER_CHANNEL", DEPLOYS);
        }),
    ]);
    faults
}
