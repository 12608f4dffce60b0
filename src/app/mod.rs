//! Floor 8: the app's shared state, its manifest, and which feature answers what.

pub mod manifest;
