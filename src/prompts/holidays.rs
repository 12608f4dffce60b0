//! Public holidays of countries and their regions, from `assets/holidays` (which says where they come from).

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::base::calendar::Day;

/// The years whose holidays are known in full; in others only those on the same day of every year.
pub const KNOWN: RangeInclusive<i32> = 2026..=2035;

/// See `assets/holidays/make.py` for how it is written.
static TEXT: &str = include_str!("../../assets/holidays/holidays.tsv");

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| read(TEXT));

struct Country {
    code: &'static str,
    name: &'static str,
    regions: Vec<(&'static str, &'static str)>,
    holidays: Vec<Holiday>,
}

struct Holiday {
    whose: &'static str,
    dates: &'static str,
    name: &'static str,
}

/// Lines that have not three parts are none of ours, and are left out.
fn read(text: &'static str) -> Vec<Country> {
    let mut countries: Vec<Country> = Vec::new();
    for line in text.lines() {
        let mut parts = line.split('\t');
        let (Some(first), Some(second), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        match (first, countries.last_mut()) {
            ("=", _) => countries.push(Country {
                code: second,
                name,
                regions: Vec::new(),
                holidays: Vec::new(),
            }),
            ("-", Some(country)) => country.regions.push((second, name)),
            (whose, Some(country)) => country.holidays.push(Holiday {
                whose,
                dates: second,
                name,
            }),
            (_, None) => {}
        }
    }
    countries
}

/// A country, or one of its regions. Its text is the country's code of ISO 3166 and the region's: `DE`, `DE-BY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    country: &'static str,
    region: Option<&'static str>,
}

impl Region {
    /// Its name, as in `Germany` or `Germany, Bayern`.
    pub fn name(self) -> String {
        let Some(country) = self.found() else {
            return self.to_string();
        };
        let region = country.regions.iter().find(|&&(code, _)| Some(code) == self.region);
        region.map_or_else(
            || country.name.to_owned(),
            |(_, region)| format!("{}, {region}", country.name),
        )
    }

    fn found(self) -> Option<&'static Country> {
        COUNTRIES.iter().find(|country| country.code == self.country)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.country)?;
        self.region.map_or(Ok(()), |region| write!(f, "-{region}"))
    }
}

/// No country or region whose holidays are known. A sentence for the steward.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARegion {
    /// No such country.
    #[error("I know no country {0:?}. Write its code or its name, as in DE or Germany, or a region's, as in DE-BY.")]
    Country(String),
    /// No such region of a country.
    #[error("I know no region {typed:?} of {country}; {}", say(regions))]
    Region {
        /// What was typed.
        typed: String,
        /// The country.
        country: &'static str,
        /// The codes there are.
        regions: Vec<&'static str>,
    },
}

fn is(typed: &str, known: &str) -> bool {
    let typed = typed.trim();
    typed.eq_ignore_ascii_case(known) || !typed.is_ascii() && typed.to_lowercase() == known.to_lowercase()
}

fn say(regions: &[&str]) -> String {
    match regions {
        [] => "its holidays are the same everywhere.".to_owned(),
        regions => format!("there are {}.", regions.join(", ")),
    }
}

impl FromStr for Region {
    type Err = NotARegion;

    fn from_str(text: &str) -> Result<Self, NotARegion> {
        let country = |typed: &str| {
            // The code that everybody uses is not the one of ISO 3166.
            let typed = if is(typed, "UK") { "GB" } else { typed };
            let by_code = COUNTRIES.iter().find(|country| is(typed, country.code));
            by_code.or_else(|| COUNTRIES.iter().find(|country| is(typed, country.name)))
        };
        if let Some(country) = country(text) {
            return Ok(Self {
                country: country.code,
                region: None,
            });
        }
        let unknown = || NotARegion::Country(text.trim().to_owned());
        let (of, typed) = text.split_once(['-', ',', '/']).ok_or_else(unknown)?;
        let country = country(of).ok_or_else(unknown)?;
        let region = country
            .regions
            .iter()
            .find(|(code, name)| is(typed, code) || is(typed, name));
        match region {
            Some(&(code, _)) => Ok(Self {
                country: country.code,
                region: Some(code),
            }),
            None => Err(NotARegion::Region {
                typed: typed.trim().to_owned(),
                country: country.name,
                regions: country.regions.iter().map(|&(code, _)| code).collect(),
            }),
        }
    }
}

/// The holiday's name in English, if this day is one in that region.
pub fn is_holiday(region: Region, day: Day) -> Option<&'static str> {
    let date = day.to_string();
    let every_year = date.get(5..)?;
    let holidays = &region.found()?.holidays;
    let on = |holiday: &&Holiday| holiday.dates.split(' ').any(|on| on == date || on == every_year);
    holidays
        .iter()
        .filter(on)
        .find(|holiday| holiday.is_of(region.region.unwrap_or(".")))
        .map(|holiday| holiday.name)
}

