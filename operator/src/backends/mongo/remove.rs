//! A stack's users and databases, removed: exactly its own, by full names.

use super::client::Server;
use super::error::Failure;
use crate::backends::{DatabasePlan, RemovalReport, UserPlan};
use mongodb::bson::{Document, doc};

/// Databases of the server itself.
const RESERVED: [&str; 4] = ["admin", "config", "local", "$external"];

/// How reports name what was planned.
pub(super) fn planned(plan: &DatabasePlan) -> Vec<String> {
    plan.users.iter().flat_map(|user| user_label(user).into_iter().chain([database_label(user)])).collect()
}

/// Drops each user, so that nobody writes any more, then its database.
pub(super) async fn remove(server: &Server, plan: &DatabasePlan, report: &mut RemovalReport) {
    for user in &plan.users {
        if user.database.is_empty() || RESERVED.contains(&user.database.as_str()) {
            report.left(database_label(user), "it belongs to the server");
            continue;
        }
        if let (Some(label), Some(credentials), true) =
            (user_label(user), &user.credentials, server.asks_for_passwords)
        {
            let dropped = server.write(&user.database, doc! { "dropUser": credentials.username.as_str() });
            note(server, label, "drop users", dropped.await, |_| true, report);
        }
        let dropped = server.write(&user.database, doc! { "dropDatabase": 1 }).await;
        // The answer names the database only if there was one.
        let existed = |answer: &Document| answer.contains_key("dropped");
        note(server, database_label(user), "drop databases", dropped, existed, report);
    }
}

fn note(
    server: &Server,
    label: String,
    doing: &str,
    outcome: Result<Document, Failure>,
    existed: impl Fn(&Document) -> bool,
    report: &mut RemovalReport,
) {
    match outcome {
        Ok(answer) if existed(&answer) => report.removed(label),
        Ok(_) => {}
        Err(failure) if failure.is_user_not_found() => {}
        Err(failure) => report.left(label, server.finding(&failure, doing)),
    }
}

fn user_label(user: &UserPlan) -> Option<String> {
    Some(format!("database user {}", user.credentials.as_ref()?.username))
}

fn database_label(user: &UserPlan) -> String {
    format!("database {}", user.database)
}
