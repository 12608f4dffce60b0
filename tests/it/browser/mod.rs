//! The demo as a visitor meets it: the real binary, and a browser in front of it.
//!
//! `.ci/browser run` says where the browser is; without it these stories say so and are skipped.

mod stories;
mod views;
mod webdriver;

use serde_json::json;
use webdriver::Browser;

use crate::demo::Demo;

/// A demo and a browser.
struct Visit {
    browser: Browser,
    demo: Demo,
    /// Where the page is, without a path.
    home: String,
}

impl Visit {
    /// `None`, said aloud, where there is no browser.
    async fn begins(args: &[&str]) -> Option<Self> {
        let Ok(program) = std::env::var("TEST_CHROMEDRIVER") else {
            println!("skipped: it takes a browser; see .ci/browser");
            return None;
        };
        let demo = Demo::starts_with(&[&["--port", "0"], args].concat(), &[]);
        let line = demo.shows("Everything in a browser: ");
        let at = line.rfind("http://").expect("the page's address");
        Some(Self {
            home: line[at..].trim().trim_end_matches('/').to_owned(),
            browser: Browser::starts(&program).await,
            demo,
        })
    }

    /// Opens a place as one of the people, and waits until it hears what happens.
    async fn is_as(&self, who: &str, place: &str) {
        self.opens(&format!("/?as={who}&in={place}")).await;
    }

    async fn opens(&self, path: &str) {
        self.browser.opens(&format!("{}{path}", self.home)).await;
        self.is_ready().await;
    }

    /// Waits until the page's scripts are there: a form that is sent before goes nowhere.
    async fn is_ready(&self) {
        let script = "return document.readyState === 'complete' && typeof htmx === 'object'";
        self.browser.waits_for("a complete page", script, json!([])).await;
    }

    /// Turns the clock, by the words of one of its buttons, and waits until it has arrived.
    async fn goes_to(&mut self, when: &str) {
        self.demo.types(&format!("demo: go to {when}"));
        self.demo.shows(" in the workspace.");
    }

    /// Shows a message of a place, the latest with these words, as one of the people sees it; with its thread, if it
    /// is to be open.
    async fn looks_at(&self, who: &str, place: &str, words: &str, thread: bool) {
        self.is_as(who, place).await;
        self.browser.shows("#messages .message", words).await;
        if thread {
            let find = "const replies = [...document.querySelectorAll('#messages .message')]
                .filter(e => e.innerText.includes(arguments[0])).pop()?.querySelector('a.replies')";
            let script = format!("{find}; return !!replies");
            self.browser.waits_for("a thread", &script, json!([words])).await;
            let script = format!("{find}; return replies.getAttribute('href')");
            let href = self.browser.runs(&script, json!([words])).await.expect("a thread");
            self.opens(href.as_str().unwrap_or_default()).await;
        }
        let script = "const sought = [...document.querySelectorAll('#messages .message')]
            .filter(e => e.innerText.includes(arguments[0])).pop()
            sought?.scrollIntoView({ block: sought.offsetHeight > 600 ? 'start' : 'center' })
            return [...document.images].every(image => image.complete)";
        self.browser
            .waits_for("what is to be seen", script, json!([words]))
            .await;
    }

    /// Types a line where the focus is, and sends it.
    async fn sends(&self, line: &str) {
        self.browser.types(line).await;
        self.browser.types(webdriver::ESCAPE).await;
        self.browser.types(webdriver::ENTER).await;
    }

    /// Clicks into the composer, types a line and sends it.
    async fn says(&self, line: &str) {
        self.browser.clicks("#composer", "").await;
        self.sends(line).await;
    }
}
