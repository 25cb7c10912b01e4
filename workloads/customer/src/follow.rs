//! What happens after the answer: sign-ups and withdrawals that a crash left half done, carts of customers
//! whose groups changed, tokens of customers that are gone.

use crate::desk::{Desk, Found};
use api::{Id, Kind, Result};
use kit::bus::Event;
use kit::http::RequestInfo;
use kit::resource::Edit;
use kit::service::ServiceBuilder;
use kit::store::{DocKey, Selector, Visibility};
use serde::Deserialize;
use std::sync::Arc;

/// When a step that failed is tried again.
const AGAIN_MS: i64 = 5_000;

/// Messages after which prices may differ.
const GROUP_MESSAGES: [&str; 4] = [
    "CustomerGroupSet",
    "CustomerGroupAssignmentAdded",
    "CustomerGroupAssignmentRemoved",
    "CustomerGroupAssignmentsSet",
];

/// Has the recovery loop finish what is due.
pub(crate) fn recover(builder: ServiceBuilder, desk: &Desk) -> ServiceBuilder {
    let desk = desk.clone();
    builder.recover(
        Kind::Customer,
        Arc::new(move |key| {
            let desk = desk.clone();
            Box::pin(async move { desk.finish(&key).await })
        }),
    )
}

/// Follows the service's own events.
pub(crate) fn consume(builder: ServiceBuilder, desk: &Desk) -> ServiceBuilder {
    let desk = desk.clone();
    builder.consume(
        "follow-up",
        vec!["customer"],
        Arc::new(move |event| {
            let desk = desk.clone();
            Box::pin(async move { desk.follow_up(&event).await })
        }),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    project_key: String,
    resource: Named,
    messages: Vec<Typed>,
}

#[derive(Deserialize)]
struct Named {
    id: Id,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: String,
}

impl Desk {
    async fn finish(&self, key: &DocKey) -> Result<()> {
        let request = RequestInfo::system(&key.project, "customer-recovery");
        let selector = Selector::Id(key.id.clone());
        let Some(Found { state, .. }) = self.stored(&key.project, &selector).await? else { return Ok(()) };
        let done = match (state.visibility, &state.hidden.sign_up) {
            (Visibility::Pending, sign_up) => {
                let sign_up = sign_up.clone().unwrap_or_default();
                match self.settle_sign_up(&request, &state, &sign_up).await {
                    Err(error) if error.status() >= 500 => Err(error),
                    // It is there now, or refused and gone.
                    _ => return Ok(()),
                }
            }
            _ if state.hidden.revoke => self.revoke(&request, &key.id).await,
            _ => Ok(()),
        };
        let again = done.is_err().then(|| self.deps.clock.now().plus_millis(AGAIN_MS));
        self.customers
            .edit(&request, &selector, &Edit::internal(), |now, _| {
                if now.due_at == state.due_at {
                    now.due_at = again;
                }
                Ok(())
            })
            .await?;
        done
    }

    async fn follow_up(&self, event: &Event) -> Result<(), String> {
        if !event.kind.starts_with("customer.") {
            return Ok(());
        }
        let data: Data = serde_json::from_str(&event.data).map_err(|e| e.to_string())?;
        let request = RequestInfo::system(&data.project_key, "customer-follow-up");
        let id = data.resource.id;
        let done = if event.kind == "customer.deleted" {
            self.revoke_tokens(&request, &id, true).await
        } else if data.messages.iter().any(|message| GROUP_MESSAGES.contains(&message.kind.as_str())) {
            match self.find(&data.project_key, &Selector::Id(id.clone())).await {
                Ok(Some(found)) => self.reprice(&request, &found.state).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            }
        } else {
            Ok(())
        };
        match done {
            Err(error) if error.status() >= 500 => Err(error.to_string()),
            Err(error) => {
                // Repeating would change nothing: the cart is worked out anew when it is next touched.
                tracing::warn!(%error, %id, "what follows a change of a customer was refused");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
