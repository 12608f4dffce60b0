//! The digest's picture: what happened each working day, and how many were thanked over twelve months. Pure: figures in,
//! SVG, PNG and words out; the same figures make the same bytes.
//!
//! Slack shows it about 360 pixels wide, so letters are large and few. Narrow solid bars in front of wide hollow ones are
//! told apart without colour.

use std::fmt::Write as _;
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};
use skrifa::{FontRef, MetadataProvider as _};

use super::rules::Month;
use crate::base::calendar::Day;
use crate::base::text::shorten;

/// DejaVu Sans: Latin, Greek, Cyrillic (`assets/font/README.md`).
const FONT: &[u8] = include_bytes!("../../assets/font/DejaVuSans-subset.ttf");
const FAMILY: &str = "DejaVu Sans";

const WIDTH: f64 = 1_200.0;
const HEIGHT: f64 = 1_120.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 1_160.0;
/// Top and bottom of the bars, and of the line below them.
const BARS: (f64, f64) = (220.0, 560.0);
const LINE: (f64, f64) = (770.0, 1_010.0);

/// Characters of the team's name that have room beside the heading.
const TEAM: usize = 18;

const INK: &str = "#1f2328";
const GREY: &str = "#6e7781";
const FAINT: &str = "#d0d7de";
const PALE: &str = "#eef1f4";
/// Dark enough beside white for everybody (contrast 5.9 : 1).
const BAR: &str = "#0f766e";

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The month told.
    pub month: Month,
    /// Its name, and that of the month before.
    pub names: (String, String),
    /// Thanks on each working day of it.
    pub days: Vec<(Day, i64)>,
    /// The same of the month before, of which the n-th working day stands behind the n-th.
    pub before: Vec<(Day, i64)>,
    /// Thanks on its other days: they have no bar of their own.
    pub weekends: i64,
    /// The share of the team that was thanked, in percent, of up to twelve months, the oldest first; `None` where it isn't
    /// known.
    pub coverage: Vec<(Month, Option<u8>)>,
    /// Whose coverage it is.
    pub team: String,
}

/// The name, if the picture's font has all its letters; else `handle`, if it has those; else nothing. What it lacks it
/// would draw as nothing at all.
pub fn drawable<'a>(name: &'a str, handle: &'a str) -> Option<&'a str> {
    let has_all = |text: &str| {
        FontRef::new(FONT).is_ok_and(|font| {
            let letters = font.charmap();
            text.chars().all(|letter| letters.map(letter).is_some())
        })
    };
    [name, handle]
        .into_iter()
        .find(|text| !text.trim().is_empty() && has_all(text))
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be drawn: {0}")]
pub struct NotDrawn(String);

/// The picture as PNG. Takes tens of milliseconds: not for an async worker.
///
/// # Errors
/// [`NotDrawn`]; it should not happen.
pub fn png(svg: &str) -> Result<Vec<u8>, NotDrawn> {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| NotDrawn(error.to_string()))?;
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| NotDrawn("no size".to_owned()))?;
    resvg::render(&tree, Transform::default(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| NotDrawn(error.to_string()))
}

/// The picture as SVG.
pub fn svg(chart: &Chart) -> String {
    let mut drawing = Drawing(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FAMILY}">
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
"#
    ));
    bars(&mut drawing, chart);
    line(&mut drawing, chart);
    drawing.0.push_str("</svg>\n");
    drawing.0
}

struct Drawing(String);

impl Drawing {
    /// Text whose base line is at `y`; `anchor` is `start`, `middle` or `end`.
    fn text(&mut self, x: f64, y: f64, size: u32, fill: &str, anchor: &str, text: &str) {
        let text = escape(text);
        let x = x.round();
        let _ = writeln!(
            self.0,
            r#"<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">{text}</text>"#
        );
    }

    fn rule(&mut self, y: f64, stroke: &str) {
        let y = y.round();
        let _ = writeln!(
            self.0,
            r#"<line x1="{LEFT}" y1="{y}" x2="{RIGHT}" y2="{y}" stroke="{stroke}" stroke-width="2"/>"#
        );
    }

    /// A line through points, each with a dot.
    fn path(&mut self, points: &[(f64, f64)]) {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.0},{y:.0}")).collect();
        if points.len() > 1 {
            let _ = writeln!(
                self.0,
                r#"<polyline points="{}" fill="none" stroke="{BAR}" stroke-width="5" stroke-linejoin="round"/>"#,
                path.join(" ")
            );
        }
        for (x, y) in points {
            let _ = writeln!(self.0, r#"<circle cx="{x:.0}" cy="{y:.0}" r="12" fill="{BAR}"/>"#);
        }
    }

    /// A hollow bar, which stands behind a solid one.
    fn hollow(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let _ = writeln!(
            self.0,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="4" fill="{PALE}" stroke="{GREY}" stroke-width="3"/>"#
        );
    }

