//! What a pass over the backends did, and what stands in its way.

use std::fmt;

/// One thing that a pass changed or could not do. No text in it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendFinding {
    /// A topic was missing and has been created.
    TopicCreated {
        /// Its full name.
        topic: String,
    },
    /// Settings of a topic were not ours and have been set again.
    TopicRepaired {
        /// Its full name.
        topic: String,
        /// Which settings: `retention.ms from 1000 to 604800000`.
        what: String,
    },
    /// A topic got more partitions.
    PartitionsGrown {
        /// Its full name.
        topic: String,
        /// How many it had.
        from: u32,
        /// How many it has.
        to: u32,
    },
    /// A database user was missing and has been created.
    UserCreated {
        /// The user's name.
        user: String,
    },
    /// A database user's password or rights were not ours and have been set again.
    UserRepaired {
        /// The user's name.
        user: String,
        /// What was set.
        what: String,
    },
    /// The broker does not answer.
    KafkaUnreachable {
        /// Why, and how to mend it.
        message: String,
    },
    /// The broker does not accept the credentials.
    KafkaAuthenticationFailed {
        /// Why, and how to mend it.
        message: String,
    },
    /// The broker knows the user but forbids what is needed.
    KafkaForbidden {
        /// What, and how to mend it.
        message: String,
    },
    /// The broker refused for another reason.
    KafkaRefused {
        /// What, and how to mend it.
        message: String,
    },
    /// A topic cannot be made what the manifest asks for.
    TopicMismatch {
        /// Its full name.
        topic: String,
        /// The field of the manifest.
        path: &'static str,
        /// What differs, and how to mend it.
        message: String,
    },
    /// The database server does not answer.
    MongoUnreachable {
        /// Why, and how to mend it.
        message: String,
    },
    /// The database server does not accept the credentials.
    MongoAuthenticationFailed {
        /// Why, and how to mend it.
        message: String,
    },
    /// The database server knows the user but forbids what is needed.
    MongoForbidden {
        /// What, and how to mend it.
        message: String,
    },
    /// The database server, or its connection string, cannot be used for another reason.
    MongoRefused {
        /// What, and how to mend it.
        message: String,
    },
}

impl BackendFinding {
    /// Whether something is in the way, as opposed to something having been done.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        !matches!(
            self,
            Self::TopicCreated { .. }
                | Self::TopicRepaired { .. }
                | Self::PartitionsGrown { .. }
                | Self::UserCreated { .. }
                | Self::UserRepaired { .. }
        )
    }

    /// Whether it is about the broker, as opposed to the database.
    #[must_use]
    pub fn is_about_kafka(&self) -> bool {
        !matches!(
            self,
            Self::UserCreated { .. }
                | Self::UserRepaired { .. }
                | Self::MongoUnreachable { .. }
                | Self::MongoAuthenticationFailed { .. }
                | Self::MongoForbidden { .. }
                | Self::MongoRefused { .. }
        )
    }

    /// The name for conditions and events.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TopicCreated { .. } => "TopicCreated",
            Self::TopicRepaired { .. } => "TopicRepaired",
            Self::PartitionsGrown { .. } => "PartitionsGrown",
            Self::UserCreated { .. } => "UserCreated",
            Self::UserRepaired { .. } => "UserRepaired",
            Self::KafkaUnreachable { .. } => "KafkaUnreachable",
            Self::KafkaAuthenticationFailed { .. } => "KafkaAuthenticationFailed",
            Self::KafkaForbidden { .. } => "KafkaForbidden",
            Self::KafkaRefused { .. } => "KafkaRefused",
            Self::TopicMismatch { .. } => "TopicMismatch",
            Self::MongoUnreachable { .. } => "MongoUnreachable",
            Self::MongoAuthenticationFailed { .. } => "MongoAuthenticationFailed",
            Self::MongoForbidden { .. } => "MongoForbidden",
            Self::MongoRefused { .. } => "MongoRefused",
        }
    }

    /// One line for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::TopicCreated { topic } => format!("topic {topic} was missing and has been created"),
            Self::TopicRepaired { topic, what } => format!("topic {topic} was set back: {what}"),
            Self::PartitionsGrown { topic, from, to } => {
                format!("topic {topic} grew from {from} to {to} partitions")
            }
            Self::UserCreated { user } => format!("database user {user} was missing and has been created"),
            Self::UserRepaired { user, what } => format!("database user {user} was set back: {what}"),
            Self::TopicMismatch { topic, path, message } => format!("{path}: topic {topic} {message}"),
            Self::KafkaUnreachable { message }
            | Self::KafkaAuthenticationFailed { message }
            | Self::KafkaForbidden { message }
            | Self::KafkaRefused { message }
            | Self::MongoUnreachable { message }
            | Self::MongoAuthenticationFailed { message }
            | Self::MongoForbidden { message }
            | Self::MongoRefused { message } => message.clone(),
        }
    }
}

impl fmt::Display for BackendFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

/// What [`super::Backends::remove`] removed and what it had to leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemovalReport {
    /// What existed and is gone: `topic default.shop.cart`.
    pub removed: Vec<String>,
    /// What may still be there, and why.
    pub left: Vec<(String, String)>,
}

impl RemovalReport {
    pub(super) fn removed(&mut self, what: String) {
        self.removed.push(what);
    }

    pub(super) fn left(&mut self, what: String, why: impl fmt::Display) {
        self.left.push((what, why.to_string()));
    }

    /// The time is over: what of `planned` is not in the report yet is left.
    pub(super) fn overdue(&mut self, planned: Vec<String>) {
        for what in planned {
            if !self.removed.contains(&what) && !self.left.iter().any(|(left, _)| *left == what) {
                self.left(what, "there was no time left for it");
            }
        }
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.removed.extend(other.removed);
        self.left.extend(other.left);
        self
    }
}
