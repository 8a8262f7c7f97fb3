//! Lines that are printed and remembered, and rows for the report at the end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use whit::time::now;

/// Prints each line and remembers it, so that a test can look at the order.
#[derive(Clone, Debug)]
pub struct Log {
    started: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    pub fn new(chapter: &str) -> Log {
        println!("\n\x1b[1;36m── {chapter} ──\x1b[0m");
        Log { started: now(), lines: Arc::default() }
    }

    pub fn say(&self, line: impl Into<String>) {
        let line = line.into();
        println!("\x1b[2m{:7.3}s\x1b[0m  {line}", (now() - self.started).as_secs_f64());
        self.lines.lock().unwrap().push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

/// One measured thing of the report: what was asked, what came out.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: &'static str,
    pub asked: String,
    pub measured: String,
    pub good: bool,
}

impl Row {
    /// A time that must lie within bounds, in seconds.
    pub fn time(what: &'static str, took: Duration, least: f64, most: f64) -> Row {
        let seconds = took.as_secs_f64();
        Row {
            what,
            asked: format!("{least:.2} to {most:.2} s"),
            measured: format!("{seconds:.3} s"),
            good: (least..=most).contains(&seconds),
        }
    }

    /// Something that is right or wrong.
    pub fn fact(what: &'static str, asked: impl Into<String>, measured: impl Into<String>, good: bool) -> Row {
        Row { what, asked: asked.into(), measured: measured.into(), good }
    }
}
