//! The story tests: a person types, Slack delivers, the channel shows.

mod floors;
mod giving;
mod grammar;
mod harness;
mod manifest;
mod payloads;
mod sandbox;
mod signature;
