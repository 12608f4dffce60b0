//! The story tests: a person types, Slack delivers, the channel shows.

mod bad_days;
mod batch;
mod binary;
mod crash;
mod demo;
mod doors;
mod exactness;
mod floors;
mod giving;
mod grammar;
mod harness;
mod injection;
mod interleavings;
mod manifest;
mod members;
mod migrations;
mod minimal;
mod payloads;
mod posted_once;
mod readme;
mod recounting;
mod sandbox;
mod signature;
mod store_contract;
mod taking_back;
mod teams;
