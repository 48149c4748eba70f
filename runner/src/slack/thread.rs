//! Where a pipeline's message is, and how jobs tell each other.

use serde::{Deserialize, Serialize};

/// Where a message is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thread {
    /// The channel's ID.
    pub(crate) channel: String,
    /// The message's timestamp, which is its ID within the channel.
    pub(crate) ts: String,
}

/// What a job keeps of it for the jobs and calls that come later.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecordedThread {
    #[serde(flatten)]
    thread: Thread,
    /// The channel as the settings had it.
    named: String,
    pipeline: i64,
}

/// The most that a file with a place in it has, in bytes.
pub(crate) const MAX_FILE: u64 = 1000;

impl RecordedThread {
    pub(crate) fn encode(thread: &Thread, named: &str, pipeline: i64) -> Vec<u8> {
        let recorded = Self { thread: thread.clone(), named: named.to_owned(), pipeline };
        serde_json::to_vec(&recorded).unwrap_or_default()
    }

    /// Reads what an earlier job recorded: believed only where it has the shape of a place, and is this pipeline's.
    pub(crate) fn parse(json: &[u8], pipeline: i64) -> Option<Self> {
        let recorded: Self = serde_json::from_slice(json).ok()?;
        let is_place = is_channel_id(&recorded.thread.channel) && is_ts(&recorded.thread.ts);
        Some(recorded).filter(|recorded| is_place && recorded.pipeline == pipeline)
    }

    /// The message, where it is in a channel that a setting names, by its ID or in the same words: another environment's is another.
    pub(crate) fn in_channel(&self, channel: &str) -> Option<&Thread> {
        let is_there = if is_channel_id(channel) { self.thread.channel == channel } else { self.named == channel };
        is_there.then_some(&self.thread)
    }
}

/// A channel by its ID: C, G or D and letters and digits.
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
    fn a_place_is_believed_where_it_looks_like_one_of_this_pipeline() {
        let place = Thread { channel: "C0123456789".into(), ts: "1795134000.000100".into() };
        let recorded = RecordedThread::parse(&RecordedThread::encode(&place, "#deploys", 90_817), 90_817).unwrap();
        assert_eq!(recorded.in_channel("C0123456789"), Some(&place));
        assert_eq!(recorded.in_channel("#deploys"), Some(&place));
        assert_eq!((recorded.in_channel("#staging"), recorded.in_channel("C0987654321")), (None, None));
        assert!(RecordedThread::parse(&RecordedThread::encode(&place, "#deploys", 90_816), 90_817).is_none());
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
