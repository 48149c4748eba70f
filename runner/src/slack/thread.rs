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

/// The most that a file with a place in it has, in bytes.
pub(crate) const MAX_FILE: u64 = 200;

impl Thread {
    /// Reads what an earlier job kept: believed only where it has the shape of a place.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().filter(|it: &Self| is_channel_id(&it.channel) && is_ts(&it.ts))
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
    fn a_place_is_believed_where_it_looks_like_one() {
        let place = Thread { channel: "C0123456789".into(), ts: "1795134000.000100".into() };
        assert_eq!(Thread::parse(&serde_json::to_vec(&place).unwrap()), Some(place));
        for odd in ["", "{}", "[]", r##"{"channel":"#deploys","ts":"1.2"}"##, r#"{"channel":"C0123456789","ts":"now"}"#]
        {
            assert_eq!(Thread::parse(odd.as_bytes()), None, "{odd}");
        }
    }
}
