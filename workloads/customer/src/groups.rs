//! Customer groups.

use crate::custom::{self, Of};
use crate::limits;
use api::customer_group::{CustomerGroup, CustomerGroupAction, CustomerGroupDraft};
use api::{ApiError, Kind};
use kit::resource::{Context, Decision, Rules, State};
use kit::store::Claim;
use serde::de::IgnoredAny;

/// The rules of customer groups.
pub(crate) struct CustomerGroups;

const OF: Of<'static> = Of { type_id: "customer-group", prefix: "CustomerGroup", address_id: None };

impl Rules for CustomerGroups {
    type Body = CustomerGroup;
    type Hidden = ();
    type Draft = CustomerGroupDraft;
    type Action = CustomerGroupAction;

    const KIND: Kind = Kind::CustomerGroup;

    fn create(draft: &CustomerGroupDraft, cx: &mut Context<'_>) -> Decision<(CustomerGroup, ())> {
        limits::group_name(&draft.group_name)?;
        let custom = cx.custom(draft.custom.as_ref(), OF.type_id)?;
        Ok((CustomerGroup { key: draft.key.clone(), name: draft.group_name.clone(), custom }, ()))
    }

    fn apply(group: &mut State<Self>, action: &CustomerGroupAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            CustomerGroupAction::ChangeName { name } => {
                limits::group_name(name)?;
                group.name.clone_from(name);
            }
            CustomerGroupAction::SetKey { key } => group.key.clone_from(key),
            CustomerGroupAction::SetCustomType(set) => custom::set_type(&mut group.custom, set, OF, cx)?,
            CustomerGroupAction::SetCustomField(set) => custom::set_field(&mut group.custom, set, OF, cx)?,
        }
        Ok(())
    }

    /// A group that customers belong to stays.
    fn delete(group: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let id = serde_json::Value::from(group.meta.id.as_str());
        let members =
            format!("customerGroup(id = {id}) or customerGroupAssignments(customerGroup(id = {id}))");
        if cx.matching::<IgnoredAny>(Kind::Customer, members, 1)?.is_empty() {
            return Ok(());
        }
        Err(ApiError::reference_exists("customer-group", "customer").into())
    }

    fn claims(group: &CustomerGroup) -> Vec<Claim> {
        let key = group.key.iter().map(|key| Claim::new("key", key.as_str()));
        key.chain([Claim::new("name", group.name.as_str())]).collect()
    }

    fn user_identifiers(group: &CustomerGroup) -> serde_json::Map<String, serde_json::Value> {
        group.key.iter().map(|key| ("key".to_owned(), key.into())).collect()
    }
}
