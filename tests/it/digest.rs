//! The monthly digest: what everybody reads, when, and who sees it before.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono_tz::Tz;
use insta::assert_snapshot;
use plaudit::base::calendar::{Day, at_hour};
use plaudit::base::clock::Clock as _;
use plaudit::base::ids::UserId;
use plaudit::sandbox::Fault;
use plaudit::store::{StoreError, Tx};
use plaudit::workspace::{Settings, Team, TeamKind, save_team};

use crate::harness::{Setup, Story, story_with};

const HOUR: Duration = Duration::from_secs(3_600);

/// Priya looks after Plaudit, in Berlin's zone.
fn with_steward(needs: &[&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        settings: Settings {
            timezone: Some(Tz::Europe__Berlin),
            ..Settings::default()
        },
        needs: needs.to_vec(),
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let priya = t.person("priya").id;
        let changed = t
            .app
            .ctx
            .change_settings(&priya.clone(), move |settings| settings.stewards = vec![priya.clone()])
            .await;
        changed.expect("a steward");
        tell(t).await;
    });
}

/// Nine o'clock in Berlin on a day.
fn advance(t: &Story, day: &str, hour: u32) {
    let day: Day = day.parse().expect("a day");
    t.clock.advance_to(at_hour(day, hour, Tz::Europe__Berlin));
}

fn parts(t: &Story, channel: &str) -> (Vec<String>, Vec<String>) {
    let (mut top, mut below) = (Vec::new(), Vec::new());
    for message in t.channel(channel).messages() {
        let is_reply = message.thread_ts.as_ref().is_some_and(|thread| *thread != message.ts);
        let list = if is_reply { &mut below } else { &mut top };
        list.push(t.slack.rendered(&message));
    }
    (top, below)
}

/// The digests in a channel, and what stands in their threads.
fn digests(t: &Story, channel: &str) -> (String, String) {
    let (top, below) = parts(t, channel);
    let top: Vec<String> = top
        .into_iter()
        .filter(|text| text.contains("switch this off"))
        .collect();
    (top.join("\n---\n"), below.join("\n---\n"))
}

async fn a_month(t: &mut Story) {
    for (who, line) in [
        ("lee", "@dana for calming the refund storm with a full queue #calm"),
        ("ana", "@mo for the first cup of tea #kindness"),
        ("mo", "@wei for the map of all queues #clarity #calm"),
        ("dana", "@wei for seeing the outage before any customer did #ownership"),
    ] {
        t.person(who).runs(&format!("/kudos {line}")).await;
        t.run_jobs().await;
        t.wait(30 * HOUR);
    }
    t.person("jon").clicks_in("kudos", "Me too").await;
    t.person("lee").clicks_in("kudos", "Me too").await;
    t.run_jobs().await;
}

#[test]
fn a_month_is_told_on_the_first_working_day_with_names_and_picture_in_its_thread() {
    with_steward(&["channels:read", "files:write"], async |t| {
        a_month(t).await;
        advance(t, "2026-07-01", 8);
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, "", "not before nine");
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let (digest, thread) = digests(t, "kudos");
        assert_snapshot!(digest, @"
        June in Sandbox
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
        assert_snapshot!(thread, @"
        ---
        Thanked in June: Dana, Mo, Wei
        ");
        // Once, whatever looks how often.
        t.wait(24 * HOUR);
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, digest);
        assert_snapshot!(t.dm("priya"), @r#"
        June's digest goes to #kudos on Wednesday, 1 July at 9:00.
        ———
        June in Sandbox
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [Post now] [Skip] [Add your words]
        ---
        June's digest is posted. For those who have one minute, to forward:
        *June in Sandbox: recognition*
        4 thanks from 4 people. 42 % of the team were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined: "seeing the outage before any customer did"
        [Stop these messages]
        "#);
    });
}

#[test]
fn stewards_see_it_the_working_day_before_and_may_skip_it_or_put_words_on_top() {
    with_steward(&["channels:read", "files:write"], async |t| {
        a_month(t).await;
        advance(t, "2026-06-30", 9);
        t.run_jobs().await;
        assert_snapshot!(t.dm("priya"), @"
        June's digest goes to #kudos on Wednesday, 1 July at 9:00. This is how it looks now; the rest of the month is added by itself.
        ———
        June in Sandbox
        4 thanks from 4 people. 42 % of us were thanked. It still lacks Tuesday 30 June.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [Post now] [Skip] [Add your words]
        ");
        assert_snapshot!(t.person("lee").runs("/kudos digest").await, @"
        May was quiet here: no kudos.
        A first one takes ten seconds: /kudos @someone for …
        [Send me my month]
        ");
        let priya = t.person("priya");
        priya.clicks_in_dm("Add your words").await;
        assert_snapshot!(priya.modal(), @"
        == Your words ==
        What do you want to say above June's digest? (optional): []
          A few sentences in your own voice. Empty: none.
        [Cancel] [Save]
        ");
        priya
            .fills(
                "What do you want to say above June's digest?",
                "A month of storms, and of people who *kept* calm & kind. Write to me at priya@kettle.example",
            )
            .await;
        assert_eq!(priya.submits().await, "");
        assert!(t.dm("priya").contains("A month of storms"), "{}", t.dm("priya"));
        priya.clicks_in_dm("Skip").await;
        assert_snapshot!(t.dm("priya"), @"
        June goes without a digest.
        [Post it after all]
        ");
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, "");
        t.person("priya").clicks_in_dm("Post it after all").await;
        t.run_jobs().await;
        assert_snapshot!(digests(t, "kudos").0, @"
        June in Sandbox
        A month of storms, and of people who *kept* calm & kind. Write to me at [e-mail address]
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
    });
}
