//! The edge: routing, token verification, bounds, aggregated health and API description.
