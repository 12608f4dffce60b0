//! Kudos of another tool are imported by the real binary: tried first, each line that can't be is said, nothing is posted,
//! and twice is once.

use insta::assert_snapshot;
use plaudit::sandbox::NewPerson;

use crate::harness::TestDatabase;
use crate::harness::binary::{Company, run, until};

async fn said(it: &Company, args: &[&str]) -> String {
    let output = it.runs(args).await;
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    out.trim_end().to_owned()
}

const FILE: &str = "\u{feff}From,To,When,Why\n\
    lee,Dana Kim,2025-03-04,\"calming the refund storm #calm, call me at +49 30 1234567\"\n\
    Lee Park,\"@dana, mo\",2025-03-05 09:30,for the night shift\n\
    mo,lee,2025-03-06T10:00:00Z,=1+1 is what it looked like\n\
    lee,lee,2025-03-06,for being me\n\
    lee,dana,03/06/2025,for a date that could be another\n\
    lee,danna,2025-03-06,for nobody\n\
    lee,dana,2099-01-01,for the future\n\
    lee,dana,2025-03-07,\n\
    lee,dana@kettle.example,2025-03-07,by an address that nobody has\n\
    LEE,Wei@kettle.example,1741337000,by the right address\n";

#[test]
fn a_file_is_tried_imported_and_imported_again() {
    run(async {
        let it = Company::new(TestDatabase::create().await).await;
        it.slack.add_person(NewPerson {
            handle: "wei".to_owned(),
            email: Some("wei@kettle.example".to_owned()),
            ..NewPerson::default()
        });
        // The bot ran once, so that the database knows who is who.
        let server = it.serves().await;
        until("the member list", 20, async || {
            it.database
                .number("SELECT COUNT(*) FROM workspace WHERE members_synced_at IS NOT NULL")
                .await
                == 1
        })
        .await;
        server.kill();
        let file = it.folder.path().join("heytaco.csv");
        std::fs::write(&file, FILE).expect("a file");
        let file = file.to_str().expect("a path").to_owned();
        let file = file.as_str();
        let tacos = file;
        let map = "giver=From,receiver=To,date=When,message=Why";
        let tried = said(&it, &["import", "kudos", file, "--map", map, "--dry-run"]).await;
        assert_snapshot!(tried, @r#"
        line 5: only the giver is thanked
        line 6: "03/06/2025" is no date that I can't mistake; write 2026-10-05 or 2026-10-05 14:02
        line 7: I don't know a "danna"
        line 8: 2099-01-01 is still to come
        line 9: it has no words
        line 10: nobody here has the address dana@kettle.example
        4 kudos would be added, 0 are there already, 6 lines can't be imported. Nothing was written.
        "#);
        let ledger = "SELECT COUNT(*) FROM ledger";
        assert_eq!(it.database.number(ledger).await, 0, "nothing was written");
        let queue = "SELECT COUNT(*) FROM outbox WHERE kind LIKE 'kudos.%'";
        assert_snapshot!(said(&it, &["import", "kudos", file, "--map", map]).await.lines().last().unwrap_or_default(), @"4 kudos added, 0 were there already, 6 lines can't be imported.");
        assert_snapshot!(said(&it, &["import", "kudos", file, "--map", map]).await.lines().last().unwrap_or_default(), @"0 kudos added, 4 were there already, 6 lines can't be imported.");
        assert_eq!(it.database.number(ledger).await, 5);
        assert_eq!(it.database.number(queue).await, 0, "nobody hears of it");
        let csv = said(&it, &["export", "kudos"]).await;
        let cells = csv
            .lines()
            .map(|line| line.split_once(',').map_or("", |(_, rest)| rest));
        let ids: Vec<(String, &str)> = ["lee", "dana", "mo", "wei"]
            .map(|handle| (it.person(handle).to_string(), handle))
            .into();
        let named = ids
            .iter()
            .fold(cells.collect::<Vec<_>>().join("\n"), |text, (id, handle)| {
                text.replace(id, handle)
            });
        assert_snapshot!(named, @r#"
        given_at,giver,receiver,reason,values,source,channel,message_ts,reversed_at
        2025-03-04T12:00:00.000Z,lee,dana,"calming the refund storm #calm, call me at [phone number]",calm,import,,,
        2025-03-05T09:30:00.000Z,lee,dana,for the night shift,,import,,,
        2025-03-05T09:30:00.000Z,lee,mo,for the night shift,,import,,,
        2025-03-06T10:00:00.000Z,mo,lee,'=1+1 is what it looked like,,import,,,
        2025-03-07T08:43:20.000Z,lee,wei,by the right address,,import,,,
        "#);
        // More than a list of lines, the first of them again at the end, a cell in another encoding, and somebody's id.
        let mut many = b"giver,receiver,date,message\n".to_vec();
        for n in 0..1_000 {
            many.extend(format!("lee,dana,2025-04-{:02},for ticket {n}\n", n % 28 + 1).into_bytes());
        }
        many.extend(b"lee,dana,2025-04-01,f\xfcr die Ruhe\n");
        many.extend(format!("lee,mo,2025-04-02,for what <@{}> asked\n", it.person("wei")).into_bytes());
        many.extend(b"lee,dana,2025-04-01,for ticket 0\n");
        let file = it.folder.path().join("many.csv");
        std::fs::write(&file, many).expect("a file");
        let many = file.to_str().expect("a path");
        assert_snapshot!(said(&it, &["import", "kudos", many, "--dry-run"]).await, @r#"
        line 1002: it isn't UTF-8; save the file as "CSV UTF-8"
        1,001 kudos would be added, 1 are there already, 1 line can't be imported. Nothing was written.
        "#);
        assert_snapshot!(said(&it, &["import", "kudos", many]).await, @r#"
        line 1002: it isn't UTF-8; save the file as "CSV UTF-8"
        1,001 kudos added, 1 were there already, 1 line can't be imported.
        "#);
        assert!(said(&it, &["export", "kudos"]).await.contains("for what wei asked"));
        let refused = it.runs(&["import", "kudos", tacos, "--map", "giver=Who"]).await;
        assert!(!refused.status.success());
        assert_snapshot!(String::from_utf8_lossy(&refused.stderr).trim_end(), @r#"plaudit: there is no column "Who"; there are From, To, When, Why"#);
        it.database.drop().await;
    });
}
