//! What the verbs of the command line do.

mod background;
mod load;
mod run;
mod signals;
mod state;

pub use background::{down, hold, status, up};
pub use load::load;
pub use run::run;

use commerce_testbed::Part;

/// What is to be started.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub parts: Vec<Part>,
    pub nodes: u8,
}
