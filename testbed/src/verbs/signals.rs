//! The signals that ask a testbed to end.

use std::time::Duration;

use anyhow::Result;
use commerce_testbed::{Bed, dir};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Wanted;

/// Listens from its making on; until then, and after it, signals do what they do to any process.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal: its name for `kill`, and the exit code of what it ends.
    pub async fn next(&mut self) -> (&'static str, u8) {
        tokio::select! {
            _ = self.interrupt.recv() => ("INT", 130),
            _ = self.terminate.recv() => ("TERM", 143),
            _ = self.hangup.recv() => ("HUP", 129),
        }
    }

    /// Starts the servers; a signal in the meantime takes down what was started so far, and ends this process.
    pub async fn start_bed(&mut self, wanted: &Wanted) -> Result<Bed> {
        let Wanted { parts, nodes } = wanted.clone();
        let mut starting = tokio::task::spawn_blocking(move || Bed::start(&parts, nodes));
        let code = tokio::select! {
            bed = &mut starting => return bed?,
            (_, code) = self.next() => code,
        };
        if let Err(error) = dir::close_all() {
            eprintln!("testbed: {error:#}");
        }
        // It ends with an error now, unless it waits for another testbed's build. What was half built, the next
        // build clears away.
        let _ = tokio::time::timeout(Duration::from_secs(2), starting).await;
        std::process::exit(code.into())
    }
}
