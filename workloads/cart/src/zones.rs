//! Zones: sets of countries and states that shipping rates are for.

use api::zone::{Location, Zone, ZoneAction, ZoneDraft};
use api::{ApiError, Kind};
use kit::resource::{Context, Decision, Rules, State};
use kit::store::Claim;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Refuses a deletion while a resource of kind `by` meets the predicate `used`.
pub(crate) fn refuse_if_used(cx: &Context<'_>, what: Kind, by: Kind, used: String) -> Decision<()> {
    if cx.matching::<IgnoredAny>(by, used, 1)?.is_empty() {
        return Ok(());
    }
    Err(ApiError::reference_exists(what.type_id(), by.type_id()).into())
}

/// The rules of zones.
pub struct Zones;

impl Rules for Zones {
    type Body = Zone;
    type Hidden = ();
    type Draft = ZoneDraft;
    type Action = ZoneAction;

    const KIND: Kind = Kind::Zone;

    fn create(draft: &ZoneDraft, _cx: &mut Context<'_>) -> Decision<(Zone, ())> {
        let mut zone = Zone {
            name: draft.name.clone(),
            key: draft.key.clone(),
            description: draft.description.clone(),
            locations: Vec::new(),
        };
        for location in &draft.locations {
            add(&mut zone, location)?;
        }
        Ok((zone, ()))
    }

    fn apply(zone: &mut State<Self>, action: &ZoneAction, _cx: &mut Context<'_>) -> Decision<()> {
        match action {
            ZoneAction::SetKey { key } => zone.key.clone_from(key),
            ZoneAction::ChangeName { name } => zone.name.clone_from(name),
            ZoneAction::SetDescription { description } => zone.description.clone_from(description),
            ZoneAction::AddLocation { location } => add(&mut zone.body, location)?,
            ZoneAction::RemoveLocation { location } => {
                let before = zone.locations.len();
                zone.locations.retain(|l| !l.is_same(location));
                if zone.locations.len() == before {
                    return Err(ApiError::invalid_operation("The zone does not have this location.").into());
                }
            }
        }
        Ok(())
    }

    fn delete(zone: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let used = format!("zoneRates(zone(id = {}))", Value::from(&zone.meta.id));
        refuse_if_used(cx, Kind::Zone, Kind::ShippingMethod, used)
    }

    fn claims(zone: &Zone) -> Vec<Claim> {
        zone.key.iter().map(|key| Claim::new("key", key.as_str())).collect()
    }
}

fn add(zone: &mut Zone, location: &Location) -> Decision<()> {
    if zone.locations.iter().any(|held| held.is_same(location)) {
        let value = serde_json::to_value(location).unwrap_or_default();
        return Err(ApiError::duplicate_field("locations", value).into());
    }
    let state = location.state().map(str::to_owned);
    zone.locations.push(Location { country: location.country, state });
    Ok(())
}
