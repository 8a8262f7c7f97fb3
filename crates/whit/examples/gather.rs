//! Three fetches started together: they complete in the order of their delays, and the results come in the order asked.
//!
//! asyncio: `results = await asyncio.gather(fetch("database", 2), fetch("cache", 0.5), fetch("api", 1))`

#![allow(unreachable_pub, reason = "the chapters are programs of their own and parts of the tour")]

#[path = "support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
pub mod support;

use support::client::BoxError;
use support::{Client, Log, Row, Server};
use whit::time::now;

async fn fetch(log: &Log, client: &Client, source: &str, seconds: f64) -> Result<String, BoxError> {
    log.say(format!("Starting fetch from {source}"));
    client.get(&format!("/delay/{seconds}")).await?;
    log.say(format!("Completed fetch from {source}"));
    Ok(format!("Data from {source}"))
}

/// The chapter itself, for whatever runs it.
pub async fn story(log: &Log) -> Result<Vec<Row>, BoxError> {
    let server = Server::start().await?;
    let client = Client::new(server.addr);

    let started = now();
    let (database, cache, api) = whit::try_gather!(
        fetch(log, &client, "database", 2.0),
        fetch(log, &client, "cache", 0.5),
        fetch(log, &client, "api", 1.0),
    )
    .await?;
    let took = now() - started;

    log.say(format!("All results: ['{database}', '{cache}', '{api}']"));
    Ok(vec![Row::time("three fetches together", took, 2.00, 2.10)])
}

/// Runs the chapter; the rows for the report.
pub fn chapter(log: &Log) -> Result<Vec<Row>, BoxError> {
    whit::run(story(log))
}

#[allow(dead_code)]
fn main() -> Result<(), BoxError> {
    chapter(&Log::new("gather")).map(drop)
}
