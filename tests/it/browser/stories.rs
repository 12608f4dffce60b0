//! What a visitor tries, in the order of their curiosity.

use super::Visit;
use super::webdriver::{DOWN, ENTER, TAB};
use crate::harness::binary::{run, until};

const REASON: &str = "calming the refund storm with a full queue";
/// What the app said last, if it said it to that person alone.
const LATEST: &str = "#messages li:last-child .only-me";

#[test]
fn a_kudos_is_given_seen_and_taken_back_with_the_keyboard_alone() {
    run(async {
        let Some(visit) = Visit::begins(&[]).await else { return };
        let page = &visit.browser;

        // Somebody has just been thanked, and the story sends them there.
        visit.opens("/").await;
        page.shows("#be-s", "Mo").await;
        page.shows("#story .next", "Read your thanks").await;
        page.tabs_back_to("#places a", "Plaudit").await;
        page.types(ENTER).await;
        page.shows("h1", "Plaudit").await;
        page.shows("#messages .message", "thanked you").await;
        page.shows("#story .done", "Read your thanks").await;

        // Names are completed while they are typed.
        visit.is_ready().await;
        page.tabs_back_to("#places a[href$='in=support']", "support").await;
        page.types(ENTER).await;
        page.shows("h1", "support").await;
        visit.is_ready().await;
        page.tabs_to("#composer", "").await;
        page.types("/kudos @le").await;
        page.shows("#names [aria-selected=true]", "Lee Park").await;
        page.types(TAB).await;
        page.has_typed("#composer", "/kudos @lee ").await;
        page.types(&format!("for {REASON} #calm")).await;
        page.types(ENTER).await;
        page.shows(LATEST, "Lee will see it").await;
        page.has_typed("#composer", "").await;
        page.shows("#story .done", "Give one").await;

        // As Lee, by the picker: the card, and the words in Lee's own DM.
        page.tabs_back_to("#be-s", "Mo").await;
        page.types(ENTER).await;
        page.shows("#be .menu-list a", "Lee Park").await;
        let at = "return document.activeElement.innerText.includes('Lee Park')";
        for _ in 0..60 {
            if page.runs(at, serde_json::json!([])).await == Ok(true.into()) {
                break;
            }
            page.types(DOWN).await;
        }
        page.types(ENTER).await;
        page.shows("#be-s", "Lee").await;
        visit.is_ready().await;
        page.shows_no("#messages .only-me", "Lee will see it").await;
        page.tabs_back_to("#places a", "Plaudit").await;
        page.types(ENTER).await;
        page.shows("h1", "Plaudit").await;
        page.shows("#messages .message", REASON).await;
        page.shows("#story .done", "See it from the other side").await;
        visit.is_ready().await;
        page.tabs_back_to("#places a[href$='in=kudos']", "kudos").await;
        page.types(ENTER).await;
        page.shows("h1", "kudos").await;
        page.shows("#messages .message", REASON).await;

        // Mo takes it back, and it is gone from everybody's page.
        visit.is_as("mo", "support").await;
        page.tabs_back_to("#messages li:last-child .only-me .button", "Undo")
            .await;
        page.types(ENTER).await;
        page.shows(LATEST, "Taken back").await;
        page.shows("#story .progress", "4 of 4").await;
        visit.is_as("lee", "kudos").await;
        page.shows("#messages .message", "thanked").await;
        page.shows_no("#messages .message", REASON).await;
        visit.is_as("lee", "@plaudit").await;
        page.shows_no("#messages .message", REASON).await;
    });
}

#[test]
fn a_refusal_gives_the_words_back_and_a_private_channel_stays_private() {
    run(async {
        let Some(visit) = Visit::begins(&["--empty"]).await else {
            return;
        };
        let page = &visit.browser;
        visit.is_as("mo", "support").await;

        // Nobody thanks themselves; what was typed is there to be copied.
        visit.says("/kudos @mo for staying late with the refund queue").await;
        page.shows("#messages .only-me", "Kudos are for others.").await;
        page.shows("#messages .only-me", "for staying late with the refund queue")
            .await;
        // What Slack itself refuses comes back into the composer.
        visit.says("/thanks @lee for the calm call").await;
        page.shows("#answer", "/thanks is not a valid command").await;
        page.has_typed("#composer", "/thanks @lee for the calm call").await;

        // A kudos among the leads is announced there, and nowhere else.
        visit.is_as("ines", "leads").await;
        page.shows(".place h1", "🔒").await;
        visit
            .says("/kudos @marisol for the honest numbers before the board asked")
            .await;
        page.shows("#messages .only-me", "Marisol will see it").await;
        page.shows("#messages .message:not(.only-me)", "the honest numbers")
            .await;
        visit.is_as("marisol", "@plaudit").await;
        page.shows("#messages .message", "the honest numbers").await;
        visit.is_as("mo", "kudos").await;
        page.shows_no("#places a", "leads").await;
        page.shows_no("#messages .message", "the honest numbers").await;
        visit.is_as("mo", "leads").await;
        page.shows("#messages", "There is no such place here, or it is not open to you.")
            .await;
    });
}

/// Acknowledged, stored, posted.
async fn tally(visit: &Visit) -> [u64; 3] {
    let line = visit.browser.text("#wire .tally").await;
    let mut numbers = line.split('·').map(|part| part.split_whitespace().next()?.parse().ok());
    std::array::from_fn(|_| numbers.next().flatten().unwrap_or(u64::MAX))
}

#[test]
fn nothing_is_lost_when_the_bot_is_killed_and_a_crowd_comes() {
    run(async {
        let Some(visit) = Visit::begins(&["--empty"]).await else {
            return;
        };
        let page = &visit.browser;
        visit.is_as("mo", "support").await;
        page.clicks("#wire summary", "The wire").await;

        page.clicks("#wire .button", "Kill the bot and restart").await;
        page.shows("#wire-answer", "Killed, and back again.").await;
        visit
            .says("/kudos @lee for the patient call with the boiler customer")
            .await;
        page.shows("#messages .only-me", "Lee will see it").await;
        page.shows("#wire td", "/slack/commands").await;

        page.clicks("#wire .button", "Deliver it 10 times").await;
        page.shows(
            "#wire-answer",
            "answered 10 times, and there is no kudos more than before",
        )
        .await;
        visit.is_as("mo", "kudos").await;
        page.shows("#messages .message", "the boiler customer").await;
        assert_eq!(page.counts("#messages .message", "the boiler customer").await, 1);

        // The drawer is still open on the next page.
        page.clicks("#wire .button", "200 at once").await;
        page.shows("#wire-answer", "200 acknowledged within").await;
        until("200 more acknowledged and stored, and some posted", 30, async || {
            let [acknowledged, stored, posted] = tally(&visit).await;
            acknowledged == 201 && stored == 201 && (2..=201).contains(&posted)
        })
        .await;

        // Slack takes one card a second in a channel, so the clock is turned.
        let before = page.text(".clock .time span").await;
        page.clicks(".jump", "Next working day").await;
        until("201 posted", 60, async || tally(&visit).await == [201; 3]).await;
        page.shows(".clock .time strong", ":").await;
        until("another day", 60, async || {
            page.text(".clock .time span").await != before
        })
        .await;
        page.shows_no(".clock", "On the way").await;
        // A new day: the bot has lived into it as well.
        visit
            .says("/kudos @dana for the handover that answered every question")
            .await;
        page.shows("#messages .only-me", "4 left today").await;
    });
}
