//! Answers: JSON text with a status, or an error body.

use api::ApiError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What handlers give back.
pub type Reply = Result<Response, Failure>;

/// An error on its way to the client.
#[derive(Debug)]
pub struct Failure(pub ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = reply(status, self.0.body().to_string());
        if status == StatusCode::UNAUTHORIZED {
            let scheme = match self.0.code() {
                api::Code::InvalidClient => "Basic realm=\"commerce\"",
                _ => "Bearer realm=\"commerce\"",
            };
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        response
    }
}

/// An answer of JSON text.
pub fn reply(status: StatusCode, json: impl Into<Body>) -> Response {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// 200 with JSON text.
pub fn ok(json: impl Into<Body>) -> Response {
    reply(StatusCode::OK, json)
}

/// 201 with JSON text.
pub fn created(json: impl Into<Body>) -> Response {
    reply(StatusCode::CREATED, json)
}

/// A status without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
