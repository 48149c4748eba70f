//! A digest: what the last days were like. The expected numbers are counted by hand, from the rules in the comments.

use std::fs;
use std::time::Duration;

use regex_lite::Regex;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::support::ended::Ended;
use crate::support::gitlab::{GitLab, deployment, failed, gitlab, with};
use crate::support::harness::{Notifier, WEBHOOK_PATH};
use crate::support::loopback::{Reply, Server};
use crate::support::scratch::scratch;
use crate::support::slack_limits;
use crate::support::workspace::{DEPLOYS, TOKEN, Workspace, slack};

const JOB: &str = "gitlab-18-deploy-on-main";
const HOUR: u64 = 60;

/// Returns a time some minutes ago. The clocks on the wall change between the two weeks, and the zone with them.
fn ago(minutes: u64) -> String {
    let zone = UtcOffset::from_hms(if minutes > 170 * HOUR { 2 } else { 1 }, 0, 0).unwrap();
    (OffsetDateTime::now_utc() - Duration::from_mins(minutes)).to_offset(zone).format(&Rfc3339).unwrap()
}

/// Returns a deployment some hours ago, by the pipeline of some hours ago.
fn deployed(environment: &str, status: &str, hours: u64, pipeline: u64) -> Value {
    let sha = format!("{:08x}{:032x}", 0xabc0_0000_u64 + pipeline, 0);
    let it = deployment(0, environment, status, &sha, (500_000 - pipeline, 1));
    with(with(it, "created_at", ago(hours * HOUR)), "updated_at", ago(hours * HOUR))
}

fn piped(id: u64, status: &str, minutes: u64) -> Value {
    json!({
        "id": id, "status": status, "source": "push", "ref": "main", "sha": "0f1e2d3c",
        "created_at": ago(minutes), "updated_at": ago(minutes.saturating_sub(5)),
    })
}

/// A fortnight of 120 deployments to 6 environments, and of 400 pipelines.
fn fortnight() -> GitLab {
    let mut of = GitLab::new();
    let mut deployments: Vec<(u64, Value)> = Vec::new();
    // Every 4 hours from 2 hours ago, each tenth one failed: 42 (5 failed), before that 18 (1 failed).
    for k in 0..60 {
        let status = if k % 10 == 0 { "failed" } else { "success" };
        deployments.push((2 + 4 * k, deployed("dev", status, 2 + 4 * k, 2 + 4 * k)));
    }
    // Every 8 hours from 5 hours ago, 21 and 9. Two were canceled: 20 (2 failed), before that 8 (1 failed).
    for k in 0..30 {
        let status = match k {
            2 | 22 => "canceled",
            3 | 4 | 25 => "failed",
            _ => "success",
        };
        deployments.push((5 + 8 * k, deployed("staging", status, 5 + 8 * k, 5 + 8 * k)));
    }
    // Every 24 hours from 10 hours ago: 7, before that 3. That of 58 hours ago brought the pipeline of 106 hours ago back, and that of 34
    // hours ago ran once more: 8 (1 rollback).
    for k in 0..10 {
        let hours = 10 + 24 * k;
        deployments.push((hours, deployed("prod", "success", hours, if hours == 58 { 106 } else { hours })));
    }
    deployments.push((33, deployed("prod", "success", 33, 34)));
    // Before these days only: 0, before that 2.
    deployments.extend([200, 210].map(|hours| (hours, deployed("qa", "success", hours, hours))));
    // Review environments: 4 (1 failed), before that 1.
    deployments.extend([20, 21, 22, 190].map(|hours| (hours, deployed("review/a", "success", hours, hours))));
    deployments.push((30, deployed("review/b", "failed", 30, 30)));
    // These are no deployments yet, or none at all.
    for status in ["running", "created", "blocked", "skipped"] {
        deployments.extend((0..3).map(|_| (1, deployed("prod", status, 1, 1))));
    }
    assert_eq!(deployments.len(), 120);
    deployments.sort_by_key(|(hours, _)| std::cmp::Reverse(*hours));
    of.deployments = (1_u64..).zip(deployments).map(|(id, (_, it))| with(it, "id", id)).collect();
    // Every 50 minutes from 20 minutes ago: 202, before that 198. One runs, 10 were canceled (5 in each week), 5 were deleted (before):
    // 196 (11 failed), before that 188 (13 failed).
    for k in (0..400_u64).filter(|k| !(300..305).contains(k)) {
        let status = match k {
            0 => "running",
            _ if k % 40 == 5 => "canceled",
            10..=15 | 100..=102 | 200..=204 | 250..=259 => "failed",
            _ => "success",
        };
        of.pipelines.push(piped(80_000 - k, status, 20 + 50 * k));
    }
    // Not of the default branch, and not a pipeline of its own.
    of.pipelines.push(with(piped(79_001, "failed", 100), "ref", "feature"));
    of.pipelines.push(with(piped(79_002, "failed", 100), "source", "parent_pipeline"));
    // Of the last ten failed pipelines, unit failed in 6, lint in 4, e2e in 1. A job that may fail does not count.
    for k in [10, 11, 12, 13, 14, 15, 100, 101, 102, 200] {
        let mut jobs = Vec::new();
        match k {
            10..=15 => jobs.push(failed(1, "unit", "test", "script_failure")),
            100..=102 => jobs.push(failed(2, "lint", "test", "script_failure")),
            _ => jobs.push(failed(3, "e2e", "test", "script_failure")),
        }
        if k == 12 {
            jobs.push(failed(2, "lint", "test", "script_failure"));
        }
        jobs.push(with(failed(4, "flaky", "test", "script_failure"), "allow_failure", true));
        of.earlier_jobs.insert(80_000 - k, Some(jobs));
    }
    let commit = |title: &str| json!({"title": title, "author_name": "Lee", "message": title});
    of.comparison = json!({"commits": [commit("a"), commit("b"), commit("c"), commit("d")], "diffs": []});
    of
}

