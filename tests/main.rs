//! The integration tests of pipeline-notifier. Each module says what it proves.

mod command_line;
mod delivery;
mod harness;
mod loopback;
mod messages;
mod sandbox;
mod secrets;
mod slack_limits;
