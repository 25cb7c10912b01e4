//! Tables of facts for tests of rules.
