//! The links in a line of text: to a page of the project.

use crate::facts::Facts;
use crate::message::block_kit::Element;

/// Links a page of the project in a line of text.
pub(crate) fn project_page(facts: &Facts, page: &str, label: String) -> Element {
    match facts.url("CI_PROJECT_URL").and_then(|project| project.join(page)) {
        Some(url) => Element::Link { url: url.as_str().to_owned(), text: label },
        None => Element::text(label),
    }
}
