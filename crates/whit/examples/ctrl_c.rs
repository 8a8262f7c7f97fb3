//! Ctrl-C: a server that drains its connections. Who is between two questions is let go at once, who waits for an answer gets it,
//! and no answer takes longer than a second.
//!
//! `cargo run --example ctrl_c`. Three clients, and a Ctrl-C, come by themselves. Look at when each client is let go.
//!
//! asyncio: `asyncio.run` cancels the main task at Ctrl-C; but `asyncio.shield` does not wait for what it shields.

#![allow(unreachable_pub, reason = "a test runs it as well")]

#[path = "support/log.rs"]
#[allow(dead_code, missing_docs)]
pub mod support;

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use support::{Log, Row};
use whit::net::{TcpListener, TcpStream};
use whit::prelude::*;
use whit::scope::{GroupBuilder, GroupError, Policy};
use whit::{Builder, move_on_after, shield};

/// Serves for ever. The group ends when all of its connections have.
async fn serve(listener: TcpListener, log: Log) -> Result<(), GroupError<io::Error>> {
    // A connection that breaks is nothing to the others.
    let group = GroupBuilder::new().policy(Policy::Discard).run(|group| async move {
        loop {
            let (stream, _peer) = listener.accept().await?;
            group.spawn(converse(stream, log.clone()));
        }
    });
    group.await
}

/// Answers questions, one a line: a number of milliseconds, which is the time that the answer takes.
async fn converse(mut stream: TcpStream, log: Log) -> io::Result<()> {
    let mut questions = whit::io::BufReader::new(stream.clone()).lines();
    // Here Ctrl-C ends it...
    while let Some(question) = questions.next().await {
        let question = question?;
        let answer = async {
            whit::sleep(Duration::from_millis(question.parse().unwrap_or(0))).await;
            stream.write_all(b"here you are\n").await
        };
        // ...and here it waits, for as long as the limit inside the shield says.
        if shield(move_on_after(Duration::from_secs(1), answer)).await.is_none() {
            log.say(format!("server: {question} ms are too long"));
        }
    }
    Ok(())
}

/// Asks one question, and stays. Whether there was an answer, and when the server let it go.
fn client(address: SocketAddr, name: &str, question: &str, log: &Log) -> io::Result<(bool, Instant)> {
    let mut stream = std::net::TcpStream::connect(address)?;
    writeln!(stream, "{question}")?;
    let answers: Vec<_> = io::BufReader::new(stream).lines().collect::<io::Result<_>>()?;
    log.say(format!(
        "{name}: {} after a question of {question} ms",
        answers.first().map_or("no answer", String::as_str)
    ));
    Ok((!answers.is_empty(), Instant::now()))
}

/// Presses Ctrl-C.
fn press(log: &Log) -> Instant {
    thread::sleep(Duration::from_millis(300));
    log.say("Ctrl-C");
    let pressed = Instant::now();
    #[cfg(unix)]
    let sent = std::process::Command::new("kill").args(["-INT", &std::process::id().to_string()]).status();
    #[cfg(unix)]
    assert!(sent.is_ok_and(|status| status.success()), "there is a `kill` on Unix");
    #[cfg(not(unix))]
    whit::scope::interrupt();
    pressed
}

/// Runs it.
pub fn chapter(log: &Log) -> io::Result<Vec<Row>> {
    let (sender, address) = std::sync::mpsc::channel();
    let server_log = log.clone();
    // The clients are threads, as they are not part of the server.
    let (server, idle, busy, slow, pressed) = thread::scope(|scope| {
        let world = scope.spawn(move || {
            let address: SocketAddr = address.recv().expect("the server starts");
            let ask = |name, question| scope.spawn(move || client(address, name, question, log));
            let clients = [ask("idle", "10"), ask("busy", "700"), ask("slow", "10000")];
            let pressed = press(log);
            (clients.map(|client| client.join().expect("no client panics")), pressed)
        });
        // `#[whit::main]` does the same, and ends the program with 130 where this gets an error.
        let server = Builder::new().ctrl_c(true).try_run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            sender.send(listener.local_addr()?).expect("the clients wait for it");
            serve(listener, server_log).await.map_err(io::Error::other)
        });
        let ([idle, busy, slow], pressed) = world.join().expect("the clients do not panic");
        (server, idle, busy, slow, pressed)
    });
    let interrupted = server.is_err_and(|error| error.is_interrupted());
    log.say("server: all connections have ended");

    let ((idle, at_once), (busy, later), (slow, last)) = (idle?, busy?, slow?);
    Ok(vec![
        Row::fact(
            "answers: idle, busy, slow",
            "yes, yes, no",
            format!("{idle}, {busy}, {slow}"),
            idle && busy && !slow,
        ),
        Row::fact("interrupted", "yes", interrupted.to_string(), interrupted),
        Row::time("the idle client is let go after", at_once - pressed, 0.0, 0.15),
        Row::time("the busy one has its answer after", later - pressed, 0.3, 0.55),
        Row::time("and the slow one is let go after", last - pressed, 0.6, 0.9),
    ])
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    chapter(&Log::new("ctrl_c")).map(drop)
}
