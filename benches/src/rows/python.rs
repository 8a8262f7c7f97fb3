//! Python's asyncio, and uvloop in its place: a few rows, where python3 is there.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use crate::meter::Meter;
use crate::sample::Sample;
use crate::tools::python;

/// The module of the event loop: `asyncio` or `uvloop`.
pub(crate) type Loop = &'static str;

pub(crate) fn start(script: &str, event_loop: Loop, meter: Meter) -> Result<Child, String> {
    let mut command = Command::new(python());
    command.args(["-c", script, event_loop, meter.pick("1", "3")]).stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().map_err(|error| format!("python could not be started: {error}"))
}

fn run(script: &str, event_loop: Loop, meter: Meter) -> Result<Sample, String> {
    let mut child = start(script, event_loop, meter)?;
    let mut text = String::new();
    let output = child.stdout.as_mut().expect("it is piped");
    output.read_to_string(&mut text).map_err(|error| format!("python cannot be read: {error}"))?;
    drop(child.wait());
    text.trim().parse().map(Sample::one).map_err(|_| format!("python said nothing of use: {text}"))
}

pub(crate) fn tree(meter: Meter, event_loop: Loop) -> Result<Sample, String> {
    run(include_str!("../python/tree.py"), event_loop, meter)
}

pub(crate) fn gather(meter: Meter, event_loop: Loop) -> Result<Sample, String> {
    run(include_str!("../python/gather.py"), event_loop, meter)
}
