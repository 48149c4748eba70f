//! The beginning of a text in an answer, which may be of any length.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// The length limit of a text, in characters. A longer address is dropped, because a cut address leads elsewhere.
pub(super) const MAX_TEXT: usize = 1000;

/// The beginning of a text in an answer.
#[derive(Default)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl Visitor<'_> for Bounded {
            type Value = Text;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a text; null, true, false and numbers count as empty")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.chars().take(MAX_TEXT).collect()))
            }
            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Bounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_a_text_is_empty() {
        let of = |json: &str| serde_json::from_str::<Text>(json).map(|text| text.0);
        for json in ["null", "true", "0", "-1", "1.5", "18446744073709551616"] {
            assert_eq!(of(json).unwrap(), "", "{json}");
        }
        assert_eq!(of("\"main\"").unwrap(), "main");
        assert_eq!(of(&format!("\"{}\"", "가".repeat(2000))).unwrap().chars().count(), MAX_TEXT);
        assert!(of("{}").is_err() && of("[]").is_err());
    }
}
