//! Python's asyncio, and uvloop in its place: a few rows, where python3 is there.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::meter::Meter;
use crate::sample::Sample;
use crate::tools::python;

/// The module of the event loop: `asyncio` or `uvloop`.
pub(crate) type Loop = &'static str;

fn start(script: &str, event_loop: Loop, meter: Meter) -> Result<Child, String> {
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

/// A server in a process of its own, ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop((self.0.kill(), self.0.wait()));
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn echo(meter: Meter, echo: crate::net::samples::Echo, event_loop: Loop) -> Result<Sample, String> {
    use crate::net::{cores, samples};
    let mut notes = Vec::new();
    // What is started by a pinned thread starts pinned.
    let core = echo.place.server_core();
    let (sender, receiver) = std::sync::mpsc::channel();
    let place = echo.place;
    std::thread::spawn(move || {
        core.map(cores::pin);
        sender.send(start(include_str!("../python/echo.py"), event_loop, meter)).ok();
    });
    let mut server = Server(receiver.recv().map_err(|_| "python could not be started")??);
    place.pin_load(&mut notes);
    let mut line = String::new();
    let output = BufReader::new(server.0.stdout.as_mut().expect("it is piped")).read_line(&mut line);
    output.map_err(|error| format!("python cannot be read: {error}"))?;
    let addr: SocketAddr = line.trim().parse().map_err(|_| "python did not say where it listens")?;
    let schedstat = format!("/proc/{}/schedstat", server.0.id());
    let cpu = || {
        let text = std::fs::read_to_string(&schedstat).unwrap_or_default();
        text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(f64::NAN)
    };
    Ok(samples::echo_elsewhere(meter, echo, addr, cpu)?.noting(notes))
}
