//! The Web API: one client, one try a call, a deadline for each, and errors that say what to do.

mod files;
mod reading;
mod views;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

pub use files::Upload;
pub use reading::Reacted;
pub use views::Viewed;

use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, MessageTs, UserId, WorkspaceId};
use crate::slack::blocks::{Block, Message, Response};
use crate::slack::errors::{ApiError, Why};
use crate::slack::inbound::{User, or_default};
use crate::slack::limits::{MEMBERS_PAGE, RETRY_AFTER_UNKNOWN};

/// Deadline of a call that posts, changes or deletes; nobody waits for it but the outbox.
pub const POSTING_DEADLINE: Duration = Duration::from_secs(10);
/// Deadline of a call that reads.
pub const READING_DEADLINE: Duration = Duration::from_secs(10);
/// Deadline of a page of `users.list`, which can be a megabyte.
pub const LISTING_DEADLINE: Duration = Duration::from_secs(30);
/// Deadline of an answer to a `response_url`: somebody is looking at the message.
pub const RESPONDING_DEADLINE: Duration = Duration::from_secs(2);
/// Deadline of connecting alone, so that what was never sent is told from what was not answered.
const CONNECTING_DEADLINE: Duration = Duration::from_secs(5);
/// Messages per page of a look back; Slack: 100 to 200 advised.
const LOOK_BACK_PAGE: u32 = 200;
/// The most pages of a look back.
pub const LOOK_BACK_PAGES: usize = 5;

/// How long an idle connection is kept: shorter than the other side would, for a message sent into a connection that
/// is just being closed may or may not have arrived.
const IDLE: Duration = Duration::from_secs(30);
/// Longest wait that a Retry-After is believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// Why there is no client. Said at the start, to whoever set it up.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL of the Web API can't be used.
    #[error("SLACK_API_URL must be https, or http on this machine, and end in a slash: {0}")]
    ApiUrl(Url),
    /// The token has characters that no token has.
    #[error("the Slack token has characters that can't be sent in a header")]
    Token,
    /// No TLS.
    #[error("no secure connections: are CA certificates installed (package ca-certificates)?")]
    Tls(#[source] reqwest::Error),
}

/// The Web API with one token. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    api_url: Url,
    authorization: HeaderValue,
    patience: Duration,
}

#[derive(Clone, Copy)]
enum Encoding {
    /// For methods that Slack documents as taking JSON.
    Json,
    /// For all others; every parameter is a plain value.
    Form,
}

