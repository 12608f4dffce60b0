//! Floor 1: Slack's protocol, and nothing of ours.
