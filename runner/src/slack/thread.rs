//! The location of a pipeline's message, and its record for other jobs.

use serde::{Deserialize, Serialize};

use super::metadata::Sender;

/// The location of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thread {
    /// The channel's ID.
    pub(crate) channel: String,
    /// The message's timestamp, which is its ID within the channel.
    pub(crate) ts: String,
}

/// A job's record of the location, for later jobs and calls. Whoever changes a job of the pipeline can change its artifact, so the record
/// is sealed: a bot updates no message that is not its pipeline's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecordedThread {
    #[serde(flatten)]
    thread: Thread,
    /// The channel as in the settings.
    named: String,
    pipeline: i64,
    seal: String,
}

/// The size limit of a record's file, in bytes.
pub(crate) const MAX_FILE: u64 = 1000;

impl RecordedThread {
    pub(crate) fn encode(thread: &Thread, named: &str, sender: &Sender) -> Vec<u8> {
        let (thread, named) = (thread.clone(), named.to_owned());
        let mut recorded = Self { thread, named, pipeline: sender.pipeline, seal: String::new() };
        recorded.seal = recorded.sealed(sender);
        serde_json::to_vec(&recorded).unwrap_or_default()
    }

    /// Reads an earlier job's record; `None` if it is malformed, of another pipeline or another bot's.
    pub(crate) fn parse(json: &[u8], sender: &Sender) -> Option<Self> {
        let recorded: Self = serde_json::from_slice(json).ok()?;
        let is_valid = is_channel_id(&recorded.thread.channel) && is_ts(&recorded.thread.ts);
        let is_ours = recorded.pipeline == sender.pipeline && recorded.seal == recorded.sealed(sender);
        Some(recorded).filter(|_| is_valid && is_ours)
    }

    fn sealed(&self, sender: &Sender) -> String {
        let Self { thread: Thread { channel, ts }, named, pipeline, .. } = self;
        sender.seal(&format!("{channel} {ts} {pipeline} {named}"))
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

    fn sender(token: &str, pipeline: &str) -> Sender {
        let variables = [("SLACK_BOT_TOKEN", token), ("CI_PROJECT_ID", "1042"), ("CI_PIPELINE_ID", pipeline)];
        Sender::of(&variables.into_iter().collect()).unwrap()
    }

    #[test]
    fn only_a_valid_record_of_this_pipeline_is_believed() {
        let (ours, earlier, other) = (sender("xoxb-1", "90817"), sender("xoxb-1", "90816"), sender("xoxb-2", "90817"));
        let location = Thread { channel: "C0123456789".into(), ts: "1795134000.000100".into() };
        let recorded = RecordedThread::parse(&RecordedThread::encode(&location, "#deploys", &ours), &ours).unwrap();
        assert_eq!(recorded.in_channel("C0123456789"), Some(&location));
        assert_eq!(recorded.in_channel("#deploys"), Some(&location));
        assert_eq!((recorded.in_channel("#staging"), recorded.in_channel("C0987654321")), (None, None));
        for forged in [&earlier, &other] {
            assert!(RecordedThread::parse(&RecordedThread::encode(&location, "#deploys", forged), &ours).is_none());
        }
        for (channel, ts) in [("#deploys", "1.2"), ("C0123456789", "now"), ("", "")] {
            let odd = Thread { channel: channel.into(), ts: ts.into() };
            assert!(RecordedThread::parse(&RecordedThread::encode(&odd, channel, &ours), &ours).is_none(), "{channel}");
        }
        for odd in ["", "{}", "[]", r#"{"channel":"C0123456789","ts":"1.2"}"#] {
            assert!(RecordedThread::parse(odd.as_bytes(), &ours).is_none(), "{odd}");
        }
    }
}
