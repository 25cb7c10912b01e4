//! The labels and annotations of every object that the operator makes, and the selectors over them.

use crate::names::{GUARD_LABEL, STACK_LABEL};
use std::collections::BTreeMap;

/// The value of `app.kubernetes.io/managed-by`, and the field manager of every apply.
pub const MANAGER: &str = "commerce-operator";

/// The label that says which service, database or broker an object is of.
pub const NAME: &str = "app.kubernetes.io/name";
/// The label that says what an object is for; its values are those of [`Component`].
pub const COMPONENT: &str = "app.kubernetes.io/component";

/// Labels or a selector.
pub type Labels = BTreeMap<String, String>;

/// What an object is for; the value of `app.kubernetes.io/component`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// A service behind the gateway.
    Service,
    /// The gateway.
    Edge,
    /// The managed MongoDB.
    Database,
    /// The managed Kafka.
    Broker,
    /// Settings and Secrets of the whole stack.
    Config,
    /// A task that runs once.
    Task,
}

impl Component {
    /// The value of the label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Edge => "edge",
            Self::Database => "database",
            Self::Broker => "broker",
            Self::Config => "config",
            Self::Task => "task",
        }
    }
}

/// The labels of an object called `name` (`cart`, `mongodb`, …) of stack `stack`.
#[must_use]
pub fn all(stack: &str, name: &str, component: Component) -> Labels {
    let mut labels = selector(stack, name);
    labels.extend(of([
        (COMPONENT, component.as_str()),
        ("app.kubernetes.io/part-of", "commercestack"),
        ("app.kubernetes.io/managed-by", MANAGER),
        (STACK_LABEL, stack),
    ]));
    labels
}

/// Adds that the object guards data: it is deleted with its stack or not at all, and never because a spec
/// does not ask for it any more.
#[must_use]
pub fn guarding(mut labels: Labels) -> Labels {
    labels.insert(GUARD_LABEL.to_owned(), "data".to_owned());
    labels
}

/// What selects the pods called `name` of stack `stack`. Selectors of Deployments can never change, so
/// nothing else goes in.
#[must_use]
pub fn selector(stack: &str, name: &str) -> Labels {
    of([(NAME, name), ("app.kubernetes.io/instance", stack)])
}

/// What selects every pod of stack `stack`.
#[must_use]
pub fn stack_selector(stack: &str) -> Labels {
    of([(STACK_LABEL, stack)])
}

fn of<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
