//! The page of the demo: what each person sees of the workspace, and what a browser is allowed to do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::future::BoxFuture;
use plaudit::app::manifest;
use plaudit::base::clock::{Instant, ManualClock};
use plaudit::base::ids::{ChannelId, UserId};
use plaudit::sandbox::page::{self, Jump, Noticed, Stage, Step, Tally};
use plaudit::sandbox::{Bot, Guest, NewChannel, NewPerson, Sandbox};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Tuesday, 2 June 2026, 14:02 in Berlin.
const START: Instant = Instant::from_millis(1_780_401_720_000);

/// A stage on which nothing is built yet: it writes down what it is asked for.
#[derive(Default)]
struct Script {
    visitor: UserId,
    noticed: Mutex<Vec<Noticed>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn note(&self, what: impl Into<String>) {
        self.asked.lock().expect("no test panicked here").push(what.into());
    }
}

impl Stage for Script {
    fn visitor(&self) -> UserId {
        self.visitor.clone()
    }

    fn steps(&self) -> Vec<Step> {
        let looked = !self.noticed.lock().expect("no test panicked here").is_empty();
        let step = |id, title: &str, hint: &str, done| Step {
            id,
            title: title.to_owned(),
            hint: hint.to_owned(),
            done,
        };
        vec![
            step(
                "read-your-thanks",
                "Read your thanks",
                "Somebody just thanked you: open Plaudit on the left.",
                looked,
            ),
            step(
                "give-one",
                "Give one",
                "Type `/kudos @lee for` and say what Lee did.",
                false,
            ),
            step(
                "undo",
                "Take it back",
                "The confirmation has an *Undo*. <script>",
                false,
            ),
        ]
    }

    fn noticed(&self, what: Noticed) {
        self.noticed.lock().expect("no test panicked here").push(what);
    }

    fn jumps(&self) -> Vec<Jump> {
        vec![
            Jump {
                id: "next-day".to_owned(),
                label: "Next working day".to_owned(),
                at: START.plus(Duration::from_secs(19 * 3_600)),
            },
            Jump {
                id: "october".to_owned(),
                label: "Customer Service Week".to_owned(),
                at: START.plus(Duration::from_secs(125 * 86_400)),
            },
        ]
    }

    fn jump(&self, id: &str) -> BoxFuture<'_, Result<(), String>> {
        self.note(format!("jump {id}"));
        let known = id == "next-day";
        Box::pin(async move {
            if known {
                Ok(())
            } else {
                Err("The clock goes forward only.".to_owned())
            }
        })
    }

    fn kill_and_restart(&self) -> BoxFuture<'_, Result<(), String>> {
        self.note("restart");
        Box::pin(async { Ok(()) })
    }

    fn deliver_ten_times(&self) -> BoxFuture<'_, Result<String, String>> {
        self.note("ten");
        Box::pin(async { Ok("Delivered 10 times, counted once.".to_owned()) })
    }

    fn two_hundred_at_once(&self) -> BoxFuture<'_, Result<String, String>> {
        self.note("two hundred");
        Box::pin(async { Err("The bot is being restarted.".to_owned()) })
    }

    fn tally(&self) -> BoxFuture<'_, Tally> {
        Box::pin(async {
            Tally {
                acknowledged: 200,
                stored: 200,
                posted: 198,
            }
        })
    }
}

/// A workspace, and its page.
struct Rig {
    slack: Sandbox,
    stage: Arc<Script>,
    page: Router,
    http: reqwest::Client,
    /// The bodies of what the app was sent.
    heard: Arc<Mutex<Vec<String>>>,
    dana: UserId,
    lee: UserId,
    support: ChannelId,
    leads: ChannelId,
}

/// Enough of `axum` answers for a test.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

fn person(handle: &str, display: &str, real: &str, tz: chrono_tz::Tz) -> NewPerson {
    NewPerson {
        handle: handle.to_owned(),
        display_name: display.to_owned(),
        real_name: real.to_owned(),
        tz: Some(tz),
        ..NewPerson::default()
    }
}

