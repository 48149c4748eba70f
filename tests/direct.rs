//! The direct message to the person who ran what failed.

use serde_json::Value;

use crate::modules::module_file;
use crate::support::ended::Ended;
use crate::support::gitlab::{failed, gitlab};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits::{self, mentions};
use crate::support::workspace::{Workspace, slack};
use crate::waiting::{JOB, of_bot, with_jobs};

/// A hook of a failed deployment by a bot that knows the person, with settings.
fn fails(slack: &Server, settings: &[(&str, &str)]) -> Ended {
    let notifier = of_bot(slack, Notifier::new(&["send", "deploy-finished"]).job(JOB))
        .with("CI_JOB_STATUS", "failed")
        .with("NOTIFIER_DIRECT", "on")
        .with("NOTIFIER_USER_MAP", r#"{"minsu.kim":"U0MINSUKIM"}"#);
    settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value)).run()
}

fn direct(workspace: &Workspace) -> Vec<String> {
    workspace.everything("U0MINSUKIM").iter().map(|it| it.text().to_owned()).collect()
}

#[test]
fn the_person_who_ran_it_gets_one_direct_message() {
    let (slack, workspace) = slack(Workspace::new());
    let ended = fails(&slack, &[("CI_JOB_ID", "711001")]);
    assert!(ended.stderr.contains("direct message: [shop-api] prod: deploy failed"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    // A second job of the pipeline fails, and the pipeline itself.
    fails(&slack, &[("CI_JOB_ID", "711003"), ("CI_JOB_NAME", "review: [eu]")]);
    let (server, _) = gitlab(with_jobs(vec![failed(1, "unit", "test", "script_failure")]));
    let close = Notifier::new(&["send", "pipeline-finished", "--result", "failed"]).job(JOB);
    of_bot(&slack, close)
        .with("NOTIFIER_DIRECT", "on")
        .with("NOTIFIER_USER_MAP", r#"{"minsu.kim":"U0MINSUKIM"}"#)
        .with("CI_ENVIRONMENT_NAME", "")
        .asks(&server)
        .run();
    let workspace = workspace.lock().unwrap();
    let written = direct(&workspace);
    assert_eq!(written.len(), 1, "{written:?}");
    let body = Value::Object(workspace.everything("U0MINSUKIM")[0].body.clone());
    let first = slack_limits::elements(&body).find(|it| it["type"] == "link").unwrap();
    assert_eq!(first["text"], "Message");
    assert!(mentions(&body).is_empty());
}

#[test]
fn a_pipeline_that_fails_newly_gets_a_direct_message() {
    let (slack, workspace) = slack(Workspace::new());
    let close = |old: bool, number: &str| {
        let mut of = with_jobs(vec![failed(1, "unit", "test", "script_failure")]);
        if old {
            of.pipelines = vec![crate::support::gitlab::pipeline(90_800, "failed")];
            of.earlier_jobs.insert(90_800, Some(vec![failed(5, "unit", "test", "script_failure")]));
        }
        let (server, _) = gitlab(of);
        let close = Notifier::new(&["send", "pipeline-finished", "--result", "failed"]).job(JOB);
        of_bot(&slack, close)
            .with("NOTIFIER_DIRECT", "on")
            .with("NOTIFIER_USER_MAP", r#"{"minsu.kim":"U0MINSUKIM"}"#)
            .with("CI_ENVIRONMENT_NAME", "")
            .with("CI_PIPELINE_ID", number)
            .asks(&server)
            .run()
    };
    close(true, "90817");
    assert!(direct(&workspace.lock().unwrap()).is_empty());
    close(false, "90818");
    assert_eq!(direct(&workspace.lock().unwrap()).len(), 1);
    // The same pipeline, run again.
    close(false, "90818");
    assert_eq!(direct(&workspace.lock().unwrap()).len(), 1);
}

/// Nobody gets a direct message for what a machine ran, and never the author.
#[test]
fn a_direct_message_goes_to_a_person_only() {
    for (settings, expected) in [
        (vec![("NOTIFIER_DIRECT", "off")], 0),
        (vec![("CI_PIPELINE_SOURCE", "schedule")], 0),
        (vec![("CI_PIPELINE_SOURCE", "trigger")], 0),
        (vec![("CI_PIPELINE_SOURCE", "parent_pipeline")], 0),
        (vec![("CI_PIPELINE_SOURCE", "schedule"), ("CI_JOB_MANUAL", "true")], 1),
        (
            vec![
                ("GITLAB_USER_LOGIN", "project_42_bot_4f"),
                ("GITLAB_USER_EMAIL", "project_42_bot_4f@noreply.example"),
            ],
            0,
        ),
        (vec![("GITLAB_USER_LOGIN", "service_account_7"), ("GITLAB_USER_EMAIL", "s@noreply.example")], 0),
        (vec![("GITLAB_USER_LOGIN", "jiwoo"), ("GITLAB_USER_EMAIL", "nobody@corp.example")], 0),
        (vec![("CI_JOB_STATUS", "success")], 0),
        (vec![("CI_JOB_STATUS", "canceled")], 0),
        (vec![("NOTIFIER_EVENTS", "pipeline-*")], 0),
    ] {
        let (slack, workspace) = slack(Workspace::new());
        let ended = fails(&slack, &settings);
        assert_eq!(direct(&workspace.lock().unwrap()).len(), expected, "{settings:?} {}", ended.stderr);
    }
    // By webhook there is none.
    let hook = Server::start([Reply::ok()]);
    let ended = Notifier::new(&["send", "deploy-finished"])
        .job(JOB)
        .with("CI_JOB_STATUS", "failed")
        .with("NOTIFIER_DIRECT", "on")
        .with("SLACK_WEBHOOK_URL", hook.url(WEBHOOK_PATH))
        .run();
    assert_eq!((ended.last_line(), hook.requests().len()), ("notify: sent", 1));
}

/// A bot finds the person by the e-mail address, too.
#[test]
fn the_person_is_looked_up_for_a_direct_message() {
    let (slack, workspace) = slack(Workspace::new());
    fails(&slack, &[("NOTIFIER_USER_MAP", ""), ("GITLAB_USER_EMAIL", "minsu.kim@corp.example")]);
    assert_eq!(direct(&workspace.lock().unwrap()).len(), 1);
}

#[test]
fn an_app_without_the_messages_tab_is_one_warning() {
    for error in ["messages_tab_disabled", "cannot_dm_bot", "user_not_found"] {
        let (slack, workspace) = slack(Workspace::new());
        workspace.lock().unwrap().no_direct_messages = Some(error);
        let ended = fails(&slack, &[]);
        assert_eq!(ended.last_line(), "notify: sent", "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("warning").count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("the person who ran this got no direct message"), "{}", ended.stderr);
        if error != "user_not_found" {
            assert!(ended.stderr.contains("App Home > Messages Tab"), "{}", ended.stderr);
        }
    }
}

/// A module names a person, and not a channel.
#[test]
fn a_module_writes_to_known_people_only() {
    let (slack, workspace) = slack(Workspace::new());
    let (path, digest) = module_file("writes-to-a-channel");
    let pinned = ["send", "deploy-finished", "--module", path.to_str().unwrap(), "--module-sha256", &digest];
    let ended = of_bot(&slack, Notifier::new(&pinned).job(JOB)).with("CI_JOB_STATUS", "failed").run();
    assert_eq!(ended.last_line(), "notify: sent");
    assert!(ended.stderr.contains("the module names a person for a direct message who is not in"), "{}", ended.stderr);
    assert!(workspace.lock().unwrap().everything("C0GENERAL1").is_empty());
}

/// Nobody is looked up for a direct message that is off, or that nothing causes.
#[test]
fn nobody_is_looked_up_in_vain() {
    for (direct, status, expected) in [("false", "failed", 0), ("true", "success", 0), ("true", "failed", 1)] {
        let (slack, _) = slack(Workspace::new());
        fails(&slack, &[("NOTIFIER_DIRECT", direct), ("CI_JOB_STATUS", status), ("NOTIFIER_USER_MAP", "")]);
        let asked = slack.requests().iter().filter(|it| it.target.contains("lookupByEmail")).count();
        assert_eq!(asked, expected, "{direct} {status}");
    }
}

#[test]
fn the_first_job_that_writes_is_the_only_one() {
    let (slack, workspace) = slack(Workspace::new());
    // The failure of a bot's job is nobody's.
    fails(&slack, &[("CI_JOB_ID", "711001"), ("GITLAB_USER_LOGIN", "project_42_bot_4f")]);
    for id in ["711020", "711010"] {
        fails(&slack, &[("CI_JOB_ID", id), ("CI_JOB_NAME", id)]);
    }
    assert_eq!(direct(&workspace.lock().unwrap()).len(), 1);
}

#[test]
fn the_map_may_write_an_id_as_slack_does() {
    for id in ["<@U0MINSUKIM>", "<@U0MINSUKIM|minsu>", "user:U0MINSUKIM"] {
        let (slack, workspace) = slack(Workspace::new());
        fails(&slack, &[("NOTIFIER_USER_MAP", &format!(r#"{{"minsu.kim":"{id}"}}"#))]);
        assert_eq!(direct(&workspace.lock().unwrap()).len(), 1, "{id}");
    }
}

/// By webhook there are no direct messages, and `doctor` and the job's log say so.
#[test]
fn without_a_bot_the_setting_is_named() {
    let slack = Server::start([Reply::ok()]);
    for command in [&["send", "deploy-finished"][..], &["doctor"]] {
        let notifier = Notifier::new(command).job(JOB).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH));
        let ended = notifier.with("NOTIFIER_DIRECT", "on").with("CI_JOB_STATUS", "failed").run();
        let said = ended.stdout + &ended.stderr;
        assert!(said.contains("NOTIFIER_DIRECT is on, but only a bot sends direct messages"), "{said}");
    }
}
