//! A headless Chromium, asked through its driver: W3C WebDriver's few endpoints that the stories need, by the HTTP client
//! that is there anyway. (The crates for it bring second versions of http, thiserror and the ICU tables.)

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::binary::until;

/// How long a page may need for what somebody waits for, in seconds.
const PATIENCE: u64 = 20;

/// Keys that are no letters, as WebDriver numbers them.
pub const TAB: &str = "\u{E004}";
pub const ENTER: &str = "\u{E007}";
pub const SHIFT: char = '\u{E008}';
pub const ESCAPE: &str = "\u{E00C}";
pub const DOWN: &str = "\u{E015}";

/// A browser with one window. Everything of it ends when it is dropped.
pub struct Browser {
    driver: Child,
    /// The browser's own process.
    chromium: u64,
    http: reqwest::Client,
    session: String,
    /// Its profile.
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts the driver at `program` and a browser with it.
    pub async fn starts(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver to start");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let port = line.split("started successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy();
        let mut browser = Self {
            driver,
            chromium: 0,
            http: http.build().expect("a client"),
            session: format!("http://127.0.0.1:{}/session", port.expect("chromedriver's port")),
            _folder: folder,
        };
        let mut args = vec![
            "--headless=new".to_owned(),
            format!("--user-data-dir={}", browser._folder.path().display()),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--force-color-profile=srgb".to_owned(),
            "--disable-lcd-text".to_owned(),
            // Nothing but the page is ever reached.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned(),
        ];
        if is_root() {
            // Chromium refuses to run as root with it.
            args.push("--no-sandbox".to_owned());
        }
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": args},
            "timeouts": {"script": 60_000, "pageLoad": 60_000},
        }}});
        let url = browser.session.clone();
        let opened = browser.asks(&url, wanted).await.expect("a browser");
        browser.chromium = opened["capabilities"]["goog:processID"].as_u64().unwrap_or_default();
        browser.session = format!("{url}/{}", opened["sessionId"].as_str().expect("a session"));
        browser.has_size(1280, 900).await;
        browser
    }

    /// One command. The error is the driver's own word, such as `stale element reference`.
    async fn asks(&self, url: &str, body: Value) -> Result<Value, String> {
        let answer = self.http.post(url).json(&body).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let mut body: Value = answer.json().await.map_err(|error| error.to_string())?;
        if status.is_success() {
            Ok(body["value"].take())
        } else {
            Err(format!("{}: {}", body["value"]["error"], body["value"]["message"]))
        }
    }

    async fn commands(&self, command: &str, body: Value) -> Result<Value, String> {
        self.asks(&format!("{}/{command}", self.session), body).await
    }

    /// Opens an address and waits until it is complete.
    pub async fn opens(&self, url: &str) {
        self.commands("url", json!({ "url": url })).await.expect("a page");
    }

    /// What a script's `return` gives; a promise is waited for. The arguments are in `arguments`.
    pub async fn runs(&self, script: &str, args: Value) -> Result<Value, String> {
        self.commands("execute/sync", json!({ "script": script, "args": args }))
            .await
    }

    /// Whether a script returns true. A page that is just being left says no.
    async fn holds(&self, script: &str, args: Value) -> bool {
        self.runs(script, args).await == Ok(Value::Bool(true))
    }

    /// Waits until a script returns true.
    pub async fn waits_for(&self, what: &str, script: &str, args: Value) {
        until(what, PATIENCE, async || self.holds(script, args.clone()).await).await;
    }

    /// Waits until something that fits the selector can be seen and has these words.
    pub async fn shows(&self, selector: &str, words: &str) {
        let what = format!("{selector} with {words:?} on the page");
        self.waits_for(&what, SHOWS, json!([selector, words])).await;
    }

    /// Waits until nothing that fits the selector can be seen with these words.
    pub async fn shows_no(&self, selector: &str, words: &str) {
        let script = format!("return !(() => {{ {SHOWS} }}).apply(null, arguments)");
        let what = format!("{selector} with {words:?} gone");
        self.waits_for(&what, &script, json!([selector, words])).await;
    }

    /// How many there are now that fit the selector and have these words.
    pub async fn counts(&self, selector: &str, words: &str) -> u64 {
        let script = "const [css, words] = arguments
            return [...document.querySelectorAll(css)].filter(e => e.innerText.includes(words)).length";
        let number = self.runs(script, json!([selector, words])).await;
        number.expect("a page").as_u64().expect("a number")
    }

    /// The text of the first that fits the selector.
    pub async fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let text = self.runs(script, json!([selector])).await.expect("a page");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What stands in a field.
    pub async fn has_typed(&self, selector: &str, words: &str) {
        let script = "return document.querySelector(arguments[0])?.value === arguments[1]";
        let what = format!("{words:?} in {selector}");
        self.waits_for(&what, script, json!([selector, words])).await;
    }

    /// Clicks with the pointer on the last that fits the selector and has these words, as soon as it can be clicked.
    pub async fn clicks(&self, selector: &str, words: &str) {
        let script = "const [css, words] = arguments
            return [...document.querySelectorAll(css)].filter(e => e.checkVisibility() && e.innerText.includes(words)).at(-1)";
        until(&format!("a click on {selector} with {words:?}"), PATIENCE, async || {
            let Ok(found) = self.runs(script, json!([selector, words])).await else {
                return false;
            };
            let Some(id) = found.as_object().and_then(|found| found.values().next()?.as_str()) else {
                return false;
            };
            self.commands(&format!("element/{id}/click"), json!({})).await.is_ok()
        })
        .await;
    }

    /// Presses and lets go of key after key, wherever the focus is.
    pub async fn types(&self, keys: &str) {
        self.holds_and_types(None, keys).await;
    }

    /// The same while another key is held.
    pub async fn holds_and_types(&self, held: Option<char>, keys: &str) {
        let key = |way: &str, key: char| json!({ "type": way, "value": key.to_string() });
        let mut actions: Vec<Value> = held.map(|held| key("keyDown", held)).into_iter().collect();
        actions.extend(keys.chars().flat_map(|c| [key("keyDown", c), key("keyUp", c)]));
        actions.extend(held.map(|held| key("keyUp", held)));
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.commands("actions", body).await.expect("a keyboard");
    }

    /// Goes on with the Tab key until what fits the selector and has these words has the focus.
    pub async fn tabs_to(&self, selector: &str, words: &str) {
        self.tabs(None, selector, words).await;
    }

    /// The same backwards.
    pub async fn tabs_back_to(&self, selector: &str, words: &str) {
        self.tabs(Some(SHIFT), selector, words).await;
    }

    async fn tabs(&self, held: Option<char>, selector: &str, words: &str) {
        self.shows(selector, words).await;
        let script = "const [css, words] = arguments; const at = document.activeElement
            return at.matches(css) && at.innerText.includes(words)";
        for _ in 0..1_500 {
            if self.holds(script, json!([selector, words])).await {
                return;
            }
            self.holds_and_types(held, TAB).await;
        }
        panic!("the Tab key doesn't come to {selector} with {words:?}");
    }

    /// Gives the window this size; a narrow one is a phone.
    pub async fn has_size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 720 });
        self.tells_chromium("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// `light` or `dark`, as the system would say.
    pub async fn has_theme(&self, theme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.tells_chromium("Emulation.setEmulatedMedia", features).await;
    }

    /// A picture of the window, as PNG.
    pub async fn saves_picture(&self, file: &Path) {
        // What was asked for just now is drawn first.
        let drawn = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.runs(drawn, json!([])).await.expect("a page");
        let picture = json!({ "format": "png", "optimizeForSpeed": false });
        let taken = self.tells_chromium("Page.captureScreenshot", picture).await;
        // Decoded by the browser: nothing else here needs base64.
        let bytes = "return [...atob(arguments[0])].map(c => c.charCodeAt(0))";
        let bytes = self.runs(bytes, json!([taken["data"]])).await.expect("a picture");
        let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
        std::fs::write(file, bytes).expect("a file");
    }

    async fn tells_chromium(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.commands("goog/cdp/execute", body).await.expect(command)
    }
}

const SHOWS: &str = "const [css, words] = arguments
    return [...document.querySelectorAll(css)].some(e => e.checkVisibility() && e.innerText.includes(words))";

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id to run");
    id.stdout.trim_ascii() == b"0"
}

impl Drop for Browser {
    fn drop(&mut self) {
        let program = format!("/proc/{}/exe", self.chromium);
        if self.chromium != 0 {
            // In order, so that its own children and files go with it.
            let _ = Command::new("kill").arg(self.chromium.to_string()).status();
            for _ in 0..1_500 {
                if std::fs::read_link(&program).is_err() {
                    break;
                }
                std::thread::park_timeout(Duration::from_millis(10));
            }
            if std::fs::read_link(&program).is_ok() {
                let _ = Command::new("kill").args(["-9", &self.chromium.to_string()]).status();
            }
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
