//! `plaudit demo`: the real bot, the real signed HTTP and an embedded database, with the sandbox in Slack's place.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono_tz::Tz;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::serve;
use crate::app::{self, App, Deadlines, manifest};
use crate::base::clock::{Clock, SystemClock};
use crate::base::ids::{ChannelId, UserId, WorkspaceId};
use crate::config::Behaviour;
use crate::outbox;
use crate::sandbox::{Author, Bot, Guest, NewChannel, NewPerson, Sandbox, Seen, Shown};
use crate::slack::client::Client;
use crate::store::{DatabaseUrl, Db, StoreError, Tx};

/// How long the end of the input waits for what was given to be posted.
const DRAIN: Duration = Duration::from_secs(10);

/// Runs the demo until its input ends or it is stopped.
pub(super) async fn demo(behaviour: Behaviour) -> anyhow::Result<()> {
    for secret in ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"] {
        if std::env::var_os(secret).is_some() {
            println!("{secret} is set, and the demo ignores it: it talks to its own stand-in for Slack only.");
        }
    }
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("no free port on 127.0.0.1")?;
    let address = Url::parse(&format!("http://{}/", listener.local_addr()?)).context("the bot's address")?;
    let clock = Arc::new(SystemClock);
    let sandbox = Sandbox::start(manifest::build(&address, &behaviour.command), clock.clone())
        .await
        .context("the stand-in for Slack could not be started")?;
    let people = Workspace::fill(&sandbox);

    let folder = tempfile::tempdir().context("no folder for the demo's database")?;
    let url: DatabaseUrl = format!("sqlite://{}", folder.path().join("demo.db").display()).parse()?;
    let db = Db::open(&url).await?;
    let mut settings = app::settings(&behaviour);
    settings.channel = Some(people.kudos.clone());
    settings.stewards = vec![people.steward.clone()];
    let slack = Client::new(&sandbox.api_url(), sandbox.bot_token().into())?;
    let ctx = app::connect(db.clone(), slack, clock, settings).await?;
    let app = App::new(ctx, vec![sandbox.signing_secret().into()], Deadlines::default());
    sandbox.connect(Bot::Url(address.clone()));
    let stop = CancellationToken::new();
    let bot = tokio::spawn(serve::run(Arc::clone(&app), listener, stop.clone()));

    let screen = tokio::spawn(show(sandbox.clone()));
    introduce(&sandbox, &address, &behaviour.command, &people);
    tokio::select! {
        read = read_lines(&sandbox, &people) => {
            if read? {
                drain(&db, &sandbox.workspace()).await;
            } else {
                // No input at all: somebody runs it in the background and sends requests.
                let _ = tokio::signal::ctrl_c().await;
            }
        }
        _ = tokio::signal::ctrl_c() => {}
    }
    stop.cancel();
    bot.await.context("the bot ended")??;
    db.close().await;
    screen.abort();
    Ok(())
}

struct Workspace {
    support: ChannelId,
    kudos: ChannelId,
    steward: UserId,
}

