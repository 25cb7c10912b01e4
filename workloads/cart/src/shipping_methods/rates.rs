//! The zones of a shipping method and their rates: one per currency and zone.

use api::shipping_method::{ShippingMethod, ShippingRate, ShippingRateDraft, ZoneRate};
use api::{ApiError, Kind, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision};

const MAX_ZONES: usize = 100;
const MAX_TIERS: usize = 500;

pub(super) fn add_zone(
    method: &mut ShippingMethod,
    zone: &ResourceIdentifier,
    cx: &Context<'_>,
) -> Decision<()> {
    let zone = cx.reference(Kind::Zone, zone)?;
    if method.zone_rates.iter().any(|held| held.zone == zone) {
        return Err(ApiError::duplicate_field("zoneRates.zone", &zone.id).into());
    }
    if method.zone_rates.len() >= MAX_ZONES {
        let message = format!("A shipping method has at most {MAX_ZONES} zones.");
        return Err(ApiError::invalid_operation(message).into());
    }
    method.zone_rates.push(ZoneRate { zone, shipping_rates: Vec::new() });
    Ok(())
}

pub(super) fn remove_zone(
    method: &mut ShippingMethod,
    zone: &ResourceIdentifier,
    cx: &Context<'_>,
) -> Decision<()> {
    let zone = cx.reference(Kind::Zone, zone)?;
    let at = position(method, &zone)?;
    method.zone_rates.remove(at);
    Ok(())
}

pub(super) fn add_rate(
    method: &mut ShippingMethod,
    zone: &ResourceIdentifier,
    draft: &ShippingRateDraft,
    cx: &Context<'_>,
) -> Decision<()> {
    let zone = cx.reference(Kind::Zone, zone)?;
    pricing::check_shipping_rate(draft)?;
    if draft.tiers.len() > MAX_TIERS {
        return Err(
            ApiError::invalid_operation(format!("A shipping rate has at most {MAX_TIERS} tiers.")).into()
        );
    }
    let rate = ShippingRate::from(without_marks(draft));
    let at = position(method, &zone)?;
    let rates = &mut method.zone_rates[at].shipping_rates;
    if rates.iter().any(|held| held.currency() == rate.currency()) {
        return Err(ApiError::duplicate_field("shippingRates", rate.currency().as_str()).into());
    }
    rates.push(rate);
    Ok(())
}

pub(super) fn remove_rate(
    method: &mut ShippingMethod,
    zone: &ResourceIdentifier,
    draft: &ShippingRateDraft,
    cx: &Context<'_>,
) -> Decision<()> {
    let zone = cx.reference(Kind::Zone, zone)?;
    let rate = ShippingRate::from(without_marks(draft));
    let at = position(method, &zone)?;
    let rates = &mut method.zone_rates[at].shipping_rates;
    let found = rates.iter().position(|held| *held == rate);
    let found =
        found.ok_or_else(|| ApiError::invalid_operation("The zone does not have this shipping rate."))?;
    rates.remove(found);
    Ok(())
}

fn position(method: &ShippingMethod, zone: &Reference) -> Decision<usize> {
    let at = method.zone_rates.iter().position(|held| held.zone == *zone);
    at.ok_or_else(|| {
        let message = format!("The shipping method does not have the zone '{}'.", zone.id);
        ApiError::invalid_operation(message).into()
    })
}

/// `isMatching` of tiers belongs to answers only.
fn without_marks(draft: &ShippingRateDraft) -> ShippingRateDraft {
    use api::shipping_method::ShippingRatePriceTier as Tier;
    let mut draft = draft.clone();
    for tier in &mut draft.tiers {
        match tier {
            Tier::CartValue { is_matching, .. }
            | Tier::CartClassification { is_matching, .. }
            | Tier::CartScore { is_matching, .. } => *is_matching = None,
        }
    }
    draft
}
