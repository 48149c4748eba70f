//! A bot's living message: one per pipeline, found again, updated and replied to. Other tests look people up, mention operators,
//! and let Slack refuse.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::modules::module_file;
use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, THIS, deployment, gitlab, job, with};
use crate::support::harness::{Notifier, WEBHOOK_PATH, in_time};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits::{self, mentions};
use crate::support::workspace::{DEPLOYS, Message, OPS, TOKEN, Workspace, slack};

const JOB: &str = "gitlab-18-deploy-on-main";
const SENT: &str = "notify: sent";

/// A call in a job with a bot.
fn bot(server: &Server, arguments: &[&str]) -> Notifier {
    let notifier = Notifier::new(&[&["send"], arguments].concat()).job(JOB);
    notifier
        .with("SLACK_BOT_TOKEN", TOKEN)
        .with("SLACK_API_URL", server.url("/api"))
        .with("NOTIFIER_CHANNEL", DEPLOYS)
        .without("NOTIFIER_GITLAB_TOKEN")
}

/// Runs a call and checks that no output shows the token.
fn run(notifier: Notifier) -> Ended {
    let ended = notifier.run();
    assert!(!ended.stderr.contains("s3cr3tb0t") && !ended.stdout.contains("s3cr3tb0t"), "{}", ended.stderr);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    ended
}

#[track_caller]
fn sends(notifier: Notifier) -> Ended {
    let ended = run(notifier);
    assert_eq!(ended.last_line(), SENT, "{}", ended.stderr);
    ended
}

#[track_caller]
fn sends_without_a_warning(notifier: Notifier) -> Ended {
    let ended = sends(notifier);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    ended
}

fn states(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|it| it.text().split(": ").nth(1).unwrap().split(',').next().unwrap()).collect()
}

#[test]
fn a_pipeline_has_one_message_in_its_last_state_and_replies_in_order() {
    let (server, workspace) = slack(Workspace::new());
    for (event, status) in
        [("pipeline-started", "running"), ("deploy-started", "running"), ("deploy-finished", "success")]
    {
        sends_without_a_warning(bot(&server, &[event]).with("CI_JOB_STATUS", status));
    }
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(states(&messages), ["deploy succeeded"]);
    assert_eq!(messages[0].updates, 2);
    let replies = workspace.replies();
    assert_eq!(states(&replies), ["deploy started", "deploy succeeded"]);
    assert!(replies.iter().all(|reply| !reply.broadcast && reply.thread_ts.as_deref() == Some(&messages[0].ts)));
    // Only the message has the small print, with the time since the pipeline began.
    assert!(replies.iter().all(|reply| !reply.body.contains_key("attachments")));
    assert!(Value::Object(messages[0].body.clone()).to_string().contains("So far  "), "{messages:?}");
}

#[test]
fn the_message_is_found_by_its_metadata() {
    let mut with_chatter = Workspace::new();
    with_chatter.page = 7;
    let (server, workspace) = slack(with_chatter);
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    workspace.lock().unwrap().chatter(15);
    // Another pipeline of the same branch has a message of its own.
    sends_without_a_warning(bot(&server, &["pipeline-started"]).with("CI_PIPELINE_ID", "90818"));
    sends_without_a_warning(bot(&server, &["deploy-finished"]));
    // A start job that is run again does not post twice.
    sends_without_a_warning(bot(&server, &["pipeline-started"]).with("CI_PIPELINE_ID", "90818"));
    let workspace = workspace.lock().unwrap();
    assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy succeeded", "pipeline started"]);
    assert_eq!(states(&workspace.replies()), ["deploy succeeded", "pipeline started"]);
}

#[test]
fn a_message_too_far_back_or_deleted_is_posted_anew() {
    let mut deep = Workspace::new();
    deep.page = 10;
    let (server, workspace) = slack(deep);
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    workspace.lock().unwrap().chatter(40);
    sends_without_a_warning(bot(&server, &["deploy-started"]));
    assert_eq!(workspace.lock().unwrap().top_level(DEPLOYS).len(), 2);
    let second = workspace.lock().unwrap().top_level(DEPLOYS)[1].ts.clone();
    workspace.lock().unwrap().delete(&second);
    sends_without_a_warning(bot(&server, &["deploy-finished"]));
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["pipeline started", "deploy succeeded"]);
}

#[test]
fn a_missing_history_scope_is_reported() {
    let (server, workspace) = slack(Workspace::new().without("channels:history"));
    let sent = sends(bot(&server, &["deploy-started"]));
    assert!(sent.stderr.contains("the bot lacks the scope channels:history; add it"), "{}", sent.stderr);
    assert_eq!(workspace.lock().unwrap().top_level(DEPLOYS).len(), 1);
    assert!(workspace.lock().unwrap().replies().is_empty());
}

/// The end makes up for a start that could not be posted.
#[test]
fn the_end_is_posted_after_a_failed_start() {
    let mut dead = Workspace::new();
    dead.refused.insert("chat.postMessage", "fatal_error");
    let (server, workspace) = slack(dead);
    run(bot(&server, &["pipeline-started"]));
    workspace.lock().unwrap().refused.clear();
    sends_without_a_warning(bot(&server, &["deploy-finished"]));
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["deploy succeeded"]);
}

