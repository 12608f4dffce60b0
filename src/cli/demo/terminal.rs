//! The demo in the terminal: who types what, and what everybody sees.

use std::path::Path;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::broadcast::error::RecvError;
use url::Url;

use super::people::Cast;
use super::stage::Theatre;
use crate::base::ids::UserId;
use crate::sandbox::page::{Stage as _, Tally};
use crate::sandbox::{Author, Sandbox, Seen, Shown};

/// What is printed at the start.
pub(super) fn introduce(sandbox: &Sandbox, address: &Url, command: &str, cast: &Cast, kept: Option<&Path>) {
    let text = |id: &Option<UserId>| id.as_ref().map_or_else(String::new, |id| format!("<@{id}>"));
    let mo = sandbox.person("mo");
    let ana = sandbox.person("ana");
    let body = form(&[
        ("team_id", sandbox.workspace().as_str()),
        ("channel_id", cast.support.as_str()),
        ("channel_name", "support"),
        ("user_id", mo.as_ref().map_or("", |id| id.as_str())),
        ("command", command),
        (
            "text",
            &format!("{} for explaining the new refund form twice #clarity", text(&ana)),
        ),
        ("trigger_id", "1.2.curl"),
        ("response_url", &format!("{}commands/none", sandbox.api_url())),
    ]);
    let (headers, body) = sandbox.signed_request("/slack/commands", &body);
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!(" -H '{name}: {value}'"))
        .collect();
    let stays = kept.map_or_else(
        || "its database goes with it".to_owned(),
        |file| format!("{} stays, and {}.slack.json beside it", file.display(), file.display()),
    );
    println!(
        "The bot listens on {address} and believes it is in Slack.\n\
         Its signing secret: {}\n\n\
         Type as one of the people (dana, lee, mo, ana, priya), each line one message:\n  \
         dana: {command} @lee for calming the refund storm with a full queue #calm\n  \
         dana: click Undo\n  \
         dana: {command} help\n  \
         mo in #random: {command} @ana for covering the night shift\n  \
         demo: kill the bot (or: deliver 10 times, 200 at once, tally, go to next working day)\n\n\
         Or send a request as Slack would, within five minutes, from another terminal:\n  \
         curl -i{headers} --data '{body}' {address}slack/commands\n\n\
         The end of the input (Ctrl-D) or Ctrl-C ends the demo; {stays}.\n",
        sandbox.signing_secret()
    );
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Shows every message that a channel, a DM or a person gets.
pub(super) async fn show(sandbox: Sandbox) {
    let mut seen = sandbox.watch();
    loop {
        match seen.recv().await {
            Ok(Seen::Posted(shown)) => print(&sandbox, "", &shown),
            Ok(Seen::Ephemeral(shown)) => print(&sandbox, "", &shown),
            Ok(Seen::Edited(shown)) => print(&sandbox, " (changed)", &shown),
            Ok(Seen::Deleted(shown)) => print(&sandbox, " (deleted)", &shown),
            Ok(Seen::Reacted(_) | Seen::View(_)) => {}
            Err(RecvError::Lagged(missed)) => println!("… {missed} messages went by too fast to be shown"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn print(sandbox: &Sandbox, what: &str, shown: &Shown) {
    if matches!(shown.author, Author::Person(_)) {
        return;
    }
    let place = match &shown.only_for {
        Some(user) => format!("only {} sees", sandbox.name_of(user)),
        None => sandbox.place_of(&shown.channel),
    };
    let text = sandbox.rendered(shown).replace('\n', "\n  ");
    println!("[{place}{what}]\n  {text}\n");
}

/// Reads and plays lines until the input ends. False if there was none.
pub(super) async fn read_lines(theatre: &Theatre, cast: &Cast) -> anyhow::Result<bool> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut any = false;
    while let Some(line) = lines.next_line().await.context("the input can't be read")? {
        if line.trim().is_empty() {
            continue;
        }
        any = true;
        if let Err(what) = play(theatre, cast, line.trim()).await {
            println!("{what}\n");
        }
    }
    Ok(any)
}

/// What the page's buttons do. Says what came of it.
async fn direct(theatre: &Theatre, what: &str) -> Result<String, String> {
    match what {
        "kill the bot" => {
            let before = theatre.bot().process().await;
            theatre.kill_and_restart().await?;
            let after = theatre.bot().process().await;
            Ok(format!(
                "The bot was killed (process {before}) and runs again (process {after})."
            ))
        }
        "deliver 10 times" => theatre.deliver_ten_times().await,
        "200 at once" => theatre.two_hundred_at_once().await,
        "tally" => {
            let Tally {
                acknowledged,
                stored,
                posted,
            } = theatre.tally().await;
            Ok(format!(
                "{acknowledged} acknowledged · {stored} stored · {posted} posted"
            ))
        }
        _ => {
            let jumps = theatre.jumps();
            let label = what.strip_prefix("go to ").unwrap_or_default();
            let jump = jumps.iter().find(|jump| jump.label.eq_ignore_ascii_case(label));
            let jump = jump.ok_or_else(|| {
                let places: Vec<String> = jumps.iter().map(|jump| format!("go to {}", jump.label)).collect();
                format!(
                    "The demo can: kill the bot, deliver 10 times, 200 at once, tally, {}.",
                    places.join(", ")
                )
            })?;
            theatre.jump(&jump.id).await?;
            Ok(format!("It is {} in the workspace.", theatre.on_the_wall()))
        }
    }
}

/// `dana: /kudos …`, `dana in #random: /kudos …`, `dana: click Undo`, `demo: kill the bot`.
async fn play(theatre: &Theatre, cast: &Cast, line: &str) -> Result<(), String> {
    let sandbox = theatre.sandbox();
    let (who, what) = line
        .split_once(':')
        .ok_or("Begin with who does it, as in \"dana: /kudos @lee for calming the refund storm\".")?;
    if who.trim() == "demo" {
        println!("{}\n", direct(theatre, what.trim()).await?);
        return Ok(());
    }
    let (who, place) = match who.split_once(" in ") {
        Some((who, place)) => (who, Some(place.trim().trim_start_matches('#'))),
        None => (who, None),
    };
    let user = sandbox
        .person(who.trim())
        .ok_or_else(|| format!("There is no {} here. Try dana, lee, mo, ana or priya.", who.trim()))?;
    let channel = match place {
        Some(place) => sandbox
            .channel(place)
            .ok_or_else(|| format!("There is no #{place} here. Try #support, #kudos or #random."))?,
        None => cast.support.clone(),
    };
    let what = what.trim();
    let answer = if let Some(button) = what.strip_prefix("click ") {
        let message = sandbox
            .ephemeral(&user)
            .pop()
            .ok_or_else(|| format!("{} sees no message with a button yet.", who.trim()))?;
        sandbox.clicks(&user, &message, button.trim()).await
    } else if what.starts_with('/') {
        sandbox.runs_command(&user, &channel, what).await
    } else {
        return Err("In this terminal people type commands, such as /kudos @lee for …, or click buttons.".to_owned());
    };
    match answer.error {
        Some(error) => Err(format!("Slack tells {}: {error}", who.trim())),
        None => Ok(()),
    }
}
