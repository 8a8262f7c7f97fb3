//! One sample: starts the server in a thread of this process and the load in a process of its own, and puts together what
//! the load saw and what the server used.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::cores::{self, Place};
use super::load::Seen;
use super::servers::{Serve, Service};
use crate::meter::{Meter, cpu_time, resident};
use crate::sample::Sample;

/// Bytes of the server's buffer for each connection.
const BUFFER: usize = 16 * 1024;

/// A row of the echo tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo {
    pub(crate) connections: usize,
    pub(crate) size: usize,
    pub(crate) place: Place,
    pub(crate) udp: bool,
}

impl Echo {
    /// Milliseconds: long enough for some messages on each of many connections.
    fn lasts(&self, meter: Meter) -> usize {
        meter.pick(40, 500) + self.connections / 16
    }

    fn arguments(&self, measured: usize, addr: SocketAddr) -> Vec<String> {
        let warm = measured / 4;
        let mut arguments = vec![
            "load".to_owned(),
            addr.to_string(),
            format!("--connections={}", self.connections),
            format!("--size={}", self.size),
            format!("--warm={warm}"),
            format!("--measured={measured}"),
        ];
        arguments.extend(self.udp.then(|| "--udp".to_owned()));
        arguments
    }

    fn service(&self) -> Service {
        if self.udp { Service::Datagrams } else { Service::Echo { buffer: BUFFER } }
    }
}

/// Time, processor time and latencies of a message.
pub(crate) fn echo(meter: Meter, echo: Echo, serve: Serve) -> Result<Sample, String> {
    cores::descriptors(echo.connections as u64 + 100)?;
    let mut notes = Vec::new();
    let addr = start(serve, echo.service(), echo.place, &mut notes)?;
    let load = Watched::start(Command::new(this()?).args(echo.arguments(echo.lasts(meter), addr)))?;
    Ok(measured(load, cpu_time)?.noting(notes))
}

/// The same against a server in another process, whose processor time `cpu` tells.
pub(crate) fn echo_elsewhere(
    meter: Meter,
    echo: Echo,
    addr: SocketAddr,
    cpu: impl Fn() -> f64,
) -> Result<Sample, String> {
    let load = Watched::start(Command::new(this()?).args(echo.arguments(echo.lasts(meter), addr)))?;
    measured(load, cpu)
}

/// Time and processor time of a connection that is accepted and closed.
pub(crate) fn connections(meter: Meter, serve: Serve) -> Result<Sample, String> {
    let mut notes = Vec::new();
    let addr = start(serve, Service::Close, Place::Apart, &mut notes)?;
    let (warm, measure) = (meter.pick(10, 100), meter.pick(40, 500));
    let arguments = [addr.to_string(), format!("--warm={warm}"), format!("--measured={measure}")];
    let load = Watched::start(Command::new(this()?).arg("connections").args(arguments))?;
    Ok(measured(load, cpu_time)?.noting(notes))
}

/// System calls of the server for a message: two runs of different length, so that connecting does not count.
pub(crate) fn calls(meter: Meter, echo: Echo, serve: Serve) -> Result<Sample, String> {
    let mut notes = Vec::new();
    let addr = start(serve, echo.service(), echo.place, &mut notes)?;
    let this = this()?;
    let count = |lasts| -> Result<(f64, u64), String> {
        let mut perf = Command::new("perf");
        perf.args(["stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", &std::process::id().to_string(), "--"]);
        let mut load = Watched::start(perf.arg(&this).args(echo.arguments(lasts, addr)).stderr(Stdio::piped()))?;
        load.until("begin")?;
        let seen = load.seen()?;
        let table = load.ends()?;
        let counted = table.lines().find(|line| line.contains("sys_enter")).and_then(|line| line.split(',').next());
        let counted = counted.and_then(|count| count.parse().ok());
        Ok((counted.ok_or_else(|| format!("perf said nothing of use: {table}"))?, seen.ever))
    };
    // The few that this thread makes meanwhile are the same in both.
    let (short, long) = (count(20)?, count(meter.pick(120, 500))?);
    Ok(Sample::of([("", (long.0 - short.0) / (long.1 as f64 - short.1 as f64))]).noting(notes))
}

/// Memory of the server for each connection that does nothing.
pub(crate) fn memory(meter: Meter, serve: Serve) -> Result<Sample, String> {
    let (first, then) = (200, meter.pick(2_000, 8_000));
    cores::descriptors(first + then + 100)?;
    let addr = start(serve, Service::Echo { buffer: 1 }, Place::Anywhere, &mut Vec::new())?;
    let mut command = Command::new(this()?);
    command.arg("hold").arg(addr.to_string()).args([format!("--first={first}"), format!("--then={then}")]);
    let mut load = Watched::start(command.stdin(Stdio::piped()))?;
    load.until("begin")?;
    let before = resident();
    load.go_on()?;
    load.until("end")?;
    Ok(Sample::one((resident() - before) / then as f64))
}

fn measured(mut load: Watched, cpu: impl Fn() -> f64) -> Result<Sample, String> {
    load.until("begin")?;
    let before = cpu();
    let seen = load.seen()?;
    let (used, count) = (cpu() - before, seen.messages as f64);
    let mut sample = Sample::of([("time", seen.nanos / count), ("cpu", used / count)]);
    if let [p50, _, _, _, p99, ..] = *seen.curve {
        sample.values.extend([("p50".to_owned(), p50), ("p99".to_owned(), p99)]);
    }
    sample.curve = seen.curve;
    Ok(sample)
}

/// Starts the server in a thread, and keeps this thread where the load belongs.
pub(super) fn start(
    serve: Serve,
    service: Service,
    place: Place,
    notes: &mut Vec<String>,
) -> Result<SocketAddr, String> {
    let (ready, addr) = mpsc::channel();
    let core = place.server_core();
    place.pin_load(notes);
    std::thread::spawn(move || {
        // What cannot be pinned was said already.
        core.map(cores::pin);
        serve(service, ready);
    });
    addr.recv_timeout(Duration::from_secs(5)).map_err(|_| "its server did not start within 5 s".to_owned())
}

pub(super) fn this() -> Result<std::path::PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("where this program stands is not known: {error}"))
}

/// A process of load, of which the output is read line by line. Dropped, it is ended.
struct Watched {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watched {
    fn start(command: &mut Command) -> Result<Watched, String> {
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("the load could not be started: {error}"))?;
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Watched { child, lines })
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => Err("the load ended early; see above".to_owned()),
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(format!("the load cannot be read: {error}")),
        }
    }

    fn until(&mut self, word: &str) -> Result<(), String> {
        let line = self.line()?;
        if line == word { Ok(()) } else { Err(format!("the load said `{line}`, and not `{word}`")) }
    }

    fn seen(&mut self) -> Result<Seen, String> {
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|error| format!("the load said `{line}`: {error}"))
    }

    fn go_on(&mut self) -> Result<(), String> {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        stdin.write_all(b"\n").map_err(|error| format!("the load is gone: {error}"))
    }

    /// What it wrote to the error stream by its end.
    fn ends(mut self) -> Result<String, String> {
        let mut text = String::new();
        if let Some(errors) = &mut self.child.stderr {
            std::io::Read::read_to_string(errors, &mut text).map_err(|error| error.to_string())?;
        }
        Ok(text)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}
