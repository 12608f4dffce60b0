//! Public holidays of countries and their regions.

use std::fmt;
use std::str::FromStr;

use crate::base::calendar::Day;

/// A country or one of its regions, by its ISO 3166 code: `DE`, `DE-BY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

impl Region {
    /// Its name in English, as in `Germany, Bavaria`.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// No country or region whose holidays are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("I don't know the holidays of {0:?}; write a country's code, such as DE, or a region's, such as DE-BY.")]
pub struct NotARegion(pub String);

impl FromStr for Region {
    type Err = NotARegion;

    fn from_str(text: &str) -> Result<Self, NotARegion> {
        Err(NotARegion(text.to_owned()))
    }
}

/// The holiday's name, if this day is one in that region.
pub fn is_holiday(_region: Region, _day: Day) -> Option<&'static str> {
    None
}