impl Client {
    /// A client for the Web API at `api_url`: `https://slack.com/api/`, another https address that ends in a slash,
    /// or http on this machine's loopback.
    ///
    /// Connections go through the proxy that `HTTPS_PROXY` names, except to loopback.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn new(api_url: &Url, token: SecretString) -> Result<Self, ClientError> {
        let loopback = is_loopback(api_url);
        let secure = api_url.scheme() == "https" || (api_url.scheme() == "http" && loopback);
        if !secure || !api_url.path().ends_with('/') || api_url.host().is_none() {
            let mut shown = api_url.clone();
            // Fails for addresses that can't hold one.
            let _ = shown.set_password(None);
            return Err(ClientError::ApiUrl(shown));
        }
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| ClientError::Token)?;
        authorization.set_sensitive(true);
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("plaudit/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECTING_DEADLINE)
            .pool_idle_timeout(IDLE)
            // A redirect would carry what was asked to another host, and answer a POST with a page.
            .redirect(Policy::none())
            // What is tried again is decided by the outbox, which knows what may be posted twice.
            .retry(reqwest::retry::never());
        if loopback {
            builder = builder.no_proxy();
        }
        Ok(Self {
            http: builder.build().map_err(ClientError::Tls)?,
            api_url: api_url.clone(),
            authorization,
            patience: Duration::MAX,
        })
    }

    /// The same, but no answer is waited for longer than `patience`, in real time. Tests shorten it.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whose token this is, and what it may do.
    ///
    /// # Errors
    /// [`ApiError`]; a dead token in particular.
    pub async fn auth_test(&self) -> Result<AuthTest, ApiError> {
        let request = self.request("auth.test", Encoding::Json, &serde_json::json!({}))?;
        let (headers, body) = exchange(request, READING_DEADLINE.min(self.patience)).await?;
        let mut answer: AuthTest = read(body)?;
        // The only place where Slack says which scopes were granted.
        answer.scopes = headers
            .get("x-oauth-scopes")
            .and_then(|scopes| scopes.to_str().ok())
            .map(|scopes| scopes.split(',').map(|scope| scope.trim().to_owned()).collect());
        Ok(answer)
    }

    /// One page of the members, people and apps, also those who left; from the start without a cursor.
    ///
    /// # Errors
    /// [`ApiError`]; `invalid_cursor` when a cursor is too old.
    pub async fn users_list(
        &self,
        cursor: Option<&str>,
        limit: u32,
        workspace: &WorkspaceId,
    ) -> Result<UsersPage, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            cursor: Option<&'a str>,
            limit: u32,
            team_id: &'a WorkspaceId,
        }
        #[derive(Deserialize)]
        struct Answer {
            members: Vec<User>,
            #[serde(default, deserialize_with = "or_default")]
            response_metadata: Metadata,
        }
        #[derive(Default, Deserialize)]
        struct Metadata {
            next_cursor: Option<String>,
        }
        let params = Params {
            cursor,
            limit,
            team_id: workspace,
        };
        let answer: Answer = self
            .call("users.list", Encoding::Form, &params, LISTING_DEADLINE)
            .await?;
        Ok(UsersPage {
            members: answer.members,
            next_cursor: answer.response_metadata.next_cursor.filter(|cursor| !cursor.is_empty()),
        })
    }

    /// One member, also one of another company who shares a channel with the app.
    ///
    /// # Errors
    /// [`ApiError`]; `user_not_found`, `user_not_visible`.
    pub async fn users_info(&self, user: &UserId, deadline: Duration) -> Result<User, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            user: &'a UserId,
        }
        #[derive(Deserialize)]
        struct Answer {
            user: User,
        }
        let answer: Answer = self
            .call("users.info", Encoding::Form, &Params { user }, deadline)
            .await?;
        Ok(answer.user)
    }

    /// What kind of place a conversation is.
    ///
    /// # Errors
    /// [`ApiError`]; `channel_not_found` also for a private channel without the app.
    pub async fn conversations_info(&self, channel: &ChannelId) -> Result<Conversation, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
        }
        #[derive(Deserialize)]
        struct Answer {
            channel: Conversation,
        }
        let params = Params { channel };
        let answer: Answer = self
            .call("conversations.info", Encoding::Form, &params, READING_DEADLINE)
            .await?;
        Ok(answer.channel)
    }

    /// One page of who is in a channel, apps and other companies' people included.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without the `…:read` scope of that kind of channel, `channel_not_found` also for a
    /// private channel without the app, `invalid_cursor`.
    pub async fn conversations_members(
        &self,
        channel: &ChannelId,
        cursor: Option<&str>,
    ) -> Result<MembersPage, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            #[serde(skip_serializing_if = "Option::is_none")]
            cursor: Option<&'a str>,
            limit: u32,
        }
        #[derive(Deserialize)]
        struct Answer {
            members: Vec<UserId>,
            #[serde(default, deserialize_with = "or_default")]
            response_metadata: Next,
        }
        #[derive(Default, Deserialize)]
        struct Next {
            #[serde(default, deserialize_with = "or_default")]
            next_cursor: String,
        }
        let params = Params {
            channel,
            cursor,
            limit: MEMBERS_PAGE,
        };
        let answer: Answer = self
            .call("conversations.members", Encoding::Form, &params, READING_DEADLINE)
            .await?;
        Ok(MembersPage {
            members: answer.members,
            next_cursor: Some(answer.response_metadata.next_cursor).filter(|cursor| !cursor.is_empty()),
        })
    }

    /// The app's direct message with somebody; opened if need be, the same one every time.
    ///
    /// # Errors
    /// [`ApiError`]; `user_disabled`, `user_not_visible`.
    pub async fn conversations_open(&self, user: &UserId) -> Result<ChannelId, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            users: &'a UserId,
        }
        #[derive(Deserialize)]
        struct Answer {
            channel: Opened,
        }
        #[derive(Deserialize)]
        struct Opened {
            id: ChannelId,
        }
        let params = Params { users: user };
        let answer: Answer = self
            .call("conversations.open", Encoding::Json, &params, POSTING_DEADLINE)
            .await?;
        Ok(answer.channel.id)
    }

    /// Posts a message; links in it are not unfurled. Slack has no way to say "once": see
    /// [`ApiError::may_have_happened`].
    ///
    /// # Errors
    /// [`ApiError`]; `channel_not_found` (private, without the app), `not_in_channel`, `is_archived`, `restricted_…`.
    pub async fn chat_post_message(&self, post: &PostMessage<'_>) -> Result<Posted, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            #[serde(flatten)]
            post: &'a PostMessage<'a>,
            unfurl_links: bool,
            unfurl_media: bool,
        }
        let params = Params {
            post,
            unfurl_links: false,
            unfurl_media: false,
        };
        self.call("chat.postMessage", Encoding::Json, &params, POSTING_DEADLINE)
            .await
    }

    /// Puts `message` in the place of one of the app's own; its metadata stays. For a direct message the channel is
    /// its `D…`.
    ///
    /// # Errors
    /// [`ApiError`]; `message_not_found`, `cant_update_message`, `edit_window_closed`.
    pub async fn chat_update(&self, channel: &ChannelId, ts: &MessageTs, message: &Message) -> Result<(), ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            ts: &'a MessageTs,
            text: &'a str,
            // Sent even when empty: blocks that are not mentioned could stay.
            blocks: &'a [Block],
            // Unlike `chat.postMessage`, Slack would parse the text for names and links by default.
            parse: &'static str,
        }
        let params = Params {
            channel,
            ts,
            text: message.text(),
            blocks: message.blocks(),
            parse: "none",
        };
        self.call::<Nothing>("chat.update", Encoding::Json, &params, POSTING_DEADLINE)
            .await?;
        Ok(())
    }

    /// Deletes one of the app's own messages.
    ///
    /// # Errors
    /// [`ApiError`]; `message_not_found`, `cant_delete_message`.
    pub async fn chat_delete(&self, channel: &ChannelId, ts: &MessageTs) -> Result<(), ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            ts: &'a MessageTs,
        }
        self.call::<Nothing>("chat.delete", Encoding::Json, &Params { channel, ts }, POSTING_DEADLINE)
            .await?;
        Ok(())
    }

    /// The address of a message, for people who may see it.
    ///
    /// # Errors
    /// [`ApiError`]; `message_not_found`.
    pub async fn chat_get_permalink(&self, channel: &ChannelId, ts: &MessageTs) -> Result<String, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            message_ts: &'a MessageTs,
        }
        #[derive(Deserialize)]
        struct Answer {
            permalink: String,
        }
        let params = Params {
            channel,
            message_ts: ts,
        };
        let answer: Answer = self
            .call("chat.getPermalink", Encoding::Form, &params, READING_DEADLINE)
            .await?;
        Ok(answer.permalink)
    }

    /// The user groups of a workspace, disabled ones too, without their people.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without `usergroups:read`.
    pub async fn usergroups_list(&self, team: &WorkspaceId, deadline: Duration) -> Result<Vec<Usergroup>, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            include_disabled: bool,
            team_id: &'a WorkspaceId,
        }
        #[derive(Deserialize)]
        struct Answer {
            usergroups: Vec<Usergroup>,
        }
        let params = Params {
            include_disabled: true,
            team_id: team,
        };
        let answer: Answer = self.call("usergroups.list", Encoding::Form, &params, deadline).await?;
        Ok(answer.usergroups)
    }

    /// Who is in a user group.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without `usergroups:read`, `no_such_subteam`.
    pub async fn usergroups_users_list(
        &self,
        group: &GroupId,
        team: &WorkspaceId,
        deadline: Duration,
    ) -> Result<Vec<UserId>, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            usergroup: &'a GroupId,
            include_disabled: bool,
            team_id: &'a WorkspaceId,
        }
        #[derive(Deserialize)]
        struct Answer {
            users: Vec<UserId>,
        }
        let params = Params {
            usergroup: group,
            include_disabled: true,
            team_id: team,
        };
        let answer: Answer = self
            .call("usergroups.users.list", Encoding::Form, &params, deadline)
            .await?;
        Ok(answer.users)
    }

    /// Looks for a message of ours by its metadata in what was said since `oldest`: in a channel or DM, or in the
    /// thread of one message. `None` if it isn't there, or lies more than [`LOOK_BACK_PAGES`] pages back.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without the `…:history` scope of that kind of conversation.
    pub async fn find_by_metadata(
        &self,
        channel: &ChannelId,
        thread_ts: Option<&MessageTs>,
        oldest: Instant,
        wanted: &Metadata,
    ) -> Result<Option<Posted>, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            #[serde(skip_serializing_if = "Option::is_none")]
            ts: Option<&'a MessageTs>,
            oldest: String,
            limit: u32,
            include_all_metadata: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            cursor: Option<String>,
        }
        #[derive(Deserialize)]
        struct Answer {
            messages: Vec<Said>,
            #[serde(default, deserialize_with = "or_default")]
            response_metadata: Next,
        }
        #[derive(Deserialize)]
        struct Said {
            ts: MessageTs,
            metadata: Option<Value>,
        }
        #[derive(Default, Deserialize)]
        struct Next {
            next_cursor: Option<String>,
        }
        let method = if thread_ts.is_some() {
            "conversations.replies"
        } else {
            "conversations.history"
        };
        let mut cursor = None;
        for _ in 0..LOOK_BACK_PAGES {
            let params = Params {
                channel,
                ts: thread_ts,
                oldest: format!("{}.000000", oldest.seconds()),
                limit: LOOK_BACK_PAGE,
                include_all_metadata: true,
                cursor,
            };
            let answer: Answer = self.call(method, Encoding::Form, &params, READING_DEADLINE).await?;
            let found = answer.messages.into_iter().find(|said| {
                said.metadata.as_ref().is_some_and(|metadata| {
                    metadata["event_type"] == wanted.event_type.as_str()
                        && metadata["event_payload"] == wanted.event_payload
                })
            });
            if let Some(said) = found {
                return Ok(Some(Posted {
                    channel: channel.clone(),
                    ts: said.ts,
                }));
            }
            cursor = answer.response_metadata.next_cursor.filter(|cursor| !cursor.is_empty());
            if cursor.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// Shows a message to one person in a channel, for as long as they are there; it can't be changed or deleted
    /// afterwards. Returns its `ts`.
    ///
    /// # Errors
    /// [`ApiError`]; `user_not_in_channel`, `channel_not_found`.
    pub async fn chat_post_ephemeral(
        &self,
        channel: &ChannelId,
        user: &UserId,
        message: &Message,
        thread_ts: Option<&MessageTs>,
    ) -> Result<MessageTs, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            user: &'a UserId,
            #[serde(flatten)]
            message: &'a Message,
            #[serde(skip_serializing_if = "Option::is_none")]
            thread_ts: Option<&'a MessageTs>,
        }
        #[derive(Deserialize)]
        struct Answer {
            message_ts: MessageTs,
        }
        let params = Params {
            channel,
            user,
            message,
            thread_ts,
        };
        let answer: Answer = self
            .call("chat.postEphemeral", Encoding::Json, &params, POSTING_DEADLINE)
            .await?;
        Ok(answer.message_ts)
    }

    /// Answers at a `response_url`: one try, within 2 s, without the token. The URL must lead to Slack (https on
    /// slack.com or slack-gov.com) or to where the Web API is.
    ///
    /// # Errors
    /// [`ApiError`]; [`ApiError::URL_REFUSED`], `http_404` and the like once the URL is spent (5 uses, 30 minutes).
    pub async fn respond(&self, response_url: &str, response: &Response) -> Result<(), ApiError> {
        let url = Url::parse(response_url)
            .ok()
            .filter(|url| is_slacks(url) || url.origin() == self.api_url.origin())
            .ok_or_else(|| ApiError::permanent(ApiError::URL_REFUSED))?;
        let answer = json(self.http.post(url), response)?
            .timeout(RESPONDING_DEADLINE.min(self.patience))
            .send()
            .await
            .map_err(failed)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = retry_after(answer.headers());
        if status.as_u16() == 429 {
            return Err(ApiError::RateLimited { retry_after });
        }
        if !status.is_client_error() {
            return Err(Why::Status(status.as_u16()).into());
        }
        let body: Option<Envelope> = answer
            .bytes()
            .await
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok());
        Err(match body.and_then(|body| body.error) {
            Some(code) => ApiError::from_slack(&code, None, retry_after),
            None => ApiError::permanent(format!("http_{}", status.as_u16())),
        })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        encoding: Encoding,
        params: &impl Serialize,
        deadline: Duration,
    ) -> Result<T, ApiError> {
        let (_, body) = exchange(self.request(method, encoding, params)?, deadline.min(self.patience)).await?;
        read(body)
    }

    fn request(
        &self,
        method: &'static str,
        encoding: Encoding,
        params: &impl Serialize,
    ) -> Result<reqwest::RequestBuilder, ApiError> {
        let url = self.api_url.join(method).map_err(|_| ApiError::permanent("bad_url"))?;
        let request = self.http.post(url).header(AUTHORIZATION, self.authorization.clone());
        match encoding {
            Encoding::Json => json(request, params),
            Encoding::Form => Ok(request.form(params)),
        }
    }
}

