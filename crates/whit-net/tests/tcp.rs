//! TCP streams and listeners over loopback.

mod support;

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::sync::Arc;

use futures_lite::future::{block_on, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt, copy};
use futures_lite::stream::StreamExt;
use support::{Polled, tcp_pair};
use whit_net::{TcpListener, TcpSocket, TcpStream};

#[test]
fn echoes_more_than_the_buffers_hold() {
    block_on(async {
        let (client, server) = tcp_pair().await?;
        let sent: Vec<u8> = (0..4_000_000u32).map(|i| (i % 251) as u8).collect();
        let echo = async {
            copy(&server, &server).await?;
            (&server).close().await
        };
        let write = async {
            (&client).write_all(&sent).await?;
            (&client).close().await
        };
        let read = async {
            let mut got = Vec::new();
            (&client).read_to_end(&mut got).await?;
            io::Result::Ok(got)
        };
        let ((echoed, written), got) = zip(zip(echo, write), read).await;
        echoed?;
        written?;
        assert!(got? == sent, "what came back is not what was sent");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn serves_many_connections() {
    const CONNECTIONS: u32 = 200;
    let listener = block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        block_on(async {
            let mut sum = 0;
            let mut incoming = listener.incoming();
            for _ in 0..CONNECTIONS {
                let mut stream = incoming.next().await.expect("never ends")?;
                let mut number = [0; 4];
                stream.read_exact(&mut number).await?;
                sum += u32::from_le_bytes(number);
                stream.write_all(&number).await?;
            }
            io::Result::Ok(sum)
        })
    });
    block_on(async {
        let mut streams = Vec::new();
        for number in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(&number.to_le_bytes()).await?;
            streams.push(stream);
        }
        for (number, stream) in (0..CONNECTIONS).zip(&mut streams) {
            let mut echoed = [0; 4];
            stream.read_exact(&mut echoed).await?;
            assert_eq!(u32::from_le_bytes(echoed), number);
        }
        io::Result::Ok(())
    })
    .unwrap();
    assert_eq!(server.join().unwrap().unwrap(), (0..CONNECTIONS).sum());
}

