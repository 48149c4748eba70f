//! Messages that Slack refuses in part: the next try leaves that part out, so no failure is lost.

use serde_json::Value;

use crate::support::ended::Ended;
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits::{elements, mentions};
use crate::support::workspace::{DEPLOYS, Message, OPS, TOKEN, Workspace, slack};

/// A failed deployment that mentions a group.
fn failure(server: &Server) -> Notifier {
    Notifier::new(&["send", "deploy-finished"])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("SLACK_BOT_TOKEN", TOKEN)
        .with("SLACK_API_URL", server.url("/api"))
        .with("NOTIFIER_CHANNEL", DEPLOYS)
        .with("NOTIFIER_MENTION", "subteam:S0OPERATORS")
        .with("CI_JOB_STATUS", "failed")
}

fn warnings(ended: &Ended) -> Vec<&str> {
    ended.stderr.lines().filter(|line| line.starts_with("warning: ")).collect()
}

/// Posts the pipeline's start, and then a failure of which Slack refuses these parts. Returns the call's end and the channel.
fn refused(parts: &[(&'static str, &'static str)]) -> (Ended, Vec<Message>) {
    let (server, workspace) = slack(Workspace::new());
    let directory = scratch();
    let start = Notifier::new(&["send", "pipeline-started"]).job("gitlab-18-deploy-on-main");
    let start = start.with("SLACK_BOT_TOKEN", TOKEN).with("SLACK_API_URL", server.url("/api"));
    let started = start.without("NOTIFIER_GITLAB_TOKEN").with("NOTIFIER_CHANNEL", DEPLOYS).run();
    assert_eq!(started.last_line(), "notify: sent", "{}", started.stderr);
    workspace.lock().unwrap().refused_parts = parts.to_vec();
    let ended = failure(&server).with("TMPDIR", directory.to_str().unwrap()).run();
    let posts = server.requests().iter().filter(|it| it.target.ends_with("chat.postMessage")).count();
    assert!(posts <= 4, "{posts} posts, the start among them");
    let everything = workspace.lock().unwrap().everything(DEPLOYS);
    (ended, everything)
}

fn body(message: &Message) -> Value {
    Value::Object(message.body.clone())
}

/// Cases R6 and R14, and `restricted_action` of R7.
#[test]
fn a_refused_part_costs_only_that_part() {
    for (part, word, warning) in [
        ("thread_ts", "restricted_action_thread_locked", "Slack refused a reply in the thread"),
        ("thread_ts", "restricted_action_non_threadable_channel", "Slack refused a reply in the thread"),
        ("reply_broadcast", "cant_broadcast_message", "Slack refused a reply in the thread"),
        ("mention", "restricted_action", "nobody is mentioned"),
        ("mention", "action_prohibited", "nobody is mentioned"),
        ("metadata", "metadata_too_large", "Slack refused the message's metadata"),
        ("metadata", "invalid_metadata_format", "Slack refused the message's metadata"),
        ("metadata", "metadata_must_be_sent_from_app", "Slack refused the message's metadata"),
        ("blocks", "invalid_blocks", "Slack refused the message's blocks"),
        ("blocks", "msg_blocks_too_long", "Slack refused the message's blocks"),
        ("blocks", "too_many_attachments", "Slack refused the message's blocks"),
    ] {
        let (ended, messages) = refused(&[(part, word)]);
        assert_eq!(ended.last_line(), "notify: sent", "{word}: {}", ended.stderr);
        let about: Vec<_> = warnings(&ended).into_iter().filter(|it| it.contains(word)).collect();
        assert!(about.len() == 1 && about[0].contains(warning), "{word}: {}", ended.stderr);
        let posted = messages.last().unwrap();
        assert!(posted.text().contains("deploy failed"), "{word}: {}", posted.text());
        assert_eq!(posted.thread_ts.is_none(), warning.contains("in the thread"), "{word}");
        assert_eq!(posted.body.contains_key("metadata"), part != "metadata", "{word}");
        let text = posted.text();
        if part == "blocks" {
            assert!(text.contains("<!subteam^S0OPERATORS>") && text.contains("<https://"), "{text}");
        } else {
            assert_eq!(mentions(&body(posted)).is_empty(), part == "mention", "{word}");
            assert!(elements(&body(posted)).any(|it| it["type"] == "link"), "{word}");
        }
    }
}

/// The pipeline's message is updated where a reply is refused, and is updated without the part that is refused there.
#[test]
fn the_pipelines_message_shows_the_failure_anyway() {
    for (part, word) in [
        ("thread_ts", "restricted_action_thread_locked"),
        ("thread_ts", "restricted_action_non_threadable_channel"),
        ("metadata", "metadata_too_large"),
        ("mention", "restricted_action"),
        ("blocks", "invalid_blocks_format"),
    ] {
        let (server, workspace) = slack(Workspace::new());
        let start = Notifier::new(&["send", "pipeline-started"]).job("gitlab-18-deploy-on-main");
        let start = start.with("SLACK_BOT_TOKEN", TOKEN).with("SLACK_API_URL", server.url("/api"));
        start.without("NOTIFIER_GITLAB_TOKEN").with("NOTIFIER_CHANNEL", DEPLOYS).run();
        workspace.lock().unwrap().refused_parts = vec![(part, word)];
        let ended = failure(&server).run();
        let messages = workspace.lock().unwrap().top_level(DEPLOYS);
        assert!(messages[0].text().contains("deploy failed"), "{word}: {} {}", messages[0].text(), ended.stderr);
        assert_eq!(messages[0].updates, 1, "{word}");
    }
}