    fn bar(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let _ = writeln!(
            self.0,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="4" fill="{BAR}"/>"#
        );
    }
}

fn escape(text: &str) -> String {
    text.chars()
        // What XML forbids, and what would not be drawn.
        .filter(|letter| !letter.is_control())
        .fold(String::new(), |mut out, letter| {
            match letter {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                other => out.push(other),
            }
            out
        })
}

/// A count as a coordinate; counts are far below what a `f64` holds exactly.
#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn float(n: i64) -> f64 {
    n as f64
}

#[allow(clippy::cast_precision_loss, reason = "for a picture")]
fn step(n: usize) -> f64 {
    n as f64
}

fn bars(drawing: &mut Drawing, chart: &Chart) {
    let (month, before) = &chart.names;
    drawing.text(LEFT, 72.0, 52, INK, "start", "Thanks per working day");
    // The legend, with the marks that are used below.
    drawing.bar(LEFT, 118.0, 34.0, 34.0);
    drawing.text(LEFT + 50.0, 150.0, 42, INK, "start", month);
    if !chart.before.is_empty() {
        let x = 560.0;
        drawing.hollow(x, 118.0, 34.0, 34.0);
        drawing.text(x + 50.0, 150.0, 42, GREY, "start", before);
    }
    let most = chart
        .days
        .iter()
        .chain(&chart.before)
        .map(|(_, n)| *n)
        .max()
        .unwrap_or(0)
        .max(1);
    let places = chart.days.len().max(chart.before.len()).max(1);
    let band = (RIGHT - LEFT) / step(places);
    let height = |n: i64| (BARS.1 - BARS.0) * float(n) / float(most);
    let middle = |place: usize| LEFT + band * (step(place) + 0.5);
    for (days, width, solid) in [(&chart.before, 0.9, false), (&chart.days, 0.5, true)] {
        for (place, (_, n)) in days.iter().enumerate().filter(|(_, (_, n))| *n > 0) {
            let (x, y) = (middle(place) - band * width / 2.0, BARS.1 - height(*n));
            if solid {
                drawing.bar(x, y, band * width, height(*n));
            } else {
                drawing.hollow(x, y, band * width, height(*n));
            }
        }
    }
    drawing.rule(BARS.1, GREY);
    // The first of the highest has its figure above it.
    if let Some((place, (_, n))) = chart
        .days
        .iter()
        .enumerate()
        .max_by_key(|(place, (_, n))| (*n, std::cmp::Reverse(*place)))
        .filter(|(_, (_, n))| *n > 0)
    {
        let behind = chart.before.get(place).map_or(0, |(_, n)| *n).max(*n);
        drawing.text(
            middle(place).clamp(LEFT + 40.0, RIGHT - 40.0),
            BARS.1 - height(behind) - 18.0,
            42,
            INK,
            "middle",
            &n.to_string(),
        );
    }
    for (place, (day, _)) in chart.days.iter().enumerate() {
        let is_first_of_week = place == 0 || day.previous() != chart.days[place - 1].0;
        let is_near = place > 0 && place < 3;
        if is_first_of_week && !is_near {
            let number = day.date().format("%-d").to_string();
            drawing.text(middle(place), BARS.1 + 48.0, 40, INK, "middle", &number);
        }
    }
    if chart.weekends > 0 {
        drawing.text(
            RIGHT,
            72.0,
            36,
            GREY,
            "end",
            &format!("+ {} at weekends", chart.weekends),
        );
    }
}

fn line(drawing: &mut Drawing, chart: &Chart) {
    drawing.text(LEFT, 700.0, 52, INK, "start", "Thanked in the month");
    drawing.text(
        RIGHT,
        700.0,
        42,
        GREY,
        "end",
        &format!("% of {}", shorten(&chart.team, TEAM)),
    );
    let height = |percent: u8| LINE.1 - (LINE.1 - LINE.0) * f64::from(percent.min(100)) / 100.0;
    for percent in [0, 50, 100] {
        drawing.rule(height(percent), if percent == 0 { GREY } else { FAINT });
        drawing.text(LEFT, height(percent) - 8.0, 32, GREY, "start", &percent.to_string());
    }
    let first = LEFT + 110.0;
    let band = (RIGHT - 60.0 - first) / step(chart.coverage.len().saturating_sub(1).max(1));
    // A single month stands at the right, where the latest always is.
    let place = |at: usize| RIGHT - 60.0 - band * step(chart.coverage.len() - 1 - at);
    let mut run: Vec<(f64, f64)> = Vec::new();
    for (at, (month, percent)) in chart.coverage.iter().enumerate() {
        drawing.text(place(at), LINE.1 + 52.0, 40, INK, "middle", &month.letter());
        match percent {
            Some(percent) => run.push((place(at), height(*percent))),
            None if !run.is_empty() => drawing.path(&std::mem::take(&mut run)),
            None => {}
        }
    }
    if !run.is_empty() {
        drawing.path(&run);
    }
    let known = |(at, (_, percent)): (usize, &(Month, Option<u8>))| percent.map(|percent| (at, percent));
    let mut known = chart.coverage.iter().enumerate().filter_map(known);
    let ends = [known.next(), known.next_back()];
    for (at, percent) in ends.into_iter().flatten() {
        // Above its dot, or below where there is no room.
        let y = if percent > 82 {
            height(percent) + 58.0
        } else {
            height(percent) - 28.0
        };
        drawing.text(place(at), y, 44, INK, "middle", &format!("{percent} %"));
    }
}

