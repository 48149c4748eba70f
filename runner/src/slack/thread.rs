//! The location of a pipeline's message, and its record for other jobs.

use serde::{Deserialize, Serialize};

/// The location of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thread {
    /// The channel's ID.
    pub(crate) channel: String,
    /// The message's timestamp, which is its ID within the channel.
    pub(crate) ts: String,
}

/// A job's record of the location, for later jobs and calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecordedThread {
    #[serde(flatten)]
    thread: Thread,
    /// The channel as in the settings.
    named: String,
    pipeline: i64,
}

/// The size limit of a record's file, in bytes.
pub(crate) const MAX_FILE: u64 = 1000;

impl RecordedThread {
    pub(crate) fn encode(thread: &Thread, named: &str, pipeline: i64) -> Vec<u8> {
        let recorded = Self { thread: thread.clone(), named: named.to_owned(), pipeline };
        serde_json::to_vec(&recorded).unwrap_or_default()
    }

    /// Reads an earlier job's record; `None` if it is malformed or of another pipeline.
    pub(crate) fn parse(json: &[u8], pipeline: i64) -> Option<Self> {
        let recorded: Self = serde_json::from_slice(json).ok()?;
        let is_valid = is_channel_id(&recorded.thread.channel) && is_ts(&recorded.thread.ts);
        Some(recorded).filter(|recorded| is_valid && recorded.pipeline == pipeline)
    }

    /// Returns the message if it is in the channel of a setting, by ID or by the same text. Another environment has another channel.
    pub(crate) fn in_channel(&self, channel: &str) -> Option<&Thread> {
        let is_there = if is_channel_id(channel) { self.thread.channel == channel } else { self.named == channel };
        is_there.then_some(&self.thread)
    }
}

/// Returns true for a channel's ID: C, G or D, then letters and digits.
pub(crate) fn is_channel_id(channel: &str) -> bool {
    channel.len() >= 9
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

pub(crate) fn is_ts(ts: &str) -> bool {
    ts.split_once('.').is_some_and(|(seconds, rest)| {
        [seconds, rest].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_record_of_this_pipeline_is_believed() {
        let location = Thread { channel: "C0123456789".into(), ts: "1795134000.000100".into() };
        let recorded = RecordedThread::parse(&RecordedThread::encode(&location, "#deploys", 90_817), 90_817).unwrap();
        assert_eq!(recorded.in_channel("C0123456789"), Some(&location));
        assert_eq!(recorded.in_channel("#deploys"), Some(&location));
        assert_eq!((recorded.in_channel("#staging"), recorded.in_channel("C0987654321")), (None, None));
        assert!(RecordedThread::parse(&RecordedThread::encode(&location, "#deploys", 90_816), 90_817).is_none());
        for (channel, ts) in [("#deploys", "1.2"), ("C0123456789", "now"), ("", "")] {
            let odd = Thread { channel: channel.into(), ts: ts.into() };
            assert!(
                RecordedThread::parse(&RecordedThread::encode(&odd, channel, 90_817), 90_817).is_none(),
                "{channel}"
            );
        }
        for odd in ["", "{}", "[]", r#"{"channel":"C0123456789","ts":"1.2"}"#] {
            assert!(RecordedThread::parse(odd.as_bytes(), 90_817).is_none(), "{odd}");
        }
    }
}
