//! What the library tells of a member's place in its group.

use super::trouble::{Context, Trouble};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What members of one bus have in common.
#[derive(Clone)]
pub(super) struct Limits {
    pub prefix: String,
    /// How long a member may work on what it was given before the driver polls for it.
    pub patience: Duration,
    /// How long a commit may take.
    pub commit: Duration,
}

/// What the library tells of a member's partitions.
pub(super) struct Membership {
    context: Context,
    /// Raised with each change.
    assignments: AtomicU64,
}

impl Membership {
    pub(super) fn new(trouble: &Arc<Trouble>) -> Self {
        Self { context: Context { trouble: Arc::clone(trouble) }, assignments: AtomicU64::new(0) }
    }

    /// How often partitions were given or taken.
    pub(super) fn assignments(&self) -> u64 {
        self.assignments.load(Ordering::Acquire)
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }
}

impl ConsumerContext for Membership {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let parts = match rebalance {
            Rebalance::Assign(parts) | Rebalance::Revoke(parts) => parts.count(),
            Rebalance::Error(_) => 0,
        };
        if parts > 0 {
            self.assignments.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// The group is finding out who reads what, or the member has to join anew: it passes.
pub(super) fn is_rebalancing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::RebalanceInProgress
                | Code::IllegalGeneration
                | Code::UnknownMemberId
                | Code::NotCoordinator
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::WaitingForCoordinator
                | Code::BrokerTransportFailure
                | Code::RequestTimedOut
        )
    )
}
