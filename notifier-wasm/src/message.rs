//! The message: what the module returns to the host. Serialize only.

use serde::Serialize;

use crate::CONTRACT_VERSION;
use crate::block_kit::{Block, Body, Element};
use crate::context::{Context, Event};
use crate::details::{MAX_NAME, details, ref_name, repeats_environment};
use crate::facts::Facts;
use crate::failures;
use crate::links::{self, Link};
use crate::mrkdwn;
use crate::people;
use crate::selection;
use crate::settings_file::NAME;
use crate::state::{self, Action, State};
use crate::text;

/// The longest stage of a headline, in characters.
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
    /// Whether those who were called by an earlier failure should know that it is over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recovery: bool,
    /// Whether a bot says it at the channel's end: the pipeline's message is where nobody looks any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    apart: bool,
    /// How the pipeline stands, `failed` or `success`, for the next message to compare with.
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'static str,
    /// What happened, as the headline says it.
    words: String,
    /// How many pipelines of the ref failed in a row up to this one, where that is what happened and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures_in_a_row: Option<u64>,
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
    #[inline(never)]
    pub(crate) fn of(context: &Context) -> Self {
        let mut warnings = Vec::new();
        let facts = Facts::of(context, &mut warnings);
        let skip = selection::skip_reason(&facts, &mut warnings);
        let links = links::links(&facts, &mut warnings);
        let mentions = people::mentions(&facts, &mut warnings);
        let called = mentions.iter().filter_map(Element::called).map(str::to_owned).collect();
        let words = words(&facts, &mut warnings);
        let summary = line(&facts, &words, str::to_owned);
        let mut text = format!("{} {}", facts.sign().1, line(&facts, &words, mrkdwn::top_level));
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
            recovery: facts.state.is_recovery(),
            apart: facts.is_apart(),
            verdict: facts.state.verdict(facts.action),
            words,
            failures_in_a_row: failures_in_a_row(&facts),
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

    #[inline(never)]
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Strings, maps with string keys and numbers: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The message in one line: `[shop-api] prod: deploy failed, by Kim Minsu (main 1a2b3c4d)`.
#[inline(never)]
fn line(facts: &Facts, words: &str, show: impl Fn(&str) -> String) -> String {
    let mut line = String::new();
    if let Some(project) = facts.project() {
        line += &format!("[{}] ", show(&text::shown(project, MAX_NAME)));
    }
    if let Some(environment) = &facts.environment.name {
        line += &format!("{}: ", show(environment));
    }
    line += &show(words);
    let behind: Vec<String> =
        [qualifiers(facts), named_jobs(facts)].iter().filter(|it| !it.is_empty()).map(|it| it.join(", ")).collect();
    if !behind.is_empty() {
        line += &format!(" ({})", show(&behind.join("; ")));
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

fn failures_in_a_row(facts: &Facts) -> Option<u64> {
    let Facts { context, state, .. } = facts;
    let is_over = context.event == Event::PipelineFinished && state.is_failure();
    is_over.then(|| if context.history.was_failing() { context.history.in_a_row() } else { Some(1) }).flatten()
}

/// What must be said behind the state: how often it was so, or what it was before.
fn qualifiers(facts: &Facts) -> Vec<String> {
    let Facts { context, state, language, .. } = facts;
    let in_a_row = failures_in_a_row(facts).filter(|_| *state == State::PipelineStillFailing);
    let was = context
        .history
        .failure()
        .filter(|it| context.operators.is_some() && state.is_recovery() && !it.words.is_empty());
    let was = was.map(|it| language.was(&text::shown(&it.words, MAX_NAME)));
    let attempt = facts.attempt().map(|attempt| language.attempt(attempt));
    in_a_row.map(|count| language.in_a_row(count)).into_iter().chain(was).chain(attempt).collect()
}

/// The jobs that a one-line text names: one that speaks for itself, or those that failed.
fn named_jobs(facts: &Facts) -> Vec<String> {
    if facts.action == Action::Other {
        return Vec::new();
    }
    let job = if facts.state.is_failure() { facts.job().filter(|job| *job != "deploy") } else { facts.telling_job() };
    if let Some(job) = job {
        return vec![text::shown(job, MAX_NAME)];
    }
    // One that is called `deploy` is obvious.
    let are_said = facts.context.event == Event::PipelineFinished && facts.state.is_failure() && facts.job().is_none();
    let failed = facts.untold.as_deref().filter(|_| are_said).unwrap_or_default();
    let mut names: Vec<String> = failed.iter().take(MAX_NAMED).map(|job| text::shown(&job.name, MAX_STAGE)).collect();
    if failed.len() > MAX_NAMED {
        let more = failed.len() - MAX_NAMED;
        names.push(facts.language.and_more((!facts.context.jobs.more_failed).then_some(more)));
    }
    names
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
#[inline(never)]
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
    let Facts { context, state, action, language, .. } = facts;
    let failed = facts.untold.as_deref().filter(|_| *state == State::PipelineFailed && !context.jobs.more_failed);
    if failed.is_some_and(|failed| !failed.is_empty() && failed.iter().all(|job| job.stops())) {
        return language.state(State::DeployFailed, Action::Stop, "");
    }
    if let Some(stage) = failed.and_then(failures::common_stage) {
        return language.stage_failed(&text::shown(stage, MAX_STAGE));
    }
    let job = facts.job().filter(|_| *action == Action::Other);
    let about = match (state, job) {
        (State::DeployRolledBack, _) => facts.short_sha().unwrap_or_default(),
        (State::PipelineWaiting, _) => {
            state::waiting_for(context).map(|job| text::shown(&job.name, MAX_NAME)).unwrap_or_default()
        }
        // A job of that name that is no deployment says what it is.
        (_, Some("deploy")) => format!("deploy ({})", context.ci("CI_ENVIRONMENT_ACTION").unwrap_or_default()),
        (_, job) => text::shown(job.unwrap_or_default(), MAX_NAME),
    };
    language.state(*state, *action, &about)
}

/// The lines that the settings file adds.
#[inline(never)]
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

/// Headline, links, the settings file's lines, mentions: one block a line, so that each stays within Slack's size on its own.
#[inline(never)]
fn blocks(facts: &Facts, words: &str, links: &[Link], extra: Vec<Vec<Element>>, mentions: Vec<Element>) -> Vec<Block> {
    let mut headline = vec![Element::Emoji { name: facts.sign().0 }, Element::text(" ")];
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
    let job = facts.telling_job().filter(|_| facts.action != Action::Other).map(|job| text::shown(job, MAX_NAME));
    let qualified: Vec<String> = job.into_iter().chain(qualifiers(facts)).collect();
    if !qualified.is_empty() {
        headline.push(Element::text(format!(" ({})", qualified.join(", "))));
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
