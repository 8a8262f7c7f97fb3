//! Unix sockets.
#![cfg(unix)]

mod support;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::{block_on, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use futures_lite::stream::StreamExt;
use whit_net::unix::{UnixDatagram, UnixListener, UnixStream};

/// A path of its own, removed at the end.
struct TempPath(PathBuf);

impl TempPath {
    fn new() -> TempPath {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("whit-net-{}-{number}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        TempPath(path)
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn streams_echo() {
    block_on(async {
        let path = TempPath::new();
        let listener = UnixListener::bind(&path.0)?;
        assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path.0));
        let serve = async {
            let stream = listener.incoming().next().await.expect("never ends")?;
            futures_lite::io::copy(&stream, &stream).await?;
            (&stream).close().await
        };
        let ask = async {
            let mut stream = UnixStream::connect(&path.0).await?;
            let (mut read, mut write) = stream.split();
            let sent = vec![5; 500_000];
            let write = async {
                write.write_all(&sent).await?;
                write.close().await
            };
            let mut got = Vec::new();
            let (written, read) = zip(write, read.read_to_end(&mut got)).await;
            written?;
            read?;
            assert!(got == sent);
            io::Result::Ok(())
        };
        let (served, asked) = zip(serve, ask).await;
        served.and(asked)
    })
    .unwrap();
}

#[test]
fn owned_halves_end_and_reunite() {
    block_on(async {
        let (one, mut two) = UnixStream::pair()?;
        let (read, write) = one.into_split();
        let one = read.reunite(write).expect("the two of one stream");
        let (mut read, mut write) = one.into_split();
        write.write_all(b"a").await?;
        drop(write);
        let mut heard = Vec::new();
        two.read_to_end(&mut heard).await?;
        assert_eq!(heard, b"a");
        drop(two);
        assert_eq!(read.read(&mut [0; 1]).await?, 0);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_missing_or_taken_path_is_named() {
    block_on(async {
        let path = TempPath::new();
        let error = UnixStream::connect(&path.0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains(&*path.0.to_string_lossy()), "{error}");
        let listener = UnixListener::bind(&path.0)?;
        let error = UnixListener::bind(&path.0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        let error = UnixStream::connect(&path.0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        io::Result::Ok(())
    })
    .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_connect_waits_while_the_queue_is_full() {
    block_on(async {
        let path = TempPath::new();
        let address = socket2::SockAddr::unix(&path.0)?;
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.bind(&address)?;
        socket.listen(1)?;
        let listener = UnixListener::try_from(std::os::unix::net::UnixListener::from(socket))?;
        let mut queued = Vec::new();
        let mut waiting = loop {
            let mut connecting = support::Polled::new(UnixStream::connect(path.0.clone()));
            match connecting.poll() {
                std::task::Poll::Ready(stream) => queued.push(stream?),
                std::task::Poll::Pending => break connecting,
            }
            assert!(queued.len() < 64, "the queue never filled");
        };
        for _ in 0..queued.len() {
            listener.accept().await?;
        }
        let (connected, accepted) = zip(waiting.future(), listener.accept()).await;
        connected?;
        accepted?;
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn datagrams_go_by_path_and_by_pair() {
    block_on(async {
        let (here, there) = (TempPath::new(), TempPath::new());
        let (one, two) = (UnixDatagram::bind(&here.0)?, UnixDatagram::bind(&there.0)?);
        one.send_to(b"ping", &there.0).await?;
        let mut buf = [0; 16];
        let (len, from) = two.recv_from(&mut buf).await?;
        assert_eq!((&buf[..len], from.as_pathname()), (&b"ping"[..], Some(&*here.0)));
        let sender = UnixDatagram::unbound()?;
        sender.connect(&there.0)?;
        sender.send(b"!").await?;
        assert_eq!(two.recv(&mut buf).await?, 1);

        let (one, two) = UnixDatagram::pair()?;
        let (sent, received) = zip(one.send(b"pair"), two.recv(&mut buf)).await;
        assert_eq!((sent?, received?), (4, 4));
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_sender_waits_for_a_full_receiver_and_goes_on() {
    block_on(async {
        let path = TempPath::new();
        let receiver = UnixDatagram::bind(&path.0)?;
        let sender = UnixDatagram::unbound()?;
        const COUNT: usize = 500;
        let send = async {
            for number in 0..COUNT {
                sender.send_to(&number.to_le_bytes(), &path.0).await?;
            }
            io::Result::Ok(())
        };
        let receive = async {
            for number in 0..COUNT {
                let mut buf = [0; 8];
                receiver.recv(&mut buf).await?;
                assert_eq!(usize::from_le_bytes(buf), number);
            }
            io::Result::Ok(())
        };
        // The sender first: it fills the receiver's queue before that is polled at all.
        let (sent, received) = zip(send, receive).await;
        sent.and(received)
    })
    .unwrap();
}
