//! A digest: what some days of a project were like, or of several projects.

use std::mem;

use crate::contract::digest::{Branch, Deployments, Digest, Environment, Project, Trend};
use crate::facts::Facts;
use crate::language::Language;
use crate::language::digest::Unit;
use crate::message::block_kit::Element;
use crate::message::changes::is_sha;
use crate::message::project_page::project_page;
use crate::text;

/// The length limit of the lines in the text for notifications, in characters. The lines of one project always fit.
const MAX_TEXT: usize = 3500;

/// The longest name of an environment, a branch, a project or a job.
const MAX_NAME: usize = 60;

/// The red time that is worth a word, in seconds: it counts from the creation of one pipeline to that of another.
const MIN_RED: i64 = 60;

/// Returns the headline: `last 7 days`, with the verdict if nothing happened.
pub(crate) fn status(facts: &Facts) -> String {
    let digest = facts.context.digest.as_ref();
    let days = facts.language.last_days(digest.map_or(7, |digest| digest.days));
    match digest.filter(|digest| is_quiet(digest)) {
        Some(_) => format!("{days}: {}", facts.language.nothing_happened()),
        None => days,
    }
}

/// True if there was neither a deployment nor a pipeline in these days.
fn is_quiet(digest: &Digest) -> bool {
    let is_none = |deployments: &Deployments| deployments.ended.these == 0;
    let are_no_deployments =
        digest.environments.as_ref().is_some_and(|all| all.iter().all(|it| is_none(&it.deployments)))
            && digest.review.as_ref().is_none_or(is_none);
    are_no_deployments && digest.branch.as_ref().is_some_and(|branch| branch.pipelines.these == 0 && !branch.is_red)
}

/// Returns the lines under the headline.
#[inline(never)]
pub(crate) fn lines(facts: &Facts) -> Vec<Vec<Element>> {
    let Some(digest) = facts.context.digest.as_ref().filter(|digest| facts.is_digest() && !is_quiet(digest)) else {
        return Vec::new();
    };
    let language = facts.language;
    let environments = digest.environments.iter().flatten();
    let mut lines: Vec<Vec<Element>> =
        environments.clone().map(|it| environment(facts, it, digest.branch.as_ref())).collect();
    if digest.more_environments > 0 {
        lines.push(vec![Element::text(language.and_more_environments(digest.more_environments))]);
    }
    if let Some(review) = &digest.review {
        lines.push(named(&language.review_environments(), deployments(language, review)));
    }
    if let Some(of_branch) = &digest.branch {
        lines.push(named(&text::shown(&of_branch.name, MAX_NAME), branch(language, of_branch)));
    }
    if lines.is_empty() && digest.branch.is_none() && digest.environments.is_some() {
        lines.push(vec![Element::text(language.counted(Unit::Deployments, 0))]);
    }
    if !digest.failed_jobs.is_empty() {
        let jobs: Vec<String> = digest
            .failed_jobs
            .iter()
            .map(|(name, count)| language.times(&text::shown(name, MAX_NAME), *count))
            .collect();
        lines.push(vec![Element::text(language.failed_most(&jobs.join(", "), digest.failed_pipelines_read))]);
    }
    lines.extend(digest.projects.iter().flatten().map(|it| project(language, it)));
    let mut all_deployments = environments.map(|it| &it.deployments).chain(&digest.review);
    let of_deployments =
        all_deployments.find_map(|it| it.of_last).map(|count| language.of_last(Unit::Deployments, count));
    let of_pipelines =
        digest.branch.as_ref().and_then(|it| it.of_last).map(|count| language.of_last(Unit::Pipelines, count));
    lines.extend(of_deployments.into_iter().chain(of_pipelines).map(|line| vec![Element::text(line)]));
    lines
}

/// Adds the first lines to the text for notifications.
#[inline(never)]
pub(crate) fn add_to(text: &mut String, facts: &Facts, lines: &[Vec<Element>], show: fn(&str) -> String) {
    let mut left = MAX_TEXT;
    for (at, line) in lines.iter().enumerate() {
        let parts = line.iter().filter_map(|element| match element {
            Element::Text { text: part, .. } | Element::Link { text: part, .. } => Some(show(part)),
            _ => None,
        });
        let line: String = parts.collect();
        let Some(rest) = left.checked_sub(line.chars().count()) else {
            *text = mem::take(text) + "\n" + &facts.language.and_more_projects(lines.len() - at);
            return;
        };
        left = rest;
        *text = mem::take(text) + "\n" + &line;
    }
}

