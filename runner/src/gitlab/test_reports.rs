//! The test reports of pipelines (<https://docs.gitlab.com/api/pipelines/#retrieve-a-test-report-for-a-pipeline>). A job token may not
//! read them.
//!
//! The REST route serves both pipelines by one reader, and needs no trust in a second address. GitLab sorts the failed tests of each suite
//! first (gitlab-org/gitlab, `app/serializers/test_suite_entity.rb`), and never loads the counts of flaky tests for it.

use std::fmt;
use std::io::BufReader;
use std::time::Duration;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::api::{Api, Unknown};
use super::jobs::Text;

/// The limits of a report, which has the output of every failed test.
const MAX_REPORT: u64 = 8 << 20;
const TIME: Duration = Duration::from_secs(4);

/// The most failed tests of a report that are remembered. All others count as unknown.
const MAX_FAILED: usize = 500;

/// The most tests that the context names.
const MAX_NAMED: usize = 10;

/// The tests of a pipeline, as the context has them.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tests {
    pub(crate) total: i64,
    pub(crate) failed: i64,
    /// The names of suites that GitLab could not parse.
    pub(crate) unreadable: Vec<String>,
    /// The first failed tests, the new ones first. Empty if the report could not be read.
    pub(crate) named: Vec<Failed>,
}

/// A failed test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Failed {
    pub(crate) class: String,
    pub(crate) name: String,
    /// True if it did not fail in the previous pipeline; `None` if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_new: Option<bool>,
}

#[derive(Deserialize)]
struct Summary {
    total: Total,
    #[serde(default)]
    test_suites: Vec<SuiteSummary>,
}

#[derive(Deserialize)]
struct Total {
    count: i64,
    #[serde(default)]
    failed: i64,
    #[serde(default)]
    error: i64,
}

#[derive(Deserialize)]
struct SuiteSummary {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    suite_error: Option<Text>,
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    test_suites: Vec<Suite>,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    test_cases: FailedCases,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    status: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    classname: Text,
}

/// The failed tests of a suite. All others are dropped while they are read.
#[derive(Default)]
struct FailedCases(Vec<Case>);

impl<'de> Deserialize<'de> for FailedCases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Cases;
        impl<'de> Visitor<'de> for Cases {
            type Value = FailedCases;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a list of tests")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut cases: A) -> Result<FailedCases, A::Error> {
                let mut failed = Vec::new();
                while let Some(case) = cases.next_element::<Case>()? {
                    if matches!(case.status.0.as_str(), "failed" | "error") && failed.len() <= MAX_FAILED {
                        failed.push(case);
                    }
                }
                Ok(FailedCases(failed))
            }
        }
        deserializer.deserialize_seq(Cases)
    }
}

/// Returns the summary of the pipeline's tests; `None` if it has no report.
pub(crate) fn summary(api: &Api) -> Result<Option<Tests>, Unknown> {
    let asker = api.with_access_token().ok_or(Unknown::Refused(401))?;
    let path = format!("pipelines/{}/test_report_summary", api.pipeline);
    let body = asker.open(&path, MAX_REPORT, TIME)?.body;
    let summary: Summary = serde_json::from_reader(BufReader::new(body)).map_err(|_| Unknown::NotUnderstood)?;
    let unreadable = summary.test_suites.into_iter().filter(|suite| suite.suite_error.is_some());
    let unreadable: Vec<String> = unreadable.map(|suite| suite.name.0).collect();
    let tests = Tests {
        total: summary.total.count,
        failed: summary.total.failed.saturating_add(summary.total.error),
        unreadable,
        named: Vec::new(),
    };
    Ok(Some(tests).filter(|tests| tests.total > 0 || !tests.unreadable.is_empty()))
}

/// Returns the failed tests of a pipeline, and true if these are all.
fn failed(api: &Api, pipeline: i64) -> Result<(Vec<Failed>, bool), Unknown> {
    let asker = api.with_access_token().ok_or(Unknown::Refused(401))?;
    let body = asker.open(&format!("pipelines/{pipeline}/test_report"), MAX_REPORT, TIME)?.body;
    let report: Report = serde_json::from_reader(BufReader::new(body)).map_err(|_| Unknown::NotUnderstood)?;
    let cases = report.test_suites.into_iter().flat_map(|suite| suite.test_cases.0);
    let mut failed: Vec<Failed> =
        cases.map(|case| Failed { class: case.classname.0, name: case.name.0, is_new: None }).collect();
    let are_all = failed.len() <= MAX_FAILED;
    failed.truncate(MAX_FAILED);
    Ok((failed, are_all))
}

/// Adds the names of the failed tests, compared with those of the previous pipeline if that failed.
pub(crate) fn name_failed(api: &Api, previous: Option<i64>, tests: &mut Tests) {
    let Ok((mut found, _)) = failed(api, api.pipeline) else { return };
    if let Some(Ok((before, true))) = previous.map(|pipeline| failed(api, pipeline)) {
        for test in &mut found {
            test.is_new = Some(!before.iter().any(|it| it.class == test.class && it.name == test.name));
        }
    }
    found.sort_by_key(|test| test.is_new == Some(false));
    found.truncate(MAX_NAMED);
    tests.named = found;
}

#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_reports(body: &[u8]) {
    let _ = serde_json::from_slice::<Report>(body);
    let _ = serde_json::from_slice::<Summary>(body);
}