#[test]
fn a_failure_is_shown_in_the_channel_and_no_other_job_covers_it_up() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    let job = |name: &str, event: &str, status: &str| {
        sends_without_a_warning(bot(&server, &[event]).with("CI_JOB_NAME", name).with("CI_JOB_STATUS", status));
    };
    job("deploy-eu", "deploy-started", "running");
    job("deploy-us", "deploy-started", "running");
    job("deploy-eu", "deploy-finished", "failed");
    job("deploy-us", "deploy-finished", "success");
    assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["deploy failed (deploy-eu)"]);
    // The failed job clears the failure when it is run again.
    job("deploy-eu", "deploy-started", "running");
    job("deploy-eu", "deploy-finished", "success");
    let workspace = workspace.lock().unwrap();
    assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy succeeded (deploy-eu)"]);
    let replies = workspace.replies();
    assert_eq!(replies.len(), 6);
    let shown: Vec<Message> = replies.into_iter().filter(|reply| reply.broadcast).collect();
    assert_eq!(states(&shown), ["deploy failed (deploy-eu)"]);
}

/// Case R5: the failure is on a later page of the thread's replies.
#[test]
fn no_job_covers_a_failure_up_however_long_the_thread() {
    for (page, before, after) in [(4, 5, 1), (4, 9, 6), (7, 0, 15), (100, 101, 0)] {
        let mut long = Workspace::new();
        long.page = 100;
        let (server, workspace) = slack(long);
        sends_without_a_warning(bot(&server, &["pipeline-started"]));
        let job = |name: &str, event: &str, status: &str| {
            sends_without_a_warning(bot(&server, &[event]).with("CI_JOB_NAME", name).with("CI_JOB_STATUS", status));
        };
        let thread = workspace.lock().unwrap().top_level(DEPLOYS)[0].ts.clone();
        workspace.lock().unwrap().discussion(&thread, before);
        job("deploy-eu", "deploy-finished", "failed");
        workspace.lock().unwrap().discussion(&thread, after);
        workspace.lock().unwrap().page = page;
        job("deploy-us", "deploy-finished", "success");
        let states_now = || states(&workspace.lock().unwrap().top_level(DEPLOYS)).join("");
        assert_eq!(states_now(), "deploy failed (deploy-eu)", "{page} {before} {after}");
        job("deploy-eu", "deploy-finished", "success");
        assert_eq!(states_now(), "deploy succeeded (deploy-eu)", "{page} {before} {after}");
    }
}

/// Case R11: the bot posts everywhere (chat:write.public), and may read only where it was invited.
#[test]
fn a_channel_that_the_bot_was_not_invited_to_is_named() {
    for word in ["not_in_channel", "channel_not_found"] {
        let mut uninvited = Workspace::new();
        uninvited.refused.insert("conversations.history", word);
        let (server, workspace) = slack(uninvited);
        let directory = scratch();
        let call = |event: &str| bot(&server, &[event]).with("TMPDIR", directory.to_str().unwrap());
        let first = sends(call("deploy-started"));
        assert!(first.stderr.contains("invite"), "{word}: {}", first.stderr);
        assert!(!first.stderr.contains("chat:write.public"), "{word}: {}", first.stderr);
        // The second hook finds the message by the place that the first one recorded.
        sends_without_a_warning(call("deploy-finished"));
        assert_eq!(states(&workspace.lock().unwrap().top_level(DEPLOYS)), ["deploy succeeded"], "{word}");
        let doctor =
            Notifier::new(&["doctor"]).job(JOB).with("SLACK_BOT_TOKEN", TOKEN).with("NOTIFIER_CHANNEL", DEPLOYS);
        let doctor = doctor.with("SLACK_API_URL", server.url("/api")).run();
        let line = doctor.stdout.lines().find(|line| line.contains("cannot read the history")).unwrap_or_default();
        assert!(line.starts_with("[note]") && line.contains("invite"), "{word}: {}", doctor.stdout);
    }
}

/// Case R23: a setting for one channel that has several.
#[test]
fn the_first_of_several_channels_is_used_and_a_warning_says_so() {
    for several in [
        "C0DEPLOYS1,C0OPERATOR",
        "C0DEPLOYS1; C0OPERATOR",
        "C0DEPLOYS1 C0OPERATOR",
        ",C0DEPLOYS1|C0OPERATOR",
        r#"["C0DEPLOYS1", "C0OPERATOR"]"#,
        "#deploys, #ops",
    ] {
        let (server, workspace) = slack(Workspace::new());
        let sent = sends(bot(&server, &["deploy-finished"]).with("NOTIFIER_CHANNEL", several));
        assert!(sent.stderr.contains("NOTIFIER_CHANNEL"), "{several}: {}", sent.stderr);
        assert_eq!(workspace.lock().unwrap().top_level(DEPLOYS).len(), 1, "{several}");
        assert!(workspace.lock().unwrap().top_level(OPS).is_empty(), "{several}");
        let doctor =
            Notifier::new(&["doctor"]).job(JOB).with("SLACK_BOT_TOKEN", TOKEN).with("NOTIFIER_CHANNEL", several);
        let doctor = doctor.with("SLACK_API_URL", server.url("/api")).run();
        assert!(doctor.stdout.contains("takes one channel"), "{several}: {}", doctor.stdout);
    }
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["deploy-finished"]).with("NOTIFIER_CHANNEL", r#"["C0DEPLOYS1"]"#));
    assert_eq!(workspace.lock().unwrap().top_level(DEPLOYS).len(), 1);
}

