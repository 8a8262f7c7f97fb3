//! At most so many requests at once.
//!
//! asyncio: `async with asyncio.Semaphore(3): await fetch(…)`.

#![allow(unreachable_pub, reason = "the chapters are programs of their own and parts of the tour")]

#[path = "support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
pub mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::client::BoxError;
use support::{Client, Log, Row, Server};
use whit::sync::Semaphore;
use whit::time::now;

/// Makes `count` requests, at most `limit` at once. In which order they started, and how long all took.
async fn limited(
    client: &Arc<Client>,
    count: usize,
    limit: usize,
    seconds: f64,
) -> Result<(Vec<usize>, Duration), BoxError> {
    let semaphore = Arc::new(Semaphore::new(limit));
    let order = Arc::new(Mutex::new(Vec::new()));
    let started = now();
    let requests = (0..count).map(|number| {
        let (semaphore, client, order) = (semaphore.clone(), client.clone(), order.clone());
        async move {
            let _permit = semaphore.acquire().await.expect("nobody closes it");
            order.lock().unwrap().push(number);
            client.get(&format!("/delay/{seconds}?number={number}")).await
        }
    });
    whit::try_gather!(in requests).await?;
    let order = std::mem::take(&mut *order.lock().unwrap());
    Ok((order, now() - started))
}

/// The chapter itself, for whatever runs it.
pub async fn story(log: &Log) -> Result<Vec<Row>, BoxError> {
    let server = Server::start().await?;
    let client = Arc::new(Client::new(server.addr));

    let (order, few) = limited(&client, 10, 3, 1.0).await?;
    let (few_peak, few_connections, seen) = (server.take_peak(), server.take_connections(), server.take_order());
    log.say(format!("Started in the order {order:?}"));
    log.say(format!("The server saw them in the order {seen:?}, over {few_connections} connections"));
    log.say(format!("10 requests, at most 3 at once: {:.2}s, the server saw {few_peak} at once", few.as_secs_f64()));

    let (_, many) = limited(&client, 1000, 50, 0.2).await?;
    let (many_peak, connections) = (server.take_peak(), few_connections + server.take_connections());
    log.say(format!(
        "1000 requests, at most 50 at once: {:.2}s, the server saw {many_peak} at once",
        many.as_secs_f64()
    ));

    let in_order = order.iter().copied().eq(0..10);
    // Those that start together come over different connections, to different workers: among them the order is open.
    let mut waves: Vec<_> = seen.clone();
    waves.chunks_mut(3).for_each(|wave| wave.sort_unstable());
    let seen_in_order = waves.into_iter().eq(0..10);
    Ok(vec![
        Row::time("ten requests, three at once", few, 4.00, 4.25),
        Row::fact("the server's count, three at once", "3", few_peak.to_string(), few_peak == 3),
        Row::fact("started in order", "0 to 9", format!("{order:?}"), in_order),
        Row::fact("came in order, three by three", "0 to 9", format!("{seen:?}"), seen_in_order),
        Row::time("a thousand requests, fifty at once", many, 4.00, 4.25),
        Row::fact("the server's count, fifty at once", "50", many_peak.to_string(), many_peak == 50),
        Row::fact("connections for all of them", "50", connections.to_string(), connections == 50),
    ])
}

/// Runs the chapter; the rows for the report.
pub fn chapter(log: &Log) -> Result<Vec<Row>, BoxError> {
    whit::run(story(log))
}

#[allow(dead_code)]
fn main() -> Result<(), BoxError> {
    chapter(&Log::new("semaphore")).map(drop)
}
