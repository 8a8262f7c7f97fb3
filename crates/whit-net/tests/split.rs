//! Halves of streams: borrowed, owned, and put together again.

mod support;

use std::io;

use futures_lite::future::{block_on, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use support::tcp_pair;

#[test]
fn borrowed_halves_work_at_the_same_time() {
    block_on(async {
        let (mut client, server) = tcp_pair().await?;
        let (mut read, mut write) = client.split();
        assert_eq!(read.stream().peer_addr()?, write.stream().peer_addr()?);
        let mut buf = [0; 4];
        let answer = async {
            let mut heard = [0; 4];
            (&server).read_exact(&mut heard).await?;
            (&server).write_all(&heard).await
        };
        // The read waits first, and is answered only because the write goes on beside it.
        let (got, (sent, answered)) = zip(read.read_exact(&mut buf), zip(write.write_all(b"ping"), answer)).await;
        got?;
        sent?;
        answered?;
        assert_eq!(&buf, b"ping");
        // Dropping borrowed halves ends nothing.
        client.write_all(b"more").await?;
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn dropping_the_owned_writing_half_ends_that_direction() {
    block_on(async {
        let (client, mut server) = tcp_pair().await?;
        let (mut read, mut write) = client.into_split();
        write.write_all(b"bye").await?;
        drop(write);
        let mut heard = String::new();
        server.read_to_string(&mut heard).await?;
        assert_eq!(heard, "bye");
        server.write_all(b"ok").await?;
        drop(server);
        let mut answer = String::new();
        read.read_to_string(&mut answer).await?;
        assert_eq!(answer, "ok");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn reunited_halves_are_a_whole_stream() {
    block_on(async {
        let (client, mut server) = tcp_pair().await?;
        let (read, write) = client.into_split();
        let (foreign_read, foreign_write) = tcp_pair().await?.0.into_split();

        let error = read.reunite(foreign_write).unwrap_err();
        assert!(error.to_string().contains("different streams"), "{error}");
        let (read, _foreign_write) = (error.0, error.1);
        let mut client = write.reunite(read).expect("the two of one stream");

        // Reuniting ended nothing.
        client.write_all(b"whole").await?;
        let mut heard = [0; 5];
        server.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"whole");
        drop(foreign_read);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_forgotten_writing_half_ends_nothing() {
    block_on(async {
        let (client, mut server) = tcp_pair().await?;
        let mut other = client.clone();
        let (_read, write) = client.into_split();
        write.forget();
        other.write_all(b"on").await?;
        let mut heard = [0; 2];
        server.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"on");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn owned_halves_go_to_different_threads() {
    let (client, server) = block_on(tcp_pair()).unwrap();
    let (mut read, mut write) = client.into_split();
    let (mut from, mut to) = server.into_split();
    let echo = std::thread::spawn(move || block_on(futures_lite::io::copy(&mut from, &mut to)));
    let writer = std::thread::spawn(move || block_on(async move { write.write_all(&[9; 300_000]).await }));
    let mut got = Vec::new();
    block_on(read.read_to_end(&mut got)).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(echo.join().unwrap().unwrap(), 300_000);
    assert!(got == [9; 300_000]);
}