#[test]
fn calls_at_the_same_time_do_not_post_twice() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    std::thread::scope(|scope| {
        for number in 0..8 {
            let server = &server;
            scope.spawn(move || {
                sends_without_a_warning(
                    bot(server, &["deploy-started"]).with("CI_JOB_NAME", format!("deploy-{number}")),
                );
            });
        }
    });
    let workspace = workspace.lock().unwrap();
    assert_eq!(workspace.top_level(DEPLOYS).len(), 1);
    assert_eq!(workspace.replies().len(), 8);
}

/// Somebody deletes the message while a job posts. Slack takes the reply and shows it bare, so a whole message follows.
#[test]
fn a_message_that_is_gone_is_reposted() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    workspace.lock().unwrap().refused.insert("chat.update", "message_not_found");
    sends_without_a_warning(bot(&server, &["deploy-finished"]));
    let messages = workspace.lock().unwrap().top_level(DEPLOYS);
    assert_eq!(states(&messages), ["pipeline started", "deploy succeeded"]);
    assert!(messages[1].body.contains_key("attachments"));
}

/// Slack itself checks the blocks, if it knows the method.
#[test]
fn slack_is_asked_whether_it_would_take_the_blocks() {
    let module = scratch().join("notifier.wasm");
    fs::write(&module, pipeline_notifier::module::pin::built_in_wasm()).unwrap();
    let check = |answer: Option<&'static str>| {
        let mut workspace = Workspace::new();
        workspace.refused.extend(answer.map(|word| ("blocks.validate", word)));
        let (server, _) = slack(workspace);
        let notifier = Notifier::new(&["module", "check", module.to_str().unwrap(), "--slack"]);
        notifier.with("SLACK_BOT_TOKEN", TOKEN).with("SLACK_API_URL", server.url("/api")).run()
    };
    assert_eq!((check(None).status, check(Some("unknown_method")).status), (0, 0));
    let refused = check(Some("invalid_blocks"));
    assert!(
        refused.status == 1 && refused.stdout.contains("Slack refuses its blocks (invalid_blocks)"),
        "{}",
        refused.stdout
    );
    let without = Notifier::new(&["module", "check", module.to_str().unwrap(), "--slack"]).run();
    assert!(without.status == 1 && without.stderr.contains("SLACK_BOT_TOKEN is not set"), "{}", without.stderr);
}

#[test]
fn a_channel_may_be_a_link_that_somebody_copied() {
    let (server, workspace) = slack(Workspace::new());
    let link = format!("https://commerce.slack.com/archives/{DEPLOYS}");
    sends_without_a_warning(bot(&server, &["deploy-finished"]).with("NOTIFIER_CHANNEL", link));
    assert_eq!(workspace.lock().unwrap().top_level(DEPLOYS).len(), 1);
}

#[test]
fn the_webhook_takes_over_if_the_bot_is_refused() {
    for (word, step) in [
        ("invalid_auth", "SLACK_BOT_TOKEN is revoked or mistyped"),
        ("not_in_channel", "invite the bot to the channel"),
        ("is_archived", "choose another one in NOTIFIER_CHANNEL"),
        ("restricted_action", "ask them"),
        ("something_new", "chat.postMessage answered something_new"),
    ] {
        let mut refusing = Workspace::new();
        refusing.refused.insert("chat.postMessage", word);
        let (server, _) = slack(refusing);
        let hook = Server::start([Reply::ok()]);
        let sent = sends(bot(&server, &["deploy-finished"]).with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH)));
        assert!(sent.stderr.contains(step) && sent.stderr.contains("the webhook is used instead"), "{}", sent.stderr);
        assert!(hook.only_request().body.contains("deploy succeeded"));
        // The call fails with only the bot.
        let failed = run(bot(&server, &["deploy-finished"]));
        failed.failed_with(&format!("notify: failed reason={word}"), step);
    }
}

#[test]
fn a_token_that_is_revoked_midway_loses_nothing() {
    let mut revoked = Workspace::new();
    // The bot's own ID, the history and the reply succeed; then the update finds the token revoked.
    revoked.calls_left = Some(5);
    let (server, workspace) = slack(revoked);
    let hook = Server::start([Reply::ok()]);
    let call = |event: &str| bot(&server, &[event]).with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH));
    sends_without_a_warning(call("pipeline-started"));
    let sent = sends(call("deploy-started"));
    assert!(sent.stderr.contains("the event is posted, and"), "{}", sent.stderr);
    let sent = sends(call("deploy-finished"));
    assert!(sent.stderr.contains("SLACK_BOT_TOKEN is revoked"), "{}", sent.stderr);
    assert_eq!(states(&workspace.lock().unwrap().replies()), ["deploy started"]);
    assert!(hook.only_request().body.contains("deploy succeeded"));
}

