//! Zones: sets of countries and states that shipping rates are for.

use api::zone::{Location, Zone, ZoneAction, ZoneDraft};
use api::{ApiError, Kind};
use kit::resource::{Context, Decision, Rules, State};
use kit::store::Claim;

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
                zone.locations.retain(|l| l != location);
                if zone.locations.len() == before {
                    return Err(ApiError::invalid_operation("The zone does not have this location.").into());
                }
            }
        }
        Ok(())
    }

    fn claims(zone: &Zone) -> Vec<Claim> {
        zone.key.iter().map(|key| Claim::new("key", key.as_str())).collect()
    }
}

fn add(zone: &mut Zone, location: &Location) -> Decision<()> {
    if zone.locations.contains(location) {
        let value = serde_json::to_value(location).unwrap_or_default();
        return Err(ApiError::duplicate_field("locations", value).into());
    }
    zone.locations.push(location.clone());
    Ok(())
}
