//! Hashing and checking passwords: Argon2id, off the async threads, with a bounded queue.
//!
//! One hash takes some 20 ms of a core and 19 MiB, so only a few run at a time and only so many wait; what
//! comes on top of that is answered with 503 at once, so a flood of sign-ins stops nothing else.

use crate::argon;
use api::customer::Password;
use api::{ApiError, Result};
use kit::peers::internal;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Passwords that are worked on at once.
const WORKERS: usize = 2;
/// Passwords that may wait for it.
const WAITING: usize = 64;
/// Longer passwords are refused, in bytes.
const LONGEST: usize = 1024;
/// What an unknown customer's password is compared with, so that the answer takes as long as for a known
/// one. The hash of a text that nobody knows, with the parameters of every other hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                      o0BxeUcVSfQm3z0mPZ5J6kDBvB5ZqPrrlqmNYcLHf2Y";

/// The workers and their queue.
pub(crate) struct Passwords {
    queue: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

/// A place at work; given back when the work is done, also if nobody waits for it any more.
struct Place {
    _queued: OwnedSemaphorePermit,
    _working: OwnedSemaphorePermit,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            queue: Arc::new(Semaphore::new(WORKERS + WAITING)),
            workers: Arc::new(Semaphore::new(WORKERS)),
        }
    }
}

impl Passwords {
    /// The hash to store, in PHC form with a salt of its own.
    ///
    /// Errors: `RequiredField` without one, `InvalidInput` for an endless one, `OverCapacity` with a full queue.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String> {
        if password.expose().is_empty() {
            return Err(ApiError::required_field("password"));
        }
        if password.expose().len() > LONGEST {
            return Err(ApiError::invalid_input(format!("A password has at most {LONGEST} bytes.")));
        }
        let password = password.clone();
        self.run(move || argon::hash(password.expose().as_bytes())).await?.map_err(|error| internal(&error))
    }

    /// Whether the password has this hash. Without a hash the answer is no, after the same time.
    ///
    /// Errors: `OverCapacity` with a full queue.
    pub(crate) async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<bool> {
        if password.expose().len() > LONGEST {
            return Ok(false);
        }
        let known = hash.is_some();
        let (password, hash) = (password.clone(), hash.unwrap_or(NOBODY).to_owned());
        let same = self.run(move || argon::matches(password.expose().as_bytes(), &hash)).await?;
        Ok(same && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let queued = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| ApiError::unavailable())?;
        let working = Arc::clone(&self.workers).acquire_owned().await.map_err(|error| internal(&error))?;
        let place = Place { _queued: queued, _working: working };
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(place);
            result
        });
        done.await.map_err(|error| internal(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Code;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&Password::new("correct horse")).await.unwrap();
        assert!(passwords.verify(&Password::new("correct horse"), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&Password::new("Correct horse"), Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_costs_the_same_work_and_never_matches() {
        let ours = argon2::password_hash::phc::PasswordHash::new(NOBODY).unwrap();
        let params = argon2::Params::try_from(&ours).unwrap();
        assert_eq!(params.m_cost(), argon2::Params::DEFAULT_M_COST);
        assert_eq!(params.t_cost(), argon2::Params::DEFAULT_T_COST);
        assert_eq!(params.p_cost(), argon2::Params::DEFAULT_P_COST);
        assert!(!Passwords::default().verify(&Password::new("any"), None).await.unwrap());
    }

    #[tokio::test]
    async fn empty_and_endless_passwords_are_refused() {
        let passwords = Passwords::default();
        assert_eq!(passwords.hash(&Password::new("")).await.unwrap_err().code(), Code::RequiredField);
        let endless = Password::new("x".repeat(LONGEST + 1));
        assert_eq!(passwords.hash(&endless).await.unwrap_err().code(), Code::InvalidInput);
        assert!(!passwords.verify(&endless, None).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_is_turned_away_and_then_over() {
        let passwords = Passwords::default();
        let any = Password::new("any");
        let flood = (0..WORKERS + WAITING + 10).map(|_| passwords.verify(&any, None));
        let answers = futures::future::join_all(flood).await;
        let refused =
            answers.iter().filter(|a| a.as_ref().is_err_and(|e| e.code() == Code::OverCapacity)).count();
        assert_eq!(refused, 10);
        assert!(!passwords.verify(&any, None).await.unwrap());
    }
}