fn notifier(server: &Server, settings: &[(&str, &str)]) -> Notifier {
    let notifier = Notifier::new(&["send", "digest"])
        .job(JOB)
        .with("CI_ENVIRONMENT_NAME", "")
        .with("NOTIFIER_TIMEOUT", "120")
        .asks(server);
    settings.iter().fold(notifier, |notifier, (name, value)| notifier.with(name, *value))
}

/// Returns the end of the run, the lines of the message, and the number of requests to GitLab.
fn digest(of: GitLab, settings: &[(&str, &str)]) -> (Ended, Vec<String>, usize) {
    let slack = Server::start([Reply::ok()]);
    let (server, _) = gitlab(of);
    let ended = notifier(&server, settings).with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH)).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let requests = server.requests().len();
    assert!(requests <= 60, "{requests}");
    let Some(request) = slack.requests().into_iter().next() else { return (ended, vec![], requests) };
    let body = request.json();
    slack_limits::check(&body).unwrap();
    let lines = body["blocks"].as_array().unwrap().iter().map(|block| {
        let elements = block["elements"][0]["elements"].as_array().unwrap();
        elements.iter().filter_map(|it| it["text"].as_str()).collect::<String>().trim().to_owned()
    });
    (ended, lines.collect(), requests)
}

fn sha(hours: u64) -> String {
    format!("{:08x}", 0xabc0_0000_u64 + hours)
}

