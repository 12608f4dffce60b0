//! What the demo's people do by themselves: a steward makes a schedule of prompts, people answer them, and somebody opens
//! Customer Service Week. All of it by what people do in Slack.

use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::people::Cast;
use crate::base::ids::UserId;
use crate::prompts::messages::{ASK_NOTE, MENU, NOTE, WEEK, WRITE_NOTE, manage};
use crate::sandbox::{Author, Sandbox, Seen, Shown};

/// Who answers one prompt.
const AT_A_TIME: usize = 3;
/// Who opens Customer Service Week.
const LEADER: &str = "grace";
/// With what words.
const OPENING: &str = "I took calls here for four years, and I still know the voice of the first customer who stayed \
                       calmer than I did. This week is yours. Let the rest of the company hear what you hear, take their \
                       help when they offer it, and on Friday I'd like to read your best answers aloud.";
/// What people answer, and who, by a word of the theme's name; never as whom the visitor lands.
const ANSWERS: [(&str, &[(&str, &str)]); 10] = [
    (
        "voice",
        &[
            (
                "dana",
                "\u{201c}You are the first who read to the end of my mail.\u{201d} That one stays with me.",
            ),
            (
                "lee",
                "She only wanted to know whether somebody had seen her complaint at all.",
            ),
            (
                "druiz",
                "\u{201c}I thought I was the only one.\u{201d} Three of them tonight, about the same form.",
            ),
            (
                "aylin",
                "He apologised to me for being angry. I told him he had every reason.",
            ),
            (
                "kofi",
                "\u{201c}So it wasn't my fault?\u{201d} He had kept the box and the receipt in case it was.",
            ),
        ],
    ),
    (
        "Tip",
        &[
            (
                "tomasz",
                "I repeat the last number they said before I look anything up. It buys ten calm seconds.",
            ),
            (
                "noor",
                "A text block with the two links everybody asks for: saves me five minutes a shift.",
            ),
            ("aylin", "Say what happens next before you say what can't be done."),
            ("yuki", "I write the note while they talk, and read it back to them."),
            (
                "hanna",
                "If you have searched for it twice, tell me: then the article has the wrong title.",
            ),
        ],
    ),
    (
        "Win",
        &[
            (
                "marisol",
                "The parcel that three of us had given up on. The neighbour had it.",
            ),
            (
                "dana",
                "A refund that took nine days last year took forty minutes today.",
            ),
            ("lee", "No transfer all morning: the new routing sheet works."),
            (
                "chloe",
                "A customer who wanted to leave asked for the bigger plan instead.",
            ),
            (
                "thuy",
                "Not one of you had to restart the phone software this week. I'm counting that.",
            ),
        ],
    ),
    (
        "Throwback",
        &[
            (
                "sipho",
                "The night the payment page was down and we called every single one back.",
            ),
            (
                "lee",
                "My first week: I hung up on the director by mistake. He called again, laughing.",
            ),
            ("ines", "When we had one shared mailbox and a kitchen timer."),
            ("druiz", "The customer who sent us a cake with our ticket number on it."),
            (
                "kofi",
                "The storm week, when the warehouse rang us to ask what customers were saying.",
            ),
        ],
    ),
    (
        "Feedback",
        &[
            (
                "aylin",
                "Two people said our answers are kind but long. I have cut mine in half since Tuesday.",
            ),
            (
                "tomasz",
                "Somebody wrote that the first sentence helped and the rest was for us. True.",
            ),
            (
                "dana",
                "I asked Product about the confusing button, and they changed it the same day.",
            ),
            (
                "chloe",
                "The early shift reads our notes word by word. I write them for that now.",
            ),
            (
                "wei",
                "Of thirty calls I heard, the best four began with a question. I'm stealing that.",
            ),
        ],
    ),
    (
        "Educate",
        &[
            (
                "druiz",
                "\u{201c}I just want to know that somebody has it in hand.\u{201d} No report has a field for that.",
            ),
            (
                "oleh",
                "I listened to two calls. Nobody was angry about the thing we keep fixing.",
            ),
            ("aylin", "They read our status page on a bus, with one hand."),
            (
                "tomasz",
                "The third time you explain it, you stop believing that anyone writes it down.",
            ),
            (
                "jon",
                "He waited eleven minutes while our search looked for his name. I had no idea.",
            ),
        ],
    ),
    (
        "Activate",
        &[
            (
                "dana",
                "Put the phone number back on the delivery mail. Four lines, one approval.",
            ),
            (
                "maeve",
                "Shortened the form by two questions that nobody here ever looks at.",
            ),
            (
                "marisol",
                "Answered the oldest ticket in the queue before I opened the newest.",
            ),
            ("chloe", "Wrote our opening hours in the footer, with the time zone."),
            (
                "kofi",
                "Rang back somebody whose case was closed, to ask whether it still works. It does.",
            ),
        ],
    ),
    (
        "make them better",
        &[
            (
                "thuy",
                "I'll make the search ignore blanks in ticket numbers. Wednesday, if somebody tests it with me.",
            ),
            (
                "tomasz",
                "Mine: I can test on the early shift. Thúy, send me twenty you know to be hard.",
            ),
            (
                "oleh",
                "Same status for customers and us: yes for deliveries, not yet for refunds. Those need Billing.",
            ),
            (
                "dana",
                "Billing is in. I have the wording, and ask for one screenshot of where it would stand.",
            ),
            (
                "hanna",
                "The page of words exists since this morning. Twelve so far; add yours.",
            ),
        ],
    ),
    (
        "Co-create",
        &[
            (
                "lee",
                "Product and Support: show the customer the same status that we see.",
            ),
            (
                "dana",
                "Billing could put the reason on the invoice; I'd write the ten most common ones.",
            ),
            (
                "aylin",
                "One page of words that we use and customers don't, for Marketing and us.",
            ),
            (
                "tomasz",
                "IT, if the search found ticket numbers with a blank in them, we'd save a call in ten.",
            ),
            (
                "yuki",
                "Let the night shift see the outage list before the early shift does. They call us first.",
            ),
        ],
    ),
    (
        "Celebrate",
        &[
            (
                "druiz",
                "\u{201c}Tell your colleague that my mother slept that night.\u{201d} I have.",
            ),
            (
                "oleh",
                "From Product, to Aylin: every good idea we had this year began with one of your notes.",
            ),
            (
                "jon",
                "From IT, to the night shift: you describe a fault so well that I find it before I'm awake.",
            ),
            (
                "lee",
                "\u{201c}I'd have hung up on me.\u{201d} He didn't know that three of us had worked on it.",
            ),
            (
                "maeve",
                "From Design, to Tomasz: you sat with me for an hour so that I'd hear what \u{201c}simple\u{201d} means.",
            ),
        ],
    ),
];
/// What is said of what is asked in other posts.
const OTHERWISE: &[(&str, &str)] = &[
    ("lee", "The short call-backs. They take less time than the apology."),
    ("ines", "That Product listens in on the first Monday. It should stay."),
    ("aylin", "Fewer text blocks, more sentences of our own."),
    ("dana", "The list of words that customers use. I look at it daily."),
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

/// Those who do something about what is posted, for as long as the workspace lives.
pub(super) struct Company {
    sandbox: Sandbox,
    visitor: UserId,
    /// What nobody has looked at yet.
    seen: Mutex<Receiver<Seen>>,
}

impl Company {
    /// Of what is posted from now on.
    pub(super) fn of(sandbox: &Sandbox, visitor: &UserId) -> Self {
        Self {
            seen: Mutex::new(sandbox.watch()),
            sandbox: sandbox.clone(),
            visitor: visitor.clone(),
        }
    }

    /// Lets people do what they do about everything that was posted since the last time; whether that was anything.
    pub(super) async fn take_part(&self) -> bool {
        let mut seen = self.seen.lock().await;
        let mut took_part = false;
        loop {
            let (shown, is_new) = match seen.try_recv() {
                Ok(Seen::Posted(shown)) => (shown, true),
                Ok(Seen::Edited(shown)) => (shown, false),
                Ok(_) | Err(TryRecvError::Lagged(_)) => continue,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return took_part,
            };
            if shown.author == Author::Bot {
                took_part |= self.react(&shown, is_new).await.unwrap_or_else(|error| {
                    tracing::debug!(%error, channel = %shown.channel, "somebody took no part");
                    false
                });
            }
        }
    }

    async fn react(&self, shown: &Shown, is_new: bool) -> anyhow::Result<bool> {
        let sandbox = &self.sandbox;
        if is_new && offers(&shown.blocks, MENU) {
            answer(sandbox, &self.visitor, shown).await?;
            return Ok(true);
        }
        let Some(reader) = shown.pings.first().filter(|reader| **reader != self.visitor) else {
            return Ok(false);
        };
        let answered = if is_new && offers(&shown.blocks, WEEK) {
            Some(sandbox.clicks(reader, shown, "Everything").await)
        } else if let Some(list) = action_beginning(&shown.blocks, ASK_NOTE) {
            let picked = sandbox.fills_in(reader, shown, &list, &[LEADER]).await;
            picked.map_err(anyhow::Error::msg)?
        } else if is_new && offers(&shown.blocks, WRITE_NOTE) && shown.text.contains("asks you") {
            let opened = sandbox.clicks(reader, shown, WRITE_NOTE).await;
            anyhow::ensure!(opened.error.is_none(), "{:?}", opened.error);
            let written = sandbox.fills(reader, NOTE, &[OPENING]).await;
            written.map_err(anyhow::Error::msg)?;
            Some(sandbox.submits(reader).await)
        } else {
            return Ok(false);
        };
        let trouble = answered.and_then(|answer| answer.error);
        anyhow::ensure!(trouble.is_none(), "{trouble:?}");
        Ok(true)
    }
}

/// Three people answer a prompt, and two of them like the third one's answer.
async fn answer(sandbox: &Sandbox, visitor: &UserId, prompt: &Shown) -> anyhow::Result<()> {
    // The heading stands in the text, before the question; it may have a colon of its own.
    let text = prompt.text.lines().rev().nth(1).unwrap_or_default();
    let heading = text.splitn(3, ':').take(2).collect::<String>();
    let answers = ANSWERS
        .iter()
        .find(|(theme, _)| heading.contains(theme))
        .map_or(OTHERWISE, |(_, answers)| answers);
    // Another start for each post, the same one each time.
    let first = prompt
        .ts
        .as_str()
        .bytes()
        .fold(0_usize, |sum, digit| sum * 7 + usize::from(digit));
    let said: Vec<(UserId, &str)> = (0..AT_A_TIME)
        .map(|n| answers[(first + n) % answers.len()])
        .filter_map(|(who, text)| Some((sandbox.person(who)?, text)))
        .filter(|(person, _)| person != visitor)
        .collect();
    let mut replies = Vec::new();
    for (person, text) in &said {
        replies.extend(sandbox.says(person, &prompt.channel, text, Some(prompt)).await);
    }
    let liked = replies.last().context("nobody answered")?;
    for (person, _) in said.iter().take(AT_A_TIME - 1) {
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
