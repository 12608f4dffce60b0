//! Floor 10: the local stand-in for Slack.
