//! The message that the module returns to the host. Serialize only.

mod block_kit;
mod blocks;
mod changes;
mod details;
mod digest;
// Only for the playground: jobs check nothing, and each of them downloads the module.
mod emoji;
mod failed_tests;
#[cfg(any(test, all(target_arch = "wasm32", target_os = "unknown")))]
pub(crate) mod limits;
mod links;
mod logs;
mod mrkdwn;
mod project_page;
mod red_since;
mod runtime_logs;
mod summary;

use std::mem;

use serde::Serialize;

use crate::CONTRACT_VERSION;
use crate::contract::context::Context;
use crate::contract::state::State;
use crate::contract::warning::Warning;
use crate::facts::mentions::{self, Mention, Mentions};
use crate::facts::{Facts, selection};
use crate::message::block_kit::{Block, Body, Element};
use crate::message::blocks::{blocks, extra_lines};
use crate::message::details::{MAX_NAME, details};
use crate::message::links::Link;
use crate::message::summary::{failures_in_a_row, line, status};
use crate::text;

/// Version 1 of the message.
#[derive(Debug, Default, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub(crate) struct Message {
    version: u64,
    /// The body that the host posts unchanged.
    message: Body,
    /// The first link and the mentions as text, for a server or a refusal that leaves the blocks out.
    #[serde(skip_serializing_if = "String::is_empty")]
    link_text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mention_text: String,
    /// The position of the block with the mentions.
    #[serde(skip_serializing_if = "Option::is_none")]
    mention_block: Option<usize>,
    /// The reason not to send it, as one word.
    skip: Option<&'static str>,
    /// True if somebody should come and look. A bot then shows its reply in the channel too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    failure: bool,
    /// True if the people mentioned by an earlier failure should know that it is over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recovery: bool,
    /// True if the pipeline waits for somebody or something. A bot then shows its reply in the channel too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    waiting: bool,
    /// The Slack ID of the person to whom a bot writes too.
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<String>,
    /// True if a bot posts it at the bottom of the channel, because nobody looks at the pipeline's message any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    apart: bool,
    /// The verdict on the pipeline, `failed` or `success`. The next message compares with it.
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'static str,
    /// The status in the headline.
    status: String,
    /// The number of pipelines of the ref that failed in a row up to this one. `None` if this one did not fail, or if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures_in_a_row: Option<u64>,
    /// One line for the job log.
    summary: String,
    /// The environment of the message. The host chooses channels and operators by it.
    environment: Option<String>,
    /// For GitLab's job annotations.
    links: Vec<Annotation>,
    /// The mentions, for people who check the settings: Slack's IDs, `here`, `channel`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
    /// Warnings about settings or variables, for the job log.
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
struct Annotation {
    label: String,
    url: String,
}

impl Message {
    #[inline(never)]
    pub(crate) fn of(context: &Context) -> Self {
        let mut warnings = Vec::new();
        let facts = Facts::of(context, &mut warnings);
        let skip = selection::skip_reason(&facts, &mut warnings);
        let links = links::links(&facts, &mut warnings);
        let mentions = mentions::mentions(&facts, &mut warnings);
        let mentioned = mentions.shown.iter().map(|mention| mention.id().to_owned()).collect();
        let status = status(&facts, &mut warnings);
        let summary = line(&facts, &status, &str::to_owned);
        let text_only = facts.context.text_only;
        let show = if text_only { mrkdwn::markdown } else { mrkdwn::top_level };
        let mut text = format!("{} {}", facts.emoji().1, line(&facts, &status, &show));
        let numbers = digest::lines(&facts);
        digest::add_to(&mut text, &facts, &numbers, show);
        let label = |link: &Link| if text_only { mrkdwn::markdown_label(&link.label) } else { link.label.clone() };
        let mut link_text = links.first().map(|link| mrkdwn::link(&link.url, &label(link))).unwrap_or_default();
        let mut mention_text = mention_text(&facts, &mentions);
        if text_only {
            for part in [&mut link_text, &mut mention_text].into_iter().filter(|it| !it.is_empty()) {
                text = text + " " + &mem::take(part);
            }
        }
        let extra = (numbers, extra_lines(&facts, &mut warnings));
        let mut blocks = blocks(&facts, &status, &links, extra, &mentions);
        // The mentions are the last block before the log.
        let mention_block = (!mentions.shown.is_empty()).then(|| blocks.len() - 1);
        // The operators' channel has other readers.
        let shows_logs =
            context.shows_logs && facts.state.is_failure() && context.operators.is_none() && context.direct.is_none();
        blocks.extend(logs::block(&facts, true).filter(|_| shows_logs));
        let body = Body {
            blocks,
            attachments: details(&facts, &text).filter(|_| !facts.is_digest()).into_iter().collect(),
            text,
            unfurl_links: false,
            unfurl_media: false,
        };
        Self {
            version: CONTRACT_VERSION,
            message: body,
            link_text,
            mention_text,
            mention_block,
            skip,
            failure: facts.state.is_failure(),
            recovery: facts.state.is_recovery(),
            waiting: facts.state == State::PipelineWaiting,
            direct: mentions::direct(&facts),
            apart: facts.is_apart(),
            verdict: facts.state.verdict(facts.action),
            status,
            failures_in_a_row: failures_in_a_row(&facts),
            summary,
            environment: facts.environment.name.clone(),
            links: links
                .into_iter()
                .map(|Link { label, url }| Annotation { label, url: url.as_str().to_owned() })
                .collect(),
            mentions: mentioned,
            warnings,
        }
    }

