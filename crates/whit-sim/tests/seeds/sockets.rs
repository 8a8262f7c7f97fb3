//! What whit-net promises to tasks that share its types, under a thousand seeds: nobody is forgotten, and nothing lost or doubled.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use whit::io::{AsyncReadExt, AsyncWriteExt};
use whit::net::{TcpListener, TcpStream, UdpSocket};
use whit_sim::{Campaign, Controls, Latency, NetFaults};

use crate::support::MS;

/// A loopback on which much can happen: latency, cuts, and sockets that wake for nothing and give little.
pub(crate) fn unruly() {
    let controls = Controls::current();
    controls.link("root", "root").latency(Latency::Uniform(Duration::ZERO, 2 * MS)).segmentation(0.3);
    controls.net_faults("root", NetFaults::new().spurious(0.1).short_reads(0.2).short_writes(0.2));
}

pub(crate) async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    Ok((near, listener.accept().await?.0))
}

#[test]
fn many_readers_and_writers_of_one_stream() {
    Campaign::new()
        .seeds(1000)
        .run(|| async {
            unruly();
            let (near, far) = pair().await?;
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    let far = far.clone();
                    whit::spawn(async move {
                        let (mut sum, mut buf) = (0u32, [0; 40]);
                        loop {
                            match (&far).read(&mut buf).await? {
                                0 => return io::Result::Ok(sum),
                                len => sum += buf[..len].iter().map(|byte| u32::from(*byte)).sum::<u32>(),
                            }
                        }
                    })
                })
                .collect();
            let writers: Vec<_> = (1..=3u8)
                .map(|number| {
                    let near = near.clone();
                    whit::spawn(async move { (&near).write_all(&[number; 50]).await })
                })
                .collect();
            for writer in writers {
                writer.await?;
            }
            (&near).close().await?;
            let mut sum = 0;
            for reader in readers {
                sum += reader.await?;
            }
            assert_eq!(sum, 50 * (1 + 2 + 3));
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn many_accept_from_one_listener_and_some_give_up() {
    Campaign::new()
        .seeds(1000)
        .run(|| async {
            unruly();
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let accepted = Rc::new(RefCell::new(BTreeSet::new()));
            let acceptors: Vec<_> = (0..3)
                .map(|_| {
                    let (listener, accepted) = (listener.clone(), accepted.clone());
                    whit::spawn_local(async move {
                        loop {
                            // A time-out that hits anywhere loses no connection.
                            if let Ok(next) = whit::timeout(MS, listener.accept()).await {
                                accepted.borrow_mut().insert(next.unwrap().1);
                            }
                        }
                    })
                })
                .collect();
            let clients: Vec<_> = (0..5).map(|_| whit::spawn(TcpStream::connect(address))).collect();
            let mut connected = BTreeSet::new();
            let mut held = Vec::new();
            for client in clients {
                let stream = client.await?;
                connected.insert(stream.local_addr()?);
                held.push(stream);
            }
            whit::sleep(20 * MS).await;
            assert_eq!(*accepted.borrow(), connected);
            drop(acceptors);
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn reads_that_are_given_up_lose_nothing() {
    Campaign::new()
        .seeds(1000)
        .run(|| async {
            unruly();
            let (near, far) = pair().await?;
            let writer = whit::spawn(async move {
                for number in 0..40u8 {
                    (&near).write_all(&[number]).await?;
                    whit::sleep(MS / 3).await;
                }
                io::Result::Ok(())
            });
            let mut got = Vec::<u8>::new();
            loop {
                let mut buf = [0; 4];
                match whit::timeout(MS / 2, (&far).read(&mut buf)).await {
                    Err(_) => {}
                    Ok(len) => match len? {
                        0 => break,
                        len => got.extend(&buf[..len]),
                    },
                }
            }
            writer.await?;
            assert!(got.iter().copied().eq(0..40), "{got:?}");
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn pressure_in_both_directions_at_once() {
    Campaign::new()
        .seeds(100)
        .run(|| async {
            unruly();
            let (near, far) = pair().await?;
            let copy = |stream: TcpStream| {
                whit::spawn(async move {
                    let write = async {
                        (&stream).write_all(&[7; 200_000]).await?;
                        (&stream).close().await
                    };
                    let read = async {
                        let (mut total, mut buf) = (0, vec![0; 30_000]);
                        loop {
                            match (&stream).read(&mut buf).await? {
                                0 => return io::Result::Ok(total),
                                len => total += len,
                            }
                        }
                    };
                    let (written, read) = whit::future::zip(write, read).await;
                    written.and(read)
                })
            };
            let (one, two) = (copy(near), copy(far));
            assert_eq!((one.await?, two.await?), (200_000, 200_000));
            io::Result::Ok(())
        })
        .unwrap();
}

#[test]
fn each_datagram_comes_to_one_of_those_who_wait() {
    Campaign::new()
        .seeds(1000)
        .run(|| async {
            unruly();
            let to = UdpSocket::bind("127.0.0.1:0").await?;
            let from = UdpSocket::bind("127.0.0.1:0").await?;
            let got = Rc::new(RefCell::new(Vec::<u8>::new()));
            let receivers: Vec<_> = (0..3)
                .map(|_| {
                    let (to, got) = (to.clone(), got.clone());
                    whit::spawn_local(async move {
                        loop {
                            let mut buf = [0; 1];
                            if let Ok(received) = whit::timeout(MS, to.recv(&mut buf)).await {
                                assert_eq!(received.unwrap(), 1);
                                got.borrow_mut().push(buf[0]);
                            }
                        }
                    })
                })
                .collect();
            for number in 0..20u8 {
                from.send_to(&[number], to.local_addr()?).await?;
                whit::sleep(MS / 4).await;
            }
            whit::sleep(20 * MS).await;
            got.borrow_mut().sort_unstable();
            assert!(got.borrow().iter().copied().eq(0..20), "{got:?}");
            drop(receivers);
            io::Result::Ok(())
        })
        .unwrap();
}