impl Holiday {
    fn is_of(&self, region: &str) -> bool {
        let mut whose = self.whose.split(',');
        match self.whose.starts_with('*') {
            true => !whose.any(|but| but.strip_prefix('-') == Some(region)),
            false => whose.any(|of| of == region),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use insta::assert_snapshot;

    use super::*;

    fn region(text: &str) -> Region {
        text.parse().expect("a region")
    }

    fn of(text: &str, day: &str) -> Option<&'static str> {
        is_holiday(region(text), day.parse().expect("a day"))
    }

    #[test]
    fn a_region_has_its_countrys_holidays_and_its_own() {
        for (place, day, expected) in [
            ("DE", "2026-10-03", Some("German Unity Day")),
            ("DE-BY", "2026-10-03", Some("German Unity Day")),
            ("DE", "2026-01-06", None),
            ("DE-BY", "2026-01-06", Some("Epiphany")),
            ("DE-BE", "2026-01-06", None),
            ("DE-BE", "2027-03-08", Some("Women's Day")),
            // Easter moves.
            ("DE", "2026-04-06", Some("Easter Monday")),
            ("DE", "2027-03-29", Some("Easter Monday")),
            ("DE", "2027-04-06", None),
            // All but one of the country's.
            ("GB-ENG", "2030-04-22", Some("Easter Monday")),
            ("GB-SCT", "2030-04-22", None),
            ("US", "2026-11-26", Some("Thanksgiving Day")),
            // The fourth of July is a Saturday.
            ("US", "2026-07-03", Some("Independence Day (observed)")),
            ("CA-QC", "2026-06-24", Some("Saint John the Baptist Day")),
            ("IN", "2026-08-15", Some("Independence Day")),
            ("JP", "2026-11-03", Some("Culture Day")),
            ("AE", "2026-12-02", Some("National Day")),
            ("AU-VIC", "2026-11-03", Some("Melbourne Cup Day")),
            ("US", "2026-10-05", None),
        ] {
            assert_eq!(of(place, day), expected, "{place} {day}");
        }
    }

    #[test]
    fn codes_and_names_are_read_in_any_case() {
        for (typed, text, name) in [
            ("de", "DE", "Germany"),
            (" Germany ", "DE", "Germany"),
            ("de-by", "DE-BY", "Germany, Bayern"),
            ("Germany, Bayern", "DE-BY", "Germany, Bayern"),
            ("DE/BY", "DE-BY", "Germany, Bayern"),
            ("UK", "GB", "United Kingdom"),
            ("germany, BADEN-WÜRTTEMBERG", "DE-BW", "Germany, Baden-Württemberg"),
            ("uk-sct", "GB-SCT", "United Kingdom, Scotland"),
        ] {
            assert_eq!(
                (region(typed).to_string().as_str(), region(typed).name().as_str()),
                (text, name)
            );
        }
        let refused = |typed: &str| typed.parse::<Region>().expect_err("no region").to_string();
        assert_snapshot!(refused("Narnia"), @r#"I know no country "Narnia". Write its code or its name, as in DE or Germany, or a region's, as in DE-BY."#);
        assert_snapshot!(refused("AT-XX"), @r#"I know no region "XX" of Austria; there are 1, 2, 3, 4, 5, 6, 7, 8, 9."#);
        assert_snapshot!(refused("SG-1"), @r#"I know no region "1" of Singapore; its holidays are the same everywhere."#);
    }

    #[test]
    fn each_region_can_be_named_and_large_countries_have_holidays_in_every_year() {
        assert_eq!(COUNTRIES.len(), 250);
        let known: BTreeSet<String> = KNOWN.map(|year| year.to_string()).collect();
        let mut regions = 0;
        for country in COUNTRIES.iter() {
            for &(code, _) in &country.regions {
                regions += 1;
                let region = Region {
                    country: country.code,
                    region: Some(code),
                };
                assert_eq!(region.to_string().parse(), Ok(region), "{region}");
            }
            let years: BTreeSet<String> = country.holidays.iter().flat_map(years).collect();
            assert!(years.is_subset(&known), "{}: {years:?}", country.code);
        }
        assert!(regions > 600, "{regions} regions");
        for place in ["DE", "GB", "US", "IN", "PH", "ZA", "BR", "AE", "JP", "AU"] {
            for year in KNOWN {
                let days = (0..365).map(|day| Day::new(year, 1, 1).expect("a day").plus(day));
                let holidays = days.filter(|&day| is_holiday(region(place), day).is_some()).count();
                assert!((5..40).contains(&holidays), "{place} has {holidays} holidays in {year}");
            }
        }
    }

    /// The years that a holiday's dates name.
    fn years(holiday: &Holiday) -> Vec<String> {
        let dates = holiday.dates.split(' ').filter(|date| date.len() == 10);
        dates.map(|date| date[..4].to_owned()).collect()
    }

    #[test]
    fn every_line_of_the_file_is_read() {
        let read: usize = COUNTRIES
            .iter()
            .map(|country| 1 + country.regions.len() + country.holidays.len())
            .sum();
        assert_eq!(read, TEXT.lines().count());
        for country in COUNTRIES.iter() {
            let known: BTreeSet<&str> = country
                .regions
                .iter()
                .map(|&(code, _)| code)
                .chain([".", "*"])
                .collect();
            for holiday in &country.holidays {
                for whose in holiday.whose.split(',') {
                    assert!(
                        known.contains(whose.trim_start_matches('-')),
                        "{}: {whose}",
                        country.code
                    );
                }
                for date in holiday.dates.split(' ') {
                    let whole = if date.len() == 5 {
                        format!("2028-{date}")
                    } else {
                        date.to_owned()
                    };
                    assert!(whole.parse::<Day>().is_ok(), "{}: {date}", country.code);
                }
            }
        }
    }
}