#[test]
fn a_fortnight_has_the_numbers_that_are_counted_by_hand() {
    let (ended, lines, requests) = digest(fortnight(), &[]);
    let last = |ago: &str, hours| format!("last success {ago} ago: {} · main is 4 commits ahead", sha(hours));
    let expected = [
        "shop-api · last 7 days".to_owned(),
        format!("dev: 42 deployments ▲, 5 failed ▲ · {}", last("6 h", 6)),
        format!("staging: 20 deployments ▲, 2 failed ▲ · {}", last("5 h", 5)),
        format!("prod: 8 deployments ▲, 1 rollback ▲ · {}", last("10 h", 10)),
        format!("qa: no deployments ▼ · {}", last("8 days", 200)),
        "review environments: 4 deployments ▲, 1 failed ▲".to_owned(),
        // Red: 300 minutes, 150 minutes, and 110 of the 250 minutes around the beginning. Before: 140 and 500.
        "main: 196 pipelines ▲, 11 failed ▼ · red for about 9 h ▼, at most 5 h at a time".to_owned(),
        "Failed most: unit 6×, lint 4×, e2e 1× (in 10 failed pipelines)".to_owned(),
        "Pipeline #90817".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    assert!(requests <= 24, "{requests}");
}

/// The numbers are the same by the bot, which posts the digest as a message of its own, and in Korean.
#[test]
fn a_bot_posts_it_apart_and_in_korean() {
    let (slack, workspace) = slack(Workspace::new());
    let (server, _) = gitlab(fortnight());
    for settings in [&[][..], &[("NOTIFIER_LANGUAGE", "ko")]] {
        let sent = notifier(&server, settings)
            .with("SLACK_BOT_TOKEN", TOKEN)
            .with("SLACK_API_URL", slack.url("/api"))
            .with("NOTIFIER_CHANNEL", DEPLOYS)
            .run();
        assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    }
    let workspace = workspace.lock().unwrap();
    let messages = workspace.top_level(DEPLOYS);
    assert_eq!((messages.len(), workspace.replies().len()), (2, 0));
    let korean = messages.iter().find(|it| it.text().contains("지난 7일")).unwrap().text().to_owned();
    for line in [
        "📊 [shop-api] 지난 7일",
        "staging: 배포 20회 ▲, 실패 2회 ▲ · 마지막 성공 5시간 전: ",
        "qa: 배포 없음 ▼ · 마지막 성공 8일 전: ",
        "리뷰 환경: 배포 4회 ▲, 실패 1회 ▲",
        "main: 파이프라인 196개 ▲, 실패 11회 ▼ · 약 9시간 동안 실패 상태 ▼, 최장 5시간",
        "많이 실패한 작업: unit 6회, lint 4회, e2e 1회 (실패한 파이프라인 10개 중)",
    ] {
        assert!(korean.contains(line), "{line}\n{korean}");
    }
}

#[test]
fn a_quiet_week_is_one_line() {
    let (_, lines, _) = digest(GitLab::new(), &[]);
    assert_eq!(lines, ["shop-api · last 7 days: no deployments and no pipelines", "Pipeline #90817"]);
    // A project without environments has the part of its pipelines.
    let mut of = GitLab::new();
    of.pipelines.push(piped(80_000, "success", 100));
    let (_, lines, _) = digest(of, &[("NOTIFIER_DAYS", "1")]);
    assert_eq!(lines, ["shop-api · last 24 hours", "main: 1 pipeline ▲", "Pipeline #90817"]);
}

/// What a token may not read is left out, and the rest stays.
#[test]
fn each_refusal_leaves_the_rest() {
    for (routes, lacks, begins) in [
        (vec!["jobs", "pipelines"], "deployments", "main: 196 pipelines ▲"),
        (vec!["deployments"], "pipelines", "dev: 42 deployments ▲, 5 failed ▲ · last success 6 h ago: "),
        (vec!["deployments", "pipelines"], "jobs that failed", "dev: 42 deployments ▲"),
    ] {
        let mut of = fortnight();
        of.takes_job_tokens.clone_from(&routes);
        let (ended, lines, _) = digest(of, &[("NOTIFIER_GITLAB_TOKEN", "")]);
        assert!(lines[1].starts_with(begins), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("ahead")), "{lines:?}");
        assert_eq!(lines.iter().any(|line| line.starts_with("Failed most")), routes.contains(&"jobs"), "{lines:?}");
        assert!(ended.stderr.contains(&format!("the digest lacks {lacks}: GitLab answered ")), "{}", ended.stderr);
    }
    let mut of = fortnight();
    of.takes_job_tokens.clear();
    let (ended, lines, _) = digest(of, &[("NOTIFIER_GITLAB_TOKEN", "")]);
    assert_eq!((ended.last_line(), lines.len()), ("notify: skipped reason=no_numbers", 0));
}

