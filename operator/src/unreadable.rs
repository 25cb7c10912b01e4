//! A stack that this release cannot read: only its metadata is known. It says so itself, and nothing of it is
//! touched.

use crate::clock;
use crate::events::Happening;
use crate::failure::{Failure, short};
use crate::operator::Operator;
use crate::queue::Finish;
use crate::reasons::{condition, reason};
use crate::status::conditions::{Said, merge};
use crate::world::StackKey;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use serde_json::json;

impl Operator {
    /// Says that a stack cannot be read.
    pub(crate) async fn unreadable(
        &self,
        key: &StackKey,
        metadata: &ObjectMeta,
        error: &str,
    ) -> Result<Finish, Failure> {
        self.metrics.stack_ready(&key.namespace, &key.name, Some(false));
        // Its conditions are known to the API server alone, and may be what cannot be read.
        let Some(object) = self.cluster.raw_stack(key).await? else { return Ok(Finish::Done) };
        let conditions = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
        let before: Vec<Condition> = serde_json::from_value(conditions).unwrap_or_default();
        let message = format!("this release of the operator cannot read the stack: {}", short(error));
        let said = |kind, is| Said { kind, is, reason: reason::UNDECODABLE, message: message.clone() };
        let said = vec![said(condition::READY, false), said(condition::STALLED, true)];
        let after = merge(&before, said, metadata.generation, clock::now());
        if before != after {
            let uid = metadata.uid.as_deref().unwrap_or_default();
            self.cluster.write_conditions(key, uid, &json!(after)).await?;
            self.events.tell(key, uid, Happening::warning(reason::UNDECODABLE, message));
        }
        Ok(Finish::Done)
    }
}
