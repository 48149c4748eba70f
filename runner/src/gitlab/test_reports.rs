//! The test reports of pipelines (<https://docs.gitlab.com/api/pipelines/#retrieve-a-test-report-for-a-pipeline>). A job token may not
//! read them.
//!
//! The REST route serves both pipelines by one reader, and needs no trust in a second address. GitLab sorts the failed tests of each suite
//! first (gitlab-org/gitlab, `app/serializers/test_suite_entity.rb`), and never loads the counts of flaky tests for it.

use std::fmt;
use std::io::{BufReader, Read};
use std::mem;
use std::time::Duration;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::api::Api;
use super::text::Text;
use super::unknown::Unknown;
use crate::job_log;

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
struct Case {
    #[serde(default)]
    status: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    classname: Text,
}

/// The failed tests of a report. All others are dropped while they are read, and what was read before an error stays.
#[derive(Default)]
struct Report {
    failed: Vec<Failed>,
    /// The number of all tests.
    count: usize,
    /// True if no failed test was dropped.
    is_whole: bool,
}

impl Report {
    fn read(json: impl Read) -> Self {
        let mut report = Self { is_whole: true, ..Self::default() };
        let mut json = serde_json::Deserializer::from_reader(BufReader::new(json));
        report.is_whole &= Node { report: &mut report, is_case: false }.deserialize(&mut json).is_ok();
        report
    }

    fn take(&mut self, case: Case) {
        self.count += 1;
        if !matches!(case.status.0.as_str(), "failed" | "error") || case.name.0.trim().is_empty() {
            return;
        }
        if self.failed.len() >= MAX_FAILED {
            self.is_whole = false;
        } else if !self.failed.iter().any(|it| it.class == case.classname.0 && it.name == case.name.0) {
            self.failed.push(Failed { class: case.classname.0, name: case.name.0, is_new: None });
        }
    }
}

/// The report, the list of its suites, a suite, or the list of its tests.
struct Node<'a> {
    report: &'a mut Report,
    /// True if the entries of a list are tests.
    is_case: bool,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a test report")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if self.is_case {
            while let Some(case) = entries.next_element()? {
                self.report.take(case);
            }
            return Ok(());
        }
        while entries.next_element_seed(Node { report: &mut *self.report, is_case: false })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(field) = fields.next_key::<Text>()? {
            match field.0.as_str() {
                name @ ("test_suites" | "test_cases") => {
                    fields.next_value_seed(Node { report: &mut *self.report, is_case: name == "test_cases" })?;
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Returns the summary of the pipeline's tests; `None` if it has no report.
pub(crate) fn summary(api: &Api) -> Result<Option<Tests>, Unknown> {
    let asker = api.with_access_token()?;
    let path = format!("pipelines/{}/test_report_summary", api.pipeline);
    let body = asker.open(&path, MAX_REPORT, TIME)?.body;
    let summary: Summary = serde_json::from_reader(BufReader::new(body)).map_err(|_| Unknown::NotUnderstood)?;
    let unreadable = summary.test_suites.into_iter().filter(|suite| suite.suite_error.is_some());
    let unreadable: Vec<String> = unreadable.take(MAX_NAMED).map(|suite| masked(suite.name.0)).collect();
    let tests = Tests {
        total: summary.total.count,
        failed: summary.total.failed.saturating_add(summary.total.error),
        unreadable,
        named: Vec::new(),
    };
    Ok(Some(tests).filter(|tests| tests.total > 0 || !tests.unreadable.is_empty()))
}

/// Reads the failed tests of a pipeline.
fn report(api: &Api, pipeline: i64) -> Result<Report, Unknown> {
    let asker = api.with_access_token()?;
    Ok(Report::read(asker.open(&format!("pipelines/{pipeline}/test_report"), MAX_REPORT, TIME)?.body))
}

/// Adds the names of the failed tests, compared with those of the previous pipeline if that failed.
pub(crate) fn name_failed(api: &Api, previous: Option<i64>, tests: &mut Tests) {
    let Ok(Report { failed: mut found, .. }) = report(api, api.pipeline) else { return };
    // A pipeline without tests proves nothing.
    let before = previous.and_then(|pipeline| report(api, pipeline).ok()).filter(|it| it.is_whole && it.count > 0);
    for test in &mut found {
        test.is_new = before
            .as_ref()
            .map(|before| !before.failed.iter().any(|it| it.class == test.class && it.name == test.name));
        for text in [&mut test.class, &mut test.name] {
            *text = masked(mem::take(text));
        }
    }
    found.sort_by_key(|test| test.is_new == Some(false));
    found.truncate(MAX_NAMED);
    tests.named = found;
}

/// Returns a name without a secret.
fn masked(name: String) -> String {
    if job_log::is_secret(&name) { "[a name that looks like a secret]".to_owned() } else { name }
}

#[cfg(feature = "fuzz")]
pub(crate) fn fuzz_reports(body: &[u8]) {
    let _ = Report::read(body);
    let _ = serde_json::from_slice::<Summary>(body);
}
