//! Every word that the operator says about a stack: condition types, their reasons, and the reasons of
//! events. The tables in the handbook are made from [`CONDITIONS`], [`REASONS`] and [`EVENTS`].

macro_rules! words {
    ($(#[$about:meta])* $table:ident { $($name:ident = $word:literal: $meaning:literal;)* }) => {
        $(#[doc = $meaning] pub const $name: &str = $word;)*
        $(#[$about])*
        pub const $table: &[(&str, &str)] = &[$(($word, $meaning)),*];
    };
}

/// The types of conditions.
pub mod condition {
    words! {
        /// Each type with its meaning.
        CONDITIONS {
            READY = "Ready": "All services of the stack run as the spec wants them. Always there.";
            RECONCILING = "Reconciling": "The stack is on its way to what the spec wants. There only while that is so.";
            STALLED = "Stalled": "The stack cannot get further until somebody acts. There only while that is so; the operator keeps trying.";
            BACKENDS_READY = "BackendsReady": "The topics and database users of the stack are as they should be. There once somebody could look.";
            PAUSED = "Paused": "spec.operation.paused is set: the operator changes nothing of the stack. There only while that is so.";
        }
    }
}

/// The reasons of conditions.
pub mod reason {
    words! {
        /// Each reason with its meaning.
        REASONS {
            ALL_SERVICES_READY = "AllServicesReady": "Every service that is switched on has all of its pods ready.";
            SERVICES_NOT_READY = "ServicesNotReady": "All objects are written; the message says which services do not have all of their pods ready yet.";
            WRITING_OBJECTS = "WritingObjects": "Not all objects of the stack could be written yet; the operator is at it.";
            PAUSED = "Paused": "spec.operation.paused is set. Unset it to let the operator go on.";
            INVALID_SPEC = "InvalidSpec": "The spec breaks a rule; the message has the path of the field. What was written for the last good spec stays.";
            UNDECODABLE = "Undecodable": "The stack holds something that this release of the operator cannot read. Mend the field, or bring the operator to the release that wrote it.";
            REFERENCE_MISSING = "ReferenceMissing": "A Secret that the spec refers to does not exist or lacks a key; the message has the path and the name. Create it.";
            REFERENCE_INVALID = "ReferenceInvalid": "A Secret that the spec refers to holds what cannot be used; the message says what it must be.";
            ROOT_SECRET_LOST = "RootSecretLost": "The Secret from which the stack's secrets derive is gone while data made with it may exist. Restore it from a backup, or annotate the stack to accept a new one.";
            ROOT_SECRET_CHANGED = "RootSecretChanged": "The Secret from which the stack's secrets derive holds another seed than the one that the stack was made with. Restore it, or annotate the stack to accept it.";
            NAME_TAKEN = "NameTaken": "An object that the stack needs exists and belongs to somebody else. The operator does not touch it: rename the stack, or remove the object.";
            FIELD_CONFLICT = "FieldConflict": "Somebody keeps changing a field that the operator sets; the message has the manager and the field. The operator waits longer and longer between repairs.";
            QUOTA_EXCEEDED = "QuotaExceeded": "A ResourceQuota of the namespace refuses an object. Raise the quota, or make the stack smaller.";
            FORBIDDEN = "Forbidden": "The API server does not allow the operator to do something; the message says what. Restore the operator's permissions.";
            NAMESPACE_TERMINATING = "NamespaceTerminating": "The namespace of the stack is being deleted.";
            REFUSED = "ObjectRefused": "The API server or an admission policy refuses an object; the message says which and why.";
            HTTP_ROUTE_UNAVAILABLE = "HttpRouteUnavailable": "The spec asks for an HTTPRoute, but the cluster does not have the Gateway API. Install its CRDs.";
            KIND_UNAVAILABLE = "KindUnavailable": "The cluster does not serve a kind of object that the stack needs.";
            API_UNAVAILABLE = "ApiServerUnavailable": "The API server does not answer or is overloaded; the operator tries again.";
            CONFLICT = "Conflict": "An object was changed by somebody else at the same moment; the operator tries again.";
            BACKENDS_AS_WANTED = "BackendsAsWanted": "Topics and database users are as they should be.";
            BACKENDS_STARTING = "BackendsStarting": "The managed broker or database does not run yet, so topics and users cannot be looked at.";
            KAFKA_UNREACHABLE = "KafkaUnreachable": "The broker does not answer; topics cannot be looked at. Events wait in the services meanwhile.";
            KAFKA_AUTHENTICATION_FAILED = "KafkaAuthenticationFailed": "The broker does not accept the credentials. Correct the Secret that spec.kafka.external.authSecretRef names.";
            KAFKA_FORBIDDEN = "KafkaForbidden": "The broker knows the user but forbids what the operator needs; the message says what.";
            KAFKA_REFUSED = "KafkaRefused": "The broker refuses what the operator asks of it; the message says what.";
            TOPIC_MISMATCH = "TopicMismatch": "A topic differs from the manifest in a way that cannot be changed without loss; the message has the field.";
            MONGO_UNREACHABLE = "MongoUnreachable": "The database server does not answer; users cannot be looked at.";
            MONGO_AUTHENTICATION_FAILED = "MongoAuthenticationFailed": "The database server does not accept the administrator. Correct the Secret that spec.mongodb.external.uriSecretRef names.";
            MONGO_FORBIDDEN = "MongoForbidden": "The database server knows the administrator but forbids what the operator needs; the message says what.";
            MONGO_REFUSED = "MongoRefused": "The database server refuses what the operator asks of it; the message says what.";
            DELETING = "Deleting": "The stack is being deleted; the message says what is left to remove.";
            INTERNAL = "InternalError": "The operator met a fault of its own; its log has more. Please report it.";
        }
    }
}

/// The reasons of events that are not reasons of conditions.
pub mod event {
    words! {
        /// Each reason with its meaning.
        EVENTS {
            ROOT_SECRET_CREATED = "RootSecretCreated": "The Secret from which all of the stack's secrets derive was created.";
            ROOT_SECRET_ACCEPTED = "RootSecretAccepted": "A new root Secret was accepted because the stack's annotation asked for it.";
            DRIFT_CORRECTED = "DriftCorrected": "A field that the operator sets was changed by somebody else and is set again; the note has the manager and the field.";
            OBJECT_RESTORED = "ObjectRestored": "An object of the stack was deleted by somebody else and is there again.";
            RESUMED = "Resumed": "The stack is no longer paused.";
            UPGRADED = "Upgraded": "The stack moved to another release.";
            RECOVERED = "Recovered": "What kept the stack from getting further is gone.";
            TOPIC_CREATED = "TopicCreated": "A topic was missing and was created.";
            TOPIC_REPAIRED = "TopicRepaired": "Settings of a topic were changed by somebody else and are set again.";
            PARTITIONS_GROWN = "PartitionsGrown": "A topic got more partitions, as the manifest asks.";
            USER_CREATED = "UserCreated": "A database user was missing and was created.";
            USER_REPAIRED = "UserRepaired": "A database user was changed by somebody else and is set again.";
            DELETION_INCOMPLETE = "DeletionIncomplete": "The stack is deleted, but something outside of the cluster could not be removed; the note says what.";
            DELETED = "Deleted": "What the cluster does not remove by itself was removed.";
        }
    }
}

/// The same word as a constant.
#[must_use]
pub fn known(word: &str) -> &'static str {
    let mut words = CONDITIONS.iter().chain(REASONS).chain(EVENTS).map(|(word, _)| *word);
    words.find(|known| *known == word).unwrap_or(reason::INTERNAL)
}

pub use condition::CONDITIONS;
pub use event::EVENTS;
pub use reason::REASONS;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_said_once_in_the_form_that_kubernetes_wants_and_explained() {
        for table in [CONDITIONS, REASONS, EVENTS] {
            let words: BTreeSet<&str> = table.iter().map(|(word, _)| *word).collect();
            assert_eq!(words.len(), table.len());
            for (word, meaning) in table {
                assert!(
                    word.chars().all(|c| c.is_ascii_alphanumeric()) && word.starts_with(char::is_uppercase)
                );
                assert!(meaning.len() > 20 && meaning.ends_with('.'), "{word}");
            }
        }
    }
}
