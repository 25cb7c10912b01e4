//! Who is calling: the identity and permissions that a token gave.

use crate::{ApiError, Attribution, Id, Key, Kind, Reference, Result};
use serde::{Deserialize, Serialize};

/// The permissions of a token within its project, as `permission` or `permission:storeKey`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

/// `manage_project` gives every resource scope but these (contract §1).
const BEYOND_MANAGE_PROJECT: [&str; 3] = ["manage_api_clients", "view_api_clients", "view_audit_log"];

impl Scopes {
    /// Takes the scopes of `project` out of the space-separated `permission:project[:store]` form.
    #[must_use]
    pub fn of_project(text: &str, project: &str) -> Self {
        Self(
            text.split(' ')
                .filter_map(|scope| {
                    let mut parts = scope.splitn(3, ':');
                    let (permission, of) = (parts.next()?, parts.next()?);
                    (of == project).then(|| match parts.next() {
                        Some(store) => format!("{permission}:{store}"),
                        None => permission.to_owned(),
                    })
                })
                .collect(),
        )
    }

    /// Whether the project-wide `permission` was granted, itself or by one that implies it.
    #[must_use]
    pub fn allow(&self, permission: &str) -> bool {
        self.0.iter().any(|granted| implies(granted, permission))
    }

    /// What they are worth on the paths of `store`: what was granted for this store counts there.
    #[must_use]
    pub fn within(&self, store: &Key) -> Self {
        let here = |granted: &String| match granted.split_once(':') {
            Some((permission, of)) if of == store.as_str() => permission.to_owned(),
            _ => granted.clone(),
        };
        Self(self.0.iter().map(here).collect())
    }

    /// No scope at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `manage_X` implies `view_X`; `manage_project` implies all resource scopes; `view_products`
/// implies `view_published_products`.
fn implies(granted: &str, wanted: &str) -> bool {
    if granted == wanted {
        return true;
    }
    if granted == "manage_project" {
        return !BEYOND_MANAGE_PROJECT.contains(&wanted);
    }
    if wanted == "view_published_products" {
        return granted == "view_products" || granted == "manage_products";
    }
    match (granted.strip_prefix("manage_"), wanted.strip_prefix("view_")) {
        (Some(granted), Some(wanted)) => granted == wanted,
        _ => false,
    }
}

/// The caller of a request: made by the gateway from a verified token, passed on among services.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// The project that the token is for.
    pub project: String,
    /// The API client.
    pub client_id: String,
    /// The customer, for tokens of the password flow.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_id: Option<Id>,
    /// The anonymous session, for tokens of that flow.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anonymous_id: Option<String>,
    /// The external user that the client acts for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_user_id: Option<String>,
    /// The store whose path the request was sent to: it shows that store's resources alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub store: Option<Key>,
    /// The permissions within the project, or on the paths of `store`.
    pub scopes: Scopes,
}

impl Caller {
    /// The stack itself acting in a project: seeding, declared resources, sagas. May do anything.
    #[must_use]
    pub fn system(project: &str) -> Self {
        Self {
            project: project.to_owned(),
            client_id: "system".to_owned(),
            customer_id: None,
            anonymous_id: None,
            external_user_id: None,
            store: None,
            scopes: Scopes(vec!["manage_project".to_owned(), "manage_api_clients".to_owned()]),
        }
    }

    /// The same caller on a path of a store.
    #[must_use]
    pub fn in_store(&self, store: Key) -> Self {
        Self { scopes: self.scopes.within(&store), store: Some(store), ..self.clone() }
    }

    /// Refuses with `insufficient_scope` unless one of `permissions` is granted.
    pub fn require(&self, permissions: &[String]) -> Result<()> {
        if permissions.iter().any(|permission| self.scopes.allow(permission)) {
            return Ok(());
        }
        Err(ApiError::insufficient_scope(permissions))
    }

    /// Refuses unless the caller may read resources of `kind`.
    pub fn require_view(&self, kind: Kind) -> Result<()> {
        self.require_any("view_", kind)
    }

    /// Refuses unless the caller may write resources of `kind`.
    pub fn require_manage(&self, kind: Kind) -> Result<()> {
        self.require_any("manage_", kind)
    }

    fn require_any(&self, prefix: &str, kind: Kind) -> Result<()> {
        let mut name = String::with_capacity(40);
        for scope in kind.scopes() {
            name.clear();
            name.push_str(prefix);
            name.push_str(scope);
            if self.scopes.allow(&name) {
                return Ok(());
            }
        }
        let wanted: Vec<String> = kind.scopes().iter().map(|scope| format!("{prefix}{scope}")).collect();
        Err(ApiError::insufficient_scope(&wanted))
    }

    /// What `createdBy` and `lastModifiedBy` say of this caller.
    #[must_use]
    pub fn attribution(&self) -> Attribution {
        Attribution {
            client_id: Some(self.client_id.clone()),
            external_user_id: self.external_user_id.clone(),
            customer: self.customer_id.clone().map(|id| Reference::new(Kind::Customer, id)),
            anonymous_id: self.anonymous_id.clone(),
            associate: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manage_implies_view_but_manage_project_leaves_api_clients_out() {
        let scopes = Scopes::of_project("manage_orders:demo view_products:other manage_project:shop", "demo");
        assert!(scopes.allow("view_orders") && scopes.allow("manage_orders"));
        assert!(!scopes.allow("view_products"));
        let all = Scopes::of_project("manage_project:shop", "shop");
        assert!(all.allow("manage_customers") && all.allow("view_published_products"));
        assert!(!all.allow("view_api_clients"));
    }

    #[test]
    fn a_store_scope_counts_in_its_store_only() {
        let scopes = Scopes::of_project("manage_orders:demo:berlin", "demo");
        let within = |store: &str| scopes.within(&Key::parse(store).expect("a key"));
        assert!(!scopes.allow("view_orders"));
        assert!(within("berlin").allow("view_orders"));
        assert!(!within("berlin").allow("view_products"));
        assert!(!within("paris").allow("view_orders"));
    }
}
