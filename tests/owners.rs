//! The owners of jobs, who are mentioned if their jobs fail.

use crate::new_failures::{TEAM, after, close};
use crate::support::gitlab::{GitLab, gitlab, job};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::slack_limits::mentions;

#[test]
fn the_owners_of_new_failures_are_mentioned_once_each() {
    let of = |owners: &str| close(after(&["unit", "화면 시험 1/2", "lint"], &["lint"]), &[("NOTIFIER_OWNERS", owners)]);
    // The first match wins; blanks around the signs do not count.
    assert_eq!(of("un*=S0FIRST01,unit=S0SECOND1,*=S0ALL0001").mentions, [TEAM, "S0FIRST01", "S0ALL0001"]);
    assert_eq!(of("화면 시험 = S0SCREEN1 + U0LEEJIWOO\nunit=U0LEEJIWOO").mentions, [TEAM, "S0SCREEN1", "U0LEEJIWOO"]);
    // The owner of an old failure has been mentioned before.
    assert_eq!(of("lint=S0LINT001").mentions, [TEAM]);
    for (owners, warning) in [
        ("unit=@tests", "NOTIFIER_OWNERS: `@tests` mentions nobody"),
        ("unit", "NOTIFIER_OWNERS: `unit` is ignored; write JOB=MENTION+MENTION"),
        ("unit=", "NOTIFIER_OWNERS: `unit=` is ignored"),
        ("=S0ALL0001", "NOTIFIER_OWNERS: `=S0ALL0001` is ignored"),
    ] {
        let closed = of(owners);
        assert!(closed.log.contains(warning), "{owners}: {}", closed.log);
        assert_eq!(closed.mentions, [TEAM], "{owners}");
    }
}

#[test]
fn at_most_five_are_mentioned() {
    let eleven = (0..11).map(|it| format!("U0PERSON{it:02}")).collect::<Vec<_>>().join("+");
    let owners = format!("unit={eleven}");
    let closed = close(after(&["unit"], &["lint"]), &[("NOTIFIER_OWNERS", &owners), ("NOTIFIER_MENTION", "here")]);
    assert_eq!(closed.mentions.len(), 6, "{:?}", closed.mentions);
    assert_eq!(closed.lines.last().unwrap().trim(), "and 6 more");
}

/// Each hook mentions the owners of its own job, and asks GitLab for nothing more.
#[test]
fn the_owners_of_a_hooks_job_are_mentioned() {
    let slack = Server::start([Reply::ok()]);
    let (server, _) = gitlab(after(&[], &["review"]));
    let ended = Notifier::new(&["send", "deploy-finished"])
        .job("gitlab-18-deploy-on-main")
        .without("NOTIFIER_GITLAB_TOKEN")
        .with("CI_JOB_NAME", "review: [eu]")
        .with("CI_JOB_STATUS", "failed")
        .with("NOTIFIER_OWNERS", "review=S0REVIEW1,*=S0ALL0001")
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .asks(&server)
        .run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(mentions(&slack.only_request().json()), ["S0REVIEW1"]);
    assert!(server.requests().len() <= 1, "{:?}", server.requests());
}

#[test]
fn doctor_says_who_owns_each_job() {
    let mut of = GitLab::new();
    for (id, name) in [(1, "build"), (2, "unit 1/2"), (3, "unit 2/2"), (4, "화면 시험")] {
        of.jobs.push(job(id, name, "test", "success"));
    }
    of.trigger_jobs.push(job(5, "docs", "docs", "success"));
    let (server, _) = gitlab(of);
    let doctor = |language: &str| {
        let owners = "unit=S0TESTS01+U0LEEJIWOO, 화면*=S0SCREEN1, unit*=S0LATE001, e2e=S0E2E0001, docs=@nobody";
        let doctor = Notifier::new(&["doctor"])
            .job("gitlab-18-deploy-on-main")
            .with("NOTIFIER_OWNERS", owners)
            .with("NOTIFIER_LANGUAGE", language)
            .asks(&server);
        doctor.run().stdout
    };
    let english = doctor("en");
    for line in [
        "[ok]   owners: unit=S0TESTS01+U0LEEJIWOO: unit 1/2, unit 2/2",
        "[ok]   owners: 화면*=S0SCREEN1: 화면 시험",
        "[note] owners: unit*=S0LATE001: an entry before it has its jobs",
        "[note] owners: e2e=S0E2E0001: matches no job of this pipeline",
        "[note] owners: nobody: build, notify-finish",
        "[!!]   settings: NOTIFIER_OWNERS: `@nobody` mentions nobody",
    ] {
        assert!(english.contains(line), "{line}\n{english}");
    }
    assert!(doctor("ko").contains("[note] 담당자: 담당자 없음: build, notify-finish"));
    let unknown = Notifier::new(&["doctor"]).job("gitlab-18-deploy-on-main").with("NOTIFIER_OWNERS", "unit=S0TESTS01");
    assert!(unknown.run().stdout.contains("[note] owners: this pipeline's jobs are unknown"));
}

/// A repository's file may not say who owns a job: a group sets it once.
#[test]
fn the_settings_file_has_no_owners() {
    let checkout = crate::support::scratch::scratch();
    std::fs::write(checkout.join(".pipeline-notifier.json"), r#"{"owners": "unit=S0FILE001"}"#).unwrap();
    let settings = [("CI_PROJECT_DIR", checkout.to_str().unwrap()), ("NOTIFIER_OWNERS", "")];
    let closed = close(after(&["unit"], &["lint"]), &settings);
    assert!(closed.log.contains("`owners` is unknown"), "{}", closed.log);
    assert_eq!(closed.mentions, [TEAM]);
}

#[test]
fn a_matrix_job_with_a_comma_has_owners() {
    let owners = ("NOTIFIER_OWNERS", r#"["e2e: [eu, blue]=S0BLUE001", "e2e=user: U0LEEJIWOO"]"#);
    let closed = close(after(&["e2e: [eu, blue]", "e2e: [eu, red]"], &["lint"]), &[owners]);
    assert_eq!(closed.mentions, [TEAM, "S0BLUE001", "U0LEEJIWOO"]);
    assert!(!closed.log.contains("warning"), "{}", closed.log);
}
