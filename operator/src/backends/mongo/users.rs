//! The users of a stack, made what the plan says: created, their passwords and rights set back.
//!
//! Each user carries a mark, the fingerprint of its password, in its custom data. So a pass knows by reading
//! alone that nothing has changed. Where the server keeps no custom data (FerretDB 1), the password is tried
//! instead. A mark says what we set last; that somebody has changed the password since, only a login shows,
//! which is tried now and then.

use super::client::Server;
use super::error::Failure;
use crate::backends::{BackendFinding, DatabasePlan, UserPlan};
use crate::inputs::Credentials;
use crate::names::hex;
use mongodb::bson::{Bson, Document, doc};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const MARK: &str = "passwordFingerprint";
const ROLE: &str = "readWrite";

/// Tells passwords of a user apart. They are random and long, so that nothing leads back from it.
pub(super) fn fingerprint(user: &Credentials) -> String {
    let mut hash = Sha256::new();
    for part in ["commerce-operator/mongodb-user", &user.username, user.password.expose()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..12])
}

/// Makes the users right. What was done goes into `findings`, also when it ends early.
///
/// # Errors
/// The server cannot be used, or forbids it.
pub(super) async fn reconcile(
    server: &Server,
    plan: &DatabasePlan,
    findings: &mut Vec<BackendFinding>,
) -> Result<(), BackendFinding> {
    let users: Vec<(&UserPlan, &Credentials)> =
        plan.users.iter().filter_map(|user| Some((user, user.credentials.as_ref()?))).collect();
    // A server without passwords has no users.
    if users.is_empty() || !server.asks_for_passwords {
        return Ok(());
    }
    let known = look_up(server, &users).await?;
    let mut to_check = Vec::new();
    for (plan, user) in users {
        let Some(found) = known.get(&(plan.database.clone(), user.username.clone())) else {
            create(server, plan, user).await?;
            findings.push(BackendFinding::UserCreated { user: user.username.clone() });
            continue;
        };
        if server.has_roles && !found.may_write(&plan.database) {
            grant(server, plan, user).await?;
            let what = format!("role {ROLE} on {}", plan.database);
            findings.push(BackendFinding::UserRepaired { user: user.username.clone(), what });
        }
        match found.mark() {
            Some(mark) if mark != fingerprint(user) => {
                findings.push(set_password(server, plan, user, &found.custom).await?);
            }
            mark => {
                if server.is_check_due(user, mark.is_some()) {
                    to_check.push((plan, user, &found.custom));
                }
            }
        }
    }
    check(server, to_check, findings).await
}

/// A user as the server has it.
struct Found {
    custom: Document,
    roles: Vec<(String, String)>,
}

impl Found {
    fn of(user: &Document) -> Self {
        let role = |role: &Bson| {
            let role = role.as_document()?;
            Some((role.get_str("role").ok()?.to_owned(), role.get_str("db").ok()?.to_owned()))
        };
        Self {
            custom: user.get_document("customData").cloned().unwrap_or_default(),
            roles: user
                .get_array("roles")
                .map(|roles| roles.iter().filter_map(role).collect())
                .unwrap_or_default(),
        }
    }

    fn mark(&self) -> Option<&str> {
        self.custom.get_str(MARK).ok()
    }

    fn may_write(&self, database: &str) -> bool {
        self.roles.iter().any(|(role, db)| role == ROLE && db == database)
    }
}

async fn look_up(
    server: &Server,
    users: &[(&UserPlan, &Credentials)],
) -> Result<HashMap<(String, String), Found>, BackendFinding> {
    let named: Vec<Bson> = users
        .iter()
        .map(|(plan, user)| doc! { "user": user.username.as_str(), "db": plan.database.as_str() }.into())
        .collect();
    let answer = server
        .run("admin", doc! { "usersInfo": named })
        .await
        .map_err(|failure| server.finding(&failure, "look up users"))?;
    let found = answer.get_array("users").map(Vec::as_slice).unwrap_or_default();
    Ok(found
        .iter()
        .filter_map(|user| {
            let user = user.as_document()?;
            let key = (user.get_str("db").ok()?.to_owned(), user.get_str("user").ok()?.to_owned());
            Some((key, Found::of(user)))
        })
        .collect())
}