/// Slack warns about JSON that does not name its character set.
fn json(request: reqwest::RequestBuilder, body: &impl Serialize) -> Result<reqwest::RequestBuilder, ApiError> {
    let body = serde_json::to_vec(body).map_err(|_| ApiError::permanent("unserializable"))?;
    Ok(request
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body))
}

/// Sends, and returns headers and body of an answer with `ok: true`.
async fn exchange(request: reqwest::RequestBuilder, deadline: Duration) -> Result<(HeaderMap, Value), ApiError> {
    let answer = request.timeout(deadline).send().await.map_err(failed)?;
    let status = answer.status();
    let headers = answer.headers().clone();
    let retry_after = retry_after(&headers);
    if status.as_u16() == 429 {
        return Err(ApiError::RateLimited { retry_after });
    }
    if status.is_server_error() {
        return Err(Why::Status(status.as_u16()).into());
    }
    let bytes = answer.bytes().await.map_err(failed)?;
    let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
        let why = if status.is_success() {
            Why::NotJson
        } else {
            Why::Status(status.as_u16())
        };
        return Err(why.into());
    };
    let envelope = Envelope::deserialize(&body).map_err(|_| Why::Shape)?;
    if envelope.ok {
        return Ok((headers, body));
    }
    let code = envelope.error.ok_or(Why::Shape)?;
    Err(ApiError::from_slack(&code, envelope.needed.as_deref(), retry_after))
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, ApiError> {
    serde_json::from_value(body).map_err(|_| Why::Shape.into())
}

