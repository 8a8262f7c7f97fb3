//! A real HTTP/1.1 server: `GET /delay/{seconds}` answers JSON after that time. It counts connections and requests in flight,
//! and remembers in which order requests with a number (`?number=7`) came.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use whit::net::TcpListener;
use whit_hyper::WhitIo;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    pub addr: SocketAddr,
    counts: Arc<Counts>,
    _accepting: whit::Task<()>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    order: Mutex<Vec<usize>>,
}

/// A request that is being answered; dropped when it has been, or when its connection dies before.
struct InFlight(Arc<Counts>);

impl InFlight {
    fn new(counts: Arc<Counts>) -> InFlight {
        let now = counts.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        counts.peak.fetch_max(now, Ordering::Relaxed);
        InFlight(counts)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Server {
    pub async fn start() -> std::io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let accepting = whit::spawn(accept(listener, counts.clone()));
        Ok(Server { addr, counts, _accepting: accepting })
    }

    /// The connections that were accepted since the last call. A client that keeps its connections makes few.
    pub fn take_connections(&self) -> usize {
        self.counts.connections.swap(0, Ordering::Relaxed)
    }

    /// The requests that are being answered.
    pub fn in_flight(&self) -> usize {
        self.counts.in_flight.load(Ordering::Relaxed)
    }

    /// The numbers of the requests that had one, in the order they came, since the last call.
    pub fn take_order(&self) -> Vec<usize> {
        std::mem::take(&mut *self.counts.order.lock().unwrap())
    }

    /// The most requests that were in flight at once since the last call.
    pub fn take_peak(&self) -> usize {
        self.counts.peak.swap(0, Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, counts: Arc<Counts>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                counts.connections.fetch_add(1, Ordering::Relaxed);
                let counts = counts.clone();
                let serve = async move {
                    let _ = stream.set_nodelay(true);
                    let service = service_fn(move |request| answer(request, counts.clone()));
                    // A client that hangs up in the middle is no news.
                    let _ = http1::Builder::new().serve_connection(WhitIo::new(stream), service).await;
                };
                whit::spawn(serve).detach();
            }
            Err(error) => {
                // Out of descriptors, most likely: let some connections end.
                eprintln!("accept failed: {error}");
                whit::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn answer(request: Request<Incoming>, counts: Arc<Counts>) -> Result<Response<Full<Bytes>>, Infallible> {
    let seconds = request.uri().path().strip_prefix("/delay/").and_then(|text| text.parse::<f64>().ok());
    let delay = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let Some(delay) = delay else {
        let body = Full::from(r#"{"error": "ask for /delay/{seconds}"}"#);
        return Ok(Response::builder().status(StatusCode::NOT_FOUND).body(body).expect("a valid response"));
    };
    let number = request.uri().query().and_then(|query| query.strip_prefix("number="));
    if let Some(number) = number.and_then(|text| text.parse().ok()) {
        counts.order.lock().unwrap().push(number);
    }
    let in_flight = InFlight::new(counts);
    whit::sleep(delay).await;
    drop(in_flight);
    let body = Full::from(format!(r#"{{"delay": {}}}"#, delay.as_secs_f64()));
    Ok(Response::builder().header("content-type", "application/json").body(body).expect("a valid response"))
}
