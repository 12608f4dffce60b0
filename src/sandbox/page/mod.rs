//! The workspace in a browser: what people see in Slack, and what goes over the wire.

mod stage;

pub use stage::{Jump, Noticed, Stage, Step, Tally};
