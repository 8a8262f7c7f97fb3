//! hyper says hello, and `wrk` asks: once with the server on one core and wrk on another, once with two workers.

use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use rustix::process::{Pid, Signal, kill_process};

use super::cores::{self, Place};
use super::servers::ANY;
use crate::meter::{Meter, cpu_time};
use crate::runtimes::{Runtime, Tokio};
use crate::sample::Sample;

/// Serves until the process ends.
pub(crate) type Serve = fn(Sender<SocketAddr>);

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"Hello, world!"))))
}

/// Time and processor time of a request.
pub(crate) fn sample(meter: Meter, place: Place, serve: Serve) -> Result<Sample, String> {
    let mut notes = Vec::new();
    let (ready, addr) = mpsc::channel();
    let core = place.server_core();
    place.pin_load(&mut notes);
    std::thread::spawn(move || {
        core.map(cores::pin);
        serve(ready);
    });
    let addr = addr.recv_timeout(Duration::from_secs(5)).map_err(|_| "its server did not start within 5 s")?;

    let before = cpu_time();
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c64", "-d20s", &format!("http://{addr}/")]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut wrk = wrk.spawn().map_err(|error| format!("wrk could not be started: {error}"))?;
    std::thread::sleep(Duration::from_millis(meter.pick(300, 2_000)));
    // An interrupt ends it early, with its table.
    kill_process(Pid::from_child(&wrk), Signal::INT).map_err(|error| format!("wrk could not be ended: {error}"))?;
    let mut table = String::new();
    let output = wrk.stdout.as_mut().expect("it is piped");
    output.read_to_string(&mut table).map_err(|error| format!("wrk cannot be read: {error}"))?;
    drop(wrk.wait());
    let used = cpu_time() - before;
    let (requests, rate) = numbers(&table).ok_or_else(|| format!("wrk said nothing of use: {table}"))?;
    if table.contains("Socket errors") || table.contains("Non-2xx") {
        return Err(format!("wrk saw errors: {table}"));
    }
    Ok(Sample::of([("time", 1e9 / rate), ("cpu", used / requests)]).noting(notes))
}

/// How many requests, and how many a second.
fn numbers(table: &str) -> Option<(f64, f64)> {
    let line = |with: &str| table.lines().find(|line| line.contains(with));
    let requests = line(" requests in ")?.split_whitespace().next()?.parse().ok()?;
    let rate = line("Requests/sec:")?.split_whitespace().nth(1)?.parse().ok()?;
    Some((requests, rate))
}

pub(crate) fn whit<R: Runtime>(ready: Sender<SocketAddr>) {
    R::root(async {
        let listener = whit::net::TcpListener::bind(ANY).await.expect("a port is free");
        ready.send(listener.local_addr().expect("bound")).expect("awaited");
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.expect("descriptors are left");
                stream.set_nodelay(true).expect("open");
                let io = whit_hyper::WhitIo::new(stream);
                // A client that goes away is no fault of the server's.
                R::detach(R::spawn(
                    async move { http1::Builder::new().serve_connection(io, service_fn(hello)).await.ok() },
                ));
            }
        };
        R::spawn(accept).await
    })
}

pub(crate) fn smol<R: Runtime>(ready: Sender<SocketAddr>) {
    R::root(async {
        let listener = async_io::Async::<std::net::TcpListener>::bind(ANY).expect("a port is free");
        ready.send(listener.get_ref().local_addr().expect("bound")).expect("awaited");
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.expect("descriptors are left");
                stream.get_ref().set_nodelay(true).expect("open");
                let io = smol_hyper::rt::FuturesIo::new(stream);
                R::detach(R::spawn(
                    async move { http1::Builder::new().serve_connection(io, service_fn(hello)).await.ok() },
                ));
            }
        };
        R::spawn(accept).await
    })
}

pub(crate) fn tokio<const MANY: bool>(ready: Sender<SocketAddr>) {
    Tokio::<MANY>::root(async {
        let listener = tokio::net::TcpListener::bind(ANY).await.expect("a port is free");
        ready.send(listener.local_addr().expect("bound")).expect("awaited");
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.expect("descriptors are left");
                stream.set_nodelay(true).expect("open");
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(async move { http1::Builder::new().serve_connection(io, service_fn(hello)).await.ok() });
            }
        };
        tokio::spawn(accept).await.expect("goes on for ever")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_wrk_is_read() {
        let table = "Running 20s test @ http://127.0.0.1:1/\n  1000 requests in 304.01ms, 90.00KB read\nRequests/sec:   3289.36\n";
        assert_eq!(numbers(table), Some((1000.0, 3289.36)));
        assert_eq!(numbers("unable to connect"), None);
    }
}
