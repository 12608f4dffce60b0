//! Local days, periods and working days.
