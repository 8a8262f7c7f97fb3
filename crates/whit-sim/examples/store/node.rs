//! A node of the store: it answers requests, one line each, and if it leads, it numbers the writes and passes them on.
//!
//! | request | answer |
//! | --- | --- |
//! | `put REQUEST KEY VALUE` | `ok VERSION` once a majority will remember it; the leader's only |
//! | `get KEY` | `ok VERSION REQUEST KEY VALUE` of the newest that this node knows, or `none` |
//! | `keep VERSION REQUEST KEY VALUE` | `ok` once this node will remember it |
//!
//! A write is decided when two of the three nodes have it on their disks. A client that reads asks two as well, and passes on
//! what is newest: so whoever reads later sees that or something newer, whatever has crashed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use whit::io::{BufReader, WriteHalf};
use whit::net::{TcpListener, TcpStream};
use whit::prelude::*;
use whit::sync::Mutex;

use super::log::{Entry, Log};

/// How long a request may take before it is tried anew.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Who a node is, and whom it knows.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: String,
    pub(crate) folder: PathBuf,
    /// The other two; empty for those who do not lead.
    pub(crate) followers: Vec<String>,
    /// The planted bug: the leader says `ok` when it alone has the write.
    pub(crate) acknowledge_early: bool,
}

/// Serves until it fails.
pub(crate) async fn serve(config: Config) -> io::Result<()> {
    let log = Arc::new(Mutex::new(Log::open(&config.folder).await?));
    let listener = TcpListener::bind(&*config.listen).await?;
    let config = Arc::new(config);
    loop {
        let (stream, _) = listener.accept().await?;
        let (config, log) = (config.clone(), log.clone());
        // A connection that breaks is its client's business.
        whit::spawn(async move { drop(converse(stream, &config, &log).await) }).detach();
    }
}

async fn converse(stream: TcpStream, config: &Config, log: &Arc<Mutex<Log>>) -> io::Result<()> {
    let (reader, mut writer) = whit::io::split(stream);
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next().await {
        let line = line?;
        let answer = match line.split(' ').collect::<Vec<_>>()[..] {
            ["put", request, key, value] => put(request, key, value, config, log).await?,
            ["get", key] => match log.lock().await.get(key) {
                Some(entry) => format!("ok {}", entry.to_line()),
                None => "none".to_owned(),
            },
            ["keep", ref words @ ..] => keep(words, log).await?,
            _ => format!("error: {line:?} is no request; put, get and keep are"),
        };
        send(&mut writer, &answer).await?;
    }
    Ok(())
}

async fn keep(words: &[&str], log: &Mutex<Log>) -> io::Result<String> {
    let Some(entry) = Entry::from_words(words) else { return Ok(format!("error: {words:?} is no entry")) };
    log.lock().await.append(entry).await?;
    Ok("ok".to_owned())
}

async fn put(request: &str, key: &str, value: &str, config: &Config, log: &Mutex<Log>) -> io::Result<String> {
    let Ok(request) = request.parse() else { return Ok("error: a request has a number".to_owned()) };
    if config.followers.is_empty() {
        return Ok("error: this node does not lead".to_owned());
    }
    let entry = {
        // Held over the write, so that versions come to the disk in their order.
        let mut log = log.lock().await;
        match log.by_request(request) {
            Some(known) => known.clone(),
            None => {
                let (key, value) = (key.to_owned(), value.to_owned());
                let entry = Entry { version: log.next_version(), request, key, value };
                log.append(entry.clone()).await?;
                entry
            }
        }
    };
    let version = entry.version;
    let copies = config.followers.iter().map(|follower| whit::spawn(pass_on(follower.clone(), entry.clone())));
    let copies: Vec<_> = copies.collect();
    if config.acknowledge_early {
        copies.into_iter().for_each(whit::Task::detach);
    } else {
        // The first of the followers makes a majority; the other gets it when somebody reads.
        whit::scope::race(copies).await;
    }
    Ok(format!("ok {version}"))
}

/// Tries until this node has it.
pub(crate) async fn pass_on(node: String, entry: Entry) {
    let request = format!("keep {}", entry.to_line());
    while ask(&node, &request).await.ok().as_deref() != Some("ok") {
        whit::sleep(Duration::from_millis(100)).await;
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(node: &str, request: &str) -> io::Result<String> {
    let talk = async {
        let (reader, mut writer) = whit::io::split(TcpStream::connect(node).await?);
        send(&mut writer, request).await?;
        let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, format!("{node} went away before it answered"));
        BufReader::new(reader).lines().next().await.unwrap_or_else(|| Err(gone()))
    };
    match whit::timeout(PATIENCE, talk).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("{node} did not answer {request:?} in time"))),
    }
}

async fn send(writer: &mut WriteHalf<TcpStream>, line: &str) -> io::Result<()> {
    writer.write_all(format!("{line}\n").as_bytes()).await?;
    writer.flush().await
}