#[test]
fn half_close_leaves_the_other_direction_open() {
    block_on(async {
        let (mut client, mut server) = tcp_pair().await?;
        client.close().await?;
        client.close().await?;
        let mut buf = [0; 8];
        assert_eq!(server.read(&mut buf).await?, 0);
        server.write_all(b"still here").await?;
        drop(server);
        let mut heard = String::new();
        client.read_to_string(&mut heard).await?;
        assert_eq!(heard, "still here");
        let error = client.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn closing_after_the_peer_has_gone_is_no_error() {
    block_on(async {
        let (mut client, server) = tcp_pair().await?;
        server.shutdown(Shutdown::Both)?;
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).await?, 0);
        client.close().await
    })
    .unwrap();
}

#[test]
fn shutdown_ends_a_read_that_waits() {
    block_on(async {
        let (client, _server) = tcp_pair().await?;
        let mut buf = [0; 8];
        let mut reader = client.clone();
        let mut reading = Polled::new(async move { reader.read(&mut buf).await });
        assert!(reading.poll().is_pending());
        client.shutdown(Shutdown::Read)?;
        assert_eq!(reading.future().await?, 0);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn peek_takes_nothing() {
    block_on(async {
        let (mut client, mut server) = tcp_pair().await?;
        client.write_all(b"hello").await?;
        let mut buf = [0; 3];
        assert_eq!((server.peek(&mut buf).await?, &buf), (3, b"hel"));
        let mut all = [0; 5];
        server.read_exact(&mut all).await?;
        assert_eq!(&all, b"hello");
        drop(client);
        assert_eq!(server.peek(&mut buf).await?, 0);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn reads_and_writes_several_buffers() {
    block_on(async {
        let (mut client, mut server) = tcp_pair().await?;
        let written = client.write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")]).await?;
        assert_eq!(written, 5, "one system call for all buffers");
        let (mut one, mut two) = ([0; 2], [0; 8]);
        // Both segments are one write, so they arrive together.
        let read = server.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).await?;
        assert_eq!((read, &one, &two[..3]), (5, b"he", &b"llo"[..]));
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn several_tasks_share_one_stream() {
    block_on(async {
        let (client, server) = tcp_pair().await?;
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let server = server.clone();
                std::thread::spawn(move || {
                    block_on(async {
                        let (mut count, mut buf) = (0, [0; 64]);
                        loop {
                            match (&server).read(&mut buf).await? {
                                0 => return io::Result::Ok(count),
                                len => count += len,
                            }
                        }
                    })
                })
            })
            .collect();
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let client = client.clone();
                std::thread::spawn(move || {
                    block_on(async {
                        for _ in 0..500 {
                            (&client).write_all(&[7; 100]).await?;
                        }
                        io::Result::Ok(())
                    })
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap()?;
        }
        (&client).close().await?;
        let mut total = 0;
        for reader in readers {
            total += reader.join().unwrap()?;
        }
        assert_eq!(total, 4 * 500 * 100);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn several_tasks_accept_from_one_listener() {
    let listener = block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let acceptors: Vec<_> = (0..4)
        .map(|_| {
            let listener = listener.clone();
            std::thread::spawn(move || block_on(async { listener.accept().await.map(|(stream, _)| stream) }))
        })
        .collect();
    let address = listener.local_addr().unwrap();
    let clients: Vec<_> = (0..4).map(|_| block_on(TcpStream::connect(address)).unwrap()).collect();
    let mut accepted: Vec<_> = acceptors.into_iter().map(|t| t.join().unwrap().unwrap().peer_addr().unwrap()).collect();
    let mut connected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
    accepted.sort();
    connected.sort();
    assert_eq!(accepted, connected);
}

#[test]
fn a_dropped_read_loses_nothing() {
    block_on(async {
        let (mut client, mut server) = tcp_pair().await?;
        for _ in 0..100 {
            let mut buf = [0; 16];
            let mut reading = Polled::new(server.read(&mut buf));
            assert!(reading.poll().is_pending());
            drop(reading);
            client.write_all(b"ping").await?;
            let mut got = [0; 4];
            server.read_exact(&mut got).await?;
            assert_eq!(&got, b"ping");
        }
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_dropped_accept_loses_no_connection() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        for _ in 0..50 {
            let mut accepting = Polled::new(listener.accept());
            assert!(accepting.poll().is_pending());
            let client = TcpStream::connect(listener.local_addr()?).await?;
            drop(accepting);
            let (_, peer) = listener.accept().await?;
            assert_eq!(peer, client.local_addr()?);
        }
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn options_reach_the_socket() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        listener.set_ttl(41)?;
        assert_eq!(listener.ttl()?, 41);
        let socket = TcpSocket::new()
            .nodelay(true)
            .keepalive(std::time::Duration::from_secs(77))
            .send_buffer(32 * 1024)
            .recv_buffer(48 * 1024)
            .bind("127.0.0.1:0".parse().unwrap());
        let stream = socket.connect(listener.local_addr()?).await?;
        assert!(stream.nodelay()?);
        stream.set_nodelay(false)?;
        assert!(!stream.nodelay()?);
        stream.set_ttl(42)?;
        assert_eq!(stream.ttl()?, 42);
        let raw = stream.raw().expect("the system's");
        let raw = socket2::SockRef::from(&raw);
        assert!(raw.keepalive()?);
        #[cfg(target_os = "linux")]
        assert_eq!(raw.tcp_keepalive_time()?, std::time::Duration::from_secs(77));
        assert!(raw.send_buffer_size()? >= 32 * 1024);
        assert!(raw.recv_buffer_size()? >= 48 * 1024);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn connects_from_a_chosen_address() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let stream = TcpSocket::new().reuse_address(true).bind(free).connect(address).await?;
        assert_eq!(stream.local_addr()?, free);
        assert_eq!(listener.accept().await?.1, free);

        let error = TcpSocket::new().bind("[::1]:0".parse().unwrap()).connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("other family"), "{error}");
        io::Result::Ok(())
    })
    .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn listeners_share_a_port_if_both_say_so() {
    block_on(async {
        let one = TcpSocket::new().reuse_port(true).listen("127.0.0.1:0").await?;
        let two = TcpSocket::new().reuse_port(true).listen(one.local_addr()?).await?;
        let _client = TcpStream::connect(one.local_addr()?).await?;
        futures_lite::future::or(one.accept(), two.accept()).await?;
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_taken_address_is_named() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let error = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&format!("listening on {address} failed: ")), "{error}");
        // The next address is tried.
        let free = "127.0.0.1:0".parse().unwrap();
        let other = TcpListener::bind([address, free]).await?;
        assert_ne!(other.local_addr()?, address);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn goes_from_and_to_std() {
    block_on(async {
        let listener = TcpListener::try_from(std::net::TcpListener::bind("127.0.0.1:0")?)?;
        let client = std::net::TcpStream::connect(listener.local_addr()?)?;
        let mut client = TcpStream::try_from(client)?;
        let (mut server, _) = listener.accept().await?;
        client.write_all(b"a").await?;
        let mut buf = [0; 1];
        server.read_exact(&mut buf).await?;

        let mut std_server = std::net::TcpStream::try_from(&server)?;
        drop(server);
        io::Write::write_all(&mut std_server, b"b")?;
        client.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"b");
        let std_listener = std::net::TcpListener::try_from(&listener)?;
        assert_eq!(std_listener.local_addr()?, listener.local_addr()?);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn types_can_go_everywhere() {
    fn everywhere<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    fn send<T: Send>(_: T) {}
    everywhere::<TcpStream>();
    everywhere::<TcpListener>();
    everywhere::<TcpSocket>();
    everywhere::<whit_net::UdpSocket>();
    everywhere::<whit_net::OwnedReadHalf>();
    everywhere::<whit_net::OwnedWriteHalf>();
    everywhere::<whit_net::OsNetwork>();
    everywhere::<Arc<TcpStream>>();
    send(TcpStream::connect("localhost:1"));
    send(TcpListener::bind("localhost:1"));
    send(whit_net::UdpSocket::bind("localhost:1"));
    send(whit_net::resolve("localhost:1"));
}