#[test]
fn rate_limits_are_waited_for_method_by_method() {
    let mut limited = Workspace::new();
    limited.limited.insert("chat.postMessage", (1, 1));
    limited.limited.insert("chat.update", (9, 3600));
    let (server, workspace) = slack(limited);
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    let sent = sends(bot(&server, &["deploy-finished"]));
    assert!(sent.stderr.contains("Slack limits the rate"), "{}", sent.stderr);
    assert_eq!(states(&workspace.lock().unwrap().replies()), ["deploy succeeded"]);
}

#[test]
fn a_dead_web_api_takes_no_more_than_the_timeout() {
    for reply in [Reply::Hang, Reply::SlowHeaders, Reply::Flood] {
        let server = Server::start([reply]);
        let ended =
            in_time(Duration::from_secs(2), || run(bot(&server, &["deploy-finished"]).with("NOTIFIER_TIMEOUT", "1.5")));
        assert!(ended.last_line().starts_with("notify: failed reason="), "{}", ended.stderr);
    }
}

#[test]
fn blocks_that_are_refused_become_text() {
    let mut refusing = Workspace::new();
    refusing.refused.insert("chat.postMessage", "invalid_blocks");
    let (server, _) = slack(refusing);
    let ended = run(bot(&server, &["deploy-finished"]));
    assert!(ended.stderr.contains("Slack refused the message itself"), "{}", ended.stderr);
    let posts = server.requests().iter().filter(|it| it.target.ends_with("chat.postMessage")).count();
    assert_eq!(posts, 2);
    assert!(server.requests().last().unwrap().json().get("blocks").is_none());
}

#[test]
fn a_token_goes_to_slack_only_and_needs_a_channel() {
    let (server, _) = slack(Workspace::new());
    let hook = Server::start([Reply::ok()]);
    for (variable, value, warning) in [
        ("SLACK_API_URL", "https://evil.example/api", "SLACK_API_URL is not an https address of slack.com"),
        ("SLACK_BOT_TOKEN", "xoxp-not-a-bots-token", "SLACK_BOT_TOKEN is no bot token"),
        ("NOTIFIER_CHANNEL", "", "SLACK_BOT_TOKEN is set, but NOTIFIER_CHANNEL is not"),
    ] {
        let call = bot(&server, &["deploy-finished"]).with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH));
        let sent = sends(call.with(variable, value));
        assert!(sent.stderr.contains(warning), "{}", sent.stderr);
    }
    assert!(server.requests().is_empty());
    assert_eq!(hook.requests().len(), 3);
}

#[test]
fn people_are_found_by_their_addresses_and_mentioned_when_it_matters() {
    let (server, workspace) = slack(Workspace::new());
    let directory = scratch();
    let call = |event: &str, status: &str| {
        bot(&server, &[event])
            .with("CI_JOB_STATUS", status)
            .with("NOTIFIER_MENTION", "author,user")
            .with("GITLAB_USER_LOGIN", "jiwoo")
            .with("GITLAB_USER_EMAIL", "jiwoo.park@corp.example")
            .with("CI_PROJECT_DIR", directory.to_str().unwrap())
    };
    let lookups = || server.requests().iter().filter(|it| it.target.contains("lookupByEmail")).count();
    sends_without_a_warning(call("deploy-started", "running"));
    sends_without_a_warning(call("deploy-finished", "success"));
    assert_eq!(lookups(), 0);
    sends_without_a_warning(call("deploy-finished", "failed"));
    let last = Value::Object(workspace.lock().unwrap().replies().last().unwrap().body.clone());
    assert_eq!(mentions(&last), ["U0MINSUKIM", "U0JIWOOPAR"]);
    assert_eq!(lookups(), 2);
    // The map comes first. An address unknown to Slack is nobody.
    let by_map = call("deploy-finished", "failed")
        .with("NOTIFIER_USER_MAP", r#"{"jiwoo":"U0BYTHEMAP"}"#)
        .with("CI_COMMIT_AUTHOR", "Somebody <somebody@else.example>");
    sends_without_a_warning(by_map);
    let last = Value::Object(workspace.lock().unwrap().replies().last().unwrap().body.clone());
    assert_eq!(mentions(&last), ["U0BYTHEMAP"]);
}

/// The list as the module reads it decides the people to look up, in every spelling.
#[test]
fn people_are_found_in_every_form_of_a_list() {
    for mention in ["@here author", "author;here", "Author", "<!here> author"] {
        let (server, workspace) = slack(Workspace::new());
        sends_without_a_warning(
            bot(&server, &["deploy-finished"]).with("CI_JOB_STATUS", "failed").with("NOTIFIER_MENTION", mention),
        );
        let message = Value::Object(workspace.lock().unwrap().top_level(DEPLOYS)[0].body.clone());
        assert!(mentions(&message).contains(&"U0MINSUKIM".to_owned()), "{mention}: {message}");
    }
}

/// A hook that the settings leave out sends no request.
#[test]
fn a_hook_that_is_skipped_asks_nobody() {
    for event in ["deploy-started", "deploy-finished"] {
        let (server, _) = slack(Workspace::new());
        let (gitlab, _) = gitlab(GitLab::new());
        let skipped = run(bot(&server, &[event])
            .with("CI_JOB_STATUS", "failed")
            .with("NOTIFIER_BRANCHES", "develop")
            .with("NOTIFIER_MENTION", "author")
            .asks(&gitlab));
        assert_eq!(skipped.last_line(), "notify: skipped reason=branch_not_selected", "{}", skipped.stderr);
        assert!(server.requests().is_empty() && gitlab.requests().is_empty(), "{event}");
    }
}

/// A whole message counts as a route, too.
#[test]
fn a_module_that_knows_no_routes_works_as_the_bot() {
    let (server, workspace) = slack(Workspace::new());
    let (path, digest) = module_file("says-hello-as-a-bot");
    let pinned = ["--module", path.to_str().unwrap(), "--module-sha256", &digest];
    for event in ["pipeline-started", "deploy-started", "deploy-finished", "pipeline-finished"] {
        sends(bot(&server, &[&[event][..], &pinned].concat()).with("CI_JOB_STATUS", "failed"));
    }
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text(), "hello as the bot");
    assert_eq!(workspace.replies().len(), 3);
}

