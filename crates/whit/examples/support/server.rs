//! A real HTTP/1.1 server: `GET /delay/{seconds}` answers JSON after that time. It counts the requests in flight.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

impl Server {
    pub async fn start() -> std::io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let accepting = whit::spawn(accept(listener, counts.clone()));
        Ok(Server { addr, counts, _accepting: accepting })
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
    let now = counts.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    counts.peak.fetch_max(now, Ordering::Relaxed);
    whit::sleep(delay).await;
    counts.in_flight.fetch_sub(1, Ordering::Relaxed);
    let body = Full::from(format!(r#"{{"delay": {}}}"#, delay.as_secs_f64()));
    Ok(Response::builder().header("content-type", "application/json").body(body).expect("a valid response"))
}
