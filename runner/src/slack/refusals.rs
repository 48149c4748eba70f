//! Slack's refusals of a message, and what the next try leaves out.

use serde_json::{Map, Value};

use super::undelivered::Undelivered;
use crate::module::message::Body;

/// A part of a message that the next try leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The pipeline's message is gone, so its thread is too: a new message is posted.
    Message,
    /// The thread: the message is posted in the channel.
    Thread,
    Mentions,
    Metadata,
    /// The blocks: the text has the first link and the mentions.
    Blocks,
    /// The bot: the webhook is used, if there is one.
    Bot,
}

use Part::{Blocks, Bot, Mentions, Message, Metadata, Thread};

/// The documented errors of a message (<https://docs.slack.dev/reference/methods/chat.postMessage/>,
/// <https://docs.slack.dev/reference/methods/chat.update/>,
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors>). Any other error leaves out the bot.
#[rustfmt::skip]
const REFUSALS: [(&str, Part); 66] = [
    ("message_not_found", Message),
    ("thread_not_found", Message),
    ("cannot_reply_to_message", Thread),
    ("restricted_action_non_threadable_channel", Thread),
    ("restricted_action_thread_locked", Thread),
    ("cant_broadcast_message", Thread),
    ("restricted_action", Mentions),
    ("action_prohibited", Mentions),
    ("invalid_metadata_format", Metadata),
    ("invalid_metadata_schema", Metadata),
    ("metadata_must_be_sent_from_app", Metadata),
    ("metadata_too_large", Metadata),
    ("attachment_payload_limit_exceeded", Blocks),
    ("block_mismatch", Blocks),
    ("invalid_attachments", Blocks),
    ("invalid_blocks", Blocks),
    ("invalid_blocks_format", Blocks),
    ("invalid_payload", Blocks),
    ("markdown_text_conflict", Blocks),
    ("msg_blocks_too_long", Blocks),
    ("msg_too_long", Blocks),
    ("no_text", Blocks),
    ("too_many_attachments", Blocks),
    ("too_many_contact_cards", Blocks),
    ("as_user_not_supported", Bot),
    ("blocked_file_type", Bot),
    ("cant_update_message", Bot),
    ("channel_not_found", Bot),
    ("draft_already_deleted", Bot),
    ("draft_already_sent", Bot),
    ("draft_has_conflict", Bot),
    ("draft_not_found", Bot),
    ("duplicate_channel_not_found", Bot),
    ("duplicate_message_not_found", Bot),
    ("edit_window_closed", Bot),
    ("external_channel_migrating", Bot),
    ("file_deleted", Bot),
    ("file_is_deleted", Bot),
    ("file_not_found", Bot),
    ("file_share_limit_reached", Bot),
    ("is_archived", Bot),
    ("is_inactive", Bot),
    ("max_file_sharing_exceeded", Bot),
    ("message_limit_exceeded", Bot),
    ("messages_tab_disabled", Bot),
    ("missing_file_data", Bot),
    ("no_dual_broadcast_content_update", Bot),
    ("not_in_channel", Bot),
    ("posting_to_channel_denied", Bot),
    ("posting_to_general_channel_denied", Bot),
    ("rate_limited", Bot),
    ("restricted_action_read_only_channel", Bot),
    ("restricted_action_thread_only_channel", Bot),
    ("slack_connect_blocked_file_type", Bot),
    ("slack_connect_canvas_sharing_blocked", Bot),
    ("slack_connect_clip_sharing_blocked", Bot),
    ("slack_connect_file_link_sharing_blocked", Bot),
    ("slack_connect_file_upload_sharing_blocked", Bot),
    ("slack_connect_lists_sharing_blocked", Bot),
    ("streaming_state_conflict", Bot),
    ("team_not_found", Bot),
    ("team_access_not_granted", Bot),
    ("unable_to_share_files", Bot),
    ("update_failed", Bot),
    ("user_not_found", Bot),
    ("channel_is_archived", Bot),
];

/// A part that a delivered message lacks, and Slack's error for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) part: Part,
    pub(crate) reason: String,
}

impl LeftOut {
    /// Returns the warning: what happened, why, and what to do. `setting` is the one that names the mentions.
    pub(crate) fn describe(&self, setting: &str) -> String {
        let reason = &self.reason;
        match self.part {
            Mentions => format!(
                "Slack refused the mention ({reason}), so nobody is mentioned; change {setting}, or ask an administrator of the workspace"
            ),
            Metadata => format!(
                "Slack refused the message's metadata ({reason}); later jobs find the message only by the start job's artifact"
            ),
            Blocks => format!("Slack refused the message's blocks ({reason}); only its text was sent"),
            Thread | Message | Bot => {
                format!("Slack refused a reply in the thread ({reason}); the message was posted in the channel")
            }
        }
    }
}

/// Returns true if the pipeline's message is gone.
pub(super) fn is_gone(refused: &Undelivered) -> bool {
    part_of(refused) == Message
}

fn part_of(refused: &Undelivered) -> Part {
    let word = refused.reason();
    let is_too_large = matches!(refused, Undelivered::Refused { status: 413, .. });
    let found = REFUSALS.iter().find(|(known, _)| *known == word).map(|(_, part)| *part);
    if is_too_large { Blocks } else { found.unwrap_or(Bot) }
}

/// Sends the arguments of a message, and again without the part that Slack refused: at most three tries in all.
pub(super) fn persist<T>(
    mut arguments: Map<String, Value>,
    body: &Body,
    left_out: &mut Vec<LeftOut>,
    send: impl Fn(&Map<String, Value>) -> Result<T, Undelivered>,
) -> Result<T, Undelivered> {
    let mut with_mentions = true;
    for _ in 0..2 {
        let refused = match send(&arguments) {
            Err(refused) => refused,
            delivered => return delivered,
        };
        let part = part_of(&refused);
        let is_changed = match part {
            Thread => {
                arguments.remove("reply_broadcast");
                arguments.remove("thread_ts").is_some()
            }
            Mentions => {
                with_mentions && {
                    with_mentions = false;
                    body.remove_mentions(&mut arguments)
                }
            }
            Metadata => arguments.remove("metadata").is_some(),
            Blocks => body.remove_blocks(&mut arguments, with_mentions),
            Message | Bot => false,
        };
        if !is_changed {
            return Err(refused);
        }
        let refused = LeftOut { part, reason: refused.reason() };
        if !left_out.contains(&refused) {
            left_out.push(refused);
        }
    }
    send(&arguments)
}