/// What went wrong below HTTP. The original error is dropped, for it names the URL.
fn failed(error: reqwest::Error) -> ApiError {
    if error.is_connect() || error.is_builder() {
        Why::Unreachable
    } else if error.is_timeout() {
        Why::Timeout
    } else {
        Why::Interrupted
    }
    .into()
}

/// Seconds, as Slack sends them.
fn retry_after(headers: &HeaderMap) -> Duration {
    headers
        .get(RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok())
        .map_or(RETRY_AFTER_UNKNOWN, Duration::from_secs)
        .min(LONGEST_RETRY_AFTER)
}

/// GovSlack is on slack-gov.com.
fn is_slacks(url: &Url) -> bool {
    let Some(Host::Domain(host)) = url.host() else {
        return false;
    };
    let ours = ["slack.com", "slack-gov.com"].iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    ours && url.scheme() == "https" && url.port().is_none()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    error: Option<String>,
    needed: Option<String>,
}

/// Of these answers nothing is used.
#[derive(Deserialize)]
struct Nothing {}

/// Answer of `auth.test`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AuthTest {
    /// The workspace's address, as `https://example.slack.com/`.
    pub url: Option<String>,
    /// The workspace's name.
    pub team: Option<String>,
    /// The workspace.
    pub team_id: WorkspaceId,
    /// The app's own member.
    pub user_id: UserId,
    /// The app as the author of its messages, `B…`.
    pub bot_id: Option<String>,
    /// Whether the token is for a whole organisation.
    #[serde(default, deserialize_with = "or_default")]
    pub is_enterprise_install: bool,
    /// The scopes granted, from a header; `None` where Slack did not send it.
    #[serde(skip)]
    pub scopes: Option<Vec<String>>,
}

/// Answer of `users.list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersPage {
    /// May be empty even before the last page.
    pub members: Vec<User>,
    /// Where the next page starts; `None` on the last.
    pub next_cursor: Option<String>,
}

/// Answer of `conversations.members`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembersPage {
    /// Who is in it, as far as this page goes.
    pub members: Vec<UserId>,
    /// Where the next page starts; `None` on the last.
    pub next_cursor: Option<String>,
}

/// A user group (docs.slack.dev/reference/objects/usergroup-object).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Usergroup {
    /// Which.
    pub id: GroupId,
    /// What stands after `@`.
    #[serde(default, deserialize_with = "or_default")]
    pub handle: String,
    /// What it is called.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// When it was disabled, in seconds since 1970; 0 while it isn't.
    #[serde(default, deserialize_with = "or_default")]
    pub date_delete: i64,
}

/// A channel or direct message (docs.slack.dev/reference/objects/conversation-object).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Conversation {
    /// Which.
    pub id: ChannelId,
    /// Taken for true where Slack does not say, so that nothing private is quoted elsewhere.
    #[serde(default = "unless_told")]
    pub is_private: bool,
    /// A direct message.
    #[serde(default, deserialize_with = "or_default")]
    pub is_im: bool,
    /// A direct message among several.
    #[serde(default, deserialize_with = "or_default")]
    pub is_mpim: bool,
    /// Nothing can be posted any more.
    #[serde(default, deserialize_with = "or_default")]
    pub is_archived: bool,
    /// Whether the app is in it.
    #[serde(default, deserialize_with = "or_default")]
    pub is_member: bool,
    /// Another company can read it.
    #[serde(default, deserialize_with = "or_default")]
    pub is_ext_shared: bool,
    /// Shared with another company or another workspace of the same organisation.
    #[serde(default, deserialize_with = "or_default")]
    pub is_shared: bool,
    /// Without `#`; direct messages have none.
    pub name: Option<String>,
}

impl Conversation {
    /// Whether every member of the workspace may read it.
    pub fn is_public(&self) -> bool {
        !(self.is_private || self.is_im || self.is_mpim)
    }
}

fn unless_told() -> bool {
    true
}

