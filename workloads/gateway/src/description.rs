//! `GET /` and the API description, merged from what the services tell of themselves.

use crate::Edge;
use axum::extract::State;
use axum::response::Response;
use kit::http::{Reply, RequestInfo, ok};
use kit::peers;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `GET /`: what this is and where to go on.
pub(crate) async fn root() -> Response {
    let body = json!({
        "name": "CommerceStack",
        "version": env!("CARGO_PKG_VERSION"),
        "links": {"health": "/api/v1/services/health", "openapi": "/openapi.json", "token": "/oauth/token"},
    });
    ok(body.to_string())
}

/// `GET /openapi.json`.
pub(crate) async fn openapi(State(edge): State<Arc<Edge>>) -> Reply {
    let services = edge.parts.services.iter().copied();
    let request = RequestInfo::system("*", "openapi");
    let described = futures::future::try_join_all(services.map(|service| {
        peers::call::<Value>(edge.parts.peers.as_ref(), service, "/description", &request, &())
    }))
    .await?;
    Ok(ok(merge(described).to_string()))
}

/// One document out of the services' `{paths, schemas}`.
fn merge(described: Vec<Value>) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for mut service in described {
        for (into, part) in [(&mut paths, "paths"), (&mut schemas, "schemas")] {
            if let Some(Value::Object(entries)) = service.get_mut(part).map(Value::take) {
                // Each service names its schemas alone, so two can take one name for different things.
                for (name, entry) in &entries {
                    if into.get(name).is_some_and(|other| other != entry) {
                        tracing::error!(part, name, "two services describe different things under one name");
                    }
                }
                into.extend(entries);
            }
        }
    }
    schemas.insert(
        "ErrorResponse".into(),
        json!({
            "type": "object",
            "required": ["statusCode", "message", "errors"],
            "properties": {
                "statusCode": {"type": "integer"},
                "message": {"type": "string"},
                "error": {"type": "string"},
                "error_description": {"type": "string"},
                "errors": {"type": "array", "items": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                }},
            },
        }),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "CommerceStack",
            "description": "A commerce back end that speaks the commercetools HTTP API.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"oauth2": {
                "type": "oauth2",
                "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
            }},
        },
    })
}
