//! Connecting over loopback: refusals, dead addresses, names, and connects that are given up.

mod support;

use std::io;

use futures_lite::future::{block_on, poll_once};
use support::dead_address;
use whit_net::{TcpListener, TcpStream, resolve};

#[test]
fn a_refusal_names_the_address_and_keeps_the_kind() {
    let (_taken, dead) = dead_address();
    let error = block_on(TcpStream::connect(dead)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let text = error.to_string();
    assert!(text.starts_with(&format!("connecting to {dead} failed: ")), "{text}");
    assert!(text.ends_with("start the server first, or check the port"), "{text}");
    let error = block_on(TcpStream::connect_to(dead)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_dead_first_address_does_not_matter() {
    block_on(async {
        let (_taken, dead) = dead_address();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let stream = TcpStream::connect([dead, listener.local_addr()?]).await?;
        assert_eq!(stream.peer_addr()?, listener.local_addr()?);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn two_dead_addresses_are_both_named() {
    let ((_one, first), (_two, second)) = (dead_address(), dead_address());
    let error = block_on(TcpStream::connect(vec![first, second])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let text = error.to_string();
    assert!(text.contains(&first.to_string()) && text.contains(&second.to_string()), "{text}");
}

#[test]
fn no_address_is_an_error_of_its_own() {
    let error = block_on(TcpStream::connect(Vec::new())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let error = block_on(TcpListener::bind("here")).unwrap_err();
    assert!(error.to_string().contains("host:port"), "{error}");
}

#[test]
fn localhost_is_looked_up() {
    block_on(async {
        let found = resolve(("localhost", 80)).await?;
        assert!(!found.is_empty() && found.iter().all(|a| a.ip().is_loopback() && a.port() == 80), "{found:?}");
        let listener = TcpListener::bind("localhost:0").await?;
        let stream = TcpStream::connect(format!("localhost:{}", listener.local_addr()?.port())).await?;
        assert_eq!(stream.peer_addr()?, listener.local_addr()?);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_connect_that_is_given_up_leaves_the_listener_usable() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        for _ in 0..20 {
            // One poll begins it; then it is dropped, connected or not.
            let _ = poll_once(TcpStream::connect(address)).await;
        }
        let stream = TcpStream::connect(address).await?;
        loop {
            if listener.accept().await?.1 == stream.local_addr()? {
                return io::Result::Ok(());
            }
        }
    })
    .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_connect_that_never_ends_can_be_timed_out() {
    use futures_lite::future::or;
    use std::time::Duration;

    block_on(async {
        // A full queue that nobody empties: Linux then leaves further connects unanswered.
        let listener = whit_net::TcpSocket::new().backlog(0).listen("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        let timed_out = loop {
            let connecting = async { Some(TcpStream::connect(address).await) };
            let timeout = async {
                whit_timers::sleep(Duration::from_millis(200)).await;
                None
            };
            match or(connecting, timeout).await {
                Some(stream) => queued.push(stream?),
                None => break true,
            }
            if queued.len() > 64 {
                break false;
            }
        };
        assert!(timed_out, "the queue never filled");
        io::Result::Ok(())
    })
    .unwrap();
}
