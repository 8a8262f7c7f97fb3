//! Rows of sockets and of HTTP.

use super::{ALL, Contender, KEEP, Line, MEMORY, Row, with_python};
use crate::net::cores::Place;
use crate::net::http;
use crate::net::python;
use crate::net::samples::{self, Echo};
use crate::net::servers::{Serve, by_hand, compio, glommio, monoio, smol, tokio, whit};
use crate::runtimes::{Smol, SmolLocal, Whit, WhitLocal};
use crate::tools::Tool;

const APART: &str = "Echo over TCP, server on one core and load on another";
const TOGETHER: &str = "Echo over TCP, server and load on the same core";
const WORKERS: &str = "Echo over TCP, server on two workers";
const OTHER: &str = "Connections and datagrams, server on one core and load on another";
const CALLS: &str = "System calls of the server for a message";
const HTTP: &str = "HTTP, hyper says hello to wrk";

const ONE_THREAD: [(&str, Serve); 7] = [
    ("whit", whit::serve::<WhitLocal>),
    ("tokio", tokio::serve::<false>),
    ("smol", smol::serve::<SmolLocal>),
    ("monoio", monoio::serve),
    ("compio", compio::serve),
    ("glommio", glommio::serve),
    ("epoll", by_hand::serve::<1, false>),
];

const TWO_WORKERS: [(&str, Serve); 4] = [
    ("whit", whit::serve::<Whit>),
    ("tokio", tokio::serve::<true>),
    ("smol", smol::serve::<Smol>),
    ("epoll", by_hand::serve::<2, false>),
];

/// Where messages are large and connections many, memory is what differs: with a buffer for each, as tasks have.
const OWN_BUFFERS: [&[(&str, Serve)]; 2] =
    [&[("epoll own", by_hand::serve::<1, true>)], &[("epoll own", by_hand::serve::<2, true>)]];

/// Metrics of a message, and how the tables call them.
const METRICS: [&str; 4] = ["time", "cpu", "p50", "p99"];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (group, prefix, place, contenders) in [
        (APART, "echo", Place::Apart, &ONE_THREAD[..]),
        (TOGETHER, "echo-same", Place::Together, &ONE_THREAD[..]),
        (WORKERS, "echo-two", Place::Anywhere, &TWO_WORKERS[..]),
    ] {
        for (size, bytes) in [("64", 64), ("1k", 1024), ("16k", 16 * 1024)] {
            for connections in [1, 64, 1000] {
                if group == TOGETHER && (bytes, connections) != (64, 64) {
                    continue;
                }
                let name = format!("{prefix}-{size}x{connections}");
                let echo = Echo { connections, size: bytes, place, udp: false };
                rows.push(echo_row(group, name, echo, contenders));
            }
        }
    }
    rows.push(many(
        OTHER,
        "accept",
        "a connection that is accepted and closed",
        ["time", "cpu"],
        each(&ONE_THREAD, |serve, meter| samples::connections(meter, serve)),
    ));
    let datagrams = Echo { connections: 64, size: 64, place: Place::Apart, udp: true };
    rows.push(many(
        OTHER,
        "udp-64x64",
        "64 sockets send 64 bytes and get them back",
        METRICS,
        each(&ONE_THREAD, move |serve, meter| samples::echo(meter, datagrams, serve)),
    ));
    for connections in [1, 64] {
        let echo = Echo { connections, size: 64, place: Place::Apart, udp: false };
        let row = many(
            CALLS,
            &format!("calls-64x{connections}"),
            if connections == 1 { "64 bytes, one connection" } else { "64 bytes, 64 connections" },
            [""],
            each(&ONE_THREAD, move |serve, meter| samples::calls(meter, echo, serve)),
        );
        rows.push(Row { needs: Some(Tool::Perf), rounds_max: (1, 3), ..row });
    }
    rows.extend(hello());
    rows
}

/// Bytes of a server's memory for each connection.
pub(super) fn memory() -> Row {
    let contenders = each(&ONE_THREAD[..6], |serve, meter| samples::memory(meter, serve));
    let row = many(KEEP, "idle-socket", "a connection, and a task that reads from it", [""], contenders);
    Row { rounds_max: MEMORY, ..row }
}

fn echo_row(group: &'static str, name: String, echo: Echo, contenders: &'static [(&str, Serve)]) -> Row {
    let what = match echo.connections {
        1 => format!("{} bytes, one connection", echo.size),
        many => format!("{} bytes, {many} connections", echo.size),
    };
    let mut contenders = each(contenders, move |serve, meter| samples::echo(meter, echo, serve));
    if echo.size == 16 * 1024 && echo.connections == 1000 {
        let own = OWN_BUFFERS[usize::from(group == WORKERS)];
        contenders.extend(each(own, move |serve, meter| samples::echo(meter, echo, serve)));
    }
    let flagship = echo.size == 64 && echo.connections == 64;
    if flagship && group == APART {
        contenders = with_python(contenders, move |meter, event_loop| python::echo(meter, echo, event_loop));
    }
    let mut row = many(group, &name, &what, METRICS, contenders);
    for line in &mut row.lines {
        line.bars = match (echo.connections, line.metric) {
            (64, "time") if group == APART => vec![("tokio", 1.0), ("smol", 1.25)],
            (64, "time") => vec![("tokio", 1.0), ("smol", 1.1)],
            (64, "cpu") => vec![("tokio", 1.0)],
            (1000, "time") => vec![("tokio", 1.2)],
            (1000, "p99") => vec![("tokio", 1.0)],
            _ => Vec::new(),
        };
    }
    if !flagship {
        row.rounds_max = (if echo.size == 64 { 5 } else { 2 }, usize::MAX);
    }
    row
}

fn hello() -> [Row; 2] {
    let row = |name, what, place, contenders: [(&'static str, http::Serve); 3]| {
        let contenders =
            contenders.map(|(name, serve)| Contender::new(name, move |meter| http::sample(meter, place, serve)));
        let mut row = many(HTTP, name, what, ["time", "cpu"], contenders.into());
        row.lines.iter_mut().for_each(|line| line.bars = vec![("tokio", 1.0)]);
        Row { needs: Some(Tool::Wrk), rounds_max: (4, usize::MAX), ..row }
    };
    [
        row(
            "http-one",
            "64 connections, server on one core and wrk on another",
            Place::Apart,
            [("whit", http::whit::<WhitLocal>), ("tokio", http::tokio::<false>), ("smol", http::smol::<SmolLocal>)],
        ),
        row(
            "http-two",
            "64 connections, server on two workers",
            Place::Anywhere,
            [("whit", http::whit::<Whit>), ("tokio", http::tokio::<true>), ("smol", http::smol::<Smol>)],
        ),
    ]
}

fn each(
    contenders: &'static [(&str, Serve)],
    take: impl Fn(Serve, crate::meter::Meter) -> Result<crate::sample::Sample, String> + Copy + 'static,
) -> Vec<Contender> {
    contenders.iter().map(|&(name, serve)| Contender::new(name, move |meter| take(serve, meter))).collect()
}

/// A row that shows several metrics of the same sample.
fn many<const N: usize>(
    group: &'static str,
    name: &str,
    what: &str,
    metrics: [&'static str; N],
    contenders: Vec<Contender>,
) -> Row {
    let line = |metric| Line { group, what: what.to_owned(), metric, bars: Vec::new(), at_most: None };
    Row { name: name.to_owned(), contenders, lines: metrics.map(line).into(), rounds_max: ALL, needs: None }
}
