//! The numbers can be counted anew.

use insta::assert_snapshot;
use plaudit::kudos::{Recount, recount};

use crate::harness::{Story, story};

async fn report(t: &Story) -> String {
    let Recount { rows, differences } = recount(&t.db).await.expect("a recount");
    let mut lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    for (handle, name) in [("lee", "LEE"), ("dana", "DANA"), ("mo", "MO")] {
        let id = t.person(handle).id.0;
        lines = lines.iter().map(|line| line.replace(&id, name)).collect();
    }
    lines.insert(0, format!("{rows} rows"));
    lines.join("\n").replace(t.slack.workspace().as_str(), "T")
}

#[test]
fn a_recount_changes_nothing_when_nothing_is_off() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana @mo for the first thing").await;
        t.person("mo").runs("/kudos @dana for the second thing").await;
        t.person("mo").runs("/kudos undo").await;
        t.run_jobs().await;
        assert_snapshot!(report(t).await, @"2 rows");
    });
}

#[test]
fn a_recount_finds_and_corrects_what_is_off() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for the first thing").await;
        t.person("mo").runs("/kudos @dana for the second thing").await;
        t.catches_up().await;
        t.tampers("UPDATE tally SET n = 7 WHERE role = 'receiver'").await;
        t.tampers("DELETE FROM pair WHERE period LIKE 'm%'").await;
        t.tampers("UPDATE allowance SET used = used + 2").await;
        t.tampers("UPDATE standing SET n = 9 WHERE kind = 'received' AND period = 'q2026-2'")
            .await;
        t.tampers("DELETE FROM standing WHERE kind = 'givers' AND period = 'y2026'")
            .await;
        t.tampers("UPDATE thanked SET day = '2026-05-01'").await;
        assert_snapshot!(report(t).await, @"
        2 rows
        tally T d2026-06-02 DANA receiver peer: 7 stored, 2 in the ledger
        pair T m2026-06 LEE DANA: 0 stored, 1 in the ledger
        pair T m2026-06 MO DANA: 0 stored, 1 in the ledger
        allowance T LEE 2026-06-02: 3 stored, 1 in the ledger
        allowance T MO 2026-06-02: 3 stored, 1 in the ledger
        standing T q2026-2 received DANA: 9 stored, 2 in the ledger
        standing T y2026 givers LEE: 0 stored, 1 in the ledger
        standing T y2026 givers MO: 0 stored, 1 in the ledger
        thanked T DANA: 20260501 stored, 20260602 in the ledger
        ");
        assert_snapshot!(report(t).await, @"2 rows");
        assert_snapshot!(t.person("lee").runs("/kudos @mo for the third thing").await, @"
        Mo will see it; 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
    });
}
