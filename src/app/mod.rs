//! Floor 8: the app's shared state, its manifest, and which feature answers what.

pub mod inputs;
pub mod manifest;
mod outputs;
mod state;

pub use outputs::{deliver, late};
pub use state::{App, Deadlines, StartError, connect, settings};