/// The numbers of a line, each with its noun: `42 deployments`, `5 failed`, `6 ×`. The time of red and the ages change with a cut list.
fn numbers(line: &str) -> Vec<(String, u64)> {
    let counted = Regex::new(r"([0-9,]+) ?(deployment|failed|rollback|pipeline|×)").unwrap();
    let number = |text: &str| text.replace(',', "").parse().unwrap();
    counted.captures_iter(line).map(|it| (it[2].to_owned(), number(&it[1]))).collect()
}

/// From any request on, GitLab stops answering well. What was read stays true: a line has at most the numbers of the whole message.
#[test]
fn an_answer_that_breaks_off_leaves_true_lines() {
    let (_, whole, count) = digest(fortnight(), &[]);
    for from in 1..=count + 1 {
        for (status, body) in [(429, "Retry later"), (500, "{}"), (200, "[{"), (404, "{}"), (403, "{}")] {
            let mut of = fortnight();
            of.answers_from = Some((from, status, body));
            let (ended, lines, requests) = digest(of, &[]);
            for line in lines.iter().filter(|line| !line.starts_with("of the last ")) {
                // In one pipeline no job failed most.
                let name_of = |line: &str| line.split(": ").next().unwrap().replace(" most", "");
                let same = whole.iter().find(|it| name_of(it) == name_of(line));
                let same = same.unwrap_or_else(|| panic!("{from} {status}: {line}"));
                let most = numbers(same);
                for (noun, number) in numbers(line) {
                    let is_within = most.iter().any(|(of, most)| *of == noun && number <= *most);
                    assert!(is_within, "{from} {status}: {line} / {same}");
                }
            }
            assert_eq!(lines.is_empty(), from == 1, "{from} {status}: {lines:?}");
            assert_eq!(lines == whole, from > count, "{from} {status}: {lines:?}");
            assert_eq!(ended.stderr.contains("the digest lacks"), from <= count, "{from} {status}: {}", ended.stderr);
            assert!(requests <= 60 && ended.status == 0, "{requests}");
        }
    }
}

#[test]
fn more_than_a_thousand_are_said_to_be_the_last_thousand() {
    let mut of = GitLab::new();
    of.deployments = (1..=1200).map(|id| with(deployed("dev", "success", 1, 1), "id", id)).collect();
    of.pipelines = (1..=1200).map(|id| piped(id, "success", 100)).collect();
    let (_, lines, requests) = digest(of, &[]);
    assert!(lines[1].starts_with("dev: 1,000 deployments · last success"), "{lines:?}");
    assert_eq!(lines[2..5], ["main: 1,000 pipelines", "of the last 1,000 deployments", "of the last 1,000 pipelines"]);
    assert!(requests <= 24, "{requests}");
}

/// Thirty projects are two requests each. The worst is first, and one that cannot be read is said to be.
#[test]
fn several_projects_are_one_message() {
    let mut of = GitLab::new();
    let names: Vec<String> = (0..29).map(|number| format!("shop/p{number:02}")).collect();
    for (number, name) in names.iter().enumerate() {
        let deployments = (0..=number).map(|id| with(deployed("prod", "success", 5, 5), "id", id as u64 + 1)).collect();
        let branch = if number == 7 { "master" } else { "main" };
        let status = if number == 3 { "failed" } else { "success" };
        let pipelines =
            vec![with(piped(10, status, 120), "ref", branch), with(piped(9, "success", 300), "ref", branch)];
        of.others.insert(name.clone().leak(), (pipelines, deployments));
    }
    let projects = names.iter().map(|it| if it == "shop/p07" { "shop/p07@master".to_owned() } else { it.clone() });
    let projects = projects.chain(["shop/gone".to_owned()]).collect::<Vec<_>>().join(", ");
    let (ended, lines, requests) = digest(of, &[("NOTIFIER_PROJECTS", &projects)]);
    assert_eq!((lines.len(), requests), (32, 60), "{lines:?}");
    assert_eq!(lines[1], "shop/gone: could not be read");
    assert_eq!(lines[2], "shop/p03: 4 deployments · main: 2 pipelines ▲, 1 failed ▲ · red for about 2 h ▲ · red now");
    assert!(lines.contains(&"shop/p07: 8 deployments · master: 2 pipelines ▲".to_owned()), "{lines:?}");
    assert!(ended.stderr.contains("the digest lacks shop/gone: GitLab answered 404"), "{}", ended.stderr);
}

