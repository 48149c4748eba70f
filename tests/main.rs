//! The integration tests of pipeline-notifier. The first comment of each module gives its purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test reports a fault by a panic")]

mod architecture;
mod bootstrap;
mod bot;
mod closing;
mod command_line;
mod component;
mod consumers;
mod delivery;
mod digest;
mod docs;
mod faults;
mod first_message;
mod fuzz;
mod gitlab;
mod load;
mod messages;
mod modules;
mod network;
mod new_failures;
mod pipeline;
mod playground;
mod properties;
mod refusals;
mod release;
mod sandbox;
mod secrets;
mod settings;
mod settings_file;
mod support;
mod trust;
mod waiting;
mod why;
mod words;
