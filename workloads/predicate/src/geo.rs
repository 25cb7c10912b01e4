//! Distances on the globe, for `within circle`.
#![allow(clippy::float_arithmetic, reason = "degrees and metres, not money")]

use crate::ast::{Circle, Literal};
use serde_json::Value;

/// The mean radius of the earth in metres.
const EARTH: f64 = 6_371_008.8;

/// Whether a GeoJSON point lies in the circle, its edge included. Other values lie nowhere.
pub(crate) fn within(value: &Value, circle: &Circle<Literal>) -> bool {
    let coordinate = |i: usize| value.get("coordinates")?.get(i)?.as_f64();
    if value.get("type").and_then(Value::as_str) != Some("Point") {
        return false;
    }
    let (Some(longitude), Some(latitude)) = (coordinate(0), coordinate(1)) else { return false };
    let (Some(center_longitude), Some(center_latitude), Some(radius)) =
        (float(&circle.longitude), float(&circle.latitude), float(&circle.radius))
    else {
        return false;
    };
    // Haversine, which stays exact for small distances.
    let half_latitude = ((latitude - center_latitude).to_radians() / 2.0).sin();
    let half_longitude = ((longitude - center_longitude).to_radians() / 2.0).sin();
    let h = half_latitude * half_latitude
        + latitude.to_radians().cos() * center_latitude.to_radians().cos() * half_longitude * half_longitude;
    2.0 * EARTH * h.clamp(0.0, 1.0).sqrt().asin() <= radius
}

#[allow(clippy::cast_precision_loss, reason = "metres and degrees are far below 2^53")]
fn float(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Integer(n) => Some(*n as f64),
        Literal::Decimal(n) => Some(*n),
        Literal::Text(_) | Literal::Boolean(_) => None,
    }
}
