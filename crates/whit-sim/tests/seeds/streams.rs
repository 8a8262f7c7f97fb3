//! whit-net's `tests/tcp.rs`, `split.rs`, `connect.rs` and `happy_eyeballs.rs`, as far as they are about order or time.
//!
//! That a read, an accept or a receive which is given up loses nothing, and that several share a socket, is in `sockets.rs`.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Duration;

use whit::io::{AsyncReadExt, AsyncWriteExt};
use whit::net::{TcpListener, TcpSocket, TcpStream};
use whit::time::now;
use whit_sim::{Campaign, Controls, Latency};

use crate::sockets::{pair, unruly};
use crate::support::{MS, a_while, choose, ready, settled, under_seeds, waits};

fn under_seeds_of_io<F: Future<Output = io::Result<()>>>(body: impl Fn() -> F) {
    Campaign::new().seeds(1000).run(body).unwrap();
}

#[test]
fn half_close_leaves_the_other_direction_open() {
    under_seeds_of_io(|| async {
        unruly();
        let (mut client, mut server) = pair().await?;
        client.close().await?;
        client.close().await?;
        assert_eq!(server.read(&mut [0; 8]).await?, 0);
        let answers = whit::spawn_local(async move { server.write_all(b"still here").await });
        let mut heard = String::new();
        client.read_to_string(&mut heard).await?;
        assert_eq!(heard, "still here");
        answers.await?;
        assert_eq!(client.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn closing_after_the_peer_has_gone_is_no_error() {
    under_seeds_of_io(|| async {
        unruly();
        let (mut client, server) = pair().await?;
        server.shutdown(Shutdown::Both)?;
        drop(server);
        a_while().await;
        assert_eq!(client.read(&mut [0; 1]).await?, 0);
        client.close().await
    });
}

#[test]
fn shutdown_ends_a_read_that_waits() {
    under_seeds_of_io(|| async {
        unruly();
        let (client, _server) = pair().await?;
        let mut reader = client.clone();
        let reading = waits(async move { reader.read(&mut [0; 8]).await }).await;
        client.shutdown(Shutdown::Read)?;
        assert_eq!(ready(reading).await?, 0);
        Ok(())
    });
}

#[test]
fn a_stream_of_connections_is_served_whoever_comes_when() {
    under_seeds_of_io(|| async {
        unruly();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = whit::spawn_local(async move {
            let mut sum = 0;
            for _ in 0..6 {
                let (mut stream, _) = listener.accept().await?;
                let mut number = [0; 4];
                stream.read_exact(&mut number).await?;
                sum += u32::from_le_bytes(number);
                stream.write_all(&number).await?;
            }
            io::Result::Ok(sum)
        });
        let clients = (0..6u32).map(|number| {
            whit::spawn_local(async move {
                a_while().await;
                let mut stream = TcpStream::connect(address).await?;
                stream.write_all(&number.to_le_bytes()).await?;
                let mut echoed = [0; 4];
                stream.read_exact(&mut echoed).await?;
                assert_eq!(u32::from_le_bytes(echoed), number);
                io::Result::Ok(())
            })
        });
        whit::try_gather!(in clients.collect::<Vec<_>>()).await?;
        assert_eq!(server.await?, 15);
        Ok(())
    });
}

#[test]
fn halves_work_at_the_same_time() {
    under_seeds_of_io(|| async {
        unruly();
        let (mut client, server) = pair().await?;
        let (mut read, mut write) = client.split();
        let mut buf = [0; 4];
        let answer = async {
            let mut heard = [0; 4];
            (&server).read_exact(&mut heard).await?;
            (&server).write_all(&heard).await
        };
        // The read waits first, and is answered only because the write goes on beside it.
        let asks = whit::future::zip(write.write_all(b"ping"), answer);
        let (got, (sent, answered)) = whit::future::zip(read.read_exact(&mut buf), asks).await;
        got.and(sent).and(answered)?;
        assert_eq!(&buf, b"ping");
        Ok(())
    });
}

#[test]
fn owned_halves_go_to_different_tasks_and_end_their_direction() {
    under_seeds_of_io(|| async {
        unruly();
        let (client, server) = pair().await?;
        let (mut read, mut write) = client.into_split();
        let (mut from, mut to) = server.into_split();
        let echo = whit::spawn_local(async move { whit::io::copy(&mut from, &mut to).await });
        let writer = whit::spawn_local(async move { write.write_all(&[9; 300]).await });
        let mut got = Vec::new();
        read.read_to_end(&mut got).await?;
        writer.await?;
        assert_eq!((echo.await?, got), (300, vec![9; 300]));
        Ok(())
    });
}

#[test]
fn a_connect_that_is_given_up_leaves_the_listener_usable() {
    under_seeds_of_io(|| async {
        unruly();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        for _ in 0..5 {
            let _ = whit::timeout(choose(4) as u32 * MS, TcpStream::connect(address)).await;
        }
        let stream = TcpStream::connect(address).await?;
        while listener.accept().await?.1 != stream.local_addr()? {}
        Ok(())
    });
}

#[test]
fn a_connect_that_never_ends_can_be_timed_out() {
    under_seeds_of_io(|| async {
        unruly();
        // A full queue that nobody empties leaves further connects unanswered.
        let listener = TcpSocket::new().backlog(0).listen("127.0.0.1:0").await?;
        let (address, mut queued) = (listener.local_addr()?, Vec::new());
        for _ in 0..10 {
            let started = now();
            match whit::timeout(200 * MS, TcpStream::connect(address)).await {
                Ok(stream) => queued.push(stream?),
                Err(_) => {
                    assert_eq!(now() - started, 200 * MS);
                    return Ok(());
                }
            }
        }
        panic!("the queue never filled");
    });
}

/// A host at each of these addresses, all as far away as that; who is cut off never answers.
fn hosts(names: [&str; 2]) -> [SocketAddr; 2] {
    let controls = Controls::current();
    controls.links().latency(Latency::Constant(10 * MS));
    let mut last = 0u8;
    names.map(|name| {
        last += 1;
        let address = IpAddr::from([192, 0, 2, last]);
        controls.host(name).address(address).start(|| async {
            let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1]).await;
            }
        });
        (address, 80).into()
    })
}

#[test]
fn the_second_address_is_tried_after_250_ms() {
    under_seeds(|| async {
        let both = hosts(["one", "two"]);
        settled().await;
        Controls::current().partition(&["root"], &["one"]);
        let started = now();
        let stream = TcpStream::connect(both).await.unwrap();
        assert_eq!((stream.peer_addr().unwrap(), now() - started), (both[1], Duration::from_millis(250 + 20)));
    });
}

#[test]
fn a_refusal_starts_the_next_at_once_and_all_are_named() {
    under_seeds(|| async {
        let [one, two] = hosts(["one", "two"]);
        settled().await;
        let closed = SocketAddr::new(one.ip(), 81);
        let started = now();
        let stream = TcpStream::connect([closed, two]).await.unwrap();
        assert_eq!((stream.peer_addr().unwrap(), now() - started), (two, 40 * MS));
        let also = SocketAddr::new(two.ip(), 81);
        let error = TcpStream::connect([closed, also]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let text = error.to_string();
        assert!(text.contains("192.0.2.1:81: ") && text.contains("192.0.2.2:81: "), "{text}");
    });
}

#[test]
fn the_first_may_still_win_after_the_second_has_begun() {
    under_seeds(|| async {
        let both = hosts(["one", "two"]);
        settled().await;
        let controls = Controls::current();
        controls.link("root", "one").latency(Latency::Constant(130 * MS));
        controls.link("root", "two").latency(Latency::Constant(200 * MS));
        let started = now();
        let stream = TcpStream::connect(both).await.unwrap();
        assert_eq!((stream.peer_addr().unwrap(), now() - started), (both[0], 260 * MS));
        assert!(controls.netstat().contains("192.0.2.1:80 open"), "{}", controls.netstat());
        drop(stream);
        // The loser is gone as well: nobody is connected, nor about to be, with the second.
        whit::sleep(Duration::from_secs(5)).await;
        let table = controls.netstat();
        assert!(!table.contains(" open") && !table.contains("192.0.2.2"), "{table}");
    });
}