impl Workspace {
    fn fill(sandbox: &Sandbox) -> Self {
        let add = |handle: &str, name: &str, tz: Tz, rest: NewPerson| {
            sandbox.add_person(NewPerson {
                handle: handle.to_owned(),
                display_name: name.split(' ').next().unwrap_or(name).to_owned(),
                real_name: name.to_owned(),
                tz: Some(tz),
                ..rest
            })
        };
        let steward = add(
            "priya",
            "Priya Nair",
            Tz::Asia__Kolkata,
            NewPerson {
                admin: true,
                ..NewPerson::default()
            },
        );
        let mut members = vec![
            add("dana", "Dana Kim", Tz::Europe__Berlin, NewPerson::default()),
            add("lee", "Lee Park", Tz::Asia__Seoul, NewPerson::default()),
            add("mo", "Mo Haddad", Tz::Africa__Cairo, NewPerson::default()),
            add(
                "ana",
                "Ana Souza",
                Tz::America__Sao_Paulo,
                NewPerson {
                    guest: Guest::SingleChannel,
                    ..NewPerson::default()
                },
            ),
        ];
        add(
            "sam",
            "Sam Ortiz",
            Tz::America__New_York,
            NewPerson {
                deleted: true,
                ..NewPerson::default()
            },
        );
        add(
            "weatherbot",
            "Weatherbot",
            Tz::UTC,
            NewPerson {
                is_bot: true,
                ..NewPerson::default()
            },
        );
        members.push(steward.clone());
        let channel = |name: &str, with_app| {
            sandbox.add_channel(NewChannel {
                name: name.to_owned(),
                with_app,
                members: members.clone(),
                ..NewChannel::default()
            })
        };
        let support = channel("support", true);
        channel("random", false);
        Self {
            support,
            kudos: channel("kudos", true),
            steward,
        }
    }
}

fn introduce(sandbox: &Sandbox, address: &Url, command: &str, people: &Workspace) {
    let text = |id: &Option<UserId>| id.as_ref().map_or_else(String::new, |id| format!("<@{id}>"));
    let mo = sandbox.person("mo");
    let ana = sandbox.person("ana");
    let body = form(&[
        ("team_id", sandbox.workspace().as_str()),
        ("channel_id", people.support.as_str()),
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
    println!(
        "The bot listens on {address} and believes it is in Slack.\n\
         Its signing secret: {}\n\n\
         Type as one of the people (dana, lee, mo, ana, priya), each line one message:\n  \
         dana: {command} @lee for calming the refund storm with a full queue #calm\n  \
         dana: click Undo\n  \
         dana: {command} help\n  \
         mo in #random: {command} @ana for covering the night shift\n\n\
         Or send a request as Slack would, within five minutes, from another terminal:\n  \
         curl -i{headers} --data '{body}' {address}slack/commands\n\n\
         The end of the input (Ctrl-D) or Ctrl-C ends the demo; its database goes with it.\n",
        sandbox.signing_secret()
    );
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Shows every message that a channel, a DM or a person gets.
async fn show(sandbox: Sandbox) {
    let mut seen = sandbox.watch();
    loop {
        match seen.recv().await {
            Ok(Seen::Posted(shown)) => print(&sandbox, "", &shown),
            Ok(Seen::Ephemeral(shown)) => print(&sandbox, "", &shown),
            Ok(Seen::Edited(shown)) => print(&sandbox, " (changed)", &shown),
            Ok(Seen::Deleted(shown)) => print(&sandbox, " (deleted)", &shown),
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
async fn read_lines(sandbox: &Sandbox, people: &Workspace) -> anyhow::Result<bool> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut any = false;
    while let Some(line) = lines.next_line().await.context("the input can't be read")? {
        if line.trim().is_empty() {
            continue;
        }
        any = true;
        if let Err(what) = play(sandbox, people, line.trim()).await {
            println!("{what}\n");
        }
    }
    Ok(any)
}

/// `dana: /kudos …`, `dana in #random: /kudos …`, `dana: click Undo`.
async fn play(sandbox: &Sandbox, people: &Workspace, line: &str) -> Result<(), String> {
    let (who, what) = line
        .split_once(':')
        .ok_or("Begin with who does it, as in \"dana: /kudos @lee for calming the refund storm\".")?;
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
        None => people.support.clone(),
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

/// Waits until everything that was given is posted.
async fn drain(db: &Db, workspace: &WorkspaceId) {
    let clock = SystemClock;
    let until = clock.now().plus(DRAIN);
    while clock.now() < until {
        let counts: Result<_, StoreError> = db.read(async |tx: &mut Tx| outbox::counts(tx, workspace).await).await;
        if counts.is_ok_and(|counts| counts.waiting + counts.sending == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The last message is printed by another task.
    tokio::time::sleep(Duration::from_millis(100)).await;
}