#[test]
fn a_missing_scope_for_people_costs_the_mention_only() {
    let (server, workspace) = slack(Workspace::new().without("users:read.email"));
    let call = bot(&server, &["deploy-finished"]).with("CI_JOB_STATUS", "failed").with("NOTIFIER_MENTION", "user,here");
    let sent = sends(call);
    assert!(sent.stderr.contains("the bot lacks the scope users:read.email"), "{}", sent.stderr);
    let message = Value::Object(workspace.lock().unwrap().top_level(DEPLOYS)[0].body.clone());
    assert_eq!(mentions(&message), ["here"]);
}

#[test]
fn operators_get_the_first_message_the_job_and_the_logs() {
    let (server, workspace) = slack(Workspace::new());
    let call = |branch: &str, status: &str| {
        bot(&server, &["deploy-finished"])
            .with("CI_COMMIT_BRANCH", branch)
            .with("CI_COMMIT_REF_NAME", branch)
            .with("CI_JOB_STATUS", status)
            .with("NOTIFIER_OPS_CHANNEL", OPS)
            .with("NOTIFIER_OPS_MENTION", "subteam:S0OPERATORS")
            .with("NOTIFIER_OPS_ENVIRONMENTS", "prod,dev")
            .with("NOTIFIER_LOGS_URL", "https://logs.example/?q=%{environment}")
    };
    sends_without_a_warning(call("main", "success"));
    sends_without_a_warning(call("feature/x", "failed"));
    assert!(workspace.lock().unwrap().top_level(OPS).is_empty());
    let sent = sends_without_a_warning(call("main", "failed"));
    assert!(sent.stderr.contains("operators: [shop-api] prod: deploy failed"), "{}", sent.stderr);
    let workspace = workspace.lock().unwrap();
    let message = Value::Object(workspace.top_level(OPS)[0].body.clone());
    assert_eq!(mentions(&message), ["S0OPERATORS"]);
    let links: Vec<(&str, &str)> = slack_limits::elements(&message)
        .filter(|it| it["type"] == "link")
        .map(|it| (it["text"].as_str().unwrap(), it["url"].as_str().unwrap()))
        .collect();
    let first = &workspace.top_level(DEPLOYS)[0];
    let permalink = format!("https://commerce.slack.com/archives/{DEPLOYS}/p{}", first.ts.replace('.', ""));
    assert_eq!(links[0], ("Message", permalink.as_str()));
    assert!(
        links[1].0.starts_with("Failed job: ") && links[2] == ("Runtime logs", "https://logs.example/?q=prod"),
        "{links:?}"
    );
}

#[test]
fn operators_are_mentioned_by_webhooks_too() {
    let (hook, ops) = (Server::start([Reply::ok()]), Server::start([Reply::ok()]));
    let call = |ops: &Server| {
        Notifier::new(&["send", "deploy-finished"])
            .job(JOB)
            .with("CI_JOB_STATUS", "failed")
            .with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH))
            .with("SLACK_OPS_WEBHOOK_URL", ops.url("/services/T0SECRET01/B0SECRET02/s3cr3ts3cr3topsops"))
            .with("NOTIFIER_OPS_MENTION", "here")
    };
    sends_without_a_warning(call(&ops));
    assert_eq!(mentions(&ops.only_request().json()), ["here"]);
    assert!(ops.only_request().body.contains("Failed job: "));
    assert!(mentions(&hook.only_request().json()).is_empty());
    // A failure of the second message changes nothing about the first.
    let dead = Server::start([Reply::status(404, "no_service")]);
    let sent = sends(call(&dead));
    assert!(
        sent.stderr.contains("posting to the operators' channel: Slack answered 404 no_service"),
        "{}",
        sent.stderr
    );
}

