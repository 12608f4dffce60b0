//! Every view of the page, in light and dark, on a desk and on a phone.

use std::path::Path;

use serde_json::{Value, json};

use super::Visit;
use crate::harness::binary::run;

const WIDE: (u32, u32) = (1280, 900);
const NARROW: (u32, u32) = (360, 780);

/// Shows view after view of one visit. `look` is called with each view's name while it is on the screen.
async fn each_view(visit: &Visit, mut look: impl AsyncFnMut(&str)) {
    let page = &visit.browser;
    page.has_size(WIDE.0, WIDE.1).await;
    visit.is_as("mo", "@plaudit").await;
    visit.is_as("mo", "support").await;
    visit
        .says("Does anybody know the refund rule for vouchers? The help page says two things.")
        .await;
    page.clicks("#messages .message a.at", "").await;
    visit.is_ready().await;
    page.clicks("#messages .sought a.reply", "").await;
    page.shows("#thread h2", "Thread").await;
    visit.is_ready().await;
    page.clicks("#thread-composer", "").await;
    visit
        .sends("Found it: the voucher goes back first, then the card. I'll correct the page.")
        .await;
    page.shows("#replies .message", "Found it").await;
    let thread = page.runs("return location.pathname + location.search", json!([])).await;
    let thread = thread.expect("a page").as_str().unwrap_or_default().to_owned();
    visit.is_as("mo", "support").await;
    visit
        .says("/kudos @lee for calming the refund storm with a full queue, and writing down what helped #calm")
        .await;
    page.shows("#messages .only-me", "Lee will see it").await;
    visit.is_as("mo", "kudos").await;
    visit
        .says("/kudos @aylin for turning the voucher complaint into a better help page #ownership")
        .await;
    page.shows("#messages .message:not(.only-me)", "voucher complaint")
        .await;
    for who in ["dana", "jon"] {
        visit.is_as(who, "kudos").await;
        let joined = page.counts("#messages .only-me", "You joined in").await;
        page.clicks("#messages .button", "Me too").await;
        let says = "return [...document.querySelectorAll('#messages .only-me')]
            .filter(e => e.innerText.includes('You joined in')).length > arguments[0]";
        page.waits_for("a word that they joined in", says, json!([joined]))
            .await;
    }
    // A steward's: what can be set, and the first steps.
    visit.is_as("priya", "random").await;
    for (line, seen) in [("/kudos setup", "emoji"), ("/kudos settings", "Recognition channel")] {
        visit.says(line).await;
        page.shows("#messages .only-me", seen).await;
    }

    for (size, (width, height)) in [("wide", WIDE), ("narrow", NARROW)] {
        page.has_size(width, height).await;
        for (name, path) in [
            ("channel", "/?as=mo&in=support"),
            ("cards", "/?as=mo&in=kudos"),
            ("direct", "/?as=mo&in=@plaudit"),
            ("thread", thread.as_str()),
            ("aloud", "/?as=mo&in=support&aloud=1"),
            ("completion", "/?as=mo&in=support"),
            ("people", "/?as=mo&in=support"),
            ("wire", "/?as=mo&in=kudos"),
            ("places", "/?as=mo&in=support"),
            ("story", "/?as=mo&in=support"),
            ("form", "/?as=mo&in=support"),
            ("home", "/?as=priya&in=@plaudit&tab=home"),
            ("lead", "/?as=ines&in=@plaudit&tab=home"),
            ("settings", "/?as=priya&in=random"),
            ("teams", "/?as=priya&in=random"),
        ] {
            // On a desk these two are there anyway.
            if size == "wide" && matches!(name, "places" | "story") {
                continue;
            }
            visit.opens(path).await;
            match name {
                "completion" => {
                    page.clicks("#composer", "").await;
                    page.types("/kudos @da").await;
                    page.shows("#names", "Dana Kim").await;
                }
                "people" => page.clicks("#be-s", "").await,
                "wire" => {
                    page.clicks("#wire summary", "The wire").await;
                    page.shows("#wire td", "/slack/commands").await;
                }
                "form" => {
                    visit.says("/kudos @ana").await;
                    page.shows(".modal h2", "Give kudos").await;
                }
                "home" | "lead" => page.shows("#home .button", "Give kudos").await,
                "settings" => page.shows("#messages .only-me", "How cards are posted").await,
                "teams" => {
                    page.clicks("#messages .only-me [aria-label='Change: Teams']", "Change")
                        .await;
                    page.shows(".modal h2", "Teams").await;
                }
                "places" | "story" => page.clicks(&format!(".top [data-toggle={name}]"), "").await,
                _ => {}
            }
            for theme in ["light", "dark"] {
                page.has_theme(theme).await;
                look(&format!("{name}-{size}-{theme}")).await;
            }
            match name {
                "completion" => page.runs("sessionStorage.clear()", json!([])).await,
                "wire" => page.runs("localStorage.clear()", json!([])).await,
                "form" => {
                    page.clicks("#modal-close", "Cancel").await;
                    page.shows_no(".modal h2", "Give kudos").await;
                    continue;
                }
                "teams" => {
                    page.clicks("#modal-close", "").await;
                    page.shows_no(".modal h2", "Teams").await;
                    continue;
                }
                _ => continue,
            }
            .expect("a page");
        }
    }
}

