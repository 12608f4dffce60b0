//! The story tests: a person types, Slack delivers, the channel shows.

mod floors;
