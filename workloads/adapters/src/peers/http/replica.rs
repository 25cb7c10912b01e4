//! One replica of a service: its few connections, the calls under way, its circuit breaker.

use super::breaker::{Breaker, Trouble};
use crate::peers::LARGEST;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, uri::PathAndQuery};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Connections to one replica.
const CONNECTIONS: usize = 2;
/// Calls under way at one replica; more are not sent to it.
const MOST_UNDER_WAY: usize = 1_000;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// A connection with calls under way is asked for a sign of life so often, and has as long to give it. A machine that is
/// busy beyond its means takes seconds to wake a process, which is no reason to give its calls up.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// The header of a 503 by which a replica says that it did nothing: it is starting, or about to end.
pub const NOT_SERVED: &str = "commerce-not-served";

/// A request to any replica of a service.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Repeating it changes nothing.
    pub(crate) idempotent: bool,
    /// Until when the answer must be there.
    pub(crate) deadline: Instant,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer of this replica.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// It is not there, or serves nothing now. Nothing was done.
    Absent(String),
    /// Nobody says anything there. Nothing was done.
    Silent(String),
    /// The connection was about to end. Nothing was done, and another connection may do.
    NotSent(String),
    /// It may have been done or not.
    Lost(String),
    /// There is one, of more than [`LARGEST`] bytes.
    TooLarge,
}

type Sender = SendRequest<Full<Bytes>>;

#[derive(Default)]
struct Slot {
    sender: RwLock<Option<Sender>>,
    connecting: tokio::sync::Mutex<()>,
}

pub(super) struct Replica {
    pub(super) address: SocketAddr,
    under_way: AtomicUsize,
    breaker: Mutex<Breaker>,
    slots: [Slot; CONNECTIONS],
    next: AtomicUsize,
}

impl Replica {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            under_way: AtomicUsize::new(0),
            breaker: Mutex::default(),
            slots: Default::default(),
            next: AtomicUsize::new(0),
        }
    }

    /// Calls under way.
    pub(super) fn load(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Whether a call may go there.
    pub(super) fn admits(&self, now: Instant) -> bool {
        self.load() < MOST_UNDER_WAY && self.breaker().admits(now)
    }

    /// Whether a call may go there that would go nowhere else.
    pub(super) fn admits_in_need(&self) -> bool {
        self.load() < MOST_UNDER_WAY && self.breaker().admits_in_need()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request and waits for the whole answer, until the deadline.
    pub(super) async fn send(&self, exchange: &Exchange) -> Result<Answer, NoAnswer> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let _one_less = scopeguard(&self.under_way);
        let ticket = self.breaker().begin(Instant::now());
        let sent = tokio::time::timeout_at(exchange.deadline, self.exchange(exchange)).await;
        let result = sent.unwrap_or_else(|_| Err(NoAnswer::Lost("it did not answer in time".to_owned())));
        match &result {
            Ok(_) | Err(NoAnswer::TooLarge) => self.breaker().answered(ticket),
            Err(NoAnswer::Absent(_)) => self.breaker().failed(ticket, Trouble::Absent, Instant::now()),
            Err(NoAnswer::Silent(_)) => self.breaker().failed(ticket, Trouble::Silent, Instant::now()),
            Err(NoAnswer::Lost(_)) => self.breaker().failed(ticket, Trouble::Lost, Instant::now()),
            // The next connection will tell.
            Err(NoAnswer::NotSent(_)) => {}
        }
        result
    }

    async fn exchange(&self, exchange: &Exchange) -> Result<Answer, NoAnswer> {
        let mut sender = self.sender().await?;
        let request = self.request(exchange).map_err(|error| NoAnswer::Absent(error.to_string()))?;
        let response = sender.try_send_request(request).await.map_err(|mut failed| {
            let never_sent = failed.take_message().is_some();
            let error = failed.into_error();
            if never_sent || was_refused(&error) {
                NoAnswer::NotSent(told(&error))
            } else {
                NoAnswer::Lost(told(&error))
            }
        })?;
        let (head, body) = response.into_parts();
        if head.status == StatusCode::SERVICE_UNAVAILABLE && head.headers.contains_key(NOT_SERVED) {
            return Err(NoAnswer::Absent("it does not serve now".to_owned()));
        }
        match Limited::new(body, LARGEST).collect().await {
            Ok(body) => Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => Err(NoAnswer::TooLarge),
            Err(error) => Err(NoAnswer::Lost(error.to_string())),
        }
    }

    fn request(&self, exchange: &Exchange) -> Result<Request<Full<Bytes>>, axum::http::Error> {
        let uri = Uri::builder()
            .scheme("http")
            .authority(self.address.to_string())
            .path_and_query(exchange.path.clone())
            .build()?;
        let mut request = Request::builder()
            .method(exchange.method.clone())
            .uri(uri)
            .body(Full::new(exchange.body.clone()))?;
        *request.headers_mut() = exchange.headers.clone();
        Ok(request)
    }

    /// A connection, made if need be: by one caller, for whom the others wait.
    async fn sender(&self) -> Result<Sender, NoAnswer> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let slot = self.slots.get(turn).ok_or_else(|| NoAnswer::Absent("no connection".to_owned()))?;
        if let Some(sender) = slot.open() {
            return Ok(sender);
        }
        let _one_at_a_time = slot.connecting.lock().await;
        if let Some(sender) = slot.open() {
            return Ok(sender);
        }
        let absent = |error: &dyn std::fmt::Display| NoAnswer::Absent(format!("cannot be reached: {error}"));
        let connecting = tokio::time::timeout(CONNECT, TcpStream::connect(self.address)).await;
        let silent = |_| NoAnswer::Silent("cannot be reached: it does not accept connections".to_owned());
        let stream = connecting.map_err(silent)?;
        let stream = stream.map_err(|error| absent(&error))?;
        stream.set_nodelay(true).map_err(|error| absent(&error))?;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(SIGN_OF_LIFE).keep_alive_timeout(SIGN_OF_LIFE);
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| absent(&error))?;
        let address = self.address;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%address, error = told(&error), "a connection ended");
            }
        });
        *slot.sender.write().unwrap_or_else(PoisonError::into_inner) = Some(sender.clone());
        Ok(sender)
    }
}

impl Slot {
    fn open(&self) -> Option<Sender> {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().filter(|sender| !sender.is_closed()).cloned()
    }
}

/// Takes one off when it goes, also when the caller goes away in between.
fn scopeguard(count: &AtomicUsize) -> impl Drop + '_ {
    struct Guard<'a>(&'a AtomicUsize);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    Guard(count)
}

/// Whether the other side said that it had done nothing: REFUSED_STREAM, or a GOAWAY that leaves the stream
/// out. The error's type is the HTTP/2 library's own, so it is known by its words; a test holds them.
fn was_refused(error: &hyper::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if text.starts_with("stream error received: refused stream")
            || text.starts_with("connection error received: not a result of an error")
        {
            return true;
        }
        source = cause.source();
    }
    false
}

/// An error with its causes.
fn told(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
