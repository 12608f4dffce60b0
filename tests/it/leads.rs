//! Teams and who leads them, made by stewards; who is away, said by leads and by people themselves.

use insta::assert_snapshot;
use plaudit::workspace::Settings;

use crate::harness::{Setup, Story, story, story_with};

/// Priya looks after Plaudit.
fn with_a_steward(needs: &[&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        needs: needs.to_vec(),
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.person("priya").runs("/kudos setup").await;
        assert!(t.app.ctx.settings().is_steward(&t.person("priya").id));
        tell(t).await;
    });
}

/// Priya opens the list of teams.
async fn teams(t: &Story) -> String {
    t.person("priya").runs("/kudos settings").await;
    t.person("priya").clicks("setup.teams").await;
    t.person("priya").modal()
}

/// Priya makes a team of a list of people.
async fn lists(t: &Story, name: &str, people: &[&str], leads: &[&str]) -> String {
    teams(t).await;
    let priya = t.person("priya");
    priya.presses("A list of people").await;
    priya.fills("What is it called?", name).await;
    priya.picks("Who is in it?", people).await;
    priya.picks("Who leads it?", leads).await;
    let shown = priya.submits().await;
    priya.closes().await;
    shown
}

#[test]
fn a_team_is_a_list_of_people_with_a_lead() {
    with_a_steward(&[], async |t| {
        assert_snapshot!(teams(t).await, @"
        == Teams ==
        Each person is at home in one team: of several, the one they joined last; between those that they were in before I looked, the smallest.
        No team yet; everybody is one.
        [From a user group] [From a channel] [A list of people] [Who is away]
        [Close]
        ");
        let priya = t.person("priya");
        assert_snapshot!(priya.presses("A list of people").await, @"
        == New team ==
        What is it called?: []
        Who is in it? (optional): [ ▾]
          Who was on another list leaves that one.
        Who leads it? (optional): [ ▾]
          Leads get the team's own edition of the digest, and can set its people away.
        And (optional): [ ] Its figures come first
        [Cancel] [Save]
        ");
        priya.fills("What is it called?", "Night shift").await;
        priya.picks("Who is in it?", &["dana", "mo"]).await;
        priya.picks("Who leads it?", &["lee"]).await;
        assert_snapshot!(priya.submits().await, @"
        == Teams ==
        Each person is at home in one team: of several, the one they joined last; between those that they were in before I looked, the smallest.
        *Night shift* · a list · home of 2 people
        led by Lee [Change]
        [From a user group] [From a channel] [A list of people] [Who is away]
        [Close]
        ");
        priya.closes().await;
        // Dana is put on another list, and leaves this one.
        assert_snapshot!(lists(t, "Billing", &["dana", "ana"], &[]).await, @"
        == Teams ==
        Each person is at home in one team: of several, the one they joined last; between those that they were in before I looked, the smallest.
        *Billing* · a list · home of 2 people [Change]
        *Night shift* · a list · home of 1 person
        led by Lee [Change]
        [From a user group] [From a channel] [A list of people] [Who is away]
        [Close]
        ");
        let shown = t.slack.rendered(&t.person("priya").private());
        assert!(
            shown.contains("*Teams:* Billing; Night shift (led by Lee) [Change]"),
            "{shown}"
        );

        teams(t).await;
        let priya = t.person("priya");
        priya.presses("Change Night shift").await;
        assert_snapshot!(priya.modal(), @"
        == Team ==
        What is it called?: [Night shift]
        Who is in it? (optional): [Mo ▾]
          Who was on another list leaves that one.
        Who leads it? (optional): [Lee ▾]
          Leads get the team's own edition of the digest, and can set its people away.
        And (optional): [ ] Its figures come first
        [Remove this team]
        [Cancel] [Save]
        ");
        priya.picks("Who leads it?", &["weatherbot"]).await;
        assert!(priya.submits().await.contains("no apps, and nobody who left"));
        priya.picks("Who leads it?", &["mo"]).await;
        priya.picks("headline", &["yes"]).await;
        let shown = priya.submits().await;
        assert!(shown.contains("its figures come first"), "{shown}");
        priya.presses("Change Billing").await;
        let shown = priya.presses("Remove this team").await;
        assert!(!shown.contains("Billing"), "{shown}");
        priya.presses("Change Night shift").await;
        priya.presses("Remove this team").await;
        assert_eq!(
            t.app.ctx.settings().team,
            None,
            "a list that is gone comes first no more"
        );
        priya.closes().await;
        priya.runs("/kudos settings").await;
        priya.clicks("setup.history").await;
        assert_snapshot!(priya.modal(), @"
        == History ==
        2 June, 17:32 · *Priya* · Whose figures come first
        Night shift → everybody
        2 June, 17:32 · *Priya* · Teams
        Night shift removed
        2 June, 17:32 · *Priya* · Teams
        Billing removed
        2 June, 17:32 · *Priya* · Whose figures come first
        everybody → Night shift
        2 June, 17:32 · *Priya* · Teams
        Night shift: led by Lee → Mo
        2 June, 17:32 · *Priya* · Teams
        Billing: nobody → Dana and Ana
        2 June, 17:32 · *Priya* · Teams
        Billing made
        2 June, 17:32 · *Priya* · Teams
        Night shift: nobody → Dana and Mo
        2 June, 17:32 · *Priya* · Teams
        Night shift: led by nobody → Lee
        2 June, 17:32 · *Priya* · Teams
        Night shift made
        2 June, 17:32 · *Priya* · Stewards
        nobody → Priya
        [Close]
        ");
    });
}

#[test]
fn a_team_is_whoever_slack_has_in_a_user_group_or_a_channel() {
    with_a_steward(&["usergroups:read", "channels:read"], async |t| {
        let people = ["dana", "mo"].map(|handle| t.person(handle).id);
        t.slack.add_usergroup("support-emea", "Support EMEA", &people);
        teams(t).await;
        let priya = t.person("priya");
        priya.presses("From a user group").await;
        priya.fills("Which user group?", "support-apac").await;
        assert_snapshot!(priya.submits().await, @r#"
        == New team ==
        Which user group?: [support-apac]
          Its handle, as in @support-emea. Whoever Slack has in it is in the team.
          ! I don't know a user group "support-apac". Its handle stands in Slack under People, User groups.
        What is it called? (optional): []
          Empty: as in Slack.
        Who leads it? (optional): [ ▾]
          Leads get the team's own edition of the digest, and can set its people away.
        And (optional): [ ] Its figures come first
        [Cancel] [Save]
        "#);
        priya.fills("Which user group?", "@Support-EMEA").await;
        priya.submits().await;
        t.run_jobs().await;
        let priya = t.person("priya");
        priya.closes().await;
        teams(t).await;
        priya.presses("From a channel").await;
        priya.fills("Which channel?", "support").await;
        priya.fills("What is it called?", "Everybody in support").await;
        priya.picks("headline", &["yes"]).await;
        priya.submits().await;
        t.run_jobs().await;
        let priya = t.person("priya");
        priya.closes().await;
        assert_snapshot!(teams(t).await, @"
        == Teams ==
        Each person is at home in one team: of several, the one they joined last; between those that they were in before I looked, the smallest.
        *Everybody in support* · as in #support · home of 5 people
        its figures come first [Change]
        *Support EMEA* · as in @support-emea · home of 2 people [Change]
        [From a user group] [From a channel] [A list of people] [Who is away]
        [Close]
        ");
        priya.presses("From a channel").await;
        priya.fills("Which channel?", "support").await;
        assert!(
            priya
                .submits()
                .await
                .contains("That is a team already: Everybody in support.")
        );
        // Slack's groups and channels come first also without a team of a steward's.
        priya.closes().await;
        teams(t).await;
        priya.presses("Change Everybody in support").await;
        priya.presses("Remove this team").await;
        assert_eq!(t.app.ctx.settings().team, Some(t.channel("support").id.as_str().into()));
    });
}

#[test]
fn without_the_scopes_each_form_names_the_missing_one() {
    let setup = Setup {
        without: vec!["usergroups:read", "channels:read", "groups:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.person("priya").runs("/kudos setup").await;
        t.slack.add_usergroup("support-emea", "Support EMEA", &[]);
        teams(t).await;
        let priya = t.person("priya");
        priya.presses("From a user group").await;
        priya.fills("Which user group?", "support-emea").await;
        assert!(
            priya
                .submits()
                .await
                .contains("an admin hasn't granted me usergroups:read")
        );
        priya.closes().await;
        teams(t).await;
        priya.presses("From a channel").await;
        priya.fills("Which channel?", "support").await;
        assert!(
            priya
                .submits()
                .await
                .contains("an admin hasn't granted me channels:read")
        );
        priya.closes().await;
        let shown = lists(t, "Night shift", &["dana"], &[]).await;
        assert!(shown.contains("home of 1 person"), "a list needs no scope: {shown}");
    });
}

#[test]
fn of_two_who_change_a_team_at_once_the_later_one_is_asked_again() {
    with_a_steward(&[], async |t| {
        let (priya, lee) = (t.person("priya").id, t.person("lee").id);
        let both = [priya.clone(), lee];
        let changed = t
            .app
            .ctx
            .change_settings(&priya, move |settings: &mut Settings| settings.stewards = both.to_vec())
            .await;
        changed.expect("stewards");
        lists(t, "Night shift", &["dana"], &[]).await;
        for handle in ["priya", "lee"] {
            t.person(handle).runs("/kudos settings").await;
            t.person(handle).clicks("setup.teams").await;
            t.person(handle).presses("Change Night shift").await;
        }
        t.person("priya").fills("What is it called?", "Nights").await;
        t.person("priya").submits().await;
        t.person("lee").picks("Who is in it?", &["dana", "ana"]).await;
        assert_snapshot!(t.person("lee").submits().await, @"
        == Team ==
        Somebody changed this team while you had it open. Below is yours; save again to put it in its place.
        What is it called?: [Night shift]
        Who is in it? (optional): [Dana, Ana ▾]
          Who was on another list leaves that one.
        Who leads it? (optional): [ ▾]
          Leads get the team's own edition of the digest, and can set its people away.
        And (optional): [ ] Its figures come first
        [Remove this team]
        [Cancel] [Save]
        ");
        assert!(t.person("lee").submits().await.contains("Night shift"));
        // What is gone meanwhile is no more to be changed.
        t.person("priya").presses("Change Nights").await;
        t.person("lee").presses("Change Night shift").await;
        t.person("priya").presses("Remove this team").await;
        let shown = t.person("lee").submits().await;
        assert!(shown.contains("No team yet"), "{shown}");
    });
}

#[test]
fn leads_say_who_of_their_team_is_away() {
    with_a_steward(&[], async |t| {
        assert_snapshot!(t.person("lee").runs("/kudos settings").await, @"Priya looks after Plaudit here and may change that; ask there.");
        lists(t, "Night shift", &["dana", "mo"], &["lee"]).await;
        assert_snapshot!(t.person("lee").runs("/kudos settings").await, @"
        You lead *Night shift*. Whoever is on leave can be set away: they don't count as active then, and can still be thanked. Priya looks after Plaudit here and may change the settings.
        [Who is away]
        ");
        t.person("lee").opens_home().await;
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        let lee = t.person("lee");
        assert!(lee.home().contains("You lead *Night shift*."), "{}", lee.home());
        assert_snapshot!(lee.presses("Who is away").await, @"
        == Who is away ==
        Who is away? (optional): [ ▾]
          On leave, say. They don't count as active, and can still be thanked. They see it in their Home, and can change it. You can set the people of your own teams.
        [Cancel] [Save]
        ");
        lee.picks("Who is away?", &["dana", "ana"]).await;
        assert_snapshot!(lee.submits().await, @"
        == Who is away ==
        Who is away? (optional): [Dana, Ana ▾]
          On leave, say. They don't count as active, and can still be thanked. They see it in their Home, and can change it. You can set the people of your own teams.
          ! Ana: not in a team that you lead. A steward can do that.
        [Cancel] [Save]
        ");
        lee.picks("Who is away?", &["dana"]).await;
        assert_eq!(lee.submits().await, "");
        t.run_jobs().await;
        let dana = t.person("dana");
        assert!(dana.home().contains("*Away:* yes."), "{}", dana.home());
        // She can still be thanked, and says herself that she is back.
        let given = t
            .person("lee")
            .runs("/kudos @dana for the handover before the holiday")
            .await;
        assert!(given.starts_with("Dana will see it"), "{given}");
        t.person("dana").presses("I'm back").await;
        t.run_jobs().await;
        assert!(t.person("dana").home().contains("*Away:* no."));
        assert_eq!(t.number("SELECT COUNT(*) FROM member WHERE is_away").await, 0);
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.history").await;
        let history = priya.modal();
        assert!(history.contains("*Lee* · Who is away\nDana: here → away"), "{history}");
        assert!(history.contains("*Dana* · Who is away\nDana: away → here"), "{history}");
        // Nobody else may.
        priya.closes().await;
        t.person("jon").opens_home().await;
        t.run_jobs().await;
        assert!(!t.person("jon").home().contains("Who is away"));
    });
}

#[test]
fn a_steward_sets_anybody_away_and_who_is_forgotten_leads_no_more() {
    with_a_steward(&[], async |t| {
        lists(t, "Night shift", &["dana", "mo"], &["lee"]).await;
        teams(t).await;
        let priya = t.person("priya");
        // On top of the list, which shows again afterwards.
        priya.presses("Who is away").await;
        priya.picks("Who is away?", &["wei", "weatherbot"]).await;
        assert!(priya.submits().await.contains("no apps"));
        priya.picks("Who is away?", &["wei"]).await;
        priya.submits().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM member WHERE is_away").await, 1);
        for handle in ["lee", "dana"] {
            let person = t.person(handle);
            let shown = person.runs("/kudos privacy").await;
            assert!(shown.contains("Night shift"), "{shown}");
            person.clicks("Erase me").await;
            person.clicks("Erase everything").await;
        }
        t.run_jobs().await;
        let shown = teams(t).await;
        assert!(
            shown.contains("home of 1 person") && !shown.contains("led by"),
            "{shown}"
        );
        let priya = t.person("priya");
        priya.presses("Change Night shift").await;
        assert!(!priya.modal().contains("forgotten"), "{}", priya.modal());
    });
}

#[test]
fn everybody_can_say_themselves_that_they_are_away() {
    story(async |t| {
        t.person("mo").opens_home().await;
        t.run_jobs().await;
        t.person("mo").presses("I'm away").await;
        t.run_jobs().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM member WHERE is_away").await, 1);
        let shown = t.person("mo").runs("/kudos privacy").await;
        assert!(shown.contains("; you are away."), "{shown}");
    });
}
