//! Answers of Slack, or of another server, to a webhook.
#![allow(clippy::too_many_lines, reason = "a table")]

use super::{Arrives, Fault, Job, Nothing, SENT, Text, Whole};
use crate::support::harness::WEBHOOK_PATH;
use crate::support::loopback::Reply;

pub(super) fn faults() -> Vec<Fault> {
    let answer = |title: String, reply: Reply, ends, warns, arrives| {
        Fault::new(title, ends, warns, arrives, move |job: &mut Job| job.slack([reply.clone()]))
    };
    let mut faults = vec![
        answer("200 and an empty body".into(), Reply::status(200, ""), SENT, "", Whole),
        answer(
            "200 and a page".into(),
            Reply::status(200, "<html>sign in</html>"),
            "failed reason=bad_reply",
            "not `ok`",
            Nothing,
        ),
        answer("204".into(), Reply::status(204, ""), "failed reason=bad_reply", "not `ok`", Nothing),
        answer(
            "an answer that echoes the webhook".into(),
            Reply::status(404, WEBHOOK_PATH),
            "failed reason=http_404",
            "Slack answered 404",
            Nothing,
        ),
        answer("413".into(), Reply::status(413, ""), "failed reason=http_413", "Slack answered 413", Nothing),
        answer(
            "an error of terminal escapes".into(),
            Reply::status(404, "\u{1b}[31mno_service"),
            "failed reason=http_404",
            "Slack answered 404",
            Nothing,
        ),
        answer(
            "no answer".into(),
            Reply::Hang,
            "failed reason=timeout",
            "may not have been delivered: no answer from 127.0.0.1",
            Nothing,
        ),
        answer(
            "an answer a byte at a time".into(),
            Reply::SlowHeaders,
            "failed reason=timeout",
            "may not have been delivered: no answer from 127.0.0.1",
            Nothing,
        ),
        answer("an answer without an end".into(), Reply::Flood, "failed reason=bad_reply", "not `ok`", Nothing),
        answer("a connection that breaks off".into(), Reply::Drop, "failed reason=protocol", "broke off", Nothing),
        answer("an answer that is not HTTP".into(), Reply::Garbage, "failed reason=protocol", "was not HTTP", Nothing),
        answer(
            "half of a status line".into(),
            Reply::Raw(b"HTTP/1.1 20"),
            "failed reason=protocol",
            "broke off",
            Nothing,
        ),
        answer("HTTP/0.9".into(), Reply::Raw(b"ok"), "failed reason=protocol", "was not HTTP", Nothing),
        answer(
            "a chunk of no size".into(),
            Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            SENT,
            "",
            Whole,
        ),
        answer(
            "a body of a terabyte that does not come".into(),
            Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nok"),
            SENT,
            "",
            Whole,
        ),
        answer(
            "ten thousand interim answers".into(),
            Reply::Raw(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000).leak()),
            "failed reason=protocol",
            "not HTTP",
            Nothing,
        ),
        answer(
            "headers of a megabyte".into(),
            Reply::Raw([&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 1 << 20]].concat().leak()),
            "failed reason=protocol",
            "not HTTP",
            Nothing,
        ),
        answer(
            "429 for a second, twice".into(),
            Reply::Answer(429, "Retry-After: 0\r\n", String::new()),
            "failed reason=rate_limited",
            "limits the rate",
            Nothing,
        ),
    ];
    for header in [
        "Retry-After: 3600\r\n",
        "Retry-After: -1\r\n",
        "Retry-After: NaN\r\n",
        "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n",
        "",
    ] {
        let title =
            if header.is_empty() { "429 without a time".to_owned() } else { format!("429 with {}", header.trim()) };
        faults.push(answer(
            title,
            Reply::Answer(429, header, String::new()),
            "failed reason=rate_limited",
            "limits the rate",
            Nothing,
        ));
    }
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::Answer(status, "Location: http://169.254.169.254/latest\r\n", String::new());
        faults.push(answer(
            format!("{status}, to the metadata service"),
            reply,
            "failed reason=redirect",
            "is not followed",
            Nothing,
        ));
    }
    for (status, ends) in [
        (500, "failed reason=http_500"),
        (502, "failed reason=http_502"),
        (503, "failed reason=http_503"),
        (504, "failed reason=http_504"),
    ] {
        let fault =
            answer(format!("{status}, twice"), Reply::status(status, "<html>"), ends, "slack-status.com", Nothing);
        faults.push(fault.in_seconds("5"));
    }
    let errors: [(u16, &str, &str, Arrives); 16] = [
        (400, "invalid_payload", "failed reason=invalid_payload", Nothing),
        (400, "invalid_blocks", "failed reason=invalid_blocks", Nothing),
        (400, "invalid_attachments", "failed reason=invalid_attachments", Nothing),
        (400, "too_many_attachments", "failed reason=too_many_attachments", Nothing),
        (400, "no_text", "failed reason=no_text", Nothing),
        (400, "user_not_found", "failed reason=user_not_found", Nothing),
        (403, "action_prohibited", "failed reason=action_prohibited", Nothing),
        (403, "posting_to_general_channel_denied", "failed reason=posting_to_general_channel_denied", Nothing),
        (403, "invalid_token", "failed reason=invalid_token", Nothing),
        (404, "channel_not_found", "failed reason=channel_not_found", Nothing),
        (404, "no_active_hooks", "failed reason=no_active_hooks", Nothing),
        (404, "no_service", "failed reason=no_service", Nothing),
        (404, "no_service_id", "failed reason=no_service_id", Nothing),
        (404, "no_team", "failed reason=no_team", Nothing),
        (404, "team_disabled", "failed reason=team_disabled", Nothing),
        (410, "channel_is_archived", "failed reason=channel_is_archived", Nothing),
    ];
    for (status, error, ends, arrives) in errors {
        faults.push(answer(format!("{status} {error}"), Reply::status(status, error), ends, error, arrives));
    }
    faults.push(Fault::new("400 invalid_blocks, and ok for the text", SENT, "only its text was sent", Text, |job| {
        job.slack([Reply::status(400, "invalid_blocks"), Reply::ok()]);
    }));
    faults.push(Fault::new("503, and ok for the second try", SENT, "", Whole, |job| {
        job.slack([Reply::status(503, ""), Reply::ok()]);
        job.set("NOTIFIER_TIMEOUT", "3");
    }));
    faults
}