fn named(name: &str, rest: String) -> Vec<Element> {
    vec![Element::bold(name), Element::text(format!(": {rest}"))]
}

/// Returns the line of an environment: `prod: 12 deployments ▲, 2 failed ▼ · last success 3 h ago: 1a2b3c4d · main is 4 commits ahead`.
#[inline(never)]
fn environment(facts: &Facts, environment: &Environment, branch: Option<&Branch>) -> Vec<Element> {
    let language = facts.language;
    let mut line = named(&text::shown(&environment.name, MAX_NAME), deployments(language, &environment.deployments));
    if let Some((at, sha)) = environment.last.as_ref().filter(|(_, sha)| is_sha(sha)) {
        let age = facts.context.now.and_then(|now| u64::try_from(now.checked_sub(*at)?).ok()).unwrap_or_default();
        line.push(Element::text(format!(" · {}", language.last_one(&language.roughly_ago(age)))));
        let label = sha[..8.min(sha.len())].to_owned();
        line.push(project_page(facts, &format!("-/commit/{sha}"), label));
    }
    if let (Some(ahead), Some(branch)) = (environment.ahead, branch) {
        line.push(Element::text(format!(" · {}", language.ahead(&text::shown(&branch.name, MAX_NAME), ahead))));
    }
    line
}

/// Returns the numbers of deployments: `12 deployments ▲, 2 failed ▼, 1 rollback =`.
fn deployments(language: Language, deployments: &Deployments) -> String {
    let all = language.counted(Unit::Deployments, deployments.ended.these) + sign(deployments.ended);
    let mut parts = vec![all];
    for (what, trend) in [(Unit::Failed, deployments.failed), (Unit::Rollbacks, deployments.rollbacks)] {
        if trend.these > 0 || trend.before > Some(0) {
            parts.push(language.counted(what, trend.these) + sign(trend));
        }
    }
    parts.join(", ")
}

/// Returns the numbers of a branch: `120 pipelines ▲, 9 failed ▼ · red for about 5 h ▲, at most 3 h at a time`.
#[inline(never)]
fn branch(language: Language, branch: &Branch) -> String {
    let mut line = language.counted(Unit::Pipelines, branch.pipelines.these) + sign(branch.pipelines);
    if branch.failed.these > 0 || branch.failed.before > Some(0) {
        line = line + ", " + &language.counted(Unit::Failed, branch.failed.these) + sign(branch.failed);
    }
    if branch.red.these >= MIN_RED {
        line = line + " · " + &language.red_for(branch.red.these) + sign(branch.red);
        if branch.longest_red < branch.red.these {
            line = line + ", " + &language.at_most(branch.longest_red);
        }
    }
    if branch.is_red {
        line = line + " · " + &language.red_now();
    }
    line
}

/// Returns the line of another project.
#[inline(never)]
fn project(language: Language, project: &Project) -> Vec<Element> {
    let of_last = |of, count: Option<i64>| count.map(|count| format!(" ({})", language.of_last(of, count)));
    let deployed = project
        .deployments
        .as_ref()
        .map(|it| deployments(language, it) + &of_last(Unit::Deployments, it.of_last).unwrap_or_default());
    let of_branch = project.branch.as_ref().map(|it| {
        let name = text::shown(&it.name, MAX_NAME);
        format!("{name}: {}{}", branch(language, it), of_last(Unit::Pipelines, it.of_last).unwrap_or_default())
    });
    let line = if deployed.is_none() && of_branch.is_none() {
        language.not_readable(None)
    } else {
        let deployed = deployed.unwrap_or_else(|| language.not_readable(Some(Unit::Deployments)));
        deployed + " · " + &of_branch.unwrap_or_else(|| language.not_readable(Some(Unit::Pipelines)))
    };
    // The last part of a path is the one that differs.
    named(&text::cut_start(&text::clean(&project.path), MAX_NAME), line)
}

/// Returns whether there were more or less than in the days before, if that is known.
fn sign(trend: Trend) -> &'static str {
    match trend.before.map(|before| trend.these.cmp(&before)) {
        None => "",
        Some(_) if trend.these == 0 && trend.before == Some(0) => "",
        Some(std::cmp::Ordering::Greater) => " ▲",
        Some(std::cmp::Ordering::Less) => " ▼",
        Some(std::cmp::Ordering::Equal) => " =",
    }
}
