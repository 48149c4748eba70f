//! The ends of the failed jobs' logs: one block of lines in a fixed-width font.

use crate::contract::why::Log;
use crate::facts::Facts;
use crate::message::block_kit::{Block, Element, RichText};
use crate::message::details::MAX_NAME;
use crate::text;

/// The most characters of a line, and of all lines of all logs.
const MAX_LINE: usize = 200;
const MAX_ALL: usize = 1500;

/// Returns the jobs whose logs have something to show, by name.
pub(crate) fn jobs(facts: &Facts) -> String {
    let names: Vec<String> = shown(facts).map(|log| text::shown(&log.job, MAX_NAME)).collect();
    names.join(", ")
}

/// Returns the number of logs to show.
pub(crate) fn count(facts: &Facts) -> usize {
    shown(facts).count()
}

/// Returns the block with each log, below the name of its job if `has_title`; `None` if there is nothing to show.
#[inline(never)]
pub(crate) fn block(facts: &Facts, has_title: bool) -> Option<Block> {
    let share = MAX_ALL / shown(facts).count().max(1);
    let mut elements = Vec::new();
    for log in shown(facts) {
        let name = text::shown(&log.job, MAX_NAME);
        let title = if log.is_too_long { facts.language.log_is_too_long(&name) } else { facts.language.log_of(&name) };
        if has_title || log.is_too_long {
            elements.push(RichText::Section { elements: vec![Element::text(title)] });
        }
        let lines = last(&log.lines, share);
        if !lines.is_empty() {
            elements.push(RichText::Preformatted { elements: vec![Element::text(lines)] });
        }
    }
    (!elements.is_empty()).then_some(Block::RichText { elements })
}

fn shown<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Log> {
    facts.context.why.logs.iter().filter(|log| log.is_too_long || !log.lines.is_empty())
}

/// Returns the last lines that fit.
fn last(lines: &[String], mut left: usize) -> String {
    let mut kept: Vec<String> = Vec::new();
    for line in lines.iter().rev() {
        let line = text::cut(&text::clean_code(line), MAX_LINE);
        let size = line.chars().count() + 1;
        if size > left {
            break;
        }
        left -= size;
        kept.push(line);
    }
    kept.reverse();
    kept.join("\n")
}
