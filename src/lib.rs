//! Plaudit: recognition for customer-service teams, all year, inside Slack.
//!
//! The module list is the house: a module imports only from floors below its own
//! (`tests/it/floors.rs` fails on anything else).

pub mod app;
pub mod base;
pub mod boards;
pub mod cli;
pub mod config;
pub mod digest;
pub mod home;
pub mod jobs;
pub mod kudos;
pub mod outbox;
pub mod privacy;
pub mod prompts;
pub mod sandbox;
pub mod setup;
pub mod slack;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod workspace;
