//! The message: what the module tells the host. Serialize only.

use serde::Serialize;

use crate::CONTRACT_VERSION;
use crate::block_kit::{Attachment, Block, Body, Element, Mrkdwn};
use crate::changes;
use crate::context::Context;
use crate::facts::Facts;
use crate::failures;
use crate::links::{self, Link};
use crate::mrkdwn;
use crate::people;
use crate::selection;
use crate::settings_file::NAME;
use crate::source::{Cause, Ref};
use crate::state::State;
use crate::text;
use crate::url::SafeUrl;

/// The longest branch, tag, title and so on that a message shows, in characters.
const MAX_NAME: usize = 80;
const MAX_TITLE: usize = 72;
const MAX_STAGE: usize = 40;

/// Version 1 of the message.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    version: u64,
    /// What the host posts, as it is.
    message: Body,
    /// A reason not to send it, as one word.
    skip: Option<&'static str>,
    /// Whether somebody should come and look: a bot shows its reply in the channel too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    failure: bool,
    /// One line for the job log.
    summary: String,
    /// The environment that it is about, by which the host chooses channels and operators.
    environment: Option<String>,
    /// For GitLab's job annotations.
    links: Vec<Annotation>,
    /// What was wrong with settings or variables, for the job log.
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Annotation {
    label: String,
    url: String,
}

