//! The message: what the module returns to the host. Serialize only.

use serde::Serialize;

use crate::CONTRACT_VERSION;
use crate::block_kit::{Attachment, Block, Body, Element, Mrkdwn};
use crate::changes;
use crate::context::{Context, Event};
use crate::facts::Facts;
use crate::failures;
use crate::links::{self, Link};
use crate::mrkdwn;
use crate::people;
use crate::selection;
use crate::settings_file::NAME;
use crate::source::{Cause, Ref};
use crate::state::{Action, State};
use crate::text;
use crate::url::SafeUrl;

/// The longest branch, tag, title and so on that a message shows, in characters.
const MAX_NAME: usize = 80;
const MAX_TITLE: usize = 72;
const MAX_STAGE: usize = 40;
/// The longest environment of a headline, which is read in passing.
const MAX_PLACE: usize = 30;
/// How many failed jobs the one-line text names.
const MAX_NAMED: usize = 2;

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
    /// Whom it calls, for people who check the settings: Slack's IDs, `here`, `channel`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
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
        let called = mentions.iter().filter_map(Element::called).map(str::to_owned).collect();
        let words = words(&facts, &mut warnings);
        let summary = line(&facts, &words, str::to_owned);
        let mut text = format!("{} {}", facts.state.symbol(), line(&facts, &words, mrkdwn::top_level));
        if facts.context.text_only {
            text += &behind(&links, &mentions);
        }
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
            summary,
            environment: facts.environment.name.clone(),
            links: links
                .into_iter()
                .map(|Link { label, url }| Annotation { label, url: url.as_str().to_owned() })
                .collect(),
            mentions: called,
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
    let named = named_jobs(facts);
    if !named.is_empty() {
        line += &format!(" ({})", show(&named));
    }
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

/// The jobs that a one-line text names: one that speaks for itself, or those that failed.
fn named_jobs(facts: &Facts) -> String {
    if facts.action == Action::Other {
        return String::new();
    }
    let job = if facts.state.is_failure() { facts.job().filter(|job| *job != "deploy") } else { facts.telling_job() };
    if let Some(job) = job {
        return text::shown(job, MAX_NAME);
    }
    let failed = facts.untold.as_deref().filter(|_| facts.state == State::PipelineFailed).unwrap_or_default();
    let mut names: Vec<String> = failed.iter().take(MAX_NAMED).map(|job| text::shown(&job.name, MAX_STAGE)).collect();
    if failed.len() > MAX_NAMED {
        names.push(facts.language.and_more(failed.len() - MAX_NAMED));
    }
    names.join(", ")
}