/// What a month shows: the steward's list of prompts, a board, and the digest with its picture.
async fn each_view_of_a_month(visit: &mut Visit, mut look: impl AsyncFnMut(&Visit, &str)) {
    visit.browser.has_size(WIDE.0, WIDE.1).await;
    visit.is_as("priya", "leads").await;
    for (line, seen, view) in [
        ("/kudos prompts", "#support", "prompts"),
        ("/kudos top", "Share", "board"),
    ] {
        visit.says(line).await;
        visit.browser.shows("#messages .only-me", seen).await;
        both_themes(visit, view, &mut look).await;
    }
    visit.goes_to("next month").await;
    visit.looks_at("mo", "kudos", "of us were thanked", true).await;
    visit.browser.shows("#replies .message", "Thanked in").await;
    visit.browser.waits_for("the picture", PICTURE, json!([])).await;
    both_themes(visit, "digest", &mut look).await;
    visit
        .looks_at("ines", "@plaudit&tab=messages", "For the leads", false)
        .await;
    both_themes(visit, "digest-lead", &mut look).await;
}

/// In the thread, whole.
const PICTURE: &str = "const image = document.querySelector('#replies .shared img')
    image?.scrollIntoView({ block: 'end' })
    return image !== null && image.complete && image.naturalWidth > 0";

/// The fortnight around Customer Service Week.
async fn each_view_of_customer_service_week(visit: &mut Visit, mut look: impl AsyncFnMut(&Visit, &str)) {
    visit.browser.has_size(WIDE.0, WIDE.1).await;
    visit.looks_at("mo", "support", "Customer voice", false).await;
    both_themes(visit, "monday", &mut look).await;
    visit.goes_to("Customer Service Week").await;
    for view in [
        "opening-note",
        "activate",
        "co-create-ideas",
        "co-create-better",
        "celebrate",
    ] {
        visit.goes_to("next working day").await;
        // The morning's post is the one that people have answered.
        visit.looks_at("mo", "support", "people have answered", false).await;
        both_themes(visit, view, &mut look).await;
    }
    visit
        .looks_at("mo", "@plaudit&tab=messages", "this page is yours", false)
        .await;
    both_themes(visit, "personal-page", &mut look).await;
    visit.looks_at("mo", "support", " answers from ", false).await;
    both_themes(visit, "wrap-up", &mut look).await;
    visit.goes_to("next working day").await;
    visit.looks_at("mo", "support", "Customer Service Week", false).await;
    both_themes(visit, "monday-after", &mut look).await;
}

async fn both_themes(visit: &Visit, view: &str, look: &mut impl AsyncFnMut(&Visit, &str)) {
    for theme in ["light", "dark"] {
        visit.browser.has_theme(theme).await;
        look(visit, &format!("{view}-{theme}")).await;
    }
}

