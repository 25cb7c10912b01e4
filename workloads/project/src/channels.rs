//! Channels of supply and distribution.

use crate::references::{quoted, refuse_while_referenced};
use crate::settings::distinct;
use api::channel::{Channel, ChannelAction, ChannelDraft, ChannelRole, GeoPoint};
use api::internal::project::ReviewedChannel;
use api::{Address, AddressDraft, ApiError, CustomFields, Kind, LocalizedString, Result};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::resource::{Collection, Context, Decision, Edit, Rules, State, set_custom_field, set_custom_type};
use kit::store::{Claim, Selector};
use serde_json::{Map, Value};
use std::sync::Arc;

/// `POST /review-statistics` of the internal routes. It is no change by a client, so the version stays.
pub(crate) fn review_statistics(channels: Arc<Collection<Channels>>) -> MethodRouter {
    post(move |request: RequestInfo, body: Bytes| async move {
        let ReviewedChannel { channel_id, statistics } = json(&body)?;
        channels
            .edit(&request, &Selector::Id(channel_id), &Edit::internal(), |channel, _| {
                channel.review_rating_statistics.clone_from(&statistics);
                Ok(())
            })
            .await?;
        Reply::Ok(ok("null"))
    })
}

/// The rules of channels.
pub(crate) struct Channels;

impl Rules for Channels {
    type Body = Channel;
    type Hidden = ();
    type Draft = ChannelDraft;
    type Action = ChannelAction;

    const KIND: Kind = Kind::Channel;
    const EVENTS_CARRY_STATE: bool = true;

    fn create(draft: &ChannelDraft, cx: &mut Context<'_>) -> Decision<(Channel, ())> {
        let types = [draft.custom.as_ref(), draft.address.as_ref().and_then(|a| a.custom.as_ref())];
        types.iter().flatten().for_each(|custom| cx.want(Context::lookup_of(Kind::Type, &custom.type_ref)));
        let channel = Channel {
            key: draft.key.clone(),
            roles: checked_roles(draft.roles.as_deref())?,
            name: draft.name.clone(),
            description: draft.description.clone(),
            address: address(draft.address.as_ref(), cx)?,
            custom: cx.custom(draft.custom.as_ref(), "channel")?,
            geo_location: on_earth(draft.geo_location.as_ref())?,
            review_rating_statistics: None,
        };
        Ok((channel, ()))
    }

    fn apply(channel: &mut State<Self>, action: &ChannelAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            ChannelAction::ChangeKey { key } => channel.key.clone_from(key),
            ChannelAction::ChangeName { name } => channel.name = Some(text("name", name)?),
            ChannelAction::ChangeDescription { description } => {
                channel.description = Some(text("description", description)?);
            }
            ChannelAction::AddRoles { roles } => {
                channel.roles.extend_from_slice(roles);
                channel.roles = distinct(&channel.roles);
            }
            ChannelAction::RemoveRoles { roles } => {
                channel.roles.retain(|role| !roles.contains(role));
                channel.roles = checked_roles(Some(&channel.roles))?;
            }
            ChannelAction::SetRoles { roles: new } => channel.roles = checked_roles(new.as_deref())?,
            ChannelAction::SetAddress { address: new } => channel.address = address(new.as_deref(), cx)?,
            ChannelAction::SetAddressCustomType(action) => {
                set_custom_type(address_custom(&mut channel.body)?, action, "address", cx)?;
            }
            ChannelAction::SetAddressCustomField(action) => {
                set_custom_field(address_custom(&mut channel.body)?, action, cx)?;
            }
            ChannelAction::SetGeoLocation { geo_location } => {
                channel.geo_location = on_earth(geo_location.as_ref())?;
            }
            ChannelAction::SetCustomType(action) => {
                set_custom_type(&mut channel.custom, action, "channel", cx)?;
            }
            ChannelAction::SetCustomField(action) => set_custom_field(&mut channel.custom, action, cx)?,
        }
        Ok(())
    }

    fn delete(channel: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let id = quoted(channel.meta.id.as_str());
        let priced = format!("prices(channel(id = {id}))");
        let in_data = format!("masterVariant({priced}) or variants({priced})");
        let by = [
            (Kind::Product, format!("masterData(current({in_data}) or staged({in_data}))")),
            (Kind::Store, format!("distributionChannels(id = {id}) or supplyChannels(id = {id})")),
            (Kind::InventoryEntry, format!("supplyChannel(id = {id})")),
        ];
        refuse_while_referenced(Kind::Channel, by, cx)
    }

    fn claims(channel: &Channel) -> Vec<Claim> {
        vec![Claim::new("key", channel.key.as_str())]
    }

    fn user_identifiers(channel: &Channel) -> Map<String, Value> {
        Map::from_iter([("key".to_owned(), Value::from(&channel.key))])
    }
}

/// The roles without repetitions, of which there must be some; where none are named, the one that the API gives.
fn checked_roles(given: Option<&[ChannelRole]>) -> Result<Vec<ChannelRole>> {
    match given {
        None => Ok(vec![ChannelRole::InventorySupply]),
        Some([]) => Err(ApiError::invalid_operation("A channel must have at least one role.")),
        Some(given) => Ok(distinct(given)),
    }
}

/// Refuses to change a text to an empty one.
fn text(field: &str, given: &LocalizedString) -> Result<LocalizedString> {
    if given.is_empty() {
        return Err(ApiError::invalid_operation(format!(
            "The channel's '{field}' cannot be changed to nothing."
        )));
    }
    Ok(given.clone())
}

fn address(draft: Option<&AddressDraft>, cx: &Context<'_>) -> Decision<Option<Address>> {
    let Some(draft) = draft else { return Ok(None) };
    let custom = cx.custom(draft.custom.as_ref(), "address")?;
    Ok(Some(draft.clone().into_address(custom)))
}

fn address_custom(channel: &mut Channel) -> Result<&mut Option<CustomFields>> {
    match &mut channel.address {
        Some(address) => Ok(&mut address.custom),
        None => Err(ApiError::invalid_input("The channel has no address. Set one with 'setAddress' first.")),
    }
}

/// The point if its degrees are such.
fn on_earth(point: Option<&GeoPoint>) -> Result<Option<GeoPoint>> {
    let Some(point) = point else { return Ok(None) };
    let degrees = |at: usize, most: f64| {
        point.coordinates.get(at).and_then(serde_json::Number::as_f64).is_some_and(|d| d.abs() <= most)
    };
    if !degrees(0, 180.0) || !degrees(1, 90.0) {
        let coordinates: Vec<Value> = point.coordinates.iter().cloned().map(Value::Number).collect();
        return Err(ApiError::invalid_field("geoLocation.coordinates", coordinates));
    }
    Ok(Some(point.clone()))
}
