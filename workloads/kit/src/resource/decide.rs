//! The decision loop: decide, fetch what was missing, decide again.

use super::context::{Context, Decision, Stop};
use super::facts::Facts;
use super::lookup::Lookups;
use crate::clock::Clock;
use crate::http::RequestInfo;
use api::{ApiError, Id, Message, Result, Timestamp};

/// Rounds of one decision. Each fetches everything that could be known to be missing, so a rule that
/// needs more follows references deeper than any of the API's.
const MAX_ROUNDS: usize = 8;

/// Runs `rule` until it has all it needs. Every round starts from scratch, so the rule must not keep
/// anything between its calls.
pub(crate) async fn decide<T>(
    lookups: &Lookups,
    clock: &dyn Clock,
    request: &RequestInfo,
    now: Timestamp,
    resource_id: &Id,
    facts: &mut Facts,
    mut rule: impl FnMut(&mut Context<'_>) -> Decision<T>,
) -> Result<(T, Vec<Message>)> {
    for _ in 0..MAX_ROUNDS {
        let missing = {
            let mut cx = Context::new(now, resource_id.clone(), request, clock, facts);
            let decision = rule(&mut cx).and_then(|value| cx.check_expected().map(|()| value));
            let (messages, missing) = cx.finish();
            match decision {
                Ok(value) => return Ok((value, messages)),
                Err(Stop::Refused(error)) => return Err(error),
                Err(Stop::Missing) => missing,
            }
        };
        if missing.is_empty() {
            return Err(crate::peers::internal(&"a rule stopped without saying what it misses"));
        }
        lookups.fetch(request, missing, facts).await?;
    }
    Err(ApiError::new(
        api::Code::QueryComplexityLimitExceeded,
        "The request refers to other resources through too many steps.",
    ))
}
