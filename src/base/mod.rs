//! Floor 0: ids, the clock, calendars and text. Pure, and imported by everything.

#[macro_use]
mod stored;

pub mod calendar;
pub mod clock;
pub mod ids;
pub mod text;