/// The picture in words, for those who can't see it; at most a few sentences.
pub fn alt_text(chart: &Chart) -> String {
    let (month, before) = &chart.names;
    let mut said = match (extreme(&chart.days, false), extreme(&chart.days, true)) {
        (Some((low, least)), Some((high, most))) if most > 0 => {
            let month_said = format!(
                "Thanks per working day in {month}: lowest {least} on the {}, highest {most} on the {}",
                ordinal(low),
                ordinal(high)
            );
            match beside(&chart.days, &chart.before) {
                Some(how) => format!("{month_said}; {before} in grey, {how}."),
                None => format!("{month_said}."),
            }
        }
        _ => format!("No thanks on a working day of {month}."),
    };
    if chart.weekends > 0 {
        let _ = write!(said, " {} more at weekends.", chart.weekends);
    }
    let known: Vec<u8> = chart.coverage.iter().filter_map(|(_, percent)| *percent).collect();
    match known.as_slice() {
        [] => {}
        [only] => {
            let _ = write!(said, " Coverage was {only} %.");
        }
        [first, .., last] => {
            let how = match first.cmp(last) {
                std::cmp::Ordering::Less => format!("rose from {first} % to {last} %"),
                std::cmp::Ordering::Greater => format!("fell from {first} % to {last} %"),
                std::cmp::Ordering::Equal => format!("stayed at {last} %"),
            };
            let _ = write!(said, " Coverage over {} months {how}.", chart.coverage.len());
        }
    }
    said
}

/// The first day with the lowest or the highest count.
fn extreme(days: &[(Day, i64)], highest: bool) -> Option<(Day, i64)> {
    let count = |n: i64| if highest { -n } else { n };
    days.iter().min_by_key(|(day, n)| (count(*n), *day)).copied()
}

/// How the month before lies beside this one.
fn beside(days: &[(Day, i64)], before: &[(Day, i64)]) -> Option<&'static str> {
    if before.iter().all(|(_, n)| *n == 0) {
        return None;
    }
    let pairs = || days.iter().zip(before).map(|((_, now), (_, then))| (now, then));
    let below = pairs().filter(|(now, then)| then < now).count();
    let above = pairs().filter(|(now, then)| then > now).count();
    let all = pairs().count();
    Some(if below * 3 > all * 2 {
        "mostly below"
    } else if above * 3 > all * 2 {
        "mostly above"
    } else {
        "about as high"
    })
}

