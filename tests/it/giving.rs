//! Somebody says thanks.

use insta::assert_snapshot;

use crate::harness::story;

#[test]
fn a_thank_you_becomes_a_card_and_a_dm() {
    story(async |t| {
        let seen = t
            .person("lee")
            .runs("/kudos @dana for calming the refund storm with a full queue #calm")
            .await;
        assert_snapshot!(seen, @"");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"");
        assert_snapshot!(t.dm("dana"), @"");
        assert_eq!(t.channel("support").shows(), "");
    });
}
