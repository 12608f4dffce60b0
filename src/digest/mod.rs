//! Floor 6: the monthly digest.

pub mod chart;
pub mod rules;
