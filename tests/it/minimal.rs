//! On the required scopes only: what is missing is missing, and nothing is lost.

use insta::assert_snapshot;
use plaudit::app::manifest::OPTIONAL_SCOPES;
use plaudit::sandbox::Fault;

use crate::harness::{Setup, Story, story_with};

/// Everything is granted but these.
fn without(scopes: Vec<&'static str>) -> Setup {
    let optional = OPTIONAL_SCOPES.iter().map(|scope| scope.name);
    Setup {
        needs: optional.filter(|scope| !scopes.contains(scope)).collect(),
        without: scopes,
        ..Setup::default()
    }
}

/// The workspace of somebody who declined everything that can be declined.
fn minimal() -> Setup {
    without(OPTIONAL_SCOPES.iter().map(|scope| scope.name).collect())
}

/// How often words are shown, in `#support`, in `#kudos`, and in Dana's DM.
fn shown(t: &Story, words: &str) -> [usize; 3] {
    let places = [t.channel("support").shows(), t.channel("kudos").shows(), t.dm("dana")];
    places.map(|shown| shown.matches(words).count())
}

const THANKS: &str = "/kudos @dana for calming the refund storm";
const WORDS: &str = "> calming the refund storm";

#[test]
fn thanks_arrive_count_and_can_be_taken_back() {
    story_with(minimal(), async |t| {
        let seen = t.person("lee").runs(THANKS).await;
        assert!(seen.contains("[Undo]"), "{seen}");
        t.run_jobs().await;
        // Every channel counts as private, so the card stays where it was given.
        assert_eq!(shown(t, WORDS), [1, 0, 1]);
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(shown(t, WORDS), [1, 0, 1]);
        let seen = t.person("lee").clicks("Undo").await;
        assert!(seen.starts_with("Taken back."), "{seen}");
        t.run_jobs().await;
        assert_eq!(shown(t, WORDS), [0, 0, 0]);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM ledger WHERE reversed_at IS NULL").await,
            0
        );
        assert_eq!(t.counts().await.failed, 0);
    });
}

#[test]
fn without_channels_read_the_card_stays_where_it_was_given() {
    story_with(without(vec!["channels:read"]), async |t| {
        assert_snapshot!(t.person("lee").runs(THANKS).await, @"
        Dana will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_eq!(shown(t, WORDS), [1, 0, 1]);

        // That a channel is gone is learnt by failing.
        t.slack.archive(&t.channel("support").id).await;
        assert_snapshot!(t.person("mo").runs("/kudos @dana for the calm handover").await, @"
        Dana will see it; 4 left today.
        [Announce it in public] [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.dm("mo"), @"Dana has it by DM. #support is archived, so there is no card.");
        assert_eq!(shown(t, "> the calm handover"), [0, 0, 1]);
    });
}

#[test]
fn without_groups_read_a_private_channel_is_as_ever_until_posting_there_fails() {
    story_with(without(vec!["groups:read"]), async |t| {
        t.person("lee").runs_in("escalations", THANKS).await;
        t.run_jobs().await;
        assert_eq!(shown(t, WORDS), [0, 0, 1]);
        assert_eq!(t.channel("escalations").shows().matches(WORDS).count(), 1);

        // Nobody tells Plaudit, so it promises a card.
        t.slack.remove_app(&t.channel("escalations").id).await;
        let seen = t
            .person("mo")
            .runs_in("escalations", "/kudos @dana for the calm handover")
            .await;
        assert_snapshot!(seen, @"
        Dana will see it; 4 left today.
        [Announce in #kudos] [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.dm("mo"), @"Dana has it by DM. I'm not in #escalations, so there is no card; /invite @Plaudit if you'd like one there.");
        assert_eq!(shown(t, "> the calm handover"), [0, 0, 1]);
        // What was learnt by failing holds for an hour.
        let seen = t
            .person("ana")
            .runs_in("escalations", "/kudos @dana for the second look")
            .await;
        assert_snapshot!(seen, @"
        Dana has it by DM. I'm not in this channel, so there is no card; /invite @Plaudit if you'd like one here. 4 left today.
        [Announce in #kudos] [Undo]
        ");
    });
}

#[test]
fn without_history_a_lost_answer_posts_twice_and_loses_nothing() {
    for (scope, channel) in [("channels:history", "support"), ("groups:history", "escalations")] {
        story_with(
            Setup {
                recognition: false,
                ..without(vec![scope])
            },
            async |t| {
                t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
                t.person("lee").runs_in(channel, THANKS).await;
                t.run_jobs().await;
                assert_eq!(t.channel(channel).shows().matches(WORDS).count(), 2, "{scope}");
                assert_eq!(shown(t, WORDS)[2], 1, "{scope}");
            },
        );
    }
    story_with(without(vec!["im:history"]), async |t| {
        // The DM waits, so that it is the answer to its post that is lost.
        t.fails("conversations.open", Fault::Status(503), 1);
        t.person("lee").runs(THANKS).await;
        t.run_due_jobs().await;
        t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
        t.run_jobs().await;
        assert_eq!(shown(t, WORDS), [0, 1, 2]);
    });
}

#[test]
fn without_chat_write_public_there_is_no_card_and_the_giver_hears_it_once() {
    let setup = Setup {
        recognition: false,
        ..without(vec!["chat:write.public"])
    };
    story_with(setup, async |t| {
        t.person("lee").runs_in("random", THANKS).await;
        t.run_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(t.channel("random").shows(), "");
        assert_eq!(shown(t, WORDS)[2], 1);
        assert_snapshot!(t.dm("lee"), @"Dana has it by DM. I'm not in #random, so there is no card; /invite @Plaudit if you'd like one there.");
    });
}

#[test]
fn without_usergroups_read_a_team_is_not_thanked_and_nothing_is_spent() {
    story_with(without(vec!["usergroups:read"]), async |t| {
        let dana = t.person("dana").id.clone();
        let group = t.slack.add_usergroup("backoffice", "Back office", &[dana]);
        let line = format!("/kudos <!subteam^{group}|@backoffice> for calming the refund storm");
        let seen = t.person("lee").runs_raw(&line).await;
        assert_snapshot!(seen, @r#"I may not see who is in @backoffice: an admin hasn't granted me usergroups:read. Name the people: /kudos @someone for … Your words: "@backoffice for calming the refund storm""#);
        assert_eq!(t.export().await.len(), 0);
        assert_eq!(
            t.number("SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM allowance")
                .await,
            0
        );
    });
}

#[test]
fn whichever_one_is_missing_thanks_arrive() {
    for scope in OPTIONAL_SCOPES {
        story_with(without(vec![scope.name]), async |t| {
            let seen = t.person("lee").runs(THANKS).await;
            assert!(seen.contains("[Undo]"), "{}: {seen}", scope.name);
            t.run_jobs().await;
            let [support, kudos, dm] = shown(t, WORDS);
            assert_eq!((support + kudos, dm), (1, 1), "{}", scope.name);
            assert!(
                t.person("lee").clicks("Undo").await.starts_with("Taken back."),
                "{}",
                scope.name
            );
            t.run_jobs().await;
            assert_eq!(shown(t, WORDS), [0, 0, 0], "{}", scope.name);
        });
    }
}