#[test]
fn the_job_page_gets_the_links() {
    let (server, workspace) = slack(Workspace::new());
    let file = scratch().join("annotations.json");
    sends_without_a_warning(bot(&server, &["deploy-finished", "--annotations", file.to_str().unwrap()]));
    let annotations: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let links = annotations["pipeline-notifier"].as_array().unwrap();
    let first = workspace.lock().unwrap().top_level(DEPLOYS)[0].ts.replace('.', "");
    assert_eq!(links[0]["external_link"]["label"], "Slack message");
    assert_eq!(links[0]["external_link"]["url"], format!("https://commerce.slack.com/archives/{DEPLOYS}/p{first}"));
    assert!(
        links.len() > 2 && links.iter().all(|it| it["external_link"]["url"].as_str().unwrap().starts_with("https://"))
    );
}

#[test]
fn doctor_explains_each_missing_scope() {
    let doctor = |workspace: Workspace, arguments: &[&str]| {
        let (server, _) = slack(workspace);
        let ended = Notifier::new(&[&["doctor"], arguments].concat())
            .job(JOB)
            .with("SLACK_BOT_TOKEN", TOKEN)
            .with("SLACK_API_URL", server.url("/api"))
            .with("NOTIFIER_CHANNEL", DEPLOYS)
            .run();
        assert!(!ended.stdout.contains("s3cr3tb0t"), "{}", ended.stdout);
        ended
    };
    let all = doctor(Workspace::new(), &["--send"]);
    assert!(all.status == 0 && all.stdout.contains("[ok]   bot: a test message was delivered"), "{}", all.stdout);
    assert!(all.stdout.ends_with("Everything works.\n"), "{}", all.stdout);
    for (scope, mark) in [
        ("chat:write", "[!!]  "),
        ("chat:write.public", "[note]"),
        ("channels:history", "[note]"),
        ("users:read.email", "[note]"),
    ] {
        let reported = doctor(Workspace::new().without(scope), &[]).stdout;
        let line = reported.lines().find(|line| line.contains(&format!("the scope {scope}"))).unwrap_or_default();
        assert!(line.starts_with(mark), "{scope}: {reported}");
        let steps = if mark == "[!!]  " { reported.lines().last().unwrap_or_default() } else { line };
        assert!(steps.contains("add it on the Slack app's page OAuth & Permissions"), "{scope}: {reported}");
    }
    // Case R16: a classic app's scopes.
    for scopes in [&["identify", "bot:basic"][..], &["identify", "bot"], &["identify", "chat:write:bot"]] {
        let classic = doctor(Workspace::new().only(scopes), &[]);
        assert!(!classic.stdout.contains("posts nothing"), "{scopes:?}: {}", classic.stdout);
    }
    let mut revoked = Workspace::new();
    revoked.calls_left = Some(0);
    let reported = doctor(revoked, &[]);
    assert!(
        reported.status == 1
            && reported.stdout.contains("bot: Slack's auth.test answered token_revoked\n")
            && reported.stdout.contains("Next step: bot: SLACK_BOT_TOKEN is revoked or mistyped"),
        "{}",
        reported.stdout
    );
}

/// The start job recorded the message's location. A bot that may not read the channel finds the message there, also by a channel's
/// name.
#[test]
fn the_message_is_found_by_the_start_jobs_file() {
    for channel in [DEPLOYS, "#deploys"] {
        let (server, workspace) = slack(Workspace::new().without("channels:history"));
        let file = scratch().join("kept/message.json");
        let start = bot(&server, &["pipeline-started", "--message-file", file.to_str().unwrap()]);
        sends(start.with("NOTIFIER_CHANNEL", channel).with("CI_JOB_ID", "711900"));
        let mut of = GitLab::new();
        of.jobs = vec![job(THIS, "review", "review", "running"), job(711_900, "notify-start", ".post", "success")];
        of.artifacts.insert("711900/.pipeline-notifier/message.json".into(), fs::read_to_string(&file).unwrap());
        let (gitlab, _) = gitlab(of);
        let directory = scratch();
        let call = |event: &str| {
            bot(&server, &[event])
                .with("NOTIFIER_CHANNEL", channel)
                .asks(&gitlab)
                .with("CI_ENVIRONMENT_NAME", "")
                .with("TMPDIR", directory.to_str().unwrap())
        };
        sends_without_a_warning(call("deploy-started"));
        assert_eq!(gitlab.requests().len(), 2);
        sends_without_a_warning(call("deploy-finished"));
        // The second hook reads the location from the job state.
        assert_eq!(gitlab.requests().len(), 2);
        let workspace = workspace.lock().unwrap();
        assert_eq!(states(&workspace.top_level(DEPLOYS)), ["deploy succeeded"], "{channel}");
        assert_eq!(states(&workspace.replies()), ["deploy started", "deploy succeeded"]);
    }
}

/// A job earlier than the start job posts the message. The start job joins it and never overwrites a newer status.
#[test]
fn a_start_that_comes_late_joins_the_message_that_is_there() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["deploy-started"]));
    sends_without_a_warning(bot(&server, &["deploy-finished"]));
    let file = scratch().join("message.json");
    let start = bot(&server, &["pipeline-started", "--message-file", file.to_str().unwrap()]);
    sends_without_a_warning(start.with("CI_JOB_NAME", "notify-start"));
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(states(&messages), ["deploy succeeded"]);
    assert_eq!(states(&workspace.replies()), ["deploy succeeded", "pipeline started"]);
    let written: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let seal = &written["seal"];
    let location = serde_json::json!({"channel": DEPLOYS, "ts": messages[0].ts, "named": DEPLOYS, "pipeline": 90_817, "seal": seal});
    assert_eq!(written, location);
}

