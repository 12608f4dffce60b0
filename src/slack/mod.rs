//! Floor 1: Slack's protocol, and nothing of ours.

pub mod blocks;
pub mod client;
pub mod errors;
pub mod inbound;
pub mod limits;
pub mod manifest;
pub mod mrkdwn;
pub mod signature;