impl Message {
    pub(crate) fn of(context: &Context) -> Self {
        let mut warnings = Vec::new();
        let facts = Facts::of(context, &mut warnings);
        let skip = selection::skip_reason(&facts, &mut warnings);
        let links = links::links(&facts, &mut warnings);
        let mentions = people::mentions(&facts, &mut warnings);
        let words = words(&facts, &mut warnings);
        let text = line(&facts, &words, mrkdwn::top_level);
        let body = Body {
            blocks: blocks(&facts, &words, &links, extra_lines(&facts, &mut warnings), mentions),
            attachments: details(&facts, &text).into_iter().collect(),
            text,
            unfurl_links: false,
            unfurl_media: false,
        };
        Self {
            version: CONTRACT_VERSION,
            message: body,
            skip,
            failure: facts.state.is_failure(),
            summary: line(&facts, &words, str::to_owned),
            environment: facts.environment.name.clone(),
            links: links
                .into_iter()
                .map(|Link { label, url }| Annotation { label, url: url.as_str().to_owned() })
                .collect(),
            warnings,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Strings, maps with string keys and numbers: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The message in one line: `[shop-api] prod: deploy failed, by Kim Minsu (main 1a2b3c4d)`.
fn line(facts: &Facts, words: &str, show: impl Fn(&str) -> String) -> String {
    let mut line = String::new();
    if let Some(project) = facts.project() {
        line += &format!("[{}] ", show(&text::shown(project, MAX_NAME)));
    }
    if let Some(environment) = &facts.environment.name {
        line += &format!("{}: ", show(environment));
    }
    line += &show(words);
    if let Some(person) = facts.person() {
        line += &facts.language.by(&show(&person));
    }
    let git_ref = facts.git_ref.as_ref().filter(|it| !repeats_environment(it, facts)).map(ref_name);
    let place: Vec<String> = git_ref.map(|name| show(&name)).into_iter().chain(facts.short_sha()).collect();
    if !place.is_empty() {
        line += &format!(" ({})", place.join(" "));
    }
    line
}

/// What happened: in the settings file's words where it has some for this.
fn words(facts: &Facts, warnings: &mut Vec<String>) -> String {
    let own = facts.file.get("text").map(|template| facts.line(template));
    match own {
        Some(Ok(words)) if !words.is_empty() => words,
        other => {
            if let Some(Err(fault)) = other {
                warnings.push(format!("{NAME}: text: {fault}; the usual words are used"));
            }
            usual_words(facts)
        }
    }
}

/// A failed pipeline is named by the stage that failed, where it is one.
fn usual_words(facts: &Facts) -> String {
    let failed = facts.untold.as_deref().filter(|_| facts.state == State::PipelineFailed);
    failed.and_then(failures::common_stage).map_or_else(
        || facts.language.state(facts.state).to_owned(),
        |stage| facts.language.stage_failed(&text::shown(stage, MAX_STAGE)),
    )
}

/// The lines that the settings file adds.
fn extra_lines(facts: &Facts, warnings: &mut Vec<String>) -> Vec<Vec<Element>> {
    let mut lines = Vec::new();
    for template in facts.file.lines() {
        match facts.line(template) {
            Ok(line) if line.is_empty() => {}
            Ok(line) => lines.push(vec![Element::text(line)]),
            Err(fault) => {
                let template = text::shown(template, 40);
                warnings.push(format!("{NAME}: the line `{template}`: {fault}; it is left out"));
            }
        }
    }
    lines
}

fn ref_name(git_ref: &Ref) -> String {
    match git_ref {
        Ref::Branch(name) | Ref::Tag(name) => text::shown(name, MAX_NAME),
        Ref::MergeRequest { iid, .. } => format!("!{}", text::shown(iid, 20)),
    }
}

fn repeats_environment(git_ref: &Ref, facts: &Facts) -> bool {
    matches!(git_ref, Ref::Branch(name) if facts.environment.name.as_deref() == Some(&text::shown(name, MAX_NAME)))
}

/// Headline, links, the settings file's lines, mentions: one block a line, so that each stays within Slack's size on its own.
fn blocks(facts: &Facts, words: &str, links: &[Link], extra: Vec<Vec<Element>>, mentions: Vec<Element>) -> Vec<Block> {
    let mut headline = vec![Element::Emoji { name: facts.state.emoji() }, Element::text(" ")];
    if let Some(project) = facts.project() {
        headline.push(Element::bold(text::shown(project, MAX_NAME)));
    }
    if let Some(environment) = &facts.environment.name {
        headline.extend([Element::text(" · "), Element::code(environment)]);
    }
    let separator = if headline.len() > 2 { " — " } else { "" };
    headline.push(Element::text(format!("{separator}{words}")));
    let links = separated(
        links.iter().map(|link| Element::Link { url: link.url.as_str().to_owned(), text: link.label.clone() }),
        " · ",
    );
    let mentions = separated(mentions.into_iter(), " ");
    [headline, links]
        .into_iter()
        .chain(extra)
        .chain([mentions])
        .filter(|line| !line.is_empty())
        .map(Block::line)
        .collect()
}

fn separated(elements: impl Iterator<Item = Element>, separator: &str) -> Vec<Element> {
    let mut line = Vec::new();
    for element in elements {
        if !line.is_empty() {
            line.push(Element::text(separator));
        }
        line.push(element);
    }
    line
}

/// The small print beside the coloured bar: ref, commit and cause; person, cluster and duration.
fn details(facts: &Facts, fallback: &str) -> Option<Attachment> {
    let labels = facts.language.labels();
    let mut place = Vec::new();
    match &facts.git_ref {
        Some(git_ref) if repeats_environment(git_ref, facts) => {}
        Some(Ref::Branch(name)) => place.push(detail(labels.branch, &mrkdwn::code(&text::shown(name, MAX_NAME)))),
        Some(Ref::Tag(name)) => place.push(detail(labels.tag, &mrkdwn::code(&text::shown(name, MAX_NAME)))),
        Some(Ref::MergeRequest { iid, title, url, .. }) => {
            let number = format!("!{}", text::shown(iid, 20));
            let title = title.map(|title| mrkdwn::literal(&text::shown(title, MAX_TITLE))).unwrap_or_default();
            place.push(detail(
                labels.merge_request,
                format!("{} {title}", maybe_link(url.as_ref(), &number)).trim_end(),
            ));
        }
        None => {}
    }
    if let Some(sha) = facts.short_sha() {
        let title =
            facts.context.ci("CI_COMMIT_TITLE").or_else(|| facts.context.ci("CI_COMMIT_MESSAGE")?.lines().next());
        let title = title.map(|title| mrkdwn::literal(&text::shown(title, MAX_TITLE))).unwrap_or_default();
        place.push(detail(
            labels.commit,
            format!("{} {title}", maybe_link(changes::commit(facts).as_ref(), &sha)).trim_end(),
        ));
    }
    place.extend(facts.cause.as_ref().map(|cause| cause_detail(facts, cause)));

    let mut run = Vec::new();
    run.extend(facts.person().map(|person| detail(labels.by, &mrkdwn::literal(&person))));
    run.extend(facts.environment.cluster.as_ref().map(|cluster| detail(labels.cluster, &mrkdwn::literal(cluster))));
    run.extend(facts.took().map(|seconds| detail(labels.took, &facts.language.duration(seconds))));
    run.extend(facts.so_far().map(|seconds| detail(labels.so_far, &facts.language.duration(seconds))));

    let blocks: Vec<Block> =
        [place, run].into_iter().filter(|row| !row.is_empty()).map(|elements| Block::Context { elements }).collect();
    (!blocks.is_empty()).then(|| Attachment { color: facts.state.color(), fallback: fallback.to_owned(), blocks })
}

fn cause_detail(facts: &Facts, cause: &Cause) -> Mrkdwn {
    let labels = facts.language.labels();
    match cause {
        Cause::Schedule(description) => detail(
            labels.schedule,
            &description.map_or_else(|| labels.scheduled.to_owned(), |it| mrkdwn::literal(&text::shown(it, MAX_TITLE))),
        ),
        Cause::Trigger => detail(labels.source, labels.trigger),
        Cause::Api => detail(labels.source, "API"),
        Cause::Upstream => detail(labels.source, labels.upstream),
        Cause::Parent { id, url } => {
            let parent = id.map_or_else(|| labels.parent.to_owned(), |id| format!("{} #{id}", labels.parent));
            detail(labels.source, &maybe_link(url.as_ref(), &parent))
        }
    }
}

fn maybe_link(url: Option<&SafeUrl>, label: &str) -> String {
    url.map_or_else(|| mrkdwn::literal(label), |url| mrkdwn::link(url, label))
}

/// `value` is mrkdwn already.
fn detail(label: &str, value: &str) -> Mrkdwn {
    Mrkdwn { text: format!("{label}  {value}"), verbatim: true }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::context::context;

    fn message(json: Value) -> Value {
        serde_json::from_slice(&Message::of(&context(json)).encode()).unwrap()
    }

    fn ci() -> Value {
        json!({
            "CI_PROJECT_NAME": "shop-api", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main", "CI_COMMIT_SHORT_SHA": "1a2b3c4d",
            "GITLAB_USER_NAME": "Kim Minsu", "CI_JOB_STATUS": "failed",
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
        assert_eq!(text("en"), "[shop-api] prod: deploy failed, by Kim Minsu (main 1a2b3c4d)");
        assert_eq!(text("ko"), "[shop-api] prod: 배포 실패, 실행 Kim Minsu (main 1a2b3c4d)");
    }

    #[test]
    fn missing_variables_drop_their_part_and_nothing_is_empty() {
        let empty = message(json!({"event": "pipeline-started"}));
        assert_eq!(empty["message"]["text"], "pipeline started");
        assert_eq!(empty["message"]["attachments"], json!([]));
        assert_eq!(empty["message"]["blocks"].as_array().unwrap().len(), 1);
        assert_eq!(empty["links"], json!([]));
    }

    #[test]
    fn a_branch_that_is_the_environment_is_said_once() {
        let mut ci = ci();
        ci["CI_COMMIT_BRANCH"] = json!("feature/x");
        let message = message(json!({"event": "deploy-started", "ci": ci}));
        assert_eq!(message["message"]["text"], "[shop-api] feature/x: deploy started, by Kim Minsu (1a2b3c4d)");
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
        assert_eq!(text(&["build", "build"], "en"), "build failed");
        assert_eq!(text(&["build"], "ko"), "빌드 실패");
        assert_eq!(text(&["lint"], "ko"), "lint 실패");
        assert_eq!(text(&["build", "test"], "en"), "pipeline failed");
        assert_eq!(text(&[], "en"), "pipeline failed");
    }
}
