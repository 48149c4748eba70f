//! A digest: what some days of a project were like, or of several projects.

use std::mem;

use crate::contract::digest::{Branch, Deployments, Digest, Environment, Project, Trend};
use crate::facts::Facts;
use crate::language::Language;
use crate::language::digest::Counted;
use crate::message::block_kit::Element;
use crate::message::changes::is_sha;
use crate::message::red_since::maybe_link;
use crate::text;

/// The most lines in the text for notifications.
const MAX_LINES_OF_TEXT: usize = 12;

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
    let is_none = |deployments: &Deployments| deployments.deployments.these == 0;
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
    if !digest.failed_jobs.is_empty() {
        let jobs: Vec<String> = digest
            .failed_jobs
            .iter()
            .map(|(name, count)| format!("{} {count}×", text::shown(name, MAX_NAME)))
            .collect();
        lines.push(vec![Element::text(language.failed_most(&jobs.join(", "), digest.failed_pipelines_read))]);
    }
    lines.extend(digest.projects.iter().flatten().map(|it| project(language, it)));
    let mut all_deployments = environments.map(|it| &it.deployments).chain(&digest.review);
    let of_deployments =
        all_deployments.find_map(|it| it.of_last).map(|count| language.of_last(Counted::Deployments, count));
    let of_pipelines =
        digest.branch.as_ref().and_then(|it| it.of_last).map(|count| language.of_last(Counted::Pipelines, count));
    lines.extend(of_deployments.into_iter().chain(of_pipelines).map(|line| vec![Element::text(line)]));
    lines
}

/// Adds the first lines to the text for notifications.
#[inline(never)]
pub(crate) fn add_to(text: &mut String, facts: &Facts, lines: &[Vec<Element>], show: fn(&str) -> String) {
    for line in lines.iter().take(MAX_LINES_OF_TEXT) {
        *text += "\n";
        for element in line {
            if let Element::Text { text: part, .. } | Element::Link { text: part, .. } = element {
                *text += &show(part);
            }
        }
    }
    if let Some(more @ 1..) = lines.len().checked_sub(MAX_LINES_OF_TEXT) {
        *text = mem::take(text) + "\n" + &facts.language.and_more(Some(more));
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
        line.push(maybe_link(facts, &format!("-/commit/{sha}"), label));
    }
    if let (Some(ahead), Some(branch)) = (environment.ahead, branch) {
        line.push(Element::text(format!(" · {}", language.ahead(&text::shown(&branch.name, MAX_NAME), ahead))));
    }
    line
}

/// Returns the numbers of deployments: `12 deployments ▲, 2 failed ▼, 1 rollback =`.
fn deployments(language: Language, deployments: &Deployments) -> String {
    let all = language.counted(Counted::Deployments, deployments.deployments.these) + sign(deployments.deployments);
    let mut parts = vec![all];
    for (what, trend) in [(Counted::Failed, deployments.failed), (Counted::Rollbacks, deployments.rollbacks)] {
        if trend.these > 0 || trend.before > Some(0) {
            parts.push(language.counted(what, trend.these) + sign(trend));
        }
    }
    parts.join(", ")
}

/// Returns the numbers of a branch: `120 pipelines ▲, 9 failed ▼ · red for about 5 h ▲, at most 3 h at a time`.
#[inline(never)]
fn branch(language: Language, branch: &Branch) -> String {
    let mut line = language.counted(Counted::Pipelines, branch.pipelines.these) + sign(branch.pipelines);
    if branch.failed.these > 0 || branch.failed.before > Some(0) {
        line = line + ", " + &language.counted(Counted::Failed, branch.failed.these) + sign(branch.failed);
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
        .map(|it| deployments(language, it) + &of_last(Counted::Deployments, it.of_last).unwrap_or_default());
    let of_branch = project.branch.as_ref().map(|it| {
        let name = text::shown(&it.name, MAX_NAME);
        format!("{name}: {}{}", branch(language, it), of_last(Counted::Pipelines, it.of_last).unwrap_or_default())
    });
    let line = if deployed.is_none() && of_branch.is_none() {
        language.not_readable(None)
    } else {
        let deployed = deployed.unwrap_or_else(|| language.not_readable(Some(Counted::Deployments)));
        deployed + " · " + &of_branch.unwrap_or_else(|| language.not_readable(Some(Counted::Pipelines)))
    };
    named(&text::shown(&project.path, MAX_NAME), line)
}

/// Returns whether there were more or less than in the days before, if that is known.
fn sign(trend: Trend) -> &'static str {
    match trend.before.map(|before| trend.these.cmp(&before)) {
        None => "",
        Some(std::cmp::Ordering::Greater) => " ▲",
        Some(std::cmp::Ordering::Less) => " ▼",
        Some(std::cmp::Ordering::Equal) => " =",
    }
}
