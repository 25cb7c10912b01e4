//! Names of stacks and of their children, small enough to keep many.

use crate::kinds::KindId;
use std::fmt;
use std::sync::Arc;

/// Which stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackKey {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl StackKey {
    /// The stack `name` in `namespace`.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for StackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Which child of a stack; it is in the namespace of the stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildKey {
    /// Its kind.
    pub kind: KindId,
    /// Its name.
    pub name: Box<str>,
}

impl ChildKey {
    /// The child `name` of this kind.
    #[must_use]
    pub fn new(kind: KindId, name: &str) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for ChildKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.get().kind, self.name)
    }
}