/// `1st`, `22nd`, `13th`.
fn ordinal(day: Day) -> String {
    let number = chrono::Datelike::day(&day.date());
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The picture as lines of text, where files may not be sent: one a working day, its bar at most 20 marks long, then
/// coverage. Plain; for a code block.
pub fn text(chart: &Chart) -> String {
    let most = chart.days.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let mut lines = vec!["Thanks per working day".to_owned()];
    for (day, n) in &chart.days {
        let marks = usize::try_from((n * 20 + most - 1) / most).unwrap_or(0);
        lines.push(format!("{} {} {n}", day.date().format("%a %e"), "█".repeat(marks)));
    }
    if chart.weekends > 0 {
        lines.push(format!("and {} at weekends", chart.weekends));
    }
    if chart.coverage.iter().any(|(_, percent)| percent.is_some()) {
        lines.push(String::new());
        lines.push(format!("Thanked in the month, % of {}", chart.team));
        for (month, percent) in &chart.coverage {
            if let Some(percent) = percent {
                let marks = usize::from(percent.div_ceil(5));
                lines.push(format!(
                    "{} {} {percent} %",
                    month.first().date().format("%b"),
                    "█".repeat(marks)
                ));
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn chart() -> Chart {
        let month: Month = "2026-10".parse().expect("a month");
        let (now, then) = (
            [5, 2, 4, 7, 6, 5, 9, 8, 4, 3, 7, 6, 8, 9, 10, 11, 6, 5, 4, 6, 5, 7],
            [3, 4, 2, 5, 6, 3, 4, 5, 2, 3, 6, 5, 4, 3, 5, 9, 4, 5, 3, 2, 4, 3],
        );
        let year = std::iter::successors(Some(month), |month| Some(month.previous())).take(12);
        let mut coverage: Vec<(Month, Option<u8>)> = year
            .zip([92, 81, 83, 79, 76, 78, 74, 70, 71, 66, 60, 64])
            .map(|(month, percent)| (month, Some(percent)))
            .collect();
        coverage.reverse();
        Chart {
            month,
            names: ("October".to_owned(), "September".to_owned()),
            days: month.working_days().into_iter().zip(now).collect(),
            before: month.previous().working_days().into_iter().zip(then).collect(),
            weekends: 4,
            coverage,
            team: "Support".to_owned(),
        }
    }

    fn tiny() -> Chart {
        let chart = chart();
        Chart {
            days: chart
                .days
                .into_iter()
                .map(|(day, n)| (day, i64::from(n == 11)))
                .collect(),
            before: Vec::new(),
            weekends: 0,
            coverage: chart
                .coverage
                .into_iter()
                .skip(11)
                .map(|(month, _)| (month, Some(4)))
                .collect(),
            ..chart
        }
    }

    #[test]
    fn a_picture_in_words() {
        assert_snapshot!(alt_text(&chart()), @"Thanks per working day in October: lowest 2 on the 2nd, highest 11 on the 22nd; September in grey, mostly below. 4 more at weekends. Coverage over 12 months rose from 64 % to 92 %.");
        assert_snapshot!(alt_text(&tiny()), @"Thanks per working day in October: lowest 0 on the 1st, highest 1 on the 22nd. Coverage was 4 %.");
        let nothing = Chart {
            days: Vec::new(),
            coverage: Vec::new(),
            ..tiny()
        };
        assert_snapshot!(alt_text(&nothing), @"No thanks on a working day of October.");
        assert_snapshot!(text(&chart()), @"
        Thanks per working day
        Thu  1 ██████████ 5
        Fri  2 ████ 2
        Mon  5 ████████ 4
        Tue  6 █████████████ 7
        Wed  7 ███████████ 6
        Thu  8 ██████████ 5
        Fri  9 █████████████████ 9
        Mon 12 ███████████████ 8
        Tue 13 ████████ 4
        Wed 14 ██████ 3
        Thu 15 █████████████ 7
        Fri 16 ███████████ 6
        Mon 19 ███████████████ 8
        Tue 20 █████████████████ 9
        Wed 21 ███████████████████ 10
        Thu 22 ████████████████████ 11
        Fri 23 ███████████ 6
        Mon 26 ██████████ 5
        Tue 27 ████████ 4
        Wed 28 ███████████ 6
        Thu 29 ██████████ 5
        Fri 30 █████████████ 7
        and 4 at weekends

        Thanked in the month, % of Support
        Nov █████████████ 64 %
        Dec ████████████ 60 %
        Jan ██████████████ 66 %
        Feb ███████████████ 71 %
        Mar ██████████████ 70 %
        Apr ███████████████ 74 %
        May ████████████████ 78 %
        Jun ████████████████ 76 %
        Jul ████████████████ 79 %
        Aug █████████████████ 83 %
        Sep █████████████████ 81 %
        Oct ███████████████████ 92 %
        ");
    }

    #[test]
    fn the_same_figures_make_the_same_picture() {
        let drawn = svg(&chart());
        assert_snapshot!("chart", drawn);
        let picture = png(&drawn).expect("a picture");
        assert!(picture.starts_with(b"\x89PNG") && picture == png(&drawn).expect("a picture"));
        // What can't be drawn is left out in silence: without the font there would be bars and no words.
        let without_words: String = drawn.lines().filter(|line| !line.starts_with("<text")).collect();
        assert!(png(&without_words).expect("a picture").len() < picture.len() * 3 / 4);
        if let Some(folder) = std::env::var_os("PLAUDIT_PICTURES") {
            let folder = std::path::Path::new(&folder);
            std::fs::write(folder.join("chart.png"), picture).expect("a file");
            std::fs::write(folder.join("tiny.png"), png(&svg(&tiny())).expect("a picture")).expect("a file");
        }
    }

    #[test]
    fn names_are_written_as_text_and_only_in_letters_that_the_font_has() {
        let hostile = Chart {
            team: "<script>&\"\u{0}".to_owned(),
            ..chart()
        };
        assert!(svg(&hostile).contains("% of &lt;script&gt;&amp;&quot;"));
        assert!(png(&svg(&hostile)).is_ok());
        assert_eq!(
            drawable("Łukasz Ærø Ждан Ωμέγα", "lukasz"),
            Some("Łukasz Ærø Ждан Ωμέγα")
        );
        assert_eq!(drawable("支援チーム", "support-jp"), Some("support-jp"));
        assert_eq!(drawable("支援チーム", ""), None);
    }
}
