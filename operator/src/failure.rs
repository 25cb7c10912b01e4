//! What can go wrong with a request to the API server, told apart by what mends it.
//!
//! Messages of the API server may quote what an object holds; for Secrets they are left out.

use crate::reasons::reason;
use kube::core::Status;
use std::fmt;
use thiserror::Error;

/// A request that did not do what it was made for.
#[derive(Debug, Clone, Error)]
#[error("{action}: {cause}")]
pub struct Failure {
    /// What was tried, such as `applying Deployment shop-cart`.
    pub action: String,
    /// Why it failed.
    pub cause: Cause,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// This operator no longer leads, so it may not write.
    #[error("another operator leads now")]
    NotLeading,
    /// No answer in time, no connection, too many requests, or an error of the server.
    #[error("{0}")]
    Unavailable(String),
    /// The object does not exist, or the kind is not served.
    #[error("{0}")]
    NotFound(String),
    /// The object exists already.
    #[error("{0}")]
    Exists(String),
    /// Another change came first.
    #[error("{0}")]
    Conflict(String),
    /// A quota is used up.
    #[error("{0}")]
    Quota(String),
    /// The namespace is being deleted.
    #[error("{0}")]
    Terminating(String),
    /// The operator may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// The object is refused as it is.
    #[error("{0}")]
    Refused(String),
    /// A fault of the operator's own.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// A failure that names what was tried.
    #[must_use]
    pub fn new(action: impl fmt::Display, cause: Cause) -> Self {
        Self { action: action.to_string(), cause }
    }

    /// A fault of the operator's own.
    #[must_use]
    pub fn internal(action: impl fmt::Display, what: impl Into<String>) -> Self {
        Self::new(action, Cause::Internal(what.into()))
    }

    /// Whether the object or its kind does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.cause, Cause::NotFound(_))
    }

    /// Whether nothing else will work either for the moment, so that a pass ends here.
    #[must_use]
    pub fn ends_pass(&self) -> bool {
        matches!(self.cause, Cause::NotLeading | Cause::Unavailable(_) | Cause::Terminating(_))
    }

    /// Whether somebody must act before it can succeed.
    #[must_use]
    pub fn stalls(&self) -> bool {
        matches!(
            self.cause,
            Cause::NotFound(_)
                | Cause::Quota(_)
                | Cause::Terminating(_)
                | Cause::Forbidden(_)
                | Cause::Refused(_)
        )
    }

    /// The reason that a condition gives for it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.cause {
            Cause::NotLeading | Cause::Unavailable(_) => reason::API_UNAVAILABLE,
            Cause::NotFound(_) => reason::KIND_UNAVAILABLE,
            Cause::Exists(_) | Cause::Conflict(_) => reason::CONFLICT,
            Cause::Quota(_) => reason::QUOTA_EXCEEDED,
            Cause::Terminating(_) => reason::NAMESPACE_TERMINATING,
            Cause::Forbidden(_) => reason::FORBIDDEN,
            Cause::Refused(_) => reason::REFUSED,
            Cause::Internal(_) => reason::INTERNAL,
        }
    }
}

impl Cause {
    /// Tells an error of the client apart. `secret` hides what the server says about the object's contents.
    #[must_use]
    pub fn of(error: &kube::Error, secret: bool) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(status, secret),
            kube::Error::SerdeError(error) => {
                Self::Internal(format!("the answer cannot be read ({:?})", error.classify()))
            }
            kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => {
                Self::Internal("the request cannot be made".to_owned())
            }
            other => Self::Unavailable(chain(other)),
        }
    }

    fn of_status(status: &Status, secret: bool) -> Self {
        let said = status.message.as_str();
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let terminating = causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating");
        let contents = || {
            if secret { "the API server refuses the Secret".to_owned() } else { short(said) }
        };
        if status.is_forbidden() {
            return match () {
                () if terminating || said.contains("because it is being terminated") => {
                    Self::Terminating(short(said))
                }
                () if said.contains("exceeded quota") => Self::Quota(short(said)),
                () if said.contains("admission webhook") || said.contains("ValidatingAdmissionPolicy") => {
                    Self::Refused(contents())
                }
                () => Self::Forbidden(short(said)),
            };
        }
        match status.code {
            // A path that is not served is refused in plain text, without a reason.
            404 => Self::NotFound(short(said)),
            409 if status.is_already_exists() => Self::Exists(short(said)),
            409 => Self::Conflict(if secret { "another change came first".to_owned() } else { short(said) }),
            401 => Self::Forbidden("the API server does not accept the operator's credentials".to_owned()),
            408 | 429 | 500..=599 => Self::Unavailable(short(said)),
            _ => Self::Refused(contents()),
        }
    }
}

/// An error with its causes, without repeats.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        let said = next.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = next.source();
    }
    short(&text)
}

/// At most 400 characters, for a condition or an event.
#[must_use]
pub fn short(text: &str) -> String {
    const MAX: usize = 400;
    if text.chars().count() <= MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MAX).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, reason: &str, message: &str) -> Status {
        Status::failure(message, reason).with_code(code)
    }

    fn cause(code: u16, reason: &str, message: &str) -> Cause {
        Cause::of(&kube::Error::Api(status(code, reason, message).boxed()), false)
    }

    #[test]
    fn refusals_are_told_apart_by_what_mends_them() {
        let quota = "secrets \"a\" is forbidden: exceeded quota: small, requested: secrets=1";
        assert!(matches!(cause(403, "Forbidden", quota), Cause::Quota(_)));
        let gone = "secrets \"a\" is forbidden: unable to create new content in namespace x because it is being terminated";
        assert!(matches!(cause(403, "Forbidden", gone), Cause::Terminating(_)));
        assert!(matches!(cause(403, "Forbidden", "User \"o\" cannot patch resource"), Cause::Forbidden(_)));
        assert!(matches!(cause(422, "Invalid", "spec.x: Invalid value"), Cause::Refused(_)));
        assert!(matches!(cause(429, "TooManyRequests", "slow down"), Cause::Unavailable(_)));
        assert!(matches!(cause(409, "AlreadyExists", "exists"), Cause::Exists(_)));
        assert!(matches!(cause(409, "Conflict", "modified"), Cause::Conflict(_)));
        assert!(matches!(cause(404, "NotFound", "it is not there"), Cause::NotFound(_)));
        assert!(matches!(cause(404, "Failed to parse error data", "404 page not found"), Cause::NotFound(_)));
    }

    #[test]
    fn what_a_secret_holds_is_never_repeated() {
        let error = kube::Error::Api(status(422, "Invalid", "data[x]: Invalid value: \"hunter2\"").boxed());
        assert!(!Cause::of(&error, true).to_string().contains("hunter2"));
    }

    #[test]
    fn only_what_somebody_must_mend_stalls() {
        let failure = |cause| Failure::new("applying Secret a", cause);
        assert!(failure(Cause::Quota(String::new())).stalls());
        assert!(!failure(Cause::Unavailable(String::new())).stalls());
        assert!(failure(Cause::Unavailable(String::new())).ends_pass());
        assert_eq!(failure(Cause::Quota("q".into())).to_string(), "applying Secret a: q");
    }
}
