//! Refresh tokens: random, stored as hashes, alive for as long as they are used.

use crate::credentials::hash;
use crate::{Account, STACK};
use api::{Id, Kind, Result, Timestamp};
use kit::http::RequestInfo;
use kit::resource::{Context, Decision, Edit, RouteSet, Rules, State};
use kit::service::ServiceBuilder;
use kit::store::{Claim, Selector, Visibility};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The rules of refresh tokens.
pub(crate) struct RefreshTokens;

/// A session that a refresh token keeps up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) project: String,
    pub(crate) client_id: String,
    /// What was granted, without the identity.
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anonymous_id: Option<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// A session to begin, with the hash of its token.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewSession {
    pub(crate) token_hash: String,
    pub(crate) session: Session,
}

impl Rules for RefreshTokens {
    type Body = Session;
    type Hidden = ();
    type Draft = NewSession;
    type Action = api::internal::Never;

    const KIND: Kind = Kind::RefreshToken;
    const ROUTES: RouteSet = RouteSet::NONE;

    fn create(draft: &NewSession, _: &mut Context<'_>) -> Decision<(Session, ())> {
        Ok((draft.session.clone(), ()))
    }

    fn apply(_: &mut State<Self>, action: &api::internal::Never, _: &mut Context<'_>) -> Decision<()> {
        match *action {}
    }

    fn settle(state: &mut State<Self>, _: &mut Context<'_>) -> Decision<()> {
        state.due_at = Some(state.body.expires_at);
        Ok(())
    }

    fn id(draft: &NewSession, _: &Context<'_>) -> Option<Id> {
        Id::parse(&draft.token_hash)
    }

    /// An anonymous id is in use for as long as its session can be kept up.
    fn claims(session: &Session) -> Vec<Claim> {
        session
            .anonymous_id
            .iter()
            .map(|id| Claim::new("anonymousId", format!("{}/{id}", session.project)))
            .collect()
    }

    fn taken(_: &Claim) -> api::ApiError {
        api::ApiError::new(api::Code::AnonymousIdAlreadyInUse, "The anonymousId is already in use.")
    }
}

impl Account {
    /// Begins a session and gives its refresh token.
    pub(crate) async fn begin(&self, session: Session) -> Result<String> {
        let token = format!("{}:{}{}", session.project, self.deps.clock.secret(), self.deps.clock.secret());
        let new = NewSession { token_hash: hash(&token), session };
        self.refresh.create(&RequestInfo::system(STACK, "session"), &new).await?;
        Ok(token)
    }

    /// The session of a refresh token of that client, with its life begun anew; `None` if there is none.
    pub(crate) async fn resume(&self, token: &str, client_id: &str, seconds: u32) -> Result<Option<Session>> {
        let Some(selector) = Id::parse(&hash(token)).map(Selector::Id) else { return Ok(None) };
        let now = self.deps.clock.now();
        let mut mine = false;
        let edited = self
            .refresh
            .edit(&RequestInfo::system(STACK, "session"), &selector, &Edit::internal(), |state, _| {
                mine = state.client_id == client_id && state.expires_at > now;
                if mine {
                    state.expires_at = now.plus_millis(i64::from(seconds).saturating_mul(1000));
                    state.due_at = Some(state.expires_at);
                }
                Ok(())
            })
            .await?;
        Ok(edited.filter(|_| mine).map(|edited| edited.state.body))
    }

    /// Ends the session of a refresh token of that client.
    pub(crate) async fn end(&self, token: &str, client_id: Option<&str>) -> Result<()> {
        let Some(id) = Id::parse(&hash(token)) else { return Ok(()) };
        self.end_by_id(id, client_id).await
    }

    async fn end_by_id(&self, id: Id, client_id: Option<&str>) -> Result<()> {
        let end = |state: &mut State<RefreshTokens>, _: &mut Context<'_>| {
            if client_id.is_none_or(|client| client == state.client_id) {
                state.visibility = Visibility::Deleted;
            }
            Ok(())
        };
        let request = RequestInfo::system(STACK, "session");
        self.refresh.edit(&request, &Selector::Id(id), &Edit::internal(), end).await.map(drop)
    }
}

/// Forgets sessions that were not used for too long.
pub(crate) fn recover(builder: ServiceBuilder, account: &Arc<Account>) -> ServiceBuilder {
    let account = Arc::clone(account);
    builder.recover(
        Kind::RefreshToken,
        Arc::new(move |key| {
            let account = Arc::clone(&account);
            Box::pin(async move { account.end_by_id(key.id, None).await })
        }),
    )
}
