//! What to do about the root Secret, from whose seed every secret of a stack derives.
//!
//! It guards data: with another seed the passwords of databases are others. So it is made once, and when it
//! is lost while data may exist, the stack waits for somebody to decide.

use crate::inputs::RootSeed;
use crate::names;
use crate::problem::Problem;
use crate::reasons::reason;
use crate::world::record::stack_of;
use k8s_openapi::api::core::v1::Secret;

/// The annotation by which a user accepts another root; its value is the stack's uid.
pub const ACCEPT: &str = "commercestack.io/new-root";

/// The key of the root Secret that has the seed.
pub const SEED: &str = "seed";

/// What is known about the root of a stack.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The name of the stack.
    pub stack: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// The fingerprint in the status: the seed that the data was made with.
    pub recorded: Option<&'a str>,
    /// Whether something exists that was made with a seed: volumes or derived Secrets.
    pub guarded: bool,
    /// The value of the annotation by which another root is accepted.
    pub accepted: Option<&'a str>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go on with this seed.
    Use(RootSeed),
    /// Make a new one.
    Create,
    /// Do nothing and say why.
    Wait(Problem),
}

/// Decides by the Secret that was found and by what is known.
#[must_use]
pub fn decide(found: Option<&Secret>, known: Known<'_>) -> Decision {
    let name = names::root(known.stack);
    let accepted = known.accepted == Some(known.uid);
    let how = |restore: &str| {
        format!(
            "{restore}, or accept that what was made with the lost seed is locked: annotate the stack with {ACCEPT}={}",
            known.uid
        )
    };
    let Some(secret) = found else {
        if accepted || (known.recorded.is_none() && !known.guarded) {
            return Decision::Create;
        }
        let message = format!(
            "Secret '{name}' is gone, but data may exist that only its seed opens; {}",
            how("restore it from a backup")
        );
        return Decision::Wait(Problem::stalled(reason::ROOT_SECRET_LOST, message));
    };
    if stack_of(&secret.metadata).is_some_and(|stack| stack != known.stack)
        || (stack_of(&secret.metadata).is_none() && known.recorded.is_none())
    {
        let message =
            format!("Secret '{name}' exists and is not of this stack; remove it, or rename the stack");
        return Decision::Wait(Problem::stalled(reason::NAME_TAKEN, message));
    }
    let seed = secret.data.as_ref().and_then(|data| data.get(SEED)).map(|bytes| RootSeed::parse(&bytes.0));
    let changed = |what: String, restore: &str| {
        Decision::Wait(Problem::stalled(
            reason::ROOT_SECRET_CHANGED,
            format!("Secret '{name}' {what}; {}", how(restore)),
        ))
    };
    match (seed, known.recorded) {
        (None, _) => changed(format!("has no key '{SEED}'"), "restore it from a backup"),
        (Some(Err(wrong)), _) => changed(format!("has a '{SEED}' that {wrong}"), "restore it from a backup"),
        (Some(Ok(seed)), Some(recorded)) if seed.fingerprint() != recorded && !accepted => changed(
            format!("has seed {}, but the stack was made with {recorded}", seed.fingerprint()),
            "restore the one from a backup",
        ),
        (Some(Ok(seed)), _) => Decision::Use(seed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    const FRESH: Known<'static> =
        Known { stack: "shop", uid: "u", recorded: None, guarded: false, accepted: None };

    fn secret(seed: &[u8], stack: Option<&str>) -> Secret {
        let labels = stack.map(|stack| {
            [("app.kubernetes.io/managed-by", crate::labels::MANAGER), (names::STACK_LABEL, stack)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into()
        });
        Secret {
            metadata: ObjectMeta { labels, ..Default::default() },
            data: Some([(SEED.to_owned(), ByteString(seed.to_vec()))].into()),
            ..Default::default()
        }
    }

    fn reason(decision: Decision) -> &'static str {
        match decision {
            Decision::Use(_) => "use",
            Decision::Create => "create",
            Decision::Wait(problem) => {
                assert!(problem.stalls);
                problem.reason
            }
        }
    }

    #[test]
    fn a_root_is_made_only_where_nothing_was_ever_made_with_one() {
        assert_eq!(decide(None, FRESH), Decision::Create);
        assert_eq!(reason(decide(None, Known { guarded: true, ..FRESH })), reason::ROOT_SECRET_LOST);
        assert_eq!(reason(decide(None, Known { recorded: Some("ab"), ..FRESH })), reason::ROOT_SECRET_LOST);
    }

    #[test]
    fn another_seed_is_not_used_unless_somebody_accepts_it_for_this_very_stack() {
        let seed = RootSeed::new([1; 32]);
        let (own, other) = (secret(&[1; 32], Some("shop")), secret(&[2; 32], Some("shop")));
        let fingerprint = seed.fingerprint();
        let known = Known { recorded: Some(&fingerprint), ..FRESH };
        assert_eq!(decide(Some(&own), known), Decision::Use(seed.clone()));
        assert_eq!(reason(decide(Some(&other), known)), reason::ROOT_SECRET_CHANGED);
        assert_eq!(
            reason(decide(Some(&other), Known { accepted: Some("another"), ..known })),
            reason::ROOT_SECRET_CHANGED
        );
        assert_eq!(reason(decide(Some(&other), Known { accepted: Some("u"), ..known })), "use");
        assert_eq!(reason(decide(None, Known { accepted: Some("u"), ..known })), "create");
        assert_eq!(decide(Some(&own), FRESH), Decision::Use(seed), "what an earlier stack of this name left");
    }

    #[test]
    fn a_seed_that_is_none_is_never_written_over() {
        let short = secret(b"short", Some("shop"));
        assert_eq!(reason(decide(Some(&short), FRESH)), reason::ROOT_SECRET_CHANGED);
        assert_eq!(
            reason(decide(Some(&Secret { data: None, ..short }), Known { accepted: Some("u"), ..FRESH })),
            reason::ROOT_SECRET_CHANGED
        );
    }

    #[test]
    fn a_secret_of_somebody_else_is_not_taken() {
        assert_eq!(reason(decide(Some(&secret(&[1; 32], None)), FRESH)), reason::NAME_TAKEN);
        assert_eq!(reason(decide(Some(&secret(&[1; 32], Some("other"))), FRESH)), reason::NAME_TAKEN);
        let fingerprint = RootSeed::new([1; 32]).fingerprint();
        let known = Known { recorded: Some(&fingerprint), ..FRESH };
        assert_eq!(reason(decide(Some(&secret(&[1; 32], None)), known)), "use", "our labels were taken off");
    }
}
