//! A layer of the operator's client that records requests, and can cut the operator off at any of them.

use axum::body::Body as Answered;
use axum::http::{Method, Request, Response};
use kube::client::Body;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::sync::Notify;
use tower::{BoxError, Layer, Service};

/// A request that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: Method,
    pub path: String,
    pub query: String,
}

impl Call {
    /// Whether it changes something other than a lease.
    pub fn writes(&self) -> bool {
        self.method != Method::GET && !self.path.contains("/leases")
    }
}

type Answer = Box<dyn Fn(&Call) -> Option<Response<Answered>> + Send + Sync>;

/// What went to the API server.
pub struct Traffic {
    calls: Mutex<Vec<Call>>,
    /// With the status of what the API server answered; watches, too.
    answers: Mutex<Vec<(Call, u16)>>,
    /// After this many requests other than watches nothing comes or goes any more.
    cut_after: AtomicU64,
    passed: AtomicU64,
    cut: Notify,
    answer: Mutex<Option<Answer>>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            answers: Mutex::default(),
            cut_after: AtomicU64::new(u64::MAX),
            passed: AtomicU64::new(0),
            cut: Notify::new(),
            answer: Mutex::default(),
        }
    }
}

impl Traffic {
    /// Traffic that ends after this many requests.
    pub fn cut_after(requests: u64) -> Arc<Self> {
        let traffic = Self::default();
        traffic.cut_after.store(requests, Ordering::SeqCst);
        Arc::new(traffic)
    }

    /// Waits until it is cut.
    pub async fn wait_for_cut(&self) {
        self.cut.notified().await;
    }

    /// From now on answers in the API server's place where `answer` gives something.
    pub fn answer(&self, answer: impl Fn(&Call) -> Option<Response<Answered>> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Some(Box::new(answer));
    }

    /// The API server answers again.
    pub fn heal(&self) {
        *self.answer.lock().unwrap() = None;
    }

    /// How many requests there were, but for those that are made all the time: leases, discovery, and the
    /// look at the pods of a stack that is not ready.
    pub fn count(&self) -> usize {
        let steady = |call: &&Call| {
            !call.path.contains("/leases")
                && !call.path.ends_with("/pods")
                && call.path != "/apis/gateway.networking.k8s.io/v1"
        };
        self.calls.lock().unwrap().iter().filter(steady).count()
    }

    /// The last requests.
    pub fn last(&self, count: usize) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().rev().take(count).rev().cloned().collect()
    }

    /// The requests that changed something.
    pub fn writes(&self) -> Vec<Call> {
        self.calls.lock().unwrap().iter().filter(|call| call.writes()).cloned().collect()
    }

    /// What the API server answered, watches included.
    pub fn answers(&self) -> Vec<(Call, u16)> {
        self.answers.lock().unwrap().clone()
    }

    /// Forgets what was recorded.
    pub fn forget(&self) {
        self.calls.lock().unwrap().clear();
        self.answers.lock().unwrap().clear();
    }
}

/// Puts a [`Traffic`] into a client.
pub struct TrafficLayer(pub Arc<Traffic>);

impl<S> Layer<S> for TrafficLayer {
    type Service = Recorded<S>;

    fn layer(&self, inner: S) -> Recorded<S> {
        Recorded { inner, traffic: Arc::clone(&self.0) }
    }
}

pub struct Recorded<S> {
    inner: S,
    traffic: Arc<Traffic>,
}

impl<S, B> Service<Request<Body>> for Recorded<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Answered>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answered>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Call {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
        };
        let watches = call.query.contains("watch=true");
        if !watches {
            let number = self.traffic.passed.fetch_add(1, Ordering::SeqCst);
            if number >= self.traffic.cut_after.load(Ordering::SeqCst) {
                self.traffic.cut.notify_one();
                return Box::pin(std::future::pending());
            }
        }
        let answer = self.traffic.answer.lock().unwrap().as_ref().and_then(|answer| answer(&call));
        if !watches {
            self.traffic.calls.lock().unwrap().push(call.clone());
        }
        if let Some(answer) = answer {
            return Box::pin(std::future::ready(Ok(answer)));
        }
        let (answer, traffic) = (self.inner.call(request), Arc::clone(&self.traffic));
        Box::pin(async move {
            let answer = answer.await?.map(Answered::new);
            traffic.answers.lock().unwrap().push((call, answer.status().as_u16()));
            Ok(answer)
        })
    }
}

/// The API server's way to say no.
pub fn refusal(code: u16, reason: &str, message: &str) -> Response<Answered> {
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    Response::builder().status(code).body(Answered::from(serde_json::to_vec(&status).unwrap())).unwrap()
}
