//! The changes between two commits (<https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits>).

use std::fmt;
use std::io::BufReader;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::api::Api;
use super::unknown::Unknown;
use crate::net::secret::percent_encoded;

/// The most commits that are listed by title.
const MAX_COMMITS: usize = 5;

/// The most merge requests that are listed.
const MAX_MERGE_REQUESTS: usize = 10;

/// The length limit of a title or name, in characters.
const MAX_TEXT: usize = 255;

/// The changes since the last deployment, as the context has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    /// The number of all commits.
    pub(crate) count: i64,
    /// The oldest commits, at most `MAX_COMMITS`, in order of age.
    pub(crate) commits: Vec<Commit>,
    /// The numbers of this project's merge requests, as the messages of merge commits name them.
    pub(crate) merge_requests: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Commit {
    pub(crate) title: String,
    pub(crate) author: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    title: String,
    #[serde(default)]
    author_name: String,
    #[serde(default)]
    message: String,
}

/// Compares a commit with a commit or a branch. GitLab accepts no job token here.
pub(crate) fn between(api: &Api, from: &str, to: &str, project: &str) -> Result<Changes, Unknown> {
    let to = percent_encoded(to);
    let opened = api.with_access_token()?.get(&format!("repository/compare?from={from}&to={to}"))?;
    let mut found = None;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(opened.body));
    // The diffs after the commits cannot be left out of the answer; they are not read.
    let _ = Comparison { found: &mut found, project }.deserialize(&mut json);
    found.ok_or(Unknown::NotUnderstood)
}

/// True if a text is the SHA of a commit, whole or shortened.
pub(crate) fn is_sha(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Reads an answer up to the end of its commits.
struct Comparison<'a> {
    found: &'a mut Option<Changes>,
    project: &'a str,
}

impl<'de> DeserializeSeed<'de> for Comparison<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Comparison<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a comparison")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "commits" {
                *self.found = Some(map.next_value_seed(Commits(self.project))?);
                break;
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Counts commits, and collects a few.
struct Commits<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Commits<'_> {
    type Value = Changes;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Changes, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Commits<'_> {
    type Value = Changes;
    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of commits")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Changes, A::Error> {
        let mut changes = Changes::default();
        while let Some(commit) = list.next_element::<Listed>()? {
            changes.count += 1;
            let number = merge_request(&commit.message, self.0);
            if let Some(number) = number.filter(|it| !changes.merge_requests.contains(it))
                && changes.merge_requests.len() < MAX_MERGE_REQUESTS
            {
                changes.merge_requests.push(number);
            }
            if changes.commits.len() < MAX_COMMITS {
                let short = |text: String| text.chars().take(MAX_TEXT).collect();
                changes.commits.push(Commit { title: short(commit.title), author: short(commit.author_name) });
            }
        }
        Ok(changes)
    }
}

/// Returns the merge request that a merge commit's message names (`See merge request shop/api!318`), if it is of this project.
fn merge_request(message: &str, project: &str) -> Option<i64> {
    let (_, named) = message.rsplit_once("See merge request ")?;
    let (of, number) = named.split_whitespace().next()?.split_once('!')?;
    (of.is_empty() || of == project).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_read_up_to_its_differences() {
        let commit =
            |number: u32, message: &str| format!(r#"{{"title":"t{number}","author_name":"a","message":"{message}"}}"#);
        let merged = "Merge branch 'x' into 'main'\\n\\nSee merge request shop/api!318";
        let commits: Vec<String> = (0..7).map(|number| commit(number, if number < 6 { "m" } else { merged })).collect();
        let body = format!(r#"{{"commit":{{"id":"x"}},"commits":[{}],"diffs":[{{"diff":"breaks o"#, commits.join(","));
        let mut found = None;
        let mut json = serde_json::Deserializer::from_reader(body.as_bytes());
        let _ = Comparison { found: &mut found, project: "shop/api" }.deserialize(&mut json);
        let found = found.unwrap();
        assert_eq!((found.count, found.commits.len(), found.merge_requests), (7, 5, vec![318]));
        assert_eq!((found.commits[0].title.as_str(), found.commits[0].author.as_str()), ("t0", "a"));
    }

    #[test]
    fn only_merge_requests_of_this_project_are_named() {
        let of = |message: &str| merge_request(message, "shop/api");
        assert_eq!(of("Merge\n\nSee merge request shop/api!318"), Some(318));
        assert_eq!(of("Merge\n\nSee merge request !7\n"), Some(7));
        for other in ["See merge request bank/api!318", "See merge request shop/api!x", "!318", "See merge request "] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