#[test]
fn odd_settings_are_named() {
    let (ended, lines, _) = digest(GitLab::new(), &[("NOTIFIER_DAYS", "90")]);
    assert!(ended.stderr.contains("NOTIFIER_DAYS is not a whole number from 1 to 31"), "{}", ended.stderr);
    assert!(lines[0].contains("last 7 days"), "{lines:?}");
    let (ended, lines, _) = digest(GitLab::new(), &[("NOTIFIER_EVENTS", "!digest")]);
    assert_eq!((ended.last_line(), lines.len()), ("notify: skipped reason=event_not_selected", 0));
    let many = (0..40).map(|number| format!("a/b{number}")).collect::<Vec<_>>().join(",");
    let (ended, lines, requests) = digest(GitLab::new(), &[("NOTIFIER_PROJECTS", &many)]);
    assert_eq!((ended.last_line(), lines.len(), requests), ("notify: skipped reason=no_numbers", 0, 60));
    assert!(ended.stderr.contains("NOTIFIER_PROJECTS has more than 30 projects"), "{}", ended.stderr);
}

#[test]
fn an_entry_that_is_no_path_is_named_and_doctor_checks_the_others() {
    let mut of = GitLab::new();
    of.others.insert("shop/api", (vec![], vec![]));
    let (ended, lines, requests) = digest(
        of,
        &[("NOTIFIER_PROJECTS", r#"["..", "web", "a b/c", "..@x/y", "shop/web@", "shop/api", "shop/api"]"#)],
    );
    assert_eq!((lines.len(), requests), (3, 2), "{lines:?}");
    assert_eq!(ended.stderr.matches("is not the path of a project").count(), 5, "{}", ended.stderr);
    let mut of = GitLab::new();
    of.others.insert("shop/api", (vec![with(piped(10, "success", 120), "ref", "master")], vec![]));
    let said = doctor(of, &[("NOTIFIER_PROJECTS", "shop/api@master,shop/api,shop/gone")]);
    assert!(said.contains("can read shop/api"), "{said}");
    assert!(said.contains("shop/api: it has no finished pipelines of main; if its branch has another name"), "{said}");
    assert!(said.contains("shop/gone: GitLab answered 404"), "{said}");
}

/// Runs `doctor` in the digest's job. Returns its checklist.
fn doctor(of: GitLab, settings: &[(&'static str, &str)]) -> String {
    let (server, _) = gitlab(of);
    let mut doctor = Notifier::new(&["doctor"]).job(JOB).asks(&server).with("NOTIFIER_DAYS", "7");
    for (name, value) in settings {
        doctor = doctor.with(name, *value);
    }
    doctor.run().stdout
}

/// In the digest's job, `doctor` has the digest's lines, and none of deployments and failures.
#[test]
fn doctor_checks_what_the_digest_reads() {
    let said = doctor(fortnight(), &[]);
    assert!(said.contains("[ok]   digest: [shop-api] last 7 days\n"), "{said}");
    for readable in ["deployments", "pipelines", "the jobs of a pipeline", "the commits between two commits"] {
        assert!(said.contains(&format!("[ok]   GitLab: can read {readable}\n")), "{readable}: {said}");
    }
    for other in ["deploy-failed", "NOTIFIER_MENTION", "pipeline-finished"] {
        assert!(!said.contains(other), "{other}: {said}");
    }
    let said = doctor(fortnight(), &[("NOTIFIER_GITLAB_TOKEN", ""), ("NOTIFIER_EVENTS", "!digest")]);
    assert!(said.contains("[note] digest: [shop-api] last 7 days is not sent (event_not_selected)"), "{said}");
    assert!(said.contains("the digest lacks how far the default branch is ahead"), "{said}");
    // An invalid number of days is one fault, and the job is still the digest's.
    let said = doctor(fortnight(), &[("NOTIFIER_DAYS", "40")]);
    assert!(said.contains("[!!]   settings: NOTIFIER_DAYS") && said.contains("[ok]   digest: "), "{said}");
    for setting in [("NOTIFIER_PROJECTS", "shop/api"), ("NOTIFIER_GITLAB_TOKEN", "")] {
        let mut of = GitLab::new();
        of.takes_job_tokens.clear();
        let said = doctor(of, &[("NOTIFIER_GITLAB_TOKEN", ""), setting]);
        assert!(said.contains("[!!]   GitLab: the digest has no numbers, so it is not sent"), "{said}");
    }
    let mut of = fortnight();
    of.answers_from = Some((1, 403, "{}"));
    let said = doctor(of, &[("NOTIFIER_LANGUAGE", "ko")]);
    assert!(
        said.contains("요약에 환경이 나오지 않습니다") && said.contains("많이 실패한 작업이 나오지 않습니다"),
        "{said}"
    );
}

/// The state at the beginning counts, and a retry of an old pipeline does not change it.
#[test]
fn the_branch_is_as_red_as_it_was() {
    const DAY: u64 = 24 * HOUR;
    let lines_of = |pipelines: Vec<Value>, days: &str| {
        let mut of = GitLab::new();
        of.pipelines = pipelines;
        digest(of, &[("NOTIFIER_DAYS", days)]).1[1..].to_vec()
    };
    // Failed 30 days ago and retried today, but green since 29 days ago.
    let retried = with(piped(1, "failed", 30 * DAY), "updated_at", ago(10));
    let green = vec![retried, piped(2, "success", 29 * DAY), piped(3, "success", 3 * DAY)];
    assert_eq!(lines_of(green, "7")[0], "main: 1 pipeline ▲");
    // Failed on Friday, and nobody has repaired it since.
    let red = vec![piped(1, "success", 4 * DAY), piped(2, "failed", 3 * DAY)];
    assert_eq!(lines_of(red, "1")[0], "main: no pipelines · red for about 24 h = · red now");
    // Failed 20 days ago and repaired 3 days ago: 4 days of these.
    let repaired = vec![piped(1, "failed", 20 * DAY), piped(2, "success", 3 * DAY)];
    assert_eq!(lines_of(repaired, "7")[0], "main: 1 pipeline ▲ · red for about 4 days ▼");
}

/// A deployment that waited for approval counts when it ran. A missing part of one entry costs no other.
#[test]
fn the_last_success_is_the_one_that_ended_last() {
    let mut of = GitLab::new();
    let late = with(with(deployed("prod", "success", 120, 5), "id", 5_u64), "updated_at", ago(60));
    let early = with(deployed("prod", "success", 60, 6), "id", 6_u64);
    let odd = with(
        with(with(deployed("prod", "success", 1, 1), "id", 7_u64), "created_at", Value::Null),
        "updated_at",
        Value::Null,
    );
    of.deployments = vec![late, early, odd];
    of.pipelines = vec![piped(1, "success", 100), with(piped(2, "success", 100), "source", Value::Null)];
    let (_, lines, _) = digest(of, &[("NOTIFIER_GITLAB_TOKEN", "")]);
    assert_eq!(lines[1], format!("prod: 2 deployments ▲ · last success 1 h ago: {}", sha(5)));
    assert_eq!(lines[2], "main: 2 pipelines ▲");
}

#[test]
fn projects_need_the_access_token() {
    let mut of = GitLab::new();
    of.others.insert("shop/api", (vec![], vec![]));
    let (ended, lines, requests) = digest(of, &[("NOTIFIER_PROJECTS", "shop/api"), ("NOTIFIER_GITLAB_TOKEN", "")]);
    assert_eq!((ended.last_line(), lines.len(), requests), ("notify: skipped reason=no_numbers", 0, 0));
    assert!(ended.stderr.contains("NOTIFIER_PROJECTS needs NOTIFIER_GITLAB_TOKEN"), "{}", ended.stderr);
}

/// Without a destination GitLab is not asked, so the missing webhook is the reason.
#[test]
fn a_missing_webhook_is_named() {
    for (value, reason) in [("", "no_webhook"), ("$TEAM_HOOK", "bad_webhook")] {
        let (server, _) = gitlab(fortnight());
        let ended = notifier(&server, &[]).with("SLACK_WEBHOOK_URL", value).run();
        assert_eq!(ended.last_line(), format!("notify: skipped reason={reason}"), "{}", ended.stderr);
        assert!(ended.stderr.contains("SLACK_WEBHOOK_URL") && server.requests().is_empty(), "{}", ended.stderr);
    }
}

/// Returns a GitLab with these projects, each with a deployment and a pipeline.
fn with_projects(paths: &[&'static str]) -> GitLab {
    let mut of = GitLab::new();
    for path in paths {
        let pipelines = vec![with(piped(10, "success", 120), "ref", "main")];
        of.others.insert(path, (pipelines, vec![deployed("prod", "success", 5, 5)]));
    }
    of
}

/// A project whose answer breaks off costs no other project its line.
#[test]
fn one_broken_project_leaves_the_others() {
    for list in ["projects/shop%2Fp01/deployments", "projects/shop%2Fp01/pipelines"] {
        let mut of = with_projects(&["shop/p00", "shop/p01", "shop/p02"]);
        of.raw.insert(list, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[{".to_vec());
        let (ended, lines, _) = digest(of, &[("NOTIFIER_PROJECTS", "shop/p00,shop/p01,shop/p02")]);
        assert!(lines[1].starts_with("shop/p01: ") && lines[1].contains("could not be read"), "{lines:?}");
        for project in ["shop/p00", "shop/p02"] {
            assert!(lines.contains(&format!("{project}: 1 deployment · main: 1 pipeline ▲")), "{lines:?}");
        }
        let lacks = if list.ends_with("pipelines") { "pipelines of shop/p01" } else { "shop/p01" };
        assert!(ended.stderr.contains(&format!("the digest lacks {lacks}: the connection to ")), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("the digest lacks").count(), 1, "{}", ended.stderr);
    }
}

/// An expired token is refused once, and the warning names all projects.
#[test]
fn an_expired_token_is_one_warning() {
    let mut of = with_projects(&["shop/p00", "shop/p01", "shop/p02"]);
    of.answers_from = Some((1, 401, "{}"));
    let (ended, lines, requests) = digest(of, &[("NOTIFIER_PROJECTS", "shop/p00,shop/p01,shop/p02")]);
    assert_eq!((lines.len(), requests), (0, 1), "{}", ended.stderr);
    let expected = "the digest lacks shop/p00, shop/p01, shop/p02: GitLab refused NOTIFIER_GITLAB_TOKEN (401): it expired or was revoked";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

/// A token that is a variable without a value is not sent.
#[test]
fn an_unexpanded_token_is_named() {
    let (ended, lines, requests) = digest(
        with_projects(&["shop/api"]),
        &[("NOTIFIER_PROJECTS", "shop/api"), ("NOTIFIER_GITLAB_TOKEN", "$GL_TOKEN")],
    );
    assert_eq!((lines.len(), requests), (0, 0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("NOTIFIER_GITLAB_TOKEN holds a variable that GitLab did not expand"),
        "{}",
        ended.stderr
    );
    let empty = scratch().join("token");
    fs::write(&empty, " \n").unwrap();
    for (value, problem) in [
        ("/no/such/file", "names a file that cannot be read"),
        (empty.to_str().unwrap(), "names an empty file"),
        ("glpat-one\nglpat-two", "has a blank, a line break or a control character inside"),
    ] {
        let (ended, lines, _) = digest(fortnight(), &[("NOTIFIER_GITLAB_TOKEN", value)]);
        assert!(ended.stderr.contains(&format!("NOTIFIER_GITLAB_TOKEN {problem}")), "{}", ended.stderr);
        // The job token reads the rest.
        assert!(lines[1].starts_with("dev: 42 deployments"), "{lines:?}");
    }
    let (ended, ..) = digest(fortnight(), &[("NOTIFIER_GITLAB_TOKEN", "-")]);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

/// A long path keeps its end, spaces around `@` do not count, and an entry with a token is not printed.
#[test]
fn projects_are_told_apart() {
    let long = ["billing-api", "ledger-api"]
        .map(|name| format!("shop/apps/backend/payments/core/very-long-team-name/services/{name}"));
    let mut of = with_projects(&["shop/api"]);
    for path in &long {
        of.others.insert(path.clone().leak(), (vec![], vec![]));
    }
    let entry = "https://oauth2:glpat-AbCdEfGhIjKlMnOpQrSt@gitlab.example/a/b";
    let projects = format!("shop/api @ main,{},{entry}", long.join(","));
    let (ended, lines, _) = digest(of, &[("NOTIFIER_PROJECTS", &projects)]);
    for end in ["services/billing-api: ", "services/ledger-api: ", "shop/api: 1 deployment · main: 1 pipeline ▲"] {
        assert_eq!(lines.iter().filter(|line| line.contains(end)).count(), 1, "{end} {lines:?}");
    }
    assert!(!ended.stderr.contains("glpat-"), "{}", ended.stderr);
    assert!(ended.stderr.contains("`[an entry that looks like a secret]` is not the path"), "{}", ended.stderr);
}

/// A server that ignores blocks gets every line in the text.
#[test]
fn a_server_that_shows_only_text_gets_each_project() {
    let paths: Vec<&'static str> = (0..30).map(|number| &*format!("shop/p{number:02}").leak()).collect();
    let slack = Server::start([Reply::status(200, "ok")]);
    let (server, _) = gitlab(with_projects(&paths));
    let sent = notifier(&server, &[("NOTIFIER_PROJECTS", &paths.join(","))])
        .with("NOTIFIER_ALLOW_HOSTS", "127.0.0.1")
        .with("SLACK_WEBHOOK_URL", slack.url(WEBHOOK_PATH))
        .run();
    assert_eq!(sent.last_line(), "notify: sent", "{}", sent.stderr);
    let text = slack.only_request().json()["text"].as_str().unwrap().to_owned();
    for path in paths {
        assert!(text.contains(&format!("\n{path}: 1 deployment · main: 1 pipeline ▲")), "{path}: {text}");
    }
}

/// A project without deployments, whose pipelines cannot be read, says the half that is known.
#[test]
fn half_a_quiet_week_is_said() {
    let mut of = GitLab::new();
    of.takes_job_tokens = vec!["deployments"];
    let (_, lines, _) = digest(of, &[("NOTIFIER_GITLAB_TOKEN", "")]);
    assert_eq!(lines, ["shop-api · last 7 days", "no deployments", "Pipeline #90817"]);
}

/// The settings file can add its own text.
#[test]
fn the_settings_file_words_a_digest() {
    let checkout = scratch();
    let file = r#"{"events": {"digest": {"text": "see you on Monday"}}}"#;
    fs::write(checkout.join(".pipeline-notifier.json"), file).unwrap();
    let (_, lines, _) = digest(fortnight(), &[("CI_PROJECT_DIR", checkout.to_str().unwrap())]);
    assert_eq!(lines[0], "shop-api · last 7 days · see you on Monday");
}