    /// The ends of logs as a message of their own: `shop-api · prod · log of deploy`.
    #[inline(never)]
    pub(crate) fn of_logs(context: &Context) -> Self {
        let facts = Facts::of(context, &mut Vec::new());
        let status = facts.language.log_of(&logs::jobs(&facts));
        let place: Vec<String> = facts
            .project()
            .map(|it| text::shown(it, MAX_NAME))
            .into_iter()
            .chain(facts.environment.name.clone())
            .collect();
        let line = place.iter().chain([&status]).cloned().collect::<Vec<_>>().join(" · ");
        let headline = Block::line(vec![Element::text(line.clone())]);
        // One log has its name in the headline. A server that shows only text would get a headline without a log.
        let block = logs::block(&facts, logs::count(&facts) > 1).filter(|_| !context.text_only);
        Self {
            version: CONTRACT_VERSION,
            skip: block.is_none().then_some("no_log").or_else(|| selection::log_skip_reason(&facts)),
            message: Body {
                text: mrkdwn::top_level(&line),
                blocks: [headline].into_iter().chain(block).collect(),
                ..Body::default()
            },
            status,
            summary: line,
            environment: facts.environment.name,
            ..Self::default()
        }
    }

    #[inline(never)]
    pub(crate) fn encode(&self) -> Vec<u8> {
        // JSON can hold everything here: strings, maps with string keys, and numbers.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Returns the mentions as Slack's text has them (<https://docs.slack.dev/messaging/formatting-message-text/#mentions>).
fn mention_text(facts: &Facts, mentions: &Mentions) -> String {
    let written = |mention: &Mention| match mention {
        Mention::User(id) => format!("<@{id}>"),
        Mention::Group(id) => format!("<!subteam^{id}>"),
        Mention::All(range) => format!("<!{range}>"),
    };
    let more = (mentions.more > 0).then(|| facts.language.and_more_people(mentions.more));
    mentions.shown.iter().map(written).chain(more).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::contract::context::context;

    fn message(json: Value) -> Value {
        serde_json::from_slice(&Message::of(&context(json)).encode()).unwrap()
    }

    fn ci() -> Value {
        json!({
            "CI_PROJECT_NAME": "shop-api", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main", "CI_COMMIT_SHORT_SHA": "1a2b3c4d",
            "GITLAB_USER_NAME": "Kim Minsu", "CI_JOB_STATUS": "failed", "CI_SERVER_URL": "https://g.example",
        })
    }

    #[test]
    fn the_text_says_it_all_by_itself() {
        let text = |language: &str| {
            message(
                json!({"event": "deploy-finished", "ci": ci(), "settings": {"language": language}}),
            )["message"]["text"]
                .clone()
        };
        assert_eq!(text("en"), "❌ [shop-api] prod: deploy failed, by Kim Minsu (main 1a2b3c4d)");
        assert_eq!(text("ko"), "❌ [shop-api] prod: 배포 실패 · 실행자 Kim Minsu (main 1a2b3c4d)");
    }

    #[test]
    fn missing_variables_drop_their_part_and_nothing_is_empty() {
        let empty = message(json!({"event": "pipeline-started"}));
        assert_eq!(empty["message"]["text"], "▶️ pipeline started");
        assert_eq!(empty["message"]["attachments"], json!([]));
        assert_eq!(empty["message"]["blocks"].as_array().unwrap().len(), 1);
        assert_eq!(empty["links"], json!([]));
    }

    #[test]
    fn a_branch_that_is_the_environment_is_said_once() {
        let mut ci = ci();
        ci["CI_COMMIT_BRANCH"] = json!("feature/x");
        let message = message(json!({"event": "deploy-started", "ci": ci}));
        assert_eq!(message["message"]["text"], "🚀 [shop-api] feature/x: deploy started, by Kim Minsu (1a2b3c4d)");
        assert!(!message["message"]["attachments"][0]["blocks"].to_string().contains("feature/x"));
    }

    #[test]
    fn the_environment_is_one_line() {
        let mut ci = ci();
        ci["DEPLOY_ENVIRONMENT"] = json!("a\nb");
        assert_eq!(message(json!({"event": "deploy-started", "ci": ci}))["environment"], json!("a b"));
    }

    #[test]
    fn a_failed_pipeline_is_named_by_the_stage_that_failed() {
        let text = |stages: &[&str], language: &str| {
            let jobs: Vec<Value> = stages.iter().map(|stage| json!({"name": "x", "stage": stage})).collect();
            let settings = json!({"language": language});
            let context =
                json!({"event": "pipeline-finished", "result": "failed", "failed_jobs": jobs, "settings": settings});
            message(context)["message"]["text"].clone()
        };
        assert_eq!(text(&["build", "build"], "en"), "❌ build failed (x, x)");
        assert_eq!(text(&["build"], "ko"), "❌ 빌드 실패 (x)");
        assert_eq!(text(&["lint"], "ko"), "❌ lint 실패 (x)");
        assert_eq!(text(&["build", "test", "build"], "en"), "❌ pipeline failed (x, x, and 1 more)");
        assert_eq!(text(&[], "en"), "❌ pipeline failed");
    }

    /// The headline of a job's message, and its one-line text.
    fn said(event: &str, changes: &Value) -> (String, String) {
        let mut ci = ci();
        ci.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let message = message(json!({"event": event, "ci": ci}))["message"].clone();
        let elements = message["blocks"][0]["elements"][0]["elements"].as_array().unwrap();
        let headline = elements.iter().filter_map(|it| it["text"].as_str()).collect::<String>();
        (headline.trim().to_owned(), message["text"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_job_is_named_where_it_is_not_plainly_the_only_one() {
        let headline =
            |job: &str, stage: &str| said("deploy-started", &json!({"CI_JOB_NAME": job, "CI_JOB_STAGE": stage})).0;
        assert_eq!(headline("deploy", "release"), "shop-api · prod · deploy started");
        assert_eq!(headline("release", "release"), "shop-api · prod · deploy started");
        assert_eq!(headline("prod", "release"), "shop-api · prod · deploy started");
        assert_eq!(headline("deploy: [eu-west-1]", "deploy"), "shop-api · prod · deploy started (deploy: [eu-west-1])");
        let text = said("deploy-finished", &json!({"CI_JOB_NAME": "review", "CI_JOB_STAGE": "deploy"})).1;
        assert_eq!(text, "❌ [shop-api] prod: deploy failed (review), by Kim Minsu (main 1a2b3c4d)");
    }

    #[test]
    fn a_named_pipeline_says_its_name() {
        let mut ci = ci();
        ci["CI_PIPELINE_NAME"] = json!("Nightly *build*");
        let details = message(json!({"event": "pipeline-started", "ci": ci}))["message"]["attachments"].to_string();
        assert!(details.contains("Pipeline  Nightly ∗build∗"), "{details}");
    }

    #[test]
    fn only_a_deployment_is_named_one() {
        let of = |action: &str, status: &str| {
            let ci = json!({
                "CI_JOB_NAME": "check", "CI_ENVIRONMENT_ACTION": action, "CI_JOB_STATUS": status,
                "CI_ENVIRONMENT_URL": "https://shop.example",
            });
            said("deploy-finished", &ci).0
        };
        assert_eq!(of("start", "success"), "shop-api · prod · deploy succeeded (check)");
        assert_eq!(of("stop", "success"), "shop-api · prod · environment stopped (check)");
        assert_eq!(of("stop", "failed"), "shop-api · prod · stop failed (check)");
        for action in ["verify", "prepare", "access"] {
            assert_eq!(of(action, "success"), "shop-api · prod · check succeeded");
            assert_eq!(of(action, "failed"), "shop-api · prod · check failed");
        }
    }

    #[test]
    fn a_server_that_shows_only_text_gets_no_message_for_a_log() {
        let skip = |text_only: bool| {
            let log = json!({"job_id": 7, "job": "deploy", "lines": ["boom"]});
            let why = json!({"logs": [log]});
            let context = json!({"event": "pipeline-finished", "result": "failed", "why": why, "text_only": text_only});
            Message::of_logs(&crate::contract::context::context(context)).skip
        };
        assert_eq!((skip(false), skip(true)), (None, Some("no_log")));
    }

    #[test]
    fn a_server_that_shows_only_text_gets_the_link_and_the_mention_in_it() {
        let mut ci = ci();
        ci["CI_JOB_URL"] = json!("https://g.example/-/jobs/7");
        let context = json!({"event": "deploy-finished", "ci": ci, "settings": {"mention": "here"}, "text_only": true});
        let text = message(context)["message"]["text"].as_str().unwrap().to_owned();
        assert!(text.ends_with(" (main 1a2b3c4d) <https://g.example/-/jobs/7|Failed job> <!here>"), "{text}");
        let job = json!({"id": 7, "name": "build & <test>", "web_url": "https://g.example/-/jobs/7"});
        let ci = json!({"CI_SERVER_URL": "https://g.example"});
        let context = json!({"event": "pipeline-finished", "result": "failed", "ci": ci, "failed_jobs": [job], "text_only": true});
        let text = message(context)["message"]["text"].as_str().unwrap().to_owned();
        assert!(text.contains("(build &amp; &lt;test&gt;)") && text.ends_with(": build &amp; &lt;test&gt;>"), "{text}");
    }
}
