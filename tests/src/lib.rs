//! Scenarios across services: layering, access, crashes, journeys.
