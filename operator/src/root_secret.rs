//! Reads, makes and guards the root Secret of a stack, as [`root::decide`] says.

use crate::build::{self, Identity};
use crate::events::Happening;
use crate::failure::{Cause, Failure};
use crate::inputs::RootSeed;
use crate::kinds::KindId;
use crate::names;
use crate::operator::Operator;
use crate::problem::Problem;
use crate::reasons::{event, reason};
use crate::root::{self, Decision, Known};
use crate::world::record::version;
use crate::world::{ChildKey, StackKey};
use crds::CommerceStack;
use k8s_openapi::api::core::v1::Secret;

impl Operator {
    /// The seed of a stack, made if there never was one, and uid and version of its Secret.
    pub(crate) async fn root(
        &self,
        key: &StackKey,
        stack: &CommerceStack,
        identity: &Identity,
        found: Option<&Secret>,
    ) -> Result<(RootSeed, (Box<str>, u64)), Vec<Problem>> {
        let one = |failure: Failure| vec![Problem::of(&failure)];
        let recorded = self.state.world().status(key).and_then(|status| status.root);
        let guarded = found.is_none()
            && recorded.is_none()
            && {
                self.state.world().is_guarded(key, &identity.uid).ok_or_else(|| {
                let message = "Secrets and volume claims cannot be listed, so whether a root Secret may be made is not known";
                vec![Problem::passing(reason::API_UNAVAILABLE, message)]
            })?
            };
        let known = Known {
            stack: &key.name,
            uid: &identity.uid,
            recorded: recorded.as_deref(),
            guarded,
            accepted: accepted(stack),
        };
        let place = ChildKey::new(KindId::secret(), &names::root(&key.name));
        match root::decide(found, known) {
            Decision::Use(seed) => {
                let metadata = found.map(|secret| secret.metadata.clone()).unwrap_or_default();
                let at = (metadata.uid.clone().unwrap_or_default().into(), version(&metadata));
                Ok((seed, at))
            }
            Decision::Wait(problem) => Err(vec![problem]),
            Decision::Create => {
                let seed = RootSeed::new(rand::random());
                let child = build::root_secret(identity, &seed);
                let metadata = match self.cluster.create(&child, &place).await {
                    Ok(metadata) => metadata,
                    Err(Failure { cause: Cause::Exists(_), .. }) => {
                        let message = format!("{place} was made by somebody else at the same moment");
                        return Err(vec![Problem::passing(reason::CONFLICT, message)]);
                    }
                    Err(failure) => return Err(one(failure)),
                };
                let what =
                    if recorded.is_some() { event::ROOT_SECRET_ACCEPTED } else { event::ROOT_SECRET_CREATED };
                let note = format!("{place} with seed {}", seed.fingerprint());
                self.events.tell(key, &identity.uid, Happening::normal(what, note));
                let at = (metadata.uid.clone().unwrap_or_default().into(), version(&metadata));
                self.state.world().read(key, &place, metadata);
                Ok((seed, at))
            }
        }
    }

    /// Takes back the annotation that accepted another root, once that is the recorded one, so that a later
    /// loss is not accepted with it.
    pub(crate) async fn retract_acceptance(
        &self,
        key: &StackKey,
        stack: &CommerceStack,
    ) -> Result<(), Failure> {
        let uid = stack.metadata.uid.as_deref();
        let settled = self.state.world().is_settled_at_all(key);
        if accepted(stack).is_none() || accepted(stack) != uid || !settled {
            return Ok(());
        }
        let version = stack.metadata.resource_version.as_deref().unwrap_or_default();
        let change = serde_json::json!({"annotations": {root::ACCEPT: null}});
        match self.cluster.change_stack(key, version, change).await {
            // Another pass sees the stack as it is then.
            Err(Failure { cause: Cause::Conflict(_), .. }) => Ok(()),
            outcome => outcome,
        }
    }
}

fn accepted(stack: &CommerceStack) -> Option<&str> {
    stack.metadata.annotations.as_ref()?.get(root::ACCEPT).map(String::as_str)
}