/// What `chat.postMessage` is asked for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PostMessage<'a> {
    /// Where; a person's `D…`, not their id.
    pub channel: &'a ChannelId,
    /// What.
    #[serde(flatten)]
    pub message: &'a Message,
    /// By which the message can be found again. Every app and member of the workspace can read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<&'a Metadata>,
    /// In the thread of which message: its first one, never a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_ts: Option<&'a MessageTs>,
}

impl<'a> PostMessage<'a> {
    /// A message outside of any thread, that needn't be found again.
    pub const fn to(channel: &'a ChannelId, message: &'a Message) -> Self {
        Self {
            channel,
            message,
            metadata: None,
            thread_ts: None,
        }
    }
}

/// Data that a message carries unseen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// What kind of data.
    pub event_type: String,
    /// A flat object.
    pub event_payload: Value,
}

/// Answer of `chat.postMessage`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Posted {
    /// Where it is; the `D…` also where a person's id was given.
    pub channel: ChannelId,
    /// Which one it is there.
    pub ts: MessageTs,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::http::{StatusCode, Uri};
    use axum::response::IntoResponse;
    use serde_json::json;

    use super::*;
    use crate::slack::blocks::View;

    /// What the stand-in answers to everything.
    #[derive(Clone, Default)]
    struct Reply {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: String,
        hangs: bool,
    }

    impl Reply {
        fn json(body: Value) -> Self {
            Self {
                status: 200,
                body: body.to_string(),
                ..Self::default()
            }
        }

        fn of(status: u16, body: &str) -> Self {
            Self {
                status,
                body: body.to_owned(),
                ..Self::default()
            }
        }
    }

    struct Request {
        path: String,
        headers: HeaderMap,
        body: String,
    }

    type Seen = Arc<Mutex<Vec<Request>>>;

    async fn stand_in(reply: Reply) -> (Client, Url, Seen) {
        stand_in_that(|_| reply).await
    }

    /// The same whose answer knows its address.
    async fn stand_in_that(reply: impl FnOnce(&Url) -> Reply) -> (Client, Url, Seen) {
        async fn answer(
            State((reply, seen)): State<(Reply, Seen)>,
            uri: Uri,
            headers: HeaderMap,
            body: Bytes,
        ) -> impl IntoResponse {
            seen.lock().expect("no panic elsewhere").push(Request {
                path: uri.to_string(),
                headers,
                body: String::from_utf8(body.to_vec()).expect("UTF-8"),
            });
            if reply.hangs {
                std::future::pending::<()>().await;
            }
            let mut headers = HeaderMap::new();
            for (name, value) in reply.headers {
                headers.insert(name, HeaderValue::from_static(value));
            }
            (
                StatusCode::from_u16(reply.status).expect("a status"),
                headers,
                reply.body,
            )
        }
        let seen = Seen::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = Url::parse(&format!("http://{}/api/", listener.local_addr().expect("an address"))).expect("a URL");
        let router = Router::new().fallback(answer).with_state((reply(&url), seen.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::new(&url, "xoxb-secret".into()).expect("a client");
        (client, url, seen)
    }

    async fn error_of(reply: Reply) -> ApiError {
        let (client, _, _) = stand_in(reply).await;
        client.chat_post_message(&post()).await.expect_err("an error")
    }

    fn post() -> PostMessage<'static> {
        static PLACE: std::sync::LazyLock<(ChannelId, Message)> =
            std::sync::LazyLock::new(|| ("C1".into(), Message::sentence("Dana has it.")));
        PostMessage {
            channel: &PLACE.0,
            message: &PLACE.1,
            metadata: None,
            thread_ts: None,
        }
    }

    #[tokio::test]
    async fn a_post_is_json_with_the_token_in_the_header_alone() {
        let (client, _, seen) = stand_in(Reply::json(json!({"ok": true, "channel": "D7", "ts": "1.2"}))).await;
        let metadata = Metadata {
            event_type: "kudos".to_owned(),
            event_payload: json!({"outbox": "o1"}),
        };
        let thread: MessageTs = "1.0".into();
        let post = PostMessage {
            metadata: Some(&metadata),
            thread_ts: Some(&thread),
            ..post()
        };
        let posted = client.chat_post_message(&post).await.expect("posted");
        assert_eq!((posted.channel.as_str(), posted.ts.as_str()), ("D7", "1.2"));
        let seen = seen.lock().expect("no panic elsewhere");
        let request = &seen[0];
        assert_eq!(request.path, "/api/chat.postMessage");
        assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(request.headers["authorization"], "Bearer xoxb-secret");
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "Dana has it.", "verbatim": true}});
        let expected = json!({
            "channel": "C1", "text": "Dana has it.", "blocks": [section], "thread_ts": "1.0",
            "metadata": {"event_type": "kudos", "event_payload": {"outbox": "o1"}},
            "unfurl_links": false, "unfurl_media": false,
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn methods_that_take_no_json_get_a_form() {
        let page = json!({"ok": true, "members": [{"id": "U1", "profile": {"display_name": "Dana Kim"}, "tz": null}],
                          "response_metadata": {"next_cursor": "bmV4dA=="}});
        let (client, _, seen) = stand_in(Reply::json(page)).await;
        let page = client
            .users_list(Some("dGVhbQ=="), 200, &"T1".into())
            .await
            .expect("a page");
        assert_eq!(page.members[0].best_name(), "Dana Kim");
        assert_eq!(page.next_cursor.as_deref(), Some("bmV4dA=="));
        client.users_list(None, 200, &"T1".into()).await.expect("a page");
        let seen = seen.lock().expect("no panic elsewhere");
        assert_eq!(seen[0].headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(seen[0].body, "cursor=dGVhbQ%3D%3D&limit=200&team_id=T1");
        assert_eq!(seen[1].body, "limit=200&team_id=T1");
    }

    #[tokio::test]
    async fn every_method_reads_its_answer() {
        let answer = json!({
            "ok": true, "warning": "missing_charset",
            "url": "https://example.slack.com/", "team": "Example", "team_id": "T1", "user_id": "UBOT", "bot_id": "B1",
            "user": {"id": "U1"}, "channel": {"id": "C1", "is_private": false, "is_member": true, "name": "kudos"},
            "permalink": "https://example.slack.com/archives/C1/p12", "message_ts": "3.4", "members": [],
            "response_metadata": {"next_cursor": ""},
        });
        let mut reply = Reply::json(answer);
        reply.headers.push(("x-oauth-scopes", "commands,chat:write"));
        let (client, _, seen) = stand_in(reply).await;
        let auth = client.auth_test().await.expect("auth.test");
        assert_eq!((auth.team_id.as_str(), auth.user_id.as_str()), ("T1", "UBOT"));
        assert_eq!(
            auth.scopes.as_deref(),
            Some(&["commands".to_owned(), "chat:write".to_owned()][..])
        );
        let (user, channel, ts): (UserId, ChannelId, MessageTs) = ("U1".into(), "C1".into(), "1.2".into());
        assert_eq!(
            client.users_info(&user, READING_DEADLINE).await.expect("users.info").id,
            user
        );
        assert!(
            client
                .conversations_info(&channel)
                .await
                .expect("conversations.info")
                .is_public()
        );
        assert_eq!(
            client.conversations_open(&user).await.expect("conversations.open"),
            channel
        );
        assert_eq!(
            client
                .users_list(None, 200, &"T1".into())
                .await
                .expect("users.list")
                .next_cursor,
            None
        );
        let message = Message::new("Taken back.", vec![]);
        client.chat_update(&channel, &ts, &message).await.expect("chat.update");
        client.chat_delete(&channel, &ts).await.expect("chat.delete");
        let link = client
            .chat_get_permalink(&channel, &ts)
            .await
            .expect("chat.getPermalink");
        assert_eq!(link, "https://example.slack.com/archives/C1/p12");
        let shown = client
            .chat_post_ephemeral(&channel, &user, &message, None)
            .await
            .expect("chat.postEphemeral");
        assert_eq!(shown.as_str(), "3.4");
        let seen = seen.lock().expect("no panic elsewhere");
        let bodies: Vec<(&str, &str)> = seen.iter().map(|r| (r.path.as_str(), r.body.as_str())).collect();
        assert_eq!(
            bodies,
            [
                ("/api/auth.test", "{}"),
                ("/api/users.info", "user=U1"),
                ("/api/conversations.info", "channel=C1"),
                ("/api/conversations.open", r#"{"users":"U1"}"#),
                ("/api/users.list", "limit=200&team_id=T1"),
                (
                    "/api/chat.update",
                    r#"{"channel":"C1","ts":"1.2","text":"Taken back.","blocks":[],"parse":"none"}"#
                ),
                ("/api/chat.delete", r#"{"channel":"C1","ts":"1.2"}"#),
                ("/api/chat.getPermalink", "channel=C1&message_ts=1.2"),
                (
                    "/api/chat.postEphemeral",
                    r#"{"channel":"C1","user":"U1","text":"Taken back."}"#
                ),
            ]
        );
    }

    /// What was asked for, and what was sent: JSON as it is, anything else as text.
    fn asked(seen: &Seen) -> Vec<(String, Value)> {
        let seen = seen.lock().expect("no panic elsewhere");
        let asked = seen.iter().map(|request| {
            let body = serde_json::from_str(&request.body).unwrap_or_else(|_| json!(request.body));
            (request.path.clone(), body)
        });
        asked.collect()
    }

    #[tokio::test]
    async fn views_are_opened_pushed_changed_and_published() {
        let (client, _, seen) = stand_in(Reply::json(json!({"ok": true, "view": {"id": "V1", "hash": "1.h"}}))).await;
        let view = View::modal("Give kudos", "give", vec![]);
        let shown = json!({"type": "modal", "title": {"type": "plain_text", "text": "Give kudos"},
            "callback_id": "give", "blocks": []});
        let deadline = RESPONDING_DEADLINE;
        for viewed in [
            client.views_open("1.2.x", &view, deadline).await,
            client.views_push("1.2.x", &view, deadline).await,
            client.views_update("V1", Some("1.h"), &view).await,
            client.views_update("V1", None, &view).await,
            client.views_publish(&"U1".into(), &view).await,
        ] {
            let viewed = viewed.expect("shown");
            assert_eq!((viewed.id.as_str(), viewed.hash.as_str()), ("V1", "1.h"));
        }
        let expected = [
            ("/api/views.open", json!({"trigger_id": "1.2.x", "view": shown})),
            ("/api/views.push", json!({"trigger_id": "1.2.x", "view": shown})),
            (
                "/api/views.update",
                json!({"view_id": "V1", "hash": "1.h", "view": shown}),
            ),
            ("/api/views.update", json!({"view_id": "V1", "view": shown})),
            ("/api/views.publish", json!({"user_id": "U1", "view": shown})),
        ];
        assert_eq!(asked(&seen), expected.map(|(path, body)| (path.to_owned(), body)));
    }

    #[tokio::test]
    async fn a_view_that_can_t_be_shown_says_why_and_keeps_nobody_waiting() {
        let view = View::modal("Give kudos", "give", vec![]);
        for (code, spent) in [
            ("expired_trigger_id", true),
            ("exchanged_trigger_id", true),
            ("hash_conflict", false),
            ("view_too_large", false),
        ] {
            let (client, _, _) = stand_in(Reply::json(json!({"ok": false, "error": code}))).await;
            let error = client
                .views_open("1.2.x", &view, RESPONDING_DEADLINE)
                .await
                .expect_err(code);
            assert_eq!((error.code(), error.is_spent_trigger()), (Some(code), spent));
        }
        let hanging = Reply {
            hangs: true,
            ..Reply::default()
        };
        let (client, _, _) = stand_in(hanging).await;
        let error = client.views_open("1.2.x", &view, Duration::from_millis(50)).await;
        assert_eq!(error, Err(Why::Timeout.into()));
    }

    #[tokio::test]
    async fn one_message_is_found_in_the_history_or_in_its_thread() {
        let (channel, ts): (ChannelId, MessageTs) = ("C1".into(), "2.000001".into());
        let there =
            json!({"ok": true, "messages": [{"type": "message", "user": "U2", "text": "Fixed.", "ts": "2.000001"}]});
        let (client, _, seen) = stand_in(Reply::json(there)).await;
        let found = client
            .message_at(&channel, &ts)
            .await
            .expect("read")
            .expect("a message");
        assert_eq!((found.user, found.text.as_str()), (Some("U2".into()), "Fixed."));
        let expected =
            json!({"channel": "C1", "oldest": "2.000001", "latest": "2.000001", "inclusive": true, "limit": 1});
        assert_eq!(asked(&seen), [("/api/conversations.history".to_owned(), expected)]);

        // The nearest message that Slack has is another one.
        let other = json!({"ok": true, "messages": [{"user": "U2", "text": "Earlier.", "ts": "1.000001"}]});
        let (client, _, seen) = stand_in(Reply::json(other)).await;
        assert_eq!(client.message_at(&channel, &ts).await, Ok(None));
        let expected = "channel=C1&ts=2.000001&oldest=2.000001&latest=2.000001&inclusive=true&limit=2";
        assert_eq!(
            asked(&seen)[1],
            ("/api/conversations.replies".to_owned(), json!(expected))
        );

        let (client, _, _) = stand_in(Reply::json(json!({"ok": false, "error": "missing_scope"}))).await;
        let error = client.message_at(&channel, &ts).await.expect_err("an error");
        assert_eq!(error.missing_scope(), Some(""));
    }

    #[tokio::test]
    async fn reactions_say_who() {
        let clap = json!({"name": "clap", "count": 2, "users": ["U1", "U2"]});
        let (channel, ts): (ChannelId, MessageTs) = ("C1".into(), "2.1".into());
        for (message, expected) in [
            (json!({"ts": "2.1", "reactions": [clap]}), vec![("clap", 2)]),
            (json!({"ts": "2.1"}), vec![]),
        ] {
            let (client, _, seen) = stand_in(Reply::json(json!({"ok": true, "message": message}))).await;
            let found = client
                .reactions_get(&channel, &ts, READING_DEADLINE)
                .await
                .expect("read");
            let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.users.len())).collect();
            assert_eq!(found, expected);
            let form = json!("channel=C1&timestamp=2.1&full=true");
            assert_eq!(asked(&seen), [("/api/reactions.get".to_owned(), form)]);
        }
    }

    #[tokio::test]
    async fn a_file_is_sent_in_three_steps_and_without_the_token_where_it_is_put() {
        // One answer serves all steps.
        let upload_to = |url: String| Reply::json(json!({"ok": true, "upload_url": url, "file_id": "F1", "files": []}));
        let (channel, thread): (ChannelId, MessageTs) = ("C1".into(), "1.0".into());
        let upload = Upload {
            filename: "digest.png",
            title: "October",
            alt_text: &"A chart. ".repeat(200),
            bytes: b"bytes",
            channel: &channel,
            thread_ts: Some(&thread),
            comment: "Here it is.",
        };
        for elsewhere in ["http://127.0.0.1:1/upload", "https://files.example.com/x"] {
            let (client, _, seen) = stand_in(upload_to(elsewhere.to_owned())).await;
            let error = client.upload_file(&upload).await.expect_err("an error");
            assert_eq!(error.code(), Some(ApiError::URL_REFUSED));
            assert_eq!(asked(&seen).len(), 1);
        }
        let (client, own, seen) = stand_in_that(|own| upload_to(format!("{own}upload/x"))).await;
        assert_eq!(client.upload_file(&upload).await.as_deref(), Ok("F1"));
        let requests = asked(&seen);
        assert_eq!(requests[0].0, format!("{}files.getUploadURLExternal", own.path()));
        let asked_for = requests[0].1.as_str().expect("a form");
        let form: Vec<(String, String)> = serde_urlencoded::from_str(asked_for).expect("a form");
        assert_eq!(
            form[..2],
            [("filename", "digest.png"), ("length", "5")].map(|(k, v)| (k.into(), v.into()))
        );
        assert!(form[2].0 == "alt_txt" && form[2].1.ends_with('…') && form[2].1.chars().count() <= 1_000);
        assert_eq!(requests[1], ("/api/upload/x".to_owned(), json!("bytes")));
        let shared = json!({"files": [{"id": "F1", "title": "October"}], "channel_id": "C1", "thread_ts": "1.0",
            "initial_comment": "Here it is."});
        assert_eq!(requests[2], ("/api/files.completeUploadExternal".to_owned(), shared));
        let seen = seen.lock().expect("no panic elsewhere");
        assert!(!seen[1].headers.contains_key("authorization") && seen[2].headers.contains_key("authorization"));
    }

    #[tokio::test]
    async fn a_limit_says_how_long() {
        let mut reply = Reply::of(429, "");
        let wait = |seconds| ApiError::RateLimited {
            retry_after: Duration::from_secs(seconds),
        };
        assert_eq!(error_of(reply.clone()).await, wait(60));
        reply.headers.push(("retry-after", "7"));
        assert_eq!(error_of(reply.clone()).await, wait(7));
        reply.headers[0].1 = "99999999999";
        assert_eq!(error_of(reply).await, wait(3_600));
        let mut reply = Reply::json(json!({"ok": false, "error": "ratelimited"}));
        reply.headers.push(("retry-after", "5"));
        assert_eq!(error_of(reply).await, wait(5));
    }

    #[tokio::test]
    async fn a_broken_answer_can_be_tried_again_but_may_have_been_heard() {
        let page = "<html><body>Sorry</body></html>";
        for (reply, why, maybe) in [
            (Reply::of(200, page), Why::NotJson, true),
            (Reply::of(200, r#"{"ok":true,"channel":"C1","t"#), Why::NotJson, true),
            (Reply::of(200, r#"{"ok":true,"channel":"C1"}"#), Why::Shape, true),
            (Reply::of(200, r#"["ok"]"#), Why::Shape, true),
            (Reply::of(200, r#"{"ok":false}"#), Why::Shape, true),
            (Reply::of(503, page), Why::Status(503), true),
            (Reply::of(404, page), Why::Status(404), false),
            (
                Reply::json(json!({"ok": false, "error": "fatal_error"})),
                Why::Slack("fatal_error".to_owned()),
                true,
            ),
        ] {
            let error = error_of(reply).await;
            assert_eq!(error, ApiError::Retryable { why });
            assert_eq!(error.may_have_happened(), maybe, "{error}");
        }
    }

    #[tokio::test]
    async fn what_slack_refuses_is_permanent_and_named() {
        let refused = json!({"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "commands"});
        let error = error_of(Reply::json(refused)).await;
        assert_eq!(
            (error.code(), error.missing_scope()),
            (Some("missing_scope"), Some("chat:write"))
        );
        let error = error_of(Reply::json(json!({"ok": false, "error": "invalid_auth"}))).await;
        assert!(error.is_dead_token() && !error.may_have_happened());
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let mut reply = Reply::of(302, "");
        reply.headers.push(("location", "/elsewhere"));
        let (client, _, seen) = stand_in(reply).await;
        let error = client.chat_post_message(&post()).await.expect_err("an error");
        assert_eq!(error, Why::Status(302).into());
        assert_eq!(seen.lock().expect("no panic elsewhere").len(), 1);
    }

    #[tokio::test]
    async fn silence_ends_at_the_deadline_and_no_connection_at_once() {
        let (client, _, _) = stand_in(Reply {
            hangs: true,
            ..Reply::default()
        })
        .await;
        let error = client
            .users_info(&"U1".into(), Duration::from_millis(50))
            .await
            .expect_err("an error");
        assert_eq!(error, Why::Timeout.into());
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/api/", listener.local_addr().expect("an address"));
        drop(listener);
        let client = Client::new(&Url::parse(&url).expect("a URL"), "x".into()).expect("a client");
        let error = client.chat_post_message(&post()).await.expect_err("an error");
        assert_eq!(error, Why::Unreachable.into());
        assert!(!error.may_have_happened());
    }

    #[tokio::test]
    async fn an_answer_goes_to_slack_or_to_the_api_s_own_host_without_the_token() {
        let (client, url, seen) = stand_in(Reply::of(200, "ok")).await;
        let response = Response::replacing(Message::new("Taken back.", vec![]));
        let own = url.join("/actions/T1/1/x").expect("a URL");
        client.respond(own.as_str(), &response).await.expect("answered");
        for elsewhere in [
            "http://hooks.slack.com/actions/T1/1/x",
            "https://hooks.slack.com.example.com/x",
            "https://notslack.com/x",
            "https://hooks.slack.com:8443/x",
            "http://127.0.0.1:1/x",
            "file:///etc/passwd",
            "",
        ] {
            let error = client.respond(elsewhere, &response).await.expect_err(elsewhere);
            assert_eq!(error.code(), Some(ApiError::URL_REFUSED), "{elsewhere}");
        }
        for slacks in [
            "https://hooks.slack.com/actions/T1/1/x",
            "https://hooks.slack-gov.com/commands/T1/1/x",
        ] {
            assert!(is_slacks(&Url::parse(slacks).expect("a URL")), "{slacks}");
        }
        let seen = seen.lock().expect("no panic elsewhere");
        assert_eq!(seen.len(), 1);
        assert!(!seen[0].headers.contains_key("authorization"));
        assert_eq!(seen[0].body, r#"{"replace_original":true,"text":"Taken back."}"#);
    }

    #[tokio::test]
    async fn a_spent_response_url_is_permanent() {
        let code = async |reply: Reply| {
            let (client, url, _) = stand_in(reply).await;
            let response = Response::delete_original();
            client.respond(url.as_str(), &response).await.expect_err("an error")
        };
        assert_eq!(code(Reply::of(404, "")).await.code(), Some("http_404"));
        assert_eq!(
            code(Reply::of(404, r#"{"ok":false,"error":"expired_url"}"#))
                .await
                .code(),
            Some("expired_url")
        );
        assert_eq!(code(Reply::of(500, "")).await, Why::Status(500).into());
    }

    #[test]
    fn a_client_needs_a_safe_address_and_a_plausible_token() {
        let with = |url: &str, token: &str| Client::new(&Url::parse(url).expect("a URL"), token.into());
        for good in [
            "https://slack.com/api/",
            "http://localhost:1/api/",
            "http://[::1]:1/",
            "https://proxy.example.com/slack/",
        ] {
            assert!(with(good, "xoxb-1").is_ok(), "{good}");
        }
        for bad in [
            "http://slack.com/api/",
            "https://slack.com/api",
            "ftp://127.0.0.1/",
            "data:text/plain,x",
        ] {
            assert!(matches!(with(bad, "xoxb-1"), Err(ClientError::ApiUrl(_))), "{bad}");
        }
        assert!(matches!(
            with("https://slack.com/api/", "xoxb\n1"),
            Err(ClientError::Token)
        ));
        let shown = format!("{:?}", with("https://slack.com/api/", "xoxb-secret").expect("a client"));
        assert!(!shown.contains("xoxb-secret"));
    }
}