/// What a server that shows only the text must have in it: the first link, and whom it mentions.
fn behind(links: &[Link], mentions: &[Element]) -> String {
    let link = links.first().map(|link| mrkdwn::link(&link.url, &link.label));
    let mentions = mentions.iter().filter_map(|element| match element {
        Element::User { user_id } => Some(format!("<@{user_id}>")),
        Element::Usergroup { usergroup_id } => Some(format!("<!subteam^{usergroup_id}>")),
        Element::Broadcast { range } => Some(format!("<!{range}>")),
        _ => None,
    });
    link.into_iter().chain(mentions).map(|part| format!(" {part}")).collect()
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
    let job = facts.job().filter(|_| facts.action == Action::Other).unwrap_or_default();
    // A job of that name that is no deployment says what it is.
    let job = if job == "deploy" {
        format!("deploy ({})", facts.context.ci("CI_ENVIRONMENT_ACTION").unwrap_or_default())
    } else {
        job.to_owned()
    };
    failed.and_then(failures::common_stage).map_or_else(
        || facts.language.state(facts.state, facts.action, &text::shown(&job, MAX_NAME)),
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
        if headline.len() > 2 {
            headline.push(Element::text(" · "));
        }
        headline.push(Element::text(text::cut(environment, MAX_PLACE)));
    }
    if headline.len() > 2 {
        headline.push(Element::text(" · "));
    }
    headline.push(Element::bold(words));
    if let Some(job) = facts.telling_job().filter(|_| facts.action != Action::Other) {
        headline.push(Element::text(format!(" ({})", text::shown(job, MAX_NAME))));
    }
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
        Some(Ref::Branch(name)) => place.push(detail(labels.branch, &mrkdwn::literal(&text::shown(name, MAX_NAME)))),
        Some(Ref::Tag(name)) => place.push(detail(labels.tag, &mrkdwn::literal(&text::shown(name, MAX_NAME)))),
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
    let name = facts.context.ci("CI_PIPELINE_NAME").map(|name| text::shown(name, MAX_TITLE));
    place.extend(name.map(|name| detail(labels.pipeline, &mrkdwn::literal(&name))));
    // Where neither the headline nor a link names the job.
    let is_linked = matches!(facts.state, State::DeployFailed | State::DeployCanceled);
    let job = facts.job().filter(|_| facts.telling_job().is_none() && !is_linked);
    let job = job.map(|job| text::shown(job, MAX_NAME));
    place.extend(job.map(|job| detail(labels.job, &mrkdwn::literal(&job))));

    let mut run = Vec::new();
    run.extend(facts.person().map(|person| detail(labels.by, &mrkdwn::literal(&person))));
    run.extend(facts.environment.cluster.as_ref().map(|cluster| detail(labels.cluster, &mrkdwn::literal(cluster))));
    let took = match (facts.context.event, facts.action) {
        (Event::PipelineStarted | Event::PipelineFinished, _) => labels.pipeline_took,
        (_, Action::Deploy) => labels.deploy_took,
        (_, Action::Stop | Action::Other) => labels.job_took,
    };
    run.extend(facts.took().map(|seconds| detail(took, &facts.language.duration(seconds))));
    run.extend(facts.so_far().map(|seconds| detail(labels.so_far, &facts.language.duration(seconds))));

    // A start has little to say, in one row.
    if facts.state.is_start() {
        place.append(&mut run);
    }
    let blocks: Vec<Block> =
        [place, run].into_iter().filter(|row| !row.is_empty()).map(|elements| Block::Context { elements }).collect();
    (!blocks.is_empty()).then(|| Attachment { color: facts.state.color(), fallback: fallback.to_owned(), blocks })
}

fn cause_detail(facts: &Facts, cause: &Cause) -> Mrkdwn {
    let labels = facts.language.labels();
    match cause {
        Cause::Schedule(Some(description)) => {
            detail(labels.schedule, &mrkdwn::literal(&text::shown(description, MAX_TITLE)))
        }
        Cause::Schedule(None) => detail(labels.source, labels.scheduled),
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
        assert_eq!(text("en"), "❌ [shop-api] prod: deploy failed, by Kim Minsu (main 1a2b3c4d)");
        assert_eq!(text("ko"), "❌ [shop-api] prod: 배포 실패 · 실행자 Kim Minsu (main 1a2b3c4d)");
    }

    #[test]
    fn missing_variables_drop_their_part_and_nothing_is_empty() {
        let empty = message(json!({"event": "pipeline-started"}));
        assert_eq!(empty["message"]["text"], "🚀 pipeline started");
        assert_eq!(empty["message"]["attachments"], json!([]));
        assert_eq!(empty["message"]["blocks"].as_array().unwrap().len(), 1);
        assert_eq!(empty["links"], json!([]));
    }

    #[test]
    fn a_branch_that_is_the_environment_is_said_once() {
        let mut ci = ci();
        ci["CI_COMMIT_BRANCH"] = json!("feature/x");
        let message = message(json!({"event": "deploy-started", "ci": ci}));
        assert_eq!(message["message"]["text"], "🚚 [shop-api] feature/x: deploy started, by Kim Minsu (1a2b3c4d)");
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
    fn only_a_deployment_is_called_one() {
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
    fn a_server_that_shows_only_text_gets_the_link_and_the_mention_in_it() {
        let mut ci = ci();
        ci["CI_JOB_URL"] = json!("https://g.example/-/jobs/7");
        let context = json!({"event": "deploy-finished", "ci": ci, "settings": {"mention": "here"}, "text_only": true});
        let text = message(context)["message"]["text"].as_str().unwrap().to_owned();
        assert!(text.ends_with(" (main 1a2b3c4d) <https://g.example/-/jobs/7|Failed job> <!here>"), "{text}");
    }
}
