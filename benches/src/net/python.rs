//! The echo row for asyncio and uvloop: the server is a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Child;

use super::cores;
use super::samples::{self, Echo};
use crate::meter::Meter;
use crate::rows::python::{Loop, start};
use crate::sample::Sample;

/// A server in a process of its own, ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop((self.0.kill(), self.0.wait()));
    }
}

pub(crate) fn echo(meter: Meter, echo: Echo, event_loop: Loop) -> Result<Sample, String> {
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
