//! What the demo's people do by themselves: a steward makes a schedule of prompts, people answer them, and somebody opens
//! Customer Service Week. All of it by what people do in Slack.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::people::Cast;
use crate::base::ids::UserId;
use crate::prompts::messages::{ASK_NOTE, MENU, WEEK, WRITE_NOTE, manage};
use crate::sandbox::{Author, Sandbox, Seen, Shown};

/// Who answers, in turns; never as whom the visitor lands.
const ANSWERERS: [&str; 8] = ["dana", "lee", "aylin", "tomasz", "druiz", "yuki", "marisol", "chloe"];
/// Who answers one prompt.
const AT_A_TIME: usize = 3;
/// Nobody answers before the bot has heard from Slack that its post stands; in real time.
const READING: Duration = Duration::from_millis(400);
/// Who opens Customer Service Week.
const LEADER: &str = "grace";
/// What people answer, by a word of the theme's name.
const ANSWERS: [(&str, [&str; 4]); 9] = [
    (
        "voice",
        [
            "\u{201c}You are the first who read to the end of my mail.\u{201d} That one stays with me.",
            "She only wanted to know whether somebody had seen her complaint at all.",
            "\u{201c}I thought I was the only one.\u{201d} Three of them today, about the same form.",
            "He apologised to me for being angry. I told him he had every reason.",
        ],
    ),
    (
        "Tip",
        [
            "I repeat the last number they said before I look anything up. It buys ten calm seconds.",
            "A text block with the two links everybody asks for: saves me five minutes a shift.",
            "Say what happens next before you say what can't be done.",
            "I write the note while they talk, and read it back to them.",
        ],
    ),
    (
        "Win",
        [
            "The parcel that three of us had given up on. The neighbour had it.",
            "A refund that took nine days last year took forty minutes today.",
            "No transfer all morning: the new routing sheet works.",
            "A customer who wanted to leave asked for the bigger plan instead.",
        ],
    ),
    (
        "Throwback",
        [
            "The night the payment page was down and we called every single one back.",
            "My first week: I hung up on the director by mistake. He called again, laughing.",
            "When we had one shared mailbox and a kitchen timer.",
            "The customer who sent us a cake with our ticket number on it.",
        ],
    ),
    (
        "Feedback",
        [
            "Two people said our answers are kind but long. I have cut mine in half since Tuesday.",
            "Somebody wrote that the first sentence helped and the rest was for us. True.",
            "I asked Product about the confusing button, and they changed it the same day.",
            "The night shift reads our notes word by word. I write them for that now.",
        ],
    ),
    (
        "Educate",
        [
            "\u{201c}I just want to know that somebody has it in hand.\u{201d} No report has a field for that.",
            "I listened to two calls. Nobody was angry about the thing we keep fixing.",
            "They read our status page on a bus, with one hand.",
            "The third time you explain it, you stop believing that anyone writes it down.",
        ],
    ),
    (
        "Activate",
        [
            "Put the phone number back on the delivery mail. Four lines, one approval.",
            "Shortened the form by two questions that nobody here ever looks at.",
            "Answered the oldest ticket in the queue before I opened the newest.",
            "Wrote our opening hours in the footer, with the time zone.",
        ],
    ),
    (
        "Co-create",
        [
            "Product and Support: show the customer the same status that we see.",
            "Billing could put the reason on the invoice; I'd write the ten most common ones.",
            "One page of words that we use and customers don't, for Marketing and us.",
            "IT, if the search found ticket numbers with a blank in them, we'd save a call in ten.",
        ],
    ),
    (
        "Celebrate",
        [
            "\u{201c}Tell your colleague that my mother slept that night.\u{201d} I have.",
            "From all of Billing: you take the calls that our invoices cause. Thank you.",
            "\u{201c}I'd have hung up on me.\u{201d} He didn't know that three of us had worked on it.",
            "From Product: every good idea we had this year began with one of your notes.",
        ],
    ),
];
/// What is said of what is asked in other posts.
const OTHERWISE: [&str; 4] = [
    "The short call-backs. They take less time than the apology.",
    "That Product listens in on the first Monday. It should stay.",
    "Fewer text blocks, more sentences of our own.",
    "The list of words that customers use. I look at it daily.",
];

