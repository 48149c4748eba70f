//! The emoji and the colour of a message.

use crate::contract::state::State;

impl State {
    /// Returns the emoji of this state: its Slack name, and the character for plain text.
    pub(crate) fn emoji(self) -> (&'static str, &'static str) {
        match self {
            Self::PipelineStarted => ("arrow_forward", "▶️"),
            Self::DeployStarted => ("rocket", "🚀"),
            Self::DeployFailed | Self::PipelineFailed | Self::PipelineStillFailing => ("x", "❌"),
            Self::DeploySucceeded | Self::DeployAgain | Self::DeployRolledBack | Self::PipelineSucceeded => {
                ("white_check_mark", "✅")
            }
            Self::DeployCanceled | Self::PipelineCanceled => ("no_entry_sign", "🚫"),
            Self::DeployStopped => ("octagonal_sign", "🛑"),
            Self::PipelineFixed => ("tada", "🎉"),
            Self::PipelineWaiting => ("hourglass_flowing_sand", "⏳"),
            Self::Digest => ("bar_chart", "📊"),
            Self::DeployFinished | Self::PipelineFinished => ("checkered_flag", "🏁"),
        }
    }

    /// Returns the colour of the attachment's bar.
    pub(crate) fn color(self) -> &'static str {
        match self.emoji().0 {
            "rocket" => "#36C5F0",
            "x" => "#E01E5A",
            "white_check_mark" | "tada" => "#2EB67D",
            "no_entry_sign" | "hourglass_flowing_sand" => "#ECB22E",
            _ => "#8D99AE",
        }
    }
}
