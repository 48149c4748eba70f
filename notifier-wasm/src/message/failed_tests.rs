//! The tests of the pipeline: how many failed, and which.

use crate::contract::why::{Test, Tests};
use crate::facts::Facts;
use crate::message::block_kit::Element;
use crate::text;

/// The most tests that a message names, and the most characters of a name.
const MAX_TESTS: usize = 5;
const MAX_NAME: usize = 100;

/// Returns the lines about the failed tests: `Tests: 3 of 412 failed`, then their names. Empty if no test failed.
#[inline(never)]
pub(crate) fn failed(facts: &Facts) -> Vec<Element> {
    let Some(tests) = facts.context.why.tests.as_ref().filter(|_| facts.state.is_failure()) else { return Vec::new() };
    let mut lines = Vec::new();
    if tests.failed > 0 {
        lines.push(facts.language.tests_failed(tests.failed, tests.total));
        let named: Vec<&Test> = tests.named.iter().take(MAX_TESTS).collect();
        lines.extend(named.iter().map(|test| {
            let new = if test.is_new { format!(" · {}", facts.language.failed_before(None)) } else { String::new() };
            format!("• {}{new}", name(test))
        }));
        let more = usize::try_from(tests.failed).unwrap_or(usize::MAX).saturating_sub(named.len());
        lines.extend((more > 0 && !named.is_empty()).then(|| format!("• {}", facts.language.and_more(Some(more)))));
    }
    if !tests.unreadable.is_empty() {
        let suites: Vec<String> = tests.unreadable.iter().take(MAX_TESTS).map(|it| text::shown(it, MAX_NAME)).collect();
        lines.push(facts.language.reports_unreadable(&suites.join(", ")));
    }
    if lines.is_empty() { Vec::new() } else { vec![Element::text(lines.join("\n"))] }
}

/// Returns the number of tests that passed, for the small print of a pipeline that did not fail.
pub(crate) fn passed(facts: &Facts) -> Option<String> {
    let Tests { total, failed, unreadable, .. } = facts.context.why.tests.as_ref()?;
    let is_whole = *failed == 0 && unreadable.is_empty() && *total > 0;
    (is_whole && !facts.state.is_failure()).then(|| facts.language.tests_passed(*total))
}

/// Returns the name of a test, with the last part of its class unless the name begins with it.
fn name(test: &Test) -> String {
    // A class with slashes is a path, and its dots belong to the file.
    let separators: &[char] = if test.class.contains('/') { &['/'] } else { &['.', ':'] };
    let class = test.class.rsplit(separators).find(|part| !part.is_empty()).unwrap_or_default();
    let name = text::shown(&test.name, MAX_NAME);
    let class = text::shown(class, MAX_NAME);
    if class.is_empty() || name.starts_with(&class) || name.starts_with(&test.class) {
        return name;
    }
    text::cut(&format!("{class} {name}"), MAX_NAME)
}
