//! The withdrawal of tokens: stored, told on the `account` topic, known to every replica that checks
//! tokens.

use crate::{Account, LONGEST_LIFE_DAYS, STACK};
use api::internal::account::{Revocation, RevokeCustomer, Revoked};
use api::{Kind, Result, Timestamp};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::resource::{Context, Decision, Edit, RouteSet, Rules, State};
use kit::service::ServiceBuilder;
use kit::store::{Claim, Selector, Visibility};
use std::sync::Arc;
use std::time::Duration;

/// The rules of withdrawals: made, and forgotten when no token can be meant any more.
pub(crate) struct RevocationDocs;

impl Rules for RevocationDocs {
    type Body = Revocation;
    type Hidden = ();
    type Draft = Revocation;
    type Action = api::internal::Never;

    const KIND: Kind = Kind::Revocation;
    const ROUTES: RouteSet = RouteSet::NONE;
    const EVENTS_CARRY_STATE: bool = true;

    fn create(draft: &Revocation, _: &mut Context<'_>) -> Decision<(Revocation, ())> {
        Ok((draft.clone(), ()))
    }

    fn apply(_: &mut State<Self>, action: &api::internal::Never, _: &mut Context<'_>) -> Decision<()> {
        match *action {}
    }

    fn settle(state: &mut State<Self>, _: &mut Context<'_>) -> Decision<()> {
        state.due_at = Some(state.body.until);
        Ok(())
    }

    fn claims(_: &Revocation) -> Vec<Claim> {
        Vec::new()
    }
}

/// How long an answer waits for a bus that is away. What is stored goes out later.
const TELLING: Duration = Duration::from_secs(3);

/// Withdraws tokens. Returns when every follower in this process knows, and the others soon will; or, if the
/// bus is away, when it is stored.
pub(crate) async fn withdraw(account: &Account, of: Revoked, until: Timestamp) -> Result<()> {
    let revocation = Revocation { of, until };
    account.revocations.create(&RequestInfo::system(STACK, "revocation"), &revocation).await?;
    account.withdrawn.learn(revocation, account.deps.clock.now());
    if tokio::time::timeout(TELLING, account.deps.relay.flush()).await.is_err() {
        tracing::warn!("a withdrawal of tokens is stored; it is told when the event bus is back");
    }
    Ok(())
}

/// `POST /revoke-customer`: withdraws what the customer has by now.
pub(crate) fn revoke_customer(account: &Arc<Account>) -> MethodRouter {
    let account = Arc::clone(account);
    post(move |request: RequestInfo, body: Bytes| async move {
        let RevokeCustomer { customer_id, gone } = json(&body)?;
        let now = account.deps.clock.now();
        let project = request.project().to_owned();
        let of = Revoked::Customer { project, customer_id, issued_before: now, gone };
        withdraw(&account, of, now.plus_days(LONGEST_LIFE_DAYS)).await?;
        Reply::Ok(ok("null"))
    })
}

/// Learns what other replicas withdraw.
pub(crate) fn follow(builder: ServiceBuilder, account: &Arc<Account>) -> ServiceBuilder {
    let account = Arc::clone(account);
    let follower: kit::bus::Follower = Arc::new(move |event| {
        if let Some(revocation) = kit::service::revocation_of(event) {
            account.withdrawn.learn(revocation, account.deps.clock.now());
        }
    });
    builder.follow("account", follower)
}

/// Forgets withdrawals of tokens that have expired anyway.
pub(crate) fn recover(builder: ServiceBuilder, account: &Arc<Account>) -> ServiceBuilder {
    let account = Arc::clone(account);
    builder.recover(
        Kind::Revocation,
        Arc::new(move |key| {
            let account = Arc::clone(&account);
            Box::pin(async move {
                let request = RequestInfo::system(STACK, "forget-revocation");
                let selector = Selector::Id(key.id);
                let forget = |state: &mut State<RevocationDocs>, _: &mut Context<'_>| {
                    state.visibility = Visibility::Deleted;
                    Ok(())
                };
                account.revocations.edit(&request, &selector, &Edit::internal(), forget).await.map(drop)
            })
        }),
    )
}
