//! Five requests of one second each over real connections, one after the other and together.
//!
//! asyncio: `for _ in range(5): await fetch(session, url)` against `await asyncio.gather(*(fetch(session, url) …))`.

#![allow(unreachable_pub, reason = "the chapters are programs of their own and parts of the tour")]

#[path = "support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
pub mod support;

use support::client::BoxError;
use support::{Client, Log, Row, Server};
use whit::time::now;

/// The chapter itself, for whatever runs it.
pub async fn story(log: &Log) -> Result<Vec<Row>, BoxError> {
    let server = Server::start().await?;
    let client = Client::new(server.addr);

    let started = now();
    for _ in 0..5 {
        client.get("/delay/1").await?;
    }
    let sequential = now() - started;
    log.say(format!("Sequential: {:.2}s for 5 requests", sequential.as_secs_f64()));
    let kept = server.take_connections();

    let started = now();
    whit::try_gather!(in (0..5).map(|_| client.get("/delay/1"))).await?;
    let concurrent = now() - started;
    log.say(format!("Concurrent: {:.2}s for 5 requests", concurrent.as_secs_f64()));

    // The first of them goes over the connection that is there already.
    let more = server.take_connections();
    log.say(format!("Connections: {kept} for the sequential requests, {more} more for the concurrent ones"));

    Ok(vec![
        Row::time("five requests, sequential", sequential, 5.00, 5.25),
        Row::time("five requests, concurrent", concurrent, 1.00, 1.15),
        Row::fact("connections: first, then more", "1, then 4", format!("{kept}, then {more}"), (kept, more) == (1, 4)),
    ])
}

/// Runs the chapter; the rows for the report.
pub fn chapter(log: &Log) -> Result<Vec<Row>, BoxError> {
    whit::run(story(log))
}

#[allow(dead_code)]
fn main() -> Result<(), BoxError> {
    chapter(&Log::new("http")).map(drop)
}