#[test]
fn the_page_is_there_at_once_and_keeps_nobody_out() {
    run(async {
        let Ok(axe) = std::env::var("TEST_AXE") else {
            println!("skipped: it takes axe-core; see .ci/browser");
            return;
        };
        let axe = std::fs::read_to_string(axe).expect("axe-core");
        let Some(mut visit) = Visit::begins(&[]).await else {
            return;
        };
        measures(&visit).await;
        let mut faults = Vec::new();
        let mut views = 0;
        let mut look = async |visit: &Visit, view: &str| {
            views += 1;
            let found = visit.browser.runs(&format!("{axe};{SERIOUS}"), json!([])).await;
            let found: Vec<String> = serde_json::from_value(found.expect("axe to run")).expect("sentences");
            faults.extend(found.into_iter().map(|fault| format!("{view}: {fault}")));
            let overflow = visit.browser.runs(OVERFLOW, json!([])).await.expect("a page");
            if overflow != Value::Null {
                faults.push(format!("{view}: wider than the window: {overflow}"));
            }
        };
        each_view(&visit, async |view| look(&visit, view).await).await;
        each_view_of_a_month(&mut visit, &mut look).await;
        println!("axe-core looked at {views} views");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

/// What axe-core calls serious or critical, a sentence each.
const SERIOUS: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(result => result.violations
    .filter(v => v.impact === 'serious' || v.impact === 'critical')
    .map(v => `${v.id}, ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.failureSummary ?? '')).join(' | ')}`))";

/// The page itself never scrolls sideways.
const OVERFLOW: &str = "const wide = document.documentElement.scrollWidth
    return wide > innerWidth ? `${wide} of ${innerWidth}` : null";

/// Prints how long the page takes with a year of history, and what the demo's processes needed so far.
async fn measures(visit: &Visit) {
    for place in ["support", "kudos"] {
        // The second time, everything is as warm as it is for a visitor who looks around.
        for time in ["first", "second"] {
            visit.is_as("mo", place).await;
            let took = visit.browser.runs(TOOK, json!([])).await.expect("a page");
            println!("measured: #{place}, {time} time: {took}");
        }
    }
    let demo = visit.demo.id();
    let children = std::fs::read_to_string(format!("/proc/{demo}/task/{demo}/children")).unwrap_or_default();
    let bots = children.split_whitespace().filter_map(|id| id.parse().ok());
    for (what, id) in [("demo", demo)].into_iter().chain(bots.map(|id| ("bot", id))) {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        println!(
            "measured: most memory of the {what}: {}",
            most.map_or("not shown here", str::trim)
        );
    }
}

/// In milliseconds since the page was asked for.
const TOOK: &str = "const page = performance.getEntriesByType('navigation')[0]
    const files = performance.getEntriesByType('resource').filter(r => !r.name.includes('/live'))
    const ms = n => Math.round(n)
    return `DOMContentLoaded ${ms(page.domContentLoadedEventEnd)} ms, load ${ms(page.loadEventEnd)} ms, ` +
        `last of ${files.length} files ${ms(Math.max(...files.map(r => r.responseEnd)))} ms`";

#[test]
#[ignore = "makes pictures, judges nothing: .ci/browser screenshots FOLDER"]
fn screenshots() {
    run(async {
        let Ok(folder) = std::env::var("TEST_SCREENSHOTS") else {
            println!("skipped: TEST_SCREENSHOTS names no folder; see .ci/browser");
            return;
        };
        let Some(mut visit) = Visit::begins(&[]).await else {
            return;
        };
        let look = async |visit: &Visit, view: &str| {
            let file = Path::new(&folder).join(format!("{view}.png"));
            visit.browser.saves_picture(&file).await;
        };
        each_view(&visit, async |view| look(&visit, view).await).await;
        each_view_of_a_month(&mut visit, look).await;
        each_view_of_customer_service_week(&mut visit, look).await;
    });
}