/// Two parts are left out one after the other. The webhook takes over if a third is refused.
#[test]
fn at_most_two_parts_are_left_out() {
    let (ended, messages) =
        refused(&[("thread_ts", "restricted_action_thread_locked"), ("mention", "restricted_action")]);
    assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
    let posted = messages.last().unwrap();
    assert!(posted.thread_ts.is_none() && mentions(&body(posted)).is_empty(), "{}", posted.text());
    for word in ["restricted_action_thread_locked", "(restricted_action)"] {
        assert_eq!(ended.stderr.matches(word).count(), 1, "{word}: {}", ended.stderr);
    }
    let (server, workspace) = slack(Workspace::new());
    workspace.lock().unwrap().refused_parts =
        vec![("metadata", "metadata_too_large"), ("mention", "restricted_action"), ("blocks", "invalid_blocks")];
    let hook = Server::start([Reply::ok()]);
    let ended = failure(&server).with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH)).run();
    assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
    assert!(workspace.lock().unwrap().everything(DEPLOYS).is_empty());
    assert_eq!(mentions(&hook.only_request().json()), ["S0OPERATORS"]);
}

/// Blocks and mention are refused together, in either order, by bot and by webhook.
#[test]
fn a_text_has_no_mention_that_slack_refused() {
    for parts in [
        [("blocks", "invalid_blocks"), ("mention", "restricted_action")],
        [("mention", "restricted_action"), ("blocks", "invalid_blocks")],
        [("mention", "action_prohibited"), ("blocks", "msg_blocks_too_long")],
    ] {
        let (ended, messages) = refused(&parts);
        assert_eq!(ended.last_line(), "notify: sent", "{parts:?}: {}", ended.stderr);
        let posted = messages.last().unwrap();
        assert!(!posted.text().contains("<!") && posted.text().contains("<https://"), "{}", posted.text());
        assert!(!posted.body.contains_key("blocks"), "{parts:?}");
    }
    for words in [["invalid_blocks", "action_prohibited"], ["action_prohibited", "invalid_blocks"]] {
        let replies = words.map(|word| Reply::status(403, word)).into_iter().chain([Reply::ok()]);
        let hook = Server::start(replies.collect::<Vec<_>>());
        let (server, _) = slack(Workspace::new());
        let call = failure(&server).without("SLACK_BOT_TOKEN").without("SLACK_API_URL").without("NOTIFIER_CHANNEL");
        let ended = call.with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH)).run();
        assert_eq!(ended.last_line(), "notify: sent", "{words:?}: {}", ended.stderr);
        let sent = hook.requests()[2].json();
        let text = sent["text"].as_str().unwrap();
        assert!(!text.contains("<!") && text.contains("<https://"), "{words:?}: {text}");
    }
}

/// What Slack refuses of the operators' message, or of an update, is a warning too.
#[test]
fn each_part_that_is_left_out_is_a_warning() {
    let (server, workspace) = slack(Workspace::new());
    workspace.lock().unwrap().refused_parts = vec![("mention", "restricted_action")];
    let call = failure(&server).with("NOTIFIER_OPS_CHANNEL", OPS).with("NOTIFIER_OPS_MENTION", "here");
    let ended = call.with("NOTIFIER_MENTION", "").run();
    assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
    assert!(warnings(&ended).iter().any(|it| it.contains("change NOTIFIER_OPS_MENTION")), "{}", ended.stderr);
    assert_eq!(workspace.lock().unwrap().top_level(OPS).len(), 1);
}

/// The thread is for the whole channel there, so only a webhook or another channel helps.
#[test]
fn a_channel_for_threads_only_is_named() {
    let mut only_threads = Workspace::new();
    only_threads.refused.insert("chat.postMessage", "restricted_action_thread_only_channel");
    let (server, _) = slack(only_threads);
    let hook = Server::start([Reply::ok()]);
    let ended = failure(&server).with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH)).run();
    assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
    assert!(ended.stderr.contains("restricted_action_thread_only_channel"), "{}", ended.stderr);
    assert_eq!(mentions(&hook.only_request().json()), ["S0OPERATORS"]);
}

/// Case R13: a webhook's text has the link and the mentions of the blocks that Slack refused.
#[test]
fn a_webhooks_text_has_link_and_mentions() {
    for (mention, expected) in
        [("subteam:S0OPERATORS", "<!subteam^S0OPERATORS>"), ("here", "<!here>"), ("user:U0MINSUKIM", "<@U0MINSUKIM>")]
    {
        for word in ["invalid_blocks", "invalid_payload", "too_many_attachments"] {
            let hook = Server::start([Reply::status(400, word), Reply::ok()]);
            let (server, _) = slack(Workspace::new());
            let call = failure(&server).without("SLACK_BOT_TOKEN").without("SLACK_API_URL").without("NOTIFIER_CHANNEL");
            let ended = call.with("NOTIFIER_MENTION", mention).with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH)).run();
            assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
            let sent = hook.requests()[1].json();
            let text = sent["text"].as_str().unwrap();
            assert!(text.contains(expected) && text.contains("<https://gitlab.corp.example/"), "{word}: {text}");
            assert!(sent.get("blocks").is_none(), "{sent}");
        }
    }
}
