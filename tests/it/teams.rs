//! A team is thanked as a team.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::base::ids::GroupId;
use plaudit::sandbox::Fault;

use crate::harness::{Setup, Story, story, story_needing, story_with};

fn team(t: &Story) -> GroupId {
    let people = ["dana", "mo"].map(|handle| t.person(handle).id);
    t.slack.add_usergroup("support-emea", "Support EMEA", &people)
}

#[test]
fn a_team_gets_one_card_and_nobody_a_dm() {
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        let emea = team(t);
        let line = format!("/kudos <!subteam^{emea}|@support-emea> for the quiet launch week #calm");
        assert_snapshot!(t.person("lee").runs_raw(&line).await, @"
        Support EMEA will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Support EMEA*
        > the quiet launch week
        #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.dm("dana"), "");
        let card = t.channel("kudos").messages().remove(0);
        assert!(card.pings.is_empty() && card.broadcasts.is_empty());
        // One row for the team; on the giver's side of the boards only.
        let rows = t.export().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].receiver, emea.0);
        assert_eq!(t.number("SELECT COUNT(*) FROM tally WHERE role = 'receiver'").await, 0);
        assert_eq!(t.number("SELECT COUNT(*) FROM pair").await, 0);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM usergroup_member WHERE until IS NULL")
                .await,
            2
        );
        assert_snapshot!(t.person("lee").clicks("Undo").await, @"Taken back. It's gone from #kudos, and you have 5 left today.");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn a_team_and_a_person_together() {
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        let emea = team(t);
        let ana = t.person("ana").id;
        let line = format!("/kudos <@{ana}> and <!subteam^{emea}> for the quiet launch week");
        assert_snapshot!(t.person("lee").runs_raw(&line).await, @"
        Ana and Support EMEA will see it; 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Ana* and *Support EMEA*
        > the quiet launch week
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_ne!(t.dm("ana"), "");
    });
}

#[test]
fn who_is_in_it_is_asked_every_ten_minutes_at_most_and_kept_as_of_then() {
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        let emea = team(t);
        let asked = |t: &Story| {
            t.slack
                .calls()
                .iter()
                .filter(|call| call.method == "usergroups.users.list")
                .count()
        };
        t.person("lee")
            .runs_raw(&format!("/kudos <!subteam^{emea}> for the first quiet week"))
            .await;
        t.wait(Duration::from_secs(599));
        t.person("lee")
            .runs_raw(&format!("/kudos <!subteam^{emea}> for the second quiet week"))
            .await;
        assert_eq!(asked(t), 1);
        t.slack.disable_usergroup(&emea);
        t.wait(Duration::from_secs(1));
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <!subteam^{emea}> for the third quiet week")).await, @r#"There is nobody in @support-emea any more. Name the people: /kudos @someone for … Your words: "@team for the third quiet week""#);
        assert_eq!(asked(t), 2);
        t.run_jobs().await;
    });
}

#[test]
fn without_the_scope_the_sentence_says_so() {
    story_with(
        Setup {
            without: vec!["usergroups:read"],
            ..Setup::default()
        },
        async |t| {
            let emea = team(t);
            let line = format!("/kudos <!subteam^{emea}|@support-emea> for the quiet launch week");
            assert_snapshot!(t.person("lee").runs_raw(&line).await, @r#"I may not see who is in @support-emea: an admin hasn't granted me usergroups:read. Name the people: /kudos @someone for … Your words: "@support-emea for the quiet launch week""#);
            assert_snapshot!(t.person("lee").runs_raw("/kudos <!subteam^S0GONE|@old-team> for the quiet launch week").await, @r#"I may not see who is in @old-team: an admin hasn't granted me usergroups:read. Name the people: /kudos @someone for … Your words: "@old-team for the quiet launch week""#);
            assert_eq!(t.export().await.len(), 0);
        },
    );
}

#[test]
fn where_nobody_would_see_the_card_a_team_isnt_thanked() {
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        let emea = team(t);
        let line = format!("/kudos <!subteam^{emea}|@support-emea> for the quiet launch week");
        t.person("lee")
            .runs_in("leads", "/kudos @dana for the honest retrospective")
            .await;
        t.run_jobs().await;
        let leads = t.channel("leads").id;
        assert_snapshot!(t.person("lee").runs_raw_at(&leads, &line).await, @r#"I can't post a card here, so the team wouldn't hear of it. /invite @Plaudit, or say it where I am. Your words: "@support-emea for the quiet launch week""#);
    });
}

#[test]
fn when_slack_is_silent_the_team_is_looked_up_before_the_card() {
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        let emea = team(t);
        t.fails("usergroups.list", Fault::Status(503), None);
        let line = format!("/kudos <!subteam^{emea}|@support-emea> for the quiet launch week");
        assert_snapshot!(t.person("lee").runs_raw(&line).await, @"
        @support-emea will see it; 4 left today.
        [Undo]
        ");
        t.slack.heals("*");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Support EMEA*
        > the quiet launch week
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(
            t.number("SELECT COUNT(*) FROM usergroup_member m JOIN ledger l ON m.since <= l.given_at")
                .await,
            2
        );
    });
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        team(t);
        t.fails("usergroups.list", Fault::Status(503), None);
        let ana = t.person("ana").id;
        let line = format!("/kudos <@{ana}> <!subteam^S0GONE|@old-team> for the quiet launch week");
        t.person("lee").runs_raw(&line).await;
        t.slack.heals("*");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Ana*
        > the quiet launch week
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("lee"), @"I may not see who is in your team, so I left that team out. Ana has it. You have 4 left today.");
    });
}

#[test]
fn people_of_another_company_are_left_out() {
    story(async |t| {
        let guest = t.slack.add_person(plaudit::sandbox::NewPerson {
            handle: "kim".to_owned(),
            real_name: "Kim Vendor".to_owned(),
            other_team: Some("T0VENDOR".to_owned()),
            ..plaudit::sandbox::NewPerson::default()
        });
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{guest}> for the fast parcel")).await, @r#"Kim Vendor works for another company, and kudos stay in this one. Nothing was spent. Your words: "@Kim Vendor for the fast parcel""#);
        let ana = t.person("ana").id;
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{ana}> <@{guest}> for the fast parcel")).await, @"
        Ana will see it; 4 left today. Kim Vendor works for another company, so I left that name out.
        [Undo]
        ");
        t.run_jobs().await;
    });
}
