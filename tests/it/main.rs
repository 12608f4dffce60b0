//! The story tests: a person types, Slack delivers, the channel shows.

mod floors;
mod grammar;
mod manifest;
mod payloads;
mod sandbox;
mod signature;
