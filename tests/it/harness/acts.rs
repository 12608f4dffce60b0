//! What people do beside commands and clicks: they write, change, delete, react, fill in and submit.

use plaudit::sandbox::{Answer, Manner, OpenView, Shown};

use super::Person;

impl Person<'_> {
    /// Writes in a channel.
    pub async fn says_in(&self, channel: &str, text: &str) -> Shown {
        self.posts_in(channel, text, Manner::Plain).await
    }

    /// Writes in a channel in a manner of its own: `/me`, with a file, through another app.
    pub async fn posts_in(&self, channel: &str, text: &str, manner: Manner) -> Shown {
        let channel = self.story.channel(channel).id;
        let posted = self.story.slack.posts(&self.id, &channel, text, None, manner).await;
        self.done(posted).await
    }

    /// Writes in the thread of a message.
    pub async fn replies(&self, to: &Shown, text: &str) -> Shown {
        let slack = &self.story.slack;
        let posted = slack.posts(&self.id, &to.channel, text, Some(to), Manner::Plain).await;
        self.done(posted).await
    }

    /// Writes to the app; what Slack says when it lets nobody.
    pub async fn writes_to_app(&self, text: &str) -> Result<Shown, String> {
        let dm = self.story.slack.open_dm(&self.id);
        let posted = self.story.slack.posts(&self.id, &dm, text, None, Manner::Plain).await;
        self.story.settles().await;
        posted
    }

    /// Changes the text of a message of their own.
    pub async fn edits(&self, message: &Shown, text: &str) -> Shown {
        let edited = self.story.slack.edits(&self.id, message, text).await;
        self.done(edited).await
    }

    /// Deletes a message.
    pub async fn deletes(&self, message: &Shown) {
        let gone = self.story.slack.deletes(&self.id, message).await;
        self.done(gone).await;
    }

    /// Reacts to a message.
    pub async fn reacts(&self, emoji: &str, message: &Shown) -> Shown {
        let reacted = self.story.slack.reacts(&self.id, message, emoji).await;
        self.done(reacted).await
    }

    /// Takes a reaction back.
    pub async fn unreacts(&self, emoji: &str, message: &Shown) -> Shown {
        let reacted = self.story.slack.unreacts(&self.id, message, emoji).await;
        self.done(reacted).await
    }

    /// Opens the app's Home; what it then shows.
    pub async fn opens_home(&self) -> String {
        self.story.slack.opens_home(&self.id).await;
        self.story.settles().await;
        self.home()
    }

    /// The app's Home as it is; empty before it was published.
    pub fn home(&self) -> String {
        self.view(self.story.slack.home(&self.id))
    }

    /// The modal before them; empty without one.
    pub fn modal(&self) -> String {
        self.view(self.story.slack.modal(&self.id))
    }

    /// Uses a global shortcut; the modal that then shows, or what Slack says.
    pub async fn uses_shortcut(&self, name: &str) -> String {
        let answer = self.story.slack.uses_shortcut(&self.id, name).await;
        self.after(answer).await
    }

    /// Uses a shortcut at a message; the modal that then shows, or what Slack says.
    pub async fn uses_shortcut_at(&self, message: &Shown, name: &str) -> String {
        let answer = self.story.slack.uses_message_shortcut(&self.id, message, name).await;
        self.after(answer).await
    }

    /// Fills a field of the modal (or of Home) by its label: text, somebody's handle, a place, an option. Empty text
    /// empties it.
    pub async fn fills(&self, field: &str, value: &str) {
        let values = if value.is_empty() { vec![] } else { vec![value] };
        self.picks(field, &values).await;
    }

    /// Chooses several in a field of the modal (or of Home).
    pub async fn picks(&self, field: &str, values: &[&str]) {
        let filled = self.story.slack.fills(&self.id, field, values).await;
        filled.unwrap_or_else(|error| panic!("{field}: {error}\n{}", self.modal()));
        self.story.settles().await;
    }

    /// Presses a button of the modal (or of Home); the modal that then shows, or what Slack says.
    pub async fn presses(&self, button: &str) -> String {
        let answer = self.story.slack.presses(&self.id, button, None).await;
        self.after(answer).await
    }

    /// Submits the modal; the modal that is then before them, empty when it closed.
    pub async fn submits(&self) -> String {
        self.story.slack.submits(&self.id).await;
        self.story.settles().await;
        self.modal()
    }

    /// Closes the modal before them; what then shows.
    pub async fn closes(&self) -> String {
        self.story.slack.closes(&self.id, false).await;
        self.story.settles().await;
        self.modal()
    }

    async fn done(&self, what: Result<Shown, String>) -> Shown {
        self.story.settles().await;
        what.unwrap_or_else(|error| panic!("Slack: {error}"))
    }

    async fn after(&self, answer: Answer) -> String {
        self.story.settles().await;
        match answer.error {
            Some(error) => format!("Slack: {error}"),
            None => self.modal(),
        }
    }

    fn view(&self, view: Option<OpenView>) -> String {
        view.map(|view| self.story.slack.rendered_view(&view))
            .unwrap_or_default()
    }
}
