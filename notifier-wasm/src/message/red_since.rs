//! The line about the beginning of the failures, if the pipeline before this one failed too.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::contract::context::Event;
use crate::contract::history::FirstFailure;
use crate::facts::Facts;
use crate::message::block_kit::Element;
use crate::message::changes::{MAX_AUTHOR, MAX_TITLE, is_sha};
use crate::message::project_page::project_page;
use crate::text;

/// Returns the line: `Red since #812, 3 h ago (4 pipelines), started with 1a2b3c4d Fix cart rounding by Kim Minsu`. Empty if there is
/// nothing to say.
#[inline(never)]
pub(crate) fn red_since(facts: &Facts) -> Vec<Element> {
    let history = &facts.context.history;
    if facts.context.event != Event::PipelineFinished || !facts.state.is_failure() || !history.was_failing() {
        return Vec::new();
    }
    let language = facts.language;
    let Some(first) = &history.first_failure else {
        let count = history.failures_at_least.and_then(|count| u64::try_from(count).ok());
        return count.map(|count| Element::text(language.red_for_more_than(count))).into_iter().collect();
    };
    let pipeline =
        project_page(facts, &format!("-/pipelines/{}", first.pipeline_id), format!("#{}", first.pipeline_id));
    let age = age(facts, first).map(|seconds| language.roughly_ago(seconds));
    let (before, behind) = language.red_since(age.as_deref(), history.in_a_row());
    let mut line = vec![Element::text(before), pipeline, Element::text(behind)];
    if is_sha(&first.sha) {
        let sha = &first.sha[..8.min(first.sha.len())];
        line.push(Element::text(language.started_with()));
        line.push(project_page(facts, &format!("-/commit/{}", first.sha), sha.to_owned()));
        let (title, author) = (text::shown(&first.title, MAX_TITLE), text::shown(&first.author, MAX_AUTHOR));
        let mut rest = if title.is_empty() { title } else { format!(" {title}") };
        if !author.is_empty() {
            rest += &language.written_by(&author);
        }
        line.push(Element::text(rest));
    }
    line.retain(|element| *element != Element::text(""));
    line
}

/// Returns the time since a pipeline was created, in seconds.
fn age(facts: &Facts, first: &FirstFailure) -> Option<u64> {
    let created_at = OffsetDateTime::parse(&first.created_at, &Rfc3339).ok()?.unix_timestamp();
    u64::try_from(facts.context.now?.checked_sub(created_at)?).ok()
}