/// The location in an artifact is believed only if it leads to this pipeline's message.
#[test]
fn a_forged_message_file_is_not_believed() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["pipeline-started"]).with("CI_PIPELINE_ID", "90816"));
    let other = workspace.lock().unwrap().top_level(DEPLOYS)[0].ts.clone();
    for (channel, ts) in [(DEPLOYS, other.as_str()), (OPS, "1795134001.000001"), ("#general", "x"), ("", "")] {
        let mut of = GitLab::new();
        of.jobs = vec![job(THIS, "review", "review", "running"), job(711_900, "notify-start", ".post", "success")];
        let forged =
            serde_json::json!({"channel": channel, "ts": ts, "named": channel, "pipeline": 90_817}).to_string();
        of.artifacts.insert("711900/.pipeline-notifier/message.json".into(), forged);
        let (gitlab, _) = gitlab(of);
        let call = bot(&server, &["deploy-started"]).with("CI_PIPELINE_ID", "90817");
        let call = call.asks(&gitlab);
        sends_without_a_warning(call);
    }
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!((states(&messages), messages[0].updates), (vec!["pipeline started", "deploy started"], 0));
    assert!(workspace.top_level(OPS).is_empty());
}

/// Case S4: nobody can make a record of a location, not even where the bot may not read the channel and see for itself.
#[test]
fn a_forged_record_lets_no_message_be_overwritten() {
    let (server, workspace) = slack(Workspace::new().without("channels:history"));
    sends(bot(&server, &["pipeline-started"]).with("CI_PIPELINE_ID", "90816"));
    let other = workspace.lock().unwrap().top_level(DEPLOYS)[0].ts.clone();
    for seal in ["", "0123456789abcdef"] {
        let mut of = GitLab::new();
        of.jobs = vec![job(THIS, "review", "review", "running"), job(711_900, "notify-start", ".post", "success")];
        let forged =
            serde_json::json!({"channel": DEPLOYS, "ts": other, "named": DEPLOYS, "pipeline": 90_817, "seal": seal});
        of.artifacts.insert("711900/.pipeline-notifier/message.json".into(), forged.to_string());
        let (gitlab, _) = gitlab(of);
        let call = bot(&server, &["deploy-started"]).with("CI_PIPELINE_ID", "90817");
        sends(call.asks(&gitlab));
    }
    assert_eq!(workspace.lock().unwrap().top_level(DEPLOYS)[0].updates, 0);
}

/// Case S5: another app read our messages in the channel, and posts them again.
#[test]
fn another_apps_copy_of_our_message_is_not_believed() {
    let (server, workspace) = slack(Workspace::new());
    let (gitlab, api) = gitlab(GitLab::new());
    let close = |pipeline: &str, result: &str| {
        bot(&server, &["pipeline-finished", "--result", result])
            .with("CI_PIPELINE_ID", pipeline)
            .with("CI_ENVIRONMENT_NAME", "")
            .with("NOTIFIER_FINISH", "change")
            .asks(&gitlab)
    };
    api.lock().unwrap().takes_job_tokens.retain(|route| *route != "pipelines");
    api.lock().unwrap().jobs.push(crate::support::gitlab::failed(1, "compile", "build", "script_failure"));
    sends(close("90817", "failed"));
    workspace.lock().unwrap().replay(DEPLOYS);
    let ours = workspace.lock().unwrap().top_level(DEPLOYS)[0].ts.clone();
    workspace.lock().unwrap().delete(&ours);
    // The copy says that the failure was reported, and that the pipeline before failed.
    sends(close("90817", "failed"));
    let posted = workspace.lock().unwrap().everything(DEPLOYS);
    let last = posted.last().unwrap();
    assert!(last.thread_ts.is_none() && last.text().contains("build failed (compile)"), "{}", last.text());
}

/// A thread without an end leaves half of the time for the message.
#[test]
fn lookups_leave_time_for_the_message() {
    let (server, workspace) = slack(Workspace::new());
    sends(bot(&server, &["pipeline-started"]));
    sends(bot(&server, &["deploy-started"]));
    workspace.lock().unwrap().is_endless = true;
    let call = bot(&server, &["deploy-finished"]).with("CI_JOB_STATUS", "failed").with("NOTIFIER_TIMEOUT", "2");
    let sent = sends(call);
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    assert!(states(&workspace.lock().unwrap().replies()).iter().any(|it| it.contains("deploy failed")));
}

