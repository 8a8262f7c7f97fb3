//! hyper's client and server, unchanged, between two hosts: over bad links, through crashes, and the same for the same seed.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use whit::net::{TcpListener, TcpStream};
use whit_hyper::{WhitExecutor, WhitIo, WhitTimer};
use whit_sim::{Ended, Latency, Sim};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

type Failed = Box<dyn Error + Send + Sync>;

#[derive(Clone, Copy, Debug)]
enum Version {
    One,
    Two,
}

/// Answers with the body doubled.
async fn double(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Response::new(Full::from([&*body, &*body].concat())))
}

async fn serve(version: Version) {
    let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let io = WhitIo::new(stream);
        whit::spawn(async move {
            // Whether a client leaves well is its own business.
            let _ = match version {
                Version::One => {
                    let mut server = server::conn::http1::Builder::new();
                    server.timer(WhitTimer).serve_connection(io, service_fn(double)).await
                }
                Version::Two => {
                    let mut server = server::conn::http2::Builder::new(WhitExecutor::current());
                    // The date is the real one, and its digits take more or less room.
                    let server = server.auto_date_header(false);
                    server.timer(WhitTimer).serve_connection(io, service_fn(double)).await
                }
            };
        })
        .detach();
    }
}

/// Asks over one connection for as long as that lasts. Answers from which number to go on.
async fn ask(version: Version, from: usize, upto: usize) -> Result<usize, (usize, Failed)> {
    let failed = |at| move |error: Failed| (at, error);
    let io = WhitIo::new(TcpStream::connect("server:80").await.map_err(|error| (from, error.into()))?);
    let request = |number: usize| Request::post("http://server/").body(Full::<Bytes>::from(vec![7; number * 3000]));
    let heard = async |number: usize, response: Response<Incoming>| {
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body.len(), number * 6000);
        Ok::<_, Failed>(())
    };
    macro_rules! all {
        ($handshake:expr) => {{
            let (mut sender, connection) = $handshake.await.map_err(|error| (from, error.into()))?;
            let driver = whit::spawn(connection);
            for number in from..upto {
                let answered = async {
                    let response = sender.send_request(request(number)?).await?;
                    heard(number, response).await
                };
                answered.await.map_err(failed(number))?;
            }
            drop(sender);
            driver.await.map_err(|error| (upto, error.into()))?;
        }};
    }
    match version {
        Version::One => all!(client::conn::http1::handshake(io)),
        Version::Two => all!(client::conn::http2::handshake(WhitExecutor::current(), io)),
    }
    Ok(upto)
}

const REQUESTS: usize = 40;

/// All requests, over as many connections as it takes; how many that were.
async fn ask_until_done(version: Version) -> usize {
    let (mut done, mut connections) = (0, 0);
    while done < REQUESTS {
        connections += 1;
        let asked = whit::timeout(20 * SECOND, ask(version, done, REQUESTS)).await;
        match asked {
            Ok(Ok(all)) => return if all == REQUESTS { connections } else { 0 },
            Ok(Err((at, _))) => done = at,
            // How far it had come is forgotten: so it begins anew.
            Err(_) => done = 0,
        }
        whit::sleep(50 * MS).await;
    }
    connections
}

fn simulate(seed: u64, version: Version, trouble: bool) -> Ended<usize> {
    let sim = Sim::new(seed);
    sim.host("server").start(move || serve(version));
    let controls = sim.controls();
    controls.links().latency(Latency::Exponential(MS, 2 * MS)).loss(0.02).segmentation(0.5);
    sim.execute(async move {
        let chaos = controls.clone();
        let trouble = trouble.then(|| {
            whit::spawn(async move {
                for _ in 0..3 {
                    whit::sleep(300 * MS).await;
                    chaos.crash("server");
                    whit::sleep(SECOND).await;
                    chaos.restart("server");
                }
            })
        });
        // The server may not listen yet.
        whit::sleep(10 * MS).await;
        let connections = ask_until_done(version).await;
        drop(trouble);
        connections
    })
}

#[test]
fn all_requests_are_answered_over_bad_links() {
    for version in [Version::One, Version::Two] {
        for seed in 0..10 {
            let connections = simulate(seed, version, false).result.unwrap();
            assert_eq!(connections, 1, "{version:?}, seed {seed}");
        }
    }
}

#[test]
fn a_client_that_tries_again_outlives_crashes_of_the_server() {
    for version in [Version::One, Version::Two] {
        let connections: Vec<_> = (0..10).map(|seed| simulate(seed, version, true).result.unwrap()).collect();
        assert!(connections.iter().any(|count| *count > 1), "{version:?}: {connections:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for version in [Version::One, Version::Two] {
        let run = |seed| {
            let Ended { hash, time, steps, .. } = simulate(seed, version, true);
            (hash, time, steps)
        };
        let first = run(3);
        for _ in 0..5 {
            assert_eq!(run(3), first, "{version:?}");
        }
        assert_ne!(run(4), first);
    }
}
