//! The blocks of a message: headline, links, the beginning of the failures, the settings file's lines, mentions.

use crate::contract::action::Action;
use crate::contract::warning::{Code, Warning};
use crate::facts::Facts;
use crate::facts::mentions::Mentions;
use crate::facts::settings_file::NAME;
use crate::message::block_kit::{Block, Element};
use crate::message::details::MAX_NAME;
use crate::message::failed_tests;
use crate::message::links::Link;
use crate::message::red_since::red_since;
use crate::message::summary::qualifiers;
use crate::text;

/// The longest environment in a headline, because people skim it.
const MAX_PLACE: usize = 30;

/// Returns the lines that the settings file adds.
#[inline(never)]
pub(crate) fn extra_lines(facts: &Facts, warnings: &mut Vec<Warning>) -> Vec<Vec<Element>> {
    let mut lines = Vec::new();
    for template in facts.file.lines() {
        match facts.line(template) {
            Ok(line) if line.is_empty() => {}
            Ok(line) => lines.push(vec![Element::text(line)]),
            Err(fault) => {
                let template = text::shown(template, 40);
                warnings.push(Warning::of(
                    Code::BadTemplate,
                    NAME,
                    format_args!("the line `{template}`: {fault}; it is left out"),
                ));
            }
        }
    }
    lines
}

/// Builds one block for each line, so that each stays within Slack's size on its own.
#[inline(never)]
pub(crate) fn blocks(
    facts: &Facts,
    status: &str,
    links: &[Link],
    (mut numbers, mut extra): (Vec<Vec<Element>>, Vec<Vec<Element>>),
    mentions: &Mentions,
) -> Vec<Block> {
    let mut headline = vec![Element::Emoji { name: facts.emoji().0 }, Element::text(" ")];
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
    headline.push(Element::bold(status));
    let job = facts.notable_job().filter(|_| facts.action != Action::Other).map(|job| text::shown(job, MAX_NAME));
    let qualified: Vec<String> = job.into_iter().chain(qualifiers(facts)).collect();
    if !qualified.is_empty() {
        headline.push(Element::text(format!(" ({})", qualified.join(", "))));
    }
    let links = separated(
        links.iter().map(|link| Element::Link { url: link.url.as_str().to_owned(), text: link.label.clone() }),
        " · ",
    );
    let more = (mentions.more > 0).then(|| Element::text(facts.language.and_more_people(mentions.more)));
    let mentions = separated(mentions.shown.iter().map(Element::mention).chain(more), " ");
    let mut rows = vec![headline];
    rows.append(&mut numbers);
    rows.extend([links, red_since(facts), failed_tests::failed(facts)]);
    rows.append(&mut extra);
    rows.push(mentions);
    rows.retain(|line| !line.is_empty());
    rows.into_iter().map(Block::line).collect()
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
