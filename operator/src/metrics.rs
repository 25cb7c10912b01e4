//! What the operator counts, for Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verb {
    verb: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStack {
    namespace: String,
    name: String,
}

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passes: Family<Outcome, Counter>,
    durations: Histogram,
    writes: Family<Verb, Counter>,
    waiting: Gauge,
    watch_failures: Family<OfKind, Counter>,
    drift: Counter,
    leader: Gauge,
    stacks: Gauge,
    ready: Family<OfStack, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("commerce_operator");
        let new = Self {
            passes: Family::default(),
            durations: Histogram::new(exponential_buckets(0.001, 4.0, 9)),
            writes: Family::default(),
            waiting: Gauge::default(),
            watch_failures: Family::default(),
            drift: Counter::default(),
            leader: Gauge::default(),
            stacks: Gauge::default(),
            ready: Family::default(),
            registry: Registry::default(),
        };
        registry.register("reconciles", "Passes over a stack, by result", new.passes.clone());
        registry.register("reconcile_duration_seconds", "How long a pass took", new.durations.clone());
        registry.register("api_writes", "Writing requests to the API server, by verb", new.writes.clone());
        registry.register("queue_depth", "Stacks that are due and wait", new.waiting.clone());
        registry.register("watch_failures", "Failures of watches, by kind", new.watch_failures.clone());
        registry.register(
            "drift_corrected",
            "Objects of which fields taken by others were set again",
            new.drift.clone(),
        );
        registry.register("leader", "Whether this operator leads", new.leader.clone());
        registry.register("stacks", "Stacks that exist", new.stacks.clone());
        registry.register(
            "stack_ready",
            "Whether a stack is ready, by namespace and name",
            new.ready.clone(),
        );
        Self { registry, ..new }
    }

    /// A pass ended.
    pub fn passed(&self, result: &'static str, took: Duration) {
        self.passes.get_or_create(&Outcome { result }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// A writing request is made.
    pub fn wrote(&self, verb: &'static str) {
        self.writes.get_or_create(&Verb { verb }).inc();
    }

    /// How many stacks exist and how many of them wait.
    pub fn queue(&self, stacks: usize, waiting: usize) {
        self.stacks.set(i64::try_from(stacks).unwrap_or(i64::MAX));
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// A watch failed.
    pub fn watch_failed(&self, kind: &'static str) {
        self.watch_failures.get_or_create(&OfKind { kind }).inc();
    }

    /// Drift was corrected.
    pub fn drift_corrected(&self) {
        self.drift.inc();
    }

    /// Whether this operator leads.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Whether a stack is ready; none when it is gone.
    pub fn stack_ready(&self, namespace: &str, name: &str, ready: Option<bool>) {
        let stack = OfStack { namespace: namespace.to_owned(), name: name.to_owned() };
        match ready {
            Some(ready) => {
                self.ready.get_or_create(&stack).set(i64::from(ready));
            }
            None => {
                self.ready.remove(&stack);
            }
        }
    }

    /// All of it in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_told_and_a_stack_that_is_gone_is_not() {
        let metrics = Metrics::new();
        metrics.passed("ok", Duration::from_millis(3));
        metrics.wrote("apply");
        metrics.stack_ready("a", "b", Some(true));
        let text = metrics.text();
        assert!(text.contains("commerce_operator_reconciles_total{result=\"ok\"} 1"), "{text}");
        assert!(text.contains("commerce_operator_api_writes_total{verb=\"apply\"} 1"));
        assert!(text.contains("commerce_operator_stack_ready{namespace=\"a\",name=\"b\"} 1"));
        metrics.stack_ready("a", "b", None);
        assert!(!metrics.text().contains("stack_ready{"));
    }
}
