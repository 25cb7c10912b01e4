//! The API description: each service tells its operations and schemas; the gateway merges them.

use api::in_store::has_twin;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// One operation of the public API.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `get`, `post`, `head` or `delete`.
    pub method: &'static str,
    /// The route with `{projectKey}` and other parameters in braces.
    pub path: String,
    /// What it does, in one line.
    pub summary: String,
    /// Any one of these permissions is enough; empty if the operation is open.
    pub scopes: Vec<String>,
    /// Names and schemas of the query parameters.
    pub query: Vec<(&'static str, Value)>,
    /// The schema of the request body.
    pub request: Option<Value>,
    /// Statuses of success with the schema of their body.
    pub responses: Vec<(u16, Option<Value>)>,
    /// The media type of the request body.
    pub request_media: &'static str,
}

impl Operation {
    /// An operation without parameters and bodies yet.
    pub fn new(method: &'static str, path: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            summary: summary.into(),
            scopes: Vec::new(),
            query: Vec::new(),
            request: None,
            responses: Vec::new(),
            request_media: "application/json",
        }
    }

    /// Sets the permissions of which any one is enough.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a query parameter of a plain type: `string`, `integer`, `boolean`.
    #[must_use]
    pub fn param(mut self, name: &'static str, kind: &str) -> Self {
        self.query.push((name, json!({"type": kind})));
        self
    }

    /// Adds query parameters of plain types.
    #[must_use]
    pub fn params(mut self, params: &[(&'static str, &'static str)]) -> Self {
        self.query.extend(params.iter().map(|(name, kind)| (*name, json!({"type": kind}))));
        self
    }

    /// Sets the body's schema.
    #[must_use]
    pub fn takes(mut self, schema: Value) -> Self {
        self.request = Some(schema);
        self
    }

    /// Adds a status of success with the schema of its body.
    #[must_use]
    pub fn gives(mut self, status: u16, schema: Option<Value>) -> Self {
        self.responses.push((status, schema));
        self
    }

    fn describe(&self) -> Value {
        let mut parameters: Vec<Value> = path_parameters(&self.path)
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        parameters.extend(
            self.query.iter().map(
                |(name, schema)| json!({"name": name, "in": "query", "required": false, "schema": schema}),
            ),
        );
        let mut responses = Map::new();
        for (status, schema) in &self.responses {
            let mut response =
                json!({"description": if *status < 300 { "Success" } else { "Not successful" }});
            if let (Some(schema), Some(response)) = (schema, response.as_object_mut()) {
                response.insert("content".into(), json!({"application/json": {"schema": schema}}));
            }
            responses.insert(status.to_string(), response);
        }
        let error = json!({"description": "An error", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}});
        if self.method == "head" {
            responses.insert("default".into(), json!({"description": "An error"}));
        } else {
            responses.insert("default".into(), error);
        }
        let mut operation =
            json!({"summary": self.summary, "parameters": parameters, "responses": responses});
        if let Some(operation) = operation.as_object_mut() {
            if let Some(request) = &self.request {
                operation.insert(
                    "requestBody".into(),
                    json!({"required": true, "content": {self.request_media: {"schema": request}}}),
                );
            }
            let security = if self.scopes.is_empty() {
                json!([])
            } else {
                Value::Array(self.scopes.iter().map(|scope| json!({"oauth2": [scope]})).collect())
            };
            operation.insert("security".into(), security);
        }
        operation
    }
}

fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

/// What one service contributes to the API description.
pub struct Parts {
    paths: Map<String, Value>,
    answers: SchemaGenerator,
    requests: SchemaGenerator,
    named: Map<String, Value>,
}

impl Default for Parts {
    fn default() -> Self {
        let settings = || {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings
        };
        Self {
            paths: Map::new(),
            answers: settings().for_serialize().into_generator(),
            requests: settings().for_deserialize().into_generator(),
            named: Map::new(),
        }
    }
}

impl Parts {
    /// The schema of a type in answers.
    pub fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// The schema of a type in request bodies.
    pub fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// Gives a schema a name of its own and refers to it.
    pub fn name(&mut self, name: &str, schema: Value) -> Value {
        self.named.insert(name.to_owned(), schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// Adds an operation, and its twin in stores if there is one.
    pub fn add(&mut self, operation: &Operation) {
        let behind = operation.path.strip_prefix("/{projectKey}/").unwrap_or_default();
        if has_twin(&behind.split('/').collect::<Vec<_>>()) {
            let path = format!("/{{projectKey}}/in-store/key={{storeKey}}/{behind}");
            self.insert(&Operation { path, ..operation.clone() });
        }
        self.insert(operation);
    }

    fn insert(&mut self, operation: &Operation) {
        let item = self.paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.to_owned(), operation.describe());
        }
    }

    /// `{paths, schemas}` as JSON.
    #[must_use]
    pub fn finish(mut self) -> Value {
        let mut schemas: Map<String, Value> = self.requests.take_definitions(true);
        // A value type that stands in both is described as it goes out.
        schemas.extend(self.answers.take_definitions(true));
        schemas.extend(self.named);
        json!({"paths": self.paths, "schemas": schemas})
    }
}
