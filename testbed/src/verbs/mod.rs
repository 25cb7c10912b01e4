//! What the verbs of the command line do.

mod background;
mod run;
mod signals;
mod state;

pub use background::{down, hold, status, up};
pub use run::run;