impl Rig {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let url = url::Url::parse("https://plaudit.example.com").expect("a URL");
        let slack = Sandbox::start(manifest::build(&url, "/kudos"), clock)
            .await
            .expect("a sandbox");
        let dana = slack.add_person(person("dana", "Dana", "Dana Kim", chrono_tz::Europe::Berlin));
        let lee = slack.add_person(person("lee", "Lee", "Lee Park", chrono_tz::Asia::Seoul));
        let mo = slack.add_person(person("mo", "Mo", "Mo Haddad", chrono_tz::Africa::Cairo));
        let ana = slack.add_person(NewPerson {
            guest: Guest::SingleChannel,
            ..person("ana", "Ana", "Ana Souza", chrono_tz::America::Sao_Paulo)
        });
        slack.add_person(NewPerson {
            deleted: true,
            ..person("sam", "", "Sam Ortiz", chrono_tz::UTC)
        });
        slack.add_person(NewPerson {
            is_bot: true,
            ..person("weatherbot", "Weatherbot", "Weatherbot", chrono_tz::UTC)
        });
        let channel = |name: &str, private, with_app, members: &[&UserId]| {
            slack.add_channel(NewChannel {
                name: name.to_owned(),
                private,
                with_app,
                members: members.iter().map(|id| (*id).clone()).collect(),
                ..NewChannel::default()
            })
        };
        let support = channel("support", false, true, &[&dana, &lee, &mo, &ana]);
        channel("kudos", false, true, &[&dana, &lee, &mo]);
        channel("random", false, false, &[&lee]);
        let leads = channel("leads", true, true, &[&lee, &mo]);
        slack.add_usergroup("emea", "Support EMEA", &[dana.clone(), mo]);
        // The clock stands still, so the app may say as much as it likes.
        slack.strict_rates(false);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let app = Router::new().fallback(async move |body: String| {
            ears.lock().expect("no test panicked here").push(body);
            StatusCode::OK
        });
        slack.connect(Bot::Router(app));
        let stage = Arc::new(Script {
            visitor: dana.clone(),
            ..Script::default()
        });
        Self {
            page: page::router(slack.clone(), stage.clone()),
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            slack,
            stage,
            heard,
            dana,
            lee,
            support,
            leads,
        }
    }

    async fn ask(&self, request: Request<Body>) -> Got {
        let answer = self.page.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        Got {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    async fn get(&self, path: &str) -> Got {
        let request = Request::get(path).header("host", "127.0.0.1:3000").body(Body::empty());
        self.ask(request.expect("a request")).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Got {
        let request = Request::post(path)
            .header("host", "127.0.0.1:3000")
            .header("origin", "http://127.0.0.1:3000")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(serde_urlencoded::to_string(form).expect("a form")));
        self.ask(request.expect("a request")).await
    }

    /// The app calls a method of the Web API.
    async fn app_calls(&self, method: &str, args: Value) -> Value {
        let json = "application/json; charset=utf-8";
        self.app_sends(method, json, args.to_string()).await
    }

    async fn app_sends(&self, method: &str, kind: &str, body: String) -> Value {
        let url = self.slack.api_url().join(method).expect("a method's URL");
        let request = self.http.post(url).bearer_auth(self.slack.bot_token());
        let request = request.header("content-type", kind).body(body);
        let answer = request.send().await.expect("an answer");
        let answer: Value = serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON");
        assert_eq!(answer["ok"], true, "{answer}");
        answer
    }

    async fn app_posts(&self, channel: &ChannelId, blocks: Value) {
        let args = json!({ "channel": channel, "text": "In words", "blocks": blocks });
        self.app_calls("chat.postMessage", args).await;
    }

    /// The messages of `#support` as somebody sees them.
    async fn messages(&self, of: &str) -> String {
        let got = self.get(&format!("/?as={of}&in=support")).await;
        assert_eq!(got.status, StatusCode::OK);
        let start = got.body.find("<ol class=\"messages\">").expect("messages");
        let end = got.body[start..].find("</ol>").expect("an end");
        got.body[start..start + end].to_owned()
    }
}

/// One tag a line, without what the sandbox numbers.
fn tidy(html: &str) -> String {
    html.replace("><", ">\n<")
}

fn texts(kind: &str, text: &str) -> Value {
    json!({ "type": kind, "text": text })
}

fn option(text: &str, value: &str) -> Value {
    json!({ "text": texts("plain_text", text), "value": value })
}

/// What a message of these blocks looks like to Dana, from its first block on.
async fn drawn(blocks: Value) -> String {
    let rig = Rig::new().await;
    rig.app_posts(&rig.support, blocks).await;
    let html = rig.messages("dana").await;
    let start = html.find("</time></a></div>").expect("a message") + "</time></a></div>".len();
    let end = html.rfind("<div class=\"tools\">").expect("its end");
    let inside = html[start..end].trim_end();
    tidy(inside.strip_suffix("</div>").unwrap_or(inside))
}

#[tokio::test]
async fn blocks_of_text_are_drawn() {
    let html = drawn(json!([
        { "type": "header", "text": texts("plain_text", "October in Support :seedling:") },
        { "type": "section", "text": texts("mrkdwn", "*127 thanks* from _41_ people"),
          "fields": [texts("mrkdwn", "*First*\nWei"), texts("plain_text", "*not bold* :clap:")] },
        { "type": "divider" },
        { "type": "context", "elements": [
            { "type": "image", "image_url": "https://x.example/a.png", "alt_text": "a <seedling>" },
            texts("mrkdwn", "Answer in the thread.") ] },
        { "type": "image", "image_url": "https://x.example/a.png", "alt_text": "2 on the 2nd, 11 on the 22nd",
          "title": texts("plain_text", "Thanks per day") },
        { "type": "video", "alt_text": "x" },
    ]))
    .await;
    insta::assert_snapshot!(html, @r#"
    <h2 class="header">October in Support <span class="emoji" title=":seedling:">🌱</span>
    </h2>
    <div class="section">
    <div class="section-text">
    <div class="words">
    <strong>127 thanks</strong> from <em>41</em> people</div>
    <div class="fields">
    <div class="words">
    <strong>First</strong>
    <br>Wei</div>
    <div class="words">*not bold* <span class="emoji" title=":clap:">👏</span>
    </div>
    </div>
    </div>
    </div>
    <hr>
    <div class="context">
    <span class="picture small" role="img" aria-label="a &#60;seedling&#62;" title="a &#60;seedling&#62;">
    </span>
    <div class="words">Answer in the thread.</div>
    </div>
    <figure class="image">
    <figcaption>Thanks per day</figcaption>
    <div class="picture" role="img" aria-label="2 on the 2nd, 11 on the 22nd">
    <span aria-hidden="true">2 on the 2nd, 11 on the 22nd</span>
    </div>
    </figure>
    <div class="unsupported">unsupported block: video</div>
    "#);
}

#[tokio::test]
async fn buttons_and_menus_are_drawn() {
    let menu = json!({ "type": "overflow", "action_id": "menu", "options": [
        option("Report these thanks", "report"),
        { "text": texts("plain_text", "Open it"), "value": "open", "url": "https://x.example/open" } ] });
    let html = drawn(json!([
        { "type": "section", "text": texts("mrkdwn", "Lee thanked Dana"), "accessory": menu },
        { "type": "actions", "elements": [
            { "type": "button", "text": texts("plain_text", "Me too"), "action_id": "boost", "value": "k 1&2",
              "style": "primary", "accessibility_label": "Me too: Lee's thanks to Dana" },
            { "type": "button", "text": texts("plain_text", "Take back"), "action_id": "undo", "style": "danger",
              "confirm": { "title": texts("plain_text", "Sure?"), "text": texts("mrkdwn", "It is *gone* then."),
                           "confirm": texts("plain_text", "Yes"), "deny": texts("plain_text", "No") } },
            { "type": "button", "text": texts("plain_text", "Read"), "action_id": "read", "url": "https://x.example/?a=1&b=2" },
            { "type": "static_select", "action_id": "choose", "placeholder": texts("plain_text", "How often?"),
              "option_groups": [{ "label": texts("plain_text", "Often"), "options": [option("Daily", "d")] },
                                { "label": texts("plain_text", "Seldom"), "options": [option("Never", "n")] }],
              "initial_option": option("Never", "n") },
            { "type": "datepicker", "action_id": "day" } ] },
    ]))
    .await;
    insta::assert_snapshot!(html, @r##"
    <div class="section">
    <div class="section-text">
    <div class="words">Lee thanked Dana</div>
    </div>
    <div class="accessory">
    <details class="menu" id="e-1780401720-000000-0-0">
    <summary class="button plain dots" id="e-1780401720-000000-0-0-s" aria-label="More actions">⋯</summary>
    <div class="menu-list">
    <button type="button" hx-post="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=menu&#38;value=report" hx-target="#answer">Report these thanks</button>
    <a href="https://x.example/open" target="_blank" rel="noopener noreferrer" data-click="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=menu&#38;value=open">Open it</a>
    </div>
    </details>
    </div>
    </div>
    <div class="actions">
    <button type="button" id="e-1780401720-000000-1-0" class="button primary" hx-post="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=boost&#38;value=k+1%262" hx-target="#answer" hx-sync="this:drop" aria-label="Me too: Lee&#39;s thanks to Dana">Me too</button>
    <button type="button" id="e-1780401720-000000-1-1" class="button danger" hx-post="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=undo" hx-target="#answer" hx-sync="this:drop" hx-confirm="Sure?

    It is gone then.">Take back</button>
    <a id="e-1780401720-000000-1-2" class="button plain" href="https://x.example/?a=1&#38;b=2" target="_blank" rel="noopener noreferrer" data-click="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=read">Read</a>
    <details class="menu" id="e-1780401720-000000-1-3">
    <summary class="button plain" id="e-1780401720-000000-1-3-s">Never <span aria-hidden="true">▾</span>
    </summary>
    <div class="menu-list">
    <div class="menu-label">Often</div>
    <button type="button" hx-post="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=choose&#38;value=d" hx-target="#answer">Daily</button>
    <div class="menu-label">Seldom</div>
    <button type="button" hx-post="/click?as=dana&#38;in=support&#38;channel=C00000007&#38;ts=1780401720.000000&#38;action=choose&#38;value=n" hx-target="#answer" aria-current="true">Never</button>
    </div>
    </details>
    <span class="unsupported">unsupported element: datepicker</span>
    </div>
    "##);
}

#[tokio::test]
async fn markup_reads_as_in_slack() {
    let rig = Rig::new().await;
    let cases = [
        "*bold* _italic_ ~struck~ `co*d*e` 2*3*4 snake_case_name * not *",
        "*bold _and italic_ <https://x.example/a_b_c|with a *link*>* end",
        ":clap: :clap::skin-tone-4: :party_parrot: at 14:02:33 :flag-de:",
        "> quoted\n> twice\nafter\n>>> all\nthe rest",
        "```\nlet x = 1 < 2;\n*y*\n``` and on",
        "&lt;b&gt; &amp;amp; <b>",
        "<@DANA> <@LEE|somebody> <@U0UNKNOWN|Robin> <#SUPPORT> <#LEADS|> <!here> <!subteam^GROUP>",
        "<!date^1780401720^{date_short_pretty} at {time}|soon> <!date^1780315320^{date_long}^https://x.example|x>",
        "<https://sandbox.slack.com/archives/SUPPORT/p1780401720000100|here> <mailto:a@x.example|a@x.example>",
        "<javascript:alert(1)|a trap>",
    ];
    let group = rig
        .slack
        .add_usergroup("night", "Night shift", std::slice::from_ref(&rig.dana));
    for text in cases {
        let text = text
            .replace("DANA", rig.dana.as_str())
            .replace("LEE", rig.lee.as_str())
            .replace("SUPPORT", rig.support.as_str())
            .replace("LEADS", rig.leads.as_str())
            .replace("GROUP", group.as_str());
        rig.app_posts(
            &rig.support,
            json!([{ "type": "section", "text": texts("mrkdwn", &text) }]),
        )
        .await;
    }
    let html = rig.messages("dana").await;
    let words: Vec<&str> = html
        .split("<div class=\"words\">")
        .skip(1)
        .filter_map(|rest| rest.split("</div></div></div>").next())
        .collect();
    insta::assert_snapshot!(words.join("\n\n"), @r#"
    <strong>bold</strong> <em>italic</em> <s>struck</s> <code>co*d*e</code> 2*3*4 snake_case_name * not *

    <strong>bold <em>and italic</em> <a target="_blank" rel="noopener noreferrer" href="https://x.example/a_b_c">with a *link*</a></strong> end

    <span class="emoji" title=":clap:">👏</span> <span class="emoji" title=":clap:">👏🏽</span> :party_parrot: at 14:02:33 <span class="emoji" title=":flag-de:">🇩🇪</span>

    <blockquote>quoted<br>twice</blockquote>after<blockquote>all<br>the rest</blockquote>

    <pre>
    let x = 1 &#60; 2;
    *y*</pre> and on

    &#60;b&#62; &#38;amp; &#60;b&#62;

    <span class="mention me">@Dana</span> <span class="mention">@Lee</span> <span class="mention">@Robin</span> <a class="mention" href="/?as=dana&#38;in=support">#support</a> <span class="mention">#private-channel</span> <span class="mention me">@here</span> <span class="mention me">@night</span>

    today at 14:02 <a target="_blank" rel="noopener noreferrer" href="https://x.example/">Monday, June 1st, 2026</a>

    <a href="/?as=dana&#38;in=support&#38;m=1780401720.000100">here</a> <a target="_blank" rel="noopener noreferrer" href="mailto:a@x.example">a@x.example</a>

    a trap
    "#);
}

#[tokio::test]
async fn strange_names_and_texts_stay_text() {
    let rig = Rig::new().await;
    let strange = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>&lt;b&gt;";
    rig.slack
        .change_person(&rig.lee, |person| {
            person.display_name = strange.to_owned();
            person.real_name = strange.to_owned();
        })
        .await;
    for text in [
        strange,
        "*_~`<@U1|<script>>`~_*",
        "<https://x.example/\"onmouseover=\"alert(1)|\"><script>>",
        "<#C1|\"><script>>",
        "<!date^1^{date}^javascript:alert(1)|\"><script>>",
        ":\"><script>:",
        "```<script>```",
        ">>> <script>\u{202e}",
    ] {
        rig.slack.says(&rig.lee, &rig.support, text, None).await;
        let block = json!([
            { "type": "section", "text": texts("mrkdwn", text) },
            { "type": "header", "text": texts("plain_text", text) },
            { "type": "image", "image_url": "https://x.example/", "alt_text": text, "title": texts("plain_text", text) },
            { "type": "actions", "elements": [
                { "type": "button", "text": texts("plain_text", text), "action_id": text, "value": text } ] },
        ]);
        rig.app_posts(&rig.support, block).await;
    }
    for path in [
        "/?as=dana&in=support",
        "/?as=dana&in=support&aloud=1",
        "/?as=lee&in=%22%3E%3Cscript%3E",
    ] {
        let html = rig.get(path).await.body;
        // The page's own: three files, nothing in the text.
        assert_eq!(html.matches("<script").count(), 3, "{path}");
        assert!(!html.contains("<img") && !html.contains("\"onmouseover"), "{path}");
        assert!(!html.contains("href=\"javascript"), "{path}");
    }
}

#[tokio::test]
async fn a_picture_that_the_app_uploads_is_shown_and_any_other_file_is_named() {
    let rig = Rig::new().await;
    for (name, words, bytes) in [("thanks.png", "Thanks by week", "a picture"), ("kudos.csv", "", "a,b")] {
        // Slack reads this method's arguments from a form only.
        let length = bytes.len().to_string();
        let asked = [("filename", name), ("length", length.as_str()), ("alt_txt", words)];
        let form = serde_urlencoded::to_string(asked).expect("a form");
        let kind = "application/x-www-form-urlencoded";
        let place = rig.app_sends("files.getUploadURLExternal", kind, form).await;
        let to = place["upload_url"].as_str().expect("a URL");
        rig.http.post(to).body(bytes).send().await.expect("an answer");
        let files = json!([{ "id": place["file_id"], "title": name }]);
        let complete = json!({ "files": files, "channel_id": rig.support });
        rig.app_calls("files.completeUploadExternal", complete).await;
    }
    let shown = rig.messages("dana").await;
    let picture = shown.find("<img src=\"").expect("a picture") + "<img src=\"".len();
    let address = shown[picture..].split('"').next().expect("an address");
    assert!(
        shown[picture..].starts_with(&format!("{address}\" alt=\"Thanks by week\"")),
        "{shown}"
    );
    assert_eq!(shown.matches("<img").count(), 1);
    assert!(shown.contains("role=\"img\" aria-label=\"kudos.csv\""), "{shown}");
    let got = rig.get(address).await;
    assert_eq!(
        (got.headers["content-type"].as_bytes(), got.body.as_str()),
        (&b"image/png"[..], "a picture")
    );
    assert_eq!(rig.get("/file/F0NONE").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_for_one_person_is_shown_to_that_person() {
    let rig = Rig::new().await;
    let args = json!({ "channel": rig.support, "user": rig.dana, "text": "Dana has it.", "blocks": [
        { "type": "section", "text": texts("mrkdwn", "Lee will see it.") },
        { "type": "actions", "elements": [
            { "type": "button", "text": texts("plain_text", "Undo"), "action_id": "undo", "value": "k1" } ] },
    ] });
    rig.app_calls("chat.postEphemeral", args).await;
    let mine = rig.messages("dana").await;
    assert!(mine.contains("Only visible to you") && mine.contains("Lee will see it."));
    assert!(!rig.messages("lee").await.contains("Lee will see it."));

    let shown = rig.slack.ephemeral(&rig.dana).pop().expect("the message");
    let click = |who: &str| {
        let channel = shown.channel.as_str();
        let query = [
            ("as", who),
            ("in", "support"),
            ("channel", channel),
            ("ts", shown.ts.as_str()),
            ("action", "undo"),
            ("value", "k1"),
        ];
        format!("/click?{}", serde_urlencoded::to_string(query).expect("a query"))
    };
    assert!(mine.contains(&click("dana").replace('&', "&#38;")), "{mine}");
    assert!(
        rig.post(&click("lee"), &[])
            .await
            .body
            .contains("That message is gone.")
    );
    assert_eq!(rig.heard.lock().expect("no test panicked here").len(), 0);
    assert_eq!(rig.post(&click("dana"), &[]).await.body, "");
    let heard = rig.heard.lock().expect("no test panicked here").join("\n");
    assert!(heard.contains("block_actions") && heard.contains("undo"), "{heard}");
}

#[tokio::test]
async fn places_are_open_to_whom_slack_opens_them() {
    let rig = Rig::new().await;
    rig.slack.says(&rig.lee, &rig.leads, "between us", None).await;
    let inside = rig.get("/?as=lee&in=leads").await;
    assert!(inside.status.is_success() && inside.body.contains("between us"));
    for path in [
        "/?as=dana&in=leads".to_owned(),
        format!("/?as=dana&in={}", rig.leads),
        "/?as=dana&in=nowhere".to_owned(),
    ] {
        let got = rig.get(&path).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            !got.body.contains("between us") && !got.body.contains(">leads<"),
            "{path}"
        );
    }
    let posted = rig.post("/say?as=dana&in=leads", &[("text", "let me in")]).await;
    assert!(posted.body.contains("You can&#39;t write here."), "{}", posted.body);
    assert_eq!(rig.slack.messages(&rig.leads).len(), 1);
    // A public channel can be read and joined, but not by a guest.
    let random = rig.get("/?as=dana&in=random").await;
    assert!(random.status.is_success() && random.body.contains("Join channel"));
    assert_eq!(rig.get("/?as=ana&in=random").await.status, StatusCode::NOT_FOUND);
    rig.post("/join?as=dana&in=random", &[]).await;
    assert!(rig.get("/?as=dana&in=random").await.body.contains("id=\"composer\""));
    // Nobody is an app, or somebody who left.
    for who in ["sam", "weatherbot", "plaudit", "slackbot", "nobody"] {
        let got = rig.get(&format!("/?as={who}&in=support")).await;
        assert_eq!(got.headers["location"], "/?as=dana&in=support", "{who}");
    }
    assert_eq!(rig.get("/").await.headers["location"], "/?as=dana&in=kudos");
}

#[tokio::test]
async fn the_composer_sends_what_slack_would_send() {
    let rig = Rig::new().await;
    let say = async |text: &str| rig.post("/say?as=dana&in=support", &[("text", text)]).await;
    assert_eq!(say("thanks @lee & @emea 👏🏽 in #kudos").await.body, "");
    let said = rig.slack.messages(&rig.support).pop().expect("a message");
    assert!(
        said.text
            .starts_with(&format!("thanks <@{}> &amp; <!subteam^", rig.lee)),
        "{}",
        said.text
    );
    assert!(said.text.contains(" :clap::skin-tone-4: in <#"), "{}", said.text);

    assert_eq!(say("/kudos @lee for a ☀️ day").await.body, "");
    let heard = rig
        .heard
        .lock()
        .expect("no test panicked here")
        .pop()
        .expect("a command");
    let text = format!("<@{}|lee> for a :sunny: day", rig.lee);
    let sent: Vec<(String, String)> = serde_urlencoded::from_str(&heard).expect("a form");
    assert!(sent.contains(&("text".to_owned(), text)), "{sent:?}");

    let unknown = say("/foo bar").await;
    assert!(
        unknown.body.contains("/foo is not a valid command."),
        "{}",
        unknown.body
    );
    assert_eq!(unknown.headers["hx-trigger"], "refused");
    assert_eq!(say("   ").await.body, "");
    let before = rig.slack.messages(&rig.support).len();
    let parent = said.ts.as_str();
    let path = format!("/say?as=lee&in=support&thread={parent}");
    assert!(
        rig.post(&path, &[("text", "/kudos @dana")])
            .await
            .body
            .contains("/kudos is not supported in threads. Sorry!")
    );
    rig.post(&path, &[("text", "with pleasure")]).await;
    let reply = rig.slack.messages(&rig.support).pop().expect("a reply");
    assert_eq!(
        (reply.thread_ts, rig.slack.messages(&rig.support).len()),
        (Some(said.ts.clone()), before + 1)
    );
    let open = rig.get(&format!("/?as=dana&in=support&thread={parent}")).await.body;
    assert!(open.contains("<strong>1 reply</strong>") && open.contains("with pleasure"));
    assert!(
        !rig.messages("dana").await.contains("with pleasure"),
        "a reply stands in its thread only"
    );

    rig.slack.connect(Bot::Router(Router::new().fallback(async || {
        std::future::pending::<()>().await;
        StatusCode::OK
    })));
    rig.slack.deadlines(Duration::from_millis(20));
    let late = say("/kudos @lee for patience").await.body;
    assert!(
        late.contains("/kudos failed with the error &#34;operation_timeout&#34;"),
        "{late}"
    );
}

#[tokio::test]
async fn only_this_machine_and_this_page_are_answered() {
    let rig = Rig::new().await;
    let got = rig.get("/?as=dana&in=support").await;
    let policy = got.headers["content-security-policy"].to_str().expect("text");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    assert!(!got.body.contains(" style=") && !got.body.contains(" onclick="));
    for (host, status) in [
        ("localhost:3000", StatusCode::OK),
        ("127.0.0.1", StatusCode::OK),
        ("[::1]:3000", StatusCode::OK),
        ("evil.example", StatusCode::FORBIDDEN),
        ("127.0.0.1.evil.example:3000", StatusCode::FORBIDDEN),
        ("", StatusCode::FORBIDDEN),
    ] {
        let request = Request::get("/?as=dana&in=support")
            .header("host", host)
            .body(Body::empty());
        assert_eq!(rig.ask(request.expect("a request")).await.status, status, "{host}");
    }
    for origin in ["https://evil.example", "http://127.0.0.1:4000", "null"] {
        let request = Request::post("/restart")
            .header("host", "127.0.0.1:3000")
            .header("origin", origin);
        let got = rig.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert!(rig.stage.asked.lock().expect("no test panicked here").is_empty());
    for path in [
        "/assets/htmx.min.js",
        "/assets/sse.min.js",
        "/assets/page.js",
        "/assets/page.css",
        "/assets/icon.svg",
    ] {
        assert!(rig.get(path).await.status.is_success(), "{path}");
    }
    let everywhere = tokio::net::TcpListener::bind(("0.0.0.0", 0)).await.expect("a port");
    let refused = page::serve(everywhere, rig.slack.clone(), rig.stage.clone()).await;
    assert!(refused.is_err_and(|error| error.kind() == std::io::ErrorKind::InvalidInput));
}

#[tokio::test]
async fn the_stage_hears_what_is_asked_of_it() {
    let rig = Rig::new().await;
    let page = rig.get("/?as=lee&in=leads").await.body;
    assert!(page.contains("<strong>Read your thanks</strong>") && page.contains("<code>/kudos @lee for</code>"));
    assert!(page.contains("Next working day") && page.contains("200 acknowledged · 200 stored · 198 posted"));
    let looked = Noticed::Looked {
        by: rig.lee.clone(),
        at: rig.leads.clone(),
    };
    assert_eq!(*rig.stage.noticed.lock().expect("no test panicked here"), [looked]);
    assert_eq!(rig.post("/jump?as=lee&id=next-day", &[]).await.body, "");
    let said = async |path: &str| rig.post(path, &[]).await.body;
    assert!(said("/jump?id=never").await.contains("The clock goes forward only."));
    assert!(said("/ten").await.contains("Delivered 10 times, counted once."));
    assert!(said("/two-hundred").await.contains("The bot is being restarted."));
    assert!(said("/restart").await.contains("back again"));
    let asked = rig.stage.asked.lock().expect("no test panicked here").join(", ");
    assert_eq!(asked, "jump next-day, jump never, ten, two hundred, restart");

    for mode in ["down", "slow", "limited", "fine"] {
        let html = rig.post("/fault", &[("mode", mode)]).await.body;
        let checked = format!("value=\"{mode}\" checked");
        assert!(
            html.contains(&checked) && html.matches(" checked").count() == 1,
            "{html}"
        );
        if mode == "limited" {
            let url = rig.slack.api_url().join("auth.test").expect("a URL");
            let answer = rig
                .http
                .post(url)
                .bearer_auth(rig.slack.bot_token())
                .send()
                .await
                .expect("an answer");
            assert_eq!(
                (answer.status().as_u16(), &answer.headers()["retry-after"]),
                (429, &"30".parse().expect("a value"))
            );
        }
    }
    rig.app_calls("auth.test", json!({})).await;
    let wire = rig.get("/?as=lee&in=leads").await.body;
    assert!(wire.contains("<code>auth.test</code>") && wire.contains("class=\"bad\""));
}

#[tokio::test]
async fn a_long_channel_is_shown_in_part() {
    let rig = Rig::new().await;
    for n in 0..250 {
        rig.slack
            .says(&rig.lee, &rig.support, &format!("message number {n}."), None)
            .await;
    }
    let html = rig.messages("dana").await;
    assert_eq!(html.matches("<article").count(), 100);
    assert!(html.contains("number 249.") && html.contains("Older messages") && !html.contains("number 149."));
    let early = rig.slack.messages(&rig.support)[10].ts.clone();
    let html = rig.get(&format!("/?as=dana&in=support&m={early}")).await.body;
    assert!(html.contains("number 10.") && html.contains("Latest messages") && !html.contains("number 60."));
    assert_eq!(
        html.matches("message sought").count() + html.matches("goes-on sought").count(),
        1
    );
}

#[tokio::test]
async fn what_happens_arrives_by_itself() {
    let rig = Rig::new().await;
    let request = Request::get("/live?as=dana&in=support")
        .header("host", "localhost")
        .body(Body::empty());
    let answer = rig
        .page
        .clone()
        .oneshot(request.expect("a request"))
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.into_body().into_data_stream();
    let mut heard = String::new();
    let mut until = async |heard: &mut String, what: &str| {
        while !heard.contains(what) {
            let chunk = tokio::time::timeout(Duration::from_secs(10), futures_util::StreamExt::next(&mut stream)).await;
            let chunk = chunk.expect("an event in time").expect("no end").expect("bytes");
            heard.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    };
    until(&mut heard, "event: faults").await;
    for pane in ["messages", "places", "wire", "steps", "clock", "tally"] {
        assert!(heard.contains(&format!("event: {pane}\n")), "{pane}");
    }
    heard.clear();
    rig.slack.says(&rig.lee, &rig.support, "hello\r\n*there*", None).await;
    until(&mut heard, "event: said").await;
    assert!(
        heard.contains("event: messages") && heard.contains("<strong>there</strong>"),
        "{heard}"
    );
    assert!(heard.contains("data: Lee: hello"), "{heard}");
    heard.clear();
    // Elsewhere: a mark in the list, and nothing else.
    let kudos = rig.slack.channel("kudos").expect("a channel");
    rig.slack.says(&rig.lee, &kudos, "@dana look", None).await;
    until(&mut heard, "event: places").await;
    assert!(
        heard.contains("class=\"badge\">1<") && !heard.contains("event: messages"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_message_is_shown_as_it_is_read_aloud() {
    let rig = Rig::new().await;
    let args = json!({ "channel": rig.support, "text": ":clap: *Lee* thanked <@DANA>".replace("DANA", rig.dana.as_str()),
        "blocks": [{ "type": "actions", "elements": [{ "type": "button", "text": texts("plain_text", "Me too"),
            "action_id": "boost", "accessibility_label": "Me too: Lee's thanks" }] }] });
    rig.app_calls("chat.postMessage", args).await;
    let html = rig.get("/?as=dana&in=support&aloud=1").await.body;
    let start = html.find("<div class=\"aloud\">").expect("the words");
    let words = &html[start..start + html[start..].find("</div>").expect("an end")];
    insta::assert_snapshot!(words, @r#"<div class="aloud">clap Lee thanked @Dana<span class="control">Button: Me too: Lee&#39;s thanks</span>"#);
}
