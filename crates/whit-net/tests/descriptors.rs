//! Running out of descriptors, in a child process of its own whose limit can be low.
#![cfg(unix)]

use std::io;
use std::process::Command;
use std::time::Duration;

use futures_lite::future::block_on;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whit_net::{TcpListener, TcpStream, is_out_of_descriptors};

const CHILD: &str = "WHIT_NET_DESCRIPTORS_CHILD";

#[test]
fn an_accept_or_connect_without_descriptors_fails_clearly_and_recovers() {
    if std::env::var_os(CHILD).is_some() {
        return block_on(run_out_and_recover()).unwrap();
    }
    let name = "an_accept_or_connect_without_descriptors_fails_clearly_and_recovers";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // A renamed test would run nothing and succeed.
    assert!(text.contains("1 passed"), "{text}");
}

async fn run_out_and_recover() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let waiting = TcpStream::connect(address).await?;

    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..limit })?;
    let mut fill = Vec::new();
    // Twice: the reactor's thread may just have had a file open, by which it asks what the kernel does.
    for _ in 0..2 {
        while let Ok(file) = std::fs::File::open("/dev/null") {
            fill.push(file);
        }
        std::thread::sleep(Duration::from_millis(20));
    }

    let error = TcpStream::connect(address).await.unwrap_err();
    assert!(is_out_of_descriptors(&error), "{error:?}");
    assert!(error.to_string().starts_with(&format!("connecting to {address} failed: ")), "{error}");
    for _ in 0..3 {
        let error = listener.accept().await.unwrap_err();
        assert!(is_out_of_descriptors(&error), "{error:?}");
        assert!(error.to_string().contains(&format!("accepting a connection on {address} failed: ")), "{error}");
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }

    // With a descriptor free again, the connection that waited is accepted, and a new one can be made.
    fill.truncate(fill.len() - 3);
    let (_stream, peer) = listener.accept().await?;
    assert_eq!(peer, waiting.local_addr()?);
    TcpStream::connect(address).await?;
    Ok(())
}