/// A steward makes a schedule of prompts for #support, as people do.
///
/// # Errors
/// When Slack or the bot refuses a step.
pub(super) async fn make_schedule(sandbox: &Sandbox, cast: &Cast, command: &str) -> anyhow::Result<()> {
    let steward = &cast.steward;
    let answer = sandbox
        .runs_command(steward, &cast.support, &format!("{command} prompts"))
        .await;
    anyhow::ensure!(answer.error.is_none(), "{:?}", answer.error);
    let list = sandbox.ephemeral(steward).pop().context("no list of prompts")?;
    let opened = sandbox.clicks(steward, &list, manage::NEW).await;
    anyhow::ensure!(opened.error.is_none(), "{:?}", opened.error);
    for (field, value) in [(manage::CHANNEL, "support"), (manage::ZONE, cast.zone.name())] {
        let filled = sandbox.fills(steward, field, &[value]).await;
        filled.map_err(anyhow::Error::msg)?;
    }
    // What was understood, and then that it is meant so.
    sandbox.submits(steward).await;
    sandbox.submits(steward).await;
    Ok(())
}

/// Lets people take part in what is posted, for as long as the workspace lives.
pub(super) async fn take_part(sandbox: Sandbox, visitor: UserId, mut seen: Receiver<Seen>) {
    loop {
        match seen.recv().await {
            Ok(Seen::Posted(shown)) if shown.author == Author::Bot => {
                if let Err(error) = react(&sandbox, &visitor, &shown).await {
                    tracing::debug!(%error, channel = %shown.channel, "somebody took no part");
                }
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn react(sandbox: &Sandbox, visitor: &UserId, shown: &Shown) -> anyhow::Result<()> {
    if offers(&shown.blocks, MENU) {
        tokio::time::sleep(READING).await;
        return answer(sandbox, visitor, shown).await;
    }
    let Some(reader) = shown.pings.first().filter(|reader| *reader != visitor) else {
        return Ok(());
    };
    if offers(&shown.blocks, WEEK) {
        sandbox.clicks(reader, shown, "Everything").await;
        let messages = sandbox.messages(&shown.channel);
        let asked = messages
            .iter()
            .find(|message| message.ts == shown.ts)
            .context("the question is gone")?;
        let list = action_beginning(&asked.blocks, ASK_NOTE).context("nobody can be asked")?;
        let picked = sandbox.fills_in(reader, asked, &list, &[LEADER]).await;
        picked.map_err(anyhow::Error::msg)?;
    } else if offers(&shown.blocks, WRITE_NOTE) && shown.thread_ts.is_none() && !shown.edited {
        let opened = sandbox.clicks(reader, shown, WRITE_NOTE).await;
        // The draft says what a leader of this company would say. The button to change it asks for nothing.
        if opened.error.is_none() && shown.text.contains("asks you to open") {
            sandbox.submits(reader).await;
        } else {
            sandbox.closes(reader, false).await;
        }
    }
    Ok(())
}

/// Three people answer a prompt, and two of them like the third one's answer.
async fn answer(sandbox: &Sandbox, visitor: &UserId, prompt: &Shown) -> anyhow::Result<()> {
    // The heading stands in the text, before the question.
    let text = prompt.text.lines().rev().nth(1).unwrap_or_default();
    let heading = text.split(':').next().unwrap_or_default();
    let answers = ANSWERS
        .iter()
        .find(|(theme, _)| heading.contains(theme))
        .map_or(&OTHERWISE, |(_, answers)| answers);
    // Another start for each post, the same one each time.
    let first = prompt
        .ts
        .as_str()
        .bytes()
        .fold(0_usize, |sum, digit| sum * 7 + usize::from(digit));
    let people: Vec<UserId> = (0..ANSWERERS.len())
        .filter_map(|n| sandbox.person(ANSWERERS[(first + n) % ANSWERERS.len()]))
        .filter(|person| person != visitor)
        .take(AT_A_TIME)
        .collect();
    let mut replies = Vec::new();
    for (n, person) in people.iter().enumerate() {
        let text = answers[(first + n) % answers.len()];
        replies.extend(sandbox.says(person, &prompt.channel, text, Some(prompt)).await);
    }
    let liked = replies.last().context("nobody answered")?;
    for person in people.iter().take(AT_A_TIME - 1) {
        sandbox
            .reacts(person, liked, "heart")
            .await
            .map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

/// Whether a message has an element of this name.
fn offers(blocks: &Value, action: &str) -> bool {
    action_beginning(blocks, action).is_some()
}

fn action_beginning(blocks: &Value, name: &str) -> Option<String> {
    match blocks {
        Value::Array(items) => items.iter().find_map(|item| action_beginning(item, name)),
        Value::Object(object) => {
            let own = object.get("action_id").and_then(Value::as_str);
            own.filter(|id| id.starts_with(name))
                .map(str::to_owned)
                .or_else(|| object.values().find_map(|item| action_beginning(item, name)))
        }
        _ => None,
    }
}