/// Case D4: GitLab's rollback button runs an old deploy job again.
#[test]
fn a_job_run_again_long_after_posts_at_the_channels_bottom() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    sends_without_a_warning(bot(&server, &["deploy-started"]));
    sends_without_a_warning(bot(&server, &["deploy-finished"]));
    workspace.lock().unwrap().chatter(3);
    let newer = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567";
    let mut of = GitLab::new();
    of.jobs = vec![
        with(job(711_002, "review", "review", "success"), "retried", true),
        job(712_400, "review", "review", "running"),
    ];
    of.deployments = vec![
        deployment(420, "review/main", "running", "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", (90_817, 712_400)),
        deployment(410, "review/main", "success", newer, (90_830, 712_000)),
    ];
    let (gitlab, _) = gitlab(of);
    let directory = scratch();
    let call = |event: &str| {
        bot(&server, &[event])
            .with("CI_JOB_ID", "712400")
            .with("CI_JOB_STARTED_AT", "2026-11-20T05:20:00Z")
            .with("GITLAB_USER_NAME", "Park Jiwoo")
            .asks(&gitlab)
            .with("TMPDIR", directory.to_str().unwrap())
    };
    sends_without_a_warning(call("deploy-started"));
    assert_eq!(
        states(&workspace.lock().unwrap().top_level(DEPLOYS)),
        ["deploy succeeded", "deploy started (2nd attempt)"]
    );
    sends_without_a_warning(call("deploy-finished"));
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(states(&messages), ["deploy succeeded", "rolled back to 1a2b3c4d"]);
    assert_eq!(messages[0].updates, 2);
    assert!(messages[1].text().contains("by Park Jiwoo"), "{}", messages[1].text());
    let body = Value::Object(messages[1].body.clone());
    assert!(!slack_limits::elements(&body).any(|it| it["text"].as_str().is_some_and(|text| text.contains("Changes"))));
}

/// The pipeline after a failure mentions the people whom the failure mentioned, and the operators get the all-clear.
#[test]
fn a_recovery_reaches_those_whom_the_failure_reached() {
    let (server, workspace) = slack(Workspace::new());
    let mut of = GitLab::new();
    of.takes_job_tokens.retain(|route| *route != "pipelines");
    let (gitlab, api) = gitlab(of);
    let call = |pipeline: &str, result: &str, mention: &str| {
        bot(&server, &["pipeline-finished", "--result", result])
            .with("CI_PIPELINE_ID", pipeline)
            .with("CI_JOB_NAME", "notify-finish")
            .with("CI_ENVIRONMENT_NAME", "")
            .with("NOTIFIER_FINISH", "change")
            .with("NOTIFIER_MENTION", mention)
            .with("NOTIFIER_OPS_CHANNEL", OPS)
            .asks(&gitlab)
    };
    let fail = |failed: bool| {
        api.lock().unwrap().jobs.truncate(1);
        if failed {
            api.lock().unwrap().jobs.push(crate::support::gitlab::failed(1, "compile", "build", "script_failure"));
        }
    };
    fail(true);
    // Only the channel knows the history here.
    let first = sends(call("90817", "failed", "user:U0MINSUKIM"));
    assert!(first.stderr.contains("the result of the previous pipeline is unknown"), "{}", first.stderr);
    let again = run(call("90818", "failed", "user:U0MINSUKIM"));
    assert_eq!(again.last_line(), "notify: skipped reason=finish_not_selected", "{}", again.stderr);
    sends_without_a_warning(call("90818", "failed", "user:U0MINSUKIM").with("NOTIFIER_FINISH", "failure"));
    fail(false);
    let fixed = sends_without_a_warning(call("90819", "success", "here"));
    assert!(fixed.stderr.contains("operators: [shop-api] prod: fixed (was: still failing)"), "{}", fixed.stderr);
    let nothing_new = run(call("90820", "success", "here"));
    assert_eq!(nothing_new.last_line(), "notify: skipped reason=finish_not_selected", "{}", nothing_new.stderr);
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!(
        states(&messages),
        ["build failed (compile)", "still failing (2nd in a row; compile)", "pipeline fixed"]
    );
    let body = |message: &Message| Value::Object(message.body.clone());
    assert_eq!(mentions(&body(&messages[2])), ["U0MINSUKIM"]);
    let operators = workspace.top_level(OPS);
    let all_clear = operators.last().unwrap();
    assert!(all_clear.text().contains("fixed (was: still failing)"), "{}", all_clear.text());
    let link = slack_limits::elements(&body(all_clear)).find(|it| it["type"] == "link").unwrap().clone();
    assert!(link["url"].as_str().unwrap().ends_with(&messages[2].ts.replace('.', "")), "{link}");
}

/// Nothing is posted twice, and the message still shows the pipeline's result.
#[test]
fn a_closing_job_brings_the_message_up_to_date() {
    let (server, workspace) = slack(Workspace::new());
    sends_without_a_warning(bot(&server, &["pipeline-started"]));
    let (gitlab, _) = gitlab(GitLab::new());
    let close =
        bot(&server, &["pipeline-finished", "--result", "success"]).with("NOTIFIER_FINISH", "change").asks(&gitlab);
    assert_eq!(run(close).last_line(), "notify: skipped reason=finish_not_selected");
    let workspace = workspace.lock().unwrap();
    assert_eq!(states(&workspace.top_level(DEPLOYS)), ["pipeline succeeded"]);
    assert!(workspace.replies().is_empty());
}
