//! The HTTP server that plays `https://slack.com/api/` and the response_urls, and its faults.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State as Shared};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::routing::{any, post};
use axum::serve::{IncomingStream, Listener};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::args::Args;
use super::methods::{receive, spec};
use super::seen::Call;
use super::state::State;
use super::{Fault, Inner, Sandbox, api, response_url, wire};
use crate::base::clock::Instant;

/// Larger bodies are refused; Slack's own largest payload (a view) is 250 kB.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// What goes back over the wire.
#[derive(Debug)]
pub(super) struct Reply {
    /// 0 cuts the connection.
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// The body as JSON, for the record.
    pub json: Value,
}

impl Reply {
    pub(super) fn json(status: u16, json: Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self {
            status,
            headers,
            body: json.to_string(),
            json,
        }
    }

    pub(super) fn plain(status: u16, kind: &str, body: &str) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self {
            status,
            headers,
            body: body.to_owned(),
            json: Value::Null,
        }
    }

    fn cut() -> Self {
        Self {
            status: 0,
            headers: Vec::new(),
            body: String::new(),
            json: Value::Null,
        }
    }
}

/// A switch that makes a connection break instead of answering.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut(Arc<AtomicBool>);

/// Accepts connections that can be cut.
pub(super) struct Door(pub TcpListener);

/// One connection.
pub(super) struct Line {
    stream: TcpStream,
    cut: Cut,
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        (
            Line {
                stream,
                cut: Cut::default(),
            },
            from,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Door>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().cut.clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.0.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Serves until the runtime ends or the task is aborted.
pub(super) async fn run(door: Door, sandbox: Weak<Inner>) {
    let routes = Router::new()
        .route("/api/{method}", any(web_api))
        .route("/upload/{file}", post(upload))
        .route("/{kind}/{team}/{number}/{key}", post(answer_later))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(sandbox);
    if let Err(error) = axum::serve(door, routes.into_make_service_with_connect_info::<Cut>()).await {
        tracing::error!(%error, "the sandbox stopped listening");
    }
}

async fn web_api(
    Shared(sandbox): Shared<Weak<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    Path(method): Path<String>,
    verb: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Some(spec) = spec(&method) else {
        return serve(&sandbox, &cut, &method, Value::Null, |state, _| {
            api::unknown(state, &method)
        })
        .await;
    };
    let args = Args::read(spec, &verb, &uri, &headers, &body);
    serve(&sandbox, &cut, &method, args.record(), |state, now| {
        api::call(state, spec, &args, now)
    })
    .await
}

async fn answer_later(
    Shared(sandbox): Shared<Weak<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    Path((_, _, _, key)): Path<(String, String, String, String)>,
    body: Bytes,
) -> Response<Body> {
    let args = Args::of_json(&body);
    let record = args.record();
    serve(&sandbox, &cut, RESPONSE_URL, record, |state, now| {
        response_url::take(state, &key, &args, now)
    })
    .await
}

async fn upload(
    Shared(sandbox): Shared<Weak<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    Path(file): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let args = json!({ "file": file, "length": body.len() });
    serve(&sandbox, &cut, "upload", args, |state, _| receive(state, &file, &body)).await
}

/// The name of a response_url where methods are named.
pub(super) const RESPONSE_URL: &str = "response_url";

/// Runs one request through the faults, records it, and sends on the events it caused.
async fn serve(
    sandbox: &Weak<Inner>,
    cut: &Cut,
    method: &str,
    args: Value,
    run: impl FnOnce(&mut State, Instant) -> Reply,
) -> Response<Body> {
    let Some(inner) = sandbox.upgrade() else {
        return respond(cut, Reply::cut());
    };
    let sandbox = Sandbox { inner };
    let mut under_way = sandbox.begins(wire::called(&sandbox, method, &args));
    let at = sandbox.now();
    let fault = sandbox.with(|state| state.take_fault(method));
    let record = |answer: Value, status: u16| {
        sandbox.with(|state| {
            state.calls.push(Call {
                method: method.to_owned(),
                args: args.clone(),
                answer,
                at,
                status,
            })
        });
    };
    let instead = match &fault {
        Some(Fault::Hang) => {
            record(Value::Null, 0);
            std::future::pending().await
        }
        Some(Fault::Drop) => Some(Reply::cut()),
        Some(Fault::RateLimited { retry_after_secs }) => Some(limited(*retry_after_secs)),
        Some(Fault::Status(status)) => Some(Reply::plain(*status, "text/plain", "")),
        Some(Fault::Html) => Some(Reply::plain(
            200,
            "text/html",
            "<!DOCTYPE html><title>Slack is unavailable</title>",
        )),
        Some(Fault::Error(code)) => {
            let status = if method == RESPONSE_URL { 404 } else { 200 };
            Some(Reply::json(status, json!({ "ok": false, "error": code })))
        }
        Some(Fault::Slow(_) | Fault::TruncatedJson | Fault::DoneThenDrop) | None => None,
    };
    let mut reply = instead.unwrap_or_else(|| sandbox.with(|state| run(state, sandbox.now())));
    match &fault {
        Some(Fault::TruncatedJson) => {
            let half = reply
                .body
                .char_indices()
                .nth(reply.body.chars().count() / 2)
                .map_or(0, |(place, _)| place);
            reply.body.truncate(half);
        }
        Some(Fault::DoneThenDrop) => reply.status = 0,
        _ => {}
    }
    record(reply.json.clone(), reply.status);
    under_way.it.status = (reply.status != 0).then_some(reply.status);
    under_way.it.failure = match (reply.status, reply.json["error"].as_str()) {
        (0, _) => "connection closed".to_owned(),
        (_, Some(error)) => error.to_owned(),
        (200..300, None) => String::new(),
        (_, None) => "http_error".to_owned(),
    };
    sandbox.deliver_in_background();
    if let Some(Fault::Slow(real_time)) = fault {
        tokio::time::sleep(real_time).await;
    }
    drop(under_way);
    respond(cut, reply)
}

/// A 429 as Slack sends it.
pub(super) fn limited(seconds: u64) -> Reply {
    let mut reply = Reply::json(429, json!({ "ok": false, "error": "ratelimited" }));
    reply.headers.push(("retry-after", seconds.to_string()));
    reply
}

fn respond(cut: &Cut, reply: Reply) -> Response<Body> {
    if reply.status == 0 {
        cut.0.store(true, Ordering::SeqCst);
    }
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    // Only a header value that is no text could fail, and all of ours are.
    response.body(Body::from(reply.body)).unwrap_or_default()
}
