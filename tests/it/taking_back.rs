//! Somebody changes their mind.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::Fault;

use crate::harness::{Story, story, story_needing};

async fn nothing_counts(t: &Story) {
    t.catches_up().await;
    for table in [
        "SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM allowance",
        "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally",
        "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM pair",
        "SELECT COUNT(*) FROM ledger WHERE reversed_at IS NULL",
    ] {
        assert_eq!(t.number(table).await, 0, "{table}");
    }
}

#[test]
fn undo_by_button_leaves_nothing_behind() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_ne!(t.channel("kudos").shows(), "");
        assert_snapshot!(t.person("lee").clicks("Undo").await, @"Taken back. It's gone from #kudos and Dana's DM, and you have 5 left today.");
        nothing_counts(t).await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert_eq!(t.dm("dana"), "");
        assert!(t.export().await[0].reversed_at.is_some());
        // The same words may be said again.
        assert_snapshot!(t.person("lee").runs("/kudos @dana for calming the refund storm").await, @"
        Dana will see it. It's in #kudos; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_ne!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn undo_before_anybody_saw_it_posts_nothing() {
    story(async |t| {
        t.person("lee")
            .runs("/kudos @dana @mo for calming the refund storm")
            .await;
        assert_snapshot!(t.person("lee").runs("/kudos undo").await, @"Taken back. It won't be posted, and you have 5 left today.");
        nothing_counts(t).await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert_eq!(t.dm("dana"), "");
        assert!(t.slack.calls().iter().all(|call| call.method != "chat.postMessage"));
        assert_snapshot!(t.person("lee").runs("/kudos undo").await, @"You haven't given anything that I could take back. A first one takes ten seconds: /kudos @someone for …");
    });
}

#[test]
fn undo_takes_the_latest_back_and_only_ones_own() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for the first thing").await;
        t.run_jobs().await;
        t.person("lee").runs("/kudos @mo for the second thing").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("mo").runs("/kudos undo").await, @"You haven't given anything that I could take back. A first one takes ten seconds: /kudos @someone for …");
        assert_snapshot!(t.person("lee").runs("/kudos undo").await, @"Taken back. It's gone from #kudos and Mo's DM, and you have 4 left today.");
        assert_snapshot!(t.person("lee").runs("/kudos undo").await, @"Taken back. It's gone from #kudos and Dana's DM, and you have 5 left today.");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn after_ten_minutes_it_stays() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.wait(Duration::from_secs(600));
        assert_snapshot!(t.person("lee").clicks("Undo").await, @"That was at 14:02, more than ten minutes ago, so Undo has closed. /kudos sent still takes it back.");
        assert_snapshot!(t.person("lee").runs("/kudos undo").await, @"That was at 14:02, more than ten minutes ago, so Undo has closed. /kudos sent still takes it back.");
        t.run_jobs().await;
        assert_ne!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn what_cant_be_deleted_is_edited() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.fails("chat.delete", Fault::Error("cant_delete_message".to_owned()), None);
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"This one was taken back.");
        assert_snapshot!(t.dm("dana"), @"This one was taken back.");
    });
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.fails("chat.delete", Fault::Error("cant_delete_message".to_owned()), None);
        t.fails("chat.update", Fault::Error("edit_window_closed".to_owned()), None);
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        // Card and DM go their own ways, so either may be first.
        let told = t.dm("lee");
        let mut told: Vec<&str> = told.split("\n---\n").collect();
        told.sort_unstable();
        assert_snapshot!(told.join("\n"), @"
        Your kudos is taken back and no longer counts, but Slack doesn't let me remove its message in #kudos. An admin can delete it there.
        Your kudos is taken back and no longer counts, but Slack doesn't let me remove its message in the direct message. An admin can delete it there.
        ");
    });
}

#[test]
fn a_dm_from_before_midnight_gives_yesterdays_allowance_back() {
    story_needing(&["channels:read"], async |t| {
        // 23:58 in Berlin.
        t.wait(Duration::from_secs(9 * 3600 + 56 * 60));
        t.person("lee").runs("/kudos @dana for the last thing of the day").await;
        t.run_jobs().await;
        t.wait(Duration::from_secs(240));
        assert_snapshot!(t.person("lee").clicks("Undo").await, @"Taken back. It's gone from #kudos and Dana's DM, and you have 5 left today.");
        nothing_counts(t).await;
    });
}

#[test]
fn the_same_undo_delivered_twice_takes_one_back() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for the first thing").await;
        t.run_jobs().await;
        t.person("lee").runs("/kudos @mo for the second thing").await;
        t.run_jobs().await;
        let (headers, body) = t
            .slack
            .signed_request("/slack/commands", &t.person("lee").form("1.undo", "undo"));
        let first = t.slack.raw("/slack/commands", &headers, &body).await;
        let again = t.slack.raw("/slack/commands", &headers, &body).await;
        assert!(first.body.contains("Taken back."), "{first:?}");
        assert_eq!(first.body, again.body);
        let standing = t.export().await.iter().filter(|row| row.reversed_at.is_none()).count();
        assert_eq!(standing, 1);
        t.run_jobs().await;
    });
}
