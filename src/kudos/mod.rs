//! Floor 4: the heart. Giving, counting, taking back.

pub mod grammar;
