//! A TCP echo server: what it hears it says back, to any number of connections at once.
//!
//! `cargo run --release --example echo -- [workers] [connections]`, then `nc 127.0.0.1 <port>`: on so many workers (one for each
//! core by default), until so many connections have ended (for ever by default).
//!
//! asyncio: `server = await asyncio.start_server(echo, "127.0.0.1", 0)`. `cargo xtask syscalls` counts what it asks of the system.

use std::io::Result;
use std::time::Duration;

use whit::channel::unbounded;
use whit::net::{TcpListener, TcpStream, is_out_of_descriptors};
use whit::prelude::*;

/// One connection, until its peer has no more to say.
async fn echo(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

/// Accepts so many connections, a task for each, and returns when all of them have ended.
#[allow(unreachable_pub, reason = "a test calls it as well")]
pub async fn serve(listener: TcpListener, connections: usize) -> Result<()> {
    // Nothing is ever sent: each task holds a sender, and when the last of them is gone the receiver is told.
    let (alive, all_ended) = unbounded::<()>();
    for _ in 0..connections {
        let (stream, peer) = accept(&listener).await?;
        let alive = alive.clone();
        whit::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("the connection of {peer} broke: {error}");
            }
            drop(alive);
        })
        .detach();
    }
    drop(alive);
    let _ = all_ended.recv().await;
    Ok(())
}

async fn accept(listener: &TcpListener) -> Result<(TcpStream, std::net::SocketAddr)> {
    loop {
        match listener.accept().await {
            Err(error) if is_out_of_descriptors(&error) => {
                // The connection waits in the system's queue, until another one ends.
                eprintln!("{error}");
                whit::sleep(Duration::from_millis(100)).await;
            }
            accepted => return accepted,
        }
    }
}

#[allow(dead_code)]
fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("the arguments are numbers"));
    let mut builder = whit::Builder::new();
    if let Some(workers) = numbers.next() {
        builder = builder.workers(workers);
    }
    builder.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on {}", listener.local_addr()?);
        serve(listener, numbers.next().unwrap_or(usize::MAX)).await
    })
}