async fn create(server: &Server, plan: &UserPlan, user: &Credentials) -> Result<(), BackendFinding> {
    let bare = doc! { "createUser": user.username.as_str(), "pwd": user.password.expose() };
    let role = doc! { "role": ROLE, "db": plan.database.as_str() };
    let (marked, roles, none) = (
        doc! { "customData": { MARK: fingerprint(user) }, "roles": [role.clone()] },
        doc! { "roles": [role] },
        doc! { "roles": [] },
    );
    match first_implemented(server, plan, &bare, [marked, roles, none]).await {
        Ok(()) => {
            // What was just set need not be tried.
            server.checked(user);
            Ok(())
        }
        // Another replica of the operator was faster; the next pass looks at what it made.
        Err(failure) if failure.is_user_exists() => Ok(()),
        Err(failure) => Err(server.finding(&failure, "create users")),
    }
}

async fn set_password(
    server: &Server,
    plan: &UserPlan,
    user: &Credentials,
    custom: &Document,
) -> Result<BackendFinding, BackendFinding> {
    let bare = doc! { "updateUser": user.username.as_str(), "pwd": user.password.expose() };
    let mut custom = custom.clone();
    custom.insert(MARK, fingerprint(user));
    first_implemented(server, plan, &bare, [doc! { "customData": custom }, doc! {}])
        .await
        .map_err(|failure| server.finding(&failure, "change passwords of users"))?;
    server.checked(user);
    Ok(BackendFinding::UserRepaired { user: user.username.clone(), what: "password".to_owned() })
}

async fn grant(server: &Server, plan: &UserPlan, user: &Credentials) -> Result<(), BackendFinding> {
    let role = doc! { "role": ROLE, "db": plan.database.as_str() };
    let command = doc! { "grantRolesToUser": user.username.as_str(), "roles": [role] };
    let granted = server.write(&plan.database, command).await;
    granted.map(drop).map_err(|failure| server.finding(&failure, "grant roles to users"))
}

/// Runs the command with the first of the additions that the server implements.
async fn first_implemented<const N: usize>(
    server: &Server,
    plan: &UserPlan,
    bare: &Document,
    additions: [Document; N],
) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for addition in additions {
        let mut command = bare.clone();
        command.extend(addition);
        outcome = server.write(&plan.database, command).await.map(drop);
        match &outcome {
            Err(failure) if failure.is_not_implemented() => {}
            _ => break,
        }
    }
    outcome
}

async fn check(
    server: &Server,
    users: Vec<(&UserPlan, &Credentials, &Document)>,
    findings: &mut Vec<BackendFinding>,
) -> Result<(), BackendFinding> {
    let mut logins = Vec::new();
    for (plan, user, _) in &users {
        logins.push(server.can_log_in(&plan.database, user));
    }
    let outcomes = futures::future::join_all(logins).await;
    for ((plan, user, custom), outcome) in users.into_iter().zip(outcomes) {
        match outcome {
            Ok(true) => server.checked(user),
            Ok(false) => findings.push(set_password(server, plan, user, custom).await?),
            Err(failure) => return Err(server.finding(&failure, "let a user log in")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::SecretText;

    fn user(password: &str) -> Credentials {
        Credentials { username: "cs_ab_cart".into(), password: SecretText::new(password) }
    }

    #[test]
    fn the_mark_tells_passwords_apart_and_shows_none() {
        assert_eq!(fingerprint(&user("hunter2")), fingerprint(&user("hunter2")));
        assert_ne!(fingerprint(&user("hunter2")), fingerprint(&user("hunter3")));
        assert_eq!(fingerprint(&user("hunter2")).len(), 24);
    }

    #[test]
    fn a_user_of_the_server_is_read_with_what_others_have_added() {
        let found = Found::of(&doc! {
            "user": "cs_ab_cart", "db": "cs_ab_cart",
            "customData": { "team": "shop", MARK: "abc" },
            "roles": [{ "role": "read", "db": "cs_ab_cart" }, { "role": "readWrite", "db": "other" }],
        });
        assert_eq!(found.mark(), Some("abc"));
        assert!(!found.may_write("cs_ab_cart"));
        assert!(found.may_write("other"));
        assert_eq!(Found::of(&doc! { "user": "x" }).mark(), None);
    }
}
