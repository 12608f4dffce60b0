//! Who stands on a board, and at which rank; who counts as forgotten.

use crate::base::calendar::Day;
use crate::base::ids::UserId;

/// The most names on a board. Below them nobody is named.
pub const NAMES: usize = 10;
/// Working days without thanks after which somebody stands on the nobody-forgotten list.
pub const FORGOTTEN_AFTER: usize = 20;
/// Days that coverage looks back on, today included.
pub const WINDOW: i64 = 30;

/// A figure of somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub member: UserId,
    /// How many; more than none.
    pub n: i64,
}

/// Somebody's place on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1; who has as many shares it, and the next one is as far down as there are people above.
    pub rank: usize,
    /// Who.
    pub member: UserId,
    /// How many.
    pub n: i64,
}

/// What a board shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranking {
    /// The highest first, at most [`NAMES`].
    pub places: Vec<Place>,
    /// Somebody who isn't named has as many as the last one who is.
    pub more_share_the_last: bool,
}

impl Ranking {
    /// Whether somebody is named.
    pub fn names(&self, member: &UserId) -> bool {
        self.places.iter().any(|place| place.member == *member)
    }
}

/// Ranks rows of people who may all be named, whatever their order. Of those who share a rank, the ids decide who is
/// named first: somebody has to be, and it is the same ones for everybody who looks.
pub fn rank(mut rows: Vec<Row>) -> Ranking {
    rows.retain(|row| row.n > 0);
    rows.sort_by(|a, b| (b.n, &a.member).cmp(&(a.n, &b.member)));
    let more_share_the_last = rows
        .get(NAMES)
        .is_some_and(|next| rows.get(NAMES - 1).is_some_and(|last| last.n == next.n));
    let mut places: Vec<Place> = Vec::new();
    for (above, row) in rows.into_iter().take(NAMES).enumerate() {
        let rank = match places.last() {
            Some(last) if last.n == row.n => last.rank,
            _ => above + 1,
        };
        let Row { member, n } = row;
        places.push(Place { rank, member, n });
    }
    Ranking {
        places,
        more_share_the_last,
    }
}

/// The last day of thanks that makes somebody forgotten `today`: [`FORGOTTEN_AFTER`] working days have passed since,
/// today not counted.
pub fn forgotten_since(today: Day) -> Day {
    let mut day = today.previous();
    let mut passed = 0;
    loop {
        if day.is_working_day() {
            passed += 1;
            if passed == FORGOTTEN_AFTER {
                return day.previous();
            }
        }
        day = day.previous();
    }
}

/// A part of a whole, in percent; `None` where there is nobody. Rounded down, so that 100 is everybody.
pub fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| part.clamp(0, whole) * 100 / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row((member, n): (u16, i64)) -> Row {
        Row {
            member: UserId(format!("U{member:05}")),
            n,
        }
    }

    fn told(rows: &[(u16, i64)]) -> String {
        let ranking = rank(rows.iter().copied().map(row).collect());
        let each: Vec<String> = ranking
            .places
            .iter()
            .map(|place| format!("{}. {} {}", place.rank, place.member, place.n))
            .collect();
        format!(
            "{}{}",
            each.join(", "),
            if ranking.more_share_the_last { ", …" } else { "" }
        )
    }

    #[test]
    fn ties_share_a_rank_and_the_next_one_stands_below_all_of_them() {
        assert_eq!(
            told(&[(4, 2), (1, 5), (3, 5), (2, 7), (5, 0)]),
            "1. U00002 7, 2. U00001 5, 2. U00003 5, 4. U00004 2"
        );
        assert_eq!(told(&[]), "");
    }

    #[test]
    fn ten_are_named_and_it_is_said_when_others_have_as_many() {
        let many: Vec<(u16, i64)> = (0..12).map(|n| (n, if n < 8 { 3 } else { 1 })).collect();
        let all = told(&many);
        assert!(all.ends_with("9. U00008 1, 9. U00009 1, …"), "{all}");
        let exact: Vec<(u16, i64)> = (0..11).map(|n| (n, if n < 10 { 3 } else { 1 })).collect();
        assert!(!told(&exact).ends_with('…'));
    }

    #[test]
    fn twenty_working_days_are_four_weeks() {
        // Monday, 5 October: the twenty before it begin on Monday, 7 September.
        let monday = Day::new(2026, 10, 5).expect("a day");
        assert_eq!(forgotten_since(monday).to_string(), "2026-09-06");
        assert_eq!(forgotten_since(monday.previous()).to_string(), "2026-09-06");
        assert_eq!(forgotten_since(monday.next()).to_string(), "2026-09-07");
    }

    #[test]
    fn only_everybody_is_all() {
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(199, 200), Some(99));
        assert_eq!(percent(200, 200), Some(100));
        assert_eq!(percent(0, 3), Some(0));
    }

    proptest! {
        #[test]
        fn a_rank_is_one_more_than_there_are_people_above(
            rows in proptest::collection::btree_map(0_u16..60, 0_i64..8, 0..60)
        ) {
            let rows: Vec<Row> = rows.into_iter().map(row).collect();
            let ranking = rank(rows.clone());
            let counted = rows.iter().filter(|row| row.n > 0).count();
            prop_assert_eq!(ranking.places.len(), counted.min(NAMES));
            for place in &ranking.places {
                let above = rows.iter().filter(|row| row.n > place.n).count();
                prop_assert_eq!(place.rank, above + 1);
                let row = Row { member: place.member.clone(), n: place.n };
                prop_assert!(rows.contains(&row));
            }
            if let Some(last) = ranking.places.last() {
                let as_many = rows.iter().filter(|row| row.n >= last.n).count();
                prop_assert_eq!(ranking.more_share_the_last, as_many > ranking.places.len());
            }
        }
    }
}
