//! The one binary: the whole stack on a laptop, or one service of it.
fn main() {}
