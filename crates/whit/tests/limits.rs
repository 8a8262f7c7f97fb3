//! What a runtime takes from the system, it gives back; and what happens when the system has none to give.
#![cfg(target_os = "linux")]

#[path = "support/child.rs"]
mod child;

use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use child::{alone, census, settled};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whit::Builder;
use whit::net::{TcpListener, TcpStream, UdpSocket, is_out_of_descriptors, unix::UnixStream};
use whit::prelude::*;

const LONG: Duration = Duration::from_secs(10);

/// A connection that talks, sockets that are left open in leftover tasks, and blocking jobs, one of them unawaited.
async fn some_of_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = whit::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(&heard).await.unwrap();
        // Waits for a connection that never comes, until the runtime ends.
        whit::spawn(async move { drop(listener.accept().await) }).detach();
        stream
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    let (mut near, far) = UnixStream::pair().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    whit::spawn(async move {
        let _held = (far, udp);
        drop(near.read(&mut [0; 1]).await);
    })
    .detach();
    assert_eq!(whit::unblock(|| 2 + 2).await, 4);
    whit::unblock(|| std::thread::sleep(Duration::from_micros(300))).detach();
    whit::sleep(Duration::from_micros(200)).await;
    drop(server.await);
}

/// Each of a thousand runs gives everything back, and not the thousand on the average.
#[test]
fn a_thousand_runs_leave_no_thread_and_no_descriptor_behind() {
    alone("a_thousand_runs_leave_no_thread_and_no_descriptor_behind", || {
        let before = census();
        for number in 0..1000 {
            let builder = Builder::new().workers(1 + number % 3);
            match number % 4 {
                // Threads of the pool that end by themselves, and not at the end.
                0 => builder.blocking_idle(Duration::from_micros(100)).run(some_of_everything()),
                1 => builder.run_local(some_of_everything()),
                _ => builder.run(some_of_everything()),
            }
            assert_eq!(settled(before), before, "threads and descriptors after run {number}, and before the first");
        }
    });
}

/// Lets this process open so many descriptors more than it has now.
fn allow(more: usize) -> Allowance {
    let limit = getrlimit(Resource::Nofile);
    let numbers = std::fs::read_dir("/proc/self/fd").unwrap();
    let highest: i32 =
        numbers.map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap()).max().unwrap();
    // The limit is on the highest number, so the gaps below it are filled.
    let mut fill = Vec::new();
    let next = loop {
        fill.push(File::open("/dev/null").unwrap());
        match fill.last().unwrap().as_raw_fd() {
            number if number > highest => break number + 1,
            _ => {}
        }
    };
    setrlimit(Resource::Nofile, Rlimit { current: Some(next as u64 + more as u64), ..limit }).unwrap();
    Allowance { limit, _fill: fill }
}

struct Allowance {
    limit: Rlimit,
    _fill: Vec<File>,
}

impl Drop for Allowance {
    fn drop(&mut self) {
        setrlimit(Resource::Nofile, self.limit).unwrap();
    }
}

#[test]
fn a_run_without_descriptors_says_so_and_takes_none() {
    alone("a_run_without_descriptors_says_so_and_takes_none", || {
        let before = census();
        let polled = Arc::<AtomicUsize>::default();
        for local in [false, true] {
            let mut refused = 0;
            loop {
                let polls = polled.clone();
                let root = async move { polls.fetch_add(1, SeqCst) };
                let allowed = allow(refused);
                let builder = Builder::new().workers(2);
                let result = if local { builder.try_run_local(root) } else { builder.try_run(root) };
                drop(allowed);
                assert_eq!(census(), before, "after a run that was allowed {refused} descriptors");
                let Err(error) = result else { break };
                assert_eq!(polled.swap(0, SeqCst), 0, "a run that fails has not polled its root");
                let text = error.to_string();
                assert!(text.starts_with("a runtime could not set up its reactor"), "{text}");
                assert!(text.contains("os error 24") && text.contains("ulimit -n"), "{text}");
                refused += 1;
            }
            assert!((1..8).contains(&refused), "a run was content with {refused} descriptors");
            assert_eq!(polled.swap(0, SeqCst), 1);
        }
        let allowed = allow(0);
        let panic = catch_unwind(AssertUnwindSafe(|| whit::run(async {}))).unwrap_err();
        drop(allowed);
        assert!(panic.downcast_ref::<String>().unwrap().contains("ulimit -n"));
    });
}

/// Thirty clients are in the system's queue, and there are descriptors for four. The server hears of it, everything else goes
/// on, and as connections end the others are served.
#[test]
fn a_server_out_of_descriptors_goes_on_and_serves_all_in_the_end() {
    alone("a_server_out_of_descriptors_goes_on_and_serves_all_in_the_end", || {
        for workers in [1, 2] {
            let started = Instant::now();
            Builder::new().workers(workers).run(thirty_clients());
            assert!(started.elapsed() < LONG, "{workers} workers took {:?}", started.elapsed());
        }
    });
}

async fn thirty_clients() {
    const CLIENTS: usize = 30;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let clients: Vec<_> = (0..CLIENTS).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    let allowed = allow(4);

    let (refused, served) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let server = whit::spawn({
        let (refused, served) = (refused.clone(), served.clone());
        async move {
            let mut accepted = 0;
            while accepted < CLIENTS {
                match listener.accept().await {
                    Ok((mut stream, _)) => {
                        accepted += 1;
                        let served = served.clone();
                        whit::spawn(async move {
                            let mut byte = [0; 1];
                            stream.read_exact(&mut byte).await.unwrap();
                            stream.write_all(&byte).await.unwrap();
                            served.fetch_add(1, SeqCst);
                        })
                        .detach();
                    }
                    Err(error) => {
                        assert!(is_out_of_descriptors(&error), "{error}");
                        assert!(error.to_string().contains(&address.to_string()), "{error}");
                        refused.fetch_add(1, SeqCst);
                        whit::sleep(Duration::from_millis(2)).await;
                    }
                }
            }
        }
    });

    // The clients say nothing yet, so no connection ends, and the server meets the limit again and again.
    while refused.load(SeqCst) < 3 {
        whit::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(served.load(SeqCst), 0);
    // Meanwhile: a socket that is open works, timers fire, jobs run, tasks are spawned.
    assert_eq!(whit::spawn(whit::unblock(|| 7)).await, 7);
    assert!(TcpStream::connect(address).await.is_err_and(|error| is_out_of_descriptors(&error)));

    let talk = whit::unblock(move || {
        for (number, mut client) in clients.into_iter().enumerate() {
            client.write_all(&[number as u8]).unwrap();
            let mut heard = [0; 1];
            client.read_exact(&mut heard).unwrap();
            assert_eq!(heard, [number as u8]);
        }
    });
    whit::timeout(LONG, async { whit::gather!(talk, server).await }).await.unwrap();
    while served.load(SeqCst) < CLIENTS {
        whit::sleep(Duration::from_millis(1)).await;
    }
    drop(allowed);
    assert_eq!(whit::unblock(|| 7).await, 7);
}
