//! A run of text in one style, and the emoji in it.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a span has any of these styles at once")]
pub(super) struct Span {
    pub(super) text: String,
    /// The address, if it is a link.
    pub(super) url: Option<String>,
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) strike: bool,
    pub(super) code: bool,
    pub(super) mention: bool,
}

impl Span {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn mention(text: impl Into<String>) -> Self {
        Self { text: text.into(), mention: true, ..Self::default() }
    }
}

/// Returns the character of an emoji's Slack name. An unknown name stays in colons, as Slack would type it.
pub(super) fn emoji(name: &str) -> String {
    let character = match name {
        "rocket" => "🚀",
        "arrow_forward" => "▶️",
        "x" => "❌",
        "white_check_mark" => "✅",
        "no_entry_sign" => "🚫",
        "octagonal_sign" => "🛑",
        "hourglass_flowing_sand" => "⏳",
        "bar_chart" => "📊",
        "tada" => "🎉",
        "checkered_flag" => "🏁",
        "warning" => "⚠️",
        "rotating_light" => "🚨",
        other => return format!(":{other}:"),
    };
    character.to_owned()
}

/// Replaces each known `:name:` by its emoji.
pub(super) fn with_emoji(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(':') {
        shown.push_str(before);
        match behind.split_once(':') {
            Some((name, after)) if !emoji(name).starts_with(':') => {
                shown.push_str(&emoji(name));
                rest = after;
            }
            _ => {
                shown.push(':');
                rest = behind;
            }
        }
    }
    shown + rest
}
