//! Progress of what takes long, on stderr: a line when a step starts, one when it ends, and signs of life in
//! between. Terminals get one line that counts the seconds; logs get a line now and then.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const IN_LOGS: Duration = Duration::from_secs(15);

/// A running step.
#[derive(Debug)]
pub struct Step {
    what: String,
    began: Instant,
    said: Instant,
    terminal: bool,
    colour: bool,
}

impl Step {
    /// Announces `what`.
    pub fn start(what: impl Into<String>) -> Self {
        let terminal = io::stderr().is_terminal();
        let colour = terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let step = Self { what: what.into(), began: Instant::now(), said: Instant::now(), terminal, colour };
        step.say("", "…", "\n");
        step
    }

    /// To be called often while the step runs: shows that it still does.
    pub fn tick(&mut self) {
        let seconds = self.began.elapsed().as_secs();
        if self.terminal {
            self.say("\r", &format!("… {seconds} s"), "");
        } else if self.said.elapsed() >= IN_LOGS {
            self.said = Instant::now();
            self.say("", &format!("… {seconds} s"), "\n");
        }
    }

    /// Announces the end and how long it took.
    pub fn done(self) {
        let took = self.began.elapsed().as_millis();
        let start = if self.terminal { "\r" } else { "" };
        self.say(start, &format!(": done in {}.{} s    ", took / 1000, took % 1000 / 100), "\n");
    }

    // A closed stderr is no reason to fail a step.
    fn say(&self, start: &str, rest: &str, end: &str) {
        let (on, off) = if self.colour { ("\x1b[36m", "\x1b[0m") } else { ("", "") };
        let _ = write!(io::stderr(), "{start}{on}testbed{off} {}{rest}{end}", self.what);
    }
}
